//! A gate under way: exact figures first, then all that is timed, and what claims a difference
//! once more.

use std::path::Path;

use super::{
    Arguments,
    contest::{self, Contest},
    exact,
    plan::{Asked, Case, Plan},
    program::Program,
    rows::{self, Again, Timed},
};
use crate::{
    calendar::Date,
    cli::{
        Exit, Failure,
        interrupt::Interrupt,
        lockstep::{self, Programs, Spec},
        progress::Progress,
    },
    gate::{
        Verdict,
        family::{self, Judged},
        limits::{Limits, RowRule},
        outcome::{Key, Reason, Row},
    },
    host::{affinity, fingerprint::Fingerprint, lock::RunLock, timer::Timer},
};

/// Seconds for a case, unless --budget says otherwise.
const CASE_S: f64 = 1.0;
const QUICK_CASE_S: f64 = 0.5;

/// What a gate is about.
pub(super) struct Gate<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) baseline: &'a Program,
    pub(super) candidate: &'a Program,
    pub(super) flags: &'a [String],
    pub(super) limits: &'a Limits,
    pub(super) today: Date,
    pub(super) host: &'a Fingerprint,
}

/// What a measurement needs besides what it measures.
struct Bench<'a> {
    timer: Timer,
    interrupt: Interrupt,
    /// Where inputs lie.
    folder: &'a Path,
    /// Seconds for a case.
    budget_s: f64,
    seed: u64,
    launches_min: u32,
}

/// A row and its verdict.
type Found = Vec<(Timed, Judged)>;

impl Gate<'_> {
    /// Whether both programs are the same, byte for byte, and need not be timed. A hard limit on
    /// time has to be.
    pub(super) fn is_identical(&self) -> bool {
        let is_asked = self.arguments.even_if_identical || self.limits.bounds_time();
        self.baseline.digest == self.candidate.digest && !is_asked
    }

    /// All rows, and what ended the gate early, if anything did.
    pub(super) fn rows(
        &self,
        plan: &Plan,
        asked: &Asked,
    ) -> Result<(Vec<Row>, Option<Failure>), Failure> {
        let mut rows = self.exact_rows(&plan.simulated, asked)?;
        rows.extend(self.untimed_rows(&plan.lost, Verdict::CannotTell, Reason::MissingInCandidate));
        self.tell_limits(&rows, &plan.cases);
        if self.is_identical() {
            rows.extend(self.untimed_rows(&plan.cases, Verdict::Same, Reason::IdenticalCode));
            return Ok((rows, None));
        }
        if plan.cases.is_empty() {
            return Ok((rows, None));
        }
        let (timed, stopped) = self.timed_rows(&plan.cases)?;
        rows.extend(timed);
        Ok((rows, stopped))
    }

    /// Says which limits do nothing here, before minutes go by.
    fn tell_limits(&self, rows: &[Row], cases: &[Case]) {
        let keys = |case: &Case| self.keys(case).into_iter().map(|key| (key, "ns"));
        let known = rows.iter().map(|row| (row.key.clone(), row.unit.as_str()));
        let all: Vec<(Key, &str)> = known.chain(cases.iter().flat_map(keys)).collect();
        for unused in self.limits.unused(&all) {
            eprintln!("nanogate: --limits: {unused}: fits no row of this gate");
        }
        for expired in self.limits.expired(self.today) {
            eprintln!("nanogate: --limits: a mute has expired, and counts no more: {expired}");
        }
    }

    fn keys(&self, case: &Case) -> Vec<Key> {
        let (_, home) = lockstep::footprint(case.batch_len, self.host);
        case.metrics().iter().map(|metric| case.key(metric, &home)).collect()
    }

    fn rule_of(&self, key: &Key, unit: &str) -> RowRule {
        self.limits.of(key, unit, self.today)
    }

    fn exact_rows(&self, simulated: &[String], asked: &Asked) -> Result<Vec<Row>, Failure> {
        let folder = tempfile::tempdir().map_err(no_folder)?;
        let figures = |program: &Program| {
            exact::figures(program, simulated, &asked.batch_lens, self.flags, folder.path())
        };
        let of_candidate = figures(self.candidate)?;
        // The same program counts the same: that is what exact means.
        let of_baseline =
            if self.is_identical() { of_candidate.clone() } else { figures(self.baseline)? };
        let rule_of = |key: &Key, unit: &str| self.rule_of(key, unit);
        let pairs = exact::paired(of_baseline, of_candidate).into_iter();
        Ok(pairs.filter_map(|(one, other)| rows::exact(one, other, rule_of)).collect())
    }

    /// Rows of what needs no timing, or cannot have any.
    fn untimed_rows(&self, cases: &[Case], verdict: Verdict, reason: Reason) -> Vec<Row> {
        let keys = cases.iter().flat_map(|case| self.keys(case));
        let row = |key| {
            let rule = self.rule_of(&key, "ns");
            rows::untimed(key, rule, verdict, reason)
        };
        keys.map(row).collect()
    }

    /// Measures all cases, judges them together, and asks again what claims to be worse.
    fn timed_rows(&self, cases: &[Case]) -> Result<(Vec<Row>, Option<Failure>), Failure> {
        let _lock = RunLock::take().map_err(|error| Failure::new(Exit::Unfit, error))?;
        let interrupt = Interrupt::catch()?;
        pin(self.arguments.core)?;
        let each_s = if self.arguments.quick { QUICK_CASE_S } else { CASE_S };
        let rows = cases.iter().map(|case| case.metrics().len()).sum();
        let folder = tempfile::tempdir().map_err(no_folder)?;
        let bench = Bench {
            timer: Timer::qualify(),
            interrupt,
            folder: folder.path(),
            budget_s: self.arguments.budget.map_or(each_s, |all| all / cases.len() as f64),
            seed: self.arguments.seed.unwrap_or_else(crate::cli::run::drawn_seed),
            launches_min: family::launches_min(rows, self.limits.family_error),
        };
        let contests = self.contests(cases, &bench)?;
        let all: Vec<&Contest> = contests.iter().collect();
        let (measured, stopped) = self.measure(&all, bench.seed, &bench);
        let found = self.judged(measured);
        let (again, stopped) = match stopped {
            None => self.ask_again(&contests, &found, &bench)?,
            stopped => (Vec::new(), stopped),
        };
        for program in [self.baseline, self.candidate] {
            program.check_unchanged()?;
        }
        let row = |(timed, judged): (Timed, Judged)| {
            let again = again.iter().find(|(second, _)| second.key == timed.key);
            timed.row(&judged, again)
        };
        Ok((found.into_iter().map(row).collect(), stopped))
    }

    fn contests(&self, cases: &[Case], bench: &Bench<'_>) -> Result<Vec<Contest>, Failure> {
        let progress = Progress::new("sizing", cases.len() as u64);
        let mut contests = Vec::new();
        for case in cases {
            if bench.interrupt.is_set() {
                return Err(contest::stopped());
            }
            progress.say(&format!("sizing {} {}", case.backend, case.batch_len));
            contests.push(self.contest(case, bench)?);
            progress.step();
        }
        Ok(contests)
    }

    fn contest(&self, case: &Case, bench: &Bench<'_>) -> Result<Contest, Failure> {
        let footprint = lockstep::footprint(case.batch_len, self.host);
        let input = bench.folder.join(case.batch_len.to_string());
        if !input.exists() {
            lockstep::write_input(&input, footprint.0 * case.batch_len, bench.seed)?;
        }
        let spec = Spec {
            programs: Programs {
                baseline: self.baseline.path.clone(),
                candidate: self.candidate.path.clone(),
            },
            backend: case.backend.clone(),
            batch_len: case.batch_len,
            input,
            flags: self.flags.to_vec(),
            timer: bench.timer.calibration(),
        };
        let terms = lockstep::Terms {
            reading: case.reading(),
            budget_s: bench.budget_s,
            seed: bench.seed,
            launches_min: bench.launches_min,
        };
        let sizing = lockstep::size(&spec, terms, &bench.timer, footprint)?;
        Ok(Contest { case: case.clone(), spec, sizing, metrics: case.metrics() })
    }

    fn measure(
        &self,
        contests: &[&Contest],
        seed: u64,
        bench: &Bench<'_>,
    ) -> (Vec<Timed>, Option<Failure>) {
        let (found, stopped) = contest::run(contests, seed, bench.interrupt.flag());
        let step_ns = bench.timer.quality().resolution_ns;
        let rule_of = |key: &Key| self.rule_of(key, "ns");
        (rows::timed(contests, found, step_ns, rule_of), stopped)
    }

    /// Judges rows as a family.
    fn judged(&self, rows: Vec<Timed>) -> Found {
        let measured: Vec<_> = rows.iter().map(|row| row.measured.clone()).collect();
        let judged = family::judge(&measured, self.limits.family_error);
        rows.into_iter().zip(judged).collect()
    }

    /// A second, independent measurement of what claims to be worse. Nothing of the first is in it
    /// but the programs, and what claims is judged by itself.
    fn ask_again(
        &self,
        contests: &[Contest],
        found: &Found,
        bench: &Bench<'_>,
    ) -> Result<(Vec<Again>, Option<Failure>), Failure> {
        let claims: Vec<&Key> = found
            .iter()
            .filter(|(row, judged)| row.is_claim(judged))
            .map(|(row, _)| &row.key)
            .collect();
        let seed = !bench.seed;
        let mut asked = Vec::new();
        for contest in
            contests.iter().filter(|contest| contest.keys().any(|key| claims.contains(&&key)))
        {
            let (case, sizing) = (&contest.case, &contest.sizing);
            let input = bench.folder.join(format!("{}-again", case.batch_len));
            if !input.exists() {
                lockstep::write_input(&input, sizing.batch_count * case.batch_len, seed)?;
            }
            asked.push(contest.with_input(input));
        }
        let asked: Vec<&Contest> = asked.iter().collect();
        let (second, stopped) = self.measure(&asked, seed, bench);
        let second = second.into_iter().filter(|row| claims.contains(&&row.key)).collect();
        Ok((self.judged(second), stopped))
    }
}

/// Pins this process, and with it all that it starts.
fn pin(core: Option<usize>) -> Result<(), Failure> {
    match affinity::pin(core) {
        Ok(_) => Ok(()),
        Err(error @ affinity::PinError::NoSuchCore { .. }) => {
            Err(Failure::usage(format!("--core: {error}")))
        }
        Err(error) => {
            let message = format!("{error}; a gate needs both programs on one core");
            Err(Failure::new(Exit::Unfit, message))
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn no_folder(error: std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("cannot create a temporary folder: {error}; set TMPDIR"))
}
