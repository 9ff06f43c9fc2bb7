//! The macros of man(7), and the requests that only lay out text.

use super::{Interpreter, Part, escape::arguments};

impl Interpreter<'_> {
    /// Carries out a macro of man(7), mdoc(7) or a preprocessor. Unknown ones print nothing.
    pub(super) fn markup(&mut self, name: &str, rest: &str) {
        if name == "TS" {
            return self.table();
        }
        if matches!(name, "EQ" | "PS" | "GS") {
            return self.skip_drawing(name);
        }
        let interpolated = self.interpolate(rest);
        if self.mdoc.is_active() || matches!(name, "Dd" | "Dt" | "Os") {
            return self.mdoc_line(name, &interpolated);
        }
        self.man_macro(name, &arguments(&interpolated));
    }

    fn man_macro(&mut self, name: &str, given: &[String]) {
        match name {
            "TH" => self.man_title(given),
            "SH" | "SS" => self.man_heading(given),
            "PP" | "LP" | "P" | "HP" | "RS" | "RE" | "br" | "sp" | "TQ" | "TP" => {
                self.end_line();
            }
            "IP" | "SY" => {
                self.end_line();
                self.put_escaped(given.first().map_or("", String::as_str));
            }
            "B" | "I" | "R" | "SM" | "SB" => self.put_escaped(&given.join(" ")),
            "BR" | "RB" | "BI" | "IB" | "IR" | "RI" => self.put_escaped(&given.concat()),
            "MR" => self.manual_reference(given),
            "nf" | "EX" => self.set_no_fill(true),
            "fi" | "EE" => self.set_no_fill(false),
            "UR" | "MT" => self.address = given.first().cloned().unwrap_or_default(),
            "UE" | "ME" => self.man_address(given),
            "OP" => self.put_escaped(&format!("[{}]", given.join(" "))),
            "YS" => self.end_line(),
            _ => {}
        }
    }

    fn man_title(&mut self, given: &[String]) {
        let field = |index: usize| given.get(index).map_or("", String::as_str);
        let (section, date, source) = (field(1), field(2), field(3));
        let manual = match (given.get(4), section.chars().next()) {
            (Some(manual), _) => manual,
            (None, Some('1')) => "General Commands Manual",
            (None, Some('8')) => "System Manager's Manual",
            (None, _) => "",
        };
        let title = format!("{}({section})", field(0));
        self.put_escaped(&format!("{title} {manual} {title}"));
        self.end_line();
        self.footer = self.text(&format!("{source} {date} {title}"));
    }

    fn man_heading(&mut self, given: &[String]) {
        self.end_line();
        self.part = Part::Body;
        if given.is_empty() {
            self.part = Part::HeadingFollows;
            return;
        }
        let title = self.text(&given.join(" "));
        self.put(&title);
        self.start_section(&title);
    }

    fn manual_reference(&mut self, given: &[String]) {
        let field = |index: usize| given.get(index).map_or("", String::as_str);
        let reference = format!("{}({}){}", field(0), field(1), field(2));
        self.put_escaped(&reference);
    }

    fn man_address(&mut self, given: &[String]) {
        let address = std::mem::take(&mut self.address);
        let after = given.first().map_or("", String::as_str);
        self.put_escaped(&format!("⟨{address}⟩{after}"));
    }

    pub(super) fn set_no_fill(&mut self, no_fill: bool) {
        self.end_line();
        self.no_fill = no_fill;
    }

    fn skip_drawing(&mut self, start: &str) {
        let end = if start == "EQ" { ".EN" } else { ".PE" };
        while let Some(line) = self.next_line() {
            if line.starts_with(end) {
                return;
            }
        }
    }
}
