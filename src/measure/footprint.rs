//! Where the inputs and outputs of a measurement lie: hot, inside a cache, or cold, beyond all.
//!
//! A footprint is the number of batches in rotation. Sizes come from the machine's own caches.

use crate::{host::fingerprint::Cache, nearest};

/// Share of a cache that a footprint fills if its batches are short: the rest is for code, tables
/// and what the operating system does.
const FILL: f64 = 0.5;
/// Share of a cache that two long batches may fill at most.
const FILL_MAX: f64 = 0.8;
/// Times the last cache that a cold footprint is, and that it is at least where the former would
/// be more than [`COLD_BYTES_MAX`].
const BEYOND: usize = 4;
const BEYOND_LEAST: usize = 2;
/// Bytes of a cold footprint, unless the last cache asks for more.
const COLD_BYTES_MAX: usize = 512 << 20;
/// Fewest batches, so that none is submitted twice in a row.
const BATCHES_MIN: usize = 2;
/// Name of the footprint beyond all caches.
pub const MEMORY: &str = "memory";
/// Name of the footprint where the machine does not tell its caches.
const UNKNOWN: &str = "unknown";

/// A number of batches with the smallest store that holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// `L1`, `L2`, `L3`, `memory`, or `unknown` where the machine does not tell its caches.
    pub home: String,
    /// Batches in rotation, for each thread.
    pub batch_count: usize,
}

/// Which footprints are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// In the smallest cache that holds two batches.
    Hot,
    /// Well beyond the last cache.
    Cold,
    /// In this cache, where the batch length allows it.
    Home(String),
}

impl Wanted {
    /// What [`Wanted::parse`] reads on most machines.
    pub const NAMES: [&str; 6] = ["hot", "cold", MEMORY, "L1", "L2", "L3"];

    /// Reads `hot`, `cold`, `memory` or a cache such as `L2`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let level = text.strip_prefix('L').and_then(|level| level.parse::<u8>().ok());
        match text {
            "hot" => Ok(Self::Hot),
            "cold" | MEMORY => Ok(Self::Cold),
            _ if level.is_some() => Ok(Self::Home(text.to_owned())),
            _ => {
                let hint = nearest::hint(text, Self::NAMES);
                Err(format!("not hot, cold, memory or a cache such as L2{hint}"))
            }
        }
    }
}

/// The footprints wanted for batches of `batch_bytes`, input and output, on each of `threads`.
/// The smallest comes first; none stands twice.
#[must_use]
pub fn choose(
    caches: &[Cache],
    batch_bytes: usize,
    threads: usize,
    wanted: &[Wanted],
) -> Vec<Footprint> {
    let mut all = possible(caches, batch_bytes, threads);
    let last = all.len() - 1;
    let mut index = 0;
    all.retain(|footprint| {
        let keep = wanted.iter().any(|wanted| match wanted {
            Wanted::Hot => index == 0,
            Wanted::Cold => index == last,
            Wanted::Home(home) => *home == footprint.home,
        });
        index += 1;
        keep
    });
    all
}

/// One footprint for each store that can hold such batches. Never empty.
fn possible(caches: &[Cache], batch_bytes: usize, threads: usize) -> Vec<Footprint> {
    let levels = data_levels(caches, threads);
    let Some(&(_, last_bytes)) = levels.last() else {
        return vec![Footprint { home: UNKNOWN.into(), batch_count: 4 }];
    };
    let mut found = Vec::new();
    let mut below_bytes = 0;
    for &(level, bytes) in &levels {
        let batch_count = ((bytes as f64 * FILL) as usize / batch_bytes).max(BATCHES_MIN);
        let footprint_bytes = batch_count * batch_bytes;
        if footprint_bytes > below_bytes && footprint_bytes as f64 <= bytes as f64 * FILL_MAX {
            found.push(Footprint { home: format!("L{level}"), batch_count });
        }
        below_bytes = bytes;
    }
    let cold_bytes = (BEYOND * last_bytes).min(COLD_BYTES_MAX).max(BEYOND_LEAST * last_bytes);
    let batch_count = cold_bytes.div_ceil(batch_bytes).max(BATCHES_MIN);
    found.push(Footprint { home: MEMORY.into(), batch_count });
    found
}

/// The smallest store that so many bytes fit, on one thread.
#[must_use]
pub fn home(caches: &[Cache], footprint_bytes: u64) -> String {
    let levels = data_levels(caches, 1);
    let fits = |(_, bytes): &&(u8, usize)| footprint_bytes as f64 <= *bytes as f64 * FILL_MAX;
    match levels.iter().find(fits) {
        Some((level, _)) => format!("L{level}"),
        None if levels.is_empty() => UNKNOWN.into(),
        None => MEMORY.into(),
    }
}

/// Levels with what one thread has of them: the last of several is shared by all threads.
fn data_levels(caches: &[Cache], threads: usize) -> Vec<(u8, usize)> {
    let data = caches.iter().filter(|cache| cache.kind != "Instruction");
    let mut levels: Vec<(u8, usize)> =
        data.map(|cache| (cache.level, cache.size_bytes as usize)).collect();
    levels.sort_unstable();
    if let [_, .., (_, last_bytes)] = levels.as_mut_slice() {
        *last_bytes /= threads.max(1);
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 4] = ["L1", "L2", "L3", MEMORY];

    fn caches() -> Vec<Cache> {
        let cache = |level, kind: &str, size_bytes| Cache { level, kind: kind.into(), size_bytes };
        vec![
            cache(1, "Data", 32 << 10),
            cache(1, "Instruction", 64 << 10),
            cache(2, "Unified", 1 << 20),
            cache(3, "Unified", 32 << 20),
        ]
    }

    fn homes(batch_bytes: usize, wanted: &[Wanted]) -> Vec<String> {
        choose(&caches(), batch_bytes, 1, wanted).into_iter().map(|one| one.home).collect()
    }

    /// Short batches can lie anywhere, long ones only where two of them fit.
    #[test]
    fn homes_follow_the_batch() {
        let all = ALL.map(|home| Wanted::parse(home).unwrap());
        assert_eq!(homes(25, &all), ALL);
        assert_eq!(homes(4_096 * 25, &all), ["L2", "L3", MEMORY]);
        assert_eq!(homes(16_384 * 25, &all), ["L2", "L3", MEMORY]);
        assert_eq!(homes(20_000 * 25, &all), ["L3", MEMORY]);
        assert_eq!(homes(1_048_576 * 25, &all), [MEMORY]);
    }

    /// Hot is the smallest, cold is beyond the last cache, and one that is both stands once.
    #[test]
    fn hot_and_cold_are_the_ends() {
        let both = [Wanted::Hot, Wanted::Cold];
        assert_eq!(homes(25, &both), ["L1", MEMORY]);
        assert_eq!(homes(1_048_576 * 25, &both), [MEMORY]);
        let cold = choose(&caches(), 25, 1, &[Wanted::Cold]);
        assert!(cold[0].batch_count * 25 >= 4 * (32 << 20));
        let mut large = caches();
        large[3].size_bytes = 384 << 20;
        let cold = choose(&large, 25, 1, &[Wanted::Cold]);
        assert_eq!(cold[0].batch_count, (2usize * (384 << 20)).div_ceil(25));
    }

    /// Threads share the last cache, and only that.
    #[test]
    fn threads_share_the_last_cache() {
        let count = |home: &str, threads| {
            let wanted = [Wanted::parse(home).unwrap()];
            choose(&caches(), 2_500, threads, &wanted)[0].batch_count
        };
        assert_eq!(count("L2", 2), count("L2", 1));
        assert_eq!(count("L3", 2), count("L3", 1) / 2);
    }

    /// A machine that does not tell its caches has one footprint, without a home.
    #[test]
    fn unknown_caches_have_a_footprint() {
        let found = choose(&[], 25, 1, &[Wanted::Hot, Wanted::Cold]);
        assert_eq!((found.len(), found[0].home.as_str()), (1, "unknown"));
    }

    /// Bytes lie in the smallest store that they fit.
    #[test]
    fn bytes_have_a_home() {
        let homes = [1 << 10, 500 << 10, 1 << 20, 64 << 20].map(|bytes| home(&caches(), bytes));
        assert_eq!(homes, ["L1", "L2", "L3", MEMORY]);
        assert_eq!(home(&[], 1), UNKNOWN);
    }

    /// What is no footprint is refused.
    #[test]
    fn names_are_read() {
        assert_eq!(Wanted::parse("L2"), Ok(Wanted::Home("L2".into())));
        assert!(Wanted::parse("L").is_err() && Wanted::parse("warm").is_err());
    }
}
