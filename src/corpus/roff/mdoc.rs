//! The macros of mdoc(7): arguments are words, and some words are macros themselves.

use super::{Interpreter, Part, escape::arguments};

/// What a page has said so far.
#[derive(Debug, Default)]
pub(super) struct State {
    active: bool,
    date: String,
    title: String,
    name: String,
    lists: Vec<List>,
}

impl State {
    /// True once a page has used a macro that only mdoc(7) has.
    pub(super) fn is_active(&self) -> bool {
        self.active
    }
}

/// What each item of a list starts with.
#[derive(Clone, Copy, Debug)]
enum List {
    Plain,
    Mark(&'static str),
    Numbered(u32),
}

/// The words of one line. Closing punctuation and `Ns` glue.
#[derive(Default)]
struct Words {
    text: String,
    glue: bool,
    glued_start: bool,
}

impl Words {
    fn push(&mut self, word: &str) {
        let glue = std::mem::take(&mut self.glue);
        if self.text.is_empty() {
            self.glued_start |= glue;
        } else if !glue {
            self.text.push(' ');
        }
        self.text += word;
    }

    fn open(&mut self, mark: &str) {
        self.push(mark);
        self.glue = true;
    }

    fn close(&mut self, mark: &str) {
        self.glue = true;
        self.push(mark);
    }

    /// A word as it stands in a page: punctuation knows which side it belongs to.
    fn word(&mut self, word: &str) {
        match word {
            "." | "," | ":" | ";" | ")" | "]" | "?" | "!" => self.close(word),
            "(" | "[" => self.open(word),
            _ => self.push(word),
        }
    }
}

impl Interpreter<'_> {
    /// Carries out one macro line of an mdoc(7) page.
    pub(super) fn mdoc_line(&mut self, name: &str, rest: &str) {
        self.mdoc.active = true;
        let given = arguments(rest);
        match name {
            "Dd" => self.mdoc.date = given.join(" "),
            "Dt" => self.mdoc.title = format!("{}({})", field(&given, 0), field(&given, 1)),
            "Os" => self.mdoc_title(&given),
            "Sh" | "Ss" => self.mdoc_heading(&given),
            "Pp" | "Lp" | "br" | "sp" | "Ed" | "D1" | "Dl" => self.mdoc_break(name, &given),
            "Bd" => self.set_no_fill(given.iter().any(|word| is_literal(word))),
            "Bl" => self.mdoc.lists.push(list_of(&given)),
            "El" => {
                self.mdoc.lists.pop();
                self.end_line();
            }
            "It" => self.mdoc_item(&given),
            "Ex" => self.mdoc_exit(&given),
            "Bk" | "Ek" | "Bf" | "Ef" | "Sm" | "Rs" | "Re" | "Hf" => {}
            other => {
                let mut words = vec![other.to_owned()];
                words.extend(given);
                self.mdoc_words(&words);
            }
        }
    }

    fn mdoc_title(&mut self, given: &[String]) {
        let title = self.mdoc.title.clone();
        let manual = match title.rsplit('(').next().and_then(|section| section.chars().next()) {
            Some('1') => "BSD General Commands Manual",
            Some('8') => "BSD System Manager's Manual",
            _ => "BSD",
        };
        self.put_escaped(&format!("{title} {manual} {title}"));
        self.end_line();
        let system = if given.is_empty() { "BSD".to_owned() } else { given.join(" ") };
        self.footer = self.text(&format!("{system} {} {system}", self.mdoc.date));
    }

    fn mdoc_heading(&mut self, given: &[String]) {
        self.end_line();
        self.part = Part::Body;
        let title = self.text(&given.join(" "));
        self.put(&title);
        self.start_section(&title);
    }

    fn mdoc_break(&mut self, name: &str, given: &[String]) {
        self.end_line();
        if name == "Ed" {
            self.no_fill = false;
        }
        if matches!(name, "D1" | "Dl") {
            self.mdoc_words(given);
            self.end_line();
        }
    }

    fn mdoc_item(&mut self, given: &[String]) {
        self.end_line();
        let mark = match self.mdoc.lists.last_mut() {
            Some(List::Mark(mark)) => (*mark).to_owned(),
            Some(List::Numbered(number)) => {
                *number += 1;
                format!("{number}.")
            }
            Some(List::Plain) | None => return self.mdoc_words(given),
        };
        self.put(&mark);
    }

    fn mdoc_exit(&mut self, given: &[String]) {
        let name = given.get(1).unwrap_or(&self.mdoc.name);
        let sentence = format!("The {name} utility exits 0 on success, and >0 if an error occurs.");
        self.put_escaped(&sentence);
    }

    /// Prints words, carrying out those that are macros.
    fn mdoc_words(&mut self, given: &[String]) {
        let mut words = Words::default();
        self.mdoc_parse(given, &mut words);
        let glued = words.glued_start || words.text.is_empty() && words.glue;
        self.joined |= glued;
        self.put_escaped(&words.text);
        self.joined |= words.glue;
    }

    fn mdoc_parse(&mut self, given: &[String], words: &mut Words) {
        let mut rest = given;
        while let Some((word, after)) = rest.split_first() {
            rest = after;
            if let Some((open, close)) = enclosure(word) {
                return self.mdoc_enclosed(open, close, rest, words);
            }
            if let Some(mark) = opening(word) {
                words.open(mark);
            } else if let Some(mark) = closing(word) {
                words.close(mark);
            } else if is_macro(word) {
                rest = self.mdoc_macro(word, rest, words);
            } else {
                words.word(word);
            }
        }
    }

    /// `.Op Fl a .` prints `[-a].`: the punctuation at the end stays outside.
    fn mdoc_enclosed(&mut self, open: &str, close: &str, given: &[String], words: &mut Words) {
        let outside = given.iter().rev().take_while(|word| is_closing(word)).count();
        let (inside, outside) = given.split_at(given.len() - outside);
        words.open(open);
        self.mdoc_parse(inside, words);
        words.close(close);
        for word in outside {
            words.word(word);
        }
    }

    /// Carries out a macro amid words; gives the words that it leaves.
    fn mdoc_macro<'w>(
        &mut self,
        name: &str,
        given: &'w [String],
        words: &mut Words,
    ) -> &'w [String] {
        let bare = given.first().is_none_or(|word| is_macro(word) || is_closing(word));
        match name {
            "Ns" => words.glue = true,
            "Ap" => words.open("'"),
            "Pf" => {
                words.open(field(given, 0));
                return given.get(1..).unwrap_or_default();
            }
            "Xr" => {
                words.push(&reference(given));
                return given.get(2..).unwrap_or_default();
            }
            "Fl" => return flags(given, words),
            "Nm" if bare => words.push(&self.mdoc.name),
            "Nm" if self.mdoc.name.is_empty() => field(given, 0).clone_into(&mut self.mdoc.name),
            "Nd" => words.push("—"),
            "Ar" if bare => words.push("file ..."),
            "Lk" if given.len() > 1 => {
                words.push(&format!("{}: {}", given[1..].join(" "), given[0]));
                return &[];
            }
            "St" => {
                words.push(&standard(field(given, 0)));
                return given.get(1..).unwrap_or_default();
            }
            other => {
                if let Some(system) = system_name(other) {
                    words.push(system);
                }
            }
        }
        given
    }
}

fn field(given: &[String], index: usize) -> &str {
    given.get(index).map_or("", String::as_str)
}

fn reference(given: &[String]) -> String {
    match given.get(1) {
        Some(section) if !is_closing(section) => format!("{}({section})", field(given, 0)),
        _ => field(given, 0).to_owned(),
    }
}

/// `Fl a b` prints `-a -b`; a bare `Fl` prints the dash alone.
fn flags<'w>(given: &'w [String], words: &mut Words) -> &'w [String] {
    let is_flag = |word: &&String| !is_macro(word) && !is_closing(word) && word.as_str() != "|";
    let count = given.iter().take_while(is_flag).count();
    for word in &given[..count] {
        words.push(&format!("\\-{word}"));
    }
    if count == 0 {
        words.push("\\-");
        words.glue = given.first().is_some_and(|word| is_macro(word) && word != "Ns");
    }
    &given[count..]
}

fn list_of(given: &[String]) -> List {
    match field(given, 0) {
        "-bullet" => List::Mark("•"),
        "-dash" | "-hyphen" => List::Mark("-"),
        "-enum" => List::Numbered(0),
        _ => List::Plain,
    }
}

fn is_literal(word: &str) -> bool {
    matches!(word, "-literal" | "-unfilled")
}

fn is_closing(word: &str) -> bool {
    matches!(word, "." | "," | ":" | ";" | ")" | "]" | "?" | "!")
}

fn enclosure(word: &str) -> Option<(&'static str, &'static str)> {
    Some(match word {
        "Op" | "Bq" => ("[", "]"),
        "Aq" => ("⟨", "⟩"),
        "Brq" => ("{", "}"),
        "Dq" => ("“", "”"),
        "Sq" | "Ql" => ("‘", "’"),
        "Qq" => ("\"", "\""),
        "Pq" => ("(", ")"),
        "In" => ("<", ">"),
        _ => return None,
    })
}

fn opening(word: &str) -> Option<&'static str> {
    Some(match word {
        "Oo" | "Bo" => "[",
        "Ao" => "⟨",
        "Bro" => "{",
        "Do" => "“",
        "So" => "‘",
        "Qo" => "\"",
        "Po" => "(",
        _ => return None,
    })
}

fn closing(word: &str) -> Option<&'static str> {
    Some(match word {
        "Oc" | "Bc" => "]",
        "Ac" => "⟩",
        "Brc" => "}",
        "Dc" => "”",
        "Sc" => "’",
        "Qc" => "\"",
        "Pc" => ")",
        _ => return None,
    })
}

fn is_macro(word: &str) -> bool {
    const NAMES: &[&str] = &[
        "%A", "%B", "%C", "%D", "%I", "%J", "%N", "%O", "%P", "%Q", "%R", "%T", "%U", "%V", "Ad",
        "An", "Ap", "Ar", "At", "Bsx", "Bx", "Cd", "Cm", "Dv", "Dx", "Ec", "Em", "En", "Eo", "Er",
        "Ev", "Fa", "Fc", "Fl", "Fn", "Fo", "Ft", "Fx", "Ic", "Lb", "Li", "Lk", "Me", "Ms", "Mt",
        "Nd", "Nm", "No", "Ns", "Nx", "Ox", "Pa", "Pf", "St", "Sx", "Sy", "Ta", "Tn", "Ud", "Ux",
        "Va", "Vt", "Xc", "Xo", "Xr",
    ];
    NAMES.contains(&word)
        || enclosure(word).is_some()
        || opening(word).is_some()
        || closing(word).is_some()
}

fn system_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "At" => "AT&T UNIX",
        "Bsx" => "BSD/OS",
        "Bx" => "BSD",
        "Dx" => "DragonFly",
        "Fx" => "FreeBSD",
        "Nx" => "NetBSD",
        "Ox" => "OpenBSD",
        "Ux" => "UNIX",
        "Ud" => "currently under development.",
        _ => return None,
    })
}

fn standard(name: &str) -> String {
    match name.strip_prefix("-p") {
        Some(number) => format!("IEEE Std {number} (“POSIX.1”)"),
        None => name.trim_start_matches('-').to_owned(),
    }
}
