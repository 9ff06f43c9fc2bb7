//! A profile that a verb obeys, beside the flags that take the place of what it says.

use super::{
    host::{self, Devices},
    judge::{self, Found},
    open::Opened,
};
use crate::{
    backend::ProbeContext,
    cli::Failure,
    platform::{pinning::Chosen, record::ProfileRecord},
    warning::Warning,
};

/// The flags of a verb, as far as a profile has a word in them.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Given<'a> {
    /// Those that take the place of what it says.
    pub(in crate::cli) flags: Vec<&'static str>,
    /// The measuring core.
    pub(in crate::cli) core: Option<usize>,
    /// The backends. Empty for those of the profile.
    pub(in crate::cli) backends: &'a [String],
}

/// A profile set against this host.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Obeyed {
    pub(in crate::cli) opened: Opened,
    /// What records say of it.
    pub(in crate::cli) record: ProfileRecord,
    pub(in crate::cli) chosen: Chosen,
    /// What is measured of its backends, or of those that flags name.
    pub(in crate::cli) backends: Vec<Found>,
}

/// Takes over what a profile says of devices, and refuses cores and backends that cannot be had.
pub(in crate::cli) fn obey(
    opened: Opened,
    given: Given<'_>,
    context: &mut ProbeContext,
) -> Result<Obeyed, Failure> {
    let mut overridden = judge::apply(&opened.profile, context);
    overridden.extend(given.flags.into_iter().map(str::to_owned));
    let chosen = judge::cores(&opened, given.core)?;
    let backends = judge::backends(&opened.profile, given.backends, context)?;
    judge::refuse_missing(&opened, given.backends, &backends)?;
    let record = opened.record(overridden);
    Ok(Obeyed { opened, record, chosen, backends })
}

impl Obeyed {
    /// Refuses a host that lacks what is required.
    pub(in crate::cli) fn refuse_unmet(&self) -> Result<(), Failure> {
        let found = judge::requirements(&self.opened.profile, self.chosen.core);
        judge::refuse_unmet(&self.opened, &found)
    }

    /// Sets the host against all that is asked of it, for the record.
    pub(in crate::cli) fn put_down(&mut self, context: &ProbeContext) {
        let rules = &self.opened.profile.rules;
        let devices = if rules.asks_for_gpu() { Devices::Probed } else { Devices::LeftOut };
        let fit = rules.fit(&host::facts(context, devices));
        self.record.mismatches = fit.mismatches.iter().map(ToString::to_string).collect();
        self.record.requirements = judge::requirements(&self.opened.profile, self.chosen.core);
    }
}

/// What speaks against what was measured under a profile.
pub(in crate::cli) fn warnings(record: &ProfileRecord) -> Vec<Warning> {
    let ProfileRecord { id, mismatches, overridden, .. } = record;
    let said =
        |all: &[String], separator: &str| Some(all.join(separator)).filter(|said| !said.is_empty());
    let id = || id.clone();
    let mismatch = said(mismatches, "; ").map(|what| Warning::ProfileMismatch { id: id(), what });
    let unmet = said(&record.unmet(), "; ").map(|what| Warning::ProfileUnmet { id: id(), what });
    let flags = said(overridden, ", ").map(|flags| Warning::ProfileOverridden { id: id(), flags });
    [mismatch, unmet, flags].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::identity::Status;

    /// Each reason to distrust what was measured under a profile has its own warning, and where
    /// there is none there is no warning.
    #[test]
    fn reasons_become_warnings() {
        let mut record = ProfileRecord {
            id: "x".into(),
            status: Status::Supported,
            digest: "0".repeat(64),
            overridden: Vec::new(),
            mismatches: Vec::new(),
            requirements: Vec::new(),
        };
        assert_eq!(warnings(&record), []);
        record.overridden = vec!["--batch".into(), "--core".into()];
        record.mismatches = vec!["os: wants macos, found linux".into()];
        let codes: Vec<&str> = warnings(&record).iter().map(Warning::code).collect();
        assert_eq!(codes, ["profile-mismatch", "profile-overridden"]);
        assert!(warnings(&record)[1].to_string().contains("--batch, --core"));
    }
}
