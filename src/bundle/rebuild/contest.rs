//! Throughput, and several batches in flight: figures of readings in the same rounds.

use std::{collections::BTreeSet, time::Duration};

use super::{Lines, PRECISION, Unfounded};
use crate::{
    bundle::readings::{Contest, Contestant, Purpose, Role, samples},
    clock::HostNanos,
    measure::{Steady, counts::Counted},
    registry,
    report::{
        ratio::{Bound, Speedup},
        record::{Entry, NET_PER_RECORD, ROOF_PER_RECORD, ThreadRecord, UPLOAD_ONLY},
    },
    stats::{
        Samples, quantile,
        steady::{self, Onset},
    },
};

/// A contest, with the state from which on its readings count.
pub(super) struct Contested<'a> {
    contest: &'a Contest,
    steady: Steady,
}

impl<'a> Contested<'a> {
    /// Readings of the same rounds are compared, so that the same rounds are left out of all.
    pub(super) fn new(contest: &'a Contest) -> Self {
        let each = contest.contestants.iter().map(|one| steady::onset(&one.per_record_ns));
        let onset = each.max().unwrap_or(Onset::Unknown);
        let after = Duration::from_nanos(contest.steady_after_ns);
        Self { contest, steady: Steady { onset, after } }
    }

    fn find(&self, role: Role, is_it: impl Fn(&Contestant) -> bool) -> Option<&'a Contestant> {
        self.contest.contestants.iter().find(|one| one.role == role && is_it(one))
    }

    /// A contender by its id and its threads.
    fn contender(&self, backend: &str, threads: usize) -> Option<&'a Contestant> {
        self.find(Role::Contender, |one| one.backend == backend && one.threads == threads)
    }

    /// The readings of a contestant from the steady state on.
    pub(super) fn samples(&self, contestant: &Contestant) -> Samples<HostNanos> {
        samples(&contestant.per_record_ns).from_index(self.steady.onset.discarded())
    }

    fn samples_of(&self, contestant: Option<&Contestant>) -> Option<Samples<HostNanos>> {
        contestant.map(|one| self.samples(one))
    }
}

/// Whose an entry's readings are in a contest, if it is that of the entry.
fn contender_of(contest: &Contest, entry: &Entry) -> Option<usize> {
    let is_of = (contest.op, contest.batch_len) == (entry.op, entry.batch_len)
        && contest.home == entry.footprint_home;
    let is_it = |one: &Contestant| {
        one.role == Role::Contender
            && (one.backend.as_str(), one.threads) == (entry.backend.as_str(), entry.threads)
            && one.software == entry.software
    };
    is_of.then(|| contest.contestants.iter().position(is_it)).flatten()
}

/// `None` where there are no readings of the entry.
pub(super) fn throughput(entry: &mut Entry, lines: Lines<'_>) -> Result<Option<()>, Unfounded> {
    let found = lines.contest(Purpose::Throughput, |contest| contender_of(contest, entry))?;
    let Some((contest, own)) = found else { return Ok(None) };
    let (contested, own) = (Contested::new(contest), &contest.contestants[own]);
    let measured = contested.samples(own);
    entry.put_host_samples(&measured, PRECISION);
    entry.put_steady(contested.steady);
    entry.per_thread = per_thread(own);
    let (id, threads, software) = (entry.backend.clone(), entry.threads, entry.software);
    let baseline = contested.samples_of(contested.contender(registry::BASELINE.id, 1));
    let is_baseline = id == registry::BASELINE.id && threads == 1;
    entry.speedup = Speedup::over(registry::BASELINE.id, baseline.as_ref(), &measured)
        .filter(|_| !is_baseline && !software);
    let alone = contested.samples_of(contested.contender(&id, 1));
    entry.scaling = Speedup::over(&id, alone.as_ref(), &measured).filter(|_| threads > 1);
    let upload = contested.find(Role::UploadRoof, |one| one.backend == id);
    let read = contested.find(Role::ReadRoof, |one| one.threads == threads);
    let (metric, roof) =
        if upload.is_some() { (UPLOAD_ONLY, upload) } else { (ROOF_PER_RECORD, read) };
    let cores = own.cores.iter().collect::<BTreeSet<_>>().len().max(1) as f64;
    let ceiling = ceiling(lines, entry)?.map(|nanos| nanos / cores);
    entry.bound =
        contested.samples_of(roof).and_then(|roof| Bound::of(metric, &roof, &measured, ceiling));
    let control = contested.find(Role::Empty, |_| threads == 1 && upload.is_none());
    if let Some(control) = contested.samples_of(control) {
        entry.put_net(NET_PER_RECORD, measured.net_of(&control));
    }
    entry.put_events(&counted(own));
    Ok(Some(()))
}

/// Several batches in flight. `None` where there are no readings of the entry.
pub(super) fn stream(entry: &mut Entry, lines: Lines<'_>) -> Result<Option<()>, Unfounded> {
    let found = lines.contest(Purpose::Stream, |contest| contender_of(contest, entry))?;
    let Some((contest, own)) = found else { return Ok(None) };
    let contested = Contested::new(contest);
    let measured = contested.samples(&contest.contestants[own]);
    entry.put_host_samples(&measured, PRECISION);
    entry.put_steady(contested.steady);
    let one_by_one = contested.samples_of(contested.find(Role::OneByOne, |_| true));
    entry.overlap = Speedup::over("one at a time", one_by_one.as_ref(), &measured);
    let upload = contested.samples_of(contested.find(Role::UploadRoof, |_| true));
    entry.bound = upload.and_then(|roof| Bound::of(UPLOAD_ONLY, &roof, &measured, None));
    Ok(Some(()))
}

/// What a backend takes per record in the first cache, in the longest batches that are no longer.
fn ceiling(lines: Lines<'_>, entry: &Entry) -> Result<Option<f64>, Unfounded> {
    let shorter = lines.first_cache(entry.op, entry.batch_len)?;
    let median = |contest: &&Contest| {
        let contested = Contested::new(contest);
        Some(contested.samples(contested.contender(&entry.backend, 1)?).median()?.value)
    };
    Ok(shorter.iter().rev().find_map(median))
}

/// What each of several threads took by itself.
fn per_thread(own: &Contestant) -> Vec<ThreadRecord> {
    let threads = own.cores.iter().zip(&own.per_thread_ns);
    let of_thread = |(&core, units): (&usize, &Vec<f64>)| {
        let median = samples::<HostNanos>(units).median()?;
        Some(ThreadRecord { core, per_record_ns: median.value })
    };
    threads.filter_map(of_thread).collect()
}

/// What the pass after measuring counted.
fn counted(own: &Contestant) -> Counted {
    let rounds = own.events.iter().filter(|(_, each)| !each.is_empty());
    Counted {
        per_record: rounds.map(|(event, each)| (*event, quantile(each, 0.5))).collect(),
        multiplexed: own.multiplexed.clone(),
        rounds: own.events.clone(),
    }
}
