//! The backend: batches through a simulated design, and what it counts.

use std::path::Path;

use super::{
    model::{self, Sim},
    timing,
};
use crate::backend::{
    Backend, Batch, FpgaBuild, OpenError, SubmitError,
    simulated::{Counters, Observation, Pacing, SimElapsed, SimFacts, SimulatedBackend},
};

/// The top module.
pub(super) const DESIGN: &str = "capdesc_axis";
/// The simulator and its version.
pub(super) const SIMULATOR: &str = env!("NANOGATE_VERILATOR");

/// The register that takes a copy of all counters, and where the copies begin.
const CONTROL: u8 = 0x08;
const COUNTERS: u8 = 0x40;

/// A simulated design.
pub(super) struct Fpga {
    sim: Sim,
    facts: SimFacts,
    upset: Option<usize>,
}

impl Fpga {
    pub(super) fn open(lanes: u8, build: FpgaBuild) -> Result<Self, OpenError> {
        let sim = open(lanes, build)?;
        let found = timing::reports(usize::from(lanes));
        let facts = SimFacts {
            design: DESIGN.into(),
            lanes: usize::from(lanes),
            rtl_sha256: timing::RTL_SHA256.into(),
            simulator: SIMULATOR.into(),
            build: build.name().into(),
            timing_absent: found.is_empty().then(|| timing::absent(usize::from(lanes))),
            timing: found,
        };
        Ok(Self { sim, facts, upset: None })
    }

    fn counter(&mut self, index: u8) -> Result<u64, SubmitError> {
        let low = self.sim.read_register(COUNTERS + 8 * index)?;
        let high = self.sim.read_register(COUNTERS + 8 * index + 4)?;
        Ok(u64::from(high) << 32 | u64::from(low))
    }
}

fn open(lanes: u8, build: FpgaBuild) -> Result<Sim, OpenError> {
    let model = model::find(lanes, build)?;
    Sim::new(model).ok_or_else(|| OpenError::Device("no memory for the simulated design".into()))
}

impl Backend for Fpga {
    type Native = SimElapsed;

    fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<SimElapsed, SubmitError> {
        self.observe(batch, out, Pacing::EAGER).map(|(elapsed, _)| elapsed)
    }
}

impl SimulatedBackend for Fpga {
    fn facts(&self) -> &SimFacts {
        &self.facts
    }

    fn observe(
        &mut self,
        batch: Batch<'_>,
        out: &mut [u8],
        pacing: Pacing,
    ) -> Result<(SimElapsed, Observation), SubmitError> {
        let mut seen = Observation::NONE;
        let elapsed = self.sim.stream(batch, out, pacing, self.upset, &mut seen)?;
        Ok((elapsed, seen))
    }

    fn counters(&mut self) -> Result<Counters, SubmitError> {
        self.sim.write_register(CONTROL, 1)?;
        let mut counter = |index| self.counter(index);
        Ok(Counters {
            accepted: counter(0)?,
            emitted: counter(1)?,
            source_stalled: counter(2)?,
            sink_stalled: counter(3)?,
            faults: [counter(4)?, counter(5)?, counter(6)?, counter(7)?],
            decisions: [counter(8)?, counter(9)?, counter(10)?, counter(11)?],
        })
    }

    fn plant_upset(&mut self, index: usize) {
        self.upset = Some(index);
    }

    /// In a checked design of its own, which begins with a reset.
    fn trace(&mut self, batch: Batch<'_>, out: &mut [u8], file: &Path) -> Result<(), SubmitError> {
        let lanes = self.facts.lanes as u8;
        let mut traced = open(lanes, FpgaBuild::Checked)
            .map_err(|error| SubmitError::Device(error.to_string()))?;
        traced.trace_open(file)?;
        let done =
            traced.stream(batch, out, Pacing::EAGER, self.upset, &mut Observation::NONE.clone());
        traced.trace_close();
        done.map(|_| ())
    }
}
