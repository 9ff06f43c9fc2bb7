//! The page itself: the template, the scripts, and the rows that they draw.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use askama::Template;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    chart::Chart,
    palette::{self, Series},
    section::Section,
    units::count,
};
use crate::{
    export::{date::utc, status::fault},
    report::record::RunRecord,
    warning::WarningRecord,
};

/// Observable Plot, as `assets/plot/README.md` says.
const PLOT: &str = include_str!("assets/plot/plot.js");

const SCRIPT: &str = concat!(
    include_str!("assets/data.js"),
    include_str!("assets/format.js"),
    include_str!("assets/frame.js"),
    include_str!("assets/axes.js"),
    include_str!("assets/host.js"),
    include_str!("assets/devices.js"),
    include_str!("assets/simulated.js"),
    include_str!("assets/load.js"),
    include_str!("assets/kinds.js"),
    include_str!("assets/table.js"),
    include_str!("assets/start.js"),
);

const STYLE: &str = include_str!("assets/style.css");

/// What fills the template.
#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    policy: String,
    heading: String,
    summary: String,
    palette: String,
    style: &'static str,
    alerts: Vec<WarningRecord>,
    /// What many results are to be distrusted for. It is told in full further below.
    doubts: Option<String>,
    sections: Vec<Section>,
    data: String,
    plot: &'static str,
    script: &'static str,
}

/// What the scripts are given.
#[derive(Serialize)]
struct Data<'s> {
    series: Vec<Series>,
    /// How what is not among them looks.
    other: Series,
    charts: Vec<&'s Chart>,
    /// CSV of every figure.
    figures: &'s str,
}

/// The page of a record. `figures` is the CSV of all its figures.
pub(super) fn render(
    record: &RunRecord,
    sections: Vec<Section>,
    figures: &str,
) -> Result<String, Box<dyn std::error::Error>> {
    let figures_shown = sections.iter().flat_map(|section| &section.figures);
    let data = embedded(&Data {
        series: palette::series(record),
        other: palette::other(),
        charts: figures_shown.map(|figure| &figure.chart).collect(),
        figures,
    })?;
    let page = Page {
        policy: policy(),
        heading: heading(record),
        summary: summary(record),
        palette: palette::css(),
        style: STYLE,
        alerts: alerts(record),
        doubts: doubts(record),
        data,
        sections,
        plot: PLOT,
        script: SCRIPT,
    };
    Ok(page.render()?)
}

/// JSON that is nothing but text to a reader of HTML, whatever is in it.
fn embedded(data: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut json = serde_json::to_string(data)?;
    // Outside of strings JSON has none of these.
    for special in ['<', '>', '&', '\u{2028}', '\u{2029}'] {
        if json.contains(special) {
            json = json.replace(special, &format!("\\u{:04x}", u32::from(special)));
        }
    }
    Ok(json)
}

/// Nothing is loaded, and nothing runs but our scripts.
fn policy() -> String {
    let digest = |script: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script)));
    format!(
        "default-src 'none'; script-src {} {}; style-src 'unsafe-inline'; img-src data:; \
         base-uri 'none'; form-action 'none'",
        digest(PLOT),
        digest(SCRIPT)
    )
}

/// The machine.
fn heading(record: &RunRecord) -> String {
    let host = &record.host;
    let model = host.cpu_model.as_deref().unwrap_or(&host.platform);
    let cores = if host.cores_usable == 1 { "core" } else { "cores" };
    format!("{model}, {} {cores}", host.cores_usable)
}

/// When, by what, and how much.
fn summary(record: &RunRecord) -> String {
    let tool = &record.tool;
    let mut parts = vec![
        format!("{} UTC", utc(record.started_unix_s).replace('T', " ")),
        format!("nanogate {} {} {}", tool.version, tool.commit, tool.profile),
        format!("{} launches", record.launches.len()),
        verified(record),
    ];
    if let Some(profile) = &record.profile {
        parts.insert(1, format!("profile {}", profile.id));
    }
    parts.join(" · ")
}

/// How many results there are, and how many of them were verified.
pub(super) fn verified(record: &RunRecord) -> String {
    let all = record.entries.len();
    match unverified(record) {
        0 => format!("{} results, each verified byte for byte", count(all as u64)),
        others => format!(
            "{} results verified byte for byte, {} not",
            count((all - others) as u64),
            count(others as u64)
        ),
    }
}

fn unverified(record: &RunRecord) -> usize {
    record.entries.iter().filter(|entry| !entry.verified).count()
}

/// How many results have each warning, the most frequent first.
fn doubts(record: &RunRecord) -> Option<String> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &record.entries {
        let codes = entry.warnings.iter().map(|one| one.code.as_str());
        codes.collect::<BTreeSet<_>>().into_iter().for_each(|code| {
            *times.entry(code).or_default() += 1;
        });
    }
    let mut times: Vec<(&str, usize)> = times.into_iter().collect();
    times.sort_by_key(|(_, times)| Reverse(*times));
    let told: Vec<String> =
        times.iter().map(|(code, times)| format!("{} {code}", count(*times as u64))).collect();
    let all = count(record.entries.len() as u64);
    (!told.is_empty()).then(|| format!("of {all} results: {}", told.join(", ")))
}

/// What a reader must know before all figures.
fn alerts(record: &RunRecord) -> Vec<WarningRecord> {
    const GRAVE: [&str; 3] = ["debug-build", "hidden-features", "empty-not-zero"];
    let alert =
        |code: &str, message: &str| WarningRecord { code: code.into(), message: message.into() };
    let faults = fault(record.status).into_iter().map(|(code, says)| alert(code, says));
    let unmet = record.profile.iter().flat_map(|profile| {
        let rules = profile.mismatches.iter().map(|rule| format!("the host does not fit: {rule}"));
        rules.chain(profile.unmet().into_iter().map(|what| format!("not met: {what}")))
    });
    let unmet = unmet.map(|message| alert("profile", &message));
    let grave = record.warnings.iter().filter(|one| GRAVE.contains(&one.code.as_str())).cloned();
    let unverified = Some(unverified(record)).filter(|count| *count > 0).map(|others| {
        let says = format!("{} results were not verified, and are left out", count(others as u64));
        alert("not-verified", &says)
    });
    faults.chain(unverified).chain(grave).chain(unmet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever stands in a string comes out of the JSON again, and none of it is markup before.
    #[test]
    fn data_is_only_text() {
        let hostile = "</script><script>alert(1)</script>&<!-- \u{2028}\u{2029}\0\"\\";
        let text = embedded(&[hostile]).unwrap();
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&text).unwrap(), [hostile]);
    }

    /// The scripts can stand in a page as they are, and the policy allows them and nothing else.
    #[test]
    fn scripts_can_be_embedded() {
        for script in [PLOT, SCRIPT] {
            assert!(
                !script.contains("</script") && !script.contains("<!--") && script.len() > 1_000
            );
        }
        assert!(!STYLE.contains("</style") && !STYLE.contains("url("));
        let policy = policy();
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert_eq!(policy.matches("sha256-").count(), 2);
    }
}
