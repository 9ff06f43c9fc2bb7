//! Which variant is the fastest on this device: each is compiled, checked, and timed.

use super::{
    device::Trouble,
    engine::Engine,
    pipeline::Kernel,
    placed::Placed,
    shader::{Load, Variant},
};
use crate::{
    backend::{
        OpenError,
        device::{Adapter, DeviceType, VariantFacts},
    },
    clock::{Clock as _, DeviceNanos},
    corpus::{Corpus, generate::Generator},
    descriptor::Record,
    kernel,
};

/// Records on which variants are timed: 96 MiB, beyond the last cache of most devices, and few
/// enough for a driver that imitates one to be done soon.
const RECORDS: usize = 1 << 22;
const RECORDS_SOFTWARE: usize = 1 << 15;
/// Records of the generator, repeated until there are as many as wanted.
const RECORDS_DRAWN: usize = 1 << 15;
/// Half of them faulty, in every way.
const FAULTS_PERMILLE: u16 = 500;
const SEED: u64 = 1;
/// Readings of each variant.
const ROUNDS: usize = 7;

/// The variant that runs, and what became of all.
pub(super) struct Picked {
    pub(super) variant: Variant,
    pub(super) kernel: Kernel,
    /// What the kernel takes for a single record, in nanoseconds.
    pub(super) launch_ns: Option<f64>,
    pub(super) all: Vec<VariantFacts>,
}

/// A variant that gives golden verdicts.
struct Candidate {
    variant: Variant,
    kernel: Kernel,
    readings: Vec<DeviceNanos>,
}

/// Input and golden output of the trial.
struct Trial {
    placed: Placed,
    golden: Vec<u8>,
}

/// Tries every variant, or only the one that is wished for.
pub(super) fn pick(
    engine: &mut Engine,
    adapter: &Adapter,
    wish: Option<&str>,
) -> Result<Picked, OpenError> {
    let asked: Vec<Variant> = Variant::all()
        .filter(|variant| wish.is_none_or(|wish| variant.to_string() == wish))
        .collect();
    if asked.is_empty() {
        let known = Variant::all().map(|variant| variant.to_string()).collect::<Vec<_>>();
        let message = format!("--gpu-variant: no such variant; known: {}", known.join(", "));
        return Err(OpenError::Device(message));
    }
    let trial = Trial::new(engine, adapter)?;
    let (mut candidates, mut all) = (Vec::new(), Vec::new());
    for variant in asked {
        match candidate(engine, adapter, &trial, variant)? {
            Ok(candidate) => candidates.push(candidate),
            Err(refused) => all.push(facts(variant, None, Some(refused))),
        }
    }
    for _ in 0..ROUNDS {
        for candidate in &mut candidates {
            let reading = engine.kernel_placed(&candidate.kernel, &trial.placed)?;
            candidate.readings.extend(reading);
        }
    }
    candidates.sort_by_key(|candidate| median(&candidate.readings));
    pick_roof(engine, &trial.placed)?;
    let launch_ns = match candidates.first() {
        Some(fastest) => launch_ns(engine, &fastest.kernel)?,
        None => None,
    };
    let per_record = |candidate: &Candidate| {
        let nanos = median(&candidate.readings)?.in_units();
        Some(nanos / trial.golden.len() as f64)
    };
    let tried = candidates.iter().map(|one| facts(one.variant, per_record(one), None));
    all.splice(0..0, tried);
    match candidates.into_iter().next() {
        Some(Candidate { variant, kernel, .. }) => Ok(Picked { variant, kernel, launch_ns, all }),
        None => Err(OpenError::Device(none_left(&all))),
    }
}

/// What launching costs: the kernel on a single record.
fn launch_ns(engine: &Engine, kernel: &Kernel) -> Result<Option<f64>, Trouble> {
    let placed = engine.room(1)?;
    let mut readings = Vec::new();
    for _ in 0..ROUNDS {
        readings.extend(engine.kernel_placed(kernel, &placed)?);
    }
    Ok(median(&readings).map(DeviceNanos::in_units))
}

/// Puts the fastest way to read first.
fn pick_roof(engine: &mut Engine, placed: &Placed) -> Result<(), Trouble> {
    let mut timed = Vec::new();
    for kernel in std::mem::take(&mut engine.read_kernels) {
        let mut readings = Vec::new();
        for _ in 0..ROUNDS {
            readings.extend(engine.kernel_placed(&kernel, placed)?);
        }
        timed.push((median(&readings), kernel));
    }
    timed.sort_by_key(|(nanos, _)| *nanos);
    engine.read_kernels = timed.into_iter().map(|(_, kernel)| kernel).collect();
    Ok(())
}

fn facts(variant: Variant, per_record_ns: Option<f64>, refused: Option<String>) -> VariantFacts {
    VariantFacts { name: variant.to_string(), per_record_ns, refused }
}

fn none_left(all: &[VariantFacts]) -> String {
    let reason = |one: &VariantFacts| {
        format!("{}: {}", one.name, one.refused.as_deref().unwrap_or_default())
    };
    let reasons = all.iter().map(reason).collect::<Vec<_>>().join("; ");
    format!("no variant of the shader works on this device: {reasons}")
}

/// A variant that compiles and is right, or why it is refused. A device that fails is an error.
fn candidate(
    engine: &Engine,
    adapter: &Adapter,
    trial: &Trial,
    variant: Variant,
) -> Result<Result<Candidate, String>, Trouble> {
    // Four neighbours put their verdicts together.
    if variant.load == Load::Subgroup && adapter.subgroup_size[0] < 4 {
        return Ok(Err("the device has no subgroups of four or more".into()));
    }
    let source = variant.source();
    let compiled = engine.layout.compile(&engine.device, &source, variant.group_records());
    let kernel = match compiled {
        Ok(kernel) => kernel,
        Err(trouble @ Trouble::Refused { .. }) => return Ok(Err(trouble.to_string())),
        Err(trouble) => return Err(trouble),
    };
    engine.forget(&trial.placed)?;
    let mut verdicts = vec![0; trial.golden.len()];
    engine.submit_placed(&kernel, &trial.placed, &mut verdicts)?;
    Ok(match verdicts.iter().zip(&trial.golden).position(|(got, golden)| got != golden) {
        None => Ok(Candidate { variant, kernel, readings: Vec::new() }),
        Some(index) => Err(format!("its verdict on record {index} of the trial is wrong")),
    })
}

impl Trial {
    fn new(engine: &mut Engine, adapter: &Adapter) -> Result<Self, OpenError> {
        let wanted = match adapter.device_type {
            DeviceType::Software => RECORDS_SOFTWARE,
            _ => RECORDS,
        };
        let bug = |error: &dyn std::fmt::Display| OpenError::Device(error.to_string());
        let corpus = Corpus::embedded().map_err(|error| bug(&error))?;
        let drawn: Vec<Record> =
            Generator::new(&corpus, SEED, FAULTS_PERMILLE).take(RECORDS_DRAWN).collect();
        let bytes = Record::bytes_of(&drawn);
        let golden = kernel::run(engine.op, bytes).map_err(|error| bug(&error))?;
        let repeats = wanted / RECORDS_DRAWN;
        let placed = engine.room(wanted)?;
        engine.upload(&bytes.repeat(repeats), Some(&placed))?;
        Ok(Self { placed, golden: golden.repeat(repeats) })
    }
}

/// `None`, without a clock, is less than any time: the order stays as it is.
fn median(readings: &[DeviceNanos]) -> Option<DeviceNanos> {
    let mut sorted = readings.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}
