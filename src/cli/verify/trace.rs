//! The waveform of the first record on which a simulated design differs.

use serde::Serialize;

use crate::{
    backend::SimulatedBackend,
    cli::{
        Failure,
        waveform::{VIEWERS, Waveform},
    },
    descriptor::Record,
    kernel,
    op::Op,
    verify::{Divergence, PAINT},
};

/// What became of a waveform.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Trace {
    Written(Written),
    Failed { failed: String },
}

/// A waveform, and where in it the record is that differs.
#[derive(Serialize)]
pub(super) struct Written {
    file: String,
    /// Index in the batch in which the record differs, and of the first record in the waveform.
    index: usize,
    first_index: usize,
    /// Records in the waveform, and the place among them.
    record_count: usize,
    place: usize,
    /// Where in the stream of the waveform that place is.
    beat: usize,
    lane: usize,
    /// Whether it differs there too, alone with its neighbours and while nobody waits.
    differs_again: bool,
}

/// Runs the record again among a few neighbours, with what was planted at its new place.
pub(super) fn trace(
    simulated: &mut dyn SimulatedBackend,
    divergence: &Divergence,
    planted: Option<usize>,
    waveform: &Waveform,
) -> Trace {
    match write(simulated, divergence, planted, waveform) {
        Ok(written) => Trace::Written(written),
        Err(failure) => Trace::Failed { failed: failure.message().into() },
    }
}

fn write(
    simulated: &mut dyn SimulatedBackend,
    divergence: &Divergence,
    planted: Option<usize>,
    waveform: &Waveform,
) -> Result<Written, Failure> {
    let (index, around) = (divergence.index, &divergence.around);
    let place = index - around.first;
    if let Some(moved) = planted.and_then(|planted| planted.checked_sub(around.first)) {
        simulated.plant_upset(moved);
    }
    let mut verdicts = vec![PAINT; around.records.len()];
    waveform.write(simulated, &around.records, &mut verdicts)?;
    let golden = kernel::run(Op::Decide, Record::bytes_of(&around.records));
    let golden = golden.map_err(Failure::internal)?;
    let lanes = simulated.facts().lanes;
    Ok(Written {
        file: waveform.path().display().to_string(),
        index,
        first_index: around.first,
        record_count: around.records.len(),
        place,
        beat: place / lanes,
        lane: place % lanes,
        differs_again: golden[place] != verdicts[place],
    })
}

impl std::fmt::Display for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let written = match self {
            Self::Written(written) => written,
            Self::Failed { failed } => return write!(f, "no waveform: {failed}"),
        };
        let Written { file, index, first_index, record_count, place, beat, lane, .. } = written;
        let last = first_index + record_count - 1;
        let again = if written.differs_again {
            "differs there too"
        } else {
            "does not differ there: it takes more than its neighbours, or another pace"
        };
        write!(
            f,
            "{file}: records {first_index} to {last} of that batch alone; record {index} is at \
             place {place}, in beat {beat}, lane {lane}, and {again}; {VIEWERS}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backend::{Opened, mock::Simulated},
        corpus::Corpus,
        verify::{self, VerifyError, suite::Suite},
    };

    fn traced(planted: usize, simulated: Simulated, still_planted: bool) -> (Written, bool) {
        let suite = Suite::new(Op::Decide, &Corpus::embedded().unwrap(), 100).unwrap();
        let mut opened = Opened::Simulated(Box::new(simulated.wrong_at(planted)));
        let error = verify::run(&mut opened, &suite, |_| {}).unwrap_err();
        let VerifyError::Diverges(divergence) = error else { panic!("{error}") };
        let Opened::Simulated(mut simulated) = opened else { panic!("simulated") };
        let folder = tempfile::tempdir().unwrap();
        let waveform = Waveform::new(&folder.path().join("wave.vcd")).map_err(|_| ()).unwrap();
        let planted = still_planted.then_some(planted);
        let trace = trace(simulated.as_mut(), &divergence, planted, &waveform);
        assert!(trace.to_string().contains("gtkwave"), "{trace}");
        let Trace::Written(written) = trace else { panic!("{trace}") };
        (written, waveform.path().exists())
    }

    /// The record is found at its new place, with the upset that was planted in the old one.
    #[test]
    fn an_upset_moves_with_its_record() {
        let (written, exists) = traced(30, Simulated::golden(Op::Decide), true);
        assert_eq!((written.index, written.first_index, written.place), (30, 22, 8));
        assert_eq!((written.beat, written.lane, written.record_count), (2, 0, 17));
        assert!(written.differs_again && exists);
        let (written, _) = traced(3, Simulated::golden(Op::Decide), true);
        assert_eq!((written.first_index, written.place, written.lane), (0, 3, 3));
    }

    /// What only shows in the whole batch is said not to show in the waveform.
    #[test]
    fn what_does_not_show_is_said() {
        let (written, exists) = traced(30, Simulated::golden(Op::Decide), false);
        assert!(!written.differs_again && exists);
        assert!(Trace::Written(written).to_string().contains("does not differ there"));
    }
}
