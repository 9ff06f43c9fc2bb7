//! What standard output can show: asked once for each text for people.

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal as _},
};

use crate::report::screen::{Glyphs, Paint, Screen};

/// Tables are never made narrower than this: nothing would be left of them.
const COLUMNS_MIN: usize = 24;

/// The screen behind standard output. Lines are as long as they are where there is none, so that
/// scripts find whole rows, unless `COLUMNS` says otherwise.
pub(super) fn screen() -> Screen {
    let is_terminal = io::stdout().is_terminal();
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    screen_of(is_terminal, width(), &variable)
}

/// Whether a person would see what goes to standard error.
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// What the terminal itself says.
fn width() -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(columns.into())
}

fn screen_of(
    is_terminal: bool,
    width: Option<usize>,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Screen {
    let said = |name: &str| variable(name).and_then(|value| value.into_string().ok());
    let asked =
        said("COLUMNS").and_then(|text| text.parse::<usize>().ok()).filter(|columns| *columns > 0);
    let is_dumb = said("TERM").is_some_and(|term| term == "dumb");
    let is_coloured = is_terminal && !is_dumb && variable("NO_COLOR").is_none();
    Screen {
        columns: asked
            .or(width.filter(|columns| is_terminal && *columns > 0))
            .map(|columns| columns.max(COLUMNS_MIN)),
        paint: if is_coloured { Paint::Coloured } else { Paint::Plain },
        glyphs: match ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(said) {
            locale if is_terminal => glyphs(&locale.unwrap_or_default()),
            _ => Glyphs::Unicode,
        },
    }
}

/// Blocks, where the locale has them. Windows has no locale, and blocks.
fn glyphs(locale: &str) -> Glyphs {
    let locale = locale.to_lowercase();
    let is_unicode = cfg!(windows) || locale.contains("utf-8") || locale.contains("utf8");
    if is_unicode { Glyphs::Unicode } else { Glyphs::Ascii }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(is_terminal: bool, variables: &[(&str, &str)]) -> Screen {
        screen_of(is_terminal, Some(132), &|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    /// A terminal says how wide it is, a pipe has no width, and `COLUMNS` has the last word.
    #[test]
    fn the_width_is_that_of_the_terminal() {
        assert_eq!(with(true, &[]).columns, Some(132));
        assert_eq!(with(false, &[]).columns, None);
        for is_terminal in [true, false] {
            assert_eq!(with(is_terminal, &[("COLUMNS", "80")]).columns, Some(80));
        }
        assert_eq!(with(false, &[("COLUMNS", "wide")]).columns, None);
        assert_eq!(with(true, &[("COLUMNS", "1")]).columns, Some(COLUMNS_MIN));
    }

    /// Colours are for terminals that have them, and whose users want them.
    #[test]
    fn colours_are_for_terminals() {
        assert_eq!(with(true, &[("TERM", "xterm")]).paint, Paint::Coloured);
        assert_eq!(with(false, &[("TERM", "xterm")]).paint, Paint::Plain);
        assert_eq!(with(true, &[("NO_COLOR", "1")]).paint, Paint::Plain);
        assert_eq!(with(true, &[("TERM", "dumb")]).paint, Paint::Plain);
    }

    /// The first variable that is set says which characters a terminal has; files have all.
    #[cfg(not(windows))]
    #[test]
    fn glyphs_are_those_of_the_locale() {
        assert_eq!(with(true, &[("LANG", "de_DE.UTF-8")]).glyphs, Glyphs::Unicode);
        assert_eq!(with(true, &[("LC_ALL", "C"), ("LANG", "C.utf8")]).glyphs, Glyphs::Ascii);
        assert_eq!(with(true, &[]).glyphs, Glyphs::Ascii);
        assert_eq!(with(false, &[("LANG", "C")]).glyphs, Glyphs::Unicode);
    }
}
