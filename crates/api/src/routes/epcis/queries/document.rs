//! Named queries and subscriptions as clients see them.

use serde::Serialize;
use serde_json::{Value, json};
use store::named_query::NamedQuery;
use store::subscription::Subscription;
use utoipa::ToSchema;

use super::super::resources::CONTEXT;
use crate::clock::rfc3339_of;
use crate::problem::Problem;
use crate::subscriptions::schedule::ScheduleDocument;

/// What stands for a secret: that there is one, and nothing of it.
const HIDDEN: &str = "********";

/// A named query.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamedQueryDocument {
    /// Prefixes of extension fields in the query.
    #[serde(rename = "@context", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Value>>)]
    pub context: Option<Value>,
    /// Its name.
    pub name: String,
    /// The parameters of SimpleEventQuery, as they were given.
    #[schema(value_type = Object)]
    pub query: Value,
}

impl From<NamedQuery> for NamedQueryDocument {
    fn from(query: NamedQuery) -> Self {
        let declared = query.namespaces.as_object().is_some_and(|prefixes| !prefixes.is_empty());
        let context = declared.then(|| json!([CONTEXT, query.namespaces]));
        Self { context, name: query.name, query: query.query }
    }
}

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionDocument {
    /// Its id.
    #[serde(rename = "subscriptionID")]
    pub subscription_id: String,
    /// Where events are sent.
    pub dest: String,
    /// Events are sent as they are captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Events are sent at these times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleDocument>,
    /// Whether a turn of the schedule without events is told.
    pub report_if_empty: bool,
    /// Events recorded before this are not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_record_time: Option<String>,
    /// `GS1-EPC-Format` of what is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epc_format: Option<String>,
    /// Asterisks, where what is sent is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_token: Option<&'static str>,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When a delivery was last acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_notified_at: Option<String>,
    /// Everything that was recorded before this, and that the query finds, was acknowledged.
    pub min_record_time: String,
    /// Attempts that failed since the last acknowledgement.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed_attempts: u32,
    /// HTTP status of the last failure, where there was an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_status: Option<u16>,
    /// When the next attempt is made, where some failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// Since when nothing is sent any more, because the receiver answered 410.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl SubscriptionDocument {
    /// The document of a subscription.
    ///
    /// # Errors
    /// `internal` when its stored schedule is none.
    pub fn of(one: Subscription) -> Result<Self, Problem> {
        let waits = one.attempts > 0 && one.ended_at.is_none();
        let schedule = one.schedule.map(serde_json::from_value).transpose().map_err(Problem::internal)?;
        Ok(Self {
            subscription_id: one.id.to_string(),
            dest: one.dest,
            stream: schedule.is_none().then_some(true),
            schedule,
            report_if_empty: one.report_if_empty,
            initial_record_time: one.initial_record_time.map(rfc3339_of),
            epc_format: one.epc_format,
            signature_token: one.has_secret.then_some(HIDDEN),
            created_at: rfc3339_of(one.created_at),
            last_notified_at: one.last_notified_at.map(rfc3339_of),
            min_record_time: rfc3339_of(one.min_record_time),
            failed_attempts: one.attempts,
            last_status: one.last_status,
            next_attempt_at: waits.then(|| rfc3339_of(one.next_attempt_at)),
            ended_at: one.ended_at.map(rfc3339_of),
        })
    }
}
