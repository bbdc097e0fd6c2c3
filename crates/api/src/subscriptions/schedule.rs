//! Schedules as clients write them (EPCIS 2.0 section 12, QuerySchedule).

use epcis::query::schedule::{Schedule, ScheduleFault, ScheduleField};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::clock::moment;
use crate::problem::{Fault, Problem, ProblemType};

/// When a query runs, in UTC. Values are `n`, `a,b`, `[a-b]`, or such separated by commas; a moment fits all fields. A
/// field that is left out fits everything where a finer one is given, otherwise its first value alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ScheduleDocument {
    /// 0 to 59.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0", max_length = 200)]
    pub second: Option<String>,
    /// 0 to 59.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0,30", max_length = 200)]
    pub minute: Option<String>,
    /// 0 to 23.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "[6-20]", max_length = 200)]
    pub hour: Option<String>,
    /// 1 to 31.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub day_of_month: Option<String>,
    /// 1 to 12.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub month: Option<String>,
    /// 1 to 7, Monday to Sunday.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "[1-5]", max_length = 200)]
    pub day_of_week: Option<String>,
}

impl ScheduleDocument {
    /// Whether no field is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The schedule. Faults stand at `prefix` and the name of their field: `/schedule/` in a body, nothing for the
    /// parameters of an address.
    ///
    /// # Errors
    /// `SubscriptionControlsException` naming each field that is wrong.
    pub fn schedule(&self, prefix: &str) -> Result<Schedule, Problem> {
        let text = |field: ScheduleField| match field {
            ScheduleField::Second => self.second.as_deref(),
            ScheduleField::Minute => self.minute.as_deref(),
            ScheduleField::Hour => self.hour.as_deref(),
            ScheduleField::DayOfMonth => self.day_of_month.as_deref(),
            ScheduleField::Month => self.month.as_deref(),
            ScheduleField::DayOfWeek => self.day_of_week.as_deref(),
        };
        let given = ScheduleField::ALL.into_iter().filter_map(|field| Some((field, text(field)?)));
        let fault = |fault: ScheduleFault| {
            let place = fault.field.map_or_else(
                || prefix.trim_end_matches('/').to_owned(),
                |field| format!("{prefix}{}", field.name()),
            );
            Fault::new("schedule", fault.message).at(place)
        };
        Schedule::parse(&given.collect::<Vec<_>>()).map_err(|faults| {
            Problem::new(ProblemType::EpcisSubscriptionControls).with_faults(faults.into_iter().map(fault))
        })
    }
}

/// The next turn of a schedule after a moment; at the end of time where there is none before.
#[must_use]
pub fn next_turn(schedule: &Schedule, now_ms: u64) -> OffsetDateTime {
    let next = i64::try_from(now_ms).ok().and_then(|now| schedule.next_after(now));
    moment(next.and_then(|next| u64::try_from(next).ok()).unwrap_or(u64::MAX))
}
