//! The parameters of the event query (EPCIS 2.0 section 8.2.7.1) that are served so far.

use epcis::{Action, CbvVocabulary, EventType, Timestamp, vocabulary::normalise};
use gs1::EpcKey;
use serde::Deserialize;
use sha3::{Digest as _, Sha3_256};
use store::event::{EventAction, EventFilter, EventType as StoredType};
use store::event_epc::EpcRole;
use time::OffsetDateTime;
use utoipa::IntoParams;

use crate::intake::at_micros;
use crate::limits::EVENTS_PER_PAGE_MAX;
use crate::problem::{Fault, Problem, ProblemType};

/// Events on a page unless asked otherwise (EPCIS 2.0 REST binding).
const PER_PAGE: u32 = 30;

/// The event query. Values of one parameter are alternatives, separated by `|`; different parameters all hold.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Types of event, such as `ObjectEvent`.
    #[serde(rename = "eventType")]
    #[param(rename = "eventType")]
    pub event_type: Option<String>,
    /// Business steps.
    #[serde(rename = "EQ_bizStep")]
    #[param(rename = "EQ_bizStep")]
    pub biz_step: Option<String>,
    /// Dispositions.
    #[serde(rename = "EQ_disposition")]
    #[param(rename = "EQ_disposition")]
    pub disposition: Option<String>,
    /// `ADD`, `OBSERVE`, `DELETE`.
    #[serde(rename = "EQ_action")]
    #[param(rename = "EQ_action")]
    pub action: Option<String>,
    /// eventTime from here on.
    #[serde(rename = "GE_eventTime")]
    #[param(rename = "GE_eventTime")]
    pub event_time_from: Option<String>,
    /// eventTime before this.
    #[serde(rename = "LT_eventTime")]
    #[param(rename = "LT_eventTime")]
    pub event_time_before: Option<String>,
    /// recordTime from here on.
    #[serde(rename = "GE_recordTime")]
    #[param(rename = "GE_recordTime")]
    pub record_time_from: Option<String>,
    /// recordTime before this.
    #[serde(rename = "LT_recordTime")]
    #[param(rename = "LT_recordTime")]
    pub record_time_before: Option<String>,
    /// Identifiers in `epcList` or `childEPCs`, in any spelling.
    #[serde(rename = "MATCH_epc")]
    #[param(rename = "MATCH_epc")]
    pub epc: Option<String>,
    /// Identifiers anywhere in the event.
    #[serde(rename = "MATCH_anyEPC")]
    #[param(rename = "MATCH_anyEPC")]
    pub any_epc: Option<String>,
    /// Identifiers of the parent.
    #[serde(rename = "MATCH_parentID")]
    #[param(rename = "MATCH_parentID")]
    pub parent: Option<String>,
    /// eventIDs.
    #[serde(rename = "EQ_eventID")]
    #[param(rename = "EQ_eventID")]
    pub event_id: Option<String>,
    /// How many events, 1 to 100; 30 unless given.
    #[serde(rename = "perPage")]
    #[param(rename = "perPage")]
    pub per_page: Option<u32>,
    /// Where the page before ended, from its header `Link`.
    #[serde(rename = "nextPageToken")]
    #[param(rename = "nextPageToken")]
    pub next_page_token: Option<String>,
}

fn wrong(name: &'static str, message: impl std::fmt::Display) -> Problem {
    let fault = Fault::new("invalid-parameter", message).at(name);
    Problem::new(ProblemType::EpcisQueryParameter).with_fault(fault)
}

/// The alternatives of a parameter.
fn values(text: Option<&String>) -> impl Iterator<Item = &str> {
    text.map(String::as_str).into_iter().flat_map(|text| text.split('|')).filter(|value| !value.is_empty())
}

fn moment(name: &'static str, text: Option<&String>) -> Result<Option<OffsetDateTime>, Problem> {
    let Some(text) = text else { return Ok(None) };
    // A plus in a query string means a space.
    let text = text.replace(' ', "+");
    let time = Timestamp::parse(&text)
        .ok_or_else(|| wrong(name, "a time is written like 2026-11-23T06:00:00.000Z, with its offset"))?;
    at_micros(time.unix_micros()).map(Some).map_err(|_| wrong(name, "a time of the years 1 to 9999"))
}

fn keys(name: &'static str, text: Option<&String>) -> Result<Vec<String>, Problem> {
    let key = |uri: &str| match EpcKey::parse(uri) {
        Ok(key) => Ok(key.path()),
        Err(_) if uri.starts_with("urn:epc:idpat:") => Err(wrong(name, "patterns are not served")),
        Err(_) if uri.contains(':') => Ok(uri.to_owned()),
        Err(error) => Err(wrong(name, error)),
    };
    values(text).map(key).collect()
}

impl EventQuery {
    /// The filter, and how many events a page has.
    ///
    /// # Errors
    /// `QueryParameterException` for values that parameters cannot have; `QueryTooComplexException` for parameters
    /// that are not served together.
    pub fn filter(&self) -> Result<(EventFilter, u32), Problem> {
        let per_page = self.per_page.unwrap_or(PER_PAGE);
        if !(1..=EVENTS_PER_PAGE_MAX).contains(&per_page) {
            return Err(wrong("perPage", format_args!("1 to {EVENTS_PER_PAGE_MAX}")));
        }
        let words = |vocabulary, text: Option<&String>| {
            values(text).map(|value| normalise(vocabulary, value).into_owned()).collect()
        };
        let (epcs, epc_roles) = self.epcs()?;
        let place = self.place()?;
        let filter = EventFilter {
            event_types: self.event_types()?,
            actions: self.actions()?,
            event_time_from: moment("GE_eventTime", self.event_time_from.as_ref())?,
            event_time_before: moment("LT_eventTime", self.event_time_before.as_ref())?,
            captured_from: moment("GE_recordTime", self.record_time_from.as_ref())?,
            captured_before: moment("LT_recordTime", self.record_time_before.as_ref())?,
            biz_steps: words(CbvVocabulary::BizStep, self.biz_step.as_ref()),
            dispositions: words(CbvVocabulary::Disposition, self.disposition.as_ref()),
            read_points: Vec::new(),
            biz_locations: Vec::new(),
            event_ids: values(self.event_id.as_ref()).map(str::to_owned).collect(),
            epcs,
            epc_roles,
            after_seq: place.map_or(0, |(after, _)| after),
            through_seq: place.map(|(_, through)| through),
            limit: per_page.saturating_add(1),
        };
        Ok((filter, per_page))
    }

    fn event_types(&self) -> Result<Vec<StoredType>, Problem> {
        let kind = |text: &str| match EventType::parse(text) {
            Some(EventType::Object) => Ok(StoredType::Object),
            Some(EventType::Aggregation) => Ok(StoredType::Aggregation),
            Some(EventType::Transaction) => Ok(StoredType::Transaction),
            Some(EventType::Transformation) => Ok(StoredType::Transformation),
            Some(EventType::Association) => Ok(StoredType::Association),
            None => Err(wrong("eventType", "not a type of event")),
        };
        values(self.event_type.as_ref()).map(kind).collect()
    }

    fn actions(&self) -> Result<Vec<EventAction>, Problem> {
        let action = |text: &str| match Action::parse(text) {
            Some(Action::Add) => Ok(EventAction::Add),
            Some(Action::Observe) => Ok(EventAction::Observe),
            Some(Action::Delete) => Ok(EventAction::Delete),
            None => Err(wrong("EQ_action", "ADD, OBSERVE or DELETE")),
        };
        values(self.action.as_ref()).map(action).collect()
    }

    fn epcs(&self) -> Result<(Vec<String>, Vec<i16>), Problem> {
        let instances = [EpcRole::Epc, EpcRole::Parent, EpcRole::Child, EpcRole::Input, EpcRole::Output];
        let asked: [(&'static str, Option<&String>, &[EpcRole]); 3] = [
            ("MATCH_epc", self.epc.as_ref(), &[EpcRole::Epc, EpcRole::Child]),
            ("MATCH_anyEPC", self.any_epc.as_ref(), &instances),
            ("MATCH_parentID", self.parent.as_ref(), &[EpcRole::Parent]),
        ];
        let mut given = asked.into_iter().filter(|(_, text, _)| text.is_some());
        let Some((name, text, roles)) = given.next() else { return Ok((Vec::new(), Vec::new())) };
        if given.next().is_some() {
            let problem = Problem::new(ProblemType::EpcisQueryTooComplex);
            return Err(problem.detail("MATCH_epc, MATCH_anyEPC and MATCH_parentID are served one at a time"));
        }
        let keys = keys(name, text)?;
        if keys.is_empty() {
            return Err(wrong(name, "names no identifier"));
        }
        Ok((keys, roles.iter().map(|role| role.code()).collect()))
    }

    /// Tells this query from others, whatever page of it is asked for.
    fn fingerprint(&self) -> [u8; 8] {
        let bare = Self { next_page_token: None, per_page: None, ..self.clone() };
        let digest = Sha3_256::digest(format!("{bare:?}"));
        let mut short = [0; 8];
        short.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        short
    }

    /// The token of the page after the event with this sequence number, in a walk through the events up to `through`.
    pub fn token(&self, seq: u64, through: u64) -> String {
        hex::encode([seq.to_be_bytes(), through.to_be_bytes(), self.fingerprint()].concat())
    }

    /// The event after which the page begins, and the last one of the walk; none for the first page.
    fn place(&self) -> Result<Option<(u64, u64)>, Problem> {
        let Some(token) = &self.next_page_token else { return Ok(None) };
        let mut bytes = [0; 24];
        let known = hex::decode_to_slice(token, &mut bytes).is_ok();
        let parts = bytes
            .split_first_chunk::<8>()
            .and_then(|(seq, rest)| Some((seq, rest.split_first_chunk::<8>()?)));
        match parts {
            Some((seq, (through, query)))
                if known && *query == self.fingerprint() && is_seq(seq, through) =>
            {
                Ok(Some((u64::from_be_bytes(*seq), u64::from_be_bytes(*through))))
            }
            _ => Err(wrong("nextPageToken", "this token belongs to another query")),
        }
    }
}

/// Whether both can be sequence numbers: who hands in a token may have made it up.
fn is_seq(seq: &[u8; 8], through: &[u8; 8]) -> bool {
    [seq, through].into_iter().all(|bytes| i64::from_be_bytes(*bytes) >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_meet_in_one_form() {
        let query = EventQuery {
            biz_step: Some("urn:epcglobal:cbv:bizstep:shipping|receiving".to_owned()),
            any_epc: Some(
                "urn:epc:id:sgtin:952156825.0120.5Kx9|https://id.gs1.org/01/09521568251204/21/5Kx9"
                    .to_owned(),
            ),
            event_time_from: Some("2026-11-23T07:00:00 01:00".to_owned()),
            ..EventQuery::default()
        };
        let (filter, per_page) = query.filter().unwrap();
        assert_eq!((filter.biz_steps, per_page), (vec!["shipping".to_owned(), "receiving".to_owned()], 30));
        assert_eq!(filter.epcs, vec!["01/09521568251204/21/5Kx9"; 2]);
        assert_eq!(filter.event_time_from.unwrap().unix_timestamp(), 1_795_413_600);
    }

    #[test]
    fn a_token_is_bound_to_its_query() {
        let query = EventQuery { biz_step: Some("shipping".to_owned()), ..EventQuery::default() };
        let token = Some(query.token(7, 9));
        let again = EventQuery { next_page_token: token.clone(), per_page: Some(2), ..query.clone() };
        let filter = again.filter().unwrap().0;
        assert_eq!((filter.after_seq, filter.through_seq), (7, Some(9)));
        let made_up = EventQuery { next_page_token: Some(query.token(u64::MAX, 9)), ..query.clone() };
        assert_eq!(made_up.filter().unwrap_err().kind(), ProblemType::EpcisQueryParameter);
        let other = EventQuery { next_page_token: token, ..EventQuery::default() };
        assert_eq!(other.filter().unwrap_err().kind(), ProblemType::EpcisQueryParameter);
    }
}
