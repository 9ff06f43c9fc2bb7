//! Where the measuring threads run.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{ProfileError, is_distinct, refuse_unless};

/// The table `pinning`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinning {
    /// How the cores are chosen.
    pub policy: Policy,
    /// The cores, for the policy `list`: the first measures, and threads take them in turn. Empty
    /// otherwise.
    pub cores: Vec<usize>,
}

/// How the cores are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// One that the scheduler keeps free, else the last: the first serves most interrupts.
    IsolatedElseLast,
    /// The last that this process may use, isolated or not.
    Last,
    /// Those that are listed, and no others.
    List,
}

/// The cores of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The measuring core. `None` where the harness chooses, as it does without a profile.
    pub core: Option<usize>,
    /// The cores that threads share out. Empty for all of the measuring core's kind.
    pub team: Vec<usize>,
}

/// A listed core that this process may not use, or one that is not listed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PinningError {
    /// A listed core cannot be had.
    #[error(
        "pinning.cores: this process may not use core {core}, only {usable:?}; let it (taskset, \
         cgroup), or list others"
    )]
    NotUsable {
        /// The core.
        core: usize,
        /// Those that it may use.
        usable: Vec<usize>,
    },
    /// A flag names a core beside the list.
    #[error("--core {core}: pinning.cores lists {listed:?} and no others; name one of these")]
    NotListed {
        /// The core.
        core: usize,
        /// Those that are listed.
        listed: Vec<usize>,
    },
}

impl Pinning {
    /// The cores on a host where this process may use `usable`, and a flag may have asked for one.
    /// Of a list, that is one of its cores: the team stays.
    pub fn choose(&self, asked: Option<usize>, usable: &[usize]) -> Result<Chosen, PinningError> {
        let core = match self.policy {
            Policy::IsolatedElseLast => None,
            Policy::Last => usable.iter().copied().max(),
            Policy::List => return self.choose_of_list(asked, usable),
        };
        Ok(Chosen { core: asked.or(core), team: Vec::new() })
    }

    fn choose_of_list(
        &self,
        asked: Option<usize>,
        usable: &[usize],
    ) -> Result<Chosen, PinningError> {
        if let Some(&core) = self.cores.iter().find(|core| !usable.contains(core)) {
            return Err(PinningError::NotUsable { core, usable: usable.to_vec() });
        }
        if let Some(core) = asked.filter(|core| !self.cores.contains(core)) {
            return Err(PinningError::NotListed { core, listed: self.cores.clone() });
        }
        Ok(Chosen { core: asked.or(self.cores.first().copied()), team: self.cores.clone() })
    }

    pub(super) fn check(&self) -> Result<(), ProfileError> {
        let is_list = self.policy == Policy::List;
        let says = "list the cores with the policy `list`, and leave it empty with another";
        refuse_unless(is_list != self.cores.is_empty(), "pinning.cores", says)?;
        refuse_unless(is_distinct(&self.cores), "pinning.cores", "a core is listed twice")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::tests::refusal;

    fn chosen(policy: Policy, cores: &[usize], usable: &[usize]) -> Result<Chosen, PinningError> {
        Pinning { policy, cores: cores.to_vec() }.choose(None, usable)
    }

    /// Each policy names its core; a listed one that cannot be had is refused, with those that can.
    #[test]
    fn policies_name_cores() {
        let usable = [0, 1, 2, 3];
        assert_eq!(chosen(Policy::IsolatedElseLast, &[], &usable), Ok(Chosen::default()));
        let last = Chosen { core: Some(3), team: Vec::new() };
        assert_eq!(chosen(Policy::Last, &[], &usable), Ok(last));
        let listed = Chosen { core: Some(2), team: vec![2, 1] };
        assert_eq!(chosen(Policy::List, &[2, 1], &usable), Ok(listed));
        let error = chosen(Policy::List, &[2, 9], &usable).unwrap_err().to_string();
        assert!(error.contains("core 9") && error.contains("[0, 1, 2, 3]"), "{error}");
    }

    /// A core that a flag names takes the place of the measuring one, and of a list is one of it.
    #[test]
    fn a_core_may_be_asked_for() {
        let asked = |policy, cores: &[usize], core| {
            Pinning { policy, cores: cores.to_vec() }.choose(Some(core), &[0, 1, 2, 3])
        };
        let alone = Chosen { core: Some(1), team: Vec::new() };
        assert_eq!(asked(Policy::Last, &[], 1), Ok(alone.clone()));
        assert_eq!(asked(Policy::IsolatedElseLast, &[], 1), Ok(alone));
        let listed = Chosen { core: Some(1), team: vec![2, 1] };
        assert_eq!(asked(Policy::List, &[2, 1], 1), Ok(listed));
        let error = asked(Policy::List, &[2, 1], 3).unwrap_err().to_string();
        assert!(error.contains("--core 3") && error.contains("[2, 1]"), "{error}");
    }

    /// Cores belong to one policy only.
    #[test]
    fn cores_belong_to_the_list() {
        for (line, other) in [("cores = []", "cores = [1]"), ("\"isolated-else-last\"", "\"list\"")]
        {
            assert!(refusal(line, other).contains("pinning.cores: list the cores"), "{other}");
        }
    }
}
