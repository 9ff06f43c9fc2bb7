//! The profiles that come with this program.

use super::{Profile, ProfileError, facts::Facts, identity::Scope, matching::Fit};

/// Their ids and texts, machines first. Of two that fit a host alike, the earlier is the better.
pub const ALL: [(&str, &str); 8] = [
    ("h200-node", include_str!("../../platforms/h200-node.toml")),
    ("x86-server-isolated", include_str!("../../platforms/x86-server-isolated.toml")),
    ("aarch64-server", include_str!("../../platforms/aarch64-server.toml")),
    ("ci-shared-2core", include_str!("../../platforms/ci-shared-2core.toml")),
    ("dev-laptop", include_str!("../../platforms/dev-laptop.toml")),
    ("software-vulkan", include_str!("../../platforms/software-vulkan.toml")),
    ("fpga-ecp5-85f", include_str!("../../platforms/fpga-ecp5-85f.toml")),
    ("fpga-ice40", include_str!("../../platforms/fpga-ice40.toml")),
];

/// The text of the profile with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static str> {
    ALL.into_iter().find(|(known, _)| *known == id).map(|(_, text)| text)
}

/// Their ids.
pub fn ids() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(|(id, _)| id)
}

/// A profile set against a host.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The profile.
    pub profile: Profile,
    /// How well the host fits it.
    pub fit: Fit,
}

/// Every profile set against a host.
pub fn candidates(facts: &Facts) -> Result<Vec<Candidate>, ProfileError> {
    let candidate = |(_, text)| {
        let profile = Profile::parse(text)?;
        let fit = profile.rules.fit(facts);
        Ok(Candidate { profile, fit })
    };
    ALL.into_iter().map(candidate).collect()
}

/// The most specific profile of a whole machine that fits. Of equals, the first.
#[must_use]
pub fn best(candidates: &[Candidate]) -> Option<&Candidate> {
    let is_one =
        |one: &&Candidate| one.fit.is_match() && one.profile.identity.scope == Scope::Machine;
    // The last of equals is found: hence from behind.
    candidates.iter().rev().filter(is_one).max_by_key(|one| one.fit.weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::facts::Gpu;

    /// Every profile is read, is called what it says, and has the keys that all have.
    #[test]
    fn all_have_the_same_keys() {
        let keys = |text: &str| {
            let table: toml::Table = toml::from_str(text).unwrap();
            let mut keys = Vec::new();
            collect(&toml::Value::Table(table), String::new(), &mut keys);
            keys.sort();
            keys
        };
        let first = keys(ALL[0].1);
        assert!(first.contains(&"plan.load.arrivals".to_owned()), "{first:?}");
        for (id, text) in ALL {
            let profile = Profile::parse(text).unwrap_or_else(|error| panic!("{id}: {error}"));
            assert_eq!(profile.identity.id, id);
            assert_eq!(keys(text), first, "{id}");
        }
    }

    /// Paths of keys. What stands in lists of limits differs from one to the other.
    fn collect(value: &toml::Value, path: String, keys: &mut Vec<String>) {
        match value.as_table() {
            Some(table) => table.iter().for_each(|(key, value)| {
                let dot = if path.is_empty() { "" } else { "." };
                collect(value, format!("{path}{dot}{key}"), keys);
            }),
            None => keys.push(path),
        }
    }

    /// Every profile that is there is shipped.
    #[test]
    fn none_is_left_out() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("platforms");
        let files = std::fs::read_dir(folder).unwrap().flatten();
        let mut found: Vec<String> =
            files.map(|file| file.file_name().into_string().unwrap()).collect();
        let mut known: Vec<String> = ALL.iter().map(|(id, _)| format!("{id}.toml")).collect();
        found.sort();
        known.sort();
        assert_eq!(found, known);
    }

    /// Each machine is known by what it is, and hosts that none describes are nobody's.
    #[test]
    fn machines_are_told_apart() {
        let chosen = |facts: &Facts| {
            let all = candidates(facts).unwrap();
            best(&all).map(|one| one.profile.identity.id.clone())
        };
        let named = |id: &str| Some(id.to_owned());
        let shared = Facts {
            os: "linux".into(),
            architecture: "x86_64".into(),
            cpu_vendor: Some("AuthenticAMD".into()),
            cpu_model: Some("AMD EPYC".into()),
            cpu_features: vec!["avx2".into(), "avx512f".into()],
            cores: 2,
            cores_isolated: Some(0),
            is_virtual: Some(true),
            gpus: vec![Gpu { name: "llvmpipe (LLVM 15)".into(), software: true }],
            verilator: Some("5.006".into()),
        };
        assert_eq!(chosen(&shared), named("ci-shared-2core"));
        let own = Facts { cores: 12, is_virtual: Some(false), ..shared.clone() };
        assert_eq!(chosen(&own), named("dev-laptop"));
        let isolated = Facts { cores: 32, cores_isolated: Some(4), ..own.clone() };
        assert_eq!(chosen(&isolated), named("x86-server-isolated"));
        let h200 = vec![Gpu { name: "NVIDIA H200".into(), software: false }];
        let node = Facts { cores: 16, gpus: h200.clone(), ..shared.clone() };
        assert_eq!(chosen(&node), named("h200-node"));
        assert_eq!(chosen(&Facts { gpus: h200, ..isolated }), named("h200-node"));
        let arm = Facts { architecture: "aarch64".into(), cores: 64, ..shared.clone() };
        assert_eq!(
            chosen(&Facts { cpu_features: vec!["neon".into()], ..arm }),
            named("aarch64-server")
        );
        assert_eq!(chosen(&Facts { cores: 96, ..shared }), None);
    }
}
