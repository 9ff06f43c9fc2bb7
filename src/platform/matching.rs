//! Which hosts a profile is for, and how well one fits it.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    ProfileError,
    facts::{Facts, Gpu},
    pattern::Pattern,
    refuse_unless,
};
use crate::host::cpu::{Features, UnknownFeature};

/// The table `match`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Operating system.
    pub os: System,
    /// Architecture.
    pub architecture: Architecture,
    /// Part of the name of who made the processor.
    pub cpu_vendor: Pattern,
    /// Part of its name.
    pub cpu_model: Pattern,
    /// Features that it must have, all of them.
    pub cpu_features: Vec<Feature>,
    /// Fewest cores.
    pub cores_min: usize,
    /// Most cores.
    pub cores_max: Most,
    /// Whether the scheduler keeps cores free.
    pub isolated: Whether,
    /// Whether it is a virtual machine.
    #[serde(rename = "virtual")]
    pub is_virtual: Whether,
    /// `hardware` or `software`, or part of a device's name.
    pub gpu: Pattern,
    /// Version of the Verilator that is built in.
    pub verilator: VersionRule,
}

/// Operating systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum System {
    /// Whichever.
    Any,
    /// Linux.
    Linux,
    /// macOS.
    Macos,
    /// Windows.
    Windows,
}

/// Architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Architecture {
    /// Whichever.
    #[serde(rename = "any")]
    Any,
    /// 64-bit x86.
    #[serde(rename = "x86_64")]
    X86,
    /// 64-bit Arm.
    #[serde(rename = "aarch64")]
    Arm,
}

impl System {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Any, Self::Linux, Self::Macos, Self::Windows];

    /// The name used in profiles, and by Rust.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Linux => "linux",
            Self::Macos => "macos",
            Self::Windows => "windows",
        }
    }
}

impl Architecture {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Any, Self::X86, Self::Arm];

    /// The name used in profiles, and by Rust.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::X86 => "x86_64",
            Self::Arm => "aarch64",
        }
    }
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whether {
    /// Nobody asks.
    Any,
    /// It must be.
    Yes,
    /// It must not be.
    No,
}

/// A number that may not be exceeded, or `any`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "must be a number, or \"any\"")]
pub enum Most {
    /// So many.
    Number(usize),
    /// As many as there are.
    Any(AnyWord),
}

/// The word `any`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnyWord {
    /// `any`.
    #[serde(rename = "any")]
    Any,
}

/// The name of a processor feature, such as `avx512vbmi`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Feature(String);

impl TryFrom<String> for Feature {
    type Error = UnknownFeature;

    fn try_from(name: String) -> Result<Self, UnknownFeature> {
        let features = Features::parse(&name)?;
        if features.iter().count() == 1 {
            Ok(Self(features.to_string()))
        } else {
            Err(UnknownFeature { name, known: Features::all().to_string() })
        }
    }
}

impl From<Feature> for String {
    fn from(feature: Feature) -> Self {
        feature.0
    }
}

/// `any`, or the least version that will do, such as `>=5.006`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionRule {
    text: String,
    least: Option<Vec<u32>>,
}

/// A text that is no rule for a version.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is neither \"any\" nor a least version such as \">=5.006\"")]
pub struct NoVersionRule(String);

/// The numbers of `5.006`: 5 and 6.
fn version(text: &str) -> Option<Vec<u32>> {
    text.trim().split('.').map(|part| part.parse().ok()).collect()
}

impl TryFrom<String> for VersionRule {
    type Error = NoVersionRule;

    fn try_from(text: String) -> Result<Self, NoVersionRule> {
        let least = match text.strip_prefix(">=") {
            _ if text == "any" => None,
            Some(least) => Some(version(least).ok_or_else(|| NoVersionRule(text.clone()))?),
            None => return Err(NoVersionRule(text)),
        };
        Ok(Self { text, least })
    }
}

impl From<VersionRule> for String {
    fn from(rule: VersionRule) -> Self {
        rule.text
    }
}

/// How well a host fits a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// How specific the rules are: the sum of their weights.
    pub weight: u32,
    /// The rules that the host does not fit.
    pub mismatches: Vec<Mismatch>,
}

/// A rule that a host does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// Its key.
    pub rule: &'static str,
    /// What it asks for.
    pub wanted: String,
    /// What there is.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: wants {}, found {}", self.rule, self.wanted, self.found)
    }
}

impl Fit {
    /// Whether no rule speaks against it.
    #[must_use]
    pub fn is_match(&self) -> bool {
        self.mismatches.is_empty()
    }
}

/// What names a part counts more than what only describes a machine.
const NAMES_A_PART: u32 = 4;
const DESCRIBES: u32 = 1;

/// A rule that asks for something, set against a host. `met` is absent where the host's system
/// does not say.
struct Judged {
    rule: &'static str,
    weight: u32,
    wanted: String,
    found: String,
    met: Option<bool>,
}

impl Rules {
    /// Sets the rules against a host. What is unknown fits no rule that asks for it.
    #[must_use]
    pub fn fit(&self, facts: &Facts) -> Fit {
        let all = [
            self.os(facts),
            self.architecture(facts),
            named("cpu_vendor", DESCRIBES, &self.cpu_vendor, facts.cpu_vendor.as_deref()),
            named("cpu_model", NAMES_A_PART, &self.cpu_model, facts.cpu_model.as_deref()),
            self.features(facts),
            self.cores(facts),
            self.isolated(facts),
            self.is_virtual(facts),
            self.gpu(&facts.gpus),
            self.verilator.judge(facts.verilator.as_deref()),
        ];
        let asked: Vec<Judged> = all.into_iter().flatten().collect();
        let weight = asked.iter().map(|one| one.weight).sum();
        let unmet = asked.into_iter().filter(|one| one.met != Some(true));
        let mismatch = |one: Judged| {
            let found = if one.met.is_none() { "nothing: unknown here".into() } else { one.found };
            Mismatch { rule: one.rule, wanted: one.wanted, found }
        };
        Fit { weight, mismatches: unmet.map(mismatch).collect() }
    }

    /// Whether a rule asks for a graphics processor: only then need anybody look for one.
    #[must_use]
    pub fn asks_for_gpu(&self) -> bool {
        self.gpu.asked().is_some()
    }

    fn os(&self, facts: &Facts) -> Option<Judged> {
        (self.os != System::Any).then(|| same("os", self.os.name(), &facts.os))
    }

    fn architecture(&self, facts: &Facts) -> Option<Judged> {
        let (is_any, name) = (self.architecture == Architecture::Any, self.architecture.name());
        (!is_any).then(|| same("architecture", name, &facts.architecture))
    }

    fn features(&self, facts: &Facts) -> Option<Judged> {
        let asked: Vec<&str> = self.cpu_features.iter().map(|one| one.0.as_str()).collect();
        let has = |name: &str| facts.cpu_features.iter().any(|one| one == name);
        let lacking: Vec<&str> = asked.iter().copied().filter(|name| !has(name)).collect();
        (!asked.is_empty()).then(|| Judged {
            rule: "cpu_features",
            weight: DESCRIBES,
            wanted: asked.join(", "),
            found: format!("no {}", lacking.join(", ")),
            met: Some(lacking.is_empty()),
        })
    }

    fn cores(&self, facts: &Facts) -> Option<Judged> {
        let (wanted, most) = match (self.cores_min, self.cores_max) {
            (1, Most::Any(_)) => return None,
            (least, Most::Any(_)) => (format!("{least} or more"), usize::MAX),
            (least, Most::Number(most)) => (format!("{least} to {most}"), most),
        };
        Some(Judged {
            rule: "cores",
            weight: DESCRIBES,
            wanted,
            found: facts.cores.to_string(),
            met: Some((self.cores_min..=most).contains(&facts.cores)),
        })
    }

    fn isolated(&self, facts: &Facts) -> Option<Judged> {
        let names = ["no isolated core", "isolated cores"];
        self.isolated.judge("isolated", names, facts.cores_isolated.map(|count| count > 0))
    }

    fn is_virtual(&self, facts: &Facts) -> Option<Judged> {
        let names = ["no hypervisor", "a virtual machine"];
        self.is_virtual.judge("virtual", names, facts.is_virtual)
    }

    fn gpu(&self, gpus: &[Gpu]) -> Option<Judged> {
        let asked = self.gpu.asked()?;
        let (weight, met) = match asked {
            "hardware" => (DESCRIBES, gpus.iter().any(|gpu| !gpu.software)),
            "software" => (DESCRIBES, gpus.iter().any(|gpu| gpu.software)),
            _ => (NAMES_A_PART, gpus.iter().any(|gpu| self.gpu.is_in(&gpu.name))),
        };
        let label = |gpu: &Gpu| {
            let software = if gpu.software { " (software)" } else { "" };
            format!("{}{software}", gpu.name)
        };
        let found = match gpus {
            [] => "none".to_owned(),
            _ => gpus.iter().map(label).collect::<Vec<_>>().join(", "),
        };
        Some(Judged { rule: "gpu", weight, wanted: asked.to_owned(), found, met: Some(met) })
    }

    pub(super) fn check(&self) -> Result<(), ProfileError> {
        let says = "every host has a core";
        refuse_unless(self.cores_min > 0, "match.cores_min", says)?;
        let is_range = !matches!(self.cores_max, Most::Number(most) if most < self.cores_min);
        refuse_unless(is_range, "match.cores_max", "is below cores_min: no host fits")
    }
}

/// Part of a name.
fn named(
    rule: &'static str,
    weight: u32,
    pattern: &Pattern,
    found: Option<&str>,
) -> Option<Judged> {
    let wanted = pattern.asked()?.to_owned();
    let met = found.map(|name| pattern.is_in(name));
    Some(Judged { rule, weight, wanted, found: found.unwrap_or_default().to_owned(), met })
}

/// A word that must be the same.
fn same(rule: &'static str, wanted: &str, found: &str) -> Judged {
    let met = Some(wanted == found);
    Judged { rule, weight: DESCRIBES, wanted: wanted.into(), found: found.into(), met }
}

impl Whether {
    /// `names` are what it is called where it is not so, and where it is.
    fn judge(self, rule: &'static str, names: [&str; 2], is_so: Option<bool>) -> Option<Judged> {
        let wanted = match self {
            Self::Any => return None,
            Self::Yes => true,
            Self::No => false,
        };
        let name = |is_so: bool| names[usize::from(is_so)].to_owned();
        Some(Judged {
            rule,
            weight: DESCRIBES,
            wanted: name(wanted),
            found: is_so.map(name).unwrap_or_default(),
            met: is_so.map(|is_so| is_so == wanted),
        })
    }
}

impl VersionRule {
    fn judge(&self, found: Option<&str>) -> Option<Judged> {
        let least = self.least.as_ref()?;
        let met = found.and_then(version).is_some_and(|found| found >= *least);
        Some(Judged {
            rule: "verilator",
            weight: DESCRIBES,
            wanted: self.text.clone(),
            found: found.unwrap_or("none").to_owned(),
            met: Some(met),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{Profile, shipped, tests::text};

    /// A host with two cores of its own.
    fn host() -> Facts {
        Facts {
            os: "linux".into(),
            architecture: "x86_64".into(),
            cpu_vendor: Some("AuthenticAMD".into()),
            cpu_model: Some("AMD EPYC".into()),
            cpu_features: vec!["avx2".into()],
            cores: 2,
            cores_isolated: Some(0),
            is_virtual: Some(true),
            gpus: vec![Gpu { name: "llvmpipe".into(), software: true }],
            verilator: Some("5.006".into()),
        }
    }

    fn rules(changes: &[(&str, &str)]) -> Rules {
        let mut text = text().to_owned();
        let begin = text.find("[match]").unwrap();
        for (key, value) in changes {
            let mut lines = text[begin..].lines();
            let line = lines.find(|line| line.starts_with(key)).unwrap().to_owned();
            text = text.replacen(&line, &format!("{key} = {value}"), 1);
        }
        Profile::parse(&text).unwrap().rules
    }

    /// Every rule fits a host that has what it asks for, and tells of one that has not, what it
    /// wants and what there is.
    #[test]
    fn each_rule_can_be_met_and_missed() {
        for (key, good, bad, found) in [
            ("os", "\"linux\"", "\"macos\"", "found linux"),
            ("architecture", "\"x86_64\"", "\"aarch64\"", "found x86_64"),
            ("cpu_vendor", "\"amd\"", "\"Intel\"", "wants Intel, found AuthenticAMD"),
            ("cpu_model", "\"EPYC\"", "\"Xeon\"", "found AMD EPYC"),
            ("cpu_features", "[\"avx2\"]", "[\"avx2\", \"gfni\"]", "found no gfni"),
            ("cores_min", "2", "3", "wants 3 to 4, found 2"),
            ("isolated", "\"no\"", "\"yes\"", "wants isolated cores, found no isolated core"),
            ("virtual", "\"yes\"", "\"no\"", "wants no hypervisor, found a virtual"),
            ("gpu", "\"software\"", "\"hardware\"", "found llvmpipe (software)"),
            ("gpu", "\"LLVM\"", "\"H200\"", "wants H200"),
            ("verilator", "\">=5.006\"", "\">=5.020\"", "found 5.006"),
        ] {
            assert_eq!(rules(&[(key, good)]).fit(&host()).mismatches, [], "{key}");
            let fit = rules(&[(key, bad)]).fit(&host());
            assert_eq!(fit.mismatches.len(), 1, "{key}: {fit:?}");
            assert!(fit.mismatches[0].to_string().contains(found), "{}", fit.mismatches[0]);
        }
    }

    /// What the system does not say fits no rule that asks for it.
    #[test]
    fn unknown_fits_nothing() {
        let facts = Facts { is_virtual: None, cpu_vendor: None, verilator: None, ..host() };
        for (key, value) in
            [("virtual", "\"no\""), ("cpu_vendor", "\"AMD\""), ("verilator", "\">=4.0\"")]
        {
            let fit = rules(&[("virtual", "\"any\""), (key, value)]).fit(&facts);
            assert_eq!(fit.mismatches.len(), 1, "{key}: {fit:?}");
        }
    }

    /// A named part is worth more than many properties: a node is known by its device.
    #[test]
    fn named_parts_weigh_more() {
        let profile = |id| Profile::parse(shipped::find(id).unwrap()).unwrap();
        let weight = |id| profile(id).rules.fit(&host()).weight;
        assert!(weight("h200-node") > weight("x86-server-isolated"));
        assert!(weight("x86-server-isolated") > weight("dev-laptop"));
    }

    /// What a profile calls a system or an architecture is what its name says.
    #[test]
    fn names_are_those_of_profiles() {
        for system in System::ALL {
            assert_eq!(serde_json::to_value(system).unwrap(), system.name());
        }
        for architecture in Architecture::ALL {
            assert_eq!(serde_json::to_value(architecture).unwrap(), architecture.name());
        }
    }

    /// Versions are numbers, part by part; what is none is refused.
    #[test]
    fn versions_are_compared_by_number() {
        let rule = |text: &str| VersionRule::try_from(text.to_owned());
        let met = |text: &str, found| rule(text).unwrap().judge(Some(found)).unwrap().met;
        assert_eq!(met(">=5.006", "5.020"), Some(true));
        assert_eq!(met(">=5.020", "5.006"), Some(false));
        assert_eq!(met(">=5", "4.210"), Some(false));
        assert!(rule("any").unwrap().judge(None).is_none());
        assert!(rule("5.006").is_err() && rule(">=new").is_err());
    }
}
