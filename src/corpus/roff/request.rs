//! Requests of the formatter itself: definitions, conditions, registers. Macros come after.

use super::{Interpreter, escape::arguments, number};

/// How many lines a definition or an ignored part may have.
const DEFINITION_LINES_MAX: usize = 100_000;

impl Interpreter<'_> {
    /// Carries out the line after its control character.
    pub(super) fn request(&mut self, line: &str) {
        let end = line.find([' ', '\t', '\\']).unwrap_or(line.len());
        let (name, rest) = (line[..end].to_owned(), line[end..].trim_start());
        if name.is_empty() {
            return;
        }
        if self.macros.contains_key(&name) {
            self.call(&name, rest);
        } else if !self.definition(&name, rest) && !self.condition(&name, rest) {
            self.markup(&name, rest);
        }
    }

    /// Requests that change what later lines mean. False when `name` is none of them.
    fn definition(&mut self, name: &str, rest: &str) -> bool {
        match name {
            "de" | "de1" | "am" | "am1" | "dei" | "ami" => self.define(name, rest),
            "ig" => drop(self.lines_until(rest)),
            "ds" | "ds1" | "as" | "as1" => self.define_string(name, rest),
            "nr" => self.set_register(rest),
            "rm" => {
                for removed in arguments(rest) {
                    self.macros.remove(&removed);
                    self.strings.remove(&removed);
                }
            }
            "als" | "rn" => self.rename(name, rest),
            "tr" => self.translate(rest),
            "so" | "mso" => {
                let included = (self.include)(rest.trim());
                self.push_source(&included.unwrap_or_default());
            }
            _ => return false,
        }
        true
    }

    fn condition(&mut self, name: &str, rest: &str) -> bool {
        match name {
            "if" => {
                self.conditional(rest);
            }
            "ie" => {
                let holds = self.conditional(rest);
                self.otherwise.push(!holds);
            }
            "el" => {
                let holds = self.otherwise.pop().unwrap_or(false);
                self.branch(holds, rest);
            }
            "while" => self.branch(false, split_condition(rest).1),
            _ => return false,
        }
        true
    }

    /// Lines up to `..` or `.END`. Whatever they hold, they are not carried out.
    fn lines_until(&mut self, end: &str) -> Vec<String> {
        let end = match end.split_whitespace().next() {
            Some(end) if !end.starts_with('\\') => end.to_owned(),
            _ => ".".to_owned(),
        };
        let mut body = Vec::new();
        while body.len() < DEFINITION_LINES_MAX {
            let Some(line) = self.pending.pop() else { break };
            let after =
                line.strip_prefix('.').map(str::trim_start).and_then(|l| l.strip_prefix(&end));
            if after.is_some_and(|after| after.is_empty() || after.starts_with([' ', '\\'])) {
                break;
            }
            body.push(line);
        }
        body
    }

    fn define(&mut self, request: &str, rest: &str) {
        let mut names = rest.split_whitespace();
        let name = names.next().unwrap_or_default().to_owned();
        let body = self.lines_until(names.next().unwrap_or_default());
        let body = body.into_iter().map(|line| line.replace("\\\\", "\\"));
        if request.starts_with('a') {
            self.macros.entry(name).or_default().extend(body);
        } else if !is_known_macro(&name) {
            self.macros.insert(name, body.collect());
        }
    }

    fn call(&mut self, name: &str, rest: &str) {
        let interpolated = self.interpolate(rest);
        let given = arguments(&interpolated);
        let Some(body) = self.macros.get(name) else { return };
        let lines: Vec<String> = body.iter().map(|line| with_arguments(line, &given)).collect();
        self.pending.extend(lines.into_iter().rev());
    }

    fn define_string(&mut self, request: &str, rest: &str) {
        let (name, text) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        let text = text.trim_start();
        let text = text.strip_prefix('"').unwrap_or(text).replace("\\\\", "\\");
        if request.starts_with('a') {
            *self.strings.entry(name.to_owned()).or_default() += &text;
        } else {
            self.strings.insert(name.to_owned(), text);
        }
    }

    fn set_register(&mut self, rest: &str) {
        let interpolated = self.interpolate(rest);
        let Some((name, text)) = interpolated.split_once([' ', '\t']) else { return };
        let text = text.trim();
        let value = number::value(text);
        let register = self.registers.entry(name.to_owned()).or_default();
        let relative = text.starts_with(['+', '-']);
        *register = if relative { register.saturating_add(value) } else { value };
    }

    fn rename(&mut self, request: &str, rest: &str) {
        let names = arguments(rest);
        let [first, second] = names.as_slice() else { return };
        let (from, to) = if request == "als" { (second, first) } else { (first, second) };
        if let Some(body) = self.macros.get(from).cloned() {
            self.macros.insert(to.clone(), body);
        }
        if let Some(string) = self.strings.get(from).cloned() {
            self.strings.insert(to.clone(), string);
        }
    }

    fn translate(&mut self, rest: &str) {
        let interpolated = self.interpolate(rest);
        let text = self.text(&interpolated);
        let characters: Vec<char> = text.chars().collect();
        for pair in characters.chunks(2) {
            let to = pair.get(1).copied().unwrap_or(' ');
            self.translated.insert(pair[0], to);
        }
    }

    /// Evaluates the condition that `rest` starts with and takes or skips what follows it.
    fn conditional(&mut self, rest: &str) -> bool {
        let (condition, body) = split_condition(rest);
        let (negated, condition) = match condition.strip_prefix('!') {
            Some(condition) => (true, condition),
            None => (false, condition),
        };
        let holds = self.holds(condition) != negated;
        self.branch(holds, body);
        holds
    }

    fn holds(&self, condition: &str) -> bool {
        let name = condition.get(1..).unwrap_or_default().trim();
        match condition.chars().next() {
            Some('n' | 'o') => true,
            Some('t' | 'e' | 'v') | None => false,
            Some('d' | 'm') => self.macros.contains_key(name) || self.strings.contains_key(name),
            Some('r') => self.registers.contains_key(name),
            Some('c') => !self.text(name).is_empty(),
            Some('\'' | '"') => self.same(condition),
            Some(_) => number::value(&self.interpolate(condition)) > 0,
        }
    }

    fn same(&self, condition: &str) -> bool {
        let interpolated = self.interpolate(condition);
        let mut parts = interpolated.split(interpolated.chars().next().unwrap_or('\''));
        parts.next();
        parts.next() == parts.next()
    }

    fn branch(&mut self, holds: bool, body: &str) {
        let body = body.trim_start();
        if holds {
            let body = body.strip_prefix("\\{").unwrap_or(body).trim_start();
            if !body.is_empty() && body != "\\" {
                self.pending.push(body.to_owned());
            }
            return;
        }
        let mut depth = depth_change(body);
        while depth > 0 {
            let Some(line) = self.next_line() else { return };
            depth += depth_change(&line);
        }
    }
}

/// Splits `'a'b' rest`, `\n(.g rest` or `(a:b) rest` after the condition.
fn split_condition(rest: &str) -> (&str, &str) {
    let trimmed = rest.trim_start();
    let start = trimmed.len() - trimmed.trim_start_matches('!').trim_start().len();
    let inner = &trimmed[start..];
    let bytes = match inner.chars().next() {
        Some(quote @ ('\'' | '"')) => {
            let ends = inner.match_indices(quote).nth(2);
            ends.map_or(inner.len(), |(at, _)| at + 1)
        }
        Some('d' | 'm' | 'r' | 'c') => {
            let name = inner[1..].trim_start();
            let skipped = inner.len() - name.len();
            skipped + name.find([' ', '\t']).unwrap_or(name.len())
        }
        Some('n' | 't' | 'o' | 'e' | 'v') => 1,
        Some(_) => inner.find([' ', '\t']).or_else(|| inner.find("\\{")).unwrap_or(inner.len()),
        None => 0,
    };
    // The braces of a block may follow without a blank.
    let bytes = inner[..bytes].find("\\{").unwrap_or(bytes);
    (trimmed[..start + bytes].trim(), &inner[bytes..])
}

fn depth_change(line: &str) -> i64 {
    let comment = line.find("\\\"").unwrap_or(line.len());
    let line = &line[..comment];
    let count = |brace: &str| line.matches(brace).map(|_| 1i64).sum::<i64>();
    count("\\{") - count("\\}")
}

/// A line of a macro's body with `\$1`, `\$*` and so on filled in.
fn with_arguments(line: &str, given: &[String]) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line.to_owned().replace("\\n(.$", &given.len().to_string());
    rest = rest.replace("\\n[.$]", &given.len().to_string());
    while let Some(at) = rest.find("\\$") {
        out += &rest[..at];
        let name = rest[at + 2..].chars().next().unwrap_or(' ');
        match name {
            '*' | '@' => out += &given.join(" "),
            digit if digit.is_ascii_digit() && digit != '0' => {
                let index = digit as usize - '1' as usize;
                out += given.get(index).map_or("", String::as_str);
            }
            _ => {}
        }
        rest = rest.get(at + 2 + name.len_utf8()..).unwrap_or_default().to_owned();
    }
    out + &rest
}

/// Macros of the packages keep their meaning even where a page brings a definition for old
/// systems.
fn is_known_macro(name: &str) -> bool {
    matches!(
        name,
        "TH" | "SH"
            | "SS"
            | "TP"
            | "IP"
            | "PP"
            | "LP"
            | "P"
            | "B"
            | "I"
            | "R"
            | "BR"
            | "RB"
            | "BI"
            | "IB"
            | "IR"
            | "RI"
            | "UR"
            | "UE"
            | "MT"
            | "ME"
            | "EX"
            | "EE"
            | "SY"
            | "YS"
            | "OP"
            | "TS"
            | "TE"
    )
}
