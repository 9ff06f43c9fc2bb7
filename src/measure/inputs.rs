//! Input batches with golden outputs, rotated so that no batch is submitted twice in a row.

use std::hint::black_box;

use crate::{
    backend::{Batch, DeviceBackend, HostBackend, Opened, RaggedBatch, SubmitError},
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

impl Pool {
    /// Takes `len` records, and computes what is golden.
    pub fn new(
        op: Op,
        records: impl Iterator<Item = Record>,
        len: usize,
    ) -> Result<Self, RaggedLength> {
        let records: Vec<Record> = records.take(len).collect();
        let golden = kernel::run(op, Record::bytes_of(&records))?;
        Ok(Self { op, records, golden })
    }

    /// Records in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it has no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// A rotation of `batch_count` batches of `batch_len` records, none of them submitted yet.
    /// Rotations of different `threads` share no input.
    pub fn rotation(
        &self,
        batch_len: usize,
        batch_count: usize,
        thread: usize,
    ) -> Result<Rotation<'_>, RaggedBatch> {
        let len = batch_len * batch_count;
        let range = thread * len..(thread + 1) * len;
        let output_bytes = batch_len * self.op.output_bytes();
        let golden = range.start * self.op.output_bytes()..range.end * self.op.output_bytes();
        Ok(Rotation {
            input: Batch::new(self.op, Record::bytes_of(&self.records))?.slice(range),
            golden: &self.golden[golden],
            output: vec![PAINT; batch_count * output_bytes],
            batch_len,
            output_bytes,
            next: 0,
            from: 0,
            since: 0,
            touched: vec![false; batch_count],
        })
    }
}

/// Batches of one length, each with an output of its own.
///
/// Each has cache lines of its own, and the pair that processors fetch together: threads note
/// their places while they measure, and two side by side would wait for each other.
#[derive(Debug)]
#[repr(align(128))]
pub struct Rotation<'a> {
    input: Batch<'a>,
    golden: &'a [u8],
    output: Vec<u8>,
    batch_len: usize,
    output_bytes: usize,
    /// The batch that is next.
    next: usize,
    /// The batch that was next after the last [`Rotation::seek`], and batches submitted since.
    from: usize,
    since: u64,
    /// Batches submitted before that, since [`Rotation::verify`] painted the outputs.
    touched: Vec<bool>,
}

impl<'a> Rotation<'a> {
    /// The first batch.
    #[must_use]
    pub fn first(&self) -> Batch<'a> {
        self.input.slice(0..self.batch_len)
    }

    /// What is golden for the first batch.
    #[must_use]
    pub fn golden_of_first(&self) -> &'a [u8] {
        &self.golden[..self.output_bytes]
    }

    /// Records in each batch.
    #[must_use]
    pub fn batch_len(&self) -> usize {
        self.batch_len
    }

    /// Batches in rotation.
    #[must_use]
    pub fn batch_count(&self) -> usize {
        self.input.len() / self.batch_len
    }

    /// Input and output bytes of all batches together.
    #[must_use]
    pub fn footprint_bytes(&self) -> u64 {
        (self.input.bytes().len() + self.output.len()) as u64
    }

    /// Submits every batch once and compares with the golden output.
    pub fn verify(&mut self, opened: &mut Opened) -> Result<Option<Divergence>, SubmitError> {
        self.output.fill(PAINT);
        for (batch, out) in
            self.input.chunks(self.batch_len).zip(self.output.chunks_exact_mut(self.output_bytes))
        {
            opened.submit(batch, out)?;
        }
        self.touched.fill(true);
        let divergence = self.first_divergence();
        self.output.fill(PAINT);
        self.touched.fill(false);
        (self.next, self.from, self.since) = (0, 0, 0);
        Ok(divergence)
    }

    /// The batch that is next.
    #[must_use]
    pub fn position(&self) -> usize {
        self.next
    }

    /// Goes on at another batch: what measures by turns takes up where the one before it ended,
    /// so that a cold batch was not just brought into a cache by it.
    pub fn seek(&mut self, position: usize) {
        let count = self.batch_count();
        for index in 0..self.since.min(count as u64) as usize {
            self.touched[(self.from + index) % count] = true;
        }
        self.next = position % count;
        (self.from, self.since) = (self.next, 0);
    }

    /// Compares what was measured: the outputs of all batches that were submitted since
    /// [`Rotation::verify`] painted them.
    #[must_use]
    pub fn verify_measured(&mut self) -> Option<Divergence> {
        self.seek(self.next);
        self.first_divergence()
    }

    fn first_divergence(&self) -> Option<Divergence> {
        self.input
            .chunks(self.batch_len)
            .zip(self.golden.chunks_exact(self.output_bytes))
            .zip(self.output.chunks_exact(self.output_bytes))
            .zip(&self.touched)
            .filter(|(_, touched)| **touched)
            .find_map(|(((batch, golden), output), _)| {
                verify::first_divergence(batch, golden, output, || "measured input".into())
            })
    }

    /// Submits the next `count` batches, one after the other.
    #[inline]
    pub fn submit(&mut self, backend: &mut HostBackend, count: u64) -> Result<(), SubmitError> {
        let mut left = count;
        while left > 0 {
            let stretch = self.stretch(left);
            left -= stretch.batch_count();
            for (batch, out) in stretch.into_iter() {
                backend.submit(batch, black_box(out))?;
            }
        }
        Ok(())
    }

    /// Submits the next `count` batches, several in flight. A batch has one output, so none may be
    /// in flight twice: the device comes to rest wherever the rotation starts again. The more
    /// batches are in rotation, the less that shows.
    pub fn stream(
        &mut self,
        device: &mut dyn DeviceBackend,
        count: u64,
    ) -> Result<(), SubmitError> {
        let mut left = count;
        while left > 0 {
            let stretch = self.stretch(left);
            left -= stretch.batch_count();
            device.stream(&mut stretch.into_iter())?;
        }
        Ok(())
    }

    /// The next batches with their outputs: at most `limit`, and no further than the end.
    pub(super) fn stretch(&mut self, limit: u64) -> Stretch<'_> {
        let start = self.next;
        let rest = self.batch_count() - start;
        let count = usize::try_from(limit).unwrap_or(usize::MAX).min(rest);
        self.next = (start + count) % self.batch_count();
        self.since += count as u64;
        Stretch {
            input: self.input.slice(start * self.batch_len..(start + count) * self.batch_len),
            output: &mut self.output[start * self.output_bytes..][..count * self.output_bytes],
            batch_len: self.batch_len,
            output_bytes: self.output_bytes,
        }
    }
}

/// Neighbouring batches of a rotation with their outputs.
#[derive(Debug)]
pub(super) struct Stretch<'r> {
    input: Batch<'r>,
    output: &'r mut [u8],
    batch_len: usize,
    output_bytes: usize,
}

impl<'r> Stretch<'r> {
    fn batch_count(&self) -> u64 {
        (self.input.len() / self.batch_len) as u64
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = (Batch<'r>, &'r mut [u8])> {
        self.input.chunks(self.batch_len).zip(self.output.chunks_exact_mut(self.output_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::mock, corpus::Corpus};

    fn pool() -> Pool {
        Pool::new(Op::Decide, Corpus::embedded().unwrap().records().into_iter().cycle(), 8_192)
            .unwrap()
    }

    /// Batches come round in order, over the end of the rotation, each into its own output.
    #[test]
    fn rotation_comes_round() {
        let pool = pool();
        let mut rotation = pool.rotation(512, 8, 0).unwrap();
        assert_eq!(rotation.batch_count(), 8);
        rotation.submit(&mut mock::Host::golden(Op::Decide), 5).unwrap();
        assert_eq!(rotation.verify_measured(), None);
        let touched = [true, true, true, true, true, false, false, false];
        assert_eq!(rotation.touched, touched);
        rotation.submit(&mut mock::Host::golden(Op::Decide), 7).unwrap();
        assert_eq!((rotation.verify_measured(), rotation.position()), (None, 4));
        assert_eq!(rotation.touched, [true; 8]);
    }

    /// A wrong output is found before measuring and after.
    #[test]
    fn wrong_outputs_are_found() {
        let pool = pool();
        let mut rotation = pool.rotation(512, 8, 0).unwrap();
        let wrong = mock::Host::golden(Op::Decide).wrong_at(3);
        let found = rotation.verify(&mut Opened::Host(Box::new(wrong))).unwrap().unwrap();
        assert_eq!(found.index, 3);
        rotation.submit(&mut { wrong }, 8).unwrap();
        assert!(rotation.verify_measured().is_some());
    }

    /// Seeking past batches leaves them untouched, and those before it are still compared.
    #[test]
    fn seeking_skips_batches() {
        let pool = pool();
        let mut rotation = pool.rotation(512, 8, 0).unwrap();
        let wrong = mock::Host::golden(Op::Decide).wrong_at(3);
        rotation.submit(&mut { wrong }, 1).unwrap();
        rotation.seek(6);
        rotation.submit(&mut mock::Host::golden(Op::Decide), 3).unwrap();
        assert_eq!(rotation.verify_measured(), None, "the last has overwritten the first");
        let touched = [true, false, false, false, false, false, true, true];
        assert_eq!((rotation.touched.as_slice(), rotation.position()), (touched.as_slice(), 1));
    }

    /// Streaming comes round like submitting.
    #[test]
    fn streaming_comes_round() {
        let pool = pool();
        let mut rotation = pool.rotation(512, 8, 0).unwrap();
        let mut device = mock::Device::without_timestamps(Op::Decide);
        rotation.stream(&mut device, 5).unwrap();
        rotation.stream(&mut device, 12).unwrap();
        assert_eq!((rotation.verify_measured(), rotation.position()), (None, 1));
        rotation.stream(&mut device.wrong_at(3), 1).unwrap();
        assert_eq!(rotation.verify_measured().unwrap().index, 3);
    }

    /// Two threads have different inputs.
    #[test]
    fn threads_share_no_input() {
        let pool = pool();
        let rotations = [0, 1].map(|thread| pool.rotation(512, 8, thread).unwrap());
        let [one, other] = rotations.each_ref().map(|rotation| rotation.input.bytes());
        assert_eq!(one.as_ptr_range().end, other.as_ptr_range().start);
    }
}
