//! Simulated designs among sources and sinks that are not always willing.

use super::{Coverage, VerifyError, check, counters::Submitted, suite::Suite};
use crate::backend::{
    Batch,
    simulated::{Pace, Pacing, SimulatedBackend},
};

/// Cycles of a thousand in which a slow side is willing: often, by halves, and hardly ever.
const PERMILLE: [u16; 3] = [900, 500, 100];

/// What the draws of both sides begin with. They differ, so that the sides do not go in step.
const SEEDS: [u32; 2] = [0x736f_7572, 0x7369_6e6b];

/// Nobody waits, the source idles, the sink holds back, and both.
fn pacings() -> impl Iterator<Item = Pacing> {
    let [of_source, of_sink] = SEEDS;
    let slow = PERMILLE.into_iter().flat_map(move |permille| {
        let source = Pace { permille, seed: of_source };
        let sink = Pace { permille, seed: of_sink };
        [
            Pacing { source, ..Pacing::EAGER },
            Pacing { sink, ..Pacing::EAGER },
            Pacing { source, sink },
        ]
    });
    std::iter::once(Pacing::EAGER).chain(slow)
}

/// Lengths around what a beat holds, around what queues hold, and a long one.
fn lens(lanes: usize) -> Vec<usize> {
    let beats = [lanes.saturating_sub(1), lanes, lanes + 1, 2 * lanes + 1];
    let mut lens: Vec<usize> =
        [0, 1, 2, 63, 64, 65, Suite::PACED_LEN_MAX].into_iter().chain(beats).collect();
    lens.sort_unstable();
    lens.dedup();
    lens
}

/// Every pacing with every length: outputs are golden, and the counters count what was submitted.
pub(super) fn run(
    simulated: &mut dyn SimulatedBackend,
    suite: &Suite,
    coverage: &mut Coverage,
) -> Result<(), VerifyError> {
    let mut submitted = Submitted::default();
    let failed = |error| VerifyError::Submit { case: "counters".into(), error };
    let before = simulated.counters().map_err(failed)?;
    for pacing in pacings() {
        for len in lens(simulated.facts().lanes) {
            let case = suite.paced(len, &name(pacing));
            let observe = &mut |batch: Batch<'_>, out: &mut [u8]| {
                simulated.observe(batch, out, pacing).map(|_| ())
            };
            check(observe, suite.op, &case, 0, coverage)?;
            submitted.add(&case.golden);
        }
    }
    let after = simulated.counters().map_err(failed)?;
    Ok(submitted.check(&before, &after)?)
}

fn name(pacing: Pacing) -> String {
    let [source, sink] = [pacing.source, pacing.sink].map(|pace| f64::from(pace.permille) / 10.0);
    format!("source {source} % and sink {sink} % of cycles willing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backend::{Opened, mock::Simulated},
        corpus::Corpus,
        op::Op,
    };

    fn suite() -> Suite {
        Suite::new(Op::Decide, &Corpus::embedded().unwrap(), 1_000).unwrap()
    }

    fn verify(simulated: Simulated) -> Result<Coverage, VerifyError> {
        super::super::run(&mut Opened::Simulated(Box::new(simulated)), &suite(), |_| {})
    }

    /// A design that is right passes at every pace; what a lane less and more needs is tried.
    #[test]
    fn a_right_design_passes() {
        let coverage = verify(Simulated::golden(Op::Decide)).unwrap();
        let host = crate::backend::mock::Host::golden(Op::Decide);
        let plain = super::super::run(&mut Opened::Host(Box::new(host)), &suite(), |_| {});
        let more = coverage.batch_count - plain.unwrap().batch_count;
        assert_eq!(more, (pacings().count() * lens(4).len()) as u64);
        assert_eq!(lens(4), [0, 1, 2, 3, 4, 5, 9, 63, 64, 65, 1_000]);
        assert_eq!(lens(1), [0, 1, 2, 3, 63, 64, 65, 1_000]);
    }

    /// Counters that lie are wrong results, however golden the outputs are.
    #[test]
    fn lying_counters_are_found() {
        let error = verify(Simulated::golden(Op::Decide).miscounting()).unwrap_err();
        assert!(matches!(error, VerifyError::Miscounted(_)), "{error}");
        assert!(error.to_string().contains("`emitted`"), "{error}");
    }

    /// A planted upset is found, with its neighbours.
    #[test]
    fn upsets_are_found() {
        let mut simulated = Simulated::golden(Op::Decide);
        simulated.plant_upset(700);
        let error = verify(simulated).unwrap_err();
        let VerifyError::Diverges(divergence) = error else { panic!("{error}") };
        let around = &divergence.around;
        assert_eq!((divergence.index, around.first, around.records.len()), (700, 692, 17));
        assert_eq!(around.records[8], divergence.record);
    }
}
