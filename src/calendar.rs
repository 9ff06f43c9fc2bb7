//! Days of the calendar and times of the day, in UTC.

use std::{fmt, str::FromStr};

use serde::Deserialize;
use thiserror::Error;

/// A day. Later days are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Date {
    year: i64,
    month: u8,
    day: u8,
}

/// No day of the calendar.
#[derive(Debug, Error)]
#[error("`{0}` is no date such as 2026-12-31")]
pub struct NoDate(String);

const DAY_S: i64 = 24 * 60 * 60;

impl Date {
    /// The day of a time in seconds since 1970.
    ///
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    #[must_use]
    pub const fn of_unix(unix_s: i64) -> Self {
        // Years begin in March here, so that the leap day is the last, and eras of 400 years have
        // the same number of days. 1970-01-01 is day 719,468 of the calendar.
        let days = unix_s.div_euclid(DAY_S) + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = (of_year - (153 * from_march + 2) / 5 + 1) as u8;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 } as u8;
        let year = era * 400 + year + if month <= 2 { 1 } else { 0 };
        Self { year, month, day }
    }

    const fn days_of_month(&self) -> u8 {
        let is_leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        match self.month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }
}

/// Hour, minute and second of a time in seconds since 1970.
#[must_use]
pub const fn time_of_day(unix_s: i64) -> (i64, i64, i64) {
    let second = unix_s.rem_euclid(DAY_S);
    (second / 3_600, second / 60 % 60, second % 60)
}

impl FromStr for Date {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Self, NoDate> {
        let refused = || NoDate(text.to_owned());
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts.as_slice() else { return Err(refused()) };
        let is_plain = |part: &str, digits| {
            part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !(is_plain(year, 4) && is_plain(month, 2) && is_plain(day, 2)) {
            return Err(refused());
        }
        let date = Self {
            year: year.parse().map_err(|_| refused())?,
            month: month.parse().map_err(|_| refused())?,
            day: day.parse().map_err(|_| refused())?,
        };
        let fits = (1..=12).contains(&date.month) && (1..=date.days_of_month()).contains(&date.day);
        if fits { Ok(date) } else { Err(refused()) }
    }
}

impl TryFrom<String> for Date {
    type Error = NoDate;

    fn try_from(text: String) -> Result<Self, NoDate> {
        text.parse()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days are those that `date -u -d @SECONDS +%F` prints, leap days and ends of years included.
    #[test]
    fn days_match_the_calendar() {
        for (seconds, day) in [
            (-1, "1969-12-31"),
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_735_689_599, "2024-12-31"),
            (1_735_689_600, "2025-01-01"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(Date::of_unix(seconds).to_string(), day);
            assert_eq!(day.parse::<Date>().unwrap(), Date::of_unix(seconds));
        }
    }

    /// The time of a day is that which `date -u` prints, also before 1970.
    #[test]
    fn times_match_the_clock() {
        assert_eq!(time_of_day(0), (0, 0, 0));
        assert_eq!(time_of_day(1_795_618_226), (14, 50, 26));
        assert_eq!(time_of_day(-1), (23, 59, 59));
    }

    /// A day that there is not is refused by name; days are ordered.
    #[test]
    fn impossible_days_are_refused() {
        for text in ["", "2026", "2026-02-29", "2026-13-01", "2026-00-10", "26-01-01", "2026-1-01"]
        {
            assert!(text.parse::<Date>().unwrap_err().to_string().contains(text));
        }
        assert!("2024-02-29".parse::<Date>().is_ok());
        let date = |text: &str| text.parse::<Date>().unwrap();
        assert!(date("2026-09-30") < date("2026-10-01") && date("2025-12-31") < date("2026-01-01"));
    }
}
