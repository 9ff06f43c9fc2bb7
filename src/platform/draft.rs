//! A profile for a host, with a comment for every key.

use super::{
    facts::Facts,
    matching::{Architecture, System},
};
use crate::host::doctor::requirement::Requirement;

/// The text, with names between at signs where the host has its say.
const TEMPLATE: &str = include_str!("draft.toml");

/// What is known of a host that a profile is written for.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// What the profile is to be called.
    pub id: &'a str,
    /// What rules may ask for.
    pub facts: &'a Facts,
    /// What the host meets of what can be asked for.
    pub met: &'a [Requirement],
    /// Memory to ask for.
    pub memory_gib: u32,
    /// Backends that can run.
    pub required: &'a [&'a str],
    /// Backends that cannot, or are not what they seem.
    pub optional: &'a [&'a str],
}

impl Draft<'_> {
    /// The profile.
    #[must_use]
    pub fn text(&self) -> String {
        let facts = self.facts;
        let name = facts.cpu_model.as_deref().unwrap_or(&facts.architecture).trim();
        let name = format!("{name}, {} cores", facts.cores);
        let hardware = facts.gpus.iter().find(|gpu| !gpu.software);
        let verilator = facts.verilator.as_ref().map(|version| format!(">={version}"));
        let asked = |value: &str, requirement| self.asked(value, requirement);
        let has_isolated = facts.cores_isolated.is_some_and(|count| count > 0);
        let is_bare = self.met.contains(&Requirement::BareMetal);
        let all = [
            ("name", one_line(&name)),
            ("name_text", quoted(&name)),
            ("id", quoted(self.id)),
            ("os", quoted(known_os(&facts.os))),
            ("architecture", quoted(known_architecture(&facts.architecture))),
            ("cpu_vendor", or_any(facts.cpu_vendor.as_deref())),
            ("cpu_model", or_any(facts.cpu_model.as_deref())),
            ("cpu_features", list(facts.cpu_features.iter().map(String::as_str))),
            ("cores", facts.cores.max(1).to_string()),
            // What is not isolated may be some day: isolation is wanted.
            ("isolated", quoted(if has_isolated { "yes" } else { "any" })),
            ("virtual", whether(facts.is_virtual)),
            ("gpu", or_any(hardware.map(|gpu| gpu.name.as_str()))),
            ("verilator", or_any(verilator.as_deref())),
            ("memory_gib", self.memory_gib.max(1).to_string()),
            ("isolation", asked("isolated", Requirement::Isolated)),
            ("governor", asked("performance", Requirement::Governor)),
            ("turbo", asked("off", Requirement::TurboOff)),
            ("smt", asked("off", Requirement::SmtOff)),
            // No guest becomes a machine.
            ("hypervisor", asked(if is_bare { "none" } else { "any" }, Requirement::BareMetal)),
            ("counters", asked("readable", Requirement::Counters)),
            ("clock", asked("tsc", Requirement::Tsc)),
            ("required", list(self.required.iter().copied())),
            ("optional", list(self.optional.iter().copied())),
            ("threads", if facts.cores > 1 { "[1, \"all\"]" } else { "[1]" }.to_owned()),
            ("methods", self.methods()),
        ];
        let value = |key: &str| {
            let found = all.iter().find(|(name, _)| *name == key);
            found.map_or("", |(_, value)| value.as_str())
        };
        // Every second part is a key. Values are not looked into: they may hold at signs.
        let parts = TEMPLATE.split('@').enumerate();
        parts.map(|(index, part)| if index % 2 == 1 { value(part) } else { part }).collect()
    }

    /// What is so is required, and what is not may be wanted.
    fn asked(&self, value: &str, requirement: Requirement) -> String {
        let need = if self.met.contains(&requirement) { "required" } else { "wanted" };
        format!("{{ need = \"{need}\", value = \"{value}\" }}")
    }

    fn methods(&self) -> String {
        let of_gpu = ["stages", "stream", "resident", "break-even"];
        let has = |id: &str| self.required.contains(&id) || self.optional.contains(&id);
        let mut methods = vec!["throughput", "latency"];
        methods.extend(of_gpu.into_iter().filter(|_| has("gpu-wgpu")));
        methods.extend(has("fpga-verilator").then_some("cycles"));
        list(methods.into_iter())
    }
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::String(one_line(text)).to_string()
}

/// What a driver or a firmware calls itself may hold anything.
fn one_line(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(visible).collect::<String>().trim().to_owned()
}

fn or_any(text: Option<&str>) -> String {
    quoted(text.filter(|text| !one_line(text).is_empty()).unwrap_or("any"))
}

fn whether(is_so: Option<bool>) -> String {
    quoted(match is_so {
        Some(true) => "yes",
        Some(false) => "no",
        None => "any",
    })
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(quoted).collect();
    format!("[{}]", names.join(", "))
}

/// A system or an architecture that no rule has a name for fits `any` alone.
fn known_os(os: &str) -> &str {
    if System::ALL.iter().any(|one| one.name() == os) { os } else { System::Any.name() }
}

fn known_architecture(name: &str) -> &str {
    let is_known = Architecture::ALL.iter().any(|one| one.name() == name);
    if is_known { name } else { Architecture::Any.name() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{
        Profile,
        facts::Gpu,
        requirements::{Hypervisor, Need},
    };

    fn facts() -> Facts {
        Facts {
            os: "linux".into(),
            architecture: "x86_64".into(),
            cpu_vendor: Some("GenuineIntel".into()),
            cpu_model: Some("Intel \"Xeon\" \\ @ 2.0GHz\n".into()),
            cpu_features: vec!["avx2".into()],
            cores: 8,
            cores_isolated: Some(2),
            is_virtual: Some(false),
            gpus: vec![Gpu { name: "NVIDIA H200".into(), software: false }],
            verilator: Some("5.020".into()),
        }
    }

    fn draft(facts: &Facts, met: &[Requirement]) -> Profile {
        let (required, optional) = (["scalar", "gpu-wgpu"], ["simd-neon"]);
        let (required, optional) = (&required[..], &optional[..]);
        let draft = Draft { id: "mine", facts, met, memory_gib: 15, required, optional };
        let text = draft.text();
        Profile::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// What is written for a host is a profile that the host fits, whatever its parts are called.
    #[test]
    fn a_host_fits_its_own_profile() {
        let facts = facts();
        let profile = draft(&facts, &[Requirement::BareMetal, Requirement::SmtOff]);
        assert_eq!(profile.rules.fit(&facts).mismatches, []);
        assert_eq!(profile.requirements.smt.need, Need::Required);
        assert_eq!(profile.requirements.turbo.need, Need::Wanted);
        assert_eq!(profile.requirements.hypervisor.value, Hypervisor::None);
        assert!(profile.plan.methods.contains(&"break-even".to_owned()));
    }

    /// A host of which nothing is known has a profile too.
    #[test]
    fn an_unknown_host_has_a_profile() {
        let profile = draft(&Facts::default(), &[]);
        assert!(profile.rules.fit(&Facts { cores: 1, ..Facts::default() }).is_match());
        assert_eq!(profile.requirements.hypervisor.value, Hypervisor::Any);
    }

    /// Every key has a comment, above it or above a key beside it.
    #[test]
    fn keys_are_explained() {
        let lines: Vec<&str> = TEMPLATE.lines().collect();
        let bare = lines.windows(3).filter(|three| {
            let is_key = |line: &str| line.contains(" = ") && !line.starts_with('#');
            is_key(three[2]) && three[..2].iter().all(|&line| is_key(line))
        });
        let bare: Vec<_> = bare.map(|three| three[2]).collect();
        assert_eq!(bare, [""; 0]);
    }
}
