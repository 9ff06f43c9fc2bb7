//! Systems whose counters nanogate does not know.

#![allow(clippy::unused_self, reason = "the shape is that of Linux")]

use std::collections::BTreeMap;

use super::{Event, SoftwareTotals, Span, Unavailable};

/// There is none.
#[derive(Debug)]
pub(super) enum Group {}

type Refused = BTreeMap<Event, Unavailable>;

fn refuse(events: impl Iterator<Item = Event>, refused: &mut Refused) {
    let why = || Unavailable::new("nanogate reads performance counters on Linux only", None);
    refused.extend(events.map(|event| (event, why())));
}

pub(super) fn open_groups(sets: &[&[Event]], refused: &mut Refused) -> Vec<Group> {
    refuse(sets.iter().copied().flatten().copied(), refused);
    Vec::new()
}

impl Group {
    pub(super) fn events(&self) -> &[Event] {
        match *self {}
    }

    pub(super) fn count<E>(
        &mut self,
        _work: &mut impl FnMut() -> Result<(), E>,
    ) -> (Result<(), E>, Vec<Span>) {
        match *self {}
    }
}

/// Nothing is counted.
#[derive(Debug)]
pub(super) struct Software;

impl Software {
    pub(super) fn open(refused: &mut Refused) -> Self {
        refuse(Event::ALL.into_iter().filter(|event| !event.is_hardware()), refused);
        Self
    }

    pub(super) fn totals(&mut self) -> SoftwareTotals {
        SoftwareTotals::default()
    }
}
