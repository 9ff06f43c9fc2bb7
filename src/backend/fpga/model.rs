//! The C interface of the simulated design, and all `unsafe` of this backend: `fpga/sim` is the
//! other side, and `fpga/sim/capdesc_sim.h` says the same in C.

#![allow(unsafe_code)]

use std::{
    ffi::{CStr, CString, c_char, c_int},
    path::Path,
    ptr::NonNull,
};

use crate::{
    backend::{
        Batch, FpgaBuild, SubmitError, Unavailable,
        simulated::{Observation, Pace, Pacing, SimElapsed},
    },
    clock::SimCycles,
};

/// A simulation, of which C++ knows what is inside.
#[repr(C)]
struct RawSim {
    opaque: [u8; 0],
}

#[repr(C)]
struct RawPace {
    permille: u32,
    seed: u32,
}

#[repr(C)]
struct RawElapsed {
    latency: u64,
    total: u64,
    stalled: u64,
}

#[repr(C)]
struct RawBatch {
    records: *const u8,
    verdicts: *mut u8,
    record_count: usize,
    source: RawPace,
    sink: RawPace,
    cycles_max: u64,
    upset_index: usize,
}

/// A function table of a model.
#[repr(C)]
pub(super) struct Model {
    lanes: u32,
    is_checked: u32,
    create: unsafe extern "C" fn() -> *mut RawSim,
    destroy: unsafe extern "C" fn(*mut RawSim),
    stream: unsafe extern "C" fn(
        *mut RawSim,
        *const RawBatch,
        *mut RawElapsed,
        *mut Observation,
    ) -> c_int,
    write_register: unsafe extern "C" fn(*mut RawSim, u8, u32, *mut u32) -> c_int,
    read_register: unsafe extern "C" fn(*mut RawSim, u8, *mut u32, *mut u32) -> c_int,
    trace_open: unsafe extern "C" fn(*mut RawSim, *const c_char) -> c_int,
    trace_close: unsafe extern "C" fn(*mut RawSim),
    message: unsafe extern "C" fn(*const RawSim) -> *const c_char,
}

unsafe extern "C" {
    safe static capdesc_x1_fast: Model;
    safe static capdesc_x2_fast: Model;
    safe static capdesc_x4_fast: Model;
    safe static capdesc_x8_fast: Model;
    safe static capdesc_x1_checked: Model;
    safe static capdesc_x2_checked: Model;
    safe static capdesc_x4_checked: Model;
    safe static capdesc_x8_checked: Model;
}

static MODELS: [&Model; 8] = [
    &capdesc_x1_fast,
    &capdesc_x2_fast,
    &capdesc_x4_fast,
    &capdesc_x8_fast,
    &capdesc_x1_checked,
    &capdesc_x2_checked,
    &capdesc_x4_checked,
    &capdesc_x8_checked,
];

/// The model with so many lanes, built that way.
pub(super) fn find(lanes: u8, build: FpgaBuild) -> Result<&'static Model, Unavailable> {
    let is_it = |model: &&&Model| {
        model.lanes == u32::from(lanes) && (model.is_checked != 0) == (build == FpgaBuild::Checked)
    };
    MODELS.iter().find(is_it).copied().ok_or_else(|| Unavailable::NoAdapter {
        detail: format!("no design with {lanes} lanes: 1, 2, 4 or 8"),
    })
}

impl Model {
    pub(super) const fn lanes(&self) -> usize {
        self.lanes as usize
    }
}

const OKAY: c_int = 0;

/// A running simulation.
pub(super) struct Sim {
    model: &'static Model,
    raw: NonNull<RawSim>,
}

// SAFETY: a simulation keeps nothing of the thread that made it, and `&mut self` in every call
// means that only one thread uses it at a time.
unsafe impl Send for Sim {}

impl Sim {
    /// A design after its reset. `None` if there is no memory.
    pub(super) fn new(model: &'static Model) -> Option<Self> {
        // SAFETY: the function has no preconditions.
        let raw = NonNull::new(unsafe { (model.create)() })?;
        Some(Self { model, raw })
    }

    pub(super) const fn lanes(&self) -> usize {
        self.model.lanes()
    }

    /// Streams a batch, whose output has the right size, and adds to what was seen.
    pub(super) fn stream(
        &mut self,
        batch: Batch<'_>,
        out: &mut [u8],
        pacing: Pacing,
        upset: Option<usize>,
        seen: &mut Observation,
    ) -> Result<SimElapsed, SubmitError> {
        batch.check_output(out)?;
        let raw_batch = RawBatch {
            records: batch.bytes().as_ptr(),
            verdicts: out.as_mut_ptr(),
            record_count: batch.len(),
            source: raw_pace(pacing.source),
            sink: raw_pace(pacing.sink),
            cycles_max: cycles_max(batch.len().div_ceil(self.lanes()), pacing),
            upset_index: upset.unwrap_or(usize::MAX),
        };
        let mut elapsed = RawElapsed { latency: 0, total: 0, stalled: 0 };
        // SAFETY: `raw` is a live simulation of this model. `records` has 24 bytes and `verdicts`
        // has one byte for each of `record_count` records, as `Batch` and `check_output` guarantee,
        // and both outlive the call. `Observation` has the layout of `capdesc_observation`.
        let status = unsafe {
            (self.model.stream)(self.raw.as_ptr(), &raw const raw_batch, &raw mut elapsed, seen)
        };
        self.check(status)?;
        Ok(SimElapsed {
            latency: SimCycles::counted(elapsed.latency),
            total: SimCycles::counted(elapsed.total),
            stalled: SimCycles::counted(elapsed.stalled),
        })
    }

    pub(super) fn write_register(&mut self, address: u8, value: u32) -> Result<(), SubmitError> {
        let mut response = 0;
        // SAFETY: `raw` is a live simulation of this model, and `response` outlives the call.
        let status = unsafe {
            (self.model.write_register)(self.raw.as_ptr(), address, value, &raw mut response)
        };
        self.check(status)?;
        answered(address, response)
    }

    pub(super) fn read_register(&mut self, address: u8) -> Result<u32, SubmitError> {
        let (mut value, mut response) = (0, 0);
        // SAFETY: as above, for `value` too.
        let status = unsafe {
            (self.model.read_register)(
                self.raw.as_ptr(),
                address,
                &raw mut value,
                &raw mut response,
            )
        };
        self.check(status)?;
        answered(address, response)?;
        Ok(value)
    }

    /// Writes every signal to `file` from here on.
    pub(super) fn trace_open(&mut self, file: &Path) -> Result<(), SubmitError> {
        let path = file.to_str().and_then(|path| CString::new(path).ok());
        let path = path.ok_or_else(|| {
            SubmitError::Device(format!("{}: the simulator takes no such path", file.display()))
        })?;
        // SAFETY: `raw` is a live simulation of this model, and `path` outlives the call.
        let status = unsafe { (self.model.trace_open)(self.raw.as_ptr(), path.as_ptr()) };
        self.check(status)
    }

    /// Ends what `trace_open` began.
    pub(super) fn trace_close(&mut self) {
        // SAFETY: `raw` is a live simulation of this model.
        unsafe { (self.model.trace_close)(self.raw.as_ptr()) };
    }

    fn check(&self, status: c_int) -> Result<(), SubmitError> {
        if status == OKAY {
            return Ok(());
        }
        // SAFETY: `raw` is a live simulation of this model, whose message is a string that lives
        // until the next call; it is copied here.
        let message = unsafe { CStr::from_ptr((self.model.message)(self.raw.as_ptr())) };
        Err(SubmitError::Device(format!("simulated design: {}", message.to_string_lossy())))
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        // SAFETY: `raw` came from `create` of this model, and is not used again.
        unsafe { (self.model.destroy)(self.raw.as_ptr()) };
    }
}

fn raw_pace(pace: Pace) -> RawPace {
    RawPace { permille: u32::from(pace.permille), seed: pace.seed }
}

/// Cycles after which a design that has not given all verdicts hangs: a hundred times what the
/// slower side takes on average, and never few.
fn cycles_max(beats: usize, pacing: Pacing) -> u64 {
    let slowest = pacing.source.permille.min(pacing.sink.permille).max(1);
    100_000 + 100 * beats as u64 * 1000 / u64::from(slowest)
}

fn answered(address: u8, response: u32) -> Result<(), SubmitError> {
    if response == 0 {
        Ok(())
    } else {
        Err(SubmitError::Device(format!(
            "simulated design: register {address:#04x} answers with error {response}"
        )))
    }
}
