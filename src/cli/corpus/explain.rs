//! `nanogate corpus explain`: one command, its descriptor, and why.

use serde::Serialize;

use super::{
    super::{Exit, Failure, output, terminal},
    Source, rules,
};
use crate::{
    corpus::{Corpus, Entry, rules::Rules},
    kernel,
    plural::counted,
    report::{columns, prose, screen::Screen},
};

const EXAMPLES: &str = "\
Examples:
  nanogate corpus explain rm
  nanogate corpus explain git-commit --json";

/// Names that are suggested for one that is not known.
const SUGGESTIONS_MAX: usize = 3;

/// Arguments of `corpus explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The command
    name: String,
    #[command(flatten)]
    source: Source,
    /// Rules that the corpus was built with [default: those that come with the program]
    #[arg(long, value_name = "FILE")]
    rules: Option<std::path::PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Explanation<'a> {
    name: &'a str,
    section: &'a str,
    documentation_bytes: u64,
    descriptor: String,
    description: String,
    risk: &'static str,
    capabilities: Vec<String>,
    verdict: u8,
    decision: &'static str,
    rules: Vec<Reason<'a>>,
}

#[derive(Serialize)]
struct Reason<'a> {
    id: &'a str,
    evidence: &'a str,
    why: Option<&'a str>,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let corpus = arguments.source.open()?;
    let rules = rules(arguments.rules.as_deref())?;
    let entry = corpus.get(&arguments.name).ok_or_else(|| unknown(&corpus, &arguments.name))?;
    let explanation = explain(entry, &rules);
    if arguments.json {
        output::print_json(&explanation)?;
    } else {
        output::print(&text(entry, &explanation, &terminal::screen()))?;
    }
    Ok(Exit::Pass)
}

fn unknown(corpus: &Corpus, name: &str) -> Failure {
    let near = corpus.nearest(name, SUGGESTIONS_MAX);
    let remedy = match near.as_slice() {
        [] => "`nanogate corpus list` shows all names".to_owned(),
        near => format!("did you mean {}?", near.join(", ")),
    };
    Failure::usage(format!("NAME: `{name}` is not in the corpus {}; {remedy}", corpus.source()))
}

fn explain<'a>(entry: &'a Entry, rules: &'a Rules) -> Explanation<'a> {
    let descriptor = &entry.descriptor;
    let verdict = kernel::decide(descriptor.record());
    let reason = |fired: &'a crate::corpus::rules::Fired| Reason {
        id: &fired.id,
        evidence: &fired.evidence,
        why: rules.get(&fired.id).map(crate::corpus::rules::Rule::why),
    };
    Explanation {
        name: &entry.name,
        section: &entry.section,
        documentation_bytes: entry.documentation_bytes,
        descriptor: hex::encode(descriptor.record().as_bytes()),
        description: descriptor.to_string(),
        risk: descriptor.risk().name(),
        capabilities: descriptor.flags().capabilities().names().collect(),
        verdict: verdict.byte(),
        decision: verdict.decision().name(),
        rules: entry.fired.iter().map(reason).collect(),
    }
}

fn text(entry: &Entry, explanation: &Explanation<'_>, screen: &Screen) -> String {
    let title = match entry.section.as_str() {
        "-" => format!("{} (no manual page)", entry.name),
        section => format!("{}({section})", entry.name),
    };
    let verdict = kernel::decide(entry.descriptor.record());
    let about = [
        title,
        format!("          {}", explanation.description),
        format!("page      {}", counted(explanation.documentation_bytes, "documentation byte")),
        format!("record    {}", explanation.descriptor),
        format!("verdict   {verdict}"),
    ];
    format!("{}\n\n{}", prose::fit(&about.join("\n"), screen), reasons(&explanation.rules, screen))
}

/// The rules that fired.
fn reasons(rules: &[Reason<'_>], screen: &Screen) -> String {
    if rules.is_empty() {
        let text =
            "No rule fired: low risk is the default when nothing is known against a command.";
        return prose::fit(text, screen);
    }
    let row = |rule: &Reason<'_>| {
        let why = rule.why.unwrap_or("not in these rules; give --rules the file it was built with");
        vec![rule.id.to_owned(), why.to_owned(), rule.evidence.to_owned()]
    };
    columns::table(&["rule that fired", "why", "matched"], 3, rules.iter().map(row)).on(screen)
}
