//! Seconds since 1970 as a date, in UTC.

use crate::calendar::{Date, time_of_day};

/// Such as `2026-12-31 23:59`.
pub(super) fn minute(unix_s: i64) -> String {
    let (hour, minute, _) = time_of_day(unix_s);
    format!("{} {hour:02}:{minute:02}", Date::of_unix(unix_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days on either side of leap days and of turns of the year.
    #[test]
    fn dates_are_those_of_the_calendar() {
        for (unix_s, shown) in [
            (0, "1970-01-01 00:00"),
            (951_782_399, "2000-02-28 23:59"),
            (951_782_400, "2000-02-29 00:00"),
            (951_868_800, "2000-03-01 00:00"),
            (1_709_164_800, "2024-02-29 00:00"),
            (1_798_761_599, "2026-12-31 23:59"),
            (4_107_542_400, "2100-03-01 00:00"),
            (-1, "1969-12-31 23:59"),
        ] {
            assert_eq!(minute(unix_s), shown);
        }
    }
}
