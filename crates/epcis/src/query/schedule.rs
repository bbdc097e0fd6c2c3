//! When a subscription's query runs (EPCIS 2.0 sections 8.2.5.3 and 12, QuerySchedule), in UTC.
//!
//! Six fields say which seconds are meant; a second is one when it fits all of them. A field that is left out fits
//! everything where a finer one is given, so that `minute: 0` is every hour; and only its first value where all that
//! are given are coarser, so that `hour: 3` is once a day, at 03:00:00, and not 3,600 times.

use std::fmt;

use crate::model::{civil_from_days, days_since_epoch};

/// Longest text of a field: every second of a minute, each by itself, takes 169.
const FIELD_BYTES_MAX: usize = 200;

/// Days after which every combination of date and day of week has come: weeks and leap years repeat every 28 years,
/// and 12 years more where a century without a leap year comes between.
const DAYS_MAX: i64 = 41 * 366;

/// A field of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleField {
    /// 0 to 59.
    Second,
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12.
    Month,
    /// 1 to 7, Monday to Sunday.
    DayOfWeek,
}

impl ScheduleField {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Second, Self::Minute, Self::Hour, Self::DayOfMonth, Self::Month, Self::DayOfWeek];

    /// As EPCIS spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "dayOfMonth",
            Self::Month => "month",
            Self::DayOfWeek => "dayOfWeek",
        }
    }

    const fn range(self) -> (u8, u8) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (1, 7),
        }
    }

    /// 0 for the finest. Both kinds of day are as coarse as each other.
    const fn coarseness(self) -> u8 {
        match self {
            Self::Second => 0,
            Self::Minute => 1,
            Self::Hour => 2,
            Self::DayOfMonth | Self::DayOfWeek => 3,
            Self::Month => 4,
        }
    }
}

/// What is wrong with a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleFault {
    /// In which field; `None`: in all together.
    pub field: Option<ScheduleField>,
    /// What is wrong.
    pub message: String,
}

impl ScheduleFault {
    fn at(field: ScheduleField, message: impl fmt::Display) -> Self {
        Self { field: Some(field), message: message.to_string() }
    }

    fn of_all(message: &str) -> Self {
        Self { field: None, message: message.to_owned() }
    }
}

/// Numbers up to 63.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Numbers(u64);

impl Numbers {
    fn between(low: u8, high: u8) -> Self {
        Self((low..=high).fold(0, |set, number| set | 1 << number))
    }

    fn contains(self, number: i64) -> bool {
        u32::try_from(number)
            .ok()
            .and_then(|number| self.0.checked_shr(number))
            .is_some_and(|set| set & 1 == 1)
    }

    /// The least number from `low` on.
    fn at_least(self, low: i64) -> Option<i64> {
        (low..64).find(|number| self.contains(*number))
    }

    /// Reads `n`, `a,b`, `[a-b]`, and such separated by commas.
    fn parse(field: ScheduleField, text: &str) -> Result<Self, ScheduleFault> {
        let (low, high) = field.range();
        if text.len() > FIELD_BYTES_MAX {
            return Err(ScheduleFault::at(field, format_args!("at most {FIELD_BYTES_MAX} characters")));
        }
        let number = |digits: &str| {
            let plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = digits.parse::<u8>().ok().filter(|number| plain && (low..=high).contains(number));
            number.ok_or_else(|| ScheduleFault::at(field, format_args!("numbers are {low} to {high}")))
        };
        let mut set = 0;
        for part in text.split(',').map(str::trim) {
            let range = part.strip_prefix('[').and_then(|part| part.strip_suffix(']'));
            let (first, last) = match range.map(|range| range.split_once('-')) {
                Some(Some((first, last))) => (number(first.trim())?, number(last.trim())?),
                Some(None) => return Err(ScheduleFault::at(field, "a range is written like [1-5]")),
                None => (number(part)?, number(part)?),
            };
            if first > last {
                return Err(ScheduleFault::at(field, "a range goes upwards"));
            }
            set |= Self::between(first, last).0;
        }
        Ok(Self(set))
    }
}

/// A schedule that comes again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    second: Numbers,
    minute: Numbers,
    hour: Numbers,
    day_of_month: Numbers,
    month: Numbers,
    day_of_week: Numbers,
}

impl Schedule {
    /// Reads the fields that are given, each a name and its text.
    ///
    /// # Errors
    /// [`ScheduleFault`] for each field that cannot be read, or for a schedule without fields or of a date that no year
    /// has, such as 30 February.
    pub fn parse(fields: &[(ScheduleField, &str)]) -> Result<Self, Vec<ScheduleFault>> {
        let Some(finest) = fields.iter().map(|(field, _)| field.coarseness()).min() else {
            return Err(vec![ScheduleFault::of_all("a schedule has at least one field")]);
        };
        let mut faults = Vec::new();
        let mut numbers = |field: ScheduleField| {
            let (low, high) = field.range();
            let left_out = if field.coarseness() < finest && field != ScheduleField::DayOfWeek {
                Numbers::between(low, low)
            } else {
                Numbers::between(low, high)
            };
            let given = fields.iter().find(|(name, _)| *name == field);
            given.map_or(Ok(left_out), |(_, text)| Numbers::parse(field, text)).unwrap_or_else(|fault| {
                faults.push(fault);
                left_out
            })
        };
        let schedule = Self {
            second: numbers(ScheduleField::Second),
            minute: numbers(ScheduleField::Minute),
            hour: numbers(ScheduleField::Hour),
            day_of_month: numbers(ScheduleField::DayOfMonth),
            month: numbers(ScheduleField::Month),
            day_of_week: numbers(ScheduleField::DayOfWeek),
        };
        if faults.is_empty() && !schedule.ever_comes() {
            faults.push(ScheduleFault::at(ScheduleField::DayOfMonth, "none of these months has such a day"));
        }
        if faults.is_empty() { Ok(schedule) } else { Err(faults) }
    }

    fn ever_comes(&self) -> bool {
        // The days of a leap year.
        let date = |month| (1..=31).filter(move |day| days_since_epoch(2000, month, *day).is_some());
        (1..=12)
            .filter(|month| self.month.contains(*month))
            .any(|month| date(month).any(|day| self.day_of_month.contains(day)))
    }

    /// The first moment of the schedule after this one, both in milliseconds since 1970-01-01T00:00:00Z. `None` when it
    /// would come after the year 9999.
    pub fn next_after(&self, unix_millis: i64) -> Option<i64> {
        let from = unix_millis.div_euclid(1_000).checked_add(1)?;
        let (first_day, clock) = (from.div_euclid(86_400), from.rem_euclid(86_400));
        let found = (first_day..=first_day.checked_add(DAYS_MAX)?).find_map(|day| {
            let earliest = if day == first_day { clock } else { 0 };
            let second = if self.is_on(day) { self.second_of_day(earliest) } else { None };
            second.map(|second| day * 86_400 + second)
        })?;
        let year = civil_from_days(found.div_euclid(86_400)).0;
        (year <= 9_999).then(|| found * 1_000)
    }

    /// Whether it comes on this day, counted from 1970-01-01, a Thursday.
    fn is_on(&self, day: i64) -> bool {
        let (_, month, day_of_month) = civil_from_days(day);
        self.month.contains(month)
            && self.day_of_month.contains(day_of_month)
            && self.day_of_week.contains((day + 3).rem_euclid(7) + 1)
    }

    /// The first second of a day from `earliest` on.
    fn second_of_day(&self, earliest: i64) -> Option<i64> {
        let (hour, minute, second) = (earliest / 3_600, earliest / 60 % 60, earliest % 60);
        let time = |hour: i64, minute: i64, second: i64| hour * 3_600 + minute * 60 + second;
        let (first_minute, first_second) = (self.minute.at_least(0)?, self.second.at_least(0)?);
        if self.hour.contains(hour) {
            if self.minute.contains(minute)
                && let Some(second) = self.second.at_least(second)
            {
                return Some(time(hour, minute, second));
            }
            if let Some(minute) = self.minute.at_least(minute + 1) {
                return Some(time(hour, minute, first_second));
            }
        }
        self.hour.at_least(hour + 1).map(|hour| time(hour, first_minute, first_second))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Timestamp;

    fn schedule(fields: &[(&str, &str)]) -> Result<Schedule, Vec<ScheduleFault>> {
        let field = |name: &str| ScheduleField::ALL.into_iter().find(|field| field.name() == name).unwrap();
        let fields: Vec<_> = fields.iter().map(|(name, text)| (field(name), *text)).collect();
        Schedule::parse(&fields)
    }

    fn millis(text: &str) -> i64 {
        Timestamp::parse(text).unwrap().unix_millis()
    }

    #[test]
    fn schedules_and_when_they_come_next() {
        for (fields, after, next) in [
            (&[("second", "0")][..], "2026-11-23T06:00:00.000Z", "2026-11-23T06:01:00Z"),
            (&[("second", "0,30")], "2026-11-23T06:00:00.500Z", "2026-11-23T06:00:30Z"),
            (&[("minute", "0")], "2026-11-23T06:00:00.000Z", "2026-11-23T07:00:00Z"),
            (&[("minute", "[10-12], 50")], "2026-11-23T06:12:00Z", "2026-11-23T06:50:00Z"),
            (&[("hour", "3")], "2026-11-23T06:00:00Z", "2026-11-24T03:00:00Z"),
            (&[("hour", "3"), ("minute", "30")], "2026-11-24T03:00:00Z", "2026-11-24T03:30:00Z"),
            // 2026-11-23 is a Monday.
            (&[("dayOfWeek", "1")], "2026-11-22T12:00:00Z", "2026-11-23T00:00:00Z"),
            (&[("dayOfWeek", "7")], "2026-11-23T00:00:00Z", "2026-11-29T00:00:00Z"),
            (&[("dayOfMonth", "31")], "2026-11-01T00:00:00Z", "2026-12-31T00:00:00Z"),
            (&[("month", "1")], "2026-11-23T06:00:00Z", "2027-01-01T00:00:00Z"),
            (&[("month", "2"), ("dayOfMonth", "29")], "2026-11-23T06:00:00Z", "2028-02-29T00:00:00Z"),
            // A leap day on a Monday, across 2100, which has none.
            (
                &[("month", "2"), ("dayOfMonth", "29"), ("dayOfWeek", "1")],
                "2072-03-01T00:00:00Z",
                "2112-02-29T00:00:00Z",
            ),
            (&[("hour", "0"), ("second", "59")], "2026-11-23T00:59:59Z", "2026-11-24T00:00:59Z"),
        ] {
            let found = schedule(fields).unwrap().next_after(millis(after));
            assert_eq!(found, Some(millis(next)), "{fields:?} after {after}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_its_field() {
        for (fields, place) in [
            (&[][..], None),
            (&[("second", "60")][..], Some("second")),
            (&[("hour", "")], Some("hour")),
            (&[("hour", "-1")], Some("hour")),
            (&[("hour", "+1")], Some("hour")),
            (&[("hour", "001")], Some("hour")),
            (&[("minute", "[5-3]")], Some("minute")),
            (&[("minute", "[5]")], Some("minute")),
            (&[("minute", "5-7")], Some("minute")),
            (&[("minute", "[1-5")], Some("minute")),
            (&[("dayOfWeek", "0")], Some("dayOfWeek")),
            (&[("month", "13")], Some("month")),
            (&[("dayOfMonth", "30"), ("month", "2")], Some("dayOfMonth")),
            (&[("dayOfMonth", "31"), ("month", "4,6,9,11")], Some("dayOfMonth")),
        ] {
            let faults = schedule(fields).unwrap_err();
            assert_eq!(faults[0].field.map(ScheduleField::name), place, "{fields:?}");
        }
        let both = schedule(&[("second", "x"), ("hour", "99")]).unwrap_err();
        assert_eq!(both.len(), 2);
        assert!(schedule(&[("second", &"1,".repeat(200))]).is_err());
    }

    #[test]
    fn the_end_of_time_is_no_moment() {
        let yearly = schedule(&[("month", "1")]).unwrap();
        assert_eq!(yearly.next_after(millis("9999-06-01T00:00:00Z")), None);
        assert_eq!(yearly.next_after(i64::MAX), None);
    }

    /// Whether a moment fits, judged by its text.
    fn fits(schedule: &Schedule, at: i64) -> bool {
        let text = Timestamp::from_unix_millis(at).unwrap().as_str().to_owned();
        let part = |from: usize| text[from..from + 2].parse::<i64>().unwrap();
        schedule.second.contains(part(17))
            && schedule.minute.contains(part(14))
            && schedule.hour.contains(part(11))
            && schedule.day_of_month.contains(part(8))
            && schedule.month.contains(part(5))
    }

    proptest! {
        #[test]
        fn the_next_moment_is_later_fits_and_none_between_does(
            second in 0_u8..60, minutes in (0_u8..60, 0_u8..60), hour in proptest::option::of(0_u8..24),
            after in 0_i64..4_000_000_000,
        ) {
            let minute = format!("{},[{}-{}]", minutes.0, minutes.0.min(minutes.1), minutes.0.max(minutes.1));
            let (second, hour) = (second.to_string(), hour.map(|hour| hour.to_string()));
            let mut fields = vec![(ScheduleField::Second, second.as_str()), (ScheduleField::Minute, minute.as_str())];
            fields.extend(hour.as_deref().map(|hour| (ScheduleField::Hour, hour)));
            let schedule = Schedule::parse(&fields).unwrap();
            let next = schedule.next_after(after * 1_000).unwrap();
            prop_assert!(next > after * 1_000 && fits(&schedule, next));
            let before = (after + 1..next / 1_000).rev().take(4_000);
            for between in before {
                prop_assert!(!fits(&schedule, between * 1_000));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            for field in ScheduleField::ALL {
                if let Ok(schedule) = Schedule::parse(&[(field, text.as_str())]) {
                    prop_assert!(schedule.next_after(0).is_some());
                }
            }
        }
    }
}
