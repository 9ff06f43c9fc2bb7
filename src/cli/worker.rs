//! `nanogate worker`: one side of a comparison, in lock step with another.
//!
//! It verifies, says that it is ready, and then takes one reading for each line that it is sent;
//! between them it blocks, so that the other side has the core for itself. Readings are T(n), not
//! T(2n) - T(n): a constant cost is in both sides, and a difference of two readings has the noise
//! of both.

use std::{
    fmt, fs,
    io::{self, BufRead as _},
    path::{Path, PathBuf},
    str::FromStr,
};

use super::{Exit, Failure, output};
use crate::{
    backend::{Batch, HostBackend, OpenOptions, Opened, ProbeContext, SubmitError},
    clock::HostNanos,
    descriptor::Record,
    host::{
        layout::Layout,
        timer::{Calibration, Timer},
    },
    measure::{
        device::{EndToEnd, Shared},
        inputs::{Pool, Rotation},
        latency,
    },
    op::Op,
    registry,
    stats::latency::{Histogram, PERCENTILES},
    verify::{Divergence, PAINT, first_divergence},
};

/// Said when it may be sent requests.
pub(super) const READY: &str = "ready";

/// Said when all that was measured is verified.
pub(super) const VERIFIED: &str = "verified";

/// Said of a percentile that the samples do not bear.
pub(super) const ABSENT: &str = "-";

/// Version of what is said on standard input and output. Two programs must agree on it.
pub(super) const PROTOCOL: u32 = 1;

/// Part of a reading that is run unmeasured before it: the other side had the caches.
const SETTLE_PART: u64 = 4;

/// Arguments of `nanogate worker`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Backend to measure
    #[arg(long, value_name = "ID")]
    backend: String,
    /// Records per batch
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64 << 20))]
    batch: u32,
    /// File with raw records, a whole number of batches
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Seed of the layouts
    #[arg(long, value_name = "S")]
    layout_seed: u64,
    /// Number of the launch: which of the layouts it has
    #[arg(long, value_name = "N")]
    launch: u32,
    /// The clock of the process that started this one, such as tsc:2649998765.25
    #[arg(long, value_name = "CLOCK")]
    timer: Calibration,
}

/// What a worker is sent, one a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Take a reading, and say how many picoseconds it took.
    Read {
        /// Batches.
        repetitions: u64,
        /// Extra records, in parts per million of those.
        extra_ppm: u32,
    },
    /// Read so many batches one by one, keep their times, and say how many picoseconds all took.
    Sample {
        /// Batches.
        count: u64,
    },
    /// Say the percentiles of all samples, in nanoseconds.
    Percentiles,
    /// Verify what was measured, and end.
    End,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { repetitions, extra_ppm } => write!(f, "read {repetitions} {extra_ppm}"),
            Self::Sample { count } => write!(f, "sample {count}"),
            Self::Percentiles => f.write_str("percentiles"),
            Self::End => f.write_str("end"),
        }
    }
}

impl FromStr for Request {
    type Err = Failure;

    fn from_str(line: &str) -> Result<Self, Failure> {
        let refused = || {
            let message = format!(
                "standard input: `{line}` is none of `read N PPM`, `sample N`, `percentiles`, `end`"
            );
            Failure::usage(message)
        };
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["end"] => Ok(Self::End),
            ["percentiles"] => Ok(Self::Percentiles),
            ["sample", count] => Ok(Self::Sample { count: count.parse().map_err(|_| refused())? }),
            ["read", repetitions, extra_ppm] => Ok(Self::Read {
                repetitions: repetitions.parse().map_err(|_| refused())?,
                extra_ppm: extra_ppm.parse().map_err(|_| refused())?,
            }),
            _ => Err(refused()),
        }
    }
}

/// Extra records that are owed: what is no whole record is kept for the next reading.
#[derive(Debug, Default)]
struct Extra {
    millionths: u64,
}

impl Extra {
    /// Records to add to so many.
    fn of(&mut self, records: u64, ppm: u32) -> u64 {
        self.millionths += records * u64::from(ppm);
        let whole = self.millionths / 1_000_000;
        self.millionths %= 1_000_000;
        whole
    }
}

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let layout = Layout::draw(arguments.layout_seed, arguments.launch);
    layout.with_stack(|| work(arguments, context, layout.buffer_offset_bytes))
}

fn work(arguments: &Arguments, context: &ProbeContext, offset: usize) -> Result<Exit, Failure> {
    let batch_len = arguments.batch as usize;
    let entry = registry::find(&arguments.backend)
        .map_err(|error| Failure::usage(format!("--backend: {error}")))?;
    let options = OpenOptions { op: Op::Decide, batch_len_max: batch_len };
    let mut opened = registry::open(entry, context, options)
        .map_err(|error| Failure::new(Exit::Unfit, format!("--backend {}: {error}", entry.id)))?;
    let pool = pool(&arguments.input, batch_len, offset)?;
    let mut rotation =
        pool.rotation(batch_len, pool.len() / batch_len, 0).map_err(Failure::internal)?;
    golden(rotation.verify(&mut opened).map_err(Failure::internal)?.as_ref())?;
    let mut backend = match opened {
        Opened::Host(backend) => backend,
        Opened::Device(device) => Box::new(EndToEnd(Shared::new(device))),
        Opened::Simulated(_) => {
            return Err(Failure::usage(format!("--backend {}: takes no host time", entry.id)));
        }
    };
    let timer = Timer::inherit(&arguments.timer)
        .map_err(|error| Failure::new(Exit::Unfit, format!("--timer: {error}")))?;
    let scratch = vec![PAINT; rotation.first().output_bytes()];
    let (extra, most) = (Extra::default(), 0);
    Side { backend: &mut *backend, rotation, timer, samples: None, scratch, extra, most }.serve()
}

/// The records of a file, with what is golden for them.
fn pool(path: &Path, batch_len: usize, offset: usize) -> Result<Pool, Failure> {
    let refused =
        |error: &dyn fmt::Display| Failure::usage(format!("--input {}: {error}", path.display()));
    let bytes = fs::read(path).map_err(|error| refused(&error))?;
    let records = Record::view(&bytes).map_err(|error| refused(&error))?;
    if records.is_empty() || !records.len().is_multiple_of(batch_len) {
        let message = format!("{} records are no whole batches of {batch_len}", records.len());
        return Err(refused(&message));
    }
    Pool::new_at(Op::Decide, records.iter().copied(), records.len(), offset)
        .map_err(Failure::internal)
}

fn golden(divergence: Option<&Divergence>) -> Result<(), Failure> {
    divergence.map_or(Ok(()), |divergence| {
        Err(Failure::new(Exit::WrongResults, format!("wrong results: {divergence}")))
    })
}

/// A backend with its input, ready to be read.
struct Side<'a> {
    backend: &'a mut HostBackend,
    rotation: Rotation<'a>,
    timer: Timer,
    /// Times of batches that were read one by one.
    samples: Option<Histogram<HostNanos>>,
    /// Where the verdicts on extra records go, and the most of them that there were in a batch.
    scratch: Vec<u8>,
    extra: Extra,
    most: usize,
}

impl<'a> Side<'a> {
    fn serve(mut self) -> Result<Exit, Failure> {
        output::print(READY)?;
        let mut line = String::new();
        loop {
            line.clear();
            if io::stdin().lock().read_line(&mut line)? == 0 {
                return Err(Failure::internal("standard input ended without `end`"));
            }
            match line.trim().parse()? {
                Request::Read { repetitions, extra_ppm } => {
                    let time = self.read(repetitions, extra_ppm).map_err(Failure::internal)?;
                    output::print(&time.to_string())?;
                }
                Request::Sample { count } => {
                    let time = self.sample(count)?;
                    output::print(&time.to_string())?;
                }
                Request::Percentiles => output::print(&self.percentiles())?,
                Request::End => break,
            }
        }
        golden(self.rotation.verify_measured().as_ref())?;
        golden(self.divergence_of_extra().as_ref())?;
        output::print(VERIFIED)?;
        Ok(Exit::Pass)
    }

    /// Picoseconds of so many batches and the extra records among them.
    fn read(&mut self, repetitions: u64, extra_ppm: u32) -> Result<u64, SubmitError> {
        self.rotation.submit(self.backend, repetitions.div_ceil(SETTLE_PART))?;
        let records = repetitions * self.rotation.batch_len() as u64;
        let extra = self.extra.of(records, extra_ppm);
        let start = self.timer.start();
        self.rotation.submit(self.backend, repetitions)?;
        self.submit_extra(extra)?;
        let time: HostNanos = self.timer.between(start, self.timer.end());
        Ok(time.picos())
    }

    /// Reads so many batches one by one. Picoseconds of all of them.
    fn sample(&mut self, count: u64) -> Result<u64, Failure> {
        let Self { backend, rotation, timer, samples, .. } = self;
        rotation.submit(&mut **backend, count.div_ceil(SETTLE_PART)).map_err(Failure::internal)?;
        // Made when it is first needed: it is larger than all else that a worker has.
        let samples = match samples {
            Some(samples) => samples,
            none => none.insert(Histogram::new().map_err(Failure::internal)?),
        };
        let mut picos = 0;
        let keep = |time: HostNanos| {
            samples.record(time);
            picos += time.picos();
        };
        latency::sample(timer, &mut **backend, rotation, count, keep).map_err(Failure::internal)?;
        Ok(picos)
    }

    /// Nanoseconds of each percentile, in the order of [`PERCENTILES`].
    fn percentiles(&self) -> String {
        let one = |(_, quantile): (&str, f64)| {
            let nanos = self.samples.as_ref().and_then(|all| all.quantile_ns(quantile).ok());
            nanos.map_or(ABSENT.to_owned(), |nanos| nanos.to_string())
        };
        PERCENTILES.map(one).join(" ")
    }

    /// Submits so many records more, of a batch that is in the same cache as the others.
    fn submit_extra(&mut self, count: u64) -> Result<(), SubmitError> {
        let mut left = count as usize;
        while left > 0 {
            let batch = self.extra_batch(left);
            self.backend.submit(batch, &mut self.scratch[..batch.output_bytes()])?;
            self.most = self.most.max(batch.len());
            left -= batch.len();
        }
        Ok(())
    }

    fn extra_batch(&self, len: usize) -> Batch<'a> {
        let first = self.rotation.first();
        first.slice(0..len.min(first.len()))
    }

    fn divergence_of_extra(&self) -> Option<Divergence> {
        let batch = self.extra_batch(self.most);
        let output = &self.scratch[..batch.output_bytes()];
        first_divergence(batch, self.rotation.golden_of_first(), output, || "extra work".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests are read as they are written; what is none is shown.
    #[test]
    fn requests_round_trip() {
        let all = [
            Request::Read { repetitions: 64, extra_ppm: 5_000 },
            Request::Sample { count: 1_000 },
            Request::Percentiles,
            Request::End,
        ];
        for request in all {
            assert_eq!(request.to_string().parse::<Request>().unwrap(), request);
        }
        for line in ["", "read", "read 1", "read x 1", "read 1 -1", "sample", "sample -1", "ends"] {
            let failure = line.parse::<Request>().unwrap_err();
            assert!(failure.message().contains(&format!("`{line}`")), "{}", failure.message());
            assert_eq!(failure.exit(), Exit::Usage);
        }
    }

    /// Over many readings exactly the share is added, also where one reading owes less than one.
    #[test]
    fn extra_records_add_up() {
        for (records, ppm) in [(64u64, 5_000u32), (16_384, 5_003), (1, 1), (1_000, 2_000_000)] {
            let mut extra = Extra::default();
            let added: Vec<u64> = (0..1_000).map(|_| extra.of(records, ppm)).collect();
            let owed = 1_000 * records * u64::from(ppm) / 1_000_000;
            assert_eq!(added.iter().sum::<u64>(), owed);
            let (least, most) = (added.iter().min().unwrap(), added.iter().max().unwrap());
            assert!(most - least <= 1, "{records} {ppm}");
        }
    }
}
