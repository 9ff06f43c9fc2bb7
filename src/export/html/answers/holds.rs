//! What holds each backend back.

use std::collections::BTreeMap;

use crate::{
    export::html::{
        devices::{bound_name, told_stages},
        places::{self, Realm},
        simulated::counted,
        units::{figure, percent, records},
        words::{Answer, Line, Words, listed},
    },
    measure::Method,
    report::{
        ratio::{Bound, Limit},
        record::{Entry, RunRecord},
    },
};

pub(super) fn answer(record: &RunRecord) -> Option<Answer> {
    let lines: Vec<Line> =
        hosts(record).into_iter().chain(device(record)).chain(design(record)).collect();
    let title = "What holds each back?";
    (!lines.is_empty()).then_some(Answer { title, lead: None, lines })
}

/// Backends of the host: at each place what their longest batch says.
fn hosts(record: &RunRecord) -> Vec<Line> {
    let mut order: Vec<&str> = Vec::new();
    let mut longest: BTreeMap<(&str, u32), &Entry> = BTreeMap::new();
    for entry in places::single(record, Realm::Measured) {
        if entry.bound.as_ref().and_then(|bound| bound.limit).is_none() {
            continue;
        }
        if !order.contains(&entry.backend.as_str()) {
            order.push(&entry.backend);
        }
        let place = (entry.backend.as_str(), places::distance(&entry.footprint_home));
        let known = longest.entry(place).or_insert(entry);
        if entry.batch_len > known.batch_len {
            *known = entry;
        }
    }
    let line = |backend: &str| {
        let entries = longest.iter().filter(|((name, _), _)| *name == backend);
        let entries: Vec<&Entry> = entries.map(|(_, entry)| *entry).collect();
        Words::of(backend).say(format!(": {}", limits(&entries))).alone().warned(entries)
    };
    order.into_iter().map(line).collect()
}

/// What is said of a limit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Instructions,
    Input,
    /// Slower from memory, which the roof does not account for.
    Far,
}

/// The share of a roof below which waiting for the input is no explanation.
const FAR: f64 = 0.5;

impl Held {
    fn by(bound: &Bound) -> Option<Self> {
        Some(match bound.limit? {
            Limit::Instructions => Self::Instructions,
            Limit::Memory if bound.fraction.high < FAR => Self::Far,
            Limit::Memory => Self::Input,
        })
    }
}

/// Neighbouring places with the same limit, the nearest first.
struct Stretch {
    held: Held,
    homes: Vec<String>,
    least: f64,
    most: f64,
}

/// Limits of entries whose places are in order.
fn limits(entries: &[&Entry]) -> String {
    let mut stretches: Vec<Stretch> = Vec::new();
    for entry in entries {
        let Some(bound) = &entry.bound else { continue };
        let Some(held) = Held::by(bound) else { continue };
        let (home, share) = (entry.footprint_home.clone(), bound.fraction.value);
        match stretches.last_mut() {
            Some(last) if last.held == held => {
                last.homes.push(home);
                (last.least, last.most) = (last.least.min(share), last.most.max(share));
            }
            _ => stretches.push(Stretch { held, homes: vec![home], least: share, most: share }),
        }
    }
    let told: Vec<String> = stretches.iter().map(Stretch::told).collect();
    told.join("; ")
}

impl Stretch {
    fn told(&self) -> String {
        let shares = if self.homes.len() == 1 {
            percent(self.least)
        } else {
            format!("{:.1} to {}", 100.0 * self.least, percent(self.most))
        };
        let held = match self.held {
            Held::Input => "waiting for its input",
            Held::Far => "slower than from the first cache, but far from the roof",
            Held::Instructions => "its own instructions",
        };
        format!("{held}, with the input in {} ({shares} of the roof)", listed(&self.homes))
    }
}

/// A device: the longest stage of its longest batch, and what it reaches of its bounds.
fn device(record: &RunRecord) -> Option<Line> {
    let entries = places::of(record, Method::Stages, Realm::Measured);
    let entry = entries.max_by_key(|entry| entry.batch_len)?;
    let told = told_stages(entry);
    let sum: f64 = told.iter().map(|(_, nanos)| nanos).sum();
    let (stage, nanos) = told.iter().max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    let name = stage.rsplit('/').next().unwrap_or(stage);
    let bounded = entry.device_bounds.iter().filter_map(|bound| {
        let of = bound.of.as_deref()?.rsplit('/').next()?.to_owned();
        let share = percent(bound.fraction?.value);
        Some(format!("{of} reaches {share} of its bound, {}", bound_name(&bound.metric)))
    });
    let mut text = format!(
        ": {name}, with {} of a batch of {}",
        percent(nanos / sum),
        records(entry.batch_len)
    );
    for bound in bounded {
        text = format!("{text}; {bound}");
    }
    Some(Words::of(&entry.backend).say(text).alone().warned([entry]))
}

/// A simulated design: its lanes.
fn design(record: &RunRecord) -> Option<Line> {
    let (entry, cycles) = counted(record).max_by_key(|(entry, _)| entry.batch_len)?;
    let text = format!(
        " (simulated cycles): takes {} of the {} records per cycle that its {} lanes allow, with \
         {} a batch",
        percent(cycles.bound.fraction),
        figure(cycles.bound.records_per_cycle),
        cycles.lanes,
        records(entry.batch_len)
    );
    Some(Words::of(&entry.backend).say(text).alone().warned([entry]))
}
