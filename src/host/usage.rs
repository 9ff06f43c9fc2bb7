//! What a stretch of work took of the machine besides time: processor, memory, and the kernel's
//! attention.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{counters::SoftwareTotals, field};

/// What a peak of memory is the peak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeakSince {
    /// The stretch of work: the kernel's mark was set back when it began.
    Begin,
    /// The start of the process: the kernel would not set its mark back.
    ProcessStart,
}

/// What a stretch of work took. A field is absent where the system does not say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// How long it lasted, in nanoseconds.
    pub wall_ns: u64,
    /// Processor time of all threads of the process over the time it lasted: 1 is one core that
    /// is always busy.
    pub cpu_utilisation: Option<f64>,
    /// Most memory that the process had at once, in bytes: all inputs of the run are in it.
    pub peak_resident_bytes: Option<u64>,
    /// Of what that is the peak.
    pub peak_since: PeakSince,
    /// Times that the core was given up, or lost: of the measuring thread, or of all of a team.
    pub context_switches: Option<u64>,
    /// Times that a thread changed cores, likewise.
    pub migrations: Option<u64>,
    /// Page faults that needed no input or output, likewise.
    pub minor_faults: Option<u64>,
    /// Page faults that waited for input or output, likewise.
    pub major_faults: Option<u64>,
}

impl Usage {
    /// What two stretches took together, such as two launches: counts add up, a peak is the higher
    /// one, and utilisation is that over both.
    #[must_use]
    pub fn and(&self, later: &Self) -> Self {
        let sum = |count: fn(&Self) -> Option<u64>| Some(count(self)? + count(later)?);
        let wall_ns = self.wall_ns + later.wall_ns;
        let busy_ns = |one: &Self| Some(one.cpu_utilisation? * one.wall_ns as f64);
        let busy_ns = busy_ns(self).zip(busy_ns(later)).map(|(one, other)| one + other);
        let peaks = self.peak_resident_bytes.zip(later.peak_resident_bytes);
        let since_begin = [self, later].iter().all(|one| one.peak_since == PeakSince::Begin);
        Self {
            wall_ns,
            cpu_utilisation: busy_ns.filter(|_| wall_ns > 0).map(|busy| busy / wall_ns as f64),
            peak_resident_bytes: peaks.map(|(one, other)| one.max(other)),
            peak_since: if since_begin { PeakSince::Begin } else { PeakSince::ProcessStart },
            context_switches: sum(|one| one.context_switches),
            migrations: sum(|one| one.migrations),
            minor_faults: sum(|one| one.minor_faults),
            major_faults: sum(|one| one.major_faults),
        }
    }
}

/// The beginning of a stretch of work.
#[derive(Clone, Copy, Debug)]
pub struct Begin {
    clock: Instant,
    cpu: Option<Duration>,
    software: SoftwareTotals,
    peak_since: PeakSince,
}

impl Begin {
    /// Sets the mark of most memory back, and takes down what was used so far. `software` counts
    /// this thread, or all. Costs some tens of microseconds: never inside a measurement.
    #[must_use]
    pub fn now(software: SoftwareTotals) -> Self {
        // 5 sets back the peak and nothing else: proc(5), clear_refs.
        let is_reset = fs::write("/proc/self/clear_refs", "5").is_ok();
        let peak_since = if is_reset { PeakSince::Begin } else { PeakSince::ProcessStart };
        // The clock lies outside of the processor time, so that one thread is never over 1.
        let clock = Instant::now();
        Self { clock, cpu: cpu_time(), software, peak_since }
    }

    /// What was used up to the moment that [`End`] took down.
    #[must_use]
    pub fn until(&self, end: &End) -> Usage {
        let wall = end.clock.duration_since(self.clock);
        let cpu = end.cpu.zip(self.cpu).map(|(end, begin)| end.saturating_sub(begin));
        let software = end.software.since(&self.software);
        Usage {
            wall_ns: u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX),
            cpu_utilisation: cpu.filter(|_| !wall.is_zero()).map(|cpu| cpu.div_duration_f64(wall)),
            peak_resident_bytes: end.peak_resident_bytes,
            peak_since: self.peak_since,
            context_switches: software.context_switches,
            migrations: software.migrations,
            minor_faults: software.minor_faults,
            major_faults: software.major_faults,
        }
    }
}

/// The end of a stretch of work.
#[derive(Clone, Copy, Debug)]
pub struct End {
    clock: Instant,
    cpu: Option<Duration>,
    software: SoftwareTotals,
    peak_resident_bytes: Option<u64>,
}

impl End {
    /// Takes down what is used by now. `software` then counts the same threads as at the
    /// beginning.
    #[must_use]
    pub fn now(software: impl FnOnce() -> SoftwareTotals) -> Self {
        let cpu = cpu_time();
        let clock = Instant::now();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self { clock, cpu, software: software(), peak_resident_bytes: peak_bytes(&status) }
    }
}

/// Processor time of all threads of the process so far.
fn cpu_time() -> Option<Duration> {
    #[cfg(unix)]
    {
        use rustix::time::{ClockId, clock_gettime};
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let nanos = u32::try_from(time.tv_nsec).ok()?;
        Some(Duration::new(u64::try_from(time.tv_sec).ok()?, nanos))
    }
    #[cfg(not(unix))]
    None
}

fn peak_bytes(status: &str) -> Option<u64> {
    let kibibytes = field(status, "VmHWM")?.strip_suffix("kB")?.trim();
    kibibytes.parse::<u64>().ok().map(|count| count * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Utilisation is processor time over time: half a core, two cores, or not known.
    #[test]
    fn utilisation_is_a_quotient() {
        let clock = Instant::now();
        let cpu = Some(Duration::from_millis(5));
        let software = SoftwareTotals { minor_faults: Some(3), ..SoftwareTotals::default() };
        let begin = Begin { clock, cpu, software, peak_since: PeakSince::Begin };
        let until = |cpu: Option<u64>| {
            let end = End {
                clock: clock + Duration::from_millis(10),
                cpu: cpu.map(Duration::from_millis),
                software: SoftwareTotals { minor_faults: Some(8), ..software },
                peak_resident_bytes: Some(4_096),
            };
            begin.until(&end)
        };
        let half = until(Some(10));
        assert!((half.cpu_utilisation.unwrap() - 0.5).abs() < 1e-9);
        assert!((until(Some(25)).cpu_utilisation.unwrap() - 2.0).abs() < 1e-9);
        assert_eq!(until(None).cpu_utilisation, None);
        assert_eq!((half.wall_ns, half.minor_faults), (10_000_000, Some(5)));
        assert_eq!((half.peak_resident_bytes, half.migrations), (Some(4_096), None));
    }

    /// Two stretches add up: a tenth of a core for long and a whole one for short are no average of
    /// the two.
    #[test]
    fn stretches_add_up() {
        let of = |wall_ns, utilisation, peak, faults| Usage {
            wall_ns,
            cpu_utilisation: Some(utilisation),
            peak_resident_bytes: Some(peak),
            peak_since: PeakSince::Begin,
            context_switches: None,
            migrations: None,
            minor_faults: Some(faults),
            major_faults: None,
        };
        let both = of(900, 0.1, 7, 2).and(&of(100, 1.0, 5, 3));
        assert!((both.cpu_utilisation.unwrap() - 0.19).abs() < 1e-9, "{both:?}");
        assert_eq!((both.wall_ns, both.peak_resident_bytes), (1_000, Some(7)));
        assert_eq!((both.minor_faults, both.context_switches), (Some(5), None));
    }

    /// The peak is read in bytes, and not made up.
    #[test]
    fn peaks_are_read() {
        assert_eq!(peak_bytes("VmPeak:\t9 kB\nVmHWM:\t    1696 kB\n"), Some(1_736_704));
        assert_eq!(peak_bytes("VmHWM: many\n"), None);
    }

    /// Memory that is taken and given back between begin and end shows in the peak. Tried more
    /// than once, since the mark is the process's, and other tests set it back too.
    #[cfg(target_os = "linux")]
    #[test]
    fn peaks_hold_what_is_gone() {
        let bytes = 64 << 20;
        let stretch = || {
            let begin = Begin::now(SoftwareTotals::of_process());
            drop(std::hint::black_box(vec![1u8; bytes]));
            begin.until(&End::now(SoftwareTotals::of_process))
        };
        let usages: Vec<Usage> = (0..5).map(|_| stretch()).collect();
        let holds = |usage: &Usage| usage.peak_resident_bytes.unwrap() > bytes as u64;
        assert!(usages.iter().any(holds), "{usages:?}");
        assert!(usages.iter().all(|usage| usage.cpu_utilisation.unwrap() > 0.0), "{usages:?}");
        assert!(usages.iter().any(|usage| usage.minor_faults.unwrap() > 0), "{usages:?}");
    }
}
