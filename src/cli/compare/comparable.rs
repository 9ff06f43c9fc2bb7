//! Whether two records can be compared at all. If not, there is no number.

use thiserror::Error;

use crate::{
    gate::fitness,
    host::fingerprint::Fingerprint,
    report::record::{CorpusRecord, RunRecord, Status},
    warning::hidden_features,
};

/// Why two records cannot be compared.
#[derive(Debug, PartialEq, Error)]
pub(in crate::cli) enum Incomparable {
    /// A run did not end.
    #[error("its run did not end well: what is missing cannot be compared; measure it again")]
    Incomplete,
    /// Times of two machines.
    #[error("it was measured on another host ({0}); measure both on one host")]
    OtherHost(String),
    /// Optimised or not.
    #[error(
        "it was measured by a {one} build, and the other by a {other} build; measure both by one \
         build"
    )]
    OtherProfile { one: String, other: String },
    /// Other input.
    #[error("its input is not the same: {what} was {one}, is {other}; measure both on one input")]
    OtherInput { what: &'static str, one: String, other: String },
    /// Another processor, as far as the program could see.
    #[error(
        "the processor was not used alike: {one}; then: {other}; measure both with one --hide-cpu"
    )]
    OtherFeatures { one: String, other: String },
    /// Another device.
    #[error("{backend} ran on another device: {one}, and then {other}; choose one by --gpu")]
    OtherDevice { backend: String, one: String, other: String },
    /// Another width of the design.
    #[error("{backend} had {one} lanes, and then {other}; choose one number by --lanes")]
    OtherLanes { backend: String, one: usize, other: usize },
}

/// What must be the same for figures to be comparable, and is known before anything is measured.
pub(in crate::cli) struct Conditions {
    /// The machine.
    pub(in crate::cli) host: Fingerprint,
    /// The input.
    pub(in crate::cli) corpus: CorpusRecord,
    /// `release` or `debug`.
    pub(in crate::cli) profile: String,
    /// What is said of processor features that were hidden, where any were.
    pub(in crate::cli) hidden: Option<String>,
}

impl Conditions {
    /// Those of a record.
    pub(in crate::cli) fn of(record: &RunRecord) -> Self {
        Self {
            host: record.host.clone(),
            corpus: record.corpus.clone(),
            profile: record.tool.profile.clone(),
            hidden: hidden_features(&record.warnings).map(Into::into),
        }
    }

    /// Checks that what is measured under both can be compared.
    pub(in crate::cli) fn check(&self, other: &Self) -> Result<(), Incomparable> {
        if let Some(what) = fitness::differing(&self.host, &other.host) {
            return Err(Incomparable::OtherHost(what));
        }
        self.check_work(other)?;
        if self.hidden != other.hidden {
            let said = |hidden: &Option<String>| {
                hidden.clone().unwrap_or_else(|| "no processor features were hidden".into())
            };
            let (one, other) = (said(&self.hidden), said(&other.hidden));
            return Err(Incomparable::OtherFeatures { one, other });
        }
        Ok(())
    }

    /// Checks that the same work was done, whatever the machines: the input, and how the program
    /// was optimised.
    pub(super) fn check_work(&self, other: &Self) -> Result<(), Incomparable> {
        let (one, two) = (self.profile.clone(), other.profile.clone());
        if one != two {
            return Err(Incomparable::OtherProfile { one, other: two });
        }
        same_input(&self.corpus, &other.corpus)
    }
}

fn same_input(one: &CorpusRecord, other: &CorpusRecord) -> Result<(), Incomparable> {
    let facts = |corpus: &CorpusRecord| {
        [
            ("digest of the corpus", corpus.digest.clone()),
            ("seed", corpus.seed.to_string()),
            ("faulty records per 1,000", corpus.faults_permille.to_string()),
        ]
    };
    let mut pairs = facts(one).into_iter().zip(facts(other));
    match pairs.find(|(one, other)| one != other) {
        None => Ok(()),
        Some(((what, one), (_, other))) => Err(Incomparable::OtherInput { what, one, other }),
    }
}

/// Checks that a record is whole.
pub(super) fn check_whole(record: &RunRecord) -> Result<(), Incomparable> {
    if record.status == Status::Complete { Ok(()) } else { Err(Incomparable::Incomplete) }
}

/// Checks that two whole records can be compared: the same conditions, devices and designs.
pub(super) fn check(one: &RunRecord, other: &RunRecord) -> Result<(), Incomparable> {
    Conditions::of(one).check(&Conditions::of(other))?;
    for device in &one.devices {
        let mut others = other.devices.iter();
        let found = others.find(|other| other.backend == device.backend);
        let Some(found) = found else { continue };
        let [one, other] = [device, found].map(|device| device.facts.adapter.to_string());
        if one != other {
            return Err(Incomparable::OtherDevice { backend: device.backend.clone(), one, other });
        }
    }
    for design in &one.simulated {
        let mut others = other.simulated.iter();
        let found = others.find(|other| other.backend == design.backend);
        let Some(found) = found else { continue };
        let (one, other) = (design.facts.lanes, found.facts.lanes);
        if one != other {
            return Err(Incomparable::OtherLanes { backend: design.backend.clone(), one, other });
        }
    }
    Ok(())
}
