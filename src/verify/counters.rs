//! What a design's own counters must have counted.

use thiserror::Error;

use crate::{backend::simulated::Counters, verdict::Verdict};

/// What was submitted between two readings of the counters, by its golden verdicts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Submitted {
    records: u64,
    faults: [u64; 4],
    decisions: [u64; 4],
}

/// A counter that grew by something else than what was submitted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the design's counter `{counter}` grew by {counted}, but {submitted} were submitted")]
pub struct Miscounted {
    /// Which counter.
    pub counter: &'static str,
    /// What it counted.
    pub counted: u64,
    /// What there was to count.
    pub submitted: u64,
}

/// Names of the counters of faults and of decisions, in the order in which they are stored.
const FAULTS: [&str; 4] = ["fault magic", "fault version", "fault checksum", "fault no risk"];
const DECISIONS: [&str; 4] = ["approve", "caution", "require approval", "reject"];

impl Submitted {
    /// Adds a batch with these golden verdicts.
    pub fn add(&mut self, golden: &[u8]) {
        self.records += golden.len() as u64;
        for verdict in golden.iter().filter_map(|&byte| Verdict::from_byte(byte)) {
            self.decisions[verdict.decision() as usize] += 1;
            if let Some(fault) = verdict.fault() {
                self.faults[fault as usize - 1] += 1;
            }
        }
    }

    /// Whether the counters grew by exactly that: records in and out, faults and decisions.
    pub fn check(&self, before: &Counters, after: &Counters) -> Result<(), Miscounted> {
        let flow = [
            ("accepted", before.accepted, after.accepted, self.records),
            ("emitted", before.emitted, after.emitted, self.records),
        ];
        let kinds = |names: [&'static str; 4], before: [u64; 4], after: [u64; 4], own: [u64; 4]| {
            [0, 1, 2, 3].map(|kind| (names[kind], before[kind], after[kind], own[kind]))
        };
        let faults = kinds(FAULTS, before.faults, after.faults, self.faults);
        let decisions = kinds(DECISIONS, before.decisions, after.decisions, self.decisions);
        for (counter, before, after, submitted) in flow.into_iter().chain(faults).chain(decisions) {
            let counted = after.wrapping_sub(before);
            if counted != submitted {
                return Err(Miscounted { counter, counted, submitted });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Fault, Risk};

    /// One count off in any counter is found and named.
    #[test]
    fn each_counter_is_held() {
        let verdicts = [Verdict::of_risk(Risk::Safe), Verdict::of_fault(Fault::NoRisk)];
        let golden = verdicts.map(Verdict::byte);
        let mut submitted = Submitted::default();
        submitted.add(&golden);
        let none = Counters::default();
        let right = Counters {
            accepted: 2,
            emitted: 2,
            faults: [0, 0, 0, 1],
            decisions: [1, 0, 0, 1],
            ..none
        };
        assert_eq!(submitted.check(&none, &right), Ok(()));
        for (spoil, name) in [
            (Counters { accepted: 1, ..right }, "accepted"),
            (Counters { emitted: 3, ..right }, "emitted"),
            (Counters { faults: [0, 0, 1, 0], ..right }, "fault checksum"),
            (Counters { decisions: [1, 0, 1, 0], ..right }, "require approval"),
        ] {
            assert_eq!(submitted.check(&none, &spoil).unwrap_err().counter, name);
        }
        assert!(submitted.check(&right, &none).is_err(), "counters that run backwards");
    }
}
