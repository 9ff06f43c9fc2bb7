//! Escape sequences: first strings and registers, then everything that becomes text.

use super::{Interpreter, characters};

/// Marks `\c`: the next line follows without a blank. A private character, never in a page.
pub(super) const CONTINUES: char = '\u{E000}';

/// Marks `\&` and its kind: nothing to see, but no blank and no control character either.
const NOTHING: char = '\u{E001}';

/// How deep strings may refer to strings.
const DEPTH_MAX: usize = 16;

/// Width of one character in basic units of a terminal.
const CHARACTER_UNITS: usize = 24;

/// A reader over the characters of one line.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    /// A name: one character, `(` and two, or `[` up to `]`.
    fn name(&mut self) -> &'a str {
        match self.rest.chars().next() {
            Some('[') => {
                let inner = &self.rest[1..];
                let end = inner.find(']').unwrap_or(inner.len());
                self.rest = inner.get(end + 1..).unwrap_or_default();
                &inner[..end]
            }
            Some('(') => {
                self.rest = &self.rest[1..];
                let bytes = self.rest.chars().take(2).map(char::len_utf8).sum();
                self.take(bytes)
            }
            Some(one) => self.take(one.len_utf8()),
            None => "",
        }
    }

    /// An argument between two like characters, as in `\h'1n'`.
    fn delimited(&mut self) -> &'a str {
        let Some(delimiter) = self.next() else { return "" };
        let end = self.rest.find(delimiter).unwrap_or(self.rest.len());
        let taken = self.take(end);
        self.next();
        taken
    }

    /// The size of `\s`: a sign, then a digit, two digits, or a delimited number.
    fn size(&mut self) {
        if self.rest.starts_with(['+', '-']) {
            self.next();
        }
        match self.rest.chars().next() {
            Some('(' | '[') => drop(self.name()),
            Some('\'') => drop(self.delimited()),
            Some('1'..='3') if self.rest[1..].starts_with(|next: char| next.is_ascii_digit()) => {
                self.take(2);
            }
            Some(digit) if digit.is_ascii_digit() => drop(self.next()),
            _ => {}
        }
    }
}

impl Interpreter<'_> {
    /// Replaces strings, registers and widths, and drops comments. The rest stays as it is.
    pub(super) fn interpolate(&self, line: &str) -> String {
        self.interpolate_to(line, DEPTH_MAX)
    }

    fn interpolate_to(&self, line: &str, depth: usize) -> String {
        let mut out = String::with_capacity(line.len());
        let mut reader = Reader { rest: line };
        while let Some(next) = reader.next() {
            if next != '\\' {
                out.push(next);
                continue;
            }
            match reader.next() {
                Some('"' | '#') => break,
                Some('*') if depth > 0 => {
                    let string = self.string(reader.name());
                    out += &self.interpolate_to(&string, depth - 1);
                }
                Some('n') => {
                    let sign = reader.rest.strip_prefix(['+', '-']);
                    reader.rest = sign.unwrap_or(reader.rest);
                    out += &self.register(reader.name()).to_string();
                }
                Some('w') => {
                    let width = self.text(&self.interpolate(reader.delimited())).chars().count();
                    out += &(width * CHARACTER_UNITS).to_string();
                }
                Some('{' | '}') | None => {}
                Some(other) => out.extend(['\\', other]),
            }
        }
        out
    }

    /// What a reader sees of an interpolated line. [`CONTINUES`] is kept for the caller.
    pub(super) fn text(&self, line: &str) -> String {
        let mut out = String::with_capacity(line.len());
        let mut reader = Reader { rest: line };
        while let Some(next) = reader.next() {
            match next {
                '\\' => self.escape(&mut reader, &mut out),
                other => out.push(other),
            }
        }
        out.retain(|character| character != NOTHING);
        if self.translated.is_empty() {
            return out;
        }
        out.chars().map(|from| *self.translated.get(&from).unwrap_or(&from)).collect()
    }

    fn escape(&self, reader: &mut Reader<'_>, out: &mut String) {
        let Some(kind) = reader.next() else { return };
        match kind {
            '(' | '[' => {
                *out += &characters::named(special(kind, reader));
            }
            'C' => *out += &characters::named(reader.delimited()),
            'N' => out.extend(reader.delimited().parse().ok().and_then(char::from_u32)),
            'f' | 'F' | 'm' | 'M' | 'g' | 'Y' | 'V' | 'k' => drop(reader.name()),
            's' => reader.size(),
            'h' => {
                let right = reader.delimited();
                if !right.starts_with(['-', '0']) {
                    out.push(' ');
                }
            }
            'o' | 'Z' => *out += &self.text(reader.delimited()),
            'v' | 'D' | 'l' | 'L' | 'b' | 'x' | 'A' | 'B' | 'H' | 'S' | 'R' | 'X' => {
                reader.delimited();
            }
            ' ' | '~' | '0' | 't' => out.push(' '),
            'e' | '\\' | 'E' => out.push('\\'),
            '\'' => out.push('´'),
            '-' | '_' | '.' | '`' => out.push(kind),
            'c' => out.push(CONTINUES),
            '&' | ')' => out.push(NOTHING),
            '|' | '^' | '/' | ',' | '%' | ':' | 'd' | 'u' | 'r' | 'p' | 'a' | '!' | 'z' => {}
            other => out.push(other),
        }
    }
}

/// The name of a special character whose `(` or `[` has been read.
fn special<'a>(kind: char, reader: &mut Reader<'a>) -> &'a str {
    if kind == '(' {
        let bytes = reader.rest.chars().take(2).map(char::len_utf8).sum();
        return reader.take(bytes);
    }
    let end = reader.rest.find(']').unwrap_or(reader.rest.len());
    let name = reader.take(end);
    reader.next();
    name
}

/// Splits an interpolated line into arguments: blanks separate, quotes group, `""` is a quote.
pub(super) fn arguments(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = line.trim_start_matches([' ', '\t']);
    while !rest.is_empty() {
        let (argument, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_argument(quoted),
            None => plain_argument(rest),
        };
        out.push(argument);
        rest = after.trim_start_matches([' ', '\t']);
    }
    out
}

fn quoted_argument(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut rest = text;
    while let Some(end) = rest.find('"') {
        out += &rest[..end];
        rest = &rest[end + 1..];
        let Some(after) = rest.strip_prefix('"') else { return (out, rest) };
        out.push('"');
        rest = after;
    }
    out += rest;
    (out, "")
}

fn plain_argument(text: &str) -> (String, &str) {
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        if !escaped && (character == ' ' || character == '\t') {
            return (text[..index].to_owned(), &text[index..]);
        }
        escaped = character == '\\' && !escaped;
    }
    (text.to_owned(), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(line: &str) -> String {
        let interpreter = Interpreter::without_includes();
        interpreter.text(&interpreter.interpolate(line))
    }

    /// Fonts, sizes, motions and zero-width marks vanish; characters appear.
    #[test]
    fn escapes_become_text() {
        assert_eq!(text_of(r"\fB\-\-all\fR, \f[I]x\f[]"), "--all, x");
        assert_eq!(text_of(r"\s-1NAME\s0 \s10ten \s'+1'x"), "NAME ten x");
        assert_eq!(text_of(r"a\h'-1n'b\&c\|d\e"), "abcd\\");
        assert_eq!(text_of(r"\(co \[em] \[u20AC] \N'65'"), "© — € A");
        assert_eq!(text_of(r#"text\" comment"#), "text");
        assert_eq!(text_of(r"\*(lqquoted\*(rq \n(.g"), "“quoted” 1");
    }

    /// A line that ends inside an escape does no harm.
    #[test]
    fn cut_escapes_do_no_harm() {
        for line in ["\\", "\\f", "\\(", "\\(a", "\\[abc", "\\h", "\\h'1", "\\s", "\\s1", "\\*"] {
            text_of(line);
        }
    }

    /// Quotes group, doubled quotes stand for one, an escaped blank does not separate.
    #[test]
    fn arguments_are_split_as_roff_does() {
        assert_eq!(arguments(r#"a "b c" d\ e"#), ["a", "b c", r"d\ e"]);
        assert_eq!(arguments(r#""say ""x""" y"#), [r#"say "x""#, "y"]);
        assert!(arguments("  ").is_empty());
    }
}
