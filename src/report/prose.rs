//! Lines of text, broken at blanks where the screen ends.

use super::screen::Screen;

/// Columns of the label that many lines begin with, such as `warning`.
const LABEL: usize = 10;

/// The text in lines of at most `columns`, broken at blanks. A longer word is cut.
#[must_use]
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = vec![String::new()];
    let words = text.split_whitespace().flat_map(|word| {
        let letters: Vec<char> = word.chars().collect();
        let pieces: Vec<String> =
            letters.chunks(columns).map(|piece| piece.iter().collect()).collect();
        pieces
    });
    for word in words {
        let used = lines.last().map_or(0, |line| line.chars().count());
        match lines.last_mut() {
            Some(line) if used == 0 => line.push_str(&word),
            Some(line) if used + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// Every line that is too long for the screen as several, with the text below the text where a
/// label comes before it. What fits stays as it is, blanks and all.
#[must_use]
pub fn fit(text: &str, screen: &Screen) -> String {
    let Some(columns) = screen.columns else { return text.to_owned() };
    let mut fitted = String::new();
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        if line.chars().count() <= columns {
            fitted.push_str(line);
        } else {
            let (head, rest) = labelled(line);
            let indent = " ".repeat(head.chars().count());
            let lines = wrapped(rest, columns.saturating_sub(indent.len()));
            fitted.push_str(head);
            fitted.push_str(&lines.join(&format!("\n{indent}")));
        }
        fitted.push_str(end);
    }
    fitted
}

/// A line as its label, with the blanks behind it, and its text. A line that is indented as one is
/// below a label stays so.
fn labelled(line: &str) -> (&str, &str) {
    match line.split_at_checked(LABEL) {
        Some((head, rest)) if head.ends_with(' ') && head.is_ascii() && !rest.starts_with(' ') => {
            // One word, or none: more of them are the beginning of a text.
            if head.split_whitespace().count() <= 1 { (head, rest) } else { ("", line) }
        }
        _ => ("", line),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::screen::tests::of_width, *};

    /// Lines are as long as they may be and no longer, whatever the words are.
    #[test]
    fn lines_are_broken_at_blanks() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 6), ["one", "two", "three"]);
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrapped("", 3), [""]);
    }

    /// What follows a label stays right of it, what fits is left alone, and without a width all is.
    #[test]
    fn labels_stay_alone() {
        let text = "warning   load: the load was high\nshort   line\n          was indented, yes\n";
        assert_eq!(
            fit(text, &of_width(24)),
            "warning   load: the load\n          was high\nshort   line\n          was \
             indented,\n          yes\n"
        );
        let sentence = fit("a sentence without any label", &of_width(16));
        assert_eq!(sentence, "a sentence\nwithout any\nlabel");
        assert_eq!(fit(text, &Screen::PLAIN), text);
        assert_eq!(fit("", &of_width(24)), "");
    }
}
