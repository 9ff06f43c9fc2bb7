//! When each client asks: a schedule that is made before anything is measured, and that nothing
//! which is measured can change.
//!
//! Each client has a schedule of its own; all of them are merged into one in order of time. A
//! request takes eight bytes here. [`REQUESTS_MAX`] bounds them: making the rest meanwhile would
//! take a core from the workers, and making it in between would let them catch up.

use std::time::Duration;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Most clients of one schedule.
pub const CLIENTS_MAX: usize = crate::platform::plan::CLIENTS_MAX as usize;

/// Most requests that are planned for one schedule. With what is noted of each that is 384 MiB.
pub const REQUESTS_MAX: u64 = 1 << 24;

/// Longest schedule. Its nanoseconds fit the bits that a request has for them.
pub const DURATION_MAX: Duration = Duration::from_secs(3_600);

/// Low bits of a packed request that hold the client.
const CLIENT_BITS: u32 = 16;

/// Fills the seed of the generator after the eight bytes of the user's seed.
const SEED_TAG: &[u8; 24] = b"nanogate load arrivals\0\0";

/// How requests of a client follow one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrivals {
    /// Exponential gaps: clients that know nothing of one another.
    #[default]
    Poisson,
    /// Equal gaps. The clients take turns, so that the gaps of all together are equal too.
    Constant,
}

impl Arrivals {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Poisson, Self::Constant];

    /// The name used in JSON, tables and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Poisson => "poisson",
            Self::Constant => "constant",
        }
    }
}

/// The load that is offered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offered {
    /// Clients, 1 to [`CLIENTS_MAX`].
    pub clients: usize,
    /// Requests per second of all clients together.
    pub rate_per_s: f64,
    /// How requests of a client follow one another.
    pub arrivals: Arrivals,
    /// Seed of all gaps that are drawn.
    pub seed: u64,
}

/// A load for which there is no schedule.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum ScheduleError {
    /// More than fit.
    #[error(
        "{rate_per_s:.0} requests/s for {seconds} s are more than the {REQUESTS_MAX} that fit a \
         schedule: lower the rate or the budget"
    )]
    TooMany {
        /// Requests per second.
        rate_per_s: f64,
        /// How long.
        seconds: f64,
    },
    /// No clients, too many, no rate, or too long.
    #[error("there is no schedule for {clients} clients, {rate_per_s} requests/s and {seconds} s")]
    OutOfRange {
        /// Clients asked for.
        clients: usize,
        /// Requests per second.
        rate_per_s: f64,
        /// How long.
        seconds: f64,
    },
}

/// A request to come: whose, and when, in whole nanoseconds from the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The client, from 0.
    pub client: usize,
    /// Intended start, nanoseconds after the beginning.
    pub due_ns: u64,
}

/// All requests of all clients in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Nanoseconds above [`CLIENT_BITS`], client below: their order is that of time.
    packed: Vec<u64>,
    clients: usize,
    duration: Duration,
}

impl Schedule {
    /// The requests that fall into `duration`. The same load and duration give the same schedule.
    pub fn new(offered: &Offered, duration: Duration) -> Result<Self, ScheduleError> {
        check(offered, duration)?;
        let packed = match offered.arrivals {
            Arrivals::Poisson => poisson(offered, duration),
            Arrivals::Constant => constant(offered, duration),
        };
        Ok(Self { packed, clients: offered.clients, duration })
    }

    /// Number of requests.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packed.len()
    }

    /// Whether there is no request.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// Clients, those without a request included.
    #[must_use]
    pub const fn clients(&self) -> usize {
        self.clients
    }

    /// The time that the requests were drawn for.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// The request at `index`, in order of time.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Request> {
        self.packed.get(index).map(|&packed| unpack(packed))
    }

    /// How many clients ask for nothing in the first `count` requests.
    #[must_use]
    pub fn silent_clients(&self, count: usize) -> usize {
        let mut silent = vec![true; self.clients];
        self.packed.iter().take(count).for_each(|&packed| silent[unpack(packed).client] = false);
        silent.into_iter().filter(|&is_silent| is_silent).count()
    }
}

const fn pack(client: usize, due_ns: u64) -> u64 {
    due_ns << CLIENT_BITS | client as u64
}

const fn unpack(packed: u64) -> Request {
    let client = (packed & ((1 << CLIENT_BITS) - 1)) as usize;
    Request { client, due_ns: packed >> CLIENT_BITS }
}

/// Refuses what has no schedule, before memory is taken for it.
pub fn check(offered: &Offered, duration: Duration) -> Result<(), ScheduleError> {
    let (clients, rate_per_s) = (offered.clients, offered.rate_per_s);
    let seconds = duration.as_secs_f64();
    let is_in_range = (1..=CLIENTS_MAX).contains(&clients)
        && rate_per_s.is_finite()
        && rate_per_s > 0.0
        && duration <= DURATION_MAX;
    if !is_in_range {
        return Err(ScheduleError::OutOfRange { clients, rate_per_s, seconds });
    }
    if rate_per_s * seconds > REQUESTS_MAX as f64 {
        return Err(ScheduleError::TooMany { rate_per_s, seconds });
    }
    Ok(())
}

/// Each client draws from a stream of its own, so that its times depend on nobody else.
fn poisson(offered: &Offered, duration: Duration) -> Vec<u64> {
    let expected = offered.rate_per_s * duration.as_secs_f64();
    let end_ns = duration.as_nanos() as f64;
    let gap_ns = 1e9 * offered.clients as f64 / offered.rate_per_s;
    let mut key = [0; 32];
    key[..8].copy_from_slice(&offered.seed.to_le_bytes());
    key[8..].copy_from_slice(SEED_TAG);
    // Six standard deviations of room: nothing is moved to make more.
    let mut packed = Vec::with_capacity((expected + 6.0 * expected.sqrt()) as usize + 1);
    for client in 0..offered.clients {
        let mut random = ChaCha8Rng::from_seed(key);
        random.set_stream(client as u64);
        let mut due_ns = exponential(&mut random) * gap_ns;
        while due_ns < end_ns {
            packed.push(pack(client, due_ns as u64));
            due_ns += exponential(&mut random) * gap_ns;
        }
    }
    packed.sort_unstable();
    packed
}

/// A draw from the exponential distribution with mean 1, by inversion.
fn exponential(random: &mut ChaCha8Rng) -> f64 {
    let unit = (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    -(-unit).ln_1p()
}

/// Each client has the phase of its number. Times are computed from the start, so that no error
/// adds up.
fn constant(offered: &Offered, duration: Duration) -> Vec<u64> {
    let end_ns = duration.as_nanos() as u64;
    let gap_ns = 1e9 / offered.rate_per_s;
    let due = |index: u64| {
        let client = (index % offered.clients as u64) as usize;
        (client, (index as f64 * gap_ns) as u64)
    };
    let all = (0..).map(due).take_while(|&(_, due_ns)| due_ns < end_ns);
    all.map(|(client, due_ns)| pack(client, due_ns)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(clients: usize, rate_per_s: f64, arrivals: Arrivals) -> Offered {
        Offered { clients, rate_per_s, arrivals, seed: 7 }
    }

    fn requests(schedule: &Schedule) -> Vec<Request> {
        (0..schedule.len()).map(|index| schedule.get(index).unwrap()).collect()
    }

    /// Poisson arrivals have the stated rate, gaps with the deviation of their mean, every client
    /// about as often, and the order of time.
    #[test]
    fn poisson_arrivals_have_the_stated_rate() {
        let load = offered(100, 1e5, Arrivals::Poisson);
        let schedule = Schedule::new(&load, Duration::from_secs(2)).unwrap();
        // 200,000 are expected, with a deviation of 447.
        assert!((schedule.len() as f64 - 2e5).abs() < 5.0 * 447.3, "{}", schedule.len());
        let all = requests(&schedule);
        assert!(all.is_sorted_by_key(|request| request.due_ns));
        assert!(all.last().unwrap().due_ns < 2_000_000_000);
        for client in 0..100 {
            let count = all.iter().filter(|request| request.client == client).count() as f64;
            // 2,000 are expected, with a deviation of 45: none of a hundred is six off.
            assert!((count - 2e3).abs() < 6.0 * 44.8, "client {client}: {count}");
        }
        let gaps: Vec<f64> =
            all.windows(2).map(|pair| (pair[1].due_ns - pair[0].due_ns) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean - 1e4).abs() < 100.0, "{mean} ns");
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.02, "{} of the mean", variance.sqrt());
    }

    /// Constant arrivals are exact: the count, each gap, and whose turn it is.
    #[test]
    fn constant_arrivals_are_exact() {
        let load = offered(3, 1e6, Arrivals::Constant);
        let schedule = Schedule::new(&load, Duration::from_millis(10)).unwrap();
        assert_eq!((schedule.len(), schedule.clients()), (10_000, 3));
        for (index, request) in requests(&schedule).into_iter().enumerate() {
            assert_eq!(request, Request { client: index % 3, due_ns: index as u64 * 1_000 });
        }
    }

    /// The seed decides, and nothing else: another one draws other times, and a longer schedule
    /// begins with the shorter one.
    #[test]
    fn schedules_depend_on_the_seed_only() {
        let load = offered(10, 1e5, Arrivals::Poisson);
        let make = |load, millis| Schedule::new(load, Duration::from_millis(millis)).unwrap();
        let (short, long) = (make(&load, 10), make(&load, 30));
        assert_eq!(short.packed, long.packed[..short.len()]);
        assert_ne!(short.packed, make(&Offered { seed: 8, ..load }, 10).packed);
    }

    /// Ten thousand clients all ask where there is time for it; where there is not, the silent
    /// ones are counted.
    #[test]
    fn silent_clients_are_counted() {
        let load = offered(CLIENTS_MAX, 1e6, Arrivals::Poisson);
        let schedule = Schedule::new(&load, Duration::from_millis(300)).unwrap();
        assert_eq!(schedule.silent_clients(schedule.len()), 0);
        let load = offered(100, 1e3, Arrivals::Constant);
        let schedule = Schedule::new(&load, Duration::from_millis(30)).unwrap();
        assert_eq!((schedule.len(), schedule.silent_clients(30)), (30, 70));
        assert_eq!(schedule.silent_clients(5), 95);
    }

    /// What does not fit, or is no load, is refused before memory is taken.
    #[test]
    fn impossible_loads_are_refused() {
        let second = Duration::from_secs(1);
        let refused = |clients, rate, duration| {
            Schedule::new(&offered(clients, rate, Arrivals::Poisson), duration).unwrap_err()
        };
        assert!(matches!(refused(1, 1e9, second), ScheduleError::TooMany { .. }));
        for (clients, rate) in [(0, 1.0), (CLIENTS_MAX + 1, 1.0), (1, 0.0), (1, f64::NAN)] {
            assert!(matches!(refused(clients, rate, second), ScheduleError::OutOfRange { .. }));
        }
        assert!(matches!(refused(1, 1.0, 2 * DURATION_MAX), ScheduleError::OutOfRange { .. }));
    }
}
