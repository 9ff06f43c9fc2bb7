//! A reducer for manual pages: roff source to the words that a reader sees.
//!
//! It knows the man(7) and mdoc(7) macros, tables, conditionals, strings, registers and macros
//! that a page defines. It does not fill, indent or hyphenate. No program is run for this.

mod characters;
mod escape;
mod man;
mod mdoc;
mod number;
mod request;
mod table;

use std::collections::HashMap;

use escape::CONTINUES;

/// Lines that one page may expand to. A page that defines endless macros stops here.
const LINES_MAX: usize = 400_000;

/// Bytes that one page may expand to.
const TEXT_BYTES_MAX: usize = 16 << 20;

/// A page as a reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The words, one line a paragraph or input line; blanks mean nothing.
    pub text: String,
    /// The one-line description of the section NAME, or the empty text.
    pub summary: String,
}

/// Reads the source of another page that `.so` names, such as `man1/gzip.1`.
pub type Include<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Renders the source of a page. `include` is asked for each `.so`.
pub fn render(source: &str, include: &Include<'_>) -> Rendered {
    let mut interpreter = Interpreter::new(include);
    interpreter.push_source(source);
    interpreter.run();
    interpreter.finish()
}

/// The part of a page that words belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Anything but what follows.
    Body,
    /// The section NAME, from which the one-line description is taken.
    Name,
    /// A heading whose words are on the next line.
    HeadingFollows,
}

/// A page that is being read.
struct Interpreter<'a> {
    include: &'a Include<'a>,
    /// Lines to read, the next one last.
    pending: Vec<String>,
    lines_read: usize,
    strings: HashMap<String, String>,
    registers: HashMap<String, i64>,
    macros: HashMap<String, Vec<String>>,
    translated: HashMap<char, char>,
    /// Outcomes of `.ie` that wait for their `.el`.
    otherwise: Vec<bool>,
    out: String,
    /// The next word follows without a blank.
    joined: bool,
    no_fill: bool,
    footer: String,
    part: Part,
    name_text: String,
    /// Link or mail address between its opening and its closing macro.
    address: String,
    mdoc: mdoc::State,
}

impl<'a> Interpreter<'a> {
    fn new(include: &'a Include<'a>) -> Self {
        Self {
            include,
            pending: Vec::new(),
            lines_read: 0,
            strings: predefined_strings(),
            registers: predefined_registers(),
            macros: HashMap::new(),
            translated: HashMap::new(),
            otherwise: Vec::new(),
            out: String::new(),
            joined: false,
            no_fill: false,
            footer: String::new(),
            part: Part::Body,
            name_text: String::new(),
            address: String::new(),
            mdoc: mdoc::State::default(),
        }
    }

    #[cfg(test)]
    fn without_includes() -> Self {
        Self::new(&|_| None)
    }

    /// Puts the lines of `source` before all that is pending.
    fn push_source(&mut self, source: &str) {
        self.pending.extend(source.lines().rev().map(str::to_owned));
    }

    fn run(&mut self) {
        while let Some(line) = self.next_line() {
            self.line(&line);
            if self.out.len() > TEXT_BYTES_MAX {
                break;
            }
        }
    }

    /// The next input line, with lines that end in a backslash put together.
    fn next_line(&mut self) -> Option<String> {
        self.lines_read += 1;
        if self.lines_read > LINES_MAX {
            return None;
        }
        let mut line = self.pending.pop()?;
        while ends_in_open_backslash(&line) {
            line.pop();
            line += &self.pending.pop().unwrap_or_default();
        }
        Some(line)
    }

    fn line(&mut self, line: &str) {
        match line.strip_prefix(['.', '\'']) {
            Some(request) => self.request(request.trim_start_matches([' ', '\t'])),
            None => self.text_line(line),
        }
    }

    fn text_line(&mut self, line: &str) {
        let interpolated = self.interpolate(line);
        let text = self.text(&interpolated);
        self.put(&text);
        if self.part == Part::HeadingFollows {
            self.start_section(text.trim());
        }
        if self.no_fill || line.is_empty() || line.starts_with(' ') {
            self.end_line();
        }
    }

    /// Adds words after what is there, with a blank between unless they continue it.
    fn put(&mut self, text: &str) {
        let (text, continues) = match text.split_once(CONTINUES) {
            Some((before, _)) => (before, true),
            None => (text, false),
        };
        if !text.is_empty() {
            if !self.joined && !self.out.is_empty() && !self.out.ends_with('\n') {
                self.out.push(' ');
            }
            self.out += text;
            if self.part == Part::Name {
                self.name_text.push_str(if self.joined { "" } else { " " });
                self.name_text += text;
            }
        }
        self.joined = continues || self.joined && text.is_empty();
    }

    /// Adds roff text that still has escapes in it.
    fn put_escaped(&mut self, text: &str) {
        let text = self.text(text);
        self.put(&text);
    }

    fn end_line(&mut self) {
        self.joined = false;
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn start_section(&mut self, title: &str) {
        self.end_line();
        self.no_fill = false;
        let is_name = title.eq_ignore_ascii_case("name") && self.name_text.is_empty();
        self.part = if is_name { Part::Name } else { Part::Body };
    }

    fn string(&self, name: &str) -> String {
        self.strings.get(name).cloned().unwrap_or_default()
    }

    fn register(&self, name: &str) -> i64 {
        self.registers.get(name).copied().unwrap_or(0)
    }

    fn finish(mut self) -> Rendered {
        self.end_line();
        let footer = std::mem::take(&mut self.footer);
        self.put(&footer);
        self.end_line();
        Rendered { summary: summary_of(&self.name_text), text: self.out }
    }
}

/// The description after the dash of a NAME section: `ls - list directory contents`.
fn summary_of(name_text: &str) -> String {
    let words: Vec<&str> = name_text.split_whitespace().collect();
    let dash = words.iter().position(|word| matches!(*word, "-" | "—" | "–" | "--" | "−"));
    dash.map(|at| words[at + 1..].join(" ")).unwrap_or_default()
}

fn ends_in_open_backslash(line: &str) -> bool {
    line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

fn predefined_strings() -> HashMap<String, String> {
    let strings = [
        ("R", "®"),
        ("Tm", "™"),
        ("lq", "“"),
        ("rq", "”"),
        ("Lq", "“"),
        ("Rq", "”"),
        ("q", "\""),
        ("Ba", "|"),
        ("Am", "&"),
        ("Lt", "<"),
        ("Gt", ">"),
        ("Le", "≤"),
        ("Ge", "≥"),
        ("Ne", "≠"),
        ("Pm", "±"),
        ("aa", "´"),
        ("ga", "`"),
        (".T", "utf8"),
    ];
    strings.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}

fn predefined_registers() -> HashMap<String, i64> {
    let registers = [(".g", 1), (".x", 1), (".y", 22), (".H", 24), (".V", 40), (".l", 1872)];
    registers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render_alone(source: &str) -> Rendered {
        render(source, &|_| None)
    }

    /// Words of a rendered page with blanks collapsed, as they are counted.
    pub(super) fn words(source: &str) -> String {
        render_alone(source).text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A small man(7) page comes out as groff prints it, header and footer included.
    #[test]
    fn man_page_is_rendered() {
        let page = ".TH LS 1 2022 src Commands\n.SH NAME\nls \\- list \\fBall\\fR\n.SH OPTIONS\n\
                    .TP\n\\fB\\-a\\fR, \\fB\\-\\-all\\fR\ndo not ignore\n.BR ls (1),\n.I x y\n";
        assert_eq!(
            words(page),
            "LS(1) Commands LS(1) NAME ls - list all OPTIONS -a, --all do not ignore ls(1), x y \
             src 2022 LS(1)"
        );
        assert_eq!(render_alone(page).summary, "list all");
    }

    /// Macros, conditionals, strings and registers that a page defines are followed.
    #[test]
    fn page_definitions_are_followed() {
        let page = ".de FN\n\\fI\\|\\\\$1\\|\\fP\\\\$2\n..\n.ds x value\n.nr n 3\n.FN file ,\n\
                    \\*x\n.if t printer\n.ie n terminal\n.el other\n.if \\nn>2 \\{\\\nmany\n.\\}\n\
                    .if \\nn<2 \\{ few\nfew\n.\\}\nend\n.ig\nhidden\n..\n";
        assert_eq!(words(page), "file, value terminal many end");
    }

    /// A macro that calls itself ends, instead of the program.
    #[test]
    fn endless_macros_end() {
        assert_eq!(words(".de X\n.X\n..\n.X\n"), "");
    }

    /// Tables give their cells, not their layout.
    #[test]
    fn tables_give_cells() {
        let page =
            ".TS\ntab(|) allbox;\nl l\nl l.\na|b\n_\nT{\nlong \\fBtext\\fR\nT}|c\n.TE\nend\n";
        assert_eq!(words(page), "a b long text c end");
    }

    /// A small mdoc(7) page comes out as groff prints it.
    #[test]
    fn mdoc_page_is_rendered() {
        let page = ".Dd May 1, 2020\n.Dt SCP 1\n.Os\n.Sh NAME\n.Nm scp\n.Nd secure copy\n\
                    .Sh SYNOPSIS\n.Nm\n.Op Fl 3 Ns Ar x\n.Op Fl F Ar file , Ar b\n.Xr ssh 1 ,\n\
                    .Bl -tag\n.It Fl P Ar port\nUse\n.Dq quoted .\n.El\n";
        assert_eq!(
            words(page),
            "SCP(1) BSD General Commands Manual SCP(1) NAME scp — secure copy SYNOPSIS scp \
             [-3x] [-F file, b] ssh(1), -P port Use “quoted”. BSD May 1, 2020 BSD"
        );
        assert_eq!(render_alone(page).summary, "secure copy");
    }

    /// `.so` brings in the page that it names.
    #[test]
    fn links_are_followed() {
        let include = |name: &str| (name == "man1/a.1").then(|| ".B bold\n".to_owned());
        assert_eq!(render(".so man1/a.1\n", &include).text, "bold\n");
        assert_eq!(render(".so man1/b.1\n", &include).text, "");
    }

    proptest::proptest! {
        /// No input makes the reducer fail.
        #[test]
        fn any_text_is_rendered(
            lines in proptest::collection::vec(
                "[.'\\\\]?[a-zA-Z{}()\\[\\]\\\\* \"éT0-9]{0,12}", 0..40,
            ),
        ) {
            render_alone(&lines.join("\n"));
        }
    }
}
