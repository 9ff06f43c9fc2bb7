//! What a host must have for a profile, or should.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ProfileError, refuse_unless};
use crate::host::doctor::requirement::Requirement;

/// How much depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Without it nothing is measured.
    Required,
    /// Without it the record says so.
    Wanted,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Required => "required",
            Self::Wanted => "wanted",
        })
    }
}

/// A value that is asked for, and how much depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked<V> {
    /// How much depends on it.
    pub need: Need,
    /// What is asked for.
    pub value: V,
}

/// A type with two values: nothing is asked for, or the one thing that can be.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $(#[$said:meta])* $asked:ident }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            /// Nothing is asked for.
            Any,
            $(#[$said])*
            $asked,
        }

        impl $name {
            const fn is_asked(self) -> bool {
                matches!(self, Self::$asked)
            }
        }
    };
}

choice! {
    /// How the scheduler treats the measuring core.
    Isolation {
        /// It keeps the core free.
        Isolated
    }
}
choice! {
    /// Who sets the frequency.
    Governor {
        /// The governor `performance`.
        Performance
    }
}
choice! {
    /// Something that can be turned off.
    Switch {
        /// It is off.
        Off
    }
}
choice! {
    /// What stands between the system and the machine.
    Hypervisor {
        /// Nothing.
        None
    }
}
choice! {
    /// The processor's performance counters.
    CounterAccess {
        /// They can be read.
        Readable
    }
}
choice! {
    /// What else the machine does.
    Activity {
        /// Next to nothing.
        Idle
    }
}
choice! {
    /// The clock that times.
    Clock {
        /// The time-stamp counter.
        Tsc
    }
}

/// The table `requirements`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    /// Cores that this process may use, at the least.
    pub cores: Asked<u32>,
    /// Available memory, at the least.
    pub memory_gib: Asked<u32>,
    /// Isolation of the measuring core.
    pub isolation: Asked<Isolation>,
    /// The frequency governor.
    pub governor: Asked<Governor>,
    /// Frequencies above the nominal one.
    pub turbo: Asked<Switch>,
    /// Hardware threads that share cores.
    pub smt: Asked<Switch>,
    /// Virtual machines.
    pub hypervisor: Asked<Hypervisor>,
    /// Performance counters.
    pub counters: Asked<CounterAccess>,
    /// Other work on the machine.
    pub activity: Asked<Activity>,
    /// The clock.
    pub clock: Asked<Clock>,
}

/// What a doctor can check, and how much depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// How much depends on it.
    pub need: Need,
    /// What is checked.
    pub requirement: Requirement,
}

impl Requirements {
    /// All that is asked for.
    #[must_use]
    pub fn conditions(&self) -> Vec<Condition> {
        let cores = Requirement::Cores(self.cores.value);
        let memory = Requirement::Memory(self.memory_gib.value);
        let all = [
            (self.cores.need, true, cores),
            (self.memory_gib.need, true, memory),
            (self.isolation.need, self.isolation.value.is_asked(), Requirement::Isolated),
            (self.governor.need, self.governor.value.is_asked(), Requirement::Governor),
            (self.turbo.need, self.turbo.value.is_asked(), Requirement::TurboOff),
            (self.smt.need, self.smt.value.is_asked(), Requirement::SmtOff),
            (self.hypervisor.need, self.hypervisor.value.is_asked(), Requirement::BareMetal),
            (self.counters.need, self.counters.value.is_asked(), Requirement::Counters),
            (self.activity.need, self.activity.value.is_asked(), Requirement::Load),
            (self.clock.need, self.clock.value.is_asked(), Requirement::Tsc),
        ];
        let asked = all.into_iter().filter(|(_, is_asked, _)| *is_asked);
        asked.map(|(need, _, requirement)| Condition { need, requirement }).collect()
    }

    pub(super) fn check(&self) -> Result<(), ProfileError> {
        let says = "value = 0; ask for 1 at the least";
        refuse_unless(self.cores.value > 0, "requirements.cores", says)?;
        refuse_unless(self.memory_gib.value > 0, "requirements.memory_gib", says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{Profile, shipped, tests::refusal};

    /// What is `any` is no condition; all else is one, with its own need.
    #[test]
    fn what_is_asked_is_a_condition() {
        let profile = Profile::parse(shipped::find("x86-server-isolated").unwrap()).unwrap();
        let mut asked = profile.requirements;
        let named = |asked: &Requirements| -> Vec<String> {
            asked.conditions().iter().map(|one| one.requirement.to_string()).collect()
        };
        assert!(named(&asked).contains(&"isolated".to_owned()));
        assert!(named(&asked).contains(&"turbo-off".to_owned()));
        asked.isolation.value = Isolation::Any;
        asked.smt = Asked { need: Need::Wanted, value: Switch::Off };
        assert!(!named(&asked).contains(&"isolated".to_owned()));
        let smt = Condition { need: Need::Wanted, requirement: Requirement::SmtOff };
        assert!(asked.conditions().contains(&smt));
    }

    /// Nobody measures without a core.
    #[test]
    fn nothing_is_no_requirement() {
        let line = "cores      = { need = \"required\", value = 2 }";
        let error = refusal(line, &line.replace('2', "0"));
        assert!(error.contains("requirements.cores: value = 0"), "{error}");
    }
}
