//! The contract that every backend keeps.
//!
//! A backend maps a batch of input records to output records. It never takes host time: the
//! harness does. Its [`Backend::Native`] type says which clock of its own it has, and fixes the
//! measuring loop that may be used, so that simulated cycles cannot pass for host time:
//!
//! ```
//! use nanogate::{backend::mock, measure::{inputs::Rotation, throughput::Contestant}, op::Op};
//! fn measure(rotation: &mut Rotation<'_>) {
//!     let mut backend = mock::Host::golden(Op::Decide);
//!     let _ = Contestant::new(&mut backend, rotation);
//! }
//! ```
//!
//! ```compile_fail
//! use nanogate::{backend::mock, measure::{inputs::Rotation, throughput::Contestant}, op::Op};
//! fn measure(rotation: &mut Rotation<'_>) {
//!     let mut backend = mock::Simulated::golden(Op::Decide);
//!     let _ = Contestant::new(&mut backend, rotation);
//! }
//! ```

pub mod device;
pub mod fpga;
pub mod gpu;
pub mod mock;
pub mod peer;
mod record;
pub mod reference;
pub mod scalar;
pub mod simd;
pub mod simulated;

use std::{fmt, ops::Range};

use serde::Serialize;
use thiserror::Error;

use device::Adapter;
pub use device::DeviceBackend;
pub use simulated::{SimElapsed, SimulatedBackend};

use crate::{
    host::cpu::{self, Features, UnknownFeature},
    op::Op,
};

/// Whole input records of one operation, in wire layout, at any alignment.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    op: Op,
    bytes: &'a [u8],
    len: usize,
}

/// Bytes that are not whole records of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{bytes} bytes are no whole records of {} bytes", op.input_bytes())]
pub struct RaggedBatch {
    /// The operation.
    pub op: Op,
    /// Bytes given.
    pub bytes: usize,
}

impl<'a> Batch<'a> {
    /// Checks the length once, so that no backend sees a ragged tail.
    pub const fn new(op: Op, bytes: &'a [u8]) -> Result<Self, RaggedBatch> {
        let size = op.input_bytes();
        if bytes.len().is_multiple_of(size) {
            Ok(Self { op, bytes, len: bytes.len() / size })
        } else {
            Err(RaggedBatch { op, bytes: bytes.len() })
        }
    }

    /// The operation.
    #[must_use]
    pub const fn op(&self) -> Op {
        self.op
    }

    /// The input bytes.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Number of records.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no record.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Batches of `len` records each, one after the other. What is left at the end is left out.
    #[inline]
    pub fn chunks(&self, len: usize) -> impl Iterator<Item = Self> + use<'a> {
        let op = self.op;
        self.bytes.chunks_exact(len * op.input_bytes()).map(move |bytes| Self { op, bytes, len })
    }

    /// Batches of at most `len` records each, one after the other, with what is left at the end.
    pub fn pieces(&self, len: usize) -> impl Iterator<Item = Self> + use<'a> {
        let op = self.op;
        let size = op.input_bytes();
        self.bytes.chunks(len * size).map(move |bytes| Self { op, bytes, len: bytes.len() / size })
    }

    /// The records of a range.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let size = self.op.input_bytes();
        let bytes = &self.bytes[range.start * size..range.end * size];
        Self { op: self.op, bytes, len: range.len() }
    }

    /// Bytes that the output must have.
    #[must_use]
    pub const fn output_bytes(&self) -> usize {
        self.len * self.op.output_bytes()
    }

    /// Refuses an output of the wrong size. Every backend calls this first.
    pub const fn check_output(&self, out: &[u8]) -> Result<(), SubmitError> {
        if out.len() == self.output_bytes() {
            Ok(())
        } else {
            Err(SubmitError::OutputSize { expected: self.output_bytes(), got: out.len() })
        }
    }
}

/// Why a batch was not carried out. The output is then unspecified.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The output slice does not fit the batch.
    #[error("the output has {got} bytes, but the batch needs {expected}")]
    OutputSize {
        /// Bytes needed.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// The device gave up.
    #[error("the device failed: {0}")]
    Device(String),
}

/// A way to carry out an operation.
pub trait Backend: Send {
    /// What the backend's own clock says of one batch: `()` where it has none.
    type Native: Copy + fmt::Debug;

    /// Fills `out` and returns when it is visible to the host. Allocates nothing that grows with
    /// the batch.
    fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<Self::Native, SubmitError>;
}

/// A backend without a clock of its own.
pub type HostBackend = dyn Backend<Native = ()>;

/// An open backend. Having one is the proof that it can run here.
pub enum Opened {
    /// Runs on the host.
    Host(Box<HostBackend>),
    /// Runs on a device with memory of its own.
    Device(Box<dyn DeviceBackend>),
    /// Runs in a simulator.
    Simulated(Box<dyn SimulatedBackend>),
}

impl Opened {
    /// Whether a driver imitates the device: it is to be labelled, and never compared as one.
    #[must_use]
    pub fn is_software(&self) -> bool {
        match self {
            Self::Device(device) => device.facts().adapter.is_software(),
            Self::Host(_) | Self::Simulated(_) => false,
        }
    }

    /// Carries out a batch and drops what the backend's own clock says.
    pub fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<(), SubmitError> {
        match self {
            Self::Host(backend) => backend.submit(batch, out),
            Self::Device(backend) => backend.submit(batch, out),
            Self::Simulated(backend) => backend.submit(batch, out).map(|_| ()),
        }
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host(_) => "Opened::Host",
            Self::Device(_) => "Opened::Device",
            Self::Simulated(_) => "Opened::Simulated",
        })
    }
}

/// A backend that is a pure function of the host: whole input records to output records.
struct HostMap<F>(F);

impl<F: FnMut(&[u8], &mut [u8]) + Send> Backend for HostMap<F> {
    type Native = ();

    fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<(), SubmitError> {
        batch.check_output(out)?;
        self.0(batch.bytes(), out);
        Ok(())
    }
}

impl Opened {
    /// A host backend that maps with `function`, which gets lengths that fit each other.
    fn host_map(function: impl FnMut(&[u8], &mut [u8]) + Send + 'static) -> Self {
        Self::Host(Box::new(HostMap(function)))
    }
}

/// What kind of thing does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackendKind {
    /// One processor core, ordinary instructions.
    Cpu,
    /// One processor core, vector instructions.
    Simd,
    /// A graphics processor, or a driver that imitates one.
    Gpu,
    /// Simulated hardware.
    Fpga,
    /// No backend, but what limits them: it gives no verdicts.
    Bound,
    /// Somebody else's checksum on one processor core, to compare with.
    Peer,
}

impl BackendKind {
    /// The name used in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Simd => "simd",
            Self::Gpu => "gpu",
            Self::Fpga => "fpga",
            Self::Bound => "bound",
            Self::Peer => "peer",
        }
    }
}

/// What a probe learned of a backend that can run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capability {
    /// One line for people: the unit, driver or tool that will do the work.
    pub detail: String,
    /// Whether a driver imitates the device on the host's processor.
    pub software: bool,
    /// Devices to choose from, where there is a choice.
    pub adapters: Vec<Adapter>,
    /// Version of the tool that will do the work, where one does.
    pub version: Option<String>,
}

impl Capability {
    /// What has one unit to do its work.
    #[must_use]
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..Self::default() }
    }
}

/// Why a backend cannot run here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// Left out when the program was built.
    #[error("not compiled in: build with `--features {feature}`")]
    NotCompiled {
        /// The Cargo feature.
        feature: &'static str,
    },
    /// Made for another processor architecture.
    #[error("needs a {needs} processor")]
    WrongArch {
        /// The architecture.
        needs: &'static str,
    },
    /// The processor lacks an instruction set.
    #[error("the processor lacks {feature}")]
    CpuFeatureMissing {
        /// The instruction set.
        feature: String,
    },
    /// The processor has the instruction set, but was not to show it.
    #[error("{feature} is hidden by --hide-cpu or NANOGATE_HIDE_CPU")]
    CpuFeatureHidden {
        /// The instruction set.
        feature: String,
    },
    /// No device was found.
    #[error("no adapter: {detail}")]
    NoAdapter {
        /// What the driver says.
        detail: String,
    },
    /// A device is too small.
    #[error("the device has {has} {what}, but {needed} are needed")]
    DeviceLimit {
        /// What there is too little of.
        what: &'static str,
        /// How much is needed.
        needed: u32,
        /// How much there is.
        has: u32,
    },
    /// A tool is not installed.
    #[error("{tool} was not there when this program was built: install it and build again")]
    ToolMissing {
        /// The program's name.
        tool: &'static str,
    },
}

/// Which graphics processor to use, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GpuChoice {
    /// Index or part of the name. The most capable kind of device if not given.
    pub adapter: Option<String>,
    /// Variant of the kernel. The fastest if not given.
    pub variant: Option<String>,
    /// Submissions after which the device is lost on purpose.
    pub lose_after: Option<u64>,
}

impl GpuChoice {
    const ANY: Self = Self { adapter: None, variant: None, lose_after: None };
}

/// Which simulated design to use, and how it was compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FpgaChoice {
    /// Descriptors that one beat holds: one of [`FpgaChoice::LANES`]. The backend's own default if
    /// not given.
    pub lanes: Option<u8>,
    /// How it was compiled.
    pub build: FpgaBuild,
}

impl FpgaChoice {
    const ANY: Self = Self { lanes: None, build: FpgaBuild::Fast };

    /// The numbers of lanes that there are designs for.
    pub const LANES: [u8; 4] = [1, 2, 4, 8];
}

/// How a simulated design was compiled. Both count the same cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FpgaBuild {
    /// For speed: without assertions.
    #[default]
    Fast,
    /// With assertions, and unknown values drawn at random.
    Checked,
}

impl FpgaBuild {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Fast, Self::Checked];

    /// The name used in JSON, tables and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Checked => "checked",
        }
    }
}

/// What every probe and open may know of this machine. Probing is a pure function of it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProbeContext {
    /// What the processor has.
    pub present: Features,
    /// What is hidden from the probes all the same.
    pub hidden: Features,
    /// Which graphics processor is meant.
    pub gpu: GpuChoice,
    /// Which simulated design is meant.
    pub fpga: FpgaChoice,
}

impl ProbeContext {
    /// A processor with these features, none of them hidden.
    #[must_use]
    pub const fn with(present: Features) -> Self {
        let hidden = Features::empty();
        Self { present, hidden, gpu: GpuChoice::ANY, fpga: FpgaChoice::ANY }
    }

    /// This machine, without the features that [`cpu::HIDE_VARIABLE`] hides.
    pub fn detect() -> Result<Self, UnknownFeature> {
        let hidden = std::env::var(cpu::HIDE_VARIABLE).unwrap_or_default();
        Ok(Self::with(Features::detect()).hiding(Features::parse(&hidden)?))
    }

    /// The same, with more features hidden.
    #[must_use]
    pub fn hiding(self, hidden: Features) -> Self {
        Self { hidden: self.hidden | hidden, ..self }
    }

    /// Whether all of `needed` is there and not hidden; else the first feature that is not.
    pub fn require(&self, needed: Features) -> Result<(), Unavailable> {
        let name = |features: Features| features.names().next();
        match (name(needed - self.present), name(needed & self.hidden)) {
            (Some(feature), _) => Err(Unavailable::CpuFeatureMissing { feature }),
            (None, Some(feature)) => Err(Unavailable::CpuFeatureHidden { feature }),
            (None, None) => Ok(()),
        }
    }
}

/// What a backend is opened for.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// The operation.
    pub op: Op,
    /// The longest batch that will be submitted, in records.
    pub batch_len_max: usize,
}

/// Why a backend could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It cannot run here at all.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The device fails, or refuses what it is asked for.
    #[error("{0}")]
    Device(String),
}

/// A line of the registry.
#[derive(Debug)]
pub struct BackendEntry {
    /// Says what runs, such as `simd-avx2`.
    pub id: &'static str,
    /// What kind of thing does the work.
    pub kind: BackendKind,
    /// One line for people.
    pub summary: &'static str,
    /// Cheap, without side effects.
    pub probe: fn(&ProbeContext) -> Result<Capability, Unavailable>,
    /// Compiles and allocates all that `submit` needs.
    pub open: fn(&ProbeContext, OpenOptions) -> Result<Opened, OpenError>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch takes whole records only, and says how large its output is.
    #[test]
    fn batches_hold_whole_records() {
        let bytes = [0; 49];
        assert!(Batch::new(Op::Decide, &bytes).is_err());
        let batch = Batch::new(Op::Decide, &bytes[..48]).unwrap();
        assert_eq!((batch.len(), batch.output_bytes()), (2, 2));
        assert_eq!(batch.chunks(1).map(|one| one.len()).sum::<usize>(), 2);
        assert_eq!(Batch::new(Op::Decide, &[0; 72]).unwrap().pieces(2).last().unwrap().len(), 1);
        assert_eq!(batch.slice(1..2).bytes(), &bytes[24..48]);
        assert!(batch.check_output(&[0; 2]).is_ok());
        assert_eq!(
            batch.check_output(&[0; 3]),
            Err(SubmitError::OutputSize { expected: 2, got: 3 })
        );
    }
}
