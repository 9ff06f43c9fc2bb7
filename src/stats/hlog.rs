//! Histogram logs: the text format that `HistogramLogAnalyzer` and its like read.
//!
//! Format 1.3 of HdrHistogram's `HistogramLogWriter`: header comments, a legend, then one line for
//! each interval, its histogram in V2, compressed, base64. Readers expect nanoseconds, so values
//! are those; the record has picoseconds.

use std::{
    io::Write as _,
    time::{Duration, SystemTime},
};

use hdrhistogram::serialization::{
    V2DeflateSerializeError, V2DeflateSerializer,
    interval_log::{IntervalLogWriterBuilder, IntervalLogWriterError},
};
use thiserror::Error;

use super::latency::Histogram;
use crate::clock::Time;

/// First line of every log of ours: how one is told from a file of somebody else.
pub const SIGNATURE: &str = "#[Logged with nanogate";

/// The greatest value of an interval is shown in microseconds: there are three places, and it is
/// for people only.
const NANOS_PER_SHOWN: f64 = 1e3;

/// Names of the columns, as the Java writer gives them.
const LEGEND: &str =
    r#""StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram""#;

/// A log that cannot be made.
#[derive(Debug, Error)]
pub enum HlogError {
    /// The bounds are refused.
    #[error("histogram: {0}")]
    Creation(#[from] hdrhistogram::CreationError),
    /// Writing failed.
    #[error("histogram log: {0}")]
    Write(#[from] std::io::Error),
    /// Serialisation failed.
    #[error("histogram log: {0}")]
    Serialize(#[from] IntervalLogWriterError<V2DeflateSerializeError>),
}

/// What happened in a stretch of time.
#[derive(Clone, Debug)]
pub struct Interval<C: Time> {
    /// When it began, from the beginning of the log.
    pub start: Duration,
    /// How long it lasted.
    pub length: Duration,
    /// Its readings.
    pub histogram: Histogram<C>,
}

/// The text of a log that begins at `began`. `comments` say what was measured, a line each.
pub fn write<C: Time>(
    began: SystemTime,
    comments: &[String],
    intervals: &[Interval<C>],
) -> Result<Vec<u8>, HlogError> {
    let mut text = Vec::new();
    writeln!(text, "{SIGNATURE} {}]", env!("CARGO_PKG_VERSION"))?;
    let mut serializer = V2DeflateSerializer::new();
    let mut builder = IntervalLogWriterBuilder::new();
    builder.add_comment("[Histogram log format version 1.3]");
    for comment in comments {
        builder.add_comment(&format!("[{comment}]"));
    }
    builder.with_start_time(began).with_base_time(began);
    builder.with_max_value_divisor(NANOS_PER_SHOWN);
    builder.begin_log_with(&mut text, &mut serializer)?;
    writeln!(text, "{LEGEND}")?;
    let mut lines = IntervalLogWriterBuilder::new();
    lines.with_max_value_divisor(NANOS_PER_SHOWN);
    for interval in intervals {
        let mut line = Vec::new();
        lines.begin_log_with(&mut line, &mut serializer)?.write_histogram(
            &in_nanos(&interval.histogram)?,
            interval.start,
            interval.length,
            None,
        )?;
        // Each writer repeats its divisor in a comment: only the histogram is wanted.
        let histogram = line.split_inclusive(|&byte| byte == b'\n').next_back();
        text.extend_from_slice(histogram.unwrap_or_default());
    }
    Ok(text)
}

/// The readings in nanoseconds, rounded, at least one each: zero has no place in a log.
fn in_nanos<C: Time>(
    histogram: &Histogram<C>,
) -> Result<hdrhistogram::Histogram<u64>, hdrhistogram::CreationError> {
    let picos = &histogram.picos;
    let high = (picos.high() / 1_000).max(2);
    let mut nanos = hdrhistogram::Histogram::new_with_bounds(1, high, picos.sigfig())?;
    for step in picos.iter_recorded() {
        let value = (picos.median_equivalent(step.value_iterated_to()) + 500) / 1_000;
        nanos.saturating_record_n(value.max(1), step.count_since_last_iteration());
    }
    Ok(nanos)
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use hdrhistogram::serialization::{
        Deserializer,
        interval_log::{IntervalLogIterator, LogEntry},
    };

    use super::*;
    use crate::{backend::mock, clock::HostNanos};

    fn interval(start: u64, nanos: &[u64]) -> Interval<HostNanos> {
        let mut histogram = Histogram::new().unwrap();
        nanos.iter().for_each(|&nanos| histogram.record(mock::host_nanos(nanos)));
        let (start, length) = (Duration::from_secs(start), Duration::from_millis(1_500));
        Interval { start, length, histogram }
    }

    /// A log is read back by the format's own reader: the same intervals, counts and nanoseconds.
    #[test]
    fn logs_round_trip() {
        let intervals = [interval(0, &[5, 70, 70]), interval(2, &[1_000_000])];
        let began = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let log = write(began, &["unit: ns".into()], &intervals).unwrap();
        let entries: Vec<_> = IntervalLogIterator::new(&log).map(Result::unwrap).collect();
        let [LogEntry::StartTime(start), LogEntry::BaseTime(base), rest @ ..] = entries.as_slice()
        else {
            panic!("{entries:?}")
        };
        assert_eq!((start.as_secs(), base.as_secs(), rest.len()), (1_000, 1_000, 2));
        let mut read = rest.iter().map(|entry| {
            let LogEntry::Interval(one) = entry else { panic!("{entry:?}") };
            let bytes = STANDARD.decode(one.encoded_histogram()).unwrap();
            let histogram: hdrhistogram::Histogram<u64> =
                Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
            (one.start_timestamp(), one.duration(), one.max(), histogram)
        });
        let (start, length, max, first) = read.next().unwrap();
        assert_eq!((start, length), (Duration::ZERO, Duration::from_millis(1_500)));
        assert!((max - 0.07).abs() < 1e-9, "70 ns in microseconds, to three places: {max}");
        assert_eq!((first.count_at(5), first.count_at(70), first.len()), (1, 2, 3));
        let (start, _, max, second) = read.next().unwrap();
        assert_eq!((start.as_secs(), second.len()), (2, 1));
        assert!((second.max() as f64 - 1e6).abs() < 1e3 && (max - 1e3).abs() < 1.0, "{max}");
    }

    /// The header is what readers look for, and what we know our own logs by.
    #[test]
    fn headers_are_in_place() {
        let log = write(SystemTime::UNIX_EPOCH, &["unit: ns".into()], &[interval(0, &[1])]);
        let text = String::from_utf8(log.unwrap()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with(SIGNATURE));
        assert_eq!(lines[1..3], ["#[Histogram log format version 1.3]", "#[unit: ns]"]);
        assert_eq!(lines[lines.len() - 2], LEGEND);
        assert!(lines[lines.len() - 1].starts_with("0.000,1.500,0.001,HIST"));
    }
}
