//! From which batch length on a device pays.

use crate::{
    export::html::words::{Answer, Line, Words},
    report::{
        device::{BreakEvenRecord, DeviceRecord},
        record::RunRecord,
        table::break_even_verdict,
    },
};

pub(super) fn answer(record: &RunRecord) -> Option<Answer> {
    let lines: Vec<Line> =
        record.break_even.iter().filter(|row| !is_imitated(record, row)).map(line).collect();
    let title = "From which batch length does the device pay?";
    (!lines.is_empty()).then_some(Answer { title, lead: None, lines })
}

/// Whether nothing was looked for because a driver imitates the device.
fn is_imitated(record: &RunRecord, row: &BreakEvenRecord) -> bool {
    let is_software =
        |device: &DeviceRecord| device.backend == row.backend && device.facts.adapter.is_software();
    row.found.is_none() && record.devices.iter().any(is_software)
}

fn line(row: &BreakEvenRecord) -> Line {
    Words::of(&row.backend)
        .say(" against ")
        .backend(&row.against)
        .say(format!(" on one core: {}", break_even_verdict(row)))
        .about(row.mode.name())
}
