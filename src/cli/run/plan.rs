//! What a run is to measure.

use std::time::Duration;

use super::{
    Arguments, Threads,
    load::LoadPlan,
    obey::{Left, Under},
};
use crate::{
    backend::{BackendEntry, BackendKind, ProbeContext},
    cli::{Exit, Failure, backends_asked, corpus_asked, profile},
    corpus::Corpus,
    host::{
        affinity::{self, PinError},
        fingerprint::Cache,
    },
    measure::{
        Limits, Method, Subject,
        footprint::{self, Footprint, Wanted},
    },
    op::Op,
    platform::record::ProfileRecord,
    registry,
    report::record::{CorpusRecord, Skipped},
    warning::Warning,
};

/// Batch lengths unless told otherwise: one tool, a shell's worth, and up to beyond the caches.
const BATCH_LENS: [usize; 6] = [1, 16, 256, 4_096, 16_384, 1_048_576];

/// Records of a batch of which two fit the part of a first cache that they may fill.
const BATCH_LEN_OF_FIRST_CACHE: usize = 256;

/// The batch length of a request unless told otherwise, where load is the only method.
const BATCH_LEN_OF_REQUEST: usize = 16;

/// Launches, the seed of the inputs and faulty records per thousand, unless told otherwise.
const LAUNCHES: u32 = 3;
pub(super) const SEED: u64 = 1;
const FAULTS_PERMILLE: u16 = 1;

const BUDGET: Duration = Duration::from_secs(1);
const BUDGET_QUICK: Duration = Duration::from_millis(150);

/// Half width of the interval at which a throughput reading is precise enough.
const PRECISION: f64 = 0.01;

/// What to measure.
pub(super) struct Plan {
    pub(super) context: ProbeContext,
    pub(super) op: Op,
    pub(super) corpus: Corpus,
    pub(super) seed: u64,
    pub(super) faults_permille: u16,
    pub(super) backends: Vec<&'static BackendEntry>,
    /// Ids that were asked for by name: what cannot be had of these is an error.
    named: Vec<String>,
    missing: Vec<Left>,
    pub(super) batch_lens: Vec<usize>,
    footprints: Vec<Wanted>,
    /// Thread counts, fewest first. Where there are several, the first is 1.
    pub(super) thread_counts: Vec<usize>,
    pub(super) methods: Vec<Method>,
    /// The budget is that of all launches together.
    pub(super) limits: Limits,
    launches: u32,
    /// What is offered, where load is a method.
    pub(super) load: Option<LoadPlan>,
    /// The profile that the run is under.
    pub(super) profile: Option<ProfileRecord>,
    /// The cores that threads share out. Empty where the system lists none.
    pub(super) team: Vec<usize>,
    /// The part whose timing report gives modelled time. All reports do where it is absent.
    pub(super) timing_report: Option<String>,
}

/// Batches of one length in one footprint.
pub(super) struct Case {
    pub(super) batch_len: usize,
    pub(super) footprint: Footprint,
}

/// Batches in rotation that a device takes part with: each is verified by a call of its own, which
/// takes tens of microseconds.
const DEVICE_BATCHES_MAX: usize = 4_096;

impl Case {
    /// Whether devices take part.
    pub(super) fn suits_devices(&self) -> bool {
        self.footprint.batch_count <= DEVICE_BATCHES_MAX
    }

    /// Whether the methods of devices, which run once for each length, run in this case: the first
    /// that suits them.
    pub(super) fn is_for_devices(&self, cases: &[Self]) -> bool {
        let mut suited = cases.iter().filter(|one| one.suits_devices());
        let first = suited.find(|other| other.batch_len == self.batch_len);
        first.is_some_and(|first| std::ptr::eq(first, self))
    }

    /// Whether this is the first case of its length: simulated hardware does not care where the
    /// input lies.
    pub(super) fn is_first_of_its_length(&self, cases: &[Self]) -> bool {
        let first = cases.iter().find(|other| other.batch_len == self.batch_len);
        first.is_some_and(|first| std::ptr::eq(first, self))
    }
}

/// Refuses methods of which none measures any of these backends.
fn refuse_unsuited(
    arguments: &Arguments,
    methods: &[Method],
    backends: &[&BackendEntry],
) -> Result<(), Failure> {
    if backends.iter().any(|entry| is_measured(methods, entry)) {
        return Ok(());
    }
    let source = arguments.source("--method", "plan.methods");
    let asked = methods.iter().map(|method| method.name()).collect::<Vec<_>>().join(", ");
    let of = |subject| methods.iter().any(|method| method.subject() == subject);
    if of(Subject::HostTime) {
        return Err(Failure::usage(format!(
            "{source} {asked}: measures host time, of which simulated hardware has none; use the \
             method cycles"
        )));
    }
    let all = [
        (Subject::Host, "backends of the host"),
        (Subject::Device, "devices"),
        (Subject::Simulated, "simulated hardware"),
    ];
    let whose: Vec<&str> =
        all.into_iter().filter(|(subject, _)| of(*subject)).map(|(_, whose)| whose).collect();
    let message = format!(
        "{source} {asked}: for {} only, and none is among the backends to be measured; \
         `nanogate backends` says why",
        whose.join(" and ")
    );
    Err(Failure::new(Exit::Unfit, message))
}

fn is_measured(methods: &[Method], entry: &BackendEntry) -> bool {
    methods.iter().any(|method| method.measures(entry.kind))
}

/// Takes out the backends that no method measures, and gives them with what would.
fn take_idle(methods: &[Method], backends: &mut Vec<&'static BackendEntry>) -> Vec<Left> {
    let all: Vec<_> = std::mem::take(backends);
    let (measured, idle): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|entry| is_measured(methods, entry));
    *backends = measured;
    let left = |entry: &'static BackendEntry| {
        let others = Method::ALL.into_iter().filter(|method| method.measures(entry.kind));
        let others = others.map(Method::name).collect::<Vec<_>>().join(", ");
        (entry, format!("no method of this run measures it; one of {others} would"))
    };
    idle.into_iter().map(left).collect()
}

/// The cores that threads share out: those that a profile lists, else all of the measuring core's
/// kind. Empty where the system lists none.
fn team(arguments: &Arguments) -> Result<Vec<usize>, Failure> {
    let listed = arguments.under.as_ref().map(|under| under.team.clone()).unwrap_or_default();
    if !listed.is_empty() {
        return Ok(listed);
    }
    match affinity::team(arguments.core) {
        Err(error @ PinError::NoSuchCore { .. }) => Err(Failure::usage(format!("--core: {error}"))),
        team => Ok(team.unwrap_or_default()),
    }
}

/// The backends that are measured, and those that are not.
fn backends(
    arguments: &Arguments,
    context: &ProbeContext,
) -> Result<(Vec<&'static BackendEntry>, Vec<Left>), Failure> {
    let Some((mut able, left)) = arguments.under.as_ref().map(Under::backends) else {
        let (able, left) = backends_asked(&arguments.backend, arguments.peers, context)?;
        let reasons = left.into_iter().map(|(entry, reason)| (entry, reason.to_string()));
        return Ok((able, reasons.collect()));
    };
    if arguments.peers {
        let is_named = |peer: &BackendEntry| able.iter().any(|entry| entry.id == peer.id);
        let peers: Vec<_> = registry::PEERS
            .into_iter()
            .filter(|peer| !is_named(peer) && (peer.probe)(context).is_ok())
            .collect();
        able.extend(peers);
    }
    Ok((able, left))
}

/// Hot and cold, or hot only if it must be quick or is a load and nothing else.
fn footprints(arguments: &Arguments, methods: &[Method]) -> Vec<Wanted> {
    let is_hot_only = arguments.quick || methods == [Method::Load];
    match (arguments.footprint.as_slice(), is_hot_only) {
        ([], false) => vec![Wanted::Hot, Wanted::Cold],
        ([], true) => vec![Wanted::Hot],
        (asked, _) => asked.to_vec(),
    }
}

/// One thread is always among several counts: scaling is read against it.
pub(super) fn thread_counts(asked: &[Threads], team: &[usize]) -> Vec<usize> {
    let mut counts: Vec<usize> = asked.iter().map(|threads| threads.count(team)).collect();
    counts.push(1);
    counts.sort_unstable();
    counts.dedup();
    counts
}

impl Plan {
    /// What the arguments ask for.
    pub(super) fn new(arguments: &Arguments, context: &ProbeContext) -> Result<Self, Failure> {
        let chosen = |method: &Method| match arguments.method.as_slice() {
            [] => method.is_default(),
            asked => asked.contains(method),
        };
        let methods: Vec<Method> = Method::ALL.into_iter().filter(chosen).collect();
        let default_budget = if arguments.quick { BUDGET_QUICK } else { BUDGET };
        let budget = arguments.budget.unwrap_or(default_budget);
        let team = team(arguments)?;
        let load = LoadPlan::new(arguments, &methods, budget, &team)?;
        let (mut backends, mut missing) = backends(arguments, context)?;
        let under = arguments.under.as_ref();
        let named = under.map_or_else(|| arguments.backend.clone(), Under::required);
        refuse_unsuited(arguments, &methods, &backends)?;
        // What nobody named is left out without a word.
        if under.is_some() || !named.is_empty() {
            missing.extend(take_idle(&methods, &mut backends));
        }
        // The baseline first: it is what the others are read against. Devices below a roof of their
        // own, and last what has no time at all.
        backends.sort_by_key(|entry| {
            let apart = match entry.kind {
                BackendKind::Gpu => 1,
                BackendKind::Fpga => 2,
                _ => 0,
            };
            (entry.id != registry::BASELINE.id, apart)
        });
        let mut batch_lens: Vec<usize> = arguments.batch.iter().map(|&len| len as usize).collect();
        match methods.as_slice() {
            _ if !batch_lens.is_empty() => {}
            [Method::Load] => batch_lens.push(BATCH_LEN_OF_REQUEST),
            _ => batch_lens.extend(BATCH_LENS),
        }
        batch_lens.sort_unstable();
        batch_lens.dedup();
        let mut threads = arguments.threads.clone();
        threads.extend(arguments.load.workers);
        Ok(Self {
            context: context.clone(),
            op: under.map_or(Op::Decide, |under| under.op),
            corpus: corpus_asked(arguments.corpus.as_deref())?,
            seed: arguments.seed.unwrap_or(SEED),
            faults_permille: arguments.faults.unwrap_or(FAULTS_PERMILLE),
            backends,
            named,
            missing,
            batch_lens,
            footprints: footprints(arguments, &methods),
            thread_counts: thread_counts(&threads, &team),
            methods,
            launches: arguments.launches.unwrap_or(LAUNCHES),
            limits: Limits { budget, precision: PRECISION },
            load,
            profile: under.map(|under| under.record.clone()),
            team,
            timing_report: under.and_then(|under| under.timing_report.clone()),
        })
    }

    /// What launch `number` measures of it: all in the first, and later only what takes host time.
    /// The rest counts cycles, which are the same each time, or takes a device apart. A device that
    /// is imitated is there to check the shader, and takes seconds to open: once is enough.
    pub(super) fn of_launch(mut self, number: u32) -> Self {
        if number > 1 {
            (self.methods, self.backends) = self.repeated();
        }
        self
    }

    /// What every launch measures.
    fn repeated(&self) -> (Vec<Method>, Vec<&'static BackendEntry>) {
        let methods = self.methods.iter().copied();
        let backends = self.backends.iter().copied();
        let is_repeated = |entry: &&BackendEntry| match entry.kind {
            BackendKind::Fpga => false,
            BackendKind::Gpu => (entry.probe)(&self.context).is_ok_and(|found| !found.software),
            _ => true,
        };
        let methods = methods.filter(|method| method.subject() == Subject::HostTime).collect();
        (methods, backends.filter(is_repeated).collect())
    }

    /// Processes that measure. One where nothing takes host time.
    pub(super) fn launches(&self) -> u32 {
        let is_timed = |method: &Method| {
            self.backends
                .iter()
                .any(|entry| method.subject() == Subject::HostTime && method.measures(entry.kind))
        };
        if self.methods.iter().any(is_timed) { self.launches } else { 1 }
    }

    /// Every batch length with every footprint that it can have.
    pub(super) fn cases(&self, caches: &[Cache]) -> Vec<Case> {
        let record_bytes = self.op.input_bytes() + self.op.output_bytes();
        let cases = self.batch_lens.iter().flat_map(|&batch_len| {
            let bytes = batch_len * record_bytes;
            let found = footprint::choose(caches, bytes, self.threads_max(), &self.footprints);
            found.into_iter().map(move |footprint| Case { batch_len, footprint })
        });
        cases.collect()
    }

    /// Batches in the first cache, on one thread: of each length that fits, and of the longest
    /// that does. Empty where the machine does not tell its caches.
    pub(super) fn cases_in_first_cache(&self, caches: &[Cache]) -> Vec<Case> {
        let record_bytes = self.op.input_bytes() + self.op.output_bytes();
        let mut batch_lens = self.batch_lens.clone();
        batch_lens.push(BATCH_LEN_OF_FIRST_CACHE);
        batch_lens.sort_unstable();
        batch_lens.dedup();
        let cases = batch_lens.into_iter().filter_map(|batch_len| {
            let wanted = [Wanted::Home("L1".into())];
            let found = footprint::choose(caches, batch_len * record_bytes, 1, &wanted);
            Some(Case { batch_len, footprint: found.into_iter().next()? })
        });
        cases.collect()
    }

    /// Whether a backend was asked for by name.
    pub(super) fn is_named(&self, id: &str) -> bool {
        self.named.iter().any(|named| named == id)
    }

    /// The largest thread count.
    pub(super) fn threads_max(&self) -> usize {
        self.thread_counts.last().copied().unwrap_or(1)
    }

    /// Entries of all cases, and of all methods.
    pub(super) fn entries(&self, cases: &[Case]) -> usize {
        self.entries_of(cases, &self.methods, &self.backends)
    }

    /// Those of them that every launch measures anew.
    pub(super) fn entries_repeated(&self, cases: &[Case]) -> usize {
        let (methods, backends) = self.repeated();
        self.entries_of(cases, &methods, &backends)
    }

    fn entries_of(
        &self,
        cases: &[Case],
        methods: &[Method],
        backends: &[&'static BackendEntry],
    ) -> usize {
        let of = |case: &Case, method: &Method, entry: &BackendEntry| {
            let is_device = entry.kind == BackendKind::Gpu;
            match method {
                _ if !method.measures(entry.kind) => 0,
                Method::Throughput | Method::Latency if is_device => {
                    usize::from(case.suits_devices())
                }
                Method::Throughput => self.thread_counts.len(),
                Method::Latency => 1,
                Method::Load => self.load.as_ref().map_or(0, LoadPlan::entries),
                Method::BreakEven => 0,
                Method::Cycles => usize::from(case.is_first_of_its_length(cases)),
                _ => usize::from(case.is_for_devices(cases)),
            }
        };
        let entries = cases.iter().flat_map(|case| {
            methods
                .iter()
                .flat_map(move |method| backends.iter().map(move |entry| of(case, method, entry)))
        });
        entries.sum()
    }

    /// What is not measured of a device.
    pub(super) fn left_out(&self, cases: &[Case]) -> Vec<Warning> {
        let unsuited = cases.iter().filter(|case| !case.suits_devices());
        let places: Vec<String> =
            unsuited.map(|case| format!("{} x {}", case.batch_len, case.footprint.home)).collect();
        let devices = self.backends.iter().filter(|entry| entry.kind == BackendKind::Gpu);
        let warning = |entry: &&BackendEntry| Warning::DeviceLeftOut {
            backend: entry.id,
            most: DEVICE_BATCHES_MAX,
            places: places.join(", "),
        };
        devices.filter(|_| !places.is_empty()).map(warning).collect()
    }

    /// What speaks against the run under its profile.
    pub(super) fn of_profile(&self) -> Vec<Warning> {
        self.profile.as_ref().map(profile::warnings).unwrap_or_default()
    }

    /// What is said of processor features that are hidden, where the machine has any of them.
    pub(super) fn hidden(&self) -> Option<Warning> {
        let hidden = self.context.hidden & self.context.present;
        (!hidden.is_empty()).then(|| Warning::HiddenFeatures(hidden.to_string()))
    }

    pub(super) fn corpus_record(&self) -> CorpusRecord {
        CorpusRecord {
            source: self.corpus.source().into(),
            digest: self.corpus.digest().into(),
            descriptor_count: self.corpus.entries().len(),
            seed: self.seed,
            faults_permille: self.faults_permille,
        }
    }

    pub(super) fn skipped(&self) -> Vec<Skipped> {
        let skipped =
            |(entry, reason): &Left| Skipped { backend: entry.id.into(), reason: reason.clone() };
        self.missing.iter().map(skipped).collect()
    }
}
