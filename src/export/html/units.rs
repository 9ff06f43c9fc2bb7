//! Numbers as people read them on a page: separated thousands, and units that fit.

use crate::{export::number::short, report::table::grouped};

/// A count with separated thousands.
pub(super) fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// Four significant digits, zeros at the end included, with separated thousands.
pub(super) fn figure(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let places = |value: f64| (3.0 - value.abs().log10().floor()).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.0$}", places(value));
    // What is rounded up to the next power of ten has one digit more.
    let text = text.parse().map_or(text, |rounded: f64| format!("{value:.0$}", places(rounded)));
    match text.split_once('.') {
        Some(_) => text,
        None => grouped(&text),
    }
}

/// A value with its interval.
pub(super) fn ranged(value: f64, low: f64, high: f64) -> String {
    format!("{} ({} to {})", figure(value), figure(low), figure(high))
}

/// Nanoseconds in the unit that people would use.
pub(super) fn time(nanos: f64) -> String {
    scaled(nanos, [(1e9, " s"), (1e6, " ms"), (1e3, " µs")], " ns", figure)
}

/// So many in a second, in the unit that people would use.
pub(super) fn rate(per_s: f64, of: &str) -> String {
    let units = [(1e9, " G "), (1e6, " M "), (1e3, " k ")];
    format!("{}{of}/s", scaled(per_s, units, " ", figure))
}

/// Bytes in the unit that people would use.
pub(super) fn bytes(count: u64) -> String {
    let size = |shift: u32| (1u64 << shift) as f64;
    let units = [(size(30), " GiB"), (size(20), " MiB"), (size(10), " KiB")];
    scaled(count as f64, units, " bytes", short)
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// So many records.
pub(super) fn records(batch_len: usize) -> String {
    if batch_len == 1 { "1 record".into() } else { format!("{} records", count(batch_len as u64)) }
}

fn scaled(value: f64, units: [(f64, &str); 3], one: &str, shown: impl Fn(f64) -> String) -> String {
    let (size, unit) = units.into_iter().find(|(size, _)| value >= *size).unwrap_or((1.0, one));
    format!("{}{unit}", shown(value / size))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thousands are separated, also below zero, and never before the first digit.
    #[test]
    fn thousands_are_separated() {
        assert_eq!([0, 999, 1_000, 1_048_576].map(count), ["0", "999", "1,000", "1,048,576"]);
        assert_eq!([0.409_31, 51_347.4, -1_234.0].map(figure), ["0.4093", "51,347", "-1,234"]);
        assert_eq!([2.0, 0.999_96, 999.96, 0.0].map(figure), ["2.000", "1.000", "1,000", "0"]);
        assert_eq!([1, 4_096].map(records), ["1 record", "4,096 records"]);
    }

    /// Units fit the size.
    #[test]
    fn units_fit_the_size() {
        assert_eq!([20.0, 1_402_000.0, 2e9].map(time), ["20.00 ns", "1.402 ms", "2.000 s"]);
        assert_eq!(rate(2.5e9, "records"), "2.500 G records/s");
        assert_eq!(rate(25.0, "requests"), "25.00 requests/s");
        assert_eq!([512, 32_768, 1 << 30].map(bytes), ["512 bytes", "32 KiB", "1 GiB"]);
    }
}
