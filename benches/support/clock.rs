//! nanogate's qualified timer as a measurement of criterion, so that `cargo bench` reads the clock
//! that `nanogate run` reads. Use it with `Criterion::default().with_measurement(..)`.

use criterion::{
    Throughput,
    measurement::{Measurement, ValueFormatter},
};
use nanogate::{
    clock::{Clock as _, HostNanos},
    host::timer::{Reading, Timer},
};

/// The qualified timer. Values are host time; criterion sees nanoseconds.
#[derive(Debug)]
pub(crate) struct TimerClock {
    timer: Timer,
}

impl TimerClock {
    /// Qualifies the timer, in a tenth of a second, and says what it is.
    #[must_use]
    pub(crate) fn qualified() -> Self {
        let timer = Timer::qualify();
        eprintln!("timer: {}", timer.quality());
        Self { timer }
    }
}

impl Measurement for TimerClock {
    type Intermediate = Reading;
    type Value = HostNanos;

    fn start(&self) -> Reading {
        self.timer.start()
    }

    fn end(&self, start: Reading) -> HostNanos {
        let end = self.timer.end();
        self.timer.between(start, end)
    }

    fn add(&self, one: &HostNanos, other: &HostNanos) -> HostNanos {
        *one + *other
    }

    fn zero(&self) -> HostNanos {
        HostNanos::ZERO
    }

    fn to_f64(&self, value: &HostNanos) -> f64 {
        value.in_units()
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &Nanos
    }
}

/// Shows nanoseconds in the unit that suits them, and elements as records per second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nanos;

/// Nanoseconds in a unit, from which on it is used, and its name.
const TIMES: [(f64, &str); 5] = [(1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns"), (1e-3, "ps")];
const RECORDS: [&str; 4] = ["Grecords/s", "Mrecords/s", "Krecords/s", "records/s"];
const BYTES: [&str; 4] = ["GB/s", "MB/s", "KB/s", "B/s"];
const BITS: [&str; 4] = ["Gb/s", "Mb/s", "Kb/s", "b/s"];

impl ValueFormatter for Nanos {
    fn scale_values(&self, typical_ns: f64, values: &mut [f64]) -> &'static str {
        let fits = |unit: &&(f64, &str)| typical_ns.abs() >= unit.0;
        let (unit_ns, name) = TIMES.iter().find(fits).unwrap_or(&TIMES[TIMES.len() - 1]);
        values.iter_mut().for_each(|value| *value /= unit_ns);
        name
    }

    fn scale_throughputs(
        &self,
        typical_ns: f64,
        throughput: &Throughput,
        values: &mut [f64],
    ) -> &'static str {
        let (count, names) = match *throughput {
            Throughput::Elements(count) => (count, RECORDS),
            Throughput::ElementsAndBytes { elements, .. } => (elements, RECORDS),
            Throughput::Bytes(count) | Throughput::BytesDecimal(count) => (count, BYTES),
            Throughput::Bits(count) => (count, BITS),
        };
        let rate = |ns: f64| count as f64 * 1e9 / ns;
        let place = [1e9, 1e6, 1e3].iter().position(|&unit| rate(typical_ns) >= unit).unwrap_or(3);
        let unit = [1e9, 1e6, 1e3, 1.0][place];
        values.iter_mut().for_each(|value| *value = rate(*value) / unit);
        names[place]
    }

    fn scale_for_machines(&self, _values: &mut [f64]) -> &'static str {
        "ns"
    }
}
