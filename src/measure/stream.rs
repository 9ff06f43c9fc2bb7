//! Stream: a device with several batches in flight, against itself with one after the other.
//!
//! The loop is that of throughput, rounds and all: only the way in which a member hands over its
//! batches differs. Both ways take part in one contest, so that their quotient says what it gains
//! to upload one batch while another is worked on.

use super::{
    Bench,
    device::{EndToEnd, Shared, UploadOnly},
    inputs::Rotation,
    throughput::{self, Contestant, Throughput},
};
use crate::{backend::SubmitError, stats::Estimate};

/// What was measured, in the same rounds.
#[derive(Clone, Debug)]
pub struct Streamed {
    /// The input only, brought to the device: the roof.
    pub upload_only: Throughput,
    /// One batch after the other.
    pub one_by_one: Throughput,
    /// Several in flight.
    pub streamed: Throughput,
}

impl Streamed {
    /// How many times as fast it is to have several batches in flight.
    #[must_use]
    pub fn gain(&self) -> Option<Estimate> {
        self.one_by_one.per_record.speedup_of(&self.streamed.per_record)
    }
}

/// Measures a device both ways and its roof, each on a rotation of its own.
pub fn measure(
    bench: Bench<'_>,
    shared: &Shared,
    [upload_only, one_by_one, streamed]: [&mut Rotation<'_>; 3],
) -> Result<Streamed, SubmitError> {
    let (mut upload, mut end_to_end) = (UploadOnly(shared.clone()), EndToEnd(shared.clone()));
    let contestants = [
        Contestant::new(&mut upload, upload_only).without_output(),
        Contestant::new(&mut end_to_end, one_by_one),
        Contestant::streaming(shared, streamed),
    ];
    let [upload_only, one_by_one, streamed] = throughput::measure_each(bench, contestants)?;
    Ok(Streamed { upload_only, one_by_one, streamed })
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicBool, time::Duration};

    use super::*;
    use crate::{
        backend::mock,
        corpus::Corpus,
        host::timer::Timer,
        measure::{Limits, ROUNDS_LEAST, inputs::Pool},
        op::Op,
    };

    fn measured(device: mock::Device) -> (Result<Streamed, SubmitError>, [bool; 3]) {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, 512).unwrap();
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let limits = Limits { budget: Duration::from_nanos(1), precision: 0.0 };
        let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
        let mut rotations = [(); 3].map(|()| pool.rotation(64, 8, 0).unwrap());
        let outcome = measure(bench, &Shared::new(Box::new(device)), rotations.each_mut());
        (outcome, rotations.each_mut().map(|one| one.verify_measured().is_none()))
    }

    /// Both ways and the roof are read in every round; only the ways leave outputs, golden ones.
    #[test]
    fn both_ways_are_read() {
        let device = mock::Device::without_timestamps(Op::Decide);
        let (streamed, golden) = measured(device.lasting(Duration::from_nanos(100)));
        let streamed = streamed.unwrap();
        assert_eq!(streamed.one_by_one.per_record.len(), ROUNDS_LEAST);
        assert_eq!(streamed.streamed.per_record.len(), ROUNDS_LEAST);
        assert!(streamed.gain().is_some());
        assert_eq!(golden, [false, true, true]);
    }

    /// Wrong outputs and failures are found, whichever way.
    #[test]
    fn faults_are_found() {
        let device = mock::Device::without_timestamps(Op::Decide);
        assert_eq!(measured(device.clone().wrong_at(3)).1, [false; 3]);
        assert!(measured(device.fails_from(64)).0.is_err());
    }
}
