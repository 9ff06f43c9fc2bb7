//! `nanogate compare`: records of runs, such as saved baselines, against one another.

mod comparable;
mod contest;
mod display;
mod list;
mod matrix;
mod notes;
mod pairs;

use std::{
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{Exit, Failure, choice, output, terminal};
use crate::{
    gate::{outcome::Effect, stored::Criteria},
    report::baseline::{self, BaselineName, Folder, FolderError, Refused},
};
pub(super) use comparable::Conditions;
pub(super) use contest::{Compared, Named, Scope, compare};
pub(super) use display::Display;

/// Arguments of `nanogate compare`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What holds a slash or ends in .json is a file; anything else is the name of a baseline, which
`nanogate run --save-baseline NAME` keeps in .nanogate/baselines. Records of another machine, input,
build profile or format are not compared (exit 7), nor are those of runs that did not end.

The launch is the unit: Welch's test on the logarithms of what the launches found, with the error of
all rows together held (Holm). Counted cycles are compared exactly; modelled time never is. The runs
met the machine at different times, and what happened to it between them is in neither: `slower` is
a hint. Exits with 3 if a row is slower, and with 4 if rows cannot be told and none is slower.

Bundles, the folders of `nanogate run --bundle`, may be of many machines, and make one matrix of
platform, backend and batch length. Each is verified first, and one that does not verify has no
numbers and means exit code 7. Only what was measured on hardware is ranked; what a driver imitates
and what is modelled stand apart.

Examples:
  nanogate run --save-baseline main
  nanogate compare main nanogate-run.json
  nanogate compare main yesterday.json today.json --display explain
  nanogate compare main nanogate-run.json --noise 1 --margin 2 --family-error 0.01
  nanogate compare main nanogate-run.json --json
  nanogate compare lab/server-a lab/server-b lab/h200
  nanogate compare --list")]
pub(super) struct Arguments {
    /// Baseline, and what is compared with it: names, or record files; or bundles, all of them
    #[arg(value_names = ["BASE", "CANDIDATE"], num_args = 2..)]
    sides: Vec<String>,
    /// List the baselines instead
    #[arg(long, conflicts_with = "sides")]
    list: bool,
    /// How much to show: a line for each row, a table with intervals, or every step to a verdict
    #[arg(long, value_name = "simple|intervals|explain", hide_possible_values = true,
          value_parser = choice::of(Display::names(), Display::parse),
          default_value = "intervals", hide_default_value = true)]
    display: Display,
    /// Differences up to this are noise, percent [default: 2]
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent)]
    noise: Option<f64>,
    /// Within this both are the same, percent [default: 5]
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent)]
    margin: Option<f64>,
    /// Most probability that any row at all claims a difference where there is none
    /// [default: 0.05]
    #[arg(long, value_name = "P", value_parser = parse_error)]
    family_error: Option<f64>,
    /// Print the comparison, or the list, as JSON
    #[arg(long)]
    json: bool,
}

/// Most percent that can be called noise, or the same.
const PERCENT_MAX: f64 = 100.0;

fn parse_percent(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(percent) if (0.0..=PERCENT_MAX).contains(&percent) => Ok(percent),
        _ => Err(format!("not a percentage from 0 to {PERCENT_MAX}")),
    }
}

/// Least and greatest error of a family: beyond these nothing, or everything, would be a claim.
const ERROR: (f64, f64) = (1e-9, 0.5);

fn parse_error(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(error) if (ERROR.0..=ERROR.1).contains(&error) => Ok(error),
        _ => Err(format!("not a probability from {} to {}", ERROR.0, ERROR.1)),
    }
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let folder = Folder::here();
    if arguments.list {
        return list::show(&folder, arguments.json);
    }
    if arguments.sides.is_empty() {
        let message =
            "BASE and CANDIDATE: none is given; `nanogate compare --list` lists baselines";
        return Err(Failure::usage(message));
    }
    if let Some(folders) = matrix::folders(&arguments.sides)? {
        refuse_criteria(arguments)?;
        return matrix::main(&folders, arguments.json);
    }
    let criteria = criteria(arguments)?;
    let sides = arguments.sides.iter().map(|side| read(side, &folder));
    let sides: Vec<Named> = sides.collect::<Result<_, _>>()?;
    let [baseline, candidates @ ..] = sides.as_slice() else {
        return Err(Failure::usage("give a baseline and a candidate"));
    };
    let compared = compare(baseline, candidates, &criteria, Scope::Whole)?;
    let shown = if arguments.json {
        output::print_json(&compared.outcome)
    } else {
        let shown = display::render(&compared, arguments.display, &terminal::screen());
        output::print(shown.trim_end())
    };
    output::unless_closed(shown)?;
    Ok(exit(compared.outcome.effect()))
}

/// A matrix shows figures as they are: flags of verdicts would do nothing.
fn refuse_criteria(arguments: &Arguments) -> Result<(), Failure> {
    let given = [
        ("--noise", arguments.noise.is_some()),
        ("--margin", arguments.margin.is_some()),
        ("--family-error", arguments.family_error.is_some()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((flag, _)) => {
            let message = format!("{flag}: does nothing for bundles, which have no verdicts");
            Err(Failure::usage(format!("{message}; compare their record.json, or leave it out")))
        }
    }
}

/// The exit code of the worst row.
pub(super) const fn exit(effect: Effect) -> Exit {
    match effect {
        Effect::Passes | Effect::Allowed | Effect::Muted => Exit::Pass,
        Effect::Undecided => Exit::CannotTell,
        Effect::Fails => Exit::Regression,
    }
}

fn criteria(arguments: &Arguments) -> Result<Criteria, Failure> {
    let default = Criteria::default();
    let fraction = |percent: Option<f64>, default| percent.map_or(default, |one| one / 100.0);
    let criteria = Criteria {
        family_error: arguments.family_error.unwrap_or(default.family_error),
        noise: fraction(arguments.noise, default.noise),
        margin: fraction(arguments.margin, default.margin),
    };
    if criteria.margin < criteria.noise {
        return Err(Failure::usage(format!(
            "--margin {}: is below the noise of {} %, and what lies between could never be told",
            100.0 * criteria.margin,
            100.0 * criteria.noise
        )));
    }
    Ok(criteria)
}

/// The record of a name or of a file.
fn read(side: &str, folder: &Folder) -> Result<Named, Failure> {
    if BaselineName::is_file(side) {
        let refused = |error: &dyn std::fmt::Display| format!("{side}: {error}");
        let text = fs::read_to_string(Path::new(side)).map_err(|error| {
            let remedy = "give a record that `nanogate run` wrote, or the name of a baseline";
            Failure::usage(refused(&format!("cannot be read: {error}; {remedy}")))
        })?;
        let record = baseline::open_record(&text).map_err(|error| {
            let remedy = error.remedy("give a baseline, or a record that `nanogate run` wrote");
            Failure::new(exit_of(&error), refused(&format!("{error}{remedy}")))
        })?;
        return Ok(Named { name: side.into(), record });
    }
    let name = BaselineName::parse(side).map_err(|error| {
        Failure::usage(format!("{side:?} is neither a name nor a file: {error}"))
    })?;
    let baseline = folder.load(&name).map_err(|error| failure(&error))?;
    Ok(Named { name: side.into(), record: baseline.record })
}

/// What a baseline that cannot be had means for whoever asked.
pub(super) fn failure(error: &FolderError) -> Failure {
    let exit = match error {
        FolderError::Refused { refused, .. } => exit_of(refused),
        FolderError::Unwritable { .. } => Exit::Failed,
        _ => Exit::Usage,
    };
    Failure::new(exit, error)
}

const fn exit_of(refused: &Refused) -> Exit {
    if refused.is_incomparable() { Exit::NotComparable } else { Exit::Usage }
}

/// Seconds since 1970.
pub(super) fn now_unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// What a comparison says for people.
pub(super) fn shown(compared: &Compared) -> String {
    display::render(compared, Display::Intervals, &terminal::screen())
}
