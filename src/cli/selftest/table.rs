//! What a self-test shows on the terminal.

use std::fmt::Write as _;

use super::unix_s;
use crate::{
    gate::{
        fitness,
        selftest::{Planted, SelfTest, Status},
    },
    measure::empty::Zero,
    plural::counted,
    report::{
        columns::{self, Columns},
        prose,
        screen::Screen,
    },
    stats::{Estimate, binomial::Proportion},
};

/// All of it, for people.
pub(super) fn render(result: &SelfTest, screen: &Screen) -> String {
    let mut text = prose::fit(&head(result), screen);
    let _ = writeln!(text, "\nIdentical programs: any difference is a false alarm");
    let _ = writeln!(text, "{}", alarms(result).on(screen));
    if !result.planted.is_empty() {
        let _ = writeln!(text, "\nPlanted slowdowns: extra records for one side, percent of time");
        let _ = writeln!(text, "{}", planted(&result.planted).on(screen));
    }
    text.push('\n');
    text + &prose::fit(&footer(result), screen)
}

fn footer(result: &SelfTest) -> String {
    let mut text = String::new();
    for one in &result.planted {
        if let Some(why) = &one.refused {
            let _ = writeln!(text, "refused   {} %: {why}", one.percent);
        }
    }
    let _ = writeln!(text, "smallest  {}", smallest(result));
    let _ = writeln!(text, "drift     {}", drift(result));
    let _ = writeln!(text, "timer     {}", instrument(result));
    let _ = writeln!(text, "gate      {}", gate(result));
    text
}

fn head(result: &SelfTest) -> String {
    let (settings, sizing) = (&result.settings, &result.sizing);
    let core = settings.core.map_or("not pinned".into(), |core| format!("core {core}"));
    let seconds = result.comparison_s.map_or("-".into(), |seconds| format!("{seconds:.2} s"));
    let ended = match result.status {
        Status::Complete => "",
        Status::Interrupted => "  (interrupted: what was measured until then)",
    };
    format!(
        "Self-test of comparisons on this host: {}, {} per batch in {}, {core}{ended}\n\
         comparison  {} launches of two processes, {} readings of {:.0} us each; {seconds}\n\
         alarm       sign test at {} and its whole interval beyond {} %\n",
        settings.backend,
        counted(settings.batch_len, "record"),
        sizing.home,
        sizing.launches,
        2 * sizing.blocks,
        sizing.reading_us,
        settings.rule.alpha,
        100.0 * settings.rule.noise,
    )
}

/// A share and its interval, percent.
fn share(share: &Proportion) -> [String; 2] {
    let percent = |value: f64| format!("{:.2}", 100.0 * value);
    [percent(share.share()), format!("{} to {}", percent(share.low), percent(share.high))]
}

fn alarms(result: &SelfTest) -> Columns {
    let header = ["alarms", "count", "of", "%", "95 % interval", "at most % (one-sided)"];
    let found = &result.false_alarms;
    let row = |name: &str, of: &Proportion| {
        let [percent, interval] = share(of);
        let at_most = format!("{:.4}", 100.0 * of.at_most);
        vec![name.into(), of.count.to_string(), of.of.to_string(), percent, interval, at_most]
    };
    columns::table(&header, 0, [row("raw", &found.raw), row("confirmed", &found.confirmed)])
}

fn planted(planted: &[Planted]) -> Columns {
    let header = [
        "planted %",
        "extra records %",
        "calibrated %",
        "measured in trials %",
        "found",
        "of",
        "% found",
        "95 % interval",
    ];
    let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.3}"));
    let estimate = |value: &Option<Estimate>| {
        value.map_or("-".into(), |Estimate { value, low, high }| {
            format!("{value:.3} ({low:.3} to {high:.3})")
        })
    };
    columns::table(
        &header,
        0,
        planted.iter().map(|one| {
            let [percent, interval] = share(&one.found);
            vec![
                one.percent.to_string(),
                number(one.extra_percent),
                estimate(&one.calibrated_percent),
                estimate(&one.trials_percent),
                one.found.count.to_string(),
                one.found.of.to_string(),
                percent,
                interval,
            ]
        }),
    )
    .sparing(&["extra records %", "calibrated %"])
}

fn smallest(result: &SelfTest) -> String {
    match &result.smallest {
        Some(smallest) => format!(
            "{} % is the smallest planted slowdown found 19 times of 20 or more, in {:.2} s",
            smallest.percent, smallest.seconds
        ),
        None => "none that was planted was found 19 times of 20; raise --budget, or --trials to 20"
            .into(),
    }
}

fn drift(result: &SelfTest) -> String {
    result.drift.map_or("too few comparisons to tell".into(), |drift| {
        let Estimate { value, low, high } = drift.percent_per_minute;
        format!(
            "{value:+.3} % per minute ({low:+.3} to {high:+.3}) over {:.1} min; last quarter \
             {:+.2} % against the first",
            drift.minutes, drift.quarters_percent
        )
    })
}

fn instrument(result: &SelfTest) -> String {
    result.instrument.map_or("too few readings of the empty operation".into(), |empty| {
        let says = |zero: &Zero| {
            let holds = if zero.holds() { "reads zero" } else { "DOES NOT READ ZERO" };
            format!(
                "{holds} ({:.3} to {:.3} ns, resolution {:.3} ns)",
                zero.net_ns.low, zero.net_ns.high, zero.resolution_ns
            )
        };
        let (throughput, latency) = (says(&empty.throughput), says(&empty.latency));
        format!("the empty operation by throughput {throughput}, by latency {latency}")
    })
}

fn gate(result: &SelfTest) -> String {
    match fitness::may_arm(result, &result.host, unix_s() as u64) {
        Ok(armed) => format!(
            "may arm: false alarms at most {:.3} % of comparisons",
            100.0 * armed.false_alarms_at_most
        ),
        Err(reason) => format!("may not arm: {reason}"),
    }
}
