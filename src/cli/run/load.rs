//! The method that serves requests of many clients.

use std::{path::PathBuf, time::Duration};

use super::{
    Arguments, Threads,
    lineup::Lineup,
    plan::{Case, SEED, thread_counts},
    session::{Event, Session, Tell, refuse},
};
use crate::{
    backend::BackendKind,
    bundle::readings::{self, Line},
    cli::{Exit, Failure, choice},
    host::schedule::Disturbance,
    measure::{
        Method, Stop,
        inputs::Rotation,
        load::{
            Crew,
            arrivals::{self, Arrivals, CLIENTS_MAX, Offered, REQUESTS_MAX},
            sweep::{self, Knee, Rates},
        },
    },
    platform::plan::{self, KNEE_MAX_US, RATE_MAX},
    registry,
    report::{
        hlog::{HlogFolder, HlogFolderError},
        load::{Circumstances, RateSource},
        record::{Entry, Header, RunRecord},
    },
};

/// Flags of `--method load`.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Load (with --method load)")]
pub(super) struct LoadArguments {
    /// Clients, each with a schedule of its own, 1 to 10000 (repeatable, or comma-separated)
    /// [default: 1,100,10000]
    #[arg(long, value_name = "N", value_delimiter = ',',
          value_parser = clap::value_parser!(u32).range(1..=CLIENTS_MAX as i64))]
    clients: Vec<u32>,
    /// Requests per second of all clients together; a request is one batch (repeatable, or
    /// comma-separated) [default: half of what one worker serves back to back]
    #[arg(long, value_name = "R", value_delimiter = ',', value_parser = parse_rate)]
    rate: Vec<f64>,
    /// How requests of a client follow one another: poisson or constant [default: poisson]
    #[arg(long, value_name = "NAME", hide_possible_values = true,
          value_parser = choice::of(Arrivals::ALL.map(Arrivals::name), parse_arrivals))]
    arrivals: Option<Arrivals>,
    /// Threads that serve, each on a core of its own: a number or `all` [default: the most of
    /// --threads]
    #[arg(long, value_name = "N|all", value_parser = Threads::parse)]
    pub(super) workers: Option<Threads>,
    /// Look for the knee: the highest rate that is kept with the 99th percentile of the response
    /// time below so many microseconds
    #[arg(long, value_name = "MICROSECONDS", value_parser = parse_micros)]
    knee_p99: Option<f64>,
    /// Also write the distributions as histogram logs, in nanoseconds, into this folder
    #[arg(long, value_name = "DIR")]
    pub(super) hlog: Option<PathBuf>,
}

/// Clients unless told otherwise.
const CLIENTS: [usize; 3] = [1, 100, CLIENTS_MAX];

/// Part of the budget in which one worker is measured back to back, and the most that makes sense.
const CLOSED_LOOP_PART: u32 = 10;
const CLOSED_LOOP_MAX: Duration = Duration::from_millis(250);

/// Share of one worker's requests that is offered unless told otherwise.
const RATE_SHARE: f64 = 0.5;

/// Part of the budget that one attempt of a sweep lasts, at the least.
const ATTEMPT_PART: u32 = 10;

/// Requests of an attempt: a 99th percentile needs 1,000, and Poisson arrivals vary.
const ATTEMPT_REQUESTS: f64 = 1_200.0;

/// Share of one worker's requests that a sweep begins with.
const SWEEP_SHARE: f64 = 0.125;

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate <= RATE_MAX => Ok(rate),
        _ => Err("not a number of requests per second above 0, 1000000000 at most".into()),
    }
}

fn parse_micros(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(micros) if micros > 0.0 && micros <= KNEE_MAX_US => Ok(micros),
        _ => Err("not a number of microseconds above 0, 100000000 at most".into()),
    }
}

fn parse_arrivals(text: &str) -> Result<Arrivals, String> {
    choice::find("arrivals", text, Arrivals::ALL.map(|arrivals| (arrivals.name(), arrivals)))
}

/// The load that a run offers.
pub(super) struct LoadPlan {
    clients: Vec<usize>,
    rates: Vec<f64>,
    arrivals: Arrivals,
    workers: usize,
    knee_ns: Option<f64>,
    hlog: Option<HlogFolder>,
}

impl LoadPlan {
    /// What the arguments ask for. `None` where load is no method of the run.
    pub(super) fn new(
        arguments: &Arguments,
        methods: &[Method],
        budget: Duration,
        team: &[usize],
    ) -> Result<Option<Self>, Failure> {
        let flags = &arguments.load;
        if !methods.contains(&Method::Load) {
            return flags.refuse_without_load().map(|()| None);
        }
        refuse_others(&arguments.backend)?;
        let mut clients: Vec<usize> = flags.clients.iter().map(|&one| one as usize).collect();
        if clients.is_empty() {
            clients.extend(CLIENTS);
        }
        clients.sort_unstable();
        clients.dedup();
        let mut rates = flags.rate.clone();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        let arrivals = flags.arrivals.unwrap_or_default();
        for &rate_per_s in &rates {
            let seed = arguments.seed.unwrap_or(SEED);
            let offered = Offered { clients: 1, rate_per_s, arrivals, seed };
            let refused = |error| {
                let source = arguments.source("--rate", "plan.load.rates_per_s");
                Failure::usage(format!("{source}: {error}"))
            };
            arrivals::check(&offered, budget).map_err(refused)?;
        }
        let most = thread_counts(&arguments.threads, team).pop().unwrap_or(1);
        let folder = flags.hlog.as_deref().map(HlogFolder::new);
        Ok(Some(Self {
            clients,
            rates,
            arrivals,
            workers: flags.workers.map_or(most, |workers| workers.count(team)),
            knee_ns: flags.knee_p99.map(|micros| micros * 1e3),
            hlog: folder.transpose().map_err(Failure::usage)?,
        }))
    }

    /// Entries of one backend in one case.
    pub(super) fn entries(&self) -> usize {
        self.clients.len() * self.rates.len().max(1)
    }

    /// The rates that are measured, and where they come from.
    fn rates(&self, one_worker_per_s: f64, knee: Option<&Knee>) -> Vec<(f64, RateSource)> {
        if !self.rates.is_empty() {
            return self.rates.iter().map(|&rate| (rate, RateSource::Stated)).collect();
        }
        match knee {
            None => vec![(RATE_SHARE * one_worker_per_s, RateSource::HalfOfOneWorker)],
            Some(knee) => {
                let rate = knee.holds_per_s.or(knee.fails_per_s);
                rate.map(|rate| (rate, RateSource::Knee)).into_iter().collect()
            }
        }
    }
}

impl LoadArguments {
    /// The flags for which a profile has a value, and whether they are given.
    pub(super) fn given_of_plan(&self) -> [(&'static str, bool); 5] {
        [
            ("--clients", !self.clients.is_empty()),
            ("--rate", !self.rate.is_empty()),
            ("--arrivals", self.arrivals.is_some()),
            ("--workers", self.workers.is_some()),
            ("--knee-p99", self.knee_p99.is_some()),
        ]
    }

    /// Fills in what a profile says and no flag does. Its names are known.
    pub(super) fn fill(&mut self, load: &plan::Load) {
        if self.clients.is_empty() {
            self.clients.clone_from(&load.clients);
        }
        if self.rate.is_empty() {
            self.rate.clone_from(&load.rates_per_s);
        }
        self.arrivals = self.arrivals.or_else(|| parse_arrivals(&load.arrivals).ok());
        self.workers = self.workers.or_else(|| Some(load.workers.into()));
        self.knee_p99 = self.knee_p99.or(match load.knee_p99_us {
            plan::Knee::Micros(micros) => Some(micros),
            plan::Knee::None(_) => None,
        });
    }

    /// A flag that would do nothing is a mistake.
    fn refuse_without_load(&self) -> Result<(), Failure> {
        let mut given = self.given_of_plan().into_iter().chain([("--hlog", self.hlog.is_some())]);
        match given.find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((flag, _)) => Err(Failure::usage(format!("{flag}: add --method load to use it"))),
        }
    }
}

/// Requests are served by threads of the host: a device has one queue, and a simulator no time.
fn refuse_others(backends: &[String]) -> Result<(), Failure> {
    let mut found = backends.iter().filter_map(|id| registry::find(id).ok());
    let other = found.find(|entry| matches!(entry.kind, BackendKind::Gpu | BackendKind::Fpga));
    match other {
        None => Ok(()),
        Some(entry) => Err(Failure::usage(format!(
            "--backend {}: --method load measures backends of the host only; leave it out, or use \
             --method {}",
            entry.id,
            if entry.kind == BackendKind::Gpu { "stream" } else { "cycles" },
        ))),
    }
}

/// The longest part of the budget for which a schedule fits.
fn duration_of(rate_per_s: f64, budget: Duration) -> Duration {
    let fits_s = REQUESTS_MAX as f64 / rate_per_s;
    if fits_s < budget.as_secs_f64() { Duration::from_secs_f64(fits_s * 0.999) } else { budget }
}

/// What entries of one backend in one case share.
struct Scene<'s> {
    plan: &'s LoadPlan,
    header: Header,
    one_worker_per_s: f64,
}

impl Session<'_> {
    /// Each backend of the host on its own: verified, loaded, verified.
    pub(super) fn load(
        &self,
        lineups: &mut [Lineup],
        case: &Case,
        record: &mut RunRecord,
        tell: &mut Tell<'_>,
    ) -> Result<(), Failure> {
        let Some(plan) = &self.plan.load else { return Ok(()) };
        let is_due = |one: &&mut Lineup| one.is_of_host() && one.threads() == plan.workers;
        for lineup in lineups.iter_mut().filter(is_due) {
            let header = self.header(lineup, &case.footprint, Disturbance::default());
            let mut rotations = self.shared_rotations(lineup, case)?;
            let members = lineup.host_backends()?.into_iter().zip(&mut rotations);
            let mut crew = Crew::new(self.team(plan.workers), members);
            let window = (self.whole_bench().limits.budget / CLOSED_LOOP_PART).min(CLOSED_LOOP_MAX);
            let one_worker_per_s =
                crew.closed_loop_per_s(self.whole_bench(), window).map_err(Failure::internal)?;
            let scene = Scene { plan, header, one_worker_per_s };
            for &clients in &plan.clients {
                if self.is_interrupted() {
                    return Ok(());
                }
                self.load_of_clients(&mut crew, &scene, clients, record, tell)?;
            }
        }
        Ok(())
    }

    /// One rotation for each worker, verified. All have the same inputs: a request is its client's,
    /// whoever serves it.
    fn shared_rotations(
        &self,
        lineup: &mut Lineup,
        case: &Case,
    ) -> Result<Vec<Rotation<'_>>, Failure> {
        let id = lineup.entry.id;
        let of_worker = |opened| {
            let rotation = self.pool.rotation(case.batch_len, case.footprint.batch_count, 0);
            let mut rotation = rotation.map_err(Failure::internal)?;
            refuse(id, rotation.verify(opened).map_err(Failure::internal)?)?;
            Ok(rotation)
        };
        lineup.opened.iter_mut().map(of_worker).collect()
    }

    /// The knee if it is asked for, then each rate.
    fn load_of_clients(
        &self,
        crew: &mut Crew<'_, '_>,
        scene: &Scene<'_>,
        clients: usize,
        record: &mut RunRecord,
        tell: &mut Tell<'_>,
    ) -> Result<(), Failure> {
        let (plan, seed) = (scene.plan, self.plan.seed);
        let offered = Offered { clients, rate_per_s: 0.0, arrivals: plan.arrivals, seed };
        let bound = plan.knee_ns;
        let knee = bound.map(|bound| self.knee(crew, scene, offered, bound, tell)).transpose()?;
        let rates = plan.rates(scene.one_worker_per_s, knee.as_ref());
        for (index, (rate_per_s, rate_source)) in rates.into_iter().enumerate() {
            if self.is_interrupted() {
                return Ok(());
            }
            tell(Event::Begins(&begins(scene, clients, rate_per_s)))?;
            let offered = Offered { rate_per_s, ..offered };
            let duration = duration_of(rate_per_s, self.whole_bench().limits.budget);
            let before = self.snapshots();
            let load =
                crew.serve(self.whole_bench(), &offered, duration).map_err(Failure::internal)?;
            let disturbance = self.disturbance(plan.workers, &before, &self.snapshots());
            refuse(scene.header.backend, crew.verify_measured())?;
            let Some(rotation) = crew.rotation() else { return Ok(()) };
            let circumstances = Circumstances {
                rate_source,
                one_worker_per_s: scene.one_worker_per_s,
                // It is the same for all rates: once is enough.
                knee: knee.clone().filter(|_| index == 0),
                floor_ns: record.timer.empty.as_ref().map(|empty| empty.latency.gross_ns),
            };
            let header = Header { disturbance, ..scene.header.clone() };
            let entry = Entry::of_load(header, rotation, &load, circumstances);
            let entry = entry.map_err(Failure::internal)?;
            let place = readings::Place::of(&entry);
            self.keeper.keep(|| Ok(Line::Load(readings::Load::of(place, &load)?)));
            if let Some(folder) = &plan.hlog {
                folder.write(&entry, &load, self.bench.timer).map_err(hlog_failure)?;
            }
            Self::push(record, entry, tell)?;
        }
        Ok(())
    }

    fn knee(
        &self,
        crew: &mut Crew<'_, '_>,
        scene: &Scene<'_>,
        offered: Offered,
        bound_ns: f64,
        tell: &mut Tell<'_>,
    ) -> Result<Knee, Failure> {
        let budget = self.whole_bench().limits.budget;
        // As long as a percentile takes at a quarter of what a worker can do, within the budget.
        let earned_s = ATTEMPT_REQUESTS / (scene.one_worker_per_s / 4.0).max(1.0);
        let wanted = Duration::from_secs_f64(earned_s);
        let length = wanted.max(budget / ATTEMPT_PART).min(budget);
        let rates = Rates {
            first: SWEEP_SHARE * scene.one_worker_per_s,
            least: ATTEMPT_REQUESTS / length.as_secs_f64(),
            most: 0.999 * REQUESTS_MAX as f64 / length.as_secs_f64(),
        };
        sweep::find(rates, bound_ns, |rate_per_s| {
            tell(Event::Begins(&begins(scene, offered.clients, rate_per_s)))?;
            let offered = Offered { rate_per_s, ..offered };
            let load =
                crew.serve(self.whole_bench(), &offered, length).map_err(Failure::internal)?;
            if load.stop != Stop::Interrupted {
                let place = place(scene, crew);
                self.keeper.keep(|| Ok(Line::Attempt(readings::Load::of(place, &load)?)));
            }
            Ok((load.stop != Stop::Interrupted).then(|| load.point(bound_ns)))
        })
    }
}

/// Of which entries an attempt to find the knee is.
fn place(scene: &Scene<'_>, crew: &Crew<'_, '_>) -> readings::Place {
    let Header { backend, software, op, threads, ref footprint_home, .. } = scene.header;
    let batch_len = crew.rotation().map_or(0, Rotation::batch_len);
    let home = footprint_home.clone();
    readings::Place { backend: backend.into(), software, op, batch_len, threads, home }
}

/// What is measured next, for people.
fn begins(scene: &Scene<'_>, clients: usize, rate_per_s: f64) -> String {
    format!("load of {}: {clients} clients, {rate_per_s:.0} requests/s", scene.header.backend)
}

fn hlog_failure(error: HlogFolderError) -> Failure {
    match error {
        HlogFolderError::Foreign(_) => Failure::usage(error),
        _ => Failure::new(Exit::Failed, error),
    }
}
