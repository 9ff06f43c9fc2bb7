//! `cargo bench --bench sample`: what it costs to record one latency reading, from the two clock
//! readings in hand to the duration stored. At most 10 ns is the goal.
//!
//! The code is that of `nanogate run --method latency`: the difference of two readings, kept
//! beside others, put into the list with 255 more, and in the end into the histogram. Measured as
//! throughput is: n against
//! 2n on our own timer, so that what reading the clock costs is in both and cancels. The readings
//! are true ones of work of different lengths, taken before, so that the histogram is touched at
//! many places. Fetching them again is in the figure.

#![allow(missing_docs, reason = "a benchmark")]

use std::hint::black_box;

use nanogate::{
    clock::HostNanos,
    host::{
        affinity,
        timer::{Reading, Timer},
    },
    measure::samples::Recorder,
    stats::{Estimate, Samples, latency::HistogramError},
};

/// Most that a reading may cost, in nanoseconds.
const GOAL_NS: f64 = 10.0;

/// Pairs of clock readings that are recorded in turn: 64 KiB.
const PAIRS: usize = 4_096;

/// Readings recorded in the shorter of two stretches.
const REPETITIONS: usize = 64 * PAIRS;

/// Differences whose median is given.
const ROUNDS: usize = 101;

fn main() {
    let pinned = affinity::pin(None);
    let timer = Timer::qualify();
    println!("timer: {}", timer.quality());
    if let Err(error) = pinned {
        println!("not pinned: {error}");
    }
    match measure(&timer) {
        Ok(Some(cost)) => report(&cost),
        Ok(None) => println!("too few readings for an interval"),
        Err(error) => println!("no figure: {error}"),
    }
}

fn report(cost: &Estimate) {
    let Estimate { value, low, high } = cost;
    println!("recording one reading: {value:.2} ns (95 % interval {low:.2} to {high:.2})");
    let verdict = if *high <= GOAL_NS {
        "met"
    } else if *low > GOAL_NS {
        "missed"
    } else {
        "cannot tell"
    };
    println!("goal: at most {GOAL_NS} ns: {verdict}");
}

fn measure(timer: &Timer) -> Result<Option<Estimate>, HistogramError> {
    let pairs = true_readings(timer);
    let stretch = |count: usize| -> Result<HostNanos, HistogramError> {
        let start = timer.start();
        let mut recorder = Recorder::new();
        for &(from, to) in pairs.iter().cycle().take(count) {
            recorder.keep(timer.between(from, to));
        }
        black_box(recorder.finish().histogram(0)?.len());
        let end = timer.end();
        Ok(timer.between(start, end))
    };
    stretch(REPETITIONS)?;
    let mut per_reading = Samples::default();
    for round in 0..ROUNDS {
        // In turns, so that a drift cancels.
        let (shorter, longer) = if round % 2 == 0 {
            let shorter = stretch(REPETITIONS)?;
            (shorter, stretch(2 * REPETITIONS)?)
        } else {
            let longer = stretch(2 * REPETITIONS)?;
            (stretch(REPETITIONS)?, longer)
        };
        per_reading.push_difference(shorter, longer, REPETITIONS as f64);
    }
    Ok(per_reading.median())
}

/// Work of lengths that differ by a factor of some hundreds, in no order.
fn true_readings(timer: &Timer) -> Vec<(Reading, Reading)> {
    let work = |index: usize| index.wrapping_mul(2_654_435_761) % 509;
    let read = |index| {
        let start = timer.start();
        for turn in 0..work(index) {
            black_box(turn);
        }
        (start, timer.end())
    };
    (0..PAIRS).map(read).collect()
}
