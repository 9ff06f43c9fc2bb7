//! What a profile measures, and how.
//!
//! Names of methods, footprints and arrivals are those of the flags of `nanogate run`; higher
//! layers know them.

use std::{num::NonZeroU32, ops::RangeInclusive};

use serde::{Deserialize, Serialize};

use super::{ProfileError, is_distinct, refuse_unless};
use crate::op::Op;

/// The table `plan`: what a run does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Operations.
    pub ops: Vec<Op>,
    /// Records per batch.
    pub batch_lens: Vec<u32>,
    /// Where inputs and outputs lie, as `--footprint`.
    pub footprints: Vec<String>,
    /// Threads that submit batches at once. One is measured too.
    pub threads: Vec<Threads>,
    /// Methods, as `--method`.
    pub methods: Vec<String>,
    /// Most seconds for one entry, all launches together.
    pub budget_s: f64,
    /// Processes that measure one after the other.
    pub launches: u32,
    /// Seed with which inputs are drawn.
    pub seed: u64,
    /// Faulty records per thousand.
    pub faults_permille: u16,
    /// What is offered, where `load` is a method.
    pub load: Load,
}

/// A number of threads, or one for each core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "must be a number of threads from 1, or \"all\"")]
pub enum Threads {
    /// So many.
    Count(NonZeroU32),
    /// One for each core.
    All(AllWord),
}

/// The word `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AllWord {
    /// `all`.
    #[serde(rename = "all")]
    All,
}

/// The table `plan.load`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Clients, each with a schedule of its own.
    pub clients: Vec<u32>,
    /// Requests per second of all clients together. Empty for half of what one worker serves.
    pub rates_per_s: Vec<f64>,
    /// How requests of a client follow one another, as `--arrivals`.
    pub arrivals: String,
    /// Threads that serve.
    pub workers: Threads,
    /// Bound on the 99th percentile of the response time for which the highest rate is sought.
    pub knee_p99_us: Knee,
}

/// A number of microseconds, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "must be a number of microseconds, or \"none\"")]
pub enum Knee {
    /// So many.
    Micros(f64),
    /// No knee is sought.
    None(NoneWord),
}

/// The word `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoneWord {
    /// `none`.
    #[serde(rename = "none")]
    None,
}

/// The table `gate`: what a gate does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatePlan {
    /// Records per batch.
    pub batch_lens: Vec<u32>,
    /// Methods, as `nanogate gate --method`.
    pub methods: Vec<String>,
    /// Seconds for all that is measured.
    pub budget_s: GateBudget,
}

/// A number of seconds, or `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "must be a number of seconds, or \"auto\"")]
pub enum GateBudget {
    /// So many.
    Seconds(f64),
    /// One for each backend, batch and method.
    Auto(AutoWord),
}

/// The word `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AutoWord {
    /// `auto`.
    #[serde(rename = "auto")]
    Auto,
}

/// Longest batches of a run, and of a gate. What holds for a profile holds for flags.
pub const BATCH_LEN_MAX: u32 = 64 << 20;
/// Of a gate.
pub const GATE_BATCH_LEN_MAX: u32 = 1 << 20;
/// Most threads.
pub const THREADS_MAX: u32 = 1_024;
/// Most clients.
pub const CLIENTS_MAX: u32 = 10_000;
/// Most processes that measure one after the other.
pub const LAUNCHES_MAX: u32 = 100;
/// Seconds of one entry of a run, least and most, and of a whole gate.
pub const BUDGET_S: RangeInclusive<f64> = 0.01..=3_600.0;
/// Of a gate.
pub const GATE_BUDGET_S: RangeInclusive<f64> = 0.1..=86_400.0;
/// Highest rate, requests per second.
pub const RATE_MAX: f64 = 1e9;
/// Widest bound on a percentile, microseconds.
pub const KNEE_MAX_US: f64 = 1e8;

/// A list without repeats that is not empty.
fn check_list<T: PartialEq>(values: &[T], key: &'static str) -> Result<(), ProfileError> {
    refuse_unless(!values.is_empty(), key, "is empty")?;
    refuse_unless(is_distinct(values), key, "something is listed twice")
}

fn check_batch_lens(lens: &[u32], most: u32, key: &'static str) -> Result<(), ProfileError> {
    check_list(lens, key)?;
    let are_lens = lens.iter().all(|len| (1..=most).contains(len));
    refuse_unless(are_lens, key, format!("each must be from 1 to {most}"))
}

fn check_threads(threads: &[Threads], key: &'static str) -> Result<(), ProfileError> {
    let is_too_many =
        |one: &Threads| matches!(one, Threads::Count(count) if count.get() > THREADS_MAX);
    let says = format!("{THREADS_MAX} at most");
    refuse_unless(!threads.iter().any(is_too_many), key, says)
}

fn check_seconds(
    seconds: f64,
    range: &RangeInclusive<f64>,
    key: &'static str,
) -> Result<(), ProfileError> {
    let says = format!("must be from {} to {} seconds", range.start(), range.end());
    refuse_unless(range.contains(&seconds), key, says)
}

impl Plan {
    /// The operation. A plan that was read has one.
    #[must_use]
    pub fn op(&self) -> Op {
        self.ops.first().copied().unwrap_or(Op::Decide)
    }

    pub(super) fn check(&self) -> Result<(), ProfileError> {
        check_list(&self.ops, "plan.ops")?;
        refuse_unless(self.ops.len() == 1, "plan.ops", "a run measures one operation")?;
        check_batch_lens(&self.batch_lens, BATCH_LEN_MAX, "plan.batch_lens")?;
        check_list(&self.footprints, "plan.footprints")?;
        check_list(&self.threads, "plan.threads")?;
        check_threads(&self.threads, "plan.threads")?;
        check_list(&self.methods, "plan.methods")?;
        check_seconds(self.budget_s, &BUDGET_S, "plan.budget_s")?;
        let says = format!("must be from 1 to {LAUNCHES_MAX}");
        refuse_unless((1..=LAUNCHES_MAX).contains(&self.launches), "plan.launches", says)?;
        let says = "must be from 0 to 1000";
        refuse_unless(self.faults_permille <= 1000, "plan.faults_permille", says)?;
        self.load.check()
    }
}

impl Load {
    fn check(&self) -> Result<(), ProfileError> {
        let key = "plan.load.clients";
        check_list(&self.clients, key)?;
        let are_clients = self.clients.iter().all(|count| (1..=CLIENTS_MAX).contains(count));
        refuse_unless(are_clients, key, format!("each must be from 1 to {CLIENTS_MAX}"))?;
        let key = "plan.load.rates_per_s";
        refuse_unless(is_distinct(&self.rates_per_s), key, "a rate is listed twice")?;
        let are_rates = self.rates_per_s.iter().all(|&rate| rate > 0.0 && rate <= RATE_MAX);
        refuse_unless(are_rates, key, format!("each must be above 0, {RATE_MAX} at most"))?;
        check_threads(&[self.workers], "plan.load.workers")?;
        let is_bound = match self.knee_p99_us {
            Knee::Micros(micros) => micros > 0.0 && micros <= KNEE_MAX_US,
            Knee::None(_) => true,
        };
        let says = format!("must be above 0, {KNEE_MAX_US} at most");
        refuse_unless(is_bound, "plan.load.knee_p99_us", says)
    }
}

impl GatePlan {
    pub(super) fn check(&self) -> Result<(), ProfileError> {
        check_batch_lens(&self.batch_lens, GATE_BATCH_LEN_MAX, "gate.batch_lens")?;
        check_list(&self.methods, "gate.methods")?;
        match self.budget_s {
            GateBudget::Seconds(seconds) => check_seconds(seconds, &GATE_BUDGET_S, "gate.budget_s"),
            GateBudget::Auto(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::platform::tests::{refusal, text};

    /// Numbers out of their ranges, empty lists and repeats are told by their keys.
    #[test]
    fn plans_are_checked() {
        let line = |section: &str, key: &str| {
            let (_, rest) = text().split_once(section).unwrap();
            rest.lines().find(|line| line.starts_with(key)).unwrap().to_owned()
        };
        for (section, key, value, says) in [
            ("[plan]", "ops", "[]", "plan.ops: is empty"),
            ("[plan]", "batch_lens", "[0]", "plan.batch_lens: each must be"),
            ("[plan]", "threads", "[1, 2000]", "plan.threads: 1024 at most"),
            ("[plan]", "methods", "[\"latency\", \"latency\"]", "plan.methods: something"),
            ("[plan]", "budget_s", "0", "plan.budget_s"),
            ("[plan]", "launches", "101", "plan.launches"),
            ("[plan]", "faults_permille", "1001", "plan.faults_permille"),
            ("[plan.load]", "clients", "[20000]", "plan.load.clients"),
            ("[plan.load]", "rates_per_s", "[-1]", "plan.load.rates_per_s"),
            ("[plan.load]", "knee_p99_us", "0", "plan.load.knee_p99_us"),
            ("[gate]", "batch_lens", "[1048577]", "gate.batch_lens"),
            ("[gate]", "budget_s", "0.01", "gate.budget_s"),
        ] {
            let error = refusal(&line(section, key), &format!("{key} = {value}"));
            assert!(error.contains(says), "{key} = {value}: {error}");
        }
    }
}
