//! Where something stands in the text of a profile, and what its syntax says in plain words.

use std::fmt;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::nearest;

/// A place in a text, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    line: usize,
    column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The place of a byte.
#[must_use]
pub fn of_byte(text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Place { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
}

/// The place of the value of a key such as `plan.batch_lens`. `None` where there is none.
#[must_use]
pub fn of_key(text: &str, key: &str) -> Option<Place> {
    let table = DeTable::parse(text).ok()?;
    Some(of_byte(text, find(table.get_ref(), key)?))
}

fn find(table: &DeTable<'_>, key: &str) -> Option<usize> {
    let (first, rest) = key.split_once('.').map_or((key, None), |(one, rest)| (one, Some(rest)));
    let (_, value) = table.iter().find(|(name, _)| Spanned::get_ref(name) == first)?;
    match (rest, value.get_ref()) {
        (None, _) => Some(value.span().start),
        (Some(rest), DeValue::Table(inner)) => find(inner, rest),
        _ => None,
    }
}

/// What is wrong with the syntax of a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syntax {
    place: Place,
    says: String,
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.says)
    }
}

/// What a parser calls its types, and what people do. Longer names first.
const WORDS: [(&str, &str); 9] = [
    ("a nonzero u32", "a whole number from 1"),
    ("usize", "a whole number from 0"),
    ("u64", "a whole number from 0"),
    ("u32", "a whole number from 0"),
    ("u16", "a whole number from 0"),
    ("u8", "a whole number from 0"),
    ("f64", "a number"),
    ("a sequence", "a list"),
    ("struct ", "the table "),
];

impl Syntax {
    /// What a parser says of a text, with the name that was probably meant.
    #[must_use]
    pub fn of(error: &toml::de::Error, text: &str) -> Self {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        let (says, expected) = message.split_once(", expected ").unwrap_or((&message, ""));
        let word = WORDS.iter().find_map(|(from, to)| Some((expected.strip_prefix(from)?, to)));
        let expected = word.map_or_else(|| expected.into(), |(rest, to)| format!("{to}{rest}"));
        let hint = says.strip_prefix("unknown ").and_then(|_| {
            let name = says.split('`').nth(1)?;
            Some(nearest::hint(name, expected.split('`').skip(1).step_by(2)))
        });
        let expected =
            if expected.is_empty() { expected } else { format!(", expected {expected}") };
        let says = format!("{says}{expected}{}", hint.unwrap_or_default());
        Self { place: of_byte(text, at), says }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a = 1\n[plan]\nlens = [1]\nload = { rate = 2 }\n";

    /// A value is found by its dotted key, also within a table in one line.
    #[test]
    fn keys_have_places() {
        let place = |key| of_key(TEXT, key).map(|place| place.to_string());
        assert_eq!(place("plan.lens").as_deref(), Some("line 3, column 8"));
        assert_eq!(place("plan.load.rate").as_deref(), Some("line 4, column 17"));
        assert_eq!((place("plan.none"), place("a.b")), (None, None));
    }

    /// What a parser says of types is said in plain words, in one line, with its place and a hint.
    #[test]
    fn slips_are_told_in_plain_words() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code, reason = "only read")]
        struct Table {
            seconds: f64,
            count: u64,
        }
        let says =
            |text: &str| Syntax::of(&toml::from_str::<Table>(text).unwrap_err(), text).to_string();
        let kind = says("seconds = 1\ncount = \"x\"");
        assert!(kind.starts_with("line 2, column 9: "), "{kind}");
        assert!(kind.ends_with("expected a whole number from 0"), "{kind}");
        assert!(says("seconds = true\ncount = 1").ends_with("expected a number"));
        let unknown = says("second = 1");
        assert!(unknown.ends_with("did you mean `seconds`?") && !unknown.contains('\n'));
    }
}
