//! What a served schedule comes to.
//!
//! Response time is from the intended start to the end, service time from the actual start. A
//! request that waits because an earlier one took long has the wait in its response time, whoever
//! was late: coordinated omission has no place to happen. What was never served has no response
//! time that is known, and it can only be long: then there are no percentiles of it at all.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{arrivals::Offered, queue::Trace, sweep::Point};
use crate::{
    clock::HostNanos,
    host::timer::{Reading, Timer},
    measure::Stop,
    stats::{
        hlog::Interval,
        latency::{Histogram, HistogramError},
    },
};

/// Share of the offered rate that must be achieved.
const KEPT_SHARE: f64 = 0.99;

/// Pieces of the last half of a schedule in which the shortest wait is looked for.
const PIECES: usize = 4;

/// Times as long as a median service that the shortest wait must have grown by.
const GROWTH_SERVICES: f64 = 10.0;

/// A served request.
#[derive(Clone, Copy, Debug)]
struct Served {
    due_ns: u64,
    end: Reading,
    wait: HostNanos,
    service: HostNanos,
    response: HostNanos,
}

/// What was measured.
#[derive(Debug)]
pub struct Load {
    /// What was offered.
    pub offered: Offered,
    /// Threads that served.
    pub workers: usize,
    /// When the schedule began.
    pub began: SystemTime,
    /// How long requests came.
    pub duration: Duration,
    /// Requests that came.
    pub requests: u64,
    /// Requests per second that were served, over the schedule or until the last was served,
    /// whichever is longer.
    pub achieved_per_s: f64,
    /// Requests that were never served.
    pub lost: u64,
    /// Clients that asked for nothing: too few requests for so many clients.
    pub silent_clients: usize,
    /// Whether the rate was not kept, or waiting grew until the end.
    pub is_saturated: bool,
    /// From the start of service to its end.
    pub service: Histogram<HostNanos>,
    /// From the intended start to the end.
    pub response: Histogram<HostNanos>,
    /// From the intended start to the start of service, where a worker was free and waited.
    pub late_start: Histogram<HostNanos>,
    /// Why measuring ended.
    pub stop: Stop,
    /// What the figures above follow from, beside the distributions.
    pub account: Account,
    trace: Trace,
}

/// What is known of a load beside its distributions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Requests that came.
    pub requests: u64,
    /// Seconds in which they came.
    pub duration_s: f64,
    /// Seconds from the beginning until the last was served.
    pub elapsed_s: f64,
    /// Nanoseconds of the shortest wait in each piece of the last half.
    pub least_waits_ns: [Option<f64>; PIECES],
}

/// All that the figures of a load follow from.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// Requests per second that were offered.
    pub rate_per_s: f64,
    /// What was counted.
    pub account: &'a Account,
    /// From the start of service to its end.
    pub service: &'a Histogram<HostNanos>,
    /// From the intended start to the end.
    pub response: &'a Histogram<HostNanos>,
}

impl Evidence<'_> {
    /// Requests per second that were served.
    #[must_use]
    pub fn achieved_per_s(&self) -> f64 {
        self.service.len() as f64 / self.account.duration_s.max(self.account.elapsed_s)
    }

    /// Requests that were never served.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.account.requests.saturating_sub(self.service.len())
    }

    /// Whether the rate was not kept, or waiting grew until the end.
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        let Account { requests, duration_s, least_waits_ns, .. } = self.account;
        let wanted_per_s = KEPT_SHARE * *requests as f64 / duration_s;
        let median_ns = self.service.quantile_ns(0.5).unwrap_or(f64::INFINITY);
        self.lost() > 0 || self.achieved_per_s() < wanted_per_s || grows(*least_waits_ns, median_ns)
    }

    /// A quantile of the response time in nanoseconds, or the reason why there is none.
    pub fn response_ns(&self, q: f64) -> Result<f64, String> {
        if self.lost() > 0 {
            let requests = self.account.requests;
            return Err(format!("{} of {requests} requests were never served", self.lost()));
        }
        self.response.quantile_ns(q).map_err(|unearned| unearned.to_string())
    }

    /// This load as a point of a sweep.
    #[must_use]
    pub fn point(&self, response_ns_p99_max: f64) -> Point {
        let response_ns_p99 = self.response_ns(0.99).ok();
        let is_below = response_ns_p99.is_some_and(|nanos| nanos <= response_ns_p99_max);
        let saturated = self.is_saturated();
        Point {
            rate_per_s: self.rate_per_s,
            achieved_per_s: self.achieved_per_s(),
            response_ns_p99,
            lost: self.lost(),
            saturated,
            holds: is_below && !saturated,
        }
    }
}

/// Which of the two times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Start to end.
    Service,
    /// Intended start to end.
    Response,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Service, Self::Response];

    /// The name used in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Response => "response",
        }
    }
}

/// What is known before the trace is read.
pub(super) struct Frame {
    pub(super) offered: Offered,
    pub(super) workers: usize,
    pub(super) began: SystemTime,
    pub(super) late_start: Histogram<HostNanos>,
}

impl Load {
    pub(super) fn new(timer: &Timer, frame: Frame, trace: Trace) -> Result<Self, HistogramError> {
        // What a stopped run never came to was not lost.
        let requests = if trace.is_interrupted { trace.claimed } else { trace.schedule.len() };
        let duration = match requests.checked_sub(1).and_then(|last| trace.schedule.get(last)) {
            Some(last) if trace.is_interrupted => Duration::from_nanos(last.due_ns.max(1)),
            _ => trace.schedule.duration(),
        };
        let (mut service, mut response) = (Histogram::new()?, Histogram::new()?);
        let (mut last_end, mut waits) = (trace.origin, [None; PIECES]);
        for (index, served) in served(&trace, timer, requests) {
            service.record(served.service);
            response.record(served.response);
            last_end = last_end.max(served.end);
            if let Some(piece) = piece_of(index, requests) {
                let least = waits[piece].get_or_insert(served.wait);
                *least = served.wait.min(*least);
            }
        }
        let account = Account {
            requests: requests as u64,
            duration_s: duration.as_secs_f64(),
            elapsed_s: timer.between(trace.origin, last_end).picos() as f64 / 1e12,
            least_waits_ns: waits.map(|wait| wait.map(|wait| wait.picos() as f64 / 1e3)),
        };
        let rate_per_s = frame.offered.rate_per_s;
        let evidence =
            Evidence { rate_per_s, account: &account, service: &service, response: &response };
        let achieved_per_s = evidence.achieved_per_s();
        let (lost, is_saturated) = (evidence.lost(), evidence.is_saturated());
        Ok(Self {
            offered: frame.offered,
            workers: frame.workers,
            began: frame.began,
            duration,
            requests: account.requests,
            achieved_per_s,
            lost,
            silent_clients: trace.schedule.silent_clients(requests),
            is_saturated,
            service,
            response,
            late_start: frame.late_start,
            stop: if trace.is_interrupted { Stop::Interrupted } else { Stop::Complete },
            account,
            trace,
        })
    }

    /// What the figures follow from.
    #[must_use]
    pub const fn evidence(&self) -> Evidence<'_> {
        Evidence {
            rate_per_s: self.offered.rate_per_s,
            account: &self.account,
            service: &self.service,
            response: &self.response,
        }
    }

    /// A quantile of the response time in nanoseconds, or the reason why there is none.
    pub fn response_ns(&self, q: f64) -> Result<f64, String> {
        self.evidence().response_ns(q)
    }

    /// This load as a point of a sweep.
    #[must_use]
    pub fn point(&self, response_ns_p99_max: f64) -> Point {
        self.evidence().point(response_ns_p99_max)
    }

    /// The readings by the time at which their requests were due, in `parts` equal intervals.
    /// Intervals without a reading are left out.
    pub fn intervals(
        &self,
        timer: &Timer,
        kind: Kind,
        parts: u32,
    ) -> Result<Vec<Interval<HostNanos>>, HistogramError> {
        let length = (self.duration / parts.max(1)).max(Duration::from_nanos(1));
        let mut intervals: Vec<Interval<HostNanos>> = Vec::new();
        for (_, served) in served(&self.trace, timer, self.requests as usize) {
            let part = served.due_ns / length.as_nanos() as u64;
            let start = length * u32::try_from(part).unwrap_or(u32::MAX);
            if intervals.last().is_none_or(|last| last.start != start) {
                intervals.push(Interval { start, length, histogram: Histogram::new()? });
            }
            if let Some(last) = intervals.last_mut() {
                last.histogram.record(match kind {
                    Kind::Service => served.service,
                    Kind::Response => served.response,
                });
            }
        }
        Ok(intervals)
    }
}

/// The requests that were served among the first `count`, in order of time, with their places.
fn served<'t>(
    trace: &'t Trace,
    timer: &'t Timer,
    count: usize,
) -> impl Iterator<Item = (usize, Served)> + 't {
    (0..count).filter_map(move |index| {
        let due_ns = trace.schedule.get(index)?.due_ns;
        let due = timer.after(trace.origin, due_ns);
        let (start, end) = (trace.starts.get(index)?, trace.ends.get(index)?);
        let (wait, service) = (timer.between(due, start), timer.between(start, end));
        Some((index, Served { due_ns, end, wait, service, response: timer.between(due, end) }))
    })
}

/// The piece of the last half that a request belongs to. `None` for the first half.
fn piece_of(index: usize, count: usize) -> Option<usize> {
    let half = count / 2;
    let later = index.checked_sub(half)?;
    Some(later * PIECES / (count - half).max(1))
}

/// Whether the shortest wait, in nanoseconds, grew from each piece to the next, and all in all by
/// far more than chance: then no worker was ever free, and the backlog grew. In a steady state
/// some request of each piece meets a free worker.
fn grows(least_ns: [Option<f64>; PIECES], service_ns_p50: f64) -> bool {
    let [Some(first), .., Some(last)] = least_ns else { return false };
    least_ns.is_sorted_by(|one, next| one < next) && last - first > GROWTH_SERVICES * service_ns_p50
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A backlog that grows is told from one that is worked off, from one that stays, and from
    /// growth that is less than chance.
    #[test]
    fn growing_backlogs_are_told() {
        let grows = |least: [f64; PIECES]| grows(least.map(Some), 50.0);
        assert!(grows([1e3, 2e3, 3e3, 4e3]));
        assert!(!grows([4e3, 3e3, 2e3, 1e3]));
        assert!(!grows([1e3, 2e3, 40.0, 4e3]), "the queue was empty in between");
        assert!(!grows([30.0, 31.0, 32.0, 33.0]), "by a clock's step");
        assert!(!super::grows([Some(1.0), None, Some(3e3), Some(4e3)], 50.0));
    }

    /// The last half is cut into equal pieces, and the first half is in none.
    #[test]
    fn pieces_cover_the_last_half() {
        let pieces: Vec<_> = (0..17).map(|index| piece_of(index, 17)).collect();
        assert_eq!(pieces[..8], [None; 8]);
        let later: Vec<usize> = pieces[8..].iter().map(|piece| piece.unwrap()).collect();
        assert_eq!(later, [0, 0, 0, 1, 1, 2, 2, 3, 3]);
        assert_eq!(piece_of(0, 1), Some(0));
    }
}
