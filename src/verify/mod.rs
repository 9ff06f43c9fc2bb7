//! Correctness before speed: every backend against the golden model, byte for byte.

pub mod counters;
mod paced;
pub mod suite;

use std::{fmt, ops::Range};

use thiserror::Error;

use crate::{
    backend::{Batch, Opened, RaggedBatch, SubmitError},
    descriptor::{RECORD_BYTES, Record},
    op::Op,
    verdict::Verdict,
};
use counters::Miscounted;
use suite::{Case, Suite};

/// No verdict, so that a byte that was never written is seen.
pub const PAINT: u8 = 0xEE;

/// Painted bytes on each side of an output, which no backend may touch.
const GUARD_BYTES: usize = 64;

/// Input and output offsets that are tried, so that no backend relies on alignment.
const OFFSETS: Range<usize> = 0..33;

/// The first place where a backend differs from the golden model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// What was being checked.
    pub case: String,
    /// Records in the batch.
    pub batch_len: usize,
    /// Index of the record in the batch.
    pub index: usize,
    /// The input.
    pub record: Record,
    /// The golden output.
    pub expected: u8,
    /// What the backend gave.
    pub got: u8,
    /// The record among its neighbours.
    pub around: Neighbours,
}

/// A piece of a batch around one of its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbours {
    /// Index in the batch of the first of them.
    pub first: usize,
    /// The records.
    pub records: Vec<Record>,
}

/// Records that are kept on each side of one that differs.
const NEIGHBOURS: usize = 8;

impl Neighbours {
    fn of(records: &[[u8; RECORD_BYTES]], index: usize) -> Self {
        let first = index.saturating_sub(NEIGHBOURS);
        let end = records.len().min(index + NEIGHBOURS + 1);
        let records = records[first..end].iter().map(|bytes| Record::from_bytes(*bytes));
        Self { first, records: records.collect() }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = hex::encode(self.record.as_bytes());
        writeln!(f, "case {}, record {} of {}", self.case, self.index, self.batch_len)?;
        writeln!(f, "  record    {bytes}")?;
        writeln!(f, "  expected  {}", describe(self.expected))?;
        write!(f, "  got       {}", describe(self.got))
    }
}

/// A verdict byte in words.
fn describe(byte: u8) -> String {
    match Verdict::from_byte(byte) {
        Some(verdict) => verdict.to_string(),
        None if byte == PAINT => format!("{byte:#04x}, never written"),
        None => format!("{byte:#04x}, which is no verdict"),
    }
}

/// Why a backend does not pass.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// An output differs.
    #[error("{0}")]
    Diverges(Box<Divergence>),
    /// A byte outside the output was written.
    #[error("case {case}: wrote outside its output, {distance} bytes {side}")]
    OutOfBounds {
        /// What was being checked.
        case: String,
        /// `before` or `after`.
        side: &'static str,
        /// Distance from the output's edge.
        distance: usize,
    },
    /// The backend gave up.
    #[error("case {case}: {error}")]
    Submit {
        /// What was being checked.
        case: String,
        /// What the backend says.
        error: SubmitError,
    },
    /// A simulated design does not count what it does.
    #[error(transparent)]
    Miscounted(#[from] Miscounted),
    /// The input of a case is not whole records: a bug in the suite.
    #[error(transparent)]
    Ragged(#[from] RaggedBatch),
}

/// What a passed verification covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Batches submitted.
    pub batch_count: u64,
    /// Records compared.
    pub record_count: u64,
}

/// Runs the whole suite, and a simulated design at every pace. `step` is called after each case.
pub fn run(
    opened: &mut Opened,
    suite: &Suite,
    mut step: impl FnMut(&str),
) -> Result<Coverage, VerifyError> {
    let mut coverage = Coverage::default();
    let submit = &mut |batch: Batch<'_>, out: &mut [u8]| opened.submit(batch, out);
    for case in &suite.cases {
        check(submit, suite.op, case, 0, &mut coverage)?;
        step(&case.name);
    }
    for case in suite.boundaries() {
        for offset in OFFSETS {
            check(submit, suite.op, &case, offset, &mut coverage)?;
        }
    }
    if let Opened::Simulated(simulated) = opened {
        paced::run(simulated.as_mut(), suite, &mut coverage)?;
    }
    step("boundary lengths");
    Ok(coverage)
}

/// Carries out a batch, in one way or another.
type Submit<'s> = dyn FnMut(Batch<'_>, &mut [u8]) -> Result<(), SubmitError> + 's;

/// Submits one case at an offset from alignment, in a guarded output, and compares.
fn check(
    submit: &mut Submit<'_>,
    op: Op,
    case: &Case,
    offset: usize,
    coverage: &mut Coverage,
) -> Result<(), VerifyError> {
    let name = || format!("{}, offset {offset}", case.name);
    let mut input = vec![0; offset];
    input.extend_from_slice(&case.input);
    let batch = Batch::new(op, &input[offset..])?;
    let output = GUARD_BYTES + offset..GUARD_BYTES + offset + batch.output_bytes();
    let mut guarded = vec![PAINT; output.end + GUARD_BYTES];
    submit(batch, &mut guarded[output.clone()])
        .map_err(|error| VerifyError::Submit { case: name(), error })?;
    guards_hold(&guarded, &output, name)?;
    if let Some(divergence) = first_divergence(batch, &case.golden, &guarded[output], name) {
        return Err(VerifyError::Diverges(Box::new(divergence)));
    }
    coverage.batch_count += 1;
    coverage.record_count += batch.len() as u64;
    Ok(())
}

fn guards_hold(
    guarded: &[u8],
    output: &Range<usize>,
    name: impl Fn() -> String,
) -> Result<(), VerifyError> {
    let touched = |byte: &u8| *byte != PAINT;
    if let Some(index) = guarded[..output.start].iter().rposition(touched) {
        let distance = output.start - index;
        return Err(VerifyError::OutOfBounds { case: name(), side: "before", distance });
    }
    if let Some(index) = guarded[output.end..].iter().position(touched) {
        let distance = index + 1;
        return Err(VerifyError::OutOfBounds { case: name(), side: "after", distance });
    }
    Ok(())
}

/// The first output that is not golden.
pub fn first_divergence(
    batch: Batch<'_>,
    golden: &[u8],
    output: &[u8],
    name: impl Fn() -> String,
) -> Option<Divergence> {
    let index = golden.iter().zip(output).position(|(expected, got)| expected != got)?;
    let records = batch.bytes().as_chunks::<RECORD_BYTES>().0;
    Some(Divergence {
        case: name(),
        batch_len: batch.len(),
        index,
        record: Record::from_bytes(records[index]),
        expected: golden[index],
        got: output[index],
        around: Neighbours::of(records, index),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::mock, corpus::Corpus};

    fn suite() -> Suite {
        Suite::new(Op::Decide, &Corpus::embedded().unwrap(), 1_000).unwrap()
    }

    fn verify(backend: mock::Host) -> Result<Coverage, VerifyError> {
        run(&mut Opened::Host(Box::new(backend)), &suite(), |_| {})
    }

    /// A backend that is right passes, over every kind of case.
    #[test]
    fn golden_output_passes() {
        let coverage = verify(mock::Host::golden(Op::Decide)).unwrap();
        assert!(coverage.batch_count > 800 && coverage.record_count > 100_000, "{coverage:?}");
    }

    /// One wrong bit anywhere is found, and shown with its record and both verdicts.
    #[test]
    fn one_wrong_bit_is_found() {
        for index in [0, 1, 256, 999] {
            let error = verify(mock::Host::golden(Op::Decide).wrong_at(index)).unwrap_err();
            let VerifyError::Diverges(divergence) = &error else { panic!("{error}") };
            assert_eq!(divergence.index, index);
            assert_eq!(divergence.expected ^ divergence.got, 1);
            assert!(error.to_string().contains("expected  0x"), "{error}");
        }
    }

    /// A backend that fails is reported with the case, not as a wrong result.
    #[test]
    fn failures_name_the_case() {
        let error = verify(mock::Host::golden(Op::Decide).fails_from(4_096)).unwrap_err();
        assert!(matches!(error, VerifyError::Submit { .. }), "{error}");
    }

    /// A write one byte off either edge is seen.
    #[test]
    fn stray_writes_are_seen() {
        let clean = vec![PAINT; 200];
        let output = GUARD_BYTES..GUARD_BYTES + 10;
        assert!(guards_hold(&clean, &output, String::new).is_ok());
        for (index, side) in [(GUARD_BYTES - 1, "before"), (GUARD_BYTES + 10, "after")] {
            let mut spoiled = clean.clone();
            spoiled[index] = 0;
            let error = guards_hold(&spoiled, &output, String::new).unwrap_err();
            assert!(error.to_string().contains(side), "{error}");
        }
    }
}
