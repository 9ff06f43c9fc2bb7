//! Every registered backend and peer gives the golden output, through the contract alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use nanogate::{
    backend::{BackendEntry, Batch, OpenOptions, Opened, ProbeContext},
    corpus::Corpus,
    descriptor::{Descriptor, Record},
    kernel,
    op::Op,
    registry,
    verdict::Risk,
    verify::{self, suite::Suite},
};
use proptest::prelude::*;

fn open(entry: &'static BackendEntry) -> Option<Opened> {
    let options = OpenOptions { op: Op::Decide, batch_len_max: 1 << 17 };
    match registry::open(entry, &ProbeContext::detect().unwrap(), options) {
        Ok(opened) => Some(opened),
        Err(reason) => {
            eprintln!("{} is not tested here: {reason}", entry.id);
            None
        }
    }
}

/// Every backend that runs here, opened once: a device takes its time.
fn all_opened() -> MutexGuard<'static, Vec<(&'static BackendEntry, Opened)>> {
    static OPENED: OnceLock<Mutex<Vec<(&'static BackendEntry, Opened)>>> = OnceLock::new();
    let open_all =
        || registry::all().filter_map(|entry| Some((entry, open(entry)?))).collect::<Vec<_>>();
    let opened = OPENED.get_or_init(|| Mutex::new(open_all()));
    // A test that failed while it held them has spoiled nothing.
    opened.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What every backend that runs here makes of `records` is golden.
fn assert_golden(records: &[Record]) {
    let input = Record::bytes_of(records);
    let golden = kernel::run(Op::Decide, input).unwrap();
    let batch = Batch::new(Op::Decide, input).unwrap();
    for (entry, opened) in all_opened().iter_mut() {
        let mut output = vec![verify::PAINT; golden.len()];
        opened.submit(batch, &mut output).unwrap();
        let found = verify::first_divergence(batch, &golden, &output, || entry.id.into());
        assert_eq!(found, None);
    }
}

/// The whole suite, on every backend that this machine has.
#[test]
fn every_backend_passes_the_suite() {
    let suite = Suite::new(Op::Decide, &Corpus::embedded().unwrap(), 100_003).unwrap();
    let mut verified = 0;
    for entry in registry::all() {
        let Some(mut opened) = open(entry) else { continue };
        let mut steps = 0;
        let coverage = verify::run(&mut opened, &suite, |_| steps += 1)
            .unwrap_or_else(|error| panic!("{}: {error}", entry.id));
        assert_eq!(steps, Suite::STEPS, "the progress bar would end early or late");
        assert!(coverage.record_count > 100_003);
        verified += 1;
    }
    assert!(verified >= 3, "reference, scalar and peer-crc run anywhere");
}

/// All values of each single byte of a valid record: every table entry is used.
#[test]
fn every_value_of_every_byte() {
    let good = Descriptor::build("every-byte", Risk::Medium).finish().record();
    let mut records = Vec::new();
    for position in 0..24 {
        for value in 0..=255 {
            let mut bytes = *good.as_bytes();
            bytes[position] = value;
            records.extend([Record::from_bytes(bytes), Record::from_bytes(bytes).sealed()]);
        }
    }
    assert_golden(&records);
}

/// An output of the wrong size is refused, not overrun.
#[test]
fn wrong_output_sizes_are_refused() {
    let input = [0; 48];
    let batch = Batch::new(Op::Decide, &input).unwrap();
    for entry in registry::all() {
        let Some(mut opened) = open(entry) else { continue };
        for bytes in [0, 1, 3] {
            assert!(opened.submit(batch, &mut vec![0; bytes]).is_err(), "{}", entry.id);
        }
    }
}

proptest! {
    /// Arbitrary bytes, sealed or not, get the golden verdict from every backend.
    #[test]
    fn arbitrary_records_agree(
        records in prop::collection::vec((any::<[u8; 24]>(), any::<[bool; 3]>()), 0..70),
    ) {
        let records: Vec<Record> = records.into_iter().map(shaped).collect();
        assert_golden(&records);
    }
}

/// Random bytes, made to look more or less like a descriptor.
fn shaped((mut bytes, [magic, version, seal]): ([u8; 24], [bool; 3])) -> Record {
    if magic {
        bytes[..4].copy_from_slice(b"TCP\x02");
    }
    if version {
        bytes[4..6].copy_from_slice(&[0, 2]);
    }
    let record = Record::from_bytes(bytes);
    if seal { record.sealed() } else { record }
}
