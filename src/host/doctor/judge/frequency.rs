//! Governor, limits, turbo, sleep states and heat.

use super::Examination;
use crate::host::doctor::{
    facts::frequency::{Policy, Zone},
    finding::{Finding, Subject},
};

/// A sleep state from which waking up takes longer is deep, microseconds.
const SHALLOW_US_MAX: u64 = 10;
/// How near to its limit a temperature may come, degrees.
const MARGIN_CELSIUS: f64 = 10.0;

pub(super) fn findings(examination: &Examination) -> Vec<Finding> {
    let mut found = vec![governor(examination), limits(examination), turbo(examination)];
    found.push(idle(examination));
    found.push(temperature(&examination.facts.thermal.zones));
    found.push(throttling(examination));
    found
}

fn governor(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Frequency, "governor");
    let policies = &examination.facts.frequency.policies;
    let others: Vec<&Policy> = policies
        .iter()
        .filter(|policy| policy.governor.as_deref() != Some("performance"))
        .collect();
    let all = policies.len();
    if policies.is_empty() {
        let why = "no frequency policy is shown; a hypervisor or firmware decides";
        return Finding::unknown(subject, code, why).effect_of(
            "variation of the speed",
            examination.variation_percent(),
            "%",
        );
    }
    let Some(first) = others.first() else {
        return Finding::ok(subject, code, format!("`performance` in all of {all} policies"));
    };
    let name = first.governor.as_deref().unwrap_or("unknown");
    let text = format!("`{name}` in {} of {all} policies", others.len());
    let finding = Finding::warning(subject, code, text).effect_of(
        "variation of the speed",
        examination.variation_percent(),
        "%",
    );
    finding.advice("set it to `performance`: nanogate doctor --fix")
}

/// The policy of the measuring core, where there is one.
fn policy(examination: &Examination) -> Option<&Policy> {
    let policies = &examination.facts.frequency.policies;
    policies.iter().find(|policy| policy.cores.contains(&examination.core))
}

fn limits(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Frequency, "frequency");
    let Some(policy) = policy(examination) else {
        return Finding::unknown(subject, code, "no policy tells that of the measuring core");
    };
    let megahertz = |khz: Option<u64>| {
        khz.map_or_else(|| "unknown".to_owned(), |khz| format!("{} MHz", khz / 1_000))
    };
    let text = format!(
        "{} now, {} to {} allowed ({})",
        megahertz(policy.frequency_khz_now),
        megahertz(policy.frequency_khz_min),
        megahertz(policy.frequency_khz_max),
        policy.driver.as_deref().unwrap_or("driver unknown")
    );
    let known = policy.frequency_khz_min.is_some() && policy.frequency_khz_max.is_some();
    if known { Finding::ok(subject, code, text) } else { Finding::unknown(subject, code, text) }
}

fn turbo(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Frequency, "turbo");
    match examination.facts.frequency.turbo {
        None => Finding::unknown(subject, code, "the system has no switch for it"),
        Some(false) => Finding::ok(subject, code, "off"),
        Some(true) => {
            Finding::warning(subject, code, "on: speed depends on heat and on other cores")
                .effect_of("variation of the speed", examination.variation_percent(), "%")
                .advice("turn it off to compare, not to find the best time: nanogate doctor --fix")
        }
    }
}

fn idle(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Idle, "sleep-states");
    let idle = &examination.facts.idle;
    let Some(deepest) = idle.deepest() else {
        let driver = idle.driver.as_deref().map(|driver| format!("driver `{driver}`"));
        let driver = driver.unwrap_or_else(|| "no driver".into());
        return Finding::unknown(subject, code, format!("{driver} shows none")).effect_of(
            "median lateness of a wake-up",
            examination.late_us_p50(),
            "us",
        );
    };
    let text = format!("down to {}, {} us to wake up", deepest.name, deepest.latency_us);
    if deepest.latency_us <= SHALLOW_US_MAX {
        return Finding::ok(subject, code, text);
    }
    Finding::note(subject, code, text)
        .effect_of("median lateness of a wake-up", examination.late_us_p50(), "us")
        .advice("for latency of what sleeps, hold /dev/cpu_dma_latency at 0 or disable the state")
}

fn temperature(zones: &[Zone]) -> Finding {
    let (subject, code) = (Subject::Thermal, "temperature");
    let hottest = zones.iter().max_by(|one, other| one.celsius.total_cmp(&other.celsius));
    let Some(hottest) = hottest else {
        return Finding::unknown(subject, code, "no temperature is readable");
    };
    let margin = |zone: &Zone| zone.celsius_limit.map(|limit| limit - zone.celsius);
    let near = zones.iter().find(|zone| margin(zone).is_some_and(|left| left < MARGIN_CELSIUS));
    if let Some(zone) = near {
        let limit = zone.celsius_limit.unwrap_or(zone.celsius);
        let text = format!("{} at {:.0} C, limit {limit:.0} C", zone.name, zone.celsius);
        return Finding::warning(subject, code, text)
            .advice("cool the machine: near its limit the processor slows down");
    }
    let text =
        format!("{} at {:.0} C, the hottest of {}", hottest.name, hottest.celsius, zones.len());
    if zones.iter().all(|zone| zone.celsius_limit.is_some()) {
        Finding::ok(subject, code, text)
    } else {
        Finding::note(subject, code, format!("{text}; not every limit is known"))
    }
}

fn throttling(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Thermal, "throttling");
    let now = examination.measured.watched.as_ref().and_then(|watched| watched.throttled_count);
    match (examination.facts.thermal.throttled_count, now) {
        (None, _) => Finding::unknown(subject, code, "no core counts it"),
        (Some(_), Some(now)) if now > 0 => {
            Finding::warning(subject, code, format!("slowed by heat {now} times during this check"))
                .effect_of("variation of the speed", examination.variation_percent(), "%")
                .advice("cool the machine, or lower the frequency until it keeps it")
        }
        (Some(0), _) => Finding::ok(subject, code, "never since the machine started"),
        (Some(count), _) => {
            Finding::note(subject, code, format!("{count} times since the machine started"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{found, of};
    use super::*;
    use crate::host::doctor::{facts::frequency, finding::Severity, measure::watch::Watched};

    /// One policy with another governor is enough for a warning; without policies it is unknown.
    #[test]
    fn every_policy_counts() {
        let file =
            |policy: usize, name: &str| format!("{}/policy{policy}/{name}", frequency::POLICIES);
        let governors = |second: &str| {
            let files = [
                (file(0, "scaling_governor"), "performance"),
                (file(1, "scaling_governor"), second),
            ];
            let files = files.each_ref().map(|(path, text)| (path.as_str(), *text));
            found(&of(&files), "governor")
        };
        assert_eq!(governors("performance").severity, Severity::Ok);
        let one = governors("powersave");
        assert_eq!(one.severity, Severity::Warning);
        assert_eq!(one.found, "`powersave` in 1 of 2 policies");
        assert!(found(&of(&[]), "governor").found.starts_with("unknown"));
    }

    /// Turbo is judged by the switch that there is.
    #[test]
    fn turbo_is_judged() {
        let turbo = |path: &str, text: &str| found(&of(&[(path, text)]), "turbo").severity;
        assert_eq!(turbo(frequency::NO_TURBO, "0"), Severity::Warning);
        assert_eq!(turbo(frequency::NO_TURBO, "1"), Severity::Ok);
        assert_eq!(turbo(frequency::BOOST, "1"), Severity::Warning);
    }

    /// Deep sleep is a note. Heat near a limit is a warning, and without a limit never fine.
    #[test]
    fn sleep_and_heat_are_judged() {
        let idle = "/sys/devices/system/cpu/cpu1/cpuidle/state1";
        let (name, latency) = (format!("{idle}/name"), format!("{idle}/latency"));
        let deep = |us| found(&of(&[(&name, "C6"), (&latency, us)]), "sleep-states").severity;
        assert_eq!((deep("2"), deep("133")), (Severity::Ok, Severity::Note));
        let zone = |celsius, celsius_limit| {
            temperature(&[Zone { name: "core".into(), celsius, celsius_limit }]).severity
        };
        assert_eq!(zone(50.0, Some(95.0)), Severity::Ok);
        assert_eq!(zone(90.0, Some(95.0)), Severity::Warning);
        assert_eq!(zone(50.0, None), Severity::Note);
    }

    /// Throttling during the check is a warning, earlier throttling a note.
    #[test]
    fn throttling_is_judged() {
        let count = "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count";
        let judged = |before, now| {
            let mut examination = of(&[(count, before)]);
            examination.measured.watched = Some(Watched {
                seconds: 1.0,
                interrupts: None,
                steal_ms: None,
                steal_percent_since_boot: None,
                throttled_count: Some(now),
            });
            found(&examination, "throttling").severity
        };
        assert_eq!(judged("0", 0), Severity::Ok);
        assert_eq!(judged("5", 0), Severity::Note);
        assert_eq!(judged("5", 1), Severity::Warning);
    }
}
