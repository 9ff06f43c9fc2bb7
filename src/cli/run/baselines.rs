//! The baselines of a run: the one that it is compared with, and the one that it becomes.

use std::path::Path;

use super::{Arguments, plan::Plan};
use crate::{
    cli::{
        Exit, Failure,
        compare::{self, Compared, Conditions, Named, Scope},
        exit::settle,
        output,
    },
    gate::{
        outcome::{Reason, Row},
        stored::Criteria,
    },
    host::fingerprint::Fingerprint,
    report::{
        baseline::{Baseline, BaselineName, Folder, FolderError, Saved},
        record::{RunRecord, Tool},
    },
};

/// What is done where something is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsAnError,
    IsSaid,
}

/// What is to be done with baselines once all is measured.
pub(super) struct Baselines<'a> {
    folder: Folder,
    against: Option<Named>,
    missing: Missing,
    save: Option<&'a BaselineName>,
    out: &'a Path,
    /// Whether the record itself goes to standard output.
    json: bool,
}

impl<'a> Baselines<'a> {
    /// Refuses before anything is measured what could not be compared or saved after it.
    pub(super) fn open(arguments: &'a Arguments, plan: &Plan) -> Result<Self, Failure> {
        let folder = Folder::here();
        let (wanted, missing) = match (&arguments.baseline, &arguments.baseline_lenient) {
            (Some(name), _) => (Some(name), Missing::IsAnError),
            (None, name) => (name.as_ref(), Missing::IsSaid),
        };
        let save = arguments.save_baseline.as_ref();
        if save.is_some() && wanted == save {
            return Err(Failure::usage(
                "--save-baseline: is the baseline to compare with; a run that is slower would \
                 replace what shows it: choose another name",
            ));
        }
        if let Some(name) = save {
            let failed = |error| Failure::usage(format!("--save-baseline: {error}"));
            folder.check(name).map_err(failed)?;
        }
        let against = match wanted {
            Some(name) => load(&folder, name, missing)?,
            None => None,
        };
        if let Some(against) = &against {
            let now = conditions(plan);
            Conditions::of(&against.record).check(&now).map_err(|reason| {
                let message = format!("this run is not comparable with {}: {reason}", against.name);
                Failure::new(Exit::NotComparable, message)
            })?;
        }
        let (out, json) = (arguments.out.as_path(), arguments.json);
        Ok(Self { folder, against, missing, save, out, json })
    }

    /// Compares the record of a run that ended well, and keeps it. The exit code is that of the
    /// comparison.
    pub(super) fn compare_and_save(&self, record: RunRecord) -> Result<Exit, Failure> {
        let this = Named { name: self.out.display().to_string(), record };
        let compared = self.against.as_ref().map(|against| self.compare(against, &this));
        let saved = self.save.map_or(Ok(()), |name| self.save(name, this.record));
        settle(compared.unwrap_or(Ok(Exit::Pass)), saved)
    }

    fn compare(&self, against: &Named, this: &Named) -> Result<Exit, Failure> {
        let criteria = Criteria::default();
        let candidates = std::slice::from_ref(this);
        let compared = compare::compare(against, candidates, &criteria, Scope::Asked)?;
        self.say(&format!("\n{}", compare::shown(&compared).trim_end()))?;
        let exit = compare::exit(compared.outcome.effect());
        let Some(lacks) = lacking(&compared, &against.name) else { return Ok(exit) };
        match self.missing {
            // What is slower is slower, whatever else is missing.
            Missing::IsAnError if exit != Exit::Regression => {
                let message = format!("--baseline: {lacks}; or use --baseline-lenient");
                Err(Failure::new(Exit::NotComparable, message))
            }
            _ => {
                self.say(&format!("baseline  {lacks}"))?;
                Ok(exit)
            }
        }
    }

    fn save(&self, name: &BaselineName, record: RunRecord) -> Result<(), Failure> {
        let baseline = Baseline::seal(record, compare::now_unix_s()).map_err(Failure::internal)?;
        let saved = self.folder.save(name, &baseline).map_err(|error| compare::failure(&error))?;
        let how = match saved {
            Saved::New => "saved as",
            Saved::Replaced => "replaced",
        };
        let path = self.folder.path_of(name);
        self.say(&format!("baseline  {how} {}", path.display()))
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        output::unless_closed(output::report(text, self.json))
    }
}

/// The baseline of a name. That there is none may be an error, or said; anything else is an error.
fn load(folder: &Folder, name: &BaselineName, missing: Missing) -> Result<Option<Named>, Failure> {
    match folder.load(name) {
        Ok(baseline) => Ok(Some(Named { name: name.to_string(), record: baseline.record })),
        Err(error @ FolderError::Missing { .. }) if missing == Missing::IsSaid => {
            eprintln!("nanogate: {error}; nothing is compared");
            Ok(None)
        }
        Err(error) => Err(compare::failure(&error)),
    }
}

/// What is known of this run before it measures.
fn conditions(plan: &Plan) -> Conditions {
    Conditions {
        host: Fingerprint::read(),
        corpus: plan.corpus_record(),
        profile: Tool::current().profile,
        hidden: plan.hidden().map(|warning| warning.to_string()),
    }
}

/// Which rows the baseline lacks, where it lacks any.
fn lacking(compared: &Compared, name: &str) -> Option<String> {
    let rows = || compared.outcome.candidates.iter().flat_map(|candidate| &candidate.rows);
    let is_new = |row: &&Row| row.reason == Reason::NewInCandidate;
    let (count, all) = (rows().filter(is_new).count(), rows().count());
    let first = rows().find(is_new)?;
    Some(format!("{name} lacks {count} of {all} rows, such as {}: save a new baseline", first.key))
}
