//! What a profile measures: backends, by their ids.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ProfileError, is_distinct, pattern::Pattern, refuse_unless};

/// The backends of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backends {
    /// Without any one of these nothing is measured.
    pub required: Vec<String>,
    /// Measured where they can run; the record says why the others cannot.
    pub optional: Vec<String>,
    /// Options of the graphics processor's backend.
    pub gpu: GpuOptions,
    /// Options of the simulated design.
    pub fpga: FpgaOptions,
}

/// Which graphics processor is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GpuOptions {
    /// What kind of device will do.
    pub device: DeviceRule,
    /// Its index or part of its name, as `--gpu`.
    pub adapter: Pattern,
    /// Variant of the shader, as `--gpu-variant`.
    pub variant: Pattern,
}

/// What kind of device will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceRule {
    /// Any; a driver that imitates one is labelled.
    Any,
    /// None that a driver imitates.
    Hardware,
    /// Only one that a driver imitates.
    Software,
}

impl DeviceRule {
    /// Whether a device will do.
    #[must_use]
    pub const fn allows(self, is_software: bool) -> bool {
        match self {
            Self::Any => true,
            Self::Hardware => !is_software,
            Self::Software => is_software,
        }
    }
}

impl fmt::Display for DeviceRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any",
            Self::Hardware => "hardware",
            Self::Software => "software",
        })
    }
}

/// Which simulated design is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FpgaOptions {
    /// Descriptors that one beat holds, as `--lanes`.
    pub lanes: u8,
    /// The part whose timing report gives modelled time, such as `ecp5-85f-6`. With `any`, each
    /// report that there is.
    pub timing_report: Pattern,
}

impl Backends {
    /// All of them, each with whether it is required.
    pub fn all(&self) -> impl Iterator<Item = (&str, bool)> {
        let required = self.required.iter().map(|id| (id.as_str(), true));
        required.chain(self.optional.iter().map(|id| (id.as_str(), false)))
    }

    pub(super) fn check(&self) -> Result<(), ProfileError> {
        let says = "is empty; a record without any backend says nothing";
        refuse_unless(!self.required.is_empty(), "backends.required", says)?;
        let ids: Vec<&str> = self.all().map(|(id, _)| id).collect();
        refuse_unless(is_distinct(&ids), "backends", "a backend is listed twice")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::tests::refusal;

    /// Each backend stands once, and one at least is required.
    #[test]
    fn backends_are_checked() {
        let required = "required = [\"reference\", \"scalar\"]";
        let error = refusal(required, "required = []");
        assert!(error.contains("backends.required: is empty"), "{error}");
        let error = refusal(required, "required = [\"scalar\", \"scalar\"]");
        assert!(error.contains("twice"), "{error}");
    }

    /// A driver that imitates a device will do only where the profile says so.
    #[test]
    fn imitated_devices_are_told_apart() {
        let allowed = |rule: DeviceRule| [false, true].map(|software| rule.allows(software));
        assert_eq!(allowed(DeviceRule::Any), [true, true]);
        assert_eq!(allowed(DeviceRule::Hardware), [true, false]);
        assert_eq!(allowed(DeviceRule::Software), [false, true]);
    }
}
