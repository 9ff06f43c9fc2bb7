//! What decides how fast a core runs: governor, limits, turbo, sleep states, heat.

use serde::Serialize;

use super::cores::flag;
use crate::host::doctor::root::Root;

/// Folder of all frequency policies.
pub const POLICIES: &str = "/sys/devices/system/cpu/cpufreq";
/// Switch of turbo with Intel's own driver: `1` is off.
pub const NO_TURBO: &str = "/sys/devices/system/cpu/intel_pstate/no_turbo";
/// Switch of turbo with other drivers: `0` is off.
pub const BOOST: &str = "/sys/devices/system/cpu/cpufreq/boost";

/// Cores that change frequency together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Its number.
    pub policy: usize,
    /// Its cores.
    pub cores: Vec<usize>,
    /// What sets the frequency.
    pub driver: Option<String>,
    /// What decides the frequency.
    pub governor: Option<String>,
    /// The governors there are.
    pub governors_available: Vec<String>,
    /// Least frequency allowed, kHz.
    pub frequency_khz_min: Option<u64>,
    /// Most frequency allowed, kHz.
    pub frequency_khz_max: Option<u64>,
    /// Frequency when it was read, kHz.
    pub frequency_khz_now: Option<u64>,
}

/// Frequencies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frequency {
    /// All policies. Empty where the system has none to show.
    pub policies: Vec<Policy>,
    /// Whether a core may run above its nominal frequency.
    pub turbo: Option<bool>,
}

impl Frequency {
    pub(super) fn read(root: &Root) -> Self {
        let policies = root.numbered(POLICIES, "policy");
        let no_turbo = root.text(NO_TURBO).and_then(|text| flag(&text)).map(|off| !off);
        Self {
            policies: policies.into_iter().map(|policy| self::policy(root, policy)).collect(),
            turbo: no_turbo.or_else(|| root.text(BOOST).and_then(|text| flag(&text))),
        }
    }
}

fn policy(root: &Root, policy: usize) -> Policy {
    let file = |name: &str| format!("{POLICIES}/policy{policy}/{name}");
    let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
    let cores = root.text(&file("affected_cpus")).unwrap_or_default();
    Policy {
        policy,
        cores: cores.split_whitespace().filter_map(|core| core.parse().ok()).collect(),
        driver: root.text(&file("scaling_driver")),
        governor: root.text(&file("scaling_governor")),
        governors_available: root
            .text(&file("scaling_available_governors"))
            .map_or_else(Vec::new, words),
        frequency_khz_min: root.number(&file("scaling_min_freq")),
        frequency_khz_max: root.number(&file("scaling_max_freq")),
        frequency_khz_now: root.number(&file("scaling_cur_freq")),
    }
}

/// One sleep state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdleState {
    /// Its name.
    pub name: String,
    /// Time to wake up from it, as the driver says, microseconds.
    pub latency_us: u64,
    /// Whether it was turned off.
    pub is_disabled: bool,
}

/// Sleep states of the measuring core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Idle {
    /// What puts cores to sleep. `none` where the kernel only halts.
    pub driver: Option<String>,
    /// The states, lightest first.
    pub states: Vec<IdleState>,
}

impl Idle {
    pub(super) fn read(root: &Root, core: usize) -> Self {
        let folder = format!("/sys/devices/system/cpu/cpu{core}/cpuidle");
        let state = |state: usize| {
            let file = |name: &str| format!("{folder}/state{state}/{name}");
            Some(IdleState {
                name: root.text(&file("name"))?,
                latency_us: root.number(&file("latency"))?,
                is_disabled: root.text(&file("disable")).is_some_and(|text| text != "0"),
            })
        };
        Self {
            driver: root.text("/sys/devices/system/cpu/cpuidle/current_driver"),
            states: root.numbered(&folder, "state").into_iter().filter_map(state).collect(),
        }
    }

    /// The deepest state that is not turned off.
    #[must_use]
    pub fn deepest(&self) -> Option<&IdleState> {
        let on = self.states.iter().filter(|state| !state.is_disabled);
        on.max_by_key(|state| state.latency_us)
    }
}

/// One temperature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Zone {
    /// What is measured.
    pub name: String,
    /// Degrees Celsius.
    pub celsius: f64,
    /// Degrees Celsius from which on the system slows down or stops.
    pub celsius_limit: Option<f64>,
}

/// Heat.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Thermal {
    /// The temperatures that are readable.
    pub zones: Vec<Zone>,
    /// Times that any core was slowed by heat since the machine started.
    pub throttled_count: Option<u64>,
}

impl Thermal {
    pub(super) fn read(root: &Root) -> Self {
        let zones = root.numbered("/sys/class/thermal", "thermal_zone");
        Self {
            zones: zones.into_iter().filter_map(|zone| self::zone(root, zone)).collect(),
            throttled_count: throttled_count(root),
        }
    }
}

/// Times that any core was slowed by heat. `None` where no core counts them.
pub(in crate::host::doctor) fn throttled_count(root: &Root) -> Option<u64> {
    let cores = root.numbered("/sys/devices/system/cpu", "cpu").into_iter();
    let counts = cores.filter_map(|core| {
        let folder = format!("/sys/devices/system/cpu/cpu{core}/thermal_throttle");
        root.number::<u64>(&format!("{folder}/core_throttle_count"))
    });
    counts.reduce(u64::saturating_add)
}

fn zone(root: &Root, zone: usize) -> Option<Zone> {
    let folder = format!("/sys/class/thermal/thermal_zone{zone}");
    let celsius = |milli: i64| milli as f64 / 1e3;
    let limit = |trip: usize| {
        let kind = root.text(&format!("{folder}/trip_point_{trip}_type"))?;
        let milli = root.number::<i64>(&format!("{folder}/trip_point_{trip}_temp"))?;
        // A trip point that the driver does not use reads zero or less.
        (matches!(kind.as_str(), "passive" | "hot" | "critical") && milli > 0).then_some(milli)
    };
    Some(Zone {
        name: root.text(&format!("{folder}/type"))?,
        celsius: celsius(root.number(&format!("{folder}/temp"))?),
        celsius_limit: (0..12).filter_map(limit).min().map(celsius),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::doctor::root::fake::tree;

    /// Policies with their governors; turbo by either switch, whose senses are opposite.
    #[test]
    fn policies_and_turbo_are_read() {
        let (_folder, root) = tree(&[
            ("/sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "powersave\n"),
            ("/sys/devices/system/cpu/cpufreq/policy0/affected_cpus", "0 1\n"),
            (
                "/sys/devices/system/cpu/cpufreq/policy0/scaling_available_governors",
                "performance powersave\n",
            ),
            ("/sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq", "3500000\n"),
            (NO_TURBO, "0\n"),
        ]);
        let frequency = Frequency::read(&root);
        let policy = &frequency.policies[0];
        assert_eq!(policy.cores, [0, 1]);
        assert_eq!(policy.governors_available, ["performance", "powersave"]);
        assert_eq!((policy.frequency_khz_max, policy.frequency_khz_min), (Some(3_500_000), None));
        assert_eq!(frequency.turbo, Some(true));
        let (_folder, root) = tree(&[(BOOST, "0")]);
        assert_eq!(Frequency::read(&root).turbo, Some(false));
    }

    /// The deepest state is one that is on; heat has its nearest limit.
    #[test]
    fn sleep_and_heat_are_read() {
        let idle = "/sys/devices/system/cpu/cpu1/cpuidle";
        let file = |name: &str| format!("{idle}/{name}");
        let zone = "/sys/class/thermal/thermal_zone0";
        let (_folder, root) = tree(&[
            (&file("state0/name"), "POLL"),
            (&file("state0/latency"), "0"),
            (&file("state1/name"), "C1"),
            (&file("state1/latency"), "2"),
            (&file("state1/disable"), "0"),
            (&file("state2/name"), "C6"),
            (&file("state2/latency"), "133"),
            (&file("state2/disable"), "1"),
            (&format!("{zone}/type"), "x86_pkg_temp"),
            (&format!("{zone}/temp"), "71500"),
            (&format!("{zone}/trip_point_0_type"), "critical"),
            (&format!("{zone}/trip_point_0_temp"), "100000"),
            (&format!("{zone}/trip_point_1_type"), "passive"),
            (&format!("{zone}/trip_point_1_temp"), "95000"),
            (&format!("{zone}/trip_point_2_type"), "passive"),
            (&format!("{zone}/trip_point_2_temp"), "0"),
            ("/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "3"),
            ("/sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "4"),
        ]);
        let idle = Idle::read(&root, 1);
        assert_eq!(idle.states.len(), 3);
        assert_eq!(idle.deepest().map(|state| state.name.as_str()), Some("C1"));
        let thermal = Thermal::read(&root);
        assert_eq!((thermal.zones[0].celsius, thermal.zones[0].celsius_limit), (71.5, Some(95.0)));
        assert_eq!(thermal.throttled_count, Some(7));
    }
}
