//! The simulated hardware: two simulators and two ways to build agree to the cycle, the promises in
//! the header of the design hold, and what was committed about the RTL is about this RTL. Without
//! Verilator or Icarus these tests say so, and fail where CI asks for them.

#![cfg(feature = "fpga")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use nanogate::{
    backend::{
        Batch, FpgaBuild, FpgaChoice, OpenError, OpenOptions, Opened, ProbeContext,
        SimulatedBackend,
        fpga::{self, timing},
        simulated::{CycleCounts, Observation, Pace, Pacing, SimElapsed},
    },
    clock::SimCycles,
    corpus::{Corpus, generate::Generator},
    descriptor::Record,
    kernel,
    op::Op,
    registry,
};

/// Cycles from a beat taken to its verdicts given: what the header of `capdesc_axis` promises.
const LATENCY: u64 = 5;

/// Each pair of paces: nobody waits, idle insertion, backpressure, both.
const PACINGS: [Pacing; 4] = [
    Pacing::EAGER,
    Pacing { source: Pace { permille: 500, seed: 11 }, sink: Pace::ALWAYS },
    Pacing { source: Pace::ALWAYS, sink: Pace { permille: 300, seed: 22 } },
    Pacing { source: Pace { permille: 700, seed: 33 }, sink: Pace { permille: 500, seed: 44 } },
];

fn open(lanes: u8, build: FpgaBuild) -> Option<Box<dyn SimulatedBackend>> {
    let mut context = ProbeContext::detect().unwrap();
    context.fpga = FpgaChoice { lanes: Some(lanes), build };
    let options = OpenOptions { op: Op::Decide, batch_len_max: 1 << 16 };
    match registry::open(&fpga::ENTRY, &context, options) {
        Ok(Opened::Simulated(opened)) => Some(opened),
        Ok(other) => panic!("a simulation is a simulation, not {other:?}"),
        Err(OpenError::Unavailable(reason)) => {
            missing(&reason);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// A tool that is not there is an error in CI.
fn missing(what: &dyn std::fmt::Display) {
    assert!(std::env::var_os("CI").is_none(), "CI needs it: {what}");
    eprintln!("not tested here: {what}");
}

fn records(count: usize) -> Vec<Record> {
    Generator::new(&Corpus::embedded().unwrap(), 7, 500).take(count).collect()
}

/// Lengths around the beats of a design, and long ones.
fn lengths(lanes: usize) -> Vec<usize> {
    let mut lengths = vec![0, 1, 2, lanes - 1, lanes, lanes + 1, 2 * lanes + 1, 63, 64, 65, 1_000];
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}

/// What one simulator makes of a batch.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    verdicts: Vec<u8>,
    elapsed: [u64; 3],
    /// Latency, interval in, interval out, stall runs.
    seen: [Vec<(u64, u64)>; 4],
}

fn simulate(
    design: &mut dyn SimulatedBackend,
    records: &[Record],
    pacing: Pacing,
) -> (SimElapsed, Observation, Outcome) {
    let batch = Batch::new(Op::Decide, Record::bytes_of(records)).unwrap();
    let mut verdicts = vec![0xEE; batch.output_bytes()];
    let (elapsed, seen) = design.observe(batch, &mut verdicts, pacing).unwrap();
    let counts = |counts: &CycleCounts| counts.seen().collect();
    let outcome = Outcome {
        verdicts,
        elapsed: [elapsed.latency, elapsed.total, elapsed.stalled].map(SimCycles::count),
        seen: [&seen.latency, &seen.interval_in, &seen.interval_out, &seen.stall_runs].map(counts),
    };
    (elapsed, seen, outcome)
}

/// Where nobody waits, every beat takes the promised cycles, a beat is taken in each, and the input
/// is never held back: with any number of lanes, and any source.
#[test]
fn latency_is_constant_and_the_interval_is_one() {
    for lanes in FpgaChoice::LANES {
        let Some(mut design) = open(lanes, FpgaBuild::Fast) else { return };
        for length in lengths(usize::from(lanes)).into_iter().filter(|&length| length > 0) {
            let beats = length.div_ceil(usize::from(lanes)) as u64;
            let records = records(length);
            let (elapsed, seen, outcome) = simulate(&mut *design, &records, Pacing::EAGER);
            assert_eq!(outcome.seen[0], [(LATENCY, beats)], "{lanes} lanes, {length} records");
            assert!(outcome.seen[1].iter().all(|&(cycles, _)| cycles == 1), "{:?}", outcome.seen);
            assert_eq!(outcome.elapsed, [LATENCY, LATENCY + beats, 0]);
            assert_eq!((elapsed.latency.count(), seen.beat_count), (LATENCY, beats));
            let (.., idle) = simulate(&mut *design, &records, PACINGS[1]);
            assert_eq!(idle.seen[0], [(LATENCY, beats)], "{lanes} lanes, {length} records, idle");
        }
    }
}

/// Every verdict is golden, and the build with assertions counts the same cycles as the fast one,
/// whatever the paces and the length.
#[test]
fn fast_and_checked_builds_agree() {
    for lanes in FpgaChoice::LANES {
        let Some(mut fast) = open(lanes, FpgaBuild::Fast) else { return };
        let Some(mut checked) = open(lanes, FpgaBuild::Checked) else { return };
        for length in lengths(usize::from(lanes)) {
            let records = records(length);
            let golden = kernel::run(Op::Decide, Record::bytes_of(&records)).unwrap();
            for pacing in PACINGS {
                let (.., one) = simulate(&mut *fast, &records, pacing);
                let (.., other) = simulate(&mut *checked, &records, pacing);
                assert_eq!(one, other, "{lanes} lanes, {length} records, {pacing:?}");
                assert_eq!(one.verdicts, golden, "{lanes} lanes, {length} records, {pacing:?}");
            }
        }
        assert_eq!(fast.counters().unwrap(), checked.counters().unwrap());
    }
}

/// The same stimuli through Icarus Verilog give the same verdicts and the same counts.
#[test]
fn two_simulators_agree() {
    if Command::new("iverilog").arg("-V").output().is_err() {
        return missing(&"iverilog is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("records.hex");
    for lanes in FpgaChoice::LANES {
        let Some(mut design) = open(lanes, FpgaBuild::Fast) else { return };
        let bench = icarus_bench(lanes, folder.path());
        for length in lengths(usize::from(lanes)) {
            let records = records(length);
            fs::write(&file, hex_lines(&records)).unwrap();
            for pacing in PACINGS {
                let (.., verilated) = simulate(&mut *design, &records, pacing);
                let icarus = icarus(&bench, &file, length, pacing);
                assert_eq!(verilated, icarus, "{lanes} lanes, {length} records, {pacing:?}");
            }
        }
    }
}

/// Compiles the test bench for Icarus.
fn icarus_bench(lanes: u8, folder: &Path) -> PathBuf {
    let bench = folder.join(format!("bench{lanes}"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fpga");
    let list = fs::read_to_string(root.join("rtl/capdesc.f")).unwrap();
    let output = Command::new("iverilog")
        .args(["-g2012", "-Wall", "-Wno-timescale", "-s", "capdesc_tb"])
        .arg(format!("-Pcapdesc_tb.LANES={lanes}"))
        .arg("-o")
        .arg(&bench)
        .args(list.lines().map(|name| root.join("rtl").join(name)))
        .arg(root.join("tb/capdesc_tb.sv"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    bench
}

fn hex_lines(records: &[Record]) -> String {
    let line = |record: &Record| {
        let mut bytes = record.as_bytes().to_vec();
        bytes.reverse();
        hex::encode(bytes) + "\n"
    };
    records.iter().map(line).collect()
}

fn icarus(bench: &Path, file: &Path, count: usize, pacing: Pacing) -> Outcome {
    let Pacing { source, sink } = pacing;
    let output = Command::new("vvp")
        .arg("-n")
        .arg(bench)
        .arg(format!("+records={}", file.display()))
        .arg(format!("+count={count}"))
        .arg(format!("+source={}", source.permille))
        .arg(format!("+source_seed={}", source.seed))
        .arg(format!("+sink={}", sink.permille))
        .arg(format!("+sink_seed={}", sink.seed))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let verdicts = hex::decode(lines.next().unwrap()).unwrap_or_else(|_| panic!("{text}"));
    let mut outcome = Outcome { verdicts, elapsed: [0; 3], seen: Default::default() };
    for line in lines {
        let (what, numbers) = line.split_once(' ').unwrap();
        let numbers: Vec<u64> = numbers.split(' ').map(|word| word.parse().unwrap()).collect();
        match what {
            "elapsed" => outcome.elapsed.copy_from_slice(&numbers),
            "seen" => outcome.seen[numbers[0] as usize].push((numbers[1], numbers[2])),
            _ => panic!("{line}"),
        }
    }
    outcome
}

/// An upset through the fault-injection port spoils the verdict that it was meant for, and no
/// other, in each lane, and while the sink is slow too.
#[test]
fn an_upset_spoils_one_verdict() {
    for lanes in FpgaChoice::LANES {
        let Some(mut design) = open(lanes, FpgaBuild::Checked) else { return };
        let records = records(100);
        for pacing in PACINGS {
            let (.., clean) = simulate(&mut *design, &records, pacing);
            for index in [0, 1, 41, 42, 43, 44, 45, 46, 47, 48, 99] {
                let mut struck = open(lanes, FpgaBuild::Checked).unwrap();
                struck.plant_upset(index);
                let (.., spoilt) = simulate(&mut *struck, &records, pacing);
                let differing: Vec<usize> = (0..records.len())
                    .filter(|&i| clean.verdicts[i] != spoilt.verdicts[i])
                    .collect();
                assert_eq!(differing, [index], "{lanes} lanes, {pacing:?}");
                assert_eq!((clean.elapsed, clean.seen.clone()), (spoilt.elapsed, spoilt.seen));
            }
        }
    }
}

/// A waveform is a value change dump with the signals of the design in it.
#[test]
fn waveforms_show_the_design() {
    let Some(mut design) = open(4, FpgaBuild::Fast) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wave.vcd");
    let records = records(9);
    let batch = Batch::new(Op::Decide, Record::bytes_of(&records)).unwrap();
    let mut verdicts = vec![0xEE; 9];
    design.trace(batch, &mut verdicts, &file).unwrap();
    assert_eq!(verdicts, kernel::run(Op::Decide, batch.bytes()).unwrap());
    let text = fs::read_to_string(&file).unwrap();
    for signal in ["$enddefinitions", "capdesc_axis", "s_axis_tdata", "m_axis_tvalid", "u_queue"] {
        assert!(text.contains(signal), "{signal}");
    }
    let error = design.trace(batch, &mut verdicts, &folder.path().join("no/such")).unwrap_err();
    assert!(error.to_string().contains("cannot write"), "{error}");
}

/// Every timing report is about this RTL, and there is one for one and for four lanes on the part
/// that the targets name, over at least five seeds.
#[test]
fn timing_reports_are_of_this_rtl() {
    for (name, text) in timing::REPORTS {
        let report = timing::Report::parse(text).unwrap_or_else(|| panic!("{name}: no report"));
        assert!(report.is_current(), "{name} is of another RTL: run scripts/fpga-timing");
    }
    for lanes in [1, 4] {
        let found = timing::reports(lanes);
        let on_ecp5: Vec<_> = found.iter().filter(|one| one.part.contains("LFE5U-85F")).collect();
        assert_eq!(on_ecp5.len(), 1, "{found:?}");
        assert!(on_ecp5[0].seed_count >= 5, "{:?}", on_ecp5[0]);
        assert!(found.len() >= 2, "a second family: {found:?}");
    }
}
