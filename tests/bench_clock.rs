//! The clock that the benches hand to criterion: it reads time, adds it, and shows it right.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

#[path = "../benches/support/clock.rs"]
mod clock;

use std::time::{Duration, Instant};

use clock::{Nanos, TimerClock};
use criterion::{
    Throughput,
    measurement::{Measurement, ValueFormatter},
};

/// A measured sleep is as long as the system's clock says, give or take what a busy machine adds,
/// and sums start at nothing.
#[test]
fn sleeps_are_measured_in_nanoseconds() {
    let timer = TimerClock::qualified();
    let (clock, start) = (Instant::now(), timer.start());
    std::thread::sleep(Duration::from_millis(20));
    let (measured, elapsed) = (timer.end(start), clock.elapsed());
    let ratio = timer.to_f64(&measured) / elapsed.as_nanos() as f64;
    assert!((ratio - 1.0).abs() < 0.2, "{ratio}");
    let twice = timer.add(&measured, &timer.add(&measured, &timer.zero()));
    assert!((timer.to_f64(&twice) / timer.to_f64(&measured) - 2.0).abs() < 1e-9);
}

/// Values come in the unit that suits the typical one, all of them in the same.
#[test]
fn values_have_the_unit_that_suits() {
    for (typical, unit, scaled) in [
        (0.25, "ps", 250.0),
        (25.0, "ns", 25.0),
        (2_500.0, "us", 2.5),
        (2.5e6, "ms", 2.5),
        (2.5e9, "s", 2.5),
    ] {
        let mut values = [typical, 2.0 * typical];
        assert_eq!(Nanos.scale_values(typical, &mut values), unit);
        let as_wanted = |value: f64, wanted: f64| (value / wanted - 1.0).abs() < 1e-9;
        assert!(as_wanted(values[0], scaled) && as_wanted(values[1], 2.0 * scaled), "{values:?}");
    }
    let mut values = [7.0];
    assert_eq!((Nanos.scale_for_machines(&mut values), values), ("ns", [7.0]));
}

/// Elements are records: 256 of them in 1,024 ns are 250 million a second.
#[test]
fn elements_are_records_per_second() {
    let shown = |throughput, ns: f64| {
        let mut values = [ns];
        let unit = Nanos.scale_throughputs(ns, &throughput, &mut values);
        format!("{:.1} {unit}", values[0])
    };
    assert_eq!(shown(Throughput::Elements(256), 1_024.0), "250.0 Mrecords/s");
    assert_eq!(shown(Throughput::Elements(1), 1e9), "1.0 records/s");
    assert_eq!(shown(Throughput::Elements(4_096), 1_024.0), "4.0 Grecords/s");
    assert_eq!(shown(Throughput::Bytes(24), 1e4), "2.4 MB/s");
}
