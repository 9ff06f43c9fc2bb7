//! The verdict: one byte that says whether an agent may run a tool, and why not.
//!
//! ```text
//! bits 7..5 fault     bits 4..2 risk (7 when there is a fault)     bits 1..0 decision
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is wrong with a record. The order is the precedence: the first that holds is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Fault {
    /// Bytes 0..4 are not `54 43 50 02`.
    Magic = 1,
    /// Bytes 4..6 are not 2.
    Version = 2,
    /// Bytes 22..24 are not the checksum of bytes 0..22.
    Checksum = 3,
    /// None of the flag bits 0..4 is set.
    NoRisk = 4,
}

impl Fault {
    /// Every fault, in order of precedence.
    pub const ALL: [Self; 4] = [Self::Magic, Self::Version, Self::Checksum, Self::NoRisk];

    /// The name used in JSON and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Magic => "magic",
            Self::Version => "version",
            Self::Checksum => "checksum",
            Self::NoRisk => "no-risk",
        }
    }
}

/// How much harm a tool can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Risk {
    /// Reads and prints.
    Safe = 0,
    /// Reads widely, or writes only what it is told to.
    Low = 1,
    /// Writes files or uses the network.
    Medium = 2,
    /// Changes the system.
    High = 3,
    /// Can destroy data for good.
    Critical = 4,
}

impl Risk {
    /// Every level, lowest first. The index of a level is its flag bit.
    pub const ALL: [Self; 5] = [Self::Safe, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name used in JSON, tables and rules.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The decision that this level leads to.
    #[must_use]
    pub const fn decision(self) -> Decision {
        match self {
            Self::Safe | Self::Low => Decision::Approve,
            Self::Medium => Decision::Caution,
            Self::High => Decision::RequireApproval,
            Self::Critical => Decision::Reject,
        }
    }
}

/// What an agent should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Decision {
    /// Run it.
    Approve = 0,
    /// Run it with care.
    Caution = 1,
    /// Ask a person first.
    RequireApproval = 2,
    /// Do not run it.
    Reject = 3,
}

impl Decision {
    /// Every decision, mildest first.
    pub const ALL: [Self; 4] = [Self::Approve, Self::Caution, Self::RequireApproval, Self::Reject];

    /// The name used in JSON and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Caution => "caution",
            Self::RequireApproval => "require-approval",
            Self::Reject => "reject",
        }
    }
}

/// The risk field of a verdict that carries a fault.
const RISK_UNKNOWN: u8 = 7;

/// One output byte of `decide`. Made from a risk or a fault, so it is always consistent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Verdict(u8);

impl Verdict {
    /// The verdict of a valid descriptor.
    #[must_use]
    pub const fn of_risk(risk: Risk) -> Self {
        Self((risk as u8) << 2 | risk.decision() as u8)
    }

    /// The verdict of a faulty record: the core fails closed.
    #[must_use]
    pub const fn of_fault(fault: Fault) -> Self {
        Self((fault as u8) << 5 | RISK_UNKNOWN << 2 | Decision::Reject as u8)
    }

    /// The nine bytes that `decide` can give, valid ones first.
    #[must_use]
    pub const fn all() -> [Self; 9] {
        [
            Self::of_risk(Risk::Safe),
            Self::of_risk(Risk::Low),
            Self::of_risk(Risk::Medium),
            Self::of_risk(Risk::High),
            Self::of_risk(Risk::Critical),
            Self::of_fault(Fault::Magic),
            Self::of_fault(Fault::Version),
            Self::of_fault(Fault::Checksum),
            Self::of_fault(Fault::NoRisk),
        ]
    }

    /// Reads a byte that a backend wrote. `None` when no record can give it.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::all().into_iter().find(|verdict| verdict.0 == byte)
    }

    /// The byte as backends write it.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// The fault, if there is one.
    #[must_use]
    pub fn fault(self) -> Option<Fault> {
        Fault::ALL.into_iter().find(|&fault| fault as u8 == self.0 >> 5)
    }

    /// The risk, unless there is a fault.
    #[must_use]
    pub fn risk(self) -> Option<Risk> {
        Risk::ALL.into_iter().find(|&risk| risk as u8 == self.0 >> 2)
    }

    /// What an agent should do.
    #[must_use]
    pub const fn decision(self) -> Decision {
        Decision::ALL[(self.0 & 3) as usize]
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x} {}", self.0, self.decision().name())?;
        match (self.fault(), self.risk()) {
            (Some(fault), _) => write!(f, " (fault: {})", fault.name()),
            (None, Some(risk)) => write!(f, " (risk: {})", risk.name()),
            (None, None) => Ok(()),
        }
    }
}

macro_rules! display_by_name {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    )*};
}
display_by_name!(Fault, Risk, Decision);

#[cfg(test)]
mod tests {
    use super::*;

    /// The two verdicts that the format's text spells out, and the fail-closed rule.
    #[test]
    fn bytes_are_as_specified() {
        assert_eq!(Verdict::of_risk(Risk::Safe).byte(), 0x00);
        assert_eq!(Verdict::of_risk(Risk::Critical).byte(), 0x13);
        for fault in Fault::ALL {
            let verdict = Verdict::of_fault(fault);
            assert_eq!(verdict.decision(), Decision::Reject);
            assert_eq!((verdict.fault(), verdict.risk()), (Some(fault), None));
        }
    }

    /// Exactly nine of the 256 bytes are verdicts, and reading gives back what was written.
    #[test]
    fn only_nine_bytes_are_verdicts() {
        let readable: Vec<u8> =
            (0..=255).filter(|&byte| Verdict::from_byte(byte).is_some()).collect();
        assert_eq!(readable.len(), Verdict::all().len());
        for verdict in Verdict::all() {
            assert_eq!(Verdict::from_byte(verdict.byte()), Some(verdict));
        }
    }

    /// A person can read a verdict.
    #[test]
    fn display_names_decision_and_reason() {
        assert_eq!(Verdict::of_risk(Risk::High).to_string(), "0x0e require-approval (risk: high)");
        assert_eq!(Verdict::of_fault(Fault::NoRisk).to_string(), "0x9f reject (fault: no-risk)");
    }
}
