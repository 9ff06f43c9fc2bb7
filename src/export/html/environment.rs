//! The machine, the program, and the reasons to distrust what they did.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    grid::{Cell, Table, prose, words},
    page::verified,
    section::Section,
    units::{bytes, count, figure, time},
};
use crate::{
    export::date::utc,
    report::{
        counters,
        device::DeviceRecord,
        record::{RunRecord, TimerRecord},
        simulated::SimulatedRecord,
    },
};

pub(super) fn section(record: &RunRecord) -> Section {
    Section::new("environment", "Environment and warnings")
        .table(warnings(record))
        .table(facts("Machine", machine(record)))
        .table(facts("Run", run(record)))
        .table(facts("Devices and designs", hardware(record)))
}

/// Warnings with one message for each code, and backends that were left out.
fn warnings(record: &RunRecord) -> Table {
    let mut kinds: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for warning in record.entries.iter().flat_map(|entry| &entry.warnings) {
        kinds.entry(warning.code.as_str()).or_insert((0, warning.message.as_str())).0 += 1;
    }
    let whole = record.warnings.iter();
    let whole = whole.map(|one| remark("the whole run", &one.code, one.message.clone()));
    let of_entries = kinds.into_iter().map(|(code, (results, message))| {
        let of = if results == 1 { "1 result".into() } else { format!("{results} results") };
        remark(&of, code, format!("such as: {message}"))
    });
    let skipped = record.skipped.iter();
    let skipped = skipped.map(|one| remark("left out", &one.backend, one.reason.clone()));
    Table {
        title: "Warnings, and what was left out".into(),
        note: None,
        search: None,
        class: "sortable stacked",
        columns: vec![words("of"), words("what"), prose("why")],
        rows: whole.chain(of_entries).chain(skipped).collect(),
    }
}

fn remark(of: &str, what: &str, why: String) -> Vec<Cell> {
    vec![Cell::text(of), Cell::text(what), Cell::prose(why)]
}

/// A table of names and what they are. What nobody knows has no row.
fn facts(title: &str, facts: Vec<(String, Option<String>)>) -> Table {
    let known = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Table {
        title: title.into(),
        note: None,
        search: None,
        class: "facts",
        columns: vec![words("fact"), prose("value")],
        rows: known.map(|(name, value)| vec![Cell::text(name), Cell::text(value)]).collect(),
    }
}

fn fact(name: &str, value: impl Into<Option<String>>) -> (String, Option<String>) {
    (name.into(), value.into())
}

fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.into()
}

fn machine(record: &RunRecord) -> Vec<(String, Option<String>)> {
    let host = &record.host;
    let caches = host.caches.iter().map(|cache| {
        format!("L{} {} {}", cache.level, cache.kind.to_lowercase(), bytes(cache.size_bytes))
    });
    let caches: Vec<String> = caches.collect();
    let isolated: Vec<String> = host.cores_isolated.iter().map(ToString::to_string).collect();
    let isolated = if isolated.is_empty() { "none".into() } else { isolated.join(", ") };
    vec![
        fact("platform", host.platform.clone()),
        fact("processor", host.cpu_model.clone()),
        fact("features", host.cpu_features.join(", ")),
        fact("cores usable", host.cores_usable.to_string()),
        fact("cores isolated", isolated),
        fact("caches", (!caches.is_empty()).then(|| caches.join(", "))),
        fact("memory", host.memory_bytes.map(bytes)),
        fact("kernel", host.kernel.clone()),
        fact("governor", host.governor.clone()),
        fact("hardware threads share cores", host.smt_active.map(yes)),
        fact("virtual machine", host.virtualised.map(yes)),
        fact("load when the run began", host.load_1min.map(figure)),
        fact("timer", timer(&record.timer)),
        fact("performance counters", counters::line(&record.counters)),
    ]
}

fn timer(TimerRecord { quality, empty }: &TimerRecord) -> String {
    let mut text = format!(
        "{}, resolution {}, overhead {}",
        quality.source.name(),
        time(quality.resolution_ns),
        time(quality.overhead_ns)
    );
    if let Some(reason) = &quality.tsc_unavailable {
        let _ = write!(text, " ({reason})");
    }
    if let Some(empty) = empty {
        let _ = write!(
            text,
            "; an empty operation reads {} per batch and {} per reading",
            time(empty.throughput.gross_ns),
            time(empty.latency.gross_ns)
        );
    }
    text
}

fn run(record: &RunRecord) -> Vec<(String, Option<String>)> {
    let (tool, corpus) = (&record.tool, &record.corpus);
    let cores: Vec<String> =
        record.launches.iter().filter_map(|one| Some(one.core?.to_string())).collect();
    let planned = record.launches.first().map_or(0, |one| one.of);
    let flags = (!tool.rustflags.is_empty()).then(|| tool.rustflags.clone());
    vec![
        fact("began", format!("{} UTC", utc(record.started_unix_s).replace('T', " "))),
        fact("profile", record.profile.as_ref().map(|profile| profile.id.clone())),
        fact("program", format!("nanogate {} {} {}", tool.version, tool.commit, tool.profile)),
        fact("compiler", format!("{} for {}", tool.rustc, tool.target)),
        fact("compiler flags", flags),
        fact("launches", format!("{} of {planned}", record.launches.len())),
        fact("cores of the launches", (!cores.is_empty()).then(|| cores.join(", "))),
        fact("budget", record.budget_s.map(|budget_s| format!("{budget_s} s per result"))),
        fact(
            "corpus",
            format!(
                "{}, {} descriptors, seed {}, {} faults per 1,000, SHA-256 {}",
                corpus.source,
                count(corpus.descriptor_count as u64),
                corpus.seed,
                corpus.faults_permille,
                corpus.digest
            ),
        ),
        fact("results", verified(record)),
    ]
}

fn hardware(record: &RunRecord) -> Vec<(String, Option<String>)> {
    let devices = record.devices.iter().map(|one| fact(&one.backend, device(one)));
    let designs = record.simulated.iter().map(|one| fact(&one.backend, design(one)));
    devices.chain(designs).collect()
}

fn device(DeviceRecord { facts, host_per_device_time, .. }: &DeviceRecord) -> String {
    let mut text = format!(
        "{}; {} of {} ways to write the shader",
        facts.adapter,
        facts.variant,
        facts.variants.len()
    );
    match (&facts.timestamps, host_per_device_time) {
        (Some(clock), Some(ratio)) => {
            let _ = write!(
                text,
                "; timestamps of {}, host time over device time {ratio:.3}",
                time(clock.least_step_ns)
            );
        }
        _ => text += "; no device time",
    }
    if let Some(launch_ns) = facts.launch_ns {
        let _ = write!(text, "; a launch takes {}", time(launch_ns));
    }
    text
}

fn design(SimulatedRecord { facts, .. }: &SimulatedRecord) -> String {
    let mut text = format!(
        "{}, {} lanes, simulated by {} ({}), RTL SHA-256 {}",
        facts.design, facts.lanes, facts.simulator, facts.build, facts.rtl_sha256
    );
    for report in &facts.timing {
        let _ = write!(
            text,
            "; {}: {} lookup tables, {} flip-flops, {} seeds, {}",
            report.report, report.luts, report.flip_flops, report.seed_count, report.tools
        );
    }
    if let Some(reason) = &facts.timing_absent {
        let _ = write!(text, "; no timing report: {reason}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Warnings of results are told once for each code, with how often; what is unknown has no row.
    #[test]
    fn warnings_are_told_once() {
        let text = include_str!("../../../tests/fixtures/run.json");
        let mut record: RunRecord = serde_json::from_str(text).unwrap();
        let warning = record.entries[0].warnings[0].clone();
        record.entries[1].warnings.push(warning);
        let rows = warnings(&record).rows;
        let of: Vec<&str> = rows.iter().map(|row| row[0].text.as_str()).collect();
        assert_eq!(of, ["the whole run", "2 results", "left out"]);
        let table = facts("Machine", machine(&record));
        assert!(!table.rows.iter().any(|row| row[0].text == "governor"));
        assert!(table.rows.iter().any(|row| row[1].text == "AMD EPYC"));
    }
}
