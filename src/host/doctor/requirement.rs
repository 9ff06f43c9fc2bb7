//! What a measurement asks of a machine, each by a name that a flag or a profile may give.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Examination, devices::Presence, judge::counters_available};
use crate::{
    host::{
        doctor::{devices::Device, facts::cores::Cores},
        timer::Source,
    },
    nearest,
    warning::LOAD_SHARE_MAX,
};

/// One requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Requirement {
    /// As many cores for this process.
    Cores(u32),
    /// The measuring core is kept free by the scheduler.
    Isolated,
    /// The governor is `performance` everywhere.
    Governor,
    /// No core runs above its nominal frequency.
    TurboOff,
    /// Hardware threads do not share cores.
    SmtOff,
    /// No hypervisor.
    BareMetal,
    /// Performance counters can be read.
    Counters,
    /// Nobody else uses the machine.
    Load,
    /// Large pages can be had: reserved, or transparent.
    HugePages,
    /// As many GiB of memory available.
    Memory(u32),
    /// A graphics processor that is not imitated.
    Vulkan,
    /// The simulator is built in.
    Verilator,
    /// Time is taken with the time-stamp counter.
    Tsc,
    /// The hypervisor took no time during the check.
    StealFree,
}

/// Why a text is no requirement.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// No requirement has this name.
    #[error("no requirement `{0}`; known: {KNOWN}{hint}", hint = hint(.0))]
    Unknown(String),
    /// A number is missing or is none.
    #[error("`{0}` needs a whole number above zero, as in {0}=4")]
    NoNumber(String),
    /// A number stands where none belongs.
    #[error("`{0}` takes no value")]
    Value(String),
}

/// The names, as messages list them.
const KNOWN: &str = "cores=N, isolated, governor, turbo-off, smt-off, bare-metal, counters, load, \
                     huge-pages, memory=GIB, vulkan, verilator, tsc, steal-free";

/// The one that was probably meant.
fn hint(name: &str) -> String {
    nearest::hint(name, Requirement::names().map(|name| name.trim_end_matches('=')))
}

/// A requirement set against a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The requirement.
    pub requirement: Requirement,
    /// Whether it is met. What is unknown is not.
    pub met: bool,
    /// What was found.
    pub found: String,
    /// What to do, where it is not met.
    pub remedy: Option<String>,
}

impl Requirement {
    /// Their names. Those that need a number end in `=`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let name = |shown: &'static str| shown.find('=').map_or(shown, |at| &shown[..=at]);
        KNOWN.split(", ").map(name)
    }
}

impl FromStr for Requirement {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (name, value) = match text.trim().split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text.trim(), None),
        };
        let number = || {
            let number = value.and_then(|value| value.parse().ok()).filter(|&number| number > 0);
            number.ok_or_else(|| ParseError::NoNumber(name.into()))
        };
        let plain = match name {
            "cores" => return Ok(Self::Cores(number()?)),
            "memory" => return Ok(Self::Memory(number()?)),
            "isolated" => Self::Isolated,
            "governor" => Self::Governor,
            "turbo-off" => Self::TurboOff,
            "smt-off" => Self::SmtOff,
            "bare-metal" => Self::BareMetal,
            "counters" => Self::Counters,
            "load" => Self::Load,
            "huge-pages" => Self::HugePages,
            "vulkan" => Self::Vulkan,
            "verilator" => Self::Verilator,
            "tsc" => Self::Tsc,
            "steal-free" => Self::StealFree,
            _ => return Err(ParseError::Unknown(name.into())),
        };
        if value.is_some() { Err(ParseError::Value(name.into())) } else { Ok(plain) }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Cores(count) => return write!(f, "cores={count}"),
            Self::Memory(gib) => return write!(f, "memory={gib}"),
            Self::Isolated => "isolated",
            Self::Governor => "governor",
            Self::TurboOff => "turbo-off",
            Self::SmtOff => "smt-off",
            Self::BareMetal => "bare-metal",
            Self::Counters => "counters",
            Self::Load => "load",
            Self::HugePages => "huge-pages",
            Self::Vulkan => "vulkan",
            Self::Verilator => "verilator",
            Self::Tsc => "tsc",
            Self::StealFree => "steal-free",
        };
        f.write_str(name)
    }
}

impl TryFrom<String> for Requirement {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Requirement> for String {
    fn from(requirement: Requirement) -> Self {
        requirement.to_string()
    }
}

/// What to do about what nobody can look up.
const UNTOLD: &str =
    "not told by this system; use bare metal, or take it out of the profile or the flag";

/// What was found, and whether it is what was required. `None` where it is unknown.
type Answer = (Option<bool>, String);

impl Requirement {
    /// Sets the requirement against a machine.
    #[must_use]
    pub fn check(self, examination: &Examination) -> Checked {
        let (met, found) = self.answer(examination);
        let (found, remedy) = match met {
            Some(true) => (found, None),
            Some(false) => (found, Some(self.remedy(examination))),
            None => (format!("unknown: {found}"), Some(UNTOLD.to_owned())),
        };
        Checked { requirement: self, met: met == Some(true), found, remedy }
    }

    fn answer(self, examination: &Examination) -> Answer {
        let facts = &examination.facts;
        let core = examination.core;
        match self {
            Self::Cores(wanted) => {
                let usable = facts.cores.usable.len();
                let known = (usable > 0).then_some(usable >= wanted as usize);
                (known, format!("{usable} cores for this process"))
            }
            Self::Isolated => {
                let isolated = facts.cores.isolated.as_ref();
                let met = isolated.map(|cores| cores.contains(&core));
                (met, said(met, &format!("core {core} is"), "isolated"))
            }
            Self::Governor => governor(examination),
            Self::TurboOff => switch("turbo", facts.frequency.turbo),
            Self::SmtOff => switch("SMT", facts.cores.smt_active),
            Self::BareMetal => {
                let met = facts.processor.hypervisor.map(|hypervisor| !hypervisor);
                (met, said(met, "the machine is", "free of a hypervisor"))
            }
            Self::Counters => {
                let met = counters_available(&examination.counters);
                (met, said(met, "performance counters are", "readable"))
            }
            Self::Load => load(examination),
            Self::HugePages => huge_pages(examination),
            Self::Memory(gib) => {
                let available = facts.memory.available_bytes;
                let met = available.map(|bytes| bytes >> 30 >= u64::from(gib));
                let mib = available.map_or(0, |bytes| bytes >> 20);
                (met, format!("{mib} MiB available"))
            }
            Self::Vulkan => device(&examination.devices.vulkan),
            Self::Verilator => device(&examination.devices.verilator),
            Self::Tsc => {
                let met = examination.timer.source == Source::Tsc;
                let why = examination.timer.tsc_unavailable.clone();
                (Some(met), why.unwrap_or_else(|| "the time-stamp counter is used".into()))
            }
            Self::StealFree => {
                let watched = examination.measured.watched.as_ref();
                let millis = watched.and_then(|watched| watched.steal_ms);
                let found = millis.map_or_else(
                    || "stolen time is not counted".to_owned(),
                    |millis| format!("{millis} ms stolen"),
                );
                (millis.map(|millis| millis == 0), found)
            }
        }
    }

    fn remedy(self, examination: &Examination) -> String {
        let core = examination.core;
        match self {
            Self::Cores(count) => format!("let this process use {count} cores (taskset, cgroup)"),
            Self::Isolated => isolate(core, &examination.facts.cores),
            Self::Governor | Self::TurboOff => "nanogate doctor --fix, as root".into(),
            Self::SmtOff => "echo off > /sys/devices/system/cpu/smt/control".into(),
            Self::BareMetal => "use a machine without a hypervisor".into(),
            Self::Counters => {
                "sysctl kernel.perf_event_paranoid=2, on a machine that passes counters on".into()
            }
            Self::Load => "stop other work, and wait a minute".into(),
            Self::HugePages => {
                "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, or reserve some".into()
            }
            Self::Memory(gib) => format!("free memory until {gib} GiB are available"),
            Self::Vulkan => {
                "install the driver of a graphics processor; see `nanogate backends`".into()
            }
            Self::Verilator => "install Verilator and build with `--features fpga`".into(),
            Self::Tsc => "use a processor with an invariant time-stamp counter".into(),
            Self::StealFree => "repeat, or use a machine that nobody shares".into(),
        }
    }
}

/// Where the scheduler keeps cores free, one of these; else it must be told to.
fn isolate(core: usize, cores: &Cores) -> String {
    let isolated = cores.isolated.as_deref().unwrap_or_default();
    let has = |core: &usize| cores.usable.contains(core);
    match isolated.iter().find(|core| has(core)) {
        Some(free) => format!("name an isolated core, as in --core {free}"),
        None if isolated.is_empty() => format!("boot with isolcpus={core}"),
        None => format!("let this process use an isolated core (cgroup): {isolated:?}"),
    }
}

fn said(met: Option<bool>, subject: &str, what: &str) -> String {
    let not = if met == Some(false) { "not " } else { "" };
    let whether = if met.is_none() { "the system does not say whether " } else { "" };
    format!("{whether}{subject} {not}{what}")
}

/// A switch that is to be off.
fn switch(name: &str, on: Option<bool>) -> Answer {
    let state = match on {
        Some(true) => "on",
        Some(false) => "off",
        None => "not told by the system",
    };
    (on.map(|on| !on), format!("{name} is {state}"))
}

fn governor(examination: &Examination) -> Answer {
    let policies = &examination.facts.frequency.policies;
    if policies.is_empty() {
        return (None, "no frequency policy is shown".into());
    }
    let is_set = |governor: &Option<String>| governor.as_deref() == Some("performance");
    let set = policies.iter().filter(|policy| is_set(&policy.governor)).count();
    let found = format!("`performance` in {set} of {} policies", policies.len());
    (Some(set == policies.len()), found)
}

fn load(examination: &Examination) -> Answer {
    let cores = examination.facts.cores.usable.len().max(1);
    let Some(load) = examination.facts.load.load_1min else {
        return (None, "the system does not tell its load".into());
    };
    let limit = cores as f64 * LOAD_SHARE_MAX;
    (Some(load <= limit), format!("load {load:.2}, at most {limit:.1} on {cores} cores"))
}

fn huge_pages(examination: &Examination) -> Answer {
    let memory = &examination.facts.memory;
    let transparent = memory.transparent_huge_pages.as_deref().map(|when| when != "never");
    let reserved = memory.huge_pages_free.map(|count| count > 0);
    let met = match (transparent, reserved) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    };
    let when = memory.transparent_huge_pages.as_deref().unwrap_or("not told");
    let count = memory.huge_pages_free.map_or_else(|| "not told".into(), |count| count.to_string());
    (met, format!("transparent: {when}; reserved and free: {count}"))
}

fn device(device: &Device) -> Answer {
    let imitated = if device.presence == Presence::Software { "imitated: " } else { "" };
    (Some(device.presence == Presence::Present), format!("{imitated}{}", device.detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::doctor::{facts::frequency, judge::sample::of, measure::watch::Watched};

    const ALL: [&str; 14] = [
        "cores=4",
        "isolated",
        "governor",
        "turbo-off",
        "smt-off",
        "bare-metal",
        "counters",
        "load",
        "huge-pages",
        "memory=16",
        "vulkan",
        "verilator",
        "tsc",
        "steal-free",
    ];

    fn met(files: &[(&str, &str)], requirement: &str) -> bool {
        requirement.parse::<Requirement>().unwrap().check(&of(files)).met
    }

    /// Every name is read as it is printed, also within JSON; what is no name is told.
    #[test]
    fn names_survive() {
        for name in ALL {
            let requirement: Requirement = name.parse().unwrap();
            assert_eq!(requirement.to_string(), name);
            let json = serde_json::to_string(&requirement).unwrap();
            assert_eq!(json, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<Requirement>(&json).unwrap(), requirement);
            let bare = name.split('=').next().unwrap();
            assert!(KNOWN.contains(bare), "{name}");
        }
        let error = |text: &str| text.parse::<Requirement>().unwrap_err().to_string();
        assert!(error("fast").contains("no requirement `fast`; known: cores=N"));
        assert!(error("cores").contains("cores=4"));
        assert!(error("memory=0").contains("memory=4"));
        assert!(error("tsc=1").contains("takes no value"));
        assert!(serde_json::from_str::<Requirement>("\"fast\"").is_err());
    }

    /// A system that says nothing meets nothing that it would have to say, and each has a remedy.
    #[test]
    fn unknown_is_unmet() {
        let mut examination = of(&[]);
        examination.timer.source = Source::Monotonic;
        for name in ALL {
            let checked = name.parse::<Requirement>().unwrap().check(&examination);
            assert!(!checked.met, "{checked:?}");
            assert!(checked.remedy.is_some(), "{checked:?}");
        }
    }

    /// What is not told has no command as its remedy; a core that is not free has one that can be
    /// had.
    #[test]
    fn remedies_can_be_followed() {
        let remedy = |files: &[(&str, &str)], name: &str| {
            name.parse::<Requirement>().unwrap().check(&of(files)).remedy.unwrap()
        };
        assert!(remedy(&[], "governor").starts_with("not told by this system"));
        let isolated = |cores| remedy(&[("/sys/devices/system/cpu/isolated", cores)], "isolated");
        assert_eq!(isolated("0"), "name an isolated core, as in --core 0");
        assert_eq!(isolated("\n"), "boot with isolcpus=1");
        assert!(isolated("7").contains("cgroup"));
    }

    /// Each requirement is met by a system that has it, and not by one that has the opposite.
    #[test]
    fn each_can_be_met_and_missed() {
        let cpu = "/sys/devices/system/cpu";
        let isolated = format!("{cpu}/isolated");
        let smt = format!("{cpu}/smt/active");
        let governor = format!("{}/policy0/scaling_governor", frequency::POLICIES);
        let pages = "/sys/kernel/mm/transparent_hugepage/enabled";
        let cases = [
            ("isolated", isolated.as_str(), "1", "0"),
            ("governor", &governor, "performance", "powersave"),
            ("turbo-off", frequency::NO_TURBO, "1", "0"),
            ("smt-off", &smt, "0", "1"),
            ("bare-metal", "/proc/cpuinfo", "flags : fpu\n", "flags : hypervisor\n"),
            ("load", "/proc/loadavg", "0.9 0 0 1/1 1", "1.1 0 0 1/1 1"),
            ("huge-pages", pages, "always [madvise] never", "always madvise [never]"),
            ("memory=2", "/proc/meminfo", "MemAvailable: 2097152 kB", "MemAvailable: 9 kB"),
        ];
        for (name, path, good, bad) in cases {
            assert!(met(&[(path, good)], name), "{name}");
            assert!(!met(&[(path, bad)], name), "{name}");
        }
        assert!(met(&[], "cores=2") && !met(&[], "cores=3"));
    }

    /// What is measured or probed counts too; an imitated device is none.
    #[test]
    fn probes_and_effects_count() {
        let mut examination = of(&[]);
        examination.timer.source = Source::Tsc;
        examination.devices.vulkan.presence = Presence::Software;
        examination.devices.verilator.presence = Presence::Present;
        let mut watched = Watched {
            seconds: 1.0,
            interrupts: None,
            steal_ms: Some(0),
            steal_percent_since_boot: None,
            throttled_count: None,
        };
        examination.measured.watched = Some(watched.clone());
        assert!(Requirement::Tsc.check(&examination).met);
        assert!(!Requirement::Vulkan.check(&examination).met);
        assert!(Requirement::Verilator.check(&examination).met);
        assert!(Requirement::StealFree.check(&examination).met);
        watched.steal_ms = Some(10);
        examination.measured.watched = Some(watched);
        assert!(!Requirement::StealFree.check(&examination).met);
    }
}
