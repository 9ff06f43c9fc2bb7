//! Numbers with their nouns.

use std::fmt::Display;

/// A number and what it counts: `1 entry`, `2 entries`. The noun is given as of one.
#[must_use]
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    if count == N::from(1) { format!("{count} {noun}") } else { format!("{count} {}", many(noun)) }
}

/// The noun of several.
fn many(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if noun.ends_with("ch") || noun.ends_with(['s', 'x']) => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One is one, and none are many.
    #[test]
    fn nouns_follow_their_numbers() {
        assert_eq!(counted(1_usize, "entry"), "1 entry");
        assert_eq!(counted(0_u64, "entry"), "0 entries");
        let many = ["launch", "thread", "day", "index"].map(|noun| counted(2_u32, noun));
        assert_eq!(many, ["2 launches", "2 threads", "2 days", "2 indexes"]);
    }
}
