//! The backends that a run measures, open, and the roof among them.

use super::plan::Plan;
use crate::{
    backend::{BackendEntry, HostBackend, OpenOptions, Opened},
    cli::{Exit, Failure},
    registry,
};

/// A backend, or the roof, open once for each thread.
pub(super) struct Lineup {
    pub(super) entry: &'static BackendEntry,
    pub(super) opened: Vec<Opened>,
}

impl Lineup {
    /// For each thread count the roof and then each backend of the plan.
    pub(super) fn all(plan: &Plan) -> Result<Vec<Self>, Failure> {
        let batch_len_max = plan.batch_lens.iter().copied().max().unwrap_or(1);
        let options = OpenOptions { op: plan.op, batch_len_max };
        let mut all = Vec::new();
        for &threads in &plan.thread_counts {
            for &entry in std::iter::once(&registry::ROOF).chain(&plan.backends) {
                let open = |_| {
                    registry::open(entry, &plan.context, options).map_err(|error| {
                        Failure::new(Exit::Unfit, format!("{}: {error}", entry.id))
                    })
                };
                let opened = (0..threads).map(open).collect::<Result<_, _>>()?;
                all.push(Self { entry, opened });
            }
        }
        Ok(all)
    }

    pub(super) fn threads(&self) -> usize {
        self.opened.len()
    }

    pub(super) fn is_roof(&self) -> bool {
        self.entry.id == registry::ROOF.id
    }

    /// Whether this is `id` on so many threads.
    pub(super) fn is(&self, id: &str, threads: usize) -> bool {
        self.entry.id == id && self.threads() == threads
    }

    /// The backends as the host loops take them. Other clocks need methods of their own.
    pub(super) fn host_backends(&mut self) -> Result<Vec<&mut HostBackend>, Failure> {
        let id = self.entry.id;
        let host = |opened| match opened {
            &mut Opened::Host(ref mut backend) => Ok(backend.as_mut()),
            Opened::Device(_) | Opened::Simulated(_) => {
                let message = format!("{id}: only host backends can be measured yet");
                Err(Failure::new(Exit::Unfit, message))
            }
        };
        self.opened.iter_mut().map(host).collect()
    }
}
