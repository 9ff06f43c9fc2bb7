//! The compute shader: every variant, every way through the contract of devices, and what becomes
//! of a device that fails. Any adapter will do, a software driver too; without one these tests
//! say so, and fail where CI asks for them.

#![cfg(feature = "gpu")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{fs, path::Path, sync::atomic::AtomicBool, time::Duration};

use nanogate::{
    backend::{
        Batch, DeviceBackend, GpuChoice, HostBackend, OpenError, OpenOptions, Opened, ProbeContext,
        device::{DeviceBound, DeviceType, Mark},
        gpu::{
            self,
            shader::{self, Read, Variant},
        },
    },
    corpus::{Corpus, generate::Generator},
    descriptor::Record,
    host::timer::Timer,
    kernel,
    measure::{
        Bench, Limits, break_even,
        device::{EndToEnd, Placed, Shared},
        inputs::Pool,
    },
    op::Op,
    registry,
    verify::{self, suite::Suite},
};

/// More than two submissions can take, and no whole number of workgroups.
const LONG: usize = 600_001;

fn try_open(batch_len_max: usize, gpu: GpuChoice) -> Result<Box<dyn DeviceBackend>, OpenError> {
    let mut context = ProbeContext::detect().unwrap();
    context.gpu = gpu;
    let options = OpenOptions { op: Op::Decide, batch_len_max };
    match registry::open(&gpu::ENTRY, &context, options)? {
        Opened::Device(opened) => Ok(opened),
        other => panic!("a device is a device, not {other:?}"),
    }
}

fn open(batch_len_max: usize, gpu: GpuChoice) -> Option<Box<dyn DeviceBackend>> {
    match try_open(batch_len_max, gpu) {
        Ok(opened) => Some(opened),
        Err(OpenError::Unavailable(reason)) => {
            assert!(std::env::var_os("CI").is_none(), "CI needs an adapter: {reason}");
            eprintln!("not tested here: {reason}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn records(count: usize) -> Vec<Record> {
    Generator::new(&Corpus::embedded().unwrap(), 7, 500).take(count).collect()
}

fn batch(records: &[Record]) -> Batch<'_> {
    Batch::new(Op::Decide, Record::bytes_of(records)).unwrap()
}

fn golden(records: &[Record]) -> Vec<u8> {
    kernel::run(Op::Decide, Record::bytes_of(records)).unwrap()
}

/// Every variant passes the whole suite. Only those that need subgroups may be refused.
#[test]
fn every_variant_passes_the_suite() {
    let suite = Suite::new(Op::Decide, &Corpus::embedded().unwrap(), 300_001).unwrap();
    for variant in Variant::all() {
        let gpu = GpuChoice { variant: Some(variant.to_string()), ..GpuChoice::default() };
        let opened = match try_open(suite.batch_len_max(), gpu.clone()) {
            Err(OpenError::Device(reason)) if reason.contains("has no subgroups") => {
                eprintln!("{variant} is not tested here: {reason}");
                continue;
            }
            _ => open(suite.batch_len_max(), gpu),
        };
        let Some(opened) = opened else { return };
        assert_eq!(opened.facts().variant, variant.to_string());
        verify::run(&mut Opened::Device(opened), &suite, |_| {})
            .unwrap_or_else(|error| panic!("{variant}: {error}"));
    }
}

/// Every source is valid WGSL.
#[test]
fn sources_are_valid() {
    let variants = Variant::all().map(|variant| (variant.to_string(), variant.source()));
    let reads = Read::ALL.map(|read| (format!("{read:?}"), read.source()));
    for (name, source) in variants.chain(reads) {
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)));
        let (flags, capabilities) =
            (naga::valid::ValidationFlags::all(), naga::valid::Capabilities::SUBGROUP);
        naga::valid::Validator::new(flags, capabilities)
            .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
            .subgroup_operations(naga::valid::SubgroupOperationSet::all())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
}

/// Every file of `shaders/` is part of a source, and the source that runs on the device is one of
/// them, byte for byte.
#[test]
fn what_runs_is_what_lies_in_shaders() {
    let mut sources: Vec<String> = Variant::all().map(Variant::source).collect();
    sources.extend(Read::ALL.map(Read::source));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(sources.iter().any(|source| source.contains(&text)), "{} is dead", path.display());
    }
    let Some(opened) = open(1, GpuChoice::default()) else { return };
    let facts = opened.facts();
    let runs = Variant::all().find(|variant| variant.to_string() == facts.variant).unwrap();
    assert_eq!(facts.shader_sha256, shader::digest(&runs.source()));
    assert!(facts.variants.iter().any(|one| one.name == facts.variant && one.refused.is_none()));
}

/// A batch longer than one submission is golden by every way through the device: at once, stage
/// by stage, in a stream with others, and from where it was placed.
#[test]
fn every_way_is_golden() {
    let Some(mut opened) = open(LONG, GpuChoice::default()) else { return };
    let records = records(LONG);
    let (batch, golden) = (batch(&records), golden(&records));
    let submissions = LONG.div_ceil(opened.facts().piece_records_max);
    assert!(submissions > 2);
    let mut out = vec![verify::PAINT; LONG];
    opened.submit(batch, &mut out).unwrap();
    assert_eq!(out, golden);
    out.fill(verify::PAINT);
    let mut marks = Vec::new();
    opened.submit_staged(batch, &mut out, &mut |mark| marks.push(mark)).unwrap();
    assert_eq!(out, golden);
    assert_eq!(marks, [Mark::Written, Mark::Done, Mark::Decoded].repeat(submissions));
    out.fill(verify::PAINT);
    let ends = [0, 1, 7, 4_000, 4_001, LONG - 300_000, LONG];
    let mut rest = out.as_mut_slice();
    let mut batches = ends.windows(2).map(|ends| {
        let (mine, others) = std::mem::take(&mut rest).split_at_mut(ends[1] - ends[0]);
        rest = others;
        (batch.slice(ends[0]..ends[1]), mine)
    });
    opened.stream(&mut batches).unwrap();
    drop(batches);
    assert_eq!(out, golden);
    // What is placed first is replaced by another length, and then by the same length.
    opened.place(batch.slice(0..100)).unwrap();
    opened.place(batch).unwrap();
    opened.place(batch).unwrap();
    opened.upload(batch).unwrap();
    out.fill(verify::PAINT);
    opened.submit_placed(&mut out).unwrap();
    assert_eq!(out, golden);
}

/// A device with timestamps times the kernel and every bound, and is usable after each.
#[test]
fn bounds_are_timed() {
    let Some(mut opened) = open(LONG, GpuChoice::default()) else { return };
    let records = records(300_000);
    opened.place(batch(&records)).unwrap();
    let has_clock = opened.facts().timestamps.is_some();
    assert_eq!(opened.kernel_placed().unwrap().is_some(), has_clock);
    let bounds = [DeviceBound::Read, DeviceBound::Copy, DeviceBound::LinkUp, DeviceBound::LinkDown];
    for bound in bounds {
        let elapsed = opened.bound(bound).unwrap();
        assert_eq!(elapsed.is_some_and(|elapsed| elapsed.picos() > 0), has_clock, "{bound:?}");
        let mut out = vec![verify::PAINT; records.len()];
        opened.submit(batch(&records), &mut out).unwrap();
        assert_eq!(out, golden(&records), "after {bound:?}");
    }
}

/// Wrong sizes are refused, and so is asking for what was never placed.
#[test]
fn misuse_is_refused() {
    let Some(mut opened) = open(64, GpuChoice::default()) else { return };
    let records = records(2);
    let (one, both) = (batch(&records[..1]), batch(&records));
    assert!(opened.submit_placed(&mut [0]).is_err());
    assert!(opened.kernel_placed().is_err() && opened.bound(DeviceBound::Read).is_err());
    opened.place(one).unwrap();
    let mut out = [0; 3];
    assert!(opened.submit_placed(&mut out).is_err());
    assert!(opened.submit(one, &mut out).is_err());
    assert!(opened.submit_staged(both, &mut out, &mut |_| {}).is_err());
    assert!(opened.stream(&mut std::iter::once((both, out.as_mut_slice()))).is_err());
    let unknown = GpuChoice { variant: Some("magic".into()), ..GpuChoice::default() };
    let error = try_open(1, unknown).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("fold-vec4"), "{error}");
}

/// A device that is destroyed gives an error, and again whenever it is asked, but no panic.
#[test]
fn a_lost_device_is_an_error() {
    for lose_after in [0, 1, 5] {
        let gpu = GpuChoice { lose_after: Some(lose_after), ..GpuChoice::default() };
        let Some(mut opened) = open(1_024, gpu) else { return };
        let records = records(1_000);
        let mut out = vec![0; records.len()];
        for _ in 0..lose_after {
            opened.submit(batch(&records), &mut out).unwrap();
            assert_eq!(out, golden(&records));
        }
        for _ in 0..3 {
            let error = opened.submit(batch(&records), &mut out).unwrap_err().to_string();
            assert!(error.contains("lost"), "{error}");
        }
        assert!(opened.place(batch(&records)).is_err() && opened.upload(batch(&records)).is_err());
    }
}

/// What submitting allocates on the host comes from wgpu's own books: a few blocks for each
/// submission, however many records it has.
#[test]
fn allocations_do_not_grow_with_the_batch() {
    let Some(mut opened) = open(LONG, GpuChoice::default()) else { return };
    let piece_records = opened.facts().piece_records_max;
    let records = records(2 * piece_records);
    let mut out = vec![0; records.len()];
    let mut allocated = |len: usize| {
        let (batch, out) = (batch(&records[..len]), &mut out[..len]);
        // The books grow now and then; the least of several is what a submission takes.
        let mut once = || {
            let info = allocation_counter::measure(|| opened.submit(batch, out).unwrap());
            (info.count_total, info.bytes_total)
        };
        (0..16).map(|_| once()).min().unwrap()
    };
    let (short_count, short_bytes) = allocated(64);
    for submissions in [1, 2] {
        let (count, bytes) = allocated(submissions * piece_records);
        let submissions = submissions as u64;
        assert!(count <= submissions * (short_count + 8), "{short_count} and {count} blocks");
        assert!(bytes <= submissions * (short_bytes + 4_096), "{short_bytes} and {bytes} bytes");
    }
    // A debug build of wgpu keeps five times the books.
    assert!(short_bytes < 65_536, "{short_bytes} bytes");
}

/// A break-even is found or denied from real contests, whose outputs are verified. Also for a
/// driver that imitates a device: a run would not look for it.
#[test]
fn break_evens_are_measured() {
    const LEN_MAX: usize = 1 << 14;
    let Some(opened) = open(LEN_MAX, GpuChoice::default()) else { return };
    let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
    let limits = Limits { budget: Duration::from_millis(5), precision: 0.01 };
    let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
    let pool = Pool::new(Op::Decide, records(2 * LEN_MAX).into_iter(), 2 * LEN_MAX).unwrap();
    let context = ProbeContext::detect().unwrap();
    let options = OpenOptions { op: Op::Decide, batch_len_max: LEN_MAX };
    let best = registry::open(registry::best(&context).unwrap(), &context, options).unwrap();
    let Opened::Host(mut best) = best else { panic!("the best is of the host") };
    let shared = Shared::new(opened);
    let mut placed = Placed(shared.clone());
    let mut end_to_end = EndToEnd(shared.clone());
    let rotations = |len| Ok([pool.rotation(len, 2, 0)?, pool.rotation(len, 2, 0)?]);
    let contestants: [&mut HostBackend; 2] = [&mut *best, &mut end_to_end];
    let found = break_even::measure(bench, contestants, LEN_MAX, rotations, |_, _| ());
    let lens: Vec<usize> = found.unwrap().points.iter().map(|point| point.batch_len).collect();
    assert_eq!((lens[0], lens[lens.len() - 1]), (1, LEN_MAX));
    let rotations = |len| {
        let rotations = [pool.rotation(len, 2, 0)?, pool.rotation(len, 1, 0)?];
        shared.lock().place(rotations[1].first())?;
        Ok(rotations)
    };
    let contestants: [&mut HostBackend; 2] = [&mut *best, &mut placed];
    let found = break_even::measure(bench, contestants, LEN_MAX, rotations, |_, _| ()).unwrap();
    assert!(found.points.iter().all(|point| point.speedup.value.is_finite()), "{found:?}");
    assert!(found.points.is_sorted_by_key(|point| point.batch_len), "{found:?}");
}

/// A driver that imitates a device is told from a device.
#[test]
fn software_is_called_software() {
    let Some(opened) = open(1, GpuChoice::default()) else { return };
    let adapter = &opened.facts().adapter;
    let imitates = adapter.name.contains("llvmpipe") || adapter.name.contains("SwiftShader");
    assert_eq!(adapter.device_type == DeviceType::Software, imitates, "{adapter}");
}
