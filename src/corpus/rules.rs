//! The rules that say what a command can do: data in `corpus/rules.toml`, applied here.
//!
//! A rule fires when each of the conditions that it has holds; a condition is a list of which one
//! item must hold. A rule without names cannot pin a risk. If a rule that fires pins the risk,
//! that risk is settled, the highest pin winning, and only rules about names add capabilities.
//! Otherwise the risk is the highest `at_least` of all that fired, and not below the base: low,
//! or what `base` says.

use std::{collections::BTreeMap, fmt, ops::Range};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{descriptor::Descriptor, flags::Capabilities, verdict::Risk};

/// The rules that come with the program.
pub const EMBEDDED: &str = include_str!("../../corpus/rules.toml");

/// The only version of the form of a rules file.
const VERSION: u32 = 1;

/// What is known of a command.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Section of its page; `-` without one.
    pub section: &'a str,
    /// The one-line description, in lower case.
    pub summary: &'a str,
    /// The documentation, in lower case, blanks collapsed.
    pub text: &'a str,
}

/// A rule that fired, and on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fired {
    /// The rule.
    pub id: String,
    /// The items of its conditions that held, joined by ` + `.
    pub evidence: String,
}

impl fmt::Display for Fired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.id, self.evidence)
    }
}

/// What the rules made of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much harm it can do.
    pub risk: Risk,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Why, in the order of the rules file.
    pub fired: Vec<Fired>,
}

/// Stated defaults of the performance fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Performance {
    execution_ms: u16,
    memory_mb: u16,
    output_kb: u16,
}

/// A capability as rules name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Capability {
    RequiresRoot,
    Destructive,
    NetworkAccess,
    FileModification,
    SystemModification,
    PrivilegeEscalation,
}

impl Capability {
    const fn flag(self) -> Capabilities {
        match self {
            Self::RequiresRoot => Capabilities::REQUIRES_ROOT,
            Self::Destructive => Capabilities::DESTRUCTIVE,
            Self::NetworkAccess => Capabilities::NETWORK_ACCESS,
            Self::FileModification => Capabilities::FILE_MODIFICATION,
            Self::SystemModification => Capabilities::SYSTEM_MODIFICATION,
            Self::PrivilegeEscalation => Capabilities::PRIVILEGE_ESCALATION,
        }
    }
}

/// One rule: conditions and effects.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    id: String,
    why: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    #[serde(default)]
    sections: Vec<String>,
    #[serde(default)]
    options: Vec<String>,
    #[serde(default)]
    phrases: Vec<String>,
    #[serde(default)]
    text_phrases: Vec<String>,
    pin: Option<Risk>,
    at_least: Option<Risk>,
    base: Option<Risk>,
    #[serde(default)]
    capabilities: Vec<Capability>,
}

impl Rule {
    /// What the rule is called.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Why it says what it says.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What held of each condition, or `None` if one does not hold.
    fn evidence(&self, facts: &Facts<'_>) -> Option<String> {
        if self.except.iter().any(|glob| glob_matches(glob, facts.name)) {
            return None;
        }
        let conditions = [
            first_of(&self.names, |glob| glob_matches(glob, facts.name)),
            first_of(&self.sections, |glob| glob_matches(glob, facts.section)),
            first_of(&self.options, |option| has_word(facts.text, option)),
            first_of(&self.phrases, |phrase| has_word(facts.summary, phrase)),
            first_of(&self.text_phrases, |phrase| has_word(facts.text, phrase)),
        ];
        let mut held = Vec::new();
        for condition in conditions {
            match condition {
                Condition::Absent => {}
                Condition::Held(item) => held.push(item),
                Condition::Failed => return None,
            }
        }
        Some(held.join(" + "))
    }

    fn is_about_names(&self) -> bool {
        !self.names.is_empty()
    }

    fn items(&self) -> impl Iterator<Item = &String> {
        let lists = [&self.names, &self.sections, &self.options, &self.phrases, &self.text_phrases];
        lists.into_iter().flatten()
    }
}

enum Condition<'a> {
    Absent,
    Held(&'a str),
    Failed,
}

fn first_of(items: &[String], holds: impl Fn(&str) -> bool) -> Condition<'_> {
    if items.is_empty() {
        return Condition::Absent;
    }
    items.iter().find(|item| holds(item)).map_or(Condition::Failed, |item| Condition::Held(item))
}

/// The rules of one file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    version: u32,
    families: Vec<String>,
    #[serde(default)]
    not_commands: Vec<String>,
    performance: BTreeMap<Risk, Performance>,
    rule: Vec<Rule>,
}

/// Why a rules file cannot be used. Each message ends with the remedy.
#[derive(Debug, Error)]
pub enum RulesError {
    /// No TOML, an unknown key, or a value of the wrong kind.
    #[error("line {line}: {message}; correct that line")]
    Form {
        /// One-based.
        line: usize,
        /// What the TOML reader says.
        message: String,
    },
    /// Written for another program.
    #[error("version is {0}, not {VERSION}; use a rules file of version {VERSION}")]
    Version(u32),
    /// No stated default for a risk.
    #[error("[performance.{0}] is missing; add it")]
    Performance(Risk),
    /// A rule that contradicts itself or says nothing.
    #[error("rule `{id}`: {problem}")]
    Rule {
        /// The rule.
        id: String,
        /// What is wrong and what to do.
        problem: &'static str,
    },
}

impl Rules {
    /// The rules that come with the program.
    pub fn embedded() -> Result<Self, RulesError> {
        Self::parse(EMBEDDED)
    }

    /// Reads and checks a rules file.
    pub fn parse(toml: &str) -> Result<Self, RulesError> {
        let rules: Self = toml::from_str(toml).map_err(|error| RulesError::Form {
            line: line_of(toml, error.span()),
            message: error.message().lines().next().unwrap_or_default().to_owned(),
        })?;
        if rules.version != VERSION {
            return Err(RulesError::Version(rules.version));
        }
        if let Some(risk) = Risk::ALL.iter().find(|risk| !rules.performance.contains_key(risk)) {
            return Err(RulesError::Performance(*risk));
        }
        for (index, rule) in rules.rule.iter().enumerate() {
            let repeated = rules.rule[..index].iter().any(|earlier| earlier.id == rule.id);
            if let Some(problem) = problem_of(rule, repeated) {
                return Err(RulesError::Rule { id: rule.id.clone(), problem });
            }
        }
        Ok(rules)
    }

    /// Heads of families, such as `git`: a page `git-commit` counts as a command.
    #[must_use]
    pub fn families(&self) -> &[String] {
        &self.families
    }

    /// True when a page `name` of a family is a command, not prose that only has such a name.
    #[must_use]
    pub fn is_command(&self, name: &str) -> bool {
        !self.not_commands.iter().any(|glob| glob_matches(glob, name))
    }

    /// The rule called `id`.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rule.iter().find(|rule| rule.id == id)
    }

    /// Applies every rule to one command.
    #[must_use]
    pub fn apply(&self, facts: &Facts<'_>) -> Finding {
        let evidence = |rule| Rule::evidence(rule, facts).map(|evidence| (rule, evidence));
        let mut held: Vec<(&Rule, String)> = self.rule.iter().filter_map(evidence).collect();
        if held.iter().any(|(rule, _)| rule.pin.is_some()) {
            held.retain(|(rule, _)| rule.is_about_names());
        }
        let (risk, capabilities) = outcome(held.iter().map(|(rule, _)| *rule));
        let fired =
            held.into_iter().map(|(rule, evidence)| Fired { id: rule.id.clone(), evidence });
        Finding { risk, capabilities, fired: fired.collect() }
    }

    /// The risk and capabilities that rules called `ids` give together, or the first unknown id.
    pub fn derive<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<(Risk, Capabilities), &'a str> {
        let mut rules = Vec::new();
        for id in ids {
            rules.push(self.get(id).ok_or(id)?);
        }
        Ok(outcome(rules.into_iter()))
    }

    /// The descriptor of the command `name` with a risk and capabilities.
    #[must_use]
    pub fn describe(&self, name: &str, risk: Risk, capabilities: Capabilities) -> Descriptor {
        let builder = Descriptor::build(name, risk).capabilities(capabilities);
        let Some(performance) = self.performance.get(&risk) else { return builder.finish() };
        builder
            .execution_ms(performance.execution_ms.into())
            .memory_mb(performance.memory_mb.into())
            .output_kb(performance.output_kb.into())
            .finish()
    }
}

fn outcome<'a>(rules: impl Iterator<Item = &'a Rule> + Clone) -> (Risk, Capabilities) {
    let flags = rules.clone().flat_map(|rule| &rule.capabilities).map(|named| named.flag());
    let capabilities = flags.fold(Capabilities::empty(), |all, flag| all | flag);
    if let Some(pinned) = rules.clone().filter_map(|rule| rule.pin).max() {
        return (pinned, capabilities);
    }
    let base = rules.clone().filter_map(|rule| rule.base).max().unwrap_or(Risk::Low);
    let at_least = rules.filter_map(|rule| rule.at_least).max().unwrap_or(Risk::Safe);
    (base.max(at_least), capabilities)
}

fn problem_of(rule: &Rule, repeated: bool) -> Option<&'static str> {
    let effects = [rule.pin, rule.at_least, rule.base].into_iter().flatten().count();
    let id_is_plain =
        rule.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let reserved = |item: &String| item.is_empty() || item.contains([';', '(', ')']);
    let is_upper = |item: &String| item.chars().any(char::is_uppercase);
    if rule.id.is_empty() || !id_is_plain {
        Some("the id must be made of lower-case letters, digits and hyphens; rename it")
    } else if repeated {
        Some("the id occurs twice; rename one of them")
    } else if rule.why.trim().is_empty() {
        Some("`why` is empty; say why the rule holds")
    } else if rule.items().next().is_none() {
        Some("it has no condition; add names, sections, options, phrases or text_phrases")
    } else if rule.items().any(reserved) {
        Some("a condition is empty or contains one of ; ( ); remove it")
    } else if rule.phrases.iter().chain(&rule.text_phrases).chain(&rule.options).any(is_upper) {
        Some("phrases and options are compared in lower case; write them so")
    } else if effects > 1 {
        Some("only one of pin, at_least and base can be given; remove the others")
    } else if effects == 0 && rule.capabilities.is_empty() {
        Some("it has no effect; add pin, at_least, base or capabilities")
    } else if rule.pin.is_some() && !rule.is_about_names() {
        Some("pin needs names; add names or use at_least")
    } else {
        None
    }
}

fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start.min(text.len()));
    1 + text.get(..start).unwrap_or_default().matches('\n').count()
}

/// `*` stands for any characters, `?` for one, all else for itself.
fn glob_matches(glob: &str, name: &str) -> bool {
    let mut glob_rest = glob.chars();
    match glob_rest.next() {
        None => name.is_empty(),
        Some('*') => {
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.into_iter().any(|at| glob_matches(glob_rest.as_str(), &name[at..]))
        }
        Some(wanted) => {
            let mut name_rest = name.chars();
            let next = name_rest.next();
            next.is_some_and(|next| wanted == '?' || wanted == next)
                && glob_matches(glob_rest.as_str(), name_rest.as_str())
        }
    }
}

/// `phrase` occurs in `text` and is not part of a longer word. A `*` at its end allows more.
fn has_word(text: &str, phrase: &str) -> bool {
    let (phrase, open_end) = match phrase.strip_suffix('*') {
        Some(stem) => (stem, true),
        None => (phrase, false),
    };
    let is_word = |next: char| next.is_alphanumeric() || next == '_' || next == '-';
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        !before.is_some_and(is_word) && (open_end || !after.is_some_and(is_word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "version = 1\nfamilies = []\n";

    fn performance() -> String {
        let table = |risk: &Risk| {
            format!("[performance.{risk}]\nexecution_ms = 1\nmemory_mb = 2\noutput_kb = 3\n")
        };
        Risk::ALL.iter().map(table).collect()
    }

    fn rules(rules: &str) -> Result<Rules, RulesError> {
        Rules::parse(&format!("{HEAD}{}{rules}", performance()))
    }

    fn facts<'a>(name: &'a str, summary: &'a str) -> Facts<'a> {
        Facts { name, section: "1", summary, text: summary }
    }

    /// The rules that come with the program are valid.
    #[test]
    fn embedded_rules_are_valid() {
        assert!(Rules::embedded().unwrap().rule.len() > 10);
    }

    /// A pin settles the risk, whatever phrases say; without one the highest level wins.
    #[test]
    fn pins_settle_and_levels_rise() {
        let rules = rules(
            "[[rule]]\nid = 'a'\nwhy = 'x'\nnames = ['cp*']\npin = 'medium'\n\
             [[rule]]\nid = 'b'\nwhy = 'x'\nphrases = ['remove', 'copy']\nat_least = 'high'\n\
             capabilities = ['destructive']\n\
             [[rule]]\nid = 'c'\nwhy = 'x'\nphrases = ['print']\nbase = 'safe'\n",
        );
        let rules = rules.unwrap();
        let pinned = rules.apply(&facts("cp", "copy files"));
        assert_eq!((pinned.risk, pinned.capabilities), (Risk::Medium, Capabilities::empty()));
        assert_eq!(pinned.fired, [Fired { id: "a".into(), evidence: "cp*".into() }]);
        let raised = rules.apply(&facts("x", "print and remove"));
        assert_eq!((raised.risk, raised.capabilities), (Risk::High, Capabilities::DESTRUCTIVE));
        assert_eq!(rules.apply(&facts("x", "print")).risk, Risk::Safe);
        assert_eq!(rules.apply(&facts("x", "printer")).risk, Risk::Low);
        assert_eq!(rules.derive(["b", "c"]), Ok((Risk::High, Capabilities::DESTRUCTIVE)));
        assert_eq!(rules.derive(["nope"]), Err("nope"));
    }

    /// Every way to get a rules file wrong is one line that says where and what to do.
    #[test]
    fn mistakes_are_named() {
        let message = |text: &str| rules(text).unwrap_err().to_string();
        let rule = |text: &str| message(&format!("[[rule]]\nid = 'a'\nwhy = 'x'\n{text}"));
        assert!(rule("nmaes = ['x']\n").starts_with("line 26: unknown field `nmaes`"));
        assert!(rule("pin = 'low'\n").contains("no condition"));
        assert!(rule("names = ['x']\n").contains("no effect"));
        assert!(rule("phrases = ['x']\npin = 'low'\n").contains("pin needs names"));
        assert!(rule("phrases = ['X']\nbase = 'safe'\n").contains("lower case"));
        assert!(rule("names = ['a;b']\nbase = 'safe'\n").contains("one of ; ( )"));
        let error = Rules::parse("version = 2\nfamilies = []\nrule = []\n[performance]\n");
        assert!(error.unwrap_err().to_string().contains("version is 2"));
        let error = Rules::parse(&format!("{HEAD}rule = []\n[performance]\n"));
        assert!(error.unwrap_err().to_string().contains("[performance.safe] is missing"));
    }

    /// Globs and phrases by hand.
    #[test]
    fn globs_and_words() {
        assert!(glob_matches("mkfs*", "mkfs.ext4") && glob_matches("?fs", "zfs"));
        assert!(glob_matches("[", "[") && !glob_matches("[ab]", "a"));
        assert!(has_word("copy files", "copy") && !has_word("photocopy", "copy"));
        assert!(has_word("removes", "remove*") && !has_word("removes", "remove"));
        assert!(has_word("use --force now", "--force") && !has_word("--force-it", "--force"));
    }
}
