//! Names within a profile that only higher layers know: backends, methods, footprints and more.

use crate::{
    backend::FpgaChoice,
    cli::{gate, gpu_variant},
    gate::limits::{Limits, LimitsError},
    measure::{Method, footprint::Wanted, load::arrivals::Arrivals},
    nearest::hint,
    platform::Profile,
    registry,
};

/// Refuses names that there are not.
pub(super) fn check(profile: &Profile) -> Result<(), String> {
    let Profile { backends, plan, gate, .. } = profile;
    for (id, required) in backends.all() {
        let key = if required { "backends.required" } else { "backends.optional" };
        known(key, id, registry::all().map(|entry| entry.id))?;
    }
    if let Some(variant) = backends.gpu.variant.asked().filter(|_| cfg!(feature = "gpu")) {
        gpu_variant(variant).map_err(|error| format!("backends.gpu.variant: {error}"))?;
    }
    if !FpgaChoice::LANES.contains(&backends.fpga.lanes) {
        let lanes = backends.fpga.lanes;
        return Err(format!("backends.fpga.lanes = {lanes}: one of {:?}", FpgaChoice::LANES));
    }
    for footprint in &plan.footprints {
        Wanted::parse(footprint).map_err(|error| format!("plan.footprints: {error}"))?;
    }
    for method in &plan.methods {
        known("plan.methods", method, Method::ALL.map(Method::name))?;
    }
    known("plan.load.arrivals", &plan.load.arrivals, Arrivals::ALL.map(Arrivals::name))?;
    gate.methods.iter().try_for_each(|method| known("gate.methods", method, gate::methods()))
}

/// Refuses limits for rows that no gate has.
pub(super) fn check_limits(limits: &Limits) -> Result<(), LimitsError> {
    limits.check_names(&gate::known())
}

fn known(key: &str, name: &str, all: impl IntoIterator<Item = &'static str>) -> Result<(), String> {
    let all: Vec<&str> = all.into_iter().collect();
    if all.contains(&name) {
        return Ok(());
    }
    let hint = hint(name, all.iter().copied());
    Err(format!("{key}: no `{name}`; known: {}{hint}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::shipped;

    /// Every kind of name is checked, and told with its key.
    #[test]
    fn unknown_names_are_refused() {
        let text = shipped::find("ci-shared-2core").unwrap();
        for (good, bad, says) in [
            ("\"scalar\"", "\"scaler\"", "backends.required: no `scaler`"),
            ("\"simd-neon\"", "\"neon\"", "did you mean `simd-neon`?"),
            ("lanes = 4", "lanes = 3", "backends.fpga.lanes = 3"),
            ("\"hot\"", "\"warm\"", "plan.footprints"),
            ("\"latency\", \"cycles\"", "\"latncy\"", "plan.methods: no `latncy`"),
            ("\"poisson\"", "\"uniform\"", "plan.load.arrivals"),
            ("methods = [\"throughput\", \"cycles\"]", "methods = [\"load\"]", "gate.methods"),
        ] {
            assert!(text.contains(good), "{good}");
            let profile = Profile::parse(&text.replacen(good, bad, 1)).unwrap();
            let error = check(&profile).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
