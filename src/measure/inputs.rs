//! Input batches with golden outputs, rotated so that no batch is submitted twice in a row.

use std::hint::black_box;

use crate::{
    backend::{Batch, HostBackend, Opened, RaggedBatch, SubmitError},
    descriptor::{RaggedLength, Record},
    kernel,
    op::Op,
    verify::{self, Divergence, PAINT},
};

/// Records with their golden outputs: the pool that batches are cut from.
#[derive(Debug)]
pub struct Pool {
    op: Op,
    records: Vec<Record>,
    golden: Vec<u8>,
}

/// Batches in rotation: at least 4, and as many as 4,096 records allow, up to 256.
///
/// Short batches then stay in the first or second cache, and yet differ enough that a branch
/// predictor cannot learn them.
#[must_use]
pub fn batch_count(batch_len: usize) -> usize {
    (4_096 / batch_len.max(1)).clamp(4, 256)
}

impl Pool {
    /// Takes records enough for the longest of `batch_lens`, and computes what is golden.
    pub fn new(
        op: Op,
        records: impl Iterator<Item = Record>,
        batch_lens: &[usize],
    ) -> Result<Self, RaggedLength> {
        let needed = batch_lens.iter().map(|&len| len * batch_count(len)).max().unwrap_or(0);
        let records: Vec<Record> = records.take(needed).collect();
        let golden = kernel::run(op, Record::bytes_of(&records))?;
        Ok(Self { op, records, golden })
    }

    /// The rotation of batches of `batch_len` records, none of them submitted yet.
    pub fn rotation(&self, batch_len: usize) -> Result<Rotation<'_>, RaggedBatch> {
        let count = batch_count(batch_len);
        let (input_bytes, output_bytes) =
            (batch_len * self.op.input_bytes(), batch_len * self.op.output_bytes());
        let batches = Record::bytes_of(&self.records)[..count * input_bytes]
            .chunks_exact(input_bytes)
            .map(|bytes| Batch::new(self.op, bytes))
            .collect::<Result<_, _>>()?;
        Ok(Rotation {
            batches,
            golden: &self.golden[..count * output_bytes],
            output: vec![PAINT; count * output_bytes],
            output_bytes,
            next: 0,
        })
    }
}

/// Batches of one length, each with an output of its own.
#[derive(Debug)]
pub struct Rotation<'a> {
    batches: Vec<Batch<'a>>,
    golden: &'a [u8],
    output: Vec<u8>,
    output_bytes: usize,
    next: usize,
}

impl<'a> Rotation<'a> {
    /// Records in each batch.
    #[must_use]
    pub fn batch_len(&self) -> usize {
        self.batches[0].len()
    }

    /// Input and output bytes of all batches together.
    #[must_use]
    pub fn footprint_bytes(&self) -> u64 {
        let input: usize = self.batches.iter().map(|batch| batch.bytes().len()).sum();
        (input + self.output.len()) as u64
    }

    /// Submits every batch once and compares with the golden output.
    pub fn verify(&mut self, opened: &mut Opened) -> Result<Option<Divergence>, SubmitError> {
        self.output.fill(PAINT);
        for (batch, out) in self.batches.iter().zip(self.output.chunks_exact_mut(self.output_bytes))
        {
            opened.submit(*batch, out)?;
        }
        let divergence = self.first_divergence(self.batches.len());
        self.output.fill(PAINT);
        self.next = 0;
        Ok(divergence)
    }

    /// Compares what was measured: the outputs of all batches that were submitted since
    /// [`Rotation::verify`] painted them.
    #[must_use]
    pub fn verify_measured(&self, submitted: u64) -> Option<Divergence> {
        let count = usize::try_from(submitted).unwrap_or(usize::MAX).min(self.batches.len());
        self.first_divergence(count)
    }

    fn first_divergence(&self, count: usize) -> Option<Divergence> {
        self.batches
            .iter()
            .zip(self.golden.chunks_exact(self.output_bytes))
            .zip(self.output.chunks_exact(self.output_bytes))
            .take(count)
            .find_map(|((batch, golden), output)| {
                verify::first_divergence(*batch, golden, output, || "measured input".into())
            })
    }

    /// Submits the next `count` batches, back to back.
    ///
    /// The loop runs over stretches of the rotation, so that it costs no division and no bounds
    /// check per batch: at one record a batch that would be a third of the reading.
    #[inline]
    pub fn submit(&mut self, backend: &mut HostBackend, count: u64) -> Result<(), SubmitError> {
        let mut left = count;
        while left > 0 {
            let stretch = self.stretch(left);
            left -= stretch.batches.len() as u64;
            for (batch, out) in stretch.into_iter() {
                backend.submit(*batch, black_box(out))?;
            }
        }
        Ok(())
    }

    /// The next batches up to the end of the rotation, at most `limit`.
    pub(super) fn stretch(&mut self, limit: u64) -> Stretch<'_, 'a> {
        let start = self.next;
        let rest = self.batches.len() - start;
        let count = usize::try_from(limit).unwrap_or(usize::MAX).min(rest);
        self.next = (start + count) % self.batches.len();
        Stretch {
            batches: &self.batches[start..start + count],
            output: &mut self.output[start * self.output_bytes..][..count * self.output_bytes],
            output_bytes: self.output_bytes,
        }
    }
}

/// Batches that lie next to one another, with their outputs.
#[derive(Debug)]
pub(super) struct Stretch<'r, 'a> {
    batches: &'r [Batch<'a>],
    output: &'r mut [u8],
    output_bytes: usize,
}

impl<'r, 'a> Stretch<'r, 'a> {
    /// Each batch with its output.
    pub(super) fn into_iter(self) -> impl Iterator<Item = (&'r Batch<'a>, &'r mut [u8])> {
        self.batches.iter().zip(self.output.chunks_exact_mut(self.output_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::mock, corpus::Corpus};

    fn pool() -> Pool {
        Pool::new(Op::Decide, Corpus::embedded().unwrap().records().into_iter().cycle(), &[1, 512])
            .unwrap()
    }

    /// Batches come round in order, over the end of the rotation, each into its own output.
    #[test]
    fn rotation_comes_round() {
        let pool = pool();
        let mut rotation = pool.rotation(512).unwrap();
        assert_eq!(rotation.batches.len(), 8);
        rotation.submit(&mut mock::Host::golden(Op::Decide), 5).unwrap();
        assert_eq!(rotation.verify_measured(5), None);
        assert!(rotation.verify_measured(6).is_some(), "the sixth was not submitted");
        rotation.submit(&mut mock::Host::golden(Op::Decide), 7).unwrap();
        assert_eq!((rotation.next, rotation.verify_measured(12)), (4, None));
    }

    /// A wrong output is found before measuring and after.
    #[test]
    fn wrong_outputs_are_found() {
        let pool = pool();
        let mut rotation = pool.rotation(512).unwrap();
        let wrong = mock::Host::golden(Op::Decide).wrong_at(3);
        let found = rotation.verify(&mut Opened::Host(Box::new(wrong))).unwrap().unwrap();
        assert_eq!(found.index, 3);
        rotation.submit(&mut { wrong }, 8).unwrap();
        assert!(rotation.verify_measured(8).is_some());
    }

    /// Short batches rotate over many inputs, long ones over four.
    #[test]
    fn short_batches_rotate_more() {
        assert_eq!([1, 16, 256, 4_096, 1 << 20].map(batch_count), [256, 256, 16, 4, 4]);
    }
}
