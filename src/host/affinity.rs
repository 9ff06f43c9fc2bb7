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

/// The cores that this thread may use: those of its mask, and isolated ones that it is given when
/// it asks for them. After pinning, that is one: ask before.
pub fn usable() -> Result<Vec<usize>, PinError> {
    let cores = core_affinity::get_core_ids().ok_or(PinError::NoCores)?;
    let mask = cores.iter().map(|core| core.id).collect();
    Ok(with_isolated(mask, &isolated(), had))
}

/// A mask, and the isolated cores that can be had beside it. The kernel leaves these out of the
/// mask of every process; a mask that has one was set by somebody, and stays as it is.
fn with_isolated(
    mut mask: Vec<usize>,
    isolated: &[usize],
    had: impl FnOnce(&[usize]) -> Vec<usize>,
) -> Vec<usize> {
    if isolated.is_empty() || mask.iter().any(|core| isolated.contains(core)) {
        return mask;
    }
    mask.extend(had(isolated));
    mask.sort_unstable();
    mask
}

/// Cores that a mask of the C library has room for.
const CORES_MAX: usize = 1_024;

/// Those of some cores that can be had. Tried on a thread that ends with it: this one stays where
/// it is.
fn had(cores: &[usize]) -> Vec<usize> {
    let is_had =
        |core: &usize| *core < CORES_MAX && core_affinity::set_for_current(CoreId { id: *core });
    let all = || cores.iter().copied().filter(is_had).collect();
    std::thread::scope(|scope| {
        let tried = std::thread::Builder::new().spawn_scoped(scope, all).ok();
        tried.and_then(|thread| thread.join().ok()).unwrap_or_default()
    })
}

/// The cores that threads share out where `core`, or the best one, measures: those of its kind. A
/// team of isolated cores has no others in it, and one of others has no isolated ones.
pub fn team(core: Option<usize>) -> Result<Vec<usize>, PinError> {
    let first = pick(core)?;
    Ok(alike(&usable()?, &isolated(), first))
}

fn alike(usable: &[usize], isolated: &[usize], first: usize) -> Vec<usize> {
    let kind = isolated.contains(&first);
    usable.iter().copied().filter(|core| isolated.contains(core) == kind).collect()
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

    /// What the kernel keeps out of every mask is there all the same, as far as it can be had; a
    /// mask that somebody chose stays.
    #[test]
    fn isolated_cores_are_usable() {
        let first = |cores: &[usize]| cores[..1].to_vec();
        assert_eq!(with_isolated(vec![0, 1], &[3, 2], first), [0, 1, 3]);
        assert_eq!(with_isolated(vec![0, 3], &[3, 2], first), [0, 3]);
        assert_eq!(with_isolated(vec![1, 0], &[], first), [1, 0]);
        let usable = usable().unwrap();
        assert!(had(&usable).len() == usable.len() && had(&[1_023, 99_999]).is_empty());
    }

    /// Threads share out cores of one kind: that of the measuring core.
    #[test]
    fn teams_are_of_one_kind() {
        assert_eq!(alike(&[0, 1, 2, 3], &[2, 3], 3), [2, 3]);
        assert_eq!(alike(&[0, 1, 2, 3], &[2, 3], 1), [0, 1]);
        assert_eq!(alike(&[0, 1], &[], 1), [0, 1]);
        assert_eq!(team(None), Ok(alike(&usable().unwrap(), &isolated(), pick(None).unwrap())));
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
