//! Answers in words, in which the names of backends have their colours.

use std::collections::BTreeSet;

use super::palette;
use crate::report::record::Entry;

/// Some words, or the name of a backend.
#[derive(Debug)]
pub(super) struct Part {
    /// What is read.
    pub(super) text: String,
    /// Classes of a backend's name. Empty for words.
    pub(super) class: String,
}

/// A sentence.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Its parts.
    pub(super) parts: Vec<Part>,
}

/// A sentence with what it is about.
#[derive(Debug)]
pub(super) struct Line {
    /// What it is about, such as a batch length.
    pub(super) label: Option<String>,
    /// The sentence.
    pub(super) words: Words,
    /// Codes of the warnings of what it is about.
    pub(super) warnings: Vec<String>,
}

impl Line {
    /// Marks it with the warnings of the entries that it names.
    pub(super) fn warned<'r>(mut self, entries: impl IntoIterator<Item = &'r Entry>) -> Self {
        let codes = entries.into_iter().flat_map(|entry| &entry.warnings).map(|one| &one.code);
        let codes: BTreeSet<&String> = codes.collect();
        self.warnings = codes.into_iter().cloned().collect();
        self
    }
}

/// The answer to a question that people have.
#[derive(Debug)]
pub(super) struct Answer {
    /// The question.
    pub(super) title: &'static str,
    /// The answer in a sentence.
    pub(super) lead: Option<Words>,
    /// The answer in full.
    pub(super) lines: Vec<Line>,
}

impl Words {
    /// The name of a backend.
    pub(super) fn of(backend: &str) -> Self {
        Self::default().backend(backend)
    }

    /// Goes on with words.
    pub(super) fn say(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part { text: text.into(), class: String::new() });
        self
    }

    /// Goes on with the name of a backend.
    pub(super) fn backend(mut self, name: &str) -> Self {
        self.parts.push(Part { text: name.to_owned(), class: palette::class(name) });
        self
    }

    /// Goes on with the names of some backends.
    pub(super) fn backends<'n>(self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut words = self;
        for (index, name) in names.into_iter().enumerate() {
            words = if index > 0 { words.say(", ") } else { words };
            words = words.backend(name);
        }
        words
    }

    /// A line about something.
    pub(super) fn about(self, label: impl Into<String>) -> Line {
        Line { label: Some(label.into()), words: self, warnings: Vec::new() }
    }

    /// A line that says itself what it is about.
    pub(super) fn alone(self) -> Line {
        Line { label: None, words: self, warnings: Vec::new() }
    }
}

/// `one`, `one and two`, `one, two and three`.
pub(super) fn listed(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of backends keep their class in a sentence, and lists read as people would say them.
    #[test]
    fn sentences_are_put_together() {
        let words = Words::of("scalar").say(" and ").backends(["simd-avx2", "reference"]);
        let text: String = words.parts.iter().map(|part| part.text.as_str()).collect();
        assert_eq!(text, "scalar and simd-avx2, reference");
        let named = words.parts.iter().filter(|part| part.class.starts_with("b b-")).count();
        assert_eq!(named, 3);
        let all = ["L1", "L2", "memory"].map(str::to_owned);
        assert_eq!(listed(&all), "L1, L2 and memory");
        assert_eq!(listed(&all[..1]), "L1");
    }
}
