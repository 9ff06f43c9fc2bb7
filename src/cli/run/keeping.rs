//! What a launch keeps of its readings, where there is to be a bundle.

use std::{
    cell::RefCell,
    fmt::Display,
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use super::{
    counting::Pass,
    lineup::{Lineup, Role},
    plan::Case,
    session::Session,
};
use crate::{
    bundle::{
        readings::{self, Contest, Contestant, End, Launch, Line, Purpose, after_ns},
        readings_name,
    },
    cli::{Exit, Failure},
    measure::{Steady, team::Team, throughput::Throughput},
    report::record::Status,
    stats::latency::HistogramError,
};

/// The readings of a launch, on their way to a file. Where there is to be no bundle, nothing is
/// kept.
#[derive(Default)]
pub(super) struct Keeper(RefCell<Option<Kept>>);

struct Kept {
    writer: BufWriter<File>,
    /// What went wrong first. Measuring goes on, and it is said at the end.
    failed: Option<String>,
}

impl Keeper {
    /// Keeps what launch `number` reads in the folder of a bundle that is being made.
    pub(super) fn open(folder: Option<&Path>, number: u32) -> Result<Self, Failure> {
        let Some(folder) = folder else { return Ok(Self::default()) };
        let file =
            File::create(folder.join(readings_name(number))).map_err(|error| failure(&error))?;
        let kept = Kept { writer: BufWriter::new(file), failed: None };
        let keeper = Self(RefCell::new(Some(kept)));
        keeper.keep(|| Ok(Line::Launch(Launch::of(number))));
        Ok(keeper)
    }

    /// Keeps a measurement. It is made only where it is kept.
    pub(super) fn keep(&self, line: impl FnOnce() -> Result<Line, HistogramError>) {
        if let Some(kept) = self.0.borrow_mut().as_mut()
            && kept.failed.is_none()
        {
            kept.failed = kept.write(line()).err();
        }
    }

    /// Keeps how the launch ended, and says whether all was kept.
    pub(super) fn finish(&self, status: Status) -> Result<(), Failure> {
        self.keep(|| Ok(Line::End(End { status })));
        let kept = self.0.borrow_mut().take();
        match kept.and_then(|kept| kept.failed) {
            Some(reason) => Err(failure(&reason)),
            None => Ok(()),
        }
    }
}

impl Kept {
    /// A line is on its way when it is written: what is measured next may die.
    fn write(&mut self, line: Result<Line, HistogramError>) -> Result<(), String> {
        let line = line.map_err(|error| error.to_string())?;
        serde_json::to_writer(&mut self.writer, &line).map_err(|error| error.to_string())?;
        let ended = self.writer.write_all(b"\n").and_then(|()| self.writer.flush());
        ended.map_err(|error| error.to_string())
    }
}

fn failure(reason: &dyn Display) -> Failure {
    let message = format!("--bundle: cannot keep the readings: {reason}; free some space");
    Failure::new(Exit::Failed, message)
}

impl Session<'_> {
    /// Keeps a contest that gives entries, with what was counted after it.
    pub(super) fn keep_throughput(
        &self,
        case: &Case,
        lineups: &[&mut Lineup],
        measured: &[Throughput],
        control: Option<&Throughput>,
        passes: &[Option<Pass>],
    ) {
        self.keeper.keep(|| {
            let all = lineups.iter().zip(measured).zip(passes);
            let contestant =
                |((lineup, one), pass): ((&&mut Lineup, &Throughput), &Option<Pass>)| {
                    let counted = pass.as_ref().and_then(Pass::counted);
                    self.contestant(lineup, one).with_counts(counted)
                };
            let mut contestants: Vec<Contestant> = all.map(contestant).collect();
            let empty = |one| Contestant::of("", readings::Role::Empty, one);
            contestants.extend(control.map(empty));
            let place = (case.batch_len, case.footprint.home.as_str());
            Ok(self.contest(Purpose::Throughput, place, measured, contestants))
        });
    }

    /// Keeps a contest in the first cache.
    pub(super) fn keep_ceilings(
        &self,
        case: &Case,
        lineups: &[&mut Lineup],
        measured: &[Throughput],
    ) {
        self.keeper.keep(|| {
            let all = lineups.iter().zip(measured);
            let contestants = all.map(|(lineup, one)| self.contestant(lineup, one)).collect();
            let place = (case.batch_len, case.footprint.home.as_str());
            Ok(self.contest(Purpose::FirstCache, place, measured, contestants))
        });
    }

    /// Keeps a contest whose contestants are not line-ups, at a batch length and in a home. All are
    /// imitated by a driver, or none is.
    pub(super) fn keep_contest<const N: usize>(
        &self,
        purpose: Purpose,
        place: (usize, &str),
        who: [(&str, readings::Role); N],
        software: bool,
        measured: [&Throughput; N],
    ) {
        self.keeper.keep(|| {
            let all = who.into_iter().zip(measured);
            let of = |((id, role), one)| Contestant::of(id, role, one).imitated(software);
            Ok(self.contest(purpose, place, measured, all.map(of).collect()))
        });
    }

    fn contestant(&self, lineup: &Lineup, measured: &Throughput) -> Contestant {
        let role = match lineup.role {
            Role::Contender => readings::Role::Contender,
            Role::ReadRoof => readings::Role::ReadRoof,
            Role::UploadRoof => readings::Role::UploadRoof,
        };
        let cores = self.team(lineup.threads()).map(Team::cores).unwrap_or_default();
        let one = Contestant::of(lineup.entry.id, role, measured).on(cores, measured);
        one.imitated(lineup.is_software())
    }

    /// All contestants of a contest become steady at once.
    fn contest<'t>(
        &self,
        purpose: Purpose,
        (batch_len, home): (usize, &str),
        measured: impl IntoIterator<Item = &'t Throughput>,
        contestants: Vec<Contestant>,
    ) -> Line {
        let steady: Option<Steady> = measured.into_iter().map(|one| one.steady).next();
        Line::Contest(Contest {
            purpose,
            op: self.plan.op,
            batch_len,
            home: home.into(),
            steady_after_ns: steady.map_or(0, after_ns),
            contestants,
        })
    }
}
