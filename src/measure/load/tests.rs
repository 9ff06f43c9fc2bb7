//! Load on scripted backends: what is slow, and for how long, is known.

use std::{sync::atomic::AtomicBool, time::Duration};

use super::{arrivals::Arrivals, outcome::Kind, *};
use crate::{
    backend::{Opened, mock},
    corpus::Corpus,
    host::affinity,
    measure::{Limits, Stop, inputs::Pool},
    op::Op,
    stats::hlog::Interval,
};

fn pool() -> Pool {
    let records = Corpus::embedded().unwrap().records().into_iter().cycle();
    Pool::new(Op::Decide, records, 1_024).unwrap()
}

fn offered(clients: usize, rate_per_s: f64) -> Offered {
    Offered { clients, rate_per_s, arrivals: Arrivals::Constant, seed: 1 }
}

/// Serves a load with as many workers as there are backends, all on one core.
fn serve(
    backends: &mut [Box<HostBackend>],
    offered: &Offered,
    millis: u64,
    is_interrupted: bool,
) -> (Result<Load, LoadError>, Option<Divergence>, Timer) {
    let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(is_interrupted));
    let limits = Limits { budget: Duration::from_millis(millis), precision: 0.01 };
    let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
    let core = affinity::usable().unwrap()[0];
    let team = (backends.len() > 1).then(|| Team::new(vec![core; backends.len()]).unwrap());
    let pool = pool();
    let mut rotations: Vec<_> = backends.iter().map(|_| pool.rotation(16, 8, 0).unwrap()).collect();
    let members = backends.iter_mut().map(AsMut::as_mut).zip(&mut rotations);
    let mut crew = Crew::new(team.as_ref(), members);
    let load = crew.serve(bench, offered, limits.budget);
    let divergence = crew.verify_measured();
    drop(crew);
    (load, divergence, timer)
}

fn golden() -> Box<HostBackend> {
    Box::new(mock::Host::golden(Op::Decide))
}

fn sleeper(during: std::ops::Range<u64>, millis: u64) -> Box<HostBackend> {
    Box::new(mock::Sleeper::new(Op::Decide, during, Duration::from_millis(millis)))
}

/// Readings above so many milliseconds.
fn above(intervals: &[Interval<HostNanos>], millis: u64) -> u64 {
    let nanos = (millis * 1_000_000) as f64;
    let of = |one: &Interval<HostNanos>| one.histogram.count_above_ns(nanos);
    intervals.iter().map(of).sum()
}

/// One request that takes 50 ms makes those behind it wait: that is in the response time of all of
/// them, and in the service time of the one. A harness that waits for an answer before it asks
/// again would have seen one slow request in each: here coordinated omission cannot happen.
#[test]
fn waiting_counts_as_response_and_not_as_service() {
    let (load, divergence, timer) =
        serve(&mut [sleeper(100..101, 50)], &offered(10, 1_000.0), 300, false);
    let load = load.unwrap();
    assert_eq!((load.requests, load.lost, divergence), (300, 0, None));
    let count = |kind| above(&load.intervals(&timer, kind, 10).unwrap(), 10);
    let (service, response) = (count(Kind::Service), count(Kind::Response));
    // Of the requests due in the 50 ms, those in the first 40 wait for more than 10 ms.
    assert!(response >= 39, "{response} slow responses");
    assert!((1..response / 2).contains(&service), "{service} slow services of {response}");
}

/// No response is shorter than its service, and each request is in both distributions.
#[test]
fn responses_hold_their_services() {
    let (load, divergence, _) = serve(&mut [golden()], &offered(100, 20_000.0), 100, false);
    let load = load.unwrap();
    assert_eq!((load.requests, load.lost, divergence), (2_000, 0, None));
    assert_eq!((load.service.len(), load.response.len()), (2_000, 2_000));
    assert_eq!((load.silent_clients, load.stop), (0, Stop::Complete));
    for q in [0.5, 0.9, 0.99] {
        assert!(load.response_ns(q).unwrap() >= load.service.quantile_ns(q).unwrap());
    }
    assert!(load.response.min_ns() >= load.service.min_ns());
    assert!(load.response_ns(0.9999).unwrap_err().contains("needs 100000 samples, has 2000"));
    assert!(!load.late_start.is_empty() && load.late_start.len() <= 2_000);
}

/// Several workers serve each request once, whoever takes it, and their outputs are verified.
#[test]
fn workers_share_the_load() {
    let mut backends = [golden(), golden(), golden()];
    let (load, divergence, timer) = serve(&mut backends, &offered(1_000, 50_000.0), 200, false);
    let load = load.unwrap();
    assert_eq!((load.workers, load.requests, load.service.len()), (3, 10_000, 10_000));
    assert_eq!((load.lost, divergence), (0, None));
    let intervals = load.intervals(&timer, Kind::Response, 10).unwrap();
    assert_eq!(intervals.len(), 10);
    assert!(intervals.iter().all(|one| one.histogram.len() == 1_000));
}

/// What a worker cannot serve in twice the time is lost, counted, and costs the percentiles of the
/// response time, which would be those of the lucky.
#[test]
fn overload_loses_requests_and_says_so() {
    let (load, _, _) = serve(&mut [sleeper(0..u64::MAX, 10)], &offered(10, 1_000.0), 100, false);
    let load = load.unwrap();
    let served = load.service.len();
    assert!(served <= 21, "{served} of 10 ms in 200 ms");
    assert_eq!((load.requests, load.lost), (100, 100 - served));
    assert!(load.is_saturated && load.achieved_per_s <= 101.0, "{}", load.achieved_per_s);
    assert!(load.response_ns(0.5).unwrap_err().contains("never served"));
    let point = load.point(f64::INFINITY);
    assert!(!point.holds && point.response_ns_p99.is_none());
}

/// A wrong output is found afterwards, whichever worker left it.
#[test]
fn wrong_outputs_are_found() {
    let wrong = || -> Box<HostBackend> { Box::new(mock::Host::golden(Op::Decide).wrong_at(3)) };
    let (load, divergence, _) = serve(&mut [golden(), wrong()], &offered(8, 20_000.0), 50, false);
    assert_eq!(load.unwrap().requests, 1_000);
    // The golden worker may have taken all of them where both share a core.
    let (_, alone, _) = serve(&mut [wrong()], &offered(8, 20_000.0), 50, false);
    assert_eq!(alone.unwrap().index, 3);
    assert!(divergence.is_none_or(|found| found.index == 3));
}

/// A backend that fails ends the load with its error, on all workers.
#[test]
fn failures_end_the_load() {
    let failing: Box<HostBackend> = Box::new(mock::Host::golden(Op::Decide).fails_from(1));
    let (load, ..) = serve(&mut [failing], &offered(8, 1_000.0), 50, false);
    assert!(matches!(load, Err(LoadError::Submit(_))));
}

/// Stopped by the user, nothing counts as lost that was never begun.
#[test]
fn interrupting_loses_nothing() {
    let (load, ..) = serve(&mut [golden()], &offered(8, 1_000.0), 50, true);
    let load = load.unwrap();
    assert_eq!((load.requests, load.lost, load.stop), (0, 0, Stop::Interrupted));
}

/// What one worker does back to back is found by counting; the outputs are verified too.
#[test]
fn a_closed_loop_is_counted() {
    let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
    let limits = Limits { budget: Duration::from_millis(10), precision: 0.01 };
    let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
    let pool = pool();
    let mut rotation = pool.rotation(16, 8, 0).unwrap();
    let mut slow = mock::Sleeper::new(Op::Decide, 0..u64::MAX, Duration::from_millis(1));
    assert_eq!(rotation.verify(&mut Opened::Host(Box::new(slow.clone()))).unwrap(), None);
    let mut crew = Crew::new(None, [(&mut slow as &mut HostBackend, &mut rotation)]);
    let rate = crew.closed_loop_per_s(bench, limits.budget).unwrap();
    assert!(rate > 0.0 && rate <= 1_000.0, "{rate} per second of at least 1 ms each");
    assert_eq!(crew.verify_measured(), None);
}
