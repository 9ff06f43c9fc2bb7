//! The measuring of a plan, case by case.

use std::{
    cell::RefCell,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{
    counting::usage_of_thread,
    first_cache::Ceilings,
    keeping::Keeper,
    lineup::{Lineup, Lineups},
    plan::{Case, Plan},
    simulated::simulators,
};
use crate::{
    backend::SubmitError,
    bundle::readings::{self, Line},
    cli::{Exit, Failure},
    corpus::generate::Generator,
    host::{
        counters::Counters,
        fingerprint::Cache,
        schedule::{Disturbance, Snapshot},
        timer::Timer,
    },
    measure::{
        Bench, Empty, Limits, Method, Stop, Subject,
        empty::{self, EmptyReadings},
        footprint::Footprint,
        inputs::{Pool, Rotation},
        latency::{self, LatencyError},
        stages::StagesError,
        team::Team,
        throughput::{self, Contestant, Throughput},
    },
    registry,
    report::{
        launch::{EntryLaunch, LaunchRecord},
        ratio::{Bound, Speedup},
        record::{Entry, Header, NET_PER_RECORD, RunRecord, ThreadRecord, TimerRecord},
    },
    verify::Divergence,
    warning::Warning,
};

/// The batch on which the empty operation is measured, a few of them in rotation.
const EMPTY: (usize, usize) = (1, 256);

/// What a run tells of itself while it goes on.
pub(super) enum Event<'e> {
    /// What is measured next.
    Begins(&'e str),
    /// There is one more entry, to be stored.
    Measured(&'e RunRecord),
}

/// Called to show and to store.
pub(super) type Tell<'t> = dyn FnMut(Event<'_>) -> Result<(), Failure> + 't;

/// Why a method did not come to its end.
pub(super) enum Trouble {
    /// A backend failed: one with a device, for no other can.
    Submit(SubmitError),
    /// Anything else.
    Failure(Failure),
}

impl From<SubmitError> for Trouble {
    fn from(error: SubmitError) -> Self {
        Self::Submit(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<LatencyError> for Trouble {
    fn from(error: LatencyError) -> Self {
        match error {
            LatencyError::Submit(error) => Self::Submit(error),
            LatencyError::Histogram(error) => Self::Failure(Failure::internal(error)),
        }
    }
}

impl From<StagesError> for Trouble {
    fn from(error: StagesError) -> Self {
        match error {
            StagesError::Submit(error) => Self::Submit(error),
            StagesError::Histogram(error) => Self::Failure(Failure::internal(error)),
        }
    }
}

/// A plan with its inputs made.
pub(super) struct Session<'a> {
    pub(super) plan: &'a Plan,
    cases: Vec<Case>,
    teams: &'a [Team],
    launch: &'a LaunchRecord,
    /// Its budget is that of one launch.
    pub(super) bench: Bench<'a>,
    pub(super) pool: Pool,
    /// Of this thread: opened where it measures.
    pub(super) counters: RefCell<Counters>,
    /// Where readings are kept for a bundle; nowhere unless told otherwise.
    pub(super) keeper: Keeper,
}

impl<'a> Session<'a> {
    /// Draws the inputs and computes what is golden.
    pub(super) fn new(
        plan: &'a Plan,
        caches: &[Cache],
        cases: Vec<Case>,
        teams: &'a [Team],
        launch: &'a LaunchRecord,
        timer: &'a Timer,
        interrupted: &'a AtomicBool,
    ) -> Result<Self, Failure> {
        let records = Generator::new(&plan.corpus, plan.seed, plan.faults_permille);
        let of_case = |case: &Case| case.batch_len * case.footprint.batch_count;
        let longest = cases.iter().map(of_case).max().unwrap_or(0) * plan.threads_max();
        let ceilings = plan.cases_in_first_cache(caches).iter().map(of_case).max().unwrap_or(0);
        let len = longest.max(EMPTY.0 * EMPTY.1).max(ceilings);
        let pool = Pool::new_at(plan.op, records, len, launch.layout.buffer_offset_bytes)
            .map_err(Failure::internal)?;
        let limits = Limits { budget: plan.limits.budget / launch.of, ..plan.limits };
        let bench = Bench { timer, limits, interrupted };
        let (counters, keeper) = (RefCell::new(Counters::open()), Keeper::default());
        Ok(Self { plan, cases, teams, launch, bench, pool, counters, keeper })
    }

    /// For what is measured in one launch only: with the whole budget.
    pub(super) fn whole_bench(&self) -> Bench<'a> {
        Bench { limits: self.plan.limits, ..self.bench }
    }

    /// Whether this launch measures what is measured once for all.
    fn is_first_launch(&self) -> bool {
        self.launch.number == 1
    }

    /// Measures what the harness itself costs, on a backend that does nothing.
    pub(super) fn timer_record(&self, record: &mut RunRecord) -> Result<TimerRecord, Failure> {
        let rotation = |_| self.pool.rotation(EMPTY.0, EMPTY.1, 0).map_err(Failure::internal);
        let (mut one, mut other) = (rotation(0)?, rotation(1)?);
        let raw = empty::measure(self.bench, [&mut one, &mut other]).map_err(Failure::internal)?;
        self.keeper.keep(|| Ok(Line::Empty(readings::Empty::of(&raw)?)));
        let empty = raw.readings();
        record.warnings.extend(empty.iter().flat_map(of_empty).map(|warning| warning.record()));
        Ok(TimerRecord { quality: self.bench.timer.quality().clone(), empty })
    }

    /// Measures every entry of the plan, until all is there or the user stops it.
    pub(super) fn measure(
        &self,
        lineups: &mut Lineups,
        record: &mut RunRecord,
        tell: &mut Tell<'_>,
    ) -> Result<(), Failure> {
        let caches = record.host.caches.clone();
        simulators(lineups, record)?;
        let ceilings = surviving(lineups, |all| self.ceilings(all, &caches))?;
        if self.is_first_launch() {
            surviving(lineups, |all| self.repeats(all, &caches, record))?;
        }
        let agreements = surviving(lineups, |all| self.devices(all, record))?;
        for case in &self.cases {
            for &method in &self.plan.methods {
                // What takes a device apart, and what counts cycles, does so once for each length.
                let is_due = match method.subject() {
                    Subject::HostTime | Subject::Host => lineups.has_contenders(),
                    Subject::Device => case.is_for_devices(&self.cases),
                    Subject::Simulated => case.is_first_of_its_length(&self.cases),
                };
                if method == Method::BreakEven || !is_due {
                    continue;
                }
                let (batch_len, home) = (case.batch_len, &case.footprint.home);
                tell(Event::Begins(&format!("{} x {batch_len} in {home}", method.name())))?;
                match method {
                    Method::Load => self.load(&mut lineups.all, case, record, tell)?,
                    Method::Cycles => self.cycles(lineups, case, record, tell)?,
                    _ => surviving(lineups, |all| match method {
                        Method::Throughput => self.throughput(all, case, &ceilings, record, tell),
                        Method::Latency => self.latency(all, case, record, tell),
                        _ => self.device_method(all, case, method, &agreements, record, tell),
                    })?,
                }
                if self.is_interrupted() {
                    return Ok(());
                }
            }
        }
        if self.plan.methods.contains(&Method::BreakEven) {
            // Lengths that fit no footprint have no inputs.
            let len_max = self.cases.iter().map(|case| case.batch_len).max().unwrap_or(1);
            surviving(lineups, |all| self.break_even(all, len_max, record, tell))?;
        }
        Ok(())
    }

    /// All backends and the roof against each other: verified, measured in turns, verified.
    fn throughput(
        &self,
        lineups: &mut [Lineup],
        case: &Case,
        ceilings: &Ceilings,
        record: &mut RunRecord,
        tell: &mut Tell<'_>,
    ) -> Result<(), Trouble> {
        let mut lineups: Vec<&mut Lineup> =
            lineups.iter_mut().filter(|one| one.takes_part(case)).collect();
        let mut rotations = self.verified_rotations(&mut lineups, case)?;
        let mut contestants = self.contestants(&mut lineups, &mut rotations)?;
        let (mut empty, count) = (Empty, case.footprint.batch_count);
        let mut nothing =
            self.pool.rotation(case.batch_len, count, 0).map_err(Failure::internal)?;
        contestants.push(Contestant::new(&mut empty, &mut nothing).without_output());
        let before = self.snapshots();
        let mut measured = throughput::measure(self.bench, contestants)?;
        let after = self.snapshots();
        let control = measured.pop();
        let passes = self.passes(&mut lineups, &mut rotations, &measured)?;
        self.keep_throughput(case, &lineups, &measured, control.as_ref(), &passes);
        let all = lineups.iter().zip(&mut rotations).zip(&measured).zip(passes);
        for (((lineup, rotations), one), pass) in all {
            if lineup.is_roof() {
                continue;
            }
            for rotation in &mut *rotations {
                refuse(lineup.entry.id, rotation.verify_measured())?;
            }
            let of = |is_it: &dyn Fn(&Lineup) -> bool| {
                let index = lineups.iter().position(|other| is_it(other))?;
                Some(&measured[index].per_record)
            };
            let (id, threads) = (lineup.entry.id, lineup.threads());
            let baseline = of(&|other| other.is(registry::BASELINE.id, 1));
            let alone = of(&|other| other.is(id, 1));
            let roof = of(&|other| other.is_roof_of(lineup));
            let disturbance = self.disturbance(threads, &before, &after);
            let header = self.header(lineup, &case.footprint, disturbance);
            let precision = self.plan.limits.precision;
            let mut done = Entry::of_throughput(header, &rotations[0], one, precision);
            done.per_thread = self.per_thread(threads, one);
            done.speedup = Speedup::over(registry::BASELINE.id, baseline, &one.per_record)
                .filter(|_| !lineup.is(registry::BASELINE.id, 1) && !lineup.is_software());
            done.scaling = Speedup::over(id, alone, &one.per_record).filter(|_| threads > 1);
            let cores = self.team(threads).map_or(1, Team::core_count) as f64;
            let ceiling = ceilings.of(id, case.batch_len).map(|nanos| nanos / cores);
            let metric = lineup.roof_metric();
            done.bound = roof.and_then(|roof| Bound::of(metric, roof, &one.per_record, ceiling));
            if let Some(control) = control.as_ref().filter(|_| threads == 1 && lineup.is_of_host())
            {
                done.put_net(NET_PER_RECORD, one.per_record.net_of(&control.per_record));
            }
            if let Some(pass) = pass {
                pass.put(&mut done);
            }
            self.push_of_launch(record, done, tell)?;
        }
        Ok(())
    }

    /// Each backend on its own, on one thread: verified, measured, verified.
    fn latency(
        &self,
        lineups: &mut [Lineup],
        case: &Case,
        record: &mut RunRecord,
        tell: &mut Tell<'_>,
    ) -> Result<(), Trouble> {
        let mut position = 0;
        let single = |one: &&mut Lineup| one.threads() == 1 && !one.is_roof();
        for lineup in lineups.iter_mut().filter(single).filter(|one| one.takes_part(case)) {
            // It is there if a device failed after it, and the rest begins anew.
            let is_it = |entry: &Entry| {
                let place = (entry.batch_len, &entry.footprint_home);
                entry.backend == lineup.entry.id
                    && entry.method == Method::Latency
                    && place == (case.batch_len, &case.footprint.home)
            };
            if record.entries.iter().any(is_it) {
                continue;
            }
            let mut rotations = self.verified_rotations(&mut [&mut *lineup], case)?;
            let rotation = &mut rotations[0][0];
            // What the backend before has brought into a cache is not there for this one.
            rotation.seek(position);
            let before = Snapshot::take();
            let backend = &mut *lineup.host_backends()?[0];
            let counters = &mut self.counters.borrow_mut();
            let measure = || latency::measure(self.bench, backend, rotation);
            let (measured, usage) = usage_of_thread(counters, measure)?;
            let disturbance = before.until(&Snapshot::take());
            refuse(lineup.entry.id, rotation.verify_measured())?;
            position = rotation.position();
            let header = self.header(lineup, &case.footprint, disturbance);
            let mut done =
                Entry::of_latency(header, rotation, &measured).map_err(Failure::internal)?;
            done.usage = Some(usage);
            let place = readings::Place::of(&done);
            self.keeper.keep(|| Ok(Line::Latency(readings::Latency::of(place, &measured)?)));
            self.push_of_launch(record, done, tell)?;
            if self.is_interrupted() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Adds an entry that every launch measures.
    fn push_of_launch(
        &self,
        record: &mut RunRecord,
        mut entry: Entry,
        tell: &mut Tell<'_>,
    ) -> Result<(), Failure> {
        entry.launches = vec![EntryLaunch::of(&entry, self.launch.number)];
        Self::push(record, entry, tell)
    }

    /// Adds an entry, unless it was interrupted before there was any figure.
    pub(super) fn push(
        record: &mut RunRecord,
        entry: Entry,
        tell: &mut Tell<'_>,
    ) -> Result<(), Failure> {
        if entry.metrics.is_empty() && entry.stop == Stop::Interrupted {
            return Ok(());
        }
        record.entries.push(entry);
        tell(Event::Measured(record))
    }

    /// For each line-up, a rotation for each of its threads. The roof has no output to verify.
    pub(super) fn verified_rotations(
        &self,
        lineups: &mut [&mut Lineup],
        case: &Case,
    ) -> Result<Vec<Vec<Rotation<'_>>>, Trouble> {
        let rotation = |thread| {
            let count = case.footprint.batch_count;
            self.pool.rotation(case.batch_len, count, thread).map_err(Failure::internal)
        };
        let mut all = Vec::new();
        for lineup in lineups {
            let mut rotations =
                (0..lineup.threads()).map(rotation).collect::<Result<Vec<_>, _>>()?;
            if !lineup.is_roof() {
                for (opened, rotation) in lineup.opened.iter_mut().zip(&mut rotations) {
                    let divergence = rotation.verify(opened)?;
                    refuse(lineup.entry.id, divergence)?;
                }
            }
            all.push(rotations);
        }
        Ok(all)
    }

    pub(super) fn contestants<'c, 'p>(
        &self,
        lineups: &'c mut [&mut Lineup],
        rotations: &'c mut [Vec<Rotation<'p>>],
    ) -> Result<Vec<Contestant<'c, 'p>>, Failure>
    where
        'a: 'c,
    {
        let mut contestants = Vec::new();
        for (lineup, rotations) in lineups.iter_mut().zip(rotations) {
            let team = self.team(lineup.threads());
            let is_roof = lineup.is_roof();
            let mut members = lineup.host_backends()?.into_iter().zip(rotations);
            let contestant = match (team, members.next()) {
                (None, Some((backend, rotation))) => Contestant::new(backend, rotation),
                (Some(team), Some(first)) => {
                    Contestant::of_team(team, std::iter::once(first).chain(members))
                }
                (_, None) => return Err(Failure::internal("a line-up without threads")),
            };
            contestants.push(if is_roof { contestant.without_output() } else { contestant });
        }
        Ok(contestants)
    }

    pub(super) fn team(&self, threads: usize) -> Option<&'a Team> {
        self.teams.iter().find(|team| team.cores().len() == threads)
    }

    /// What each thread of several took by itself.
    fn per_thread(&self, threads: usize, measured: &Throughput) -> Vec<ThreadRecord> {
        let cores = self.team(threads).map(Team::cores).unwrap_or_default();
        let threads = cores.iter().zip(&measured.per_thread);
        let of_thread = |(&core, samples): (&usize, &crate::stats::Samples<_>)| {
            Some(ThreadRecord { core, per_record_ns: samples.median()?.value })
        };
        threads.filter_map(of_thread).collect()
    }

    /// One snapshot of this thread, then one of each thread of each team.
    pub(super) fn snapshots(&self) -> Vec<Vec<Snapshot>> {
        let teams = self.teams.iter().map(|team| team.each(Snapshot::take));
        std::iter::once(vec![Snapshot::take()]).chain(teams).collect()
    }

    /// What happened to those that measured on so many threads.
    pub(super) fn disturbance(
        &self,
        threads: usize,
        before: &[Vec<Snapshot>],
        after: &[Vec<Snapshot>],
    ) -> Disturbance {
        let team = self.teams.iter().position(|team| team.cores().len() == threads);
        let place = team.map_or(0, |index| index + 1);
        let pairs = before[place].iter().zip(&after[place]);
        let each: Vec<_> = pairs.map(|(before, after)| before.until(after)).collect();
        match each.as_slice() {
            [one] => *one,
            several => Disturbance::of_all(several),
        }
    }

    pub(super) fn header(
        &self,
        lineup: &Lineup,
        footprint: &Footprint,
        disturbance: Disturbance,
    ) -> Header {
        Header {
            backend: lineup.entry.id,
            software: lineup.is_software(),
            op: self.plan.op,
            threads: lineup.threads(),
            footprint_home: footprint.home.clone(),
            disturbance,
        }
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.bench.interrupted.load(Ordering::Relaxed)
    }
}

/// Where an empty operation does not read zero.
fn of_empty(empty: &EmptyReadings) -> Vec<Warning> {
    let methods = [(Method::Throughput, empty.throughput), (Method::Latency, empty.latency)];
    let beyond = methods.into_iter().filter(|(_, zero)| !zero.holds());
    let warning = |(method, zero): (Method, empty::Zero)| Warning::EmptyNotZero {
        method: method.name(),
        net_ns: zero.net_ns.value,
        resolution_ns: zero.resolution_ns,
    };
    beyond.map(warning).collect()
}

/// Works with all line-ups. If a device fails at it, it is given up, and the work is done without.
fn surviving<R>(
    lineups: &mut Lineups,
    mut work: impl FnMut(&mut [Lineup]) -> Result<R, Trouble>,
) -> Result<R, Failure> {
    loop {
        match work(&mut lineups.all) {
            Ok(done) => return Ok(done),
            Err(Trouble::Failure(failure)) => return Err(failure),
            Err(Trouble::Submit(error)) if lineups.give_up_devices(&error) => {}
            Err(Trouble::Submit(error)) => return Err(Failure::internal(error)),
        }
    }
}

/// A backend that differs from the golden model has no number.
pub(super) fn refuse(id: &str, divergence: Option<Divergence>) -> Result<(), Failure> {
    match divergence {
        None => Ok(()),
        Some(divergence) => {
            let message = format!("{id} differs from the golden model: {divergence}");
            Err(Failure::new(Exit::WrongResults, message))
        }
    }
}
