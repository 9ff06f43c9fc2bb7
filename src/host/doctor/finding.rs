//! A finding: what was seen, what it costs, and what to do about it.

use std::fmt::Display;

use serde::Serialize;

/// How much a finding bears on a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// To be known. What is unknown is a note too, and says so.
    Note,
    /// Figures may be wrong or wander.
    Warning,
    /// Figures will be wrong.
    Critical,
}

impl Severity {
    /// The name used in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// Model, caches, hypervisor.
    Processor,
    /// Cores and hardware threads.
    Cores,
    /// Gaps, wake-up, steadiness.
    Jitter,
    /// Governor and turbo.
    Frequency,
    /// Sleep states.
    Idle,
    /// Heat.
    Thermal,
    /// Interrupts on the measuring core.
    Interrupts,
    /// Other work.
    Load,
    /// Memory, large pages, nodes.
    Memory,
    /// Settings of the kernel.
    Kernel,
    /// The clock.
    Timer,
    /// Performance counters.
    Counters,
    /// Graphics processors and simulators.
    Devices,
    /// What `--fix` changed.
    Tuning,
}

impl Subject {
    /// The name used in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Processor => "processor",
            Self::Cores => "cores",
            Self::Jitter => "jitter",
            Self::Frequency => "frequency",
            Self::Idle => "idle",
            Self::Thermal => "thermal",
            Self::Interrupts => "interrupts",
            Self::Load => "load",
            Self::Memory => "memory",
            Self::Kernel => "kernel",
            Self::Timer => "timer",
            Self::Counters => "counters",
            Self::Devices => "devices",
            Self::Tuning => "tuning",
        }
    }
}

/// A measured effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// What was measured.
    pub what: String,
    /// How much.
    pub value: f64,
    /// In which unit.
    pub unit: &'static str,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Stable name of the kind.
    pub code: &'static str,
    /// How much it bears on a measurement.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// What was seen.
    pub found: String,
    /// What it costs, where that was measured.
    pub effects: Vec<Effect>,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Finding {
    /// A finding of any severity.
    #[must_use]
    pub fn new(
        severity: Severity,
        subject: Subject,
        code: &'static str,
        found: impl Display,
    ) -> Self {
        let found = found.to_string();
        Self { code, severity, subject, found, effects: Vec::new(), advice: None }
    }

    /// All is as it should be.
    #[must_use]
    pub fn ok(subject: Subject, code: &'static str, found: impl Display) -> Self {
        Self::new(Severity::Ok, subject, code, found)
    }

    /// Something to know.
    #[must_use]
    pub fn note(subject: Subject, code: &'static str, found: impl Display) -> Self {
        Self::new(Severity::Note, subject, code, found)
    }

    /// Something that may spoil figures.
    #[must_use]
    pub fn warning(subject: Subject, code: &'static str, found: impl Display) -> Self {
        Self::new(Severity::Warning, subject, code, found)
    }

    /// Something that the system does not say.
    #[must_use]
    pub fn unknown(subject: Subject, code: &'static str, why: impl Display) -> Self {
        Self::note(subject, code, format!("unknown: {why}"))
    }

    /// The same with a measured effect.
    #[must_use]
    pub fn effect(mut self, what: impl Display, value: f64, unit: &'static str) -> Self {
        self.effects.push(Effect { what: what.to_string(), value, unit });
        self
    }

    /// The same with an effect where it was measured.
    #[must_use]
    pub fn effect_of(self, what: &str, value: Option<f64>, unit: &'static str) -> Self {
        match value {
            Some(value) => self.effect(what, value, unit),
            None => self,
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn advice(mut self, advice: impl Display) -> Self {
        self.advice = Some(advice.to_string());
        self
    }
}
