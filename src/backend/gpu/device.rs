//! An open device: its queue, and what went wrong on it.

use std::{
    cell::Cell,
    mem,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use thiserror::Error;
use wgpu::{
    Buffer, BufferDescriptor, BufferUsages, CommandEncoder, CommandEncoderDescriptor,
    DeviceDescriptor, ErrorFilter, Features, Limits, PollType, Queue, SubmissionIndex,
};

use super::adapter::Found;
use crate::backend::{OpenError, SubmitError, Unavailable};

/// Longest wait for a submission. A driver that hangs must not hang the program.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// What went wrong on a device.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Trouble {
    /// No memory for a buffer.
    #[error("no device memory for {what}: use shorter batches, or free the device")]
    OutOfMemory { what: &'static str },
    /// The driver refuses a call.
    #[error("{what}: {message}")]
    Refused { what: &'static str, message: String },
    /// The device is gone.
    #[error("the device was lost: {0}")]
    Lost(String),
    /// No answer.
    #[error("no answer within {} s", WAIT_MAX.as_secs())]
    Silent,
}

impl From<Trouble> for SubmitError {
    fn from(trouble: Trouble) -> Self {
        Self::Device(trouble.to_string())
    }
}

impl From<Trouble> for OpenError {
    fn from(trouble: Trouble) -> Self {
        Self::Device(trouble.to_string())
    }
}

/// The first trouble that came by a callback. It stays: nothing is trusted after it.
type Note = Arc<Mutex<Option<Trouble>>>;

fn lock(note: &Note) -> MutexGuard<'_, Option<Trouble>> {
    note.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    /// Whether a panic of this thread is expected, and said as an error.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Calls into wgpu, which panics where a driver reports that the device is lost. `None` if it did.
/// No panic may reach the user, nor its message.
fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_GUARDED.get() {
                before(info);
            }
        }));
    });
    IS_GUARDED.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    IS_GUARDED.set(false);
    result.ok()
}

/// An open device.
pub(super) struct Device {
    pub(super) wgpu: wgpu::Device,
    pub(super) queue: Queue,
    note: Note,
    /// Submissions left before the device is lost on purpose.
    submissions_left: AtomicU64,
}

/// What the kernels need of a device, and what it says that it has.
fn demands(limits: &Limits) -> [(&'static str, u32, u32); 5] {
    let launch_bytes = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
    [
        ("bytes a launch", 1 << 20, u32::try_from(launch_bytes).unwrap_or(u32::MAX)),
        ("threads of a workgroup", super::shader::THREADS, limits.max_compute_workgroup_size_x),
        ("invocations", super::shader::THREADS, limits.max_compute_invocations_per_workgroup),
        ("bytes of shared memory", 16_384, limits.max_compute_workgroup_storage_size),
        ("storage buffers", 3, limits.max_storage_buffers_per_shader_stage),
    ]
}

/// Whether the device can run the kernels at all.
pub(super) fn require(found: &Found) -> Result<(), Unavailable> {
    for (what, needed, has) in demands(&found.wgpu.limits()) {
        if has < needed {
            return Err(Unavailable::DeviceLimit { what, needed, has });
        }
    }
    Ok(())
}

impl Device {
    /// Opens the device with the features that can be used and all that it can do.
    pub(super) fn open(found: &Found) -> Result<Self, Trouble> {
        let wanted = Features::TIMESTAMP_QUERY | Features::SUBGROUP;
        let descriptor = DeviceDescriptor {
            label: Some("nanogate"),
            required_features: found.wgpu.features() & wanted,
            required_limits: found.wgpu.limits(),
            ..DeviceDescriptor::default()
        };
        let refused = |error: wgpu::RequestDeviceError| Trouble::Refused {
            what: "opening the device",
            message: one_line(&error.to_string()),
        };
        let (device, queue) =
            pollster::block_on(found.wgpu.request_device(&descriptor)).map_err(refused)?;
        let note = Note::default();
        let keep = Arc::clone(&note);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            lock(&keep).get_or_insert(trouble("a call", &error));
        }));
        let keep = Arc::clone(&note);
        device.set_device_lost_callback(move |reason, message| {
            let message = one_line(&format!("{reason:?} {message}"));
            lock(&keep).get_or_insert(Trouble::Lost(message));
        });
        Ok(Self { wgpu: device, queue, note, submissions_left: AtomicU64::new(u64::MAX) })
    }

    /// What went wrong since the device was opened.
    pub(super) fn check(&self) -> Result<(), Trouble> {
        lock(&self.note).clone().map_or(Ok(()), Err)
    }

    /// Keeps a trouble, so that every later call fails with it too.
    pub(super) fn keep(&self, trouble: Trouble) -> Trouble {
        lock(&self.note).get_or_insert(trouble).clone()
    }

    /// Makes something, and gives what the driver has to say against it.
    pub(super) fn make<T>(
        &self,
        what: &'static str,
        make: impl FnOnce(&wgpu::Device) -> T,
    ) -> Result<T, Trouble> {
        let filters = [ErrorFilter::Internal, ErrorFilter::OutOfMemory, ErrorFilter::Validation];
        let mut scopes = filters.map(|filter| Some(self.wgpu.push_error_scope(filter)));
        let result = make(&self.wgpu);
        // The last one pushed is the first one popped.
        let pop = |scope: &mut Option<wgpu::ErrorScopeGuard>| {
            scope.take().and_then(|scope| pollster::block_on(scope.pop()))
        };
        let errors = scopes.iter_mut().rev().filter_map(pop).collect::<Vec<_>>();
        match errors.first() {
            Some(error) => Err(trouble(what, error)),
            None => self.check().map(|()| result),
        }
    }

    /// A buffer. One that is made mapped can be written at once.
    pub(super) fn buffer(
        &self,
        what: &'static str,
        size: u64,
        usage: BufferUsages,
    ) -> Result<Buffer, Trouble> {
        let mapped_at_creation = usage.contains(BufferUsages::MAP_WRITE);
        let descriptor = BufferDescriptor { label: Some(what), size, usage, mapped_at_creation };
        self.make(what, |device| device.create_buffer(&descriptor))
    }

    /// An empty list of commands.
    pub(super) fn encoder(&self) -> CommandEncoder {
        self.wgpu.create_command_encoder(&CommandEncoderDescriptor::default())
    }

    /// Destroys the device after so many submissions, to see what becomes of the rest.
    pub(super) fn lose_after(&self, submissions: Option<u64>) {
        self.submissions_left.store(submissions.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Hands commands to the device.
    pub(super) fn submit(&self, encoder: CommandEncoder) -> Result<SubmissionIndex, Trouble> {
        if self.submissions_left.fetch_sub(1, Ordering::Relaxed) == 0 {
            self.wgpu.destroy();
        }
        guarded(|| self.queue.submit([encoder.finish()])).ok_or_else(|| self.lost())
    }

    /// The device is gone. It is never dropped: a driver could hang, or wgpu panic, at that too.
    fn lost(&self) -> Trouble {
        mem::forget((self.wgpu.clone(), self.queue.clone()));
        self.check().err().unwrap_or_else(|| {
            self.keep(Trouble::Lost("the driver gave up in the middle of a call".into()))
        })
    }

    /// Waits until a submission is done and what was to be mapped after it is mapped.
    pub(super) fn wait(&self, index: SubmissionIndex) -> Result<(), Trouble> {
        let poll = PollType::Wait { submission_index: Some(index), timeout: Some(WAIT_MAX) };
        match guarded(|| self.wgpu.poll(poll)) {
            Some(Ok(_)) => self.check(),
            Some(Err(wgpu::PollError::Timeout)) => {
                self.keep(Trouble::Silent);
                Err(self.lost())
            }
            Some(Err(error)) => {
                self.check()?;
                Err(self.keep(Trouble::Lost(one_line(&error.to_string()))))
            }
            None => Err(self.lost()),
        }
    }

    /// What to make of a buffer that is not mapped although it should be.
    pub(super) fn unmapped(&self, error: &wgpu::MapRangeError) -> Trouble {
        self.check().err().unwrap_or_else(|| {
            self.keep(Trouble::Refused { what: "mapping", message: one_line(&error.to_string()) })
        })
    }
}

fn trouble(what: &'static str, error: &wgpu::Error) -> Trouble {
    match error {
        wgpu::Error::OutOfMemory { .. } => Trouble::OutOfMemory { what },
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            Trouble::Refused { what, message: one_line(description) }
        }
    }
}

/// The lines of a driver's message that say something, as one.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A panic within a guarded call is told, and the next panic is not guarded any more.
    #[test]
    fn panics_are_told() {
        assert_eq!(guarded(|| 1), Some(1));
        assert_eq!(guarded(|| -> u8 { panic!("as wgpu does") }), None);
        assert!(!IS_GUARDED.get());
    }

    /// Each error of wgpu becomes one line that names what was made, and a remedy for memory.
    #[test]
    fn errors_are_one_line() {
        let source = || Box::new(std::io::Error::other("source")) as _;
        let memory = trouble("the input", &wgpu::Error::OutOfMemory { source: source() });
        assert_eq!(memory, Trouble::OutOfMemory { what: "the input" });
        assert!(memory.to_string().contains("no device memory for the input: use shorter"));
        let description = "first\n\n  second\n".into();
        let refused = wgpu::Error::Validation { source: source(), description };
        assert_eq!(trouble("a call", &refused).to_string(), "a call: first second");
    }
}
