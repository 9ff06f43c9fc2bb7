//! What can be shown where the output goes: how wide, in which characters, in colour or not.

use anstyle::AnsiColor;

/// Where tables and texts for people are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Characters across. `None` where a line may be as long as it is: in a file or a pipe.
    pub columns: Option<usize>,
    /// Whether verdicts are coloured.
    pub paint: Paint,
    /// Which characters it has.
    pub glyphs: Glyphs,
}

/// Whether verdicts are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Text only.
    Plain,
    /// Escape sequences around verdicts.
    Coloured,
}

/// Which characters there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    /// Those of a keyboard.
    Ascii,
    /// Blocks, too.
    Unicode,
}

/// What a verdict means for whoever reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something is wrong or worse.
    Bad,
    /// Nobody knows, or should look.
    Open,
    /// Something is better, or passes.
    Good,
}

/// A text of anybody's for people: what controls a terminal, or begins another line, is shown and
/// not done.
#[must_use]
pub fn harmless(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().collect() } else { c.to_string() };
    text.chars().map(shown).collect()
}

impl Screen {
    /// A file or a pipe: lines as long as they are, no colour.
    pub const PLAIN: Self = Self { columns: None, paint: Paint::Plain, glyphs: Glyphs::Unicode };

    /// The text in the colour of its tone, where there are colours.
    #[must_use]
    pub fn painted(&self, tone: Option<Tone>, text: &str) -> String {
        match (self.paint, tone) {
            (Paint::Coloured, Some(tone)) => {
                let style = tone.colour().on_default();
                format!("{style}{text}{style:#}")
            }
            _ => text.to_owned(),
        }
    }

    /// A verdict in its colour.
    #[must_use]
    pub fn verdict(&self, words: &str) -> String {
        self.painted(Tone::of(words), words)
    }
}

/// Verdicts by the word that they begin with.
const BAD: [&str; 8] = ["slower", "more", "fails", "FAILS", "FAILED", "WRONG", "UNMET", "critical"];
const OPEN: [&str; 5] = ["cannot", "cannot-tell", "undecided", "warning", "stopped"];
const GOOD: [&str; 4] = ["faster", "less", "met", "verified"];

impl Tone {
    /// The tone of a verdict. `None` for what needs no attention.
    #[must_use]
    pub fn of(words: &str) -> Option<Self> {
        let word = words.split_whitespace().next()?.trim_end_matches([':', ',']);
        let all = [(Self::Bad, &BAD[..]), (Self::Open, &OPEN[..]), (Self::Good, &GOOD[..])];
        all.into_iter().find(|(_, words)| words.contains(&word)).map(|(tone, _)| tone)
    }

    /// Told apart by those who see red and green alike: the words say the same, and yellow is
    /// brighter than both.
    const fn colour(self) -> AnsiColor {
        match self {
            Self::Bad => AnsiColor::Red,
            Self::Open => AnsiColor::Yellow,
            Self::Good => AnsiColor::Green,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A screen of this width, without colour.
    pub(in crate::report) const fn of_width(columns: usize) -> Screen {
        Screen { columns: Some(columns), ..Screen::PLAIN }
    }

    /// Verdicts are known by their first word, and only where there are colours is anything added.
    #[test]
    fn verdicts_are_coloured_where_there_are_colours() {
        assert_eq!(Tone::of("slower (confirmed)"), Some(Tone::Bad));
        assert_eq!(Tone::of("cannot tell (too-wide)"), Some(Tone::Open));
        assert_eq!(Tone::of("faster"), Some(Tone::Good));
        assert_eq!((Tone::of("same (within)"), Tone::of("")), (None, None));
        assert_eq!(Screen::PLAIN.verdict("slower"), "slower");
        let coloured = Screen { paint: Paint::Coloured, ..Screen::PLAIN };
        assert_eq!(coloured.verdict("slower"), "\u{1b}[31mslower\u{1b}[0m");
        assert_eq!(coloured.verdict("same"), "same");
    }
}
