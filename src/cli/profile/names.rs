//! Names within a profile that only higher layers know: backends, methods, footprints and more.

use crate::{
    backend::{BackendEntry, FpgaChoice},
    cli::{gate, gpu_variant},
    gate::limits::{Limits, LimitsError},
    measure::{Method, footprint::Wanted, load::arrivals::Arrivals},
    nearest::hint,
    platform::{Profile, ProfileError},
    registry,
};

/// Refuses names that there are not, and a backend that is required and that no method measures.
pub(super) fn check(profile: &Profile) -> Result<(), ProfileError> {
    let Profile { backends, plan, gate, .. } = profile;
    let refused = ProfileError::value;
    for (id, required) in backends.all() {
        let key = if required { "backends.required" } else { "backends.optional" };
        known(key, id, registry::all().map(|entry| entry.id))?;
    }
    if let Some(variant) = backends.gpu.variant.asked().filter(|_| cfg!(feature = "gpu")) {
        gpu_variant(variant).map_err(|error| refused("backends.gpu.variant", error))?;
    }
    let lanes = backends.fpga.lanes;
    if !FpgaChoice::LANES.contains(&lanes) {
        let says = format!("{lanes} is none of {:?}", FpgaChoice::LANES);
        return Err(refused("backends.fpga.lanes", says));
    }
    for footprint in &plan.footprints {
        let says = |error| format!("`{footprint}`: {error}");
        Wanted::parse(footprint).map_err(|error| refused("plan.footprints", says(error)))?;
    }
    for method in &plan.methods {
        known("plan.methods", method, Method::ALL.map(Method::name))?;
    }
    known("plan.load.arrivals", &plan.load.arrivals, Arrivals::ALL.map(Arrivals::name))?;
    let methods = gate::methods();
    gate.methods.iter().try_for_each(|method| known("gate.methods", method, methods))?;
    refuse_idle(profile)
}

/// What is required is measured, or required in vain.
fn refuse_idle(profile: &Profile) -> Result<(), ProfileError> {
    let asked = &profile.plan.methods;
    let is_idle = |entry: &&BackendEntry| {
        let mut methods = Method::ALL.into_iter().filter(|one| one.measures(entry.kind));
        let is_required = profile.backends.required.iter().any(|id| id == entry.id);
        is_required && !methods.any(|one| asked.iter().any(|name| name == one.name()))
    };
    let Some(entry) = registry::all().find(is_idle) else { return Ok(()) };
    let others = Method::ALL.into_iter().filter(|one| one.measures(entry.kind));
    let others = others.map(Method::name).collect::<Vec<_>>().join(", ");
    let says = format!(
        "`{}` is measured by none of plan.methods; add one of {others}, or leave it out",
        entry.id
    );
    Err(ProfileError::value("backends.required", says))
}

/// Refuses limits for rows that no gate has.
pub(super) fn check_limits(limits: &Limits) -> Result<(), LimitsError> {
    limits.check_names(&gate::known())
}

fn known(
    key: &'static str,
    name: &str,
    all: impl IntoIterator<Item = &'static str>,
) -> Result<(), ProfileError> {
    let all: Vec<&str> = all.into_iter().collect();
    if all.contains(&name) {
        return Ok(());
    }
    let hint = hint(name, all.iter().copied());
    Err(ProfileError::value(key, format!("no `{name}`; known: {}{hint}", all.join(", "))))
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
            ("lanes = 4", "lanes = 3", "backends.fpga.lanes: 3 is none of"),
            ("\"hot\"", "\"warm\"", "plan.footprints"),
            ("\"latency\", \"cycles\"", "\"latncy\"", "plan.methods: no `latncy`"),
            ("\"poisson\"", "\"uniform\"", "plan.load.arrivals"),
            ("methods = [\"throughput\", \"cycles\"]", "methods = [\"load\"]", "gate.methods"),
        ] {
            assert!(text.contains(good), "{good}");
            let profile = Profile::parse(&text.replacen(good, bad, 1)).unwrap();
            let error = check(&profile).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    /// A backend that is required is measured by some method, and each shipped profile has methods
    /// for all that it names.
    #[test]
    fn nothing_is_required_in_vain() {
        for (id, text) in shipped::ALL {
            let mut profile = Profile::parse(text).unwrap();
            let optional = std::mem::take(&mut profile.backends.optional);
            profile.backends.required.extend(optional);
            assert!(check(&profile).is_ok(), "{id}: {}", check(&profile).unwrap_err());
        }
        let mut profile = Profile::parse(shipped::find("software-vulkan").unwrap()).unwrap();
        profile.backends.required = vec!["gpu-wgpu".into()];
        profile.plan.methods = vec!["load".into()];
        let error = check(&profile).unwrap_err().to_string();
        assert!(error.contains("`gpu-wgpu` is measured by none of plan.methods"), "{error}");
    }
}
