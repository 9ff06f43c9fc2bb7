//! Numbers for people: as many digits as mean something. Machines get all of them.

/// A whole number as it is, anything else with four significant digits.
pub(super) fn short(value: f64) -> String {
    if value.fract() == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor() as i32;
    let places = (3 - magnitude).clamp(0, 12) as usize;
    format!("{value:.places$}")
}

/// How much larger than 1 a ratio is, percent, with its sign.
pub(super) fn percent(ratio: f64) -> String {
    format!("{:+.2} %", 100.0 * (ratio - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts stay exact at every size; times keep four digits.
    #[test]
    fn digits_follow_the_size() {
        let shown = [262_149.0, 0.0, 23.336_336, 0.409_31, 51_347.4, -1.5].map(short);
        assert_eq!(shown, ["262149", "0", "23.34", "0.4093", "51347", "-1.500"]);
        assert_eq!([1.042, 1.0, 0.5].map(percent), ["+4.20 %", "+0.00 %", "-50.00 %"]);
    }
}
