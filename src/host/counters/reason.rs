//! Why an event is not counted, and what would help: the kernel's answers in words.

use super::{Event, Span};

/// An event that is not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// Why.
    pub reason: String,
    /// What would help, where anything would.
    pub remedy: Option<String>,
}

impl Unavailable {
    pub(super) fn new(reason: impl Into<String>, remedy: Option<&str>) -> Self {
        Self { reason: reason.into(), remedy: remedy.map(str::to_owned) }
    }
}

/// Events of a group that opened, and then counted nothing in work that makes them happen: the
/// whole group is of no use then.
pub(super) fn standing(events: &[Event], spans: &[Span]) -> Vec<(Event, Unavailable)> {
    let stands = |(event, span): (&Event, &Span)| event.always_happens() && span.count == 0;
    let ran = spans.len() == events.len() && spans.iter().all(|span| span.running_ns > 0);
    if ran && !events.iter().zip(spans).any(stands) {
        return Vec::new();
    }
    let reason = if ran {
        "the counters open but stand still: a hypervisor that imitates them in part"
    } else {
        "the counters open but never run: others hold all that the processor has"
    };
    let remedy = if ran {
        "give the virtual machine a whole performance monitoring unit, or run on the host itself"
    } else {
        "stop other profilers; free a counter with sysctl kernel.nmi_watchdog=0"
    };
    events.iter().map(|&event| (event, Unavailable::new(reason, Some(remedy)))).collect()
}

#[cfg(target_os = "linux")]
pub(super) use of_errno::{Surroundings, explain};

#[cfg(target_os = "linux")]
mod of_errno {
    use std::{fs, path::Path};

    use rustix::io::Errno;

    use super::{Event, Unavailable};
    use crate::host::{field, read_trimmed};

    /// What the kernel's answer means depends on these.
    #[derive(Clone, Copy, Debug, Default)]
    pub(crate) struct Surroundings {
        /// `kernel.perf_event_paranoid`. Absent where the kernel has no performance counters.
        pub(crate) paranoid: Option<i64>,
        /// Whether a hypervisor stands between.
        pub(crate) is_virtual: bool,
        /// Whether the kernel found a performance monitoring unit.
        pub(crate) has_pmu: bool,
        /// Whether a filter of system calls is in force.
        pub(crate) is_filtered: bool,
    }

    impl Surroundings {
        pub(crate) fn read() -> Self {
            Self::read_below(Path::new("/"))
        }

        fn read_below(root: &Path) -> Self {
            let text = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
            let (cpuinfo, status) = (text("proc/cpuinfo"), text("proc/self/status"));
            let flags = field(&cpuinfo, "flags").unwrap_or_default();
            let units = fs::read_dir(root.join("sys/bus/event_source/devices"));
            let is_pmu = |name: &str| {
                ["cpu", "armv", "arm_", "apple_"].iter().any(|start| name.starts_with(start))
            };
            Self {
                paranoid: read_trimmed(root.join("proc/sys/kernel/perf_event_paranoid"))
                    .and_then(|text| text.parse().ok()),
                is_virtual: flags.split_whitespace().any(|flag| flag == "hypervisor"),
                has_pmu: units
                    .into_iter()
                    .flatten()
                    .flatten()
                    .any(|unit| is_pmu(&unit.file_name().to_string_lossy())),
                is_filtered: field(&status, "Seccomp").is_some_and(|mode| mode != "0"),
            }
        }
    }

    const CONTAINER: &str = "allow perf_event_open in the container's seccomp profile, and give it \
                             the capability PERFMON";

    /// What the kernel means by `errno` when it is asked for `event`.
    pub(crate) fn explain(event: Event, errno: i32, around: &Surroundings) -> Unavailable {
        match Errno::from_raw_os_error(errno) {
            Errno::ACCESS | Errno::PERM => refused(event, around),
            Errno::NOENT | Errno::OPNOTSUPP | Errno::NODEV | Errno::INVAL | Errno::NXIO => {
                missing(event, around)
            }
            Errno::NOSYS if around.is_filtered => Unavailable::new(
                "a filter of system calls hides perf_event_open: a container",
                Some(CONTAINER),
            ),
            Errno::NOSYS => Unavailable::new(
                "the kernel has no perf_event_open",
                Some("use a kernel with CONFIG_PERF_EVENTS"),
            ),
            Errno::BUSY => Unavailable::new(
                "another profiler holds the counters for itself alone",
                Some("stop it"),
            ),
            Errno::MFILE | Errno::NFILE => {
                Unavailable::new("too many files are open", Some("raise ulimit -n"))
            }
            other => Unavailable::new(format!("perf_event_open: {other}"), None),
        }
    }

    /// Who refused: the kernel's setting, or something that stands before it.
    fn refused(event: Event, around: &Surroundings) -> Unavailable {
        // What happens in the kernel is counted from 1 down, what happens in the program from 2.
        let allowed = if event.is_hardware() { 2 } else { 1 };
        match around.paranoid {
            Some(paranoid) if paranoid > allowed => Unavailable::new(
                format!("kernel.perf_event_paranoid is {paranoid}, which needs CAP_PERFMON"),
                Some(&format!(
                    "sysctl kernel.perf_event_paranoid={allowed}, or give the program CAP_PERFMON"
                )),
            ),
            Some(paranoid) => {
                let by = if around.is_filtered {
                    "the filter of system calls of a container does not"
                } else {
                    "something else does not: a container or a security module"
                };
                let reason =
                    format!("kernel.perf_event_paranoid is {paranoid} and allows it; {by}");
                Unavailable::new(reason, Some(CONTAINER))
            }
            None => Unavailable::new("the system refuses performance counters", Some(CONTAINER)),
        }
    }

    /// Who lacks it: the machine, the virtual machine, or this model of processor.
    fn missing(event: Event, around: &Surroundings) -> Unavailable {
        let name = event.name();
        match (event.is_hardware(), around.has_pmu, around.is_virtual) {
            (false, ..) => Unavailable::new(format!("this kernel does not count {name}"), None),
            (_, false, true) => Unavailable::new(
                "this virtual machine has no performance monitoring unit",
                Some("turn the virtual PMU on in the hypervisor, or run on the host itself"),
            ),
            (_, false, false) => Unavailable::new(
                "the kernel found no performance monitoring unit",
                Some("turn it on in the firmware, or use a kernel that knows this processor"),
            ),
            (_, true, true) => Unavailable::new(
                format!("the virtual performance monitoring unit does not count {name}"),
                Some("run on the host itself"),
            ),
            (_, true, false) => {
                Unavailable::new(format!("this processor does not count {name}"), None)
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn around(paranoid: i64, is_virtual: bool, has_pmu: bool) -> Surroundings {
            Surroundings { paranoid: Some(paranoid), is_virtual, has_pmu, is_filtered: false }
        }

        fn explained(event: Event, errno: Errno, around: &Surroundings) -> (String, String) {
            let unavailable = explain(event, errno.raw_os_error(), around);
            (unavailable.reason, unavailable.remedy.unwrap_or_default())
        }

        /// A refusal names the value of the setting, and the remedy that is enough.
        #[test]
        fn refusals_name_the_setting() {
            for errno in [Errno::ACCESS, Errno::PERM] {
                let (reason, remedy) = explained(Event::Cycles, errno, &around(3, false, true));
                assert!(reason.contains("perf_event_paranoid is 3"), "{reason}");
                assert!(remedy.starts_with("sysctl kernel.perf_event_paranoid=2"), "{remedy}");
            }
            // Migrations happen in the kernel: 2 is not enough.
            let (_, remedy) = explained(Event::Migrations, Errno::ACCESS, &around(2, false, true));
            assert!(remedy.starts_with("sysctl kernel.perf_event_paranoid=1"), "{remedy}");
        }

        /// A refusal that the setting does not explain points at the container.
        #[test]
        fn other_refusals_point_at_the_container() {
            let (reason, remedy) = explained(Event::Cycles, Errno::PERM, &around(2, false, true));
            assert!(reason.contains("is 2 and allows it; something else"), "{reason}");
            assert!(remedy.contains("PERFMON"), "{remedy}");
            let filtered = Surroundings { is_filtered: true, ..around(-1, false, true) };
            let (reason, _) = explained(Event::Cycles, Errno::PERM, &filtered);
            assert!(reason.contains("filter of system calls"), "{reason}");
            let (reason, _) = explained(Event::Cycles, Errno::NOSYS, &filtered);
            assert!(reason.contains("hides perf_event_open"), "{reason}");
            let (reason, _) = explained(Event::Cycles, Errno::NOSYS, &Surroundings::default());
            assert_eq!(reason, "the kernel has no perf_event_open");
        }

        /// What is missing is told apart: the unit, the virtual one, or the event.
        #[test]
        fn missing_units_and_events_are_told_apart() {
            for errno in [Errno::NOENT, Errno::OPNOTSUPP, Errno::INVAL] {
                let of = |event, around: Surroundings| explained(event, errno, &around).0;
                let reason = of(Event::Cycles, around(2, true, false));
                assert_eq!(reason, "this virtual machine has no performance monitoring unit");
                let reason = of(Event::Cycles, around(2, false, false));
                assert_eq!(reason, "the kernel found no performance monitoring unit");
                let reason = of(Event::LlcMisses, around(2, false, true));
                assert_eq!(reason, "this processor does not count llc_misses");
                let reason = of(Event::LlcMisses, around(2, true, true));
                assert!(reason.contains("virtual") && reason.contains("llc_misses"), "{reason}");
            }
            let (reason, _) = explained(Event::Cycles, Errno::IO, &around(2, false, true));
            assert!(reason.starts_with("perf_event_open: "), "{reason}");
        }

        /// The surroundings are read from the system's files, and what is not there is not made up.
        #[test]
        fn surroundings_are_read() {
            let root = tempfile::tempdir().unwrap();
            let bare = Surroundings::read_below(root.path());
            assert!(!bare.has_pmu && !bare.is_virtual && !bare.is_filtered);
            assert_eq!(bare.paranoid, None);
            let folders = ["proc/self", "proc/sys/kernel", "sys/bus/event_source/devices/cpu_core"];
            folders.iter().for_each(|path| fs::create_dir_all(root.path().join(path)).unwrap());
            let files = [
                ("proc/cpuinfo", "flags\t\t: fpu hypervisor\n"),
                ("proc/self/status", "Seccomp:\t2\n"),
                ("proc/sys/kernel/perf_event_paranoid", "-1\n"),
            ];
            files.iter().for_each(|(path, text)| fs::write(root.path().join(path), text).unwrap());
            let full = Surroundings::read_below(root.path());
            assert!(full.has_pmu && full.is_virtual && full.is_filtered);
            assert_eq!(full.paranoid, Some(-1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counters that open and stand still, or never run, are not taken for zero. Misses may well
    /// be none.
    #[test]
    fn standing_counters_are_refused() {
        let span = |count, running_ns| Span { count, enabled_ns: 10, running_ns };
        let events = [Event::Instructions, Event::BranchMisses];
        assert_eq!(standing(&events, &[span(5, 10), span(0, 10)]), []);
        let still = standing(&events, &[span(0, 10), span(0, 10)]);
        assert_eq!(still.len(), 2);
        assert!(still[0].1.reason.contains("stand still"), "{still:?}");
        let never = standing(&events, &[span(0, 0), span(0, 0)]);
        assert!(never[1].1.reason.contains("never run"), "{never:?}");
        assert_eq!(standing(&events, &[]).len(), 2);
    }
}
