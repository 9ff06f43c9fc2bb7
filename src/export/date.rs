//! Dates as formats want them, in UTC.

use crate::calendar::{Date, time_of_day};

/// Seconds since 1970 as `2026-11-25T15:07:41`, in UTC, without saying so: JUnit's way.
pub(super) fn utc(unix_s: u64) -> String {
    let unix_s = unix_s as i64;
    let (hour, minute, second) = time_of_day(unix_s);
    format!("{}T{hour:02}:{minute:02}:{second:02}", Date::of_unix(unix_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days around leap days and turns of centuries, as `date -u` gives them.
    #[test]
    fn dates_are_those_of_the_calendar() {
        for (unix_s, date) in [
            (0, "1970-01-01T00:00:00"),
            (951_782_399, "2000-02-28T23:59:59"),
            (951_782_400, "2000-02-29T00:00:00"),
            (1_709_251_199, "2024-02-29T23:59:59"),
            (1_795_618_226, "2026-11-25T14:50:26"),
            (4_107_542_400, "2100-03-01T00:00:00"),
        ] {
            assert_eq!(utc(unix_s), date);
        }
    }
}
