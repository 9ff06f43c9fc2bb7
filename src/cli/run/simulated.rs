//! The method that counts the cycles of simulated hardware.

use super::{
    lineup::{Lineups, Simulator},
    plan::Case,
    session::{Session, Tell, Trouble},
};
use crate::{
    bundle::readings::{self, Line},
    cli::{Exit, Failure},
    host::schedule::Disturbance,
    measure::cycles::{self, CyclesError},
    report::{
        record::{Entry, Header, RunRecord},
        simulated::{SIMULATOR_HOME, SimulatedRecord},
    },
    warning::Warning,
};

/// Writes down every simulated design.
pub(super) fn simulators(lineups: &mut Lineups, record: &mut RunRecord) -> Result<(), Failure> {
    lineups.each_simulator(|simulator| {
        let (backend, facts) = (simulator.entry.id, simulator.facts.clone());
        let counters = simulator.backend.counters()?;
        if facts.timing.is_empty() {
            let reason = facts.timing_absent.clone().unwrap_or_else(|| "it has none".into());
            let warning = Warning::NoTimingReport { backend: backend.into(), reason };
            record.warnings.push(warning.record());
        }
        record.simulated.push(SimulatedRecord { backend: backend.into(), facts, counters });
        Ok(())
    })
}

impl Session<'_> {
    /// Counts one batch on every simulated design. Its outputs are compared in every run.
    pub(super) fn cycles(
        &self,
        lineups: &mut Lineups,
        case: &Case,
        record: &mut RunRecord,
        tell: &mut Tell<'_>,
    ) -> Result<(), Failure> {
        lineups.each_simulator(|simulator| self.cycles_of(simulator, case, record, tell))
    }

    fn cycles_of(
        &self,
        simulator: &mut Simulator,
        case: &Case,
        record: &mut RunRecord,
        tell: &mut Tell<'_>,
    ) -> Result<(), Trouble> {
        let id = simulator.entry.id;
        let rotation = self.pool.rotation(case.batch_len, 1, 0).map_err(Failure::internal)?;
        let measured = match cycles::measure(self.bench, simulator.backend.as_mut(), &rotation) {
            Ok(measured) => measured,
            Err(CyclesError::Interrupted) => return Ok(()),
            Err(CyclesError::Submit(error)) => return Err(error.into()),
            Err(CyclesError::Wrong(wrong)) => {
                let message = format!("{id} gives wrong results: {wrong}");
                return Err(Failure::new(Exit::WrongResults, message).into());
            }
        };
        for own in record.simulated.iter_mut().filter(|one| one.backend == id) {
            own.counters = measured.counters;
        }
        let header = Header {
            backend: id,
            software: false,
            op: self.plan.op,
            threads: 1,
            footprint_home: SIMULATOR_HOME.into(),
            // Nothing that the host does can change a count.
            disturbance: Disturbance::default(),
        };
        let entry = Entry::of_cycles(header, &rotation, &measured, &simulator.facts);
        let place = readings::Place::of(&entry);
        self.keeper.keep(|| Ok(Line::Cycles(readings::Cycles::of(place, &measured).into())));
        Ok(Self::push(record, entry, tell)?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use clap::Parser as _;

    use super::*;
    use crate::{
        backend::{
            BackendEntry, BackendKind, Capability, OpenError, Opened, ProbeContext, Unavailable,
            mock::Simulated,
        },
        cli::run::{Arguments, launch::begin, plan::Plan},
        host::{fingerprint::Fingerprint, layout::Layout, timer::Timer},
        measure::Method,
        op::Op,
        report::launch::LaunchRecord,
    };

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    static MOCK: BackendEntry = BackendEntry {
        id: "mock",
        kind: BackendKind::Fpga,
        summary: "",
        probe: |_| Ok(Capability::new("")),
        open: |_, _| Err(OpenError::Unavailable(Unavailable::ToolMissing { tool: "none" })),
    };

    /// What a run of batches of 1 and 100 records, hot and cold, makes of these designs.
    fn run(designs: Vec<Simulated>) -> (Result<(), Failure>, RunRecord, Vec<String>) {
        let line = ["run", "--batch", "1,100", "--backend", "reference", "--budget", "0.01"];
        let Line { arguments } = Line::parse_from(line);
        let mut plan = Plan::new(&arguments, &ProbeContext::default()).map_err(|_| ()).unwrap();
        (plan.backends, plan.methods) = (vec![&MOCK; designs.len()], vec![Method::Cycles]);
        let host = Fingerprint::read();
        let cases = plan.cases(&host.caches);
        assert_eq!(plan.entries(&cases), 2 * designs.len(), "once for each length");
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let layout = Layout::default();
        let launch = LaunchRecord { number: 1, of: 1, layout_seed: 1, layout, core: None };
        let mut record = begin(&plan, host, &timer, None, &launch);
        let caches = record.host.caches.clone();
        let session = Session::new(&plan, &caches, cases, &[], &launch, &timer, &interrupted);
        let mut lineups = Lineups { all: Vec::new(), simulators: Vec::new(), failed: Vec::new() };
        for design in designs {
            lineups.take(&MOCK, vec![Opened::Simulated(Box::new(design))]);
        }
        let session = session.map_err(|_| ()).unwrap();
        let outcome = session.measure(&mut lineups, &mut record, &mut |_| Ok(()));
        (outcome, record, lineups.failed.into_iter().map(|one| one.reason).collect())
    }

    fn golden() -> Simulated {
        Simulated::golden(Op::Decide)
    }

    /// Each length has one entry, whatever its footprints; the counters are those of the end.
    #[test]
    fn each_length_is_counted_once() {
        let (outcome, record, failed) = run(vec![golden().without_timing()]);
        assert!(outcome.is_ok() && failed.is_empty());
        let lens: Vec<usize> = record.entries.iter().map(|entry| entry.batch_len).collect();
        assert_eq!(lens, [1, 100]);
        // Ahead of the counters of the last entry are the batches of simulating the first.
        assert!(record.simulated[0].counters.accepted >= 8 * 101);
        assert!(record.warnings.iter().any(|warning| warning.code == "no-timing-report"));
        assert!(record.entries.iter().all(|entry| entry.speedup.is_none()));
    }

    /// A design that gives up is left out, and the other one goes on.
    #[test]
    fn a_failure_leaves_the_others() {
        let (outcome, record, failed) = run(vec![golden().fails_from(100), golden()]);
        assert!(outcome.is_ok());
        assert_eq!((record.entries.len(), failed.len()), (3, 1));
        assert!(failed[0].contains("scripted"), "{failed:?}");
    }

    /// A wrong output, and counters that lie, end the run as wrong results.
    #[test]
    fn wrong_results_end_the_run() {
        for (design, told) in [
            (golden().wrong_at(50), "record 50 of 100"),
            (golden().miscounting(), "`emitted`"),
            (golden().slowing(), "not-deterministic"),
        ] {
            let failure = run(vec![design]).0.unwrap_err();
            assert_eq!(failure.exit(), Exit::WrongResults);
            assert!(failure.message().contains(told), "{}", failure.message());
        }
    }
}
