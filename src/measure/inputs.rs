//! Input batches with golden outputs, rotated so that no batch is submitted twice in a row.

use std::{hint::black_box, ops::Range};

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
    /// The records, behind [`Pool::offset_bytes`] that nobody reads.
    bytes: Vec<u8>,
    golden: Vec<u8>,
    offset_bytes: usize,
}

impl Pool {
    /// Takes `len` records, and computes what is golden.
    pub fn new(
        op: Op,
        records: impl Iterator<Item = Record>,
        len: usize,
    ) -> Result<Self, RaggedLength> {
        Self::new_at(op, records, len, 0)
    }

    /// Like [`Pool::new`], with inputs and outputs that begin so many bytes into their buffers:
    /// where a buffer lies can move a kernel by some percent.
    pub fn new_at(
        op: Op,
        records: impl Iterator<Item = Record>,
        len: usize,
        offset_bytes: usize,
    ) -> Result<Self, RaggedLength> {
        let mut bytes = vec![0; offset_bytes];
        records.take(len).for_each(|record| bytes.extend_from_slice(record.as_bytes()));
        let golden = kernel::run(op, &bytes[offset_bytes..])?;
        Ok(Self { op, bytes, golden, offset_bytes })
    }

    /// A pool of `len` records that are the first `tile` ones of this over and over.
    #[must_use]
    pub fn repeating(&self, tile: usize, len: usize) -> Self {
        let again = |bytes: &[u8], size: usize| -> Vec<u8> {
            bytes[..tile * size].iter().copied().cycle().take(len * size).collect()
        };
        let mut bytes = vec![0; self.offset_bytes];
        bytes.extend(again(&self.bytes[self.offset_bytes..], self.op.input_bytes()));
        let golden = again(&self.golden, self.op.output_bytes());
        Self { op: self.op, bytes, golden, offset_bytes: self.offset_bytes }
    }

    /// Records in it.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.bytes.len() - self.offset_bytes) / self.op.input_bytes()
    }

    /// Whether it has no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
            input: Batch::new(self.op, &self.bytes[self.offset_bytes..])?.slice(range),
            golden: &self.golden[golden],
            output: Output::new(batch_count * output_bytes, self.offset_bytes),
            batch_len,
            output_bytes,
            next: 0,
            from: 0,
            since: 0,
            touched: vec![false; batch_count],
            found: None,
        })
    }
}

/// Where verdicts go, behind bytes that nobody writes.
#[derive(Debug)]
struct Output {
    bytes: Vec<u8>,
    offset_bytes: usize,
}

impl Output {
    fn new(len: usize, offset_bytes: usize) -> Self {
        Self { bytes: vec![PAINT; offset_bytes + len], offset_bytes }
    }

    fn get(&self) -> &[u8] {
        &self.bytes[self.offset_bytes..]
    }

    fn get_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.offset_bytes..]
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
    output: Output,
    batch_len: usize,
    output_bytes: usize,
    /// The batch that is next.
    next: usize,
    /// The batch that was next after the last [`Rotation::seek`], and batches submitted since.
    from: usize,
    since: u64,
    /// Batches submitted before that, since [`Rotation::verify`] painted the outputs.
    touched: Vec<bool>,
    /// The first output that was seen to be wrong while measuring.
    found: Option<Divergence>,
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
        (self.input.bytes().len() + self.output.get().len()) as u64
    }

    /// Submits every batch once and compares with the golden output.
    pub fn verify(&mut self, opened: &mut Opened) -> Result<Option<Divergence>, SubmitError> {
        self.output.get_mut().fill(PAINT);
        let outputs = self.output.get_mut().chunks_exact_mut(self.output_bytes);
        for (batch, out) in self.input.chunks(self.batch_len).zip(outputs) {
            opened.submit(batch, out)?;
        }
        self.touched.fill(true);
        let divergence = self.first_divergence();
        self.output.get_mut().fill(PAINT);
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

    /// Paints the outputs of the next `count` batches, so that what an earlier pass left there
    /// cannot pass for what the next reading does. Never inside a reading.
    pub fn paint_next(&mut self, count: u64) {
        for range in self.ranges(self.next, count) {
            let bytes = range.start * self.output_bytes..range.end * self.output_bytes;
            self.output.get_mut()[bytes].fill(PAINT);
        }
    }

    /// Compares the outputs of the last `count` batches, after a reading of them. What differs is
    /// what [`Rotation::verify_measured`] gives in the end. Never inside a reading.
    pub fn check_last(&mut self, count: u64) {
        let back = count.min(self.batch_count() as u64);
        let first = self.before_next(back as usize);
        let is_golden = self.ranges(first, back).into_iter().all(|range| {
            let bytes = range.start * self.output_bytes..range.end * self.output_bytes;
            self.golden[bytes.clone()] == self.output.get()[bytes]
        });
        if !is_golden && self.found.is_none() {
            self.seek(self.next);
            self.found = self.first_divergence();
        }
    }

    /// The batch that is `count` places before the next.
    fn before_next(&self, count: usize) -> usize {
        (self.next + self.batch_count() - count) % self.batch_count()
    }

    /// `count` batches from `first` on, over the end, none of them twice.
    fn ranges(&self, first: usize, count: u64) -> [Range<usize>; 2] {
        let all = self.batch_count();
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(all);
        let end = (first + count).min(all);
        [first..end, 0..(first + count - end)]
    }

    /// Compares what was measured: what was seen to differ meanwhile, else the outputs of all
    /// batches that were submitted since [`Rotation::verify`] painted them.
    #[must_use]
    pub fn verify_measured(&mut self) -> Option<Divergence> {
        self.seek(self.next);
        self.found.clone().or_else(|| self.first_divergence())
    }

    fn first_divergence(&self) -> Option<Divergence> {
        self.input
            .chunks(self.batch_len)
            .zip(self.golden.chunks_exact(self.output_bytes))
            .zip(self.output.get().chunks_exact(self.output_bytes))
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
        self.cut(start, count)
    }

    /// The batches that [`Rotation::stretch`] gives next, for what does nothing with them: they
    /// are still to be submitted afterwards.
    pub(super) fn peek(&mut self, limit: u64) -> Stretch<'_> {
        let rest = self.batch_count() - self.next;
        self.cut(self.next, usize::try_from(limit).unwrap_or(usize::MAX).min(rest))
    }

    fn cut(&mut self, start: usize, count: usize) -> Stretch<'_> {
        let bytes = start * self.output_bytes..(start + count) * self.output_bytes;
        Stretch {
            input: self.input.slice(start * self.batch_len..(start + count) * self.batch_len),
            output: &mut self.output.get_mut()[bytes],
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
    pub(super) fn batch_count(&self) -> u64 {
        (self.input.len() / self.batch_len) as u64
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = (Batch<'r>, &'r mut [u8])> {
        self.input.chunks(self.batch_len).zip(self.output.chunks_exact_mut(self.output_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::mock, corpus::Corpus, measure::Empty};

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

    /// What an earlier pass left behind does not pass for work: a backend that stops working, and
    /// one that is wrong in the middle and right in the end, are both found.
    #[test]
    fn outputs_are_checked_while_measuring() {
        let pool = pool();
        let mut rotation = pool.rotation(512, 8, 0).unwrap();
        rotation.submit(&mut mock::Host::golden(Op::Decide), 8).unwrap();
        rotation.check_last(8);
        assert_eq!(rotation.verify_measured(), None);
        rotation.paint_next(3);
        rotation.submit(&mut Empty, 3).unwrap();
        rotation.check_last(3);
        assert_eq!(rotation.verify_measured().unwrap().got, PAINT);
        let mut rotation = pool.rotation(512, 8, 0).unwrap();
        let wrong = mock::Host::golden(Op::Decide).wrong_at(3);
        rotation.submit(&mut { wrong }, 9).unwrap();
        rotation.check_last(9);
        rotation.submit(&mut mock::Host::golden(Op::Decide), 8).unwrap();
        rotation.check_last(8);
        assert_eq!(rotation.verify_measured().unwrap().index, 3);
    }

    /// Neighbouring batches are found on both sides of the end, and never more than there are.
    #[test]
    fn ranges_go_over_the_end() {
        let pool = pool();
        let rotation = pool.rotation(512, 8, 0).unwrap();
        assert_eq!(rotation.ranges(6, 4), [6..8, 0..2]);
        assert_eq!(rotation.ranges(6, 100), [6..8, 0..6]);
        assert_eq!(rotation.ranges(0, 3), [0..3, 0..0]);
    }

    /// A pool that repeats has the same few records throughout, with their golden outputs, and an
    /// offset moves both buffers without changing what is in them.
    #[test]
    fn pools_repeat_and_move() {
        let records = || Corpus::embedded().unwrap().records().into_iter().cycle();
        let moved = Pool::new_at(Op::Decide, records(), 8_192, 37).unwrap();
        let unmoved = pool();
        let [one, other] = [&moved, &unmoved].map(|pool| pool.rotation(512, 8, 0).unwrap());
        assert_eq!(one.input.bytes(), other.input.bytes());
        let again = moved.repeating(64, 8_192);
        assert_eq!(again.len(), 8_192);
        let mut rotation = again.rotation(512, 8, 0).unwrap();
        assert_eq!(rotation.input.bytes()[..64 * 24], rotation.input.bytes()[64 * 24..128 * 24]);
        let golden = mock::Host::golden(Op::Decide);
        assert_eq!(rotation.verify(&mut Opened::Host(Box::new(golden))), Ok(None));
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
