//! `nanogate decide`: verdicts of raw records, from a file or a pipe of any length.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Cursor, IsTerminal as _, Read, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    Exit, Failure, backend_id, backend_ids, choice, output,
    progress::Progress,
    waveform::{VIEWERS, Waveform},
};
use crate::{
    backend::{BackendEntry, BackendKind, Batch, OpenOptions, Opened, ProbeContext},
    corpus::records::{CHUNK_RECORDS_MAX, ReadError, RecordReader},
    descriptor::{Descriptor, RECORD_BYTES, Record},
    op::Op,
    registry,
    verdict::{Decision, Fault, Risk, Verdict},
};

/// Arguments of `nanogate decide`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Reads 24-byte records and prints one JSON line per record. Input may be larger than memory.

Examples:
  nanogate corpus generate --count 1000 --seed 1 --faults 50 --out records.bin
  nanogate decide records.bin
  nanogate decide --summary records.bin
  nanogate decide --backend peer-crc --summary records.bin
  nanogate decide --raw - < records.bin > verdicts.bin
  nanogate decide 544350020002d077f2440000000100640032000a0003f064
  nanogate decide --backend fpga-verilator --trace cat.vcd \
                  544350020002d077f2440000000100640032000a0003f064")]
pub(super) struct Arguments {
    /// Backend that decides; the best one that is available if not given
    #[arg(long, value_name = "ID", hide_possible_values = true,
          value_parser = choice::of(backend_ids(), backend_id))]
    backend: Option<String>,
    /// Write one verdict byte per record
    #[arg(long, conflicts_with = "summary")]
    raw: bool,
    /// Print counts only
    #[arg(long)]
    summary: bool,
    /// Print JSON: the default for records; with --summary, the counts as JSON
    #[arg(long, conflicts_with = "raw")]
    json: bool,
    /// Where the waveform of these records goes, for simulated hardware
    #[arg(long, value_name = "FILE.vcd")]
    trace: Option<PathBuf>,
    /// Records to read; `-` is standard input. Or the records themselves, 48 hexadecimal digits
    /// each
    #[arg(value_name = "FILE|HEX", default_value = "-")]
    input: Vec<PathBuf>,
}

/// Records that are decided on before anyone looks at the clock.
const MANY_RECORDS: u64 = 1 << 20;

/// Most records of one waveform: beyond, no viewer is a pleasure.
const TRACED_MAX: usize = 4_096;

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let entry = entry(arguments.backend.as_deref(), context)?;
    let mut waveform = arguments.trace.as_deref().map(Waveform::new).transpose()?;
    if waveform.is_some() && entry.kind != BackendKind::Fpga {
        let message = "--trace: only simulated hardware has signals; name it with --backend";
        return Err(Failure::usage(message));
    }
    let mut opened = open(entry, context)?;
    let (input, name) = open_input(&arguments.input)?;
    let stdout = io::stdout().lock();
    if arguments.raw && stdout.is_terminal() {
        return Err(Failure::usage("--raw writes binary: send it to a file or a pipe"));
    }
    let mut out = BufWriter::with_capacity(1 << 16, stdout);
    let mut summary = Summary::default();
    let chunk = if waveform.is_some() { TRACED_MAX + 1 } else { CHUNK_RECORDS_MAX };
    let mut reader = RecordReader::with_chunk(input, chunk);
    // A bar among the lines would be in the way.
    let is_quiet = arguments.summary || !io::stdout().is_terminal();
    let all = many_records(&arguments.input).filter(|_| is_quiet);
    let progress = all.map(|all| Progress::new("deciding", all));
    let mut verdicts = vec![0; CHUNK_RECORDS_MAX];
    let ended = loop {
        let records = match reader.next_chunk() {
            Ok(Some(records)) => records,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        let verdicts = &mut verdicts[..records.len()];
        decide(&mut opened, records, verdicts, waveform.take())?;
        if arguments.raw {
            out.write_all(verdicts)?;
        } else if !arguments.summary {
            write_lines(&mut out, summary.records, records, verdicts)?;
        }
        summary.count(verdicts);
        if let (Some(progress), Some(all)) = (&progress, all) {
            progress.at(summary.records, all);
        }
    };
    drop(progress);
    if arguments.summary {
        summary.write(&mut out, arguments.json)?;
    }
    out.flush()?;
    if ended.is_ok() && waveform.is_some() {
        return Err(Failure::usage(format!("{name}: no records, so nothing to trace")));
    }
    ended.map(|()| Exit::Pass).map_err(|error| input_failure(&name, &error))
}

fn entry(backend: Option<&str>, context: &ProbeContext) -> Result<&'static BackendEntry, Failure> {
    match backend {
        Some(id) => registry::find(id).map_err(Failure::usage),
        None => registry::best(context).map_err(|error| Failure::new(Exit::Unfit, error)),
    }
}

fn open(entry: &'static BackendEntry, context: &ProbeContext) -> Result<Opened, Failure> {
    let options = OpenOptions { op: Op::Decide, batch_len_max: CHUNK_RECORDS_MAX };
    registry::open(entry, context, options)
        .map_err(|error| Failure::new(Exit::Unfit, format!("backend {}: {error}", entry.id)))
}

/// The input and what to call it in messages.
fn open_input(paths: &[PathBuf]) -> Result<(Box<dyn Read>, String), Failure> {
    if let Some(bytes) = paths.iter().map(|path| record_given(path)).collect::<Option<Vec<_>>>() {
        return Ok((Box::new(Cursor::new(bytes.concat())), "the command line".into()));
    }
    let [path] = paths else {
        return Err(Failure::usage("give one file, or records of 48 hexadecimal digits each"));
    };
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), "standard input".into()));
    }
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| {
        Failure::usage(format!("cannot read {name}: {error}; give a file of 24-byte records"))
    })?;
    Ok((Box::new(file), name))
}

/// The records of a file, where there are so many that it takes its time.
fn many_records(paths: &[PathBuf]) -> Option<u64> {
    let [path] = paths else { return None };
    let file = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(file.len() / RECORD_BYTES as u64).filter(|records| *records > MANY_RECORDS)
}

/// A record that is given in place of a file.
fn record_given(path: &Path) -> Option<Vec<u8>> {
    let bytes = hex::decode(path.to_str()?).ok()?;
    (bytes.len() == RECORD_BYTES && !path.exists()).then_some(bytes)
}

fn decide(
    opened: &mut Opened,
    records: &[Record],
    verdicts: &mut [u8],
    waveform: Option<Waveform>,
) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Failed, error);
    if let (Some(waveform), Opened::Simulated(simulated)) = (waveform, &mut *opened) {
        if records.len() > TRACED_MAX {
            return Err(Failure::usage(format!("--trace: more than {TRACED_MAX} records")));
        }
        waveform.write(simulated.as_mut(), records, verdicts)?;
        return output::report(&format!("{}: {VIEWERS}", waveform.path().display()), true);
    }
    let batch =
        Batch::new(Op::Decide, Record::bytes_of(records)).map_err(|error| failed(&error))?;
    opened.submit(batch, verdicts).map_err(|error| failed(&error))
}

fn input_failure(name: &str, error: &ReadError) -> Failure {
    match error {
        ReadError::Ragged { whole, rest } => Failure::usage(format!(
            "{name}: ends in the middle of a record: {whole} whole records were handled, \
             {rest} bytes are left over; is the file truncated?"
        )),
        ReadError::Io(error) => Failure::usage(format!("cannot read {name}: {error}")),
    }
}

/// One verdict as a JSON line.
#[derive(Serialize)]
struct Line {
    index: u64,
    command_hash: Option<String>,
    verdict: u8,
    decision: Decision,
    risk: Option<Risk>,
    fault: Option<Fault>,
}

fn write_lines(
    out: &mut impl Write,
    first: u64,
    records: &[Record],
    verdicts: &[u8],
) -> Result<(), Failure> {
    for ((index, record), &byte) in (first..).zip(records).zip(verdicts) {
        let verdict = Verdict::from_byte(byte).ok_or_else(|| {
            let message = format!("record {index}: the backend gave {byte:#04x}, no verdict");
            Failure::new(Exit::WrongResults, message)
        })?;
        let descriptor = Descriptor::from_record(*record).ok();
        let line = Line {
            index,
            command_hash: descriptor.map(|valid| format!("{:08x}", valid.command_hash())),
            verdict: byte,
            decision: verdict.decision(),
            risk: verdict.risk(),
            fault: verdict.fault(),
        };
        serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Counts of verdicts.
#[derive(Default)]
struct Summary {
    records: u64,
    by_byte: std::collections::BTreeMap<u8, u64>,
}

impl Summary {
    fn count(&mut self, verdicts: &[u8]) {
        self.records += verdicts.len() as u64;
        for &byte in verdicts {
            *self.by_byte.entry(byte).or_default() += 1;
        }
    }

    fn write(&self, out: &mut impl Write, json: bool) -> Result<(), Failure> {
        let counts = Verdict::all()
            .map(|verdict| (verdict, self.by_byte.get(&verdict.byte()).copied().unwrap_or(0)));
        if json {
            let name = |verdict: Verdict| match (verdict.fault(), verdict.risk()) {
                (Some(fault), _) => format!("fault-{fault}"),
                (None, Some(risk)) => format!("risk-{risk}"),
                (None, None) => format!("{:#04x}", verdict.byte()),
            };
            let mut object = serde_json::Map::new();
            object.insert("records".into(), self.records.into());
            object.extend(counts.map(|(verdict, count)| (name(verdict), count.into())));
            serde_json::to_writer(&mut *out, &object).map_err(io::Error::from)?;
            return Ok(writeln!(out)?);
        }
        writeln!(out, "{:>12} records", self.records)?;
        for (verdict, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            writeln!(out, "{count:>12} {verdict}")?;
        }
        Ok(())
    }
}
