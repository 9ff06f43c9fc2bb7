//! Numbers as people read them on a page: separated thousands, and units that fit.

use crate::export::number::short;

/// A count with separated thousands.
pub(super) fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// Four significant digits, with separated thousands.
pub(super) fn figure(value: f64) -> String {
    if value.abs() >= 1e3 { grouped(&format!("{value:.0}")) } else { short(value) }
}

/// A value with its interval.
pub(super) fn ranged(value: f64, low: f64, high: f64) -> String {
    format!("{} ({} to {})", figure(value), figure(low), figure(high))
}

/// Nanoseconds in the unit that people would use.
pub(super) fn time(nanos: f64) -> String {
    scaled(nanos, [(1e9, " s"), (1e6, " ms"), (1e3, " µs")], " ns")
}

/// So many in a second, in the unit that people would use.
pub(super) fn rate(per_s: f64, of: &str) -> String {
    format!("{}{of}/s", scaled(per_s, [(1e9, " G "), (1e6, " M "), (1e3, " k ")], " "))
}

/// Bytes in the unit that people would use.
pub(super) fn bytes(count: u64) -> String {
    let size = |shift: u32| (1u64 << shift) as f64;
    scaled(count as f64, [(size(30), " GiB"), (size(20), " MiB"), (size(10), " KiB")], " bytes")
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// So many records.
pub(super) fn records(batch_len: usize) -> String {
    if batch_len == 1 { "1 record".into() } else { format!("{} records", count(batch_len as u64)) }
}

fn scaled(value: f64, units: [(f64, &str); 3], one: &str) -> String {
    let (size, unit) = units.into_iter().find(|(size, _)| value >= *size).unwrap_or((1.0, one));
    format!("{}{unit}", figure(value / size))
}

/// A whole number with a comma before each three digits.
fn grouped(number: &str) -> String {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let separated = |(index, digit): (usize, char)| {
        let comma = index > 0 && (digits.len() - index).is_multiple_of(3);
        [comma.then_some(','), Some(digit)]
    };
    let digits: String = digits.chars().enumerate().flat_map(separated).flatten().collect();
    format!("{sign}{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thousands are separated, also below zero, and never before the first digit.
    #[test]
    fn thousands_are_separated() {
        assert_eq!([0, 999, 1_000, 1_048_576].map(count), ["0", "999", "1,000", "1,048,576"]);
        assert_eq!([0.409_31, 51_347.4, -1_234.0].map(figure), ["0.4093", "51,347", "-1,234"]);
        assert_eq!([1, 4_096].map(records), ["1 record", "4,096 records"]);
    }

    /// Units fit the size.
    #[test]
    fn units_fit_the_size() {
        assert_eq!([20.0, 1_402_000.0, 2e9].map(time), ["20 ns", "1.402 ms", "2 s"]);
        assert_eq!(rate(2.5e9, "records"), "2.500 G records/s");
        assert_eq!(rate(25.0, "requests"), "25 requests/s");
        assert_eq!([512, 32_768, 1 << 30].map(bytes), ["512 bytes", "32 KiB", "1 GiB"]);
    }
}
