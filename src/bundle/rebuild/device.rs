//! Devices and simulated hardware: stages, resident input, cycles.

use std::collections::BTreeMap;

use super::{Lines, PRECISION, Unfounded};
use crate::{
    backend::device::DeviceBound,
    bundle::readings::{self, DeviceBounds, Line, Place, samples},
    clock::Time,
    measure::{
        cycles::Cycles,
        placed::Resident,
        stages::{DeviceStages, Stages},
    },
    report::{
        device::{Bounded, Bounds, PLAIN},
        record::{END_TO_END, Entry, RunRecord},
    },
    stats::latency::{Histogram, HistogramError},
};

fn bounds(stored: &DeviceBounds) -> Bounds {
    let of = |bound: DeviceBound| Some((bound, samples(stored.per_record_ns.get(bound.metric())?)));
    DeviceBound::ALL.into_iter().filter_map(of).collect()
}

/// The distribution of a stage, or that there is none.
fn stage<C: Time>(
    stored: &BTreeMap<String, String>,
    metric: &str,
) -> Result<Option<Histogram<C>>, HistogramError> {
    stored.get(metric).map(|text| Histogram::from_base64(text)).transpose()
}

/// `None` where there are no readings of the entry.
pub(super) fn stages(entry: &mut Entry, lines: Lines<'_>) -> Result<Option<()>, Unfounded> {
    let place = Place::of(entry);
    let own = lines.own(|line| match line {
        Line::Stages(own) if own.place == place => Some(own),
        _ => None,
    })?;
    let Some(own) = own else { return Ok(None) };
    let Some(measured) = measured(own, entry)? else { return Ok(None) };
    let bounds = bounds(&own.bounds);
    let (records, launch_ns) = (own.bounds.records, own.bounds.launch_ns);
    entry.put_stages(&measured, Bounded { bounds: &bounds, records, launch_ns })?;
    Ok(Some(()))
}

/// What was measured. `None` where a stage of the host is missing.
fn measured(own: &readings::Stages, entry: &Entry) -> Result<Option<Stages>, HistogramError> {
    let stored = &own.histograms;
    let device = match (
        stage(stored, "device/upload")?,
        stage(stored, "device/kernel")?,
        stage(stored, "device/download")?,
    ) {
        (Some(upload), Some(kernel), Some(download)) => {
            Some(DeviceStages { upload, kernel, download })
        }
        _ => None,
    };
    let (Some(write), Some(queue), Some(decode)) =
        (stage(stored, "host/write")?, stage(stored, "host/queue")?, stage(stored, "host/decode")?)
    else {
        return Ok(None);
    };
    let (Some(end_to_end), Some(plain)) = (stage(stored, END_TO_END)?, stage(stored, PLAIN)?)
    else {
        return Ok(None);
    };
    Ok(Some(Stages {
        write,
        device,
        queue,
        decode,
        end_to_end,
        plain,
        balance: own.rounds.balance(),
        over_plain: own.rounds.over_plain(),
        rounds: own.rounds.clone(),
        overruns: own.overruns,
        stop: entry.stop,
    }))
}

/// `None` where there are no readings of the entry.
pub(super) fn resident(entry: &mut Entry, lines: Lines<'_>) -> Result<Option<()>, Unfounded> {
    let place = Place::of(entry);
    let own = lines.own(|line| match line {
        Line::Resident(own) if own.place == place => Some(own),
        _ => None,
    })?;
    let Some(own) = own else { return Ok(None) };
    let measured = Resident {
        end_to_end: samples(&own.end_to_end_ns),
        kernel: own.kernel_ns.as_deref().map(samples),
        bounds: bounds(&own.bounds),
        stop: entry.stop,
    };
    entry.put_host_samples(&measured.end_to_end, PRECISION);
    entry.put_kernel(&measured, own.bounds.launch_ns);
    Ok(Some(()))
}

/// `None` where nothing was counted of the entry.
pub(super) fn cycles(
    entry: &mut Entry,
    recorded: &Entry,
    record: &RunRecord,
    lines: Lines<'_>,
) -> Result<Option<()>, Unfounded> {
    let place = Place::of(entry);
    let own = lines.own(|line| match line {
        Line::Cycles(own) if own.place == place => Some(own),
        _ => None,
    })?;
    let Some(own) = own else { return Ok(None) };
    let mut designs = record.simulated.iter();
    let design = designs
        .find(|one| one.backend == entry.backend)
        .ok_or(Unfounded::Unsaid("what was simulated"))?;
    // What simulating cost is stated: it is no result, and follows from nothing.
    let cost = recorded.cycles.as_ref().ok_or(Unfounded::Unsaid("what simulating cost"))?;
    let measured = Cycles {
        lanes: own.lanes,
        eager: own.eager,
        slow_source: own.slow_source,
        backpressure: own.backpressure.clone(),
        counters: design.counters,
        cost: cost.simulator_cost,
    };
    entry.put_cycles(&measured, &design.facts);
    entry.warn_of_cycles(&measured);
    Ok(Some(()))
}
