//! The backends that a run measures, open, and the roofs among them.

use super::{
    plan::{Case, Plan},
    session::Trouble,
};
use crate::{
    backend::{
        BackendEntry, BackendKind, HostBackend, OpenError, OpenOptions, Opened, SimulatedBackend,
        simulated::SimFacts,
    },
    cli::{Exit, Failure, profile::is_of_part},
    measure::device::{EndToEnd, Shared, UploadOnly},
    registry,
    report::record::{ROOF_PER_RECORD, Skipped, UPLOAD_ONLY},
};

/// What a line-up is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// To be measured.
    Contender,
    /// Reads the input: the roof of backends on the host.
    ReadRoof,
    /// Brings the input to the device: the roof of the backend on it.
    UploadRoof,
}

/// A backend, or a roof, open once for each thread, as the host loops take it.
pub(super) struct Lineup {
    pub(super) entry: &'static BackendEntry,
    pub(super) role: Role,
    pub(super) opened: Vec<Opened>,
    /// The device behind it, for the methods that take its work apart.
    pub(super) device: Option<Shared>,
}

/// A simulated design, open once: the host loops never see it.
pub(super) struct Simulator {
    pub(super) entry: &'static BackendEntry,
    /// What it is, with the timing reports that the run goes by.
    pub(super) facts: SimFacts,
    pub(super) backend: Box<dyn SimulatedBackend>,
}

/// All line-ups, and the backends that could not be opened although their probe said yes.
pub(super) struct Lineups {
    pub(super) all: Vec<Lineup>,
    pub(super) simulators: Vec<Simulator>,
    pub(super) failed: Vec<Skipped>,
}

impl Lineups {
    /// For each thread count the roof and then each backend of the plan. A device has one thread,
    /// and so has simulated hardware.
    pub(super) fn open(plan: &Plan) -> Result<Self, Failure> {
        let batch_len_max = plan.batch_lens.iter().copied().max().unwrap_or(1);
        let options = OpenOptions { op: plan.op, batch_len_max };
        let mut lineups = Self { all: Vec::new(), simulators: Vec::new(), failed: Vec::new() };
        for &threads in &plan.thread_counts {
            for &entry in std::iter::once(&registry::ROOF).chain(&plan.backends) {
                if threads > 1 && matches!(entry.kind, BackendKind::Gpu | BackendKind::Fpga) {
                    continue;
                }
                let open = |_| registry::open(entry, &plan.context, options);
                match (0..threads).map(open).collect::<Result<Vec<_>, _>>() {
                    Ok(opened) => lineups.take(entry, opened),
                    // A device that fails leaves the others; what cannot run at all was asked for.
                    Err(error @ OpenError::Unavailable(_)) if plan.is_named(entry.id) => {
                        let message = format!("{}: {error}", entry.id);
                        return Err(Failure::new(Exit::Unfit, message));
                    }
                    Err(error) => lineups.failed.push(skipped(entry.id, &error)),
                }
            }
        }
        if let Some(part) = &plan.timing_report {
            lineups.simulators.iter_mut().for_each(|one| keep_report(&mut one.facts, part));
        }
        if !lineups.has_contenders()
            && lineups.simulators.is_empty()
            && let Some(Skipped { backend, reason }) = lineups.failed.first()
        {
            return Err(Failure::new(Exit::Unfit, format!("{backend}: {reason}")));
        }
        Ok(lineups)
    }

    pub(super) fn take(&mut self, entry: &'static BackendEntry, opened: Vec<Opened>) {
        let mut host = Vec::new();
        for one in opened {
            match one {
                Opened::Host(backend) => host.push(Opened::Host(backend)),
                Opened::Device(device) => {
                    self.all.extend(of_device(entry, &Shared::new(device)));
                }
                Opened::Simulated(backend) => {
                    let facts = backend.facts().clone();
                    self.simulators.push(Simulator { entry, facts, backend });
                }
            }
        }
        if !host.is_empty() {
            let role = if entry.id == registry::ROOF.id { Role::ReadRoof } else { Role::Contender };
            self.all.push(Lineup { entry, role, opened: host, device: None });
        }
    }

    /// Whether there is anything to be measured that takes host time.
    pub(super) fn has_contenders(&self) -> bool {
        !self.all.iter().all(Lineup::is_roof)
    }

    /// Works with every simulated design. One that fails at it is left out from then on.
    pub(super) fn each_simulator(
        &mut self,
        mut work: impl FnMut(&mut Simulator) -> Result<(), Trouble>,
    ) -> Result<(), Failure> {
        let mut index = 0;
        while let Some(one) = self.simulators.get_mut(index) {
            match work(one) {
                Ok(()) => index += 1,
                Err(Trouble::Failure(failure)) => return Err(failure),
                Err(Trouble::Submit(error)) => {
                    self.failed.push(skipped(one.entry.id, &error));
                    self.simulators.remove(index);
                }
            }
        }
        Ok(())
    }

    /// Leaves out the devices: one of them failed. Gives whether there was any.
    pub(super) fn give_up_devices(&mut self, error: &dyn std::fmt::Display) -> bool {
        let devices = self.all.iter().filter(|one| one.is_device());
        let lost: Vec<Skipped> = devices.map(|one| skipped(one.entry.id, error)).collect();
        let any = !lost.is_empty();
        self.failed.extend(lost);
        self.all.retain(|one| one.device.is_none());
        any
    }
}

/// Leaves the timing reports of one part.
fn keep_report(facts: &mut SimFacts, part: &str) {
    facts.timing.retain(|report| is_of_part(&report.report, part));
    if facts.timing.is_empty() && facts.timing_absent.is_none() {
        let lanes = facts.lanes;
        facts.timing_absent = Some(format!("there is no report `{part}` with {lanes} lanes"));
    }
}

fn skipped(backend: &str, reason: &dyn std::fmt::Display) -> Skipped {
    Skipped { backend: backend.into(), reason: reason.to_string() }
}

/// Two line-ups for a device: its roof, and end to end.
fn of_device(entry: &'static BackendEntry, shared: &Shared) -> [Lineup; 2] {
    let with = |role, backend: Box<HostBackend>| Lineup {
        entry,
        role,
        opened: vec![Opened::Host(backend)],
        device: Some(shared.clone()),
    };
    [
        with(Role::UploadRoof, Box::new(UploadOnly(shared.clone()))),
        with(Role::Contender, Box::new(EndToEnd(shared.clone()))),
    ]
}

impl Lineup {
    pub(super) fn threads(&self) -> usize {
        self.opened.len()
    }

    pub(super) fn is_roof(&self) -> bool {
        self.role != Role::Contender
    }

    /// Whether this is a device that is to be measured.
    pub(super) fn is_device(&self) -> bool {
        self.device.is_some() && !self.is_roof()
    }

    /// Whether it is measured in a case.
    pub(super) fn takes_part(&self, case: &Case) -> bool {
        self.device.is_none() || case.suits_devices()
    }

    /// Whether this is a backend of the host that is to be measured.
    pub(super) fn is_of_host(&self) -> bool {
        self.device.is_none() && !self.is_roof()
    }

    /// The metric of what bounds it.
    pub(super) fn roof_metric(&self) -> &'static str {
        if self.device.is_some() { UPLOAD_ONLY } else { ROOF_PER_RECORD }
    }

    /// Whether a driver imitates the device: it is labelled, and never compared as one.
    pub(super) fn is_software(&self) -> bool {
        self.device.as_ref().is_some_and(|device| device.lock().facts().adapter.is_software())
    }

    /// Whether this is the backend `id` on so many threads.
    pub(super) fn is(&self, id: &str, threads: usize) -> bool {
        self.entry.id == id && self.threads() == threads && !self.is_roof()
    }

    /// Whether this is what bounds `other`.
    pub(super) fn is_roof_of(&self, other: &Self) -> bool {
        match self.role {
            Role::Contender => false,
            Role::ReadRoof => other.device.is_none() && self.threads() == other.threads(),
            Role::UploadRoof => other.entry.id == self.entry.id,
        }
    }

    /// The backends as the host loops take them.
    pub(super) fn host_backends(&mut self) -> Result<Vec<&mut HostBackend>, Failure> {
        let id = self.entry.id;
        let host = |opened| match opened {
            &mut Opened::Host(ref mut backend) => Ok(backend.as_mut()),
            Opened::Device(_) | Opened::Simulated(_) => {
                Err(Failure::internal(format!("{id} was not made ready for the host loops")))
            }
        };
        self.opened.iter_mut().map(host).collect()
    }
}
