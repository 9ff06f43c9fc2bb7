//! What may be wrong with a measurement. Each warning has a code, its evidence, and advice.

use serde::Serialize;
use thiserror::Error;

use crate::{
    host::{fingerprint::Fingerprint, schedule::Disturbance, timer},
    plural::counted,
};

/// A reason to distrust a number.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Warning {
    /// Optimisations are off.
    #[error("this is a debug build: build with --release before you believe a number")]
    DebugBuild,
    /// The measuring thread may wander.
    #[error("the measuring thread is not pinned: {0}")]
    NotPinned(String),
    /// The run is not of the whole processor.
    #[error("processor features were hidden: {0}; the roof does without them too")]
    HiddenFeatures(String),
    /// The host lacks what the profile wants.
    #[error("profile {id} wants what is not so: {what}; `nanogate profile check` says more")]
    ProfileUnmet {
        /// Id of the profile.
        id: String,
        /// What is not so, and what was found.
        what: String,
    },
    /// The host is not one that the profile is for.
    #[error("profile {id} is not for this host: {what}; `nanogate profile detect` names one")]
    ProfileMismatch {
        /// Id of the profile.
        id: String,
        /// The rules that do not fit.
        what: String,
    },
    /// Flags changed what the profile says.
    #[error("flags took the place of what profile {id} says: {flags}")]
    ProfileOverridden {
        /// Id of the profile.
        id: String,
        /// The flags.
        flags: String,
    },
    /// The slower clock is in use.
    #[error("timing with the OS clock, not the time-stamp counter: {0}")]
    NoTsc(String),
    /// Others use the machine.
    #[error("the load was {load:.1} on {cores} cores when the run began: stop other work")]
    Load {
        /// Load of the last minute.
        load: f64,
        /// Usable cores.
        cores: usize,
    },
    /// The clock of the core may change.
    #[error("the frequency governor is `{0}`: set it to `performance`")]
    Governor(String),
    /// Hardware threads share cores.
    #[error("hardware threads share cores: leave the sibling idle or turn SMT off")]
    Smt,
    /// The hypervisor may take the core away.
    #[error("a virtual machine: other guests can slow this one without a trace here")]
    Virtualised,
    /// More threads than cores.
    #[error(
        "{threads} threads share {}: their figures say how they share, no more",
        counted(*.cores, "core")
    )]
    Oversubscribed {
        /// Threads asked for.
        threads: usize,
        /// Usable cores.
        cores: usize,
    },
    /// The thread changed cores.
    #[error("the thread changed cores while measuring: reserve a core with --core")]
    Moved,
    /// The scheduler took the core away.
    #[error("the scheduler took the core away {0} times while measuring: stop other work")]
    Preempted(u64),
    /// The hypervisor took the core away.
    #[error("the hypervisor took the core away for {0} ms while measuring: repeat the run")]
    Steal(u64),
    /// The interval is wider than asked for.
    #[error("the interval is +-{percent:.1} %, wider than +-{wanted:.1} %: raise --budget")]
    WideInterval {
        /// Half width reached, percent.
        percent: f64,
        /// Half width asked for, percent.
        wanted: f64,
    },
    /// There was no steady state.
    #[error(
        "the readings never became steady: they still changed in the second half; repeat the run, \
         or raise --budget"
    )]
    NotSteady,
    /// The harness does not read zero of nothing.
    #[error(
        "{method} reads {net_ns:.3} ns of an empty operation, beyond the {resolution_ns:.3} ns \
         that the timer resolves: believe no figure near that"
    )]
    EmptyNotZero {
        /// The method.
        method: &'static str,
        /// Median, less the control.
        net_ns: f64,
        /// What the timer resolves.
        resolution_ns: f64,
    },
    /// What was seen before is faster.
    #[error(
        "{backend} is {ratio:.2} times as fast on {records} records over and over as on different \
         ones, all in the first cache: something remembers them"
    )]
    RepeatsDiffer {
        /// Id of the backend.
        backend: &'static str,
        /// Times as fast on repeated inputs.
        ratio: f64,
        /// Records that were repeated.
        records: usize,
    },
    /// A driver imitates the device.
    #[error("{0} is imitated on this machine's processor: no figure of it is one of a GPU")]
    Software(String),
    /// No device time.
    #[error("{backend} has no device time: {reason}")]
    NoDeviceTime {
        /// Id of the backend.
        backend: String,
        /// Why.
        reason: String,
    },
    /// A device was not asked for everything.
    #[error(
        "{backend} is not measured where more than {most} batches are in rotation, since verifying \
         takes a call each: {places}"
    )]
    DeviceLeftOut {
        /// Id of the backend.
        backend: &'static str,
        /// Most batches in rotation.
        most: usize,
        /// Batch lengths and homes.
        places: String,
    },
    /// The stages do not explain the whole.
    #[error(
        "the stages add up to {percent:.1} % of the host's time around them, more than \
         {tolerance:.0} % off: the clocks or the medians do not fit together"
    )]
    StagesOff {
        /// Sum of the stages over the time end to end, percent.
        percent: f64,
        /// How far it may be off, percent.
        tolerance: f64,
    },
    /// A batch in stages is no plain batch.
    #[error(
        "taken apart, a batch takes {percent:.0} % of the time of a plain one beside it: \
         timestamps have a price on this device; read the shares of the stages, and the plain time"
    )]
    TimestampsCost {
        /// A batch in stages over a plain one, percent.
        percent: f64,
    },
    /// The device's clock is ahead of the host's.
    #[error("in {0} readings the device counted more time than the host had waited")]
    ClockOverrun(u64),
    /// The latency of a simulated design depends on more than the design.
    #[error(
        "the latency is {least} to {most} cycles while nobody holds back the output: it should be \
         the same for every beat"
    )]
    LatencyNotConstant {
        /// Least, in cycles.
        least: u64,
        /// Most, in cycles.
        most: u64,
    },
    /// A simulated design does not take a beat in each cycle.
    #[error(
        "beats are taken {least} to {most} cycles apart while nobody waits: an initiation interval \
         of 1 is the goal"
    )]
    IntervalNotOne {
        /// Least, in cycles.
        least: u64,
        /// Most, in cycles.
        most: u64,
    },
    /// There is no clock to model time with.
    #[error("{backend} has no timing report of what runs, so no modelled time: {reason}")]
    NoTimingReport {
        /// Id of the backend.
        backend: String,
        /// Why.
        reason: String,
    },
    /// More is asked for than can be served.
    #[error(
        "{achieved_per_s:.0} of {offered_per_s:.0} requests/s were served, or waiting grew until \
         the end: the response times grow with --budget and mean nothing; lower --rate"
    )]
    Saturated {
        /// Requests per second offered.
        offered_per_s: f64,
        /// Requests per second served.
        achieved_per_s: f64,
    },
    /// Requests were given up.
    #[error(
        "{lost} of {requests} requests were not begun in twice the time: percentiles of the \
         response time would be those of the lucky, and are left out; lower --rate"
    )]
    LostRequests {
        /// Requests never served.
        lost: u64,
        /// Requests that came.
        requests: u64,
    },
    /// Clients asked for nothing.
    #[error(
        "{silent} of {clients} clients never asked for anything: raise --rate or --budget, or this \
         is a load of fewer clients"
    )]
    ClientsSilent {
        /// Clients without a request.
        silent: usize,
        /// Clients.
        clients: usize,
    },
    /// Free workers began late.
    #[error(
        "workers that were free began requests {late_ns:.0} ns late (p99), beside a response time \
         of {response_ns:.0} ns (p99): that part is the harness, or a worker that lost its core"
    )]
    ArrivalsLate {
        /// From the intended start to the start of service, 99th percentile, in nanoseconds.
        late_ns: f64,
        /// Response time, 99th percentile, in nanoseconds.
        response_ns: f64,
    },
    /// No rate held.
    #[error(
        "no rate holds the bound of --knee-p99{}: raise it, or --budget to try lower rates",
        lowest_per_s.map_or_else(String::new, |rate| format!(", not even {rate:.0} requests/s"))
    )]
    NoKnee {
        /// The lowest rate that was tried, in requests per second.
        lowest_per_s: Option<f64>,
    },
    /// The reading is mostly the timer.
    #[error("an empty reading takes {floor_ns:.0} ns of these {p50_ns:.0} ns: use throughput")]
    TimerFloor {
        /// Median reading of an empty operation.
        floor_ns: f64,
        /// Median reading of the operation.
        p50_ns: f64,
    },
}

/// Code of [`Warning::HiddenFeatures`].
const HIDDEN_FEATURES: &str = "hidden-features";

/// What a record's warnings say of processor features that were hidden, where any were: figures
/// with and without them are not of the same processor.
#[must_use]
pub fn hidden_features(warnings: &[WarningRecord]) -> Option<&str> {
    let hidden = warnings.iter().find(|warning| warning.code == HIDDEN_FEATURES);
    hidden.map(|warning| warning.message.as_str())
}

/// A warning as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct WarningRecord {
    /// Stable name of the kind.
    pub code: String,
    /// Evidence and advice for people.
    pub message: String,
}

impl Warning {
    /// Stable name of the kind.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DebugBuild => "debug-build",
            Self::NotPinned(_) => "not-pinned",
            Self::HiddenFeatures(_) => HIDDEN_FEATURES,
            Self::ProfileUnmet { .. } => "profile-unmet",
            Self::ProfileMismatch { .. } => "profile-mismatch",
            Self::ProfileOverridden { .. } => "profile-overridden",
            Self::NoTsc(_) => "no-tsc",
            Self::Load { .. } => "load",
            Self::Governor(_) => "governor",
            Self::Smt => "smt",
            Self::Virtualised => "virtualised",
            Self::Oversubscribed { .. } => "oversubscribed",
            Self::Moved => "moved",
            Self::Preempted(_) => "preempted",
            Self::Steal(_) => "steal",
            Self::WideInterval { .. } => "wide-interval",
            Self::NotSteady => "not-steady",
            Self::EmptyNotZero { .. } => "empty-not-zero",
            Self::RepeatsDiffer { .. } => "repeats-differ",
            Self::Software(_) => "software",
            Self::NoDeviceTime { .. } => "no-device-time",
            Self::DeviceLeftOut { .. } => "device-left-out",
            Self::StagesOff { .. } => "stages-off",
            Self::TimestampsCost { .. } => "timestamps-cost",
            Self::ClockOverrun(_) => "clock-overrun",
            Self::LatencyNotConstant { .. } => "latency-not-constant",
            Self::IntervalNotOne { .. } => "interval-not-one",
            Self::NoTimingReport { .. } => "no-timing-report",
            Self::Saturated { .. } => "saturated",
            Self::LostRequests { .. } => "lost-requests",
            Self::ClientsSilent { .. } => "clients-silent",
            Self::ArrivalsLate { .. } => "arrivals-late",
            Self::NoKnee { .. } => "no-knee",
            Self::TimerFloor { .. } => "timer-floor",
        }
    }

    /// The warning as it is stored.
    #[must_use]
    pub fn record(&self) -> WarningRecord {
        WarningRecord { code: self.code().into(), message: self.to_string() }
    }
}

/// Share of the usable cores that may be busy before it is worth a warning.
pub const LOAD_SHARE_MAX: f64 = 0.5;

/// What is wrong with the machine before anything is measured.
#[must_use]
pub fn of_host(host: &Fingerprint, timer: &timer::Quality) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if cfg!(debug_assertions) {
        warnings.push(Warning::DebugBuild);
    }
    if let Some(reason) = &timer.tsc_unavailable {
        warnings.push(Warning::NoTsc(reason.clone()));
    }
    if let Some(load) = host.load_1min
        && load > host.cores_usable as f64 * LOAD_SHARE_MAX
    {
        warnings.push(Warning::Load { load, cores: host.cores_usable });
    }
    if let Some(governor) = &host.governor
        && governor != "performance"
    {
        warnings.push(Warning::Governor(governor.clone()));
    }
    if host.smt_active == Some(true) {
        warnings.push(Warning::Smt);
    }
    if host.virtualised == Some(true) {
        warnings.push(Warning::Virtualised);
    }
    warnings
}

/// What went wrong while one entry was measured.
#[must_use]
pub fn of_disturbance(disturbance: &Disturbance) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if disturbance.moved || disturbance.migrations.is_some_and(|count| count > 0) {
        warnings.push(Warning::Moved);
    }
    if let Some(count) = disturbance.involuntary_switches.filter(|&count| count > 0) {
        warnings.push(Warning::Preempted(count));
    }
    if let Some(millis) = disturbance.steal_ms.filter(|&millis| millis > 0) {
        warnings.push(Warning::Steal(millis));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each kind of disturbance gives its warning; a quiet run gives none.
    #[test]
    fn disturbances_become_warnings() {
        assert_eq!(of_disturbance(&Disturbance::default()), []);
        let disturbance = Disturbance {
            core: Some(1),
            moved: false,
            involuntary_switches: Some(3),
            migrations: Some(1),
            steal_ms: Some(20),
        };
        let codes: Vec<_> = of_disturbance(&disturbance).iter().map(Warning::code).collect();
        assert_eq!(codes, ["moved", "preempted", "steal"]);
    }

    /// A busy machine is told from an idle one.
    #[test]
    fn load_is_judged_by_the_cores() {
        let mut host = Fingerprint::read();
        let timer = timer::Timer::qualify();
        let has_load = |host: &Fingerprint| {
            of_host(host, timer.quality()).iter().any(|warning| warning.code() == "load")
        };
        host.cores_usable = 4;
        host.load_1min = Some(1.9);
        assert!(!has_load(&host));
        host.load_1min = Some(2.1);
        assert!(has_load(&host));
    }
}
