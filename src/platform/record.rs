//! What a record says of the profile that it was measured under.

use serde::{Deserialize, Serialize};

use super::{identity::Status, requirements::Need};
use crate::host::doctor::requirement::{Checked, Requirement};

/// A profile, and how far the run kept to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRecord {
    /// Its id.
    pub id: String,
    /// How far it is tried.
    pub status: Status,
    /// SHA-256 of its text.
    pub digest: String,
    /// Flags that took the place of what it says.
    #[serde(default)]
    pub overridden: Vec<String>,
    /// Its rules that the host does not fit, in words.
    #[serde(default)]
    pub mismatches: Vec<String>,
    /// What it asks of the host, and what was found before measuring.
    #[serde(default)]
    pub requirements: Vec<RequirementRecord>,
}

/// A requirement of a profile, set against a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequirementRecord {
    /// What is asked for, as `nanogate doctor --require` names it.
    pub requirement: Requirement,
    /// How much depends on it.
    pub need: Need,
    /// Whether it is met. What is unknown is not.
    pub met: bool,
    /// What was found.
    pub found: String,
    /// What to do, where it is not met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl RequirementRecord {
    /// What a doctor found.
    #[must_use]
    pub fn new(need: Need, checked: Checked) -> Self {
        let Checked { requirement, met, found, remedy } = checked;
        Self { requirement, need, met, found, remedy }
    }

    /// Whether nothing may be measured.
    #[must_use]
    pub fn forbids(&self) -> bool {
        !self.met && self.need == Need::Required
    }
}

impl ProfileRecord {
    /// What is wanted and not so, in words. Empty where all is.
    #[must_use]
    pub fn unmet(&self) -> Vec<String> {
        let unmet = self.requirements.iter().filter(|one| !one.met);
        unmet.map(|one| format!("{} ({})", one.requirement, one.found)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only what is required and not met forbids to measure; what is wanted is told.
    #[test]
    fn what_is_unmet_is_told() {
        let of = |need, met| {
            let (requirement, found) = (Requirement::TurboOff, "turbo is on".to_owned());
            RequirementRecord { requirement, need, met, found, remedy: None }
        };
        assert!(of(Need::Required, false).forbids());
        assert!(!of(Need::Required, true).forbids() && !of(Need::Wanted, false).forbids());
        let record = ProfileRecord {
            id: "x".into(),
            status: Status::Supported,
            digest: "0".repeat(64),
            overridden: Vec::new(),
            mismatches: Vec::new(),
            requirements: vec![of(Need::Wanted, false), of(Need::Wanted, true)],
        };
        assert_eq!(record.unmet(), ["turbo-off (turbo is on)"]);
    }
}
