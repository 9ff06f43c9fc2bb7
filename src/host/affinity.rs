//! Pins the measuring thread to one core, and says why where it cannot.

use core_affinity::CoreId;
use thiserror::Error;

use super::{cpu_list, read_trimmed};

/// Why the thread is not pinned.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PinError {
    /// The operating system does not say which cores there are.
    #[error("the operating system does not list its cores")]
    NoCores,
    /// The core asked for is not ours.
    #[error("core {core} is not available; available: {available}")]
    NoSuchCore {
        /// The core asked for.
        core: usize,
        /// The cores there are.
        available: String,
    },
    /// The operating system refused.
    #[error("the operating system refused to pin to core {0}")]
    Refused(usize),
    /// The thread runs elsewhere all the same.
    #[error("pinned to core {wanted}, but running on core {actual}")]
    Elsewhere {
        /// The core asked for.
        wanted: usize,
        /// The core that the thread is on.
        actual: usize,
    },
}

/// Pins the current thread to `core`, or to the best one, and checks where it runs.
pub fn pin(core: Option<usize>) -> Result<usize, PinError> {
    let wanted = pick(core)?;
    if !core_affinity::set_for_current(CoreId { id: wanted }) {
        return Err(PinError::Refused(wanted));
    }
    match current_core() {
        Some(actual) if actual != wanted => Err(PinError::Elsewhere { wanted, actual }),
        _ => Ok(wanted),
    }
}

/// The core that [`pin`] takes.
pub fn pick(core: Option<usize>) -> Result<usize, PinError> {
    let available = usable()?;
    match core {
        Some(core) if available.contains(&core) => Ok(core),
        Some(core) => Err(PinError::NoSuchCore { core, available: join(&available) }),
        None => choose(&available, &isolated()).ok_or(PinError::NoCores),
    }
}

/// The cores that this thread may use. After pinning, that is one: ask before.
pub fn usable() -> Result<Vec<usize>, PinError> {
    let cores = core_affinity::get_core_ids().ok_or(PinError::NoCores)?;
    Ok(cores.iter().map(|core| core.id).collect())
}

/// `count` cores out of `usable`, `first` before all others, each once before one stands twice.
#[must_use]
pub fn spread(usable: &[usize], first: usize, count: usize) -> Vec<usize> {
    let others = usable.iter().copied().filter(|&core| core != first);
    let all: Vec<usize> = std::iter::once(first).chain(others).collect();
    all.into_iter().cycle().take(count).collect()
}

/// The core that the current thread is on. `None` where the system does not say.
#[must_use]
pub fn current_core() -> Option<usize> {
    #[cfg(target_os = "linux")]
    return Some(rustix::thread::sched_getcpu());
    #[cfg(not(target_os = "linux"))]
    None
}

/// Cores that the scheduler keeps free.
#[must_use]
pub fn isolated() -> Vec<usize> {
    read_trimmed("/sys/devices/system/cpu/isolated").map_or_else(Vec::new, |text| cpu_list(&text))
}

/// An isolated core if there is one, else the last: the first serves most interrupts.
fn choose(available: &[usize], isolated: &[usize]) -> Option<usize> {
    let free = available.iter().copied().filter(|core| isolated.contains(core)).max();
    free.or_else(|| available.iter().copied().max())
}

fn join(cores: &[usize]) -> String {
    cores.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Isolated cores come first; without them it is the last core.
    #[test]
    fn isolated_cores_are_preferred() {
        assert_eq!(choose(&[0, 1, 2, 3], &[1, 2, 9]), Some(2));
        assert_eq!(choose(&[0, 1, 2, 3], &[]), Some(3));
        assert_eq!(choose(&[], &[1]), None);
    }

    /// Every core is used before one is used twice.
    #[test]
    fn cores_are_spread() {
        assert_eq!(spread(&[0, 1, 2], 2, 2), [2, 0]);
        assert_eq!(spread(&[0, 1], 1, 5), [1, 0, 1, 0, 1]);
    }

    /// Pinning is proved by where the thread then runs; a core that is not there is refused.
    #[test]
    fn pinning_is_proved() {
        if let Ok(core) = pin(None) {
            assert!(current_core().is_none_or(|current| current == core));
            assert!(matches!(pin(Some(99_999)), Err(PinError::NoSuchCore { .. })));
        }
    }
}
