//! Errors to clients: RFC 9457 problem documents, the only place that turns an error into a status.

mod extract;
mod sources;
mod types;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use extract::{from_json_data, from_json_syntax, from_path, from_query};
pub use types::ProblemType;

use crate::limits::{FAULT_MESSAGE_CHARS_MAX, FAULTS_MAX};

/// The media type of a problem document (RFC 9457 section 3).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fault {
    /// URI of the fault's own type, from the same catalogue as the problem's. Given under `/epcis`, where the problem's
    /// type is the exception that EPCIS has for many of them.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A stable word to match on, such as `check-digit`.
    pub code: String,
    /// What is wrong, for a person.
    pub message: String,
    /// Where: a JSON Pointer (RFC 6901) into the body, or the name of the parameter or header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Line in the body, from 1, where the body is a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in that line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl Fault {
    /// A fault without a place. Long messages are cut.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            kind: None,
            code: code.into(),
            message: message.to_string().chars().take(FAULT_MESSAGE_CHARS_MAX).collect(),
            pointer: None,
            line: None,
            column: None,
        }
    }

    /// The same fault at a JSON Pointer, or at a named parameter.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// The same fault at a line and a column, both from 1.
    #[must_use]
    pub fn at_line(mut self, line: u32, column: u32) -> Self {
        (self.line, self.column) = (Some(line), Some(column));
        self
    }
}

/// An alert that a refusal raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertReference)]
pub struct AlertReference {
    /// Its id, the same at every organisation that hears of it.
    #[schema(format = Uuid)]
    pub id: String,
    /// Its code: those of the EU hub (`A3` serial unknown, `A7` already in this state, `A24` change not possible,
    /// `A52` expiry, `A68` lot).
    pub code: String,
}

/// The document that a client receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// URI of the problem's type; see the catalogue in the API conventions.
    #[serde(rename = "type")]
    pub kind: String,
    /// Summary of the type, the same at every occurrence.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// URI of this occurrence: the request's id, which the service's log carries too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Each single fault, at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_action: Option<String>,
    /// The alert that was raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertReference>,
}

/// An error on its way to a client. Small, so that a `Result` stays so.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    kind: ProblemType,
    detail: Option<String>,
    instance: Option<String>,
    faults: Vec<Fault>,
    next_action: Option<String>,
    alert: Option<AlertReference>,
    retry_after_seconds: Option<u32>,
    allow: Option<String>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem of this type.
    #[must_use]
    pub fn new(kind: ProblemType) -> Self {
        Self(Box::new(Parts {
            kind,
            detail: None,
            instance: None,
            faults: Vec::new(),
            next_action: None,
            alert: None,
            retry_after_seconds: None,
            allow: None,
            source: None,
        }))
    }

    /// A failure inside. The client learns nothing of `source`; the log does, once.
    #[must_use]
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ProblemType::Internal).caused_by(source)
    }

    /// There is no such thing, or the caller may not know of it.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ProblemType::NotFound)
    }

    /// Fields are not valid; `faults` says which. Where they are all of one kind that has a type of its own (a wrong
    /// check digit, a GTIN that nobody owns), that is the problem's type.
    #[must_use]
    pub fn invalid(faults: Vec<Fault>) -> Self {
        let mut kinds = faults.iter().map(|fault| ProblemType::of_fault(&fault.code));
        let kind = kinds.next().filter(|first| kinds.all(|kind| kind == *first));
        Self::new(kind.unwrap_or(ProblemType::InvalidField)).with_faults(faults)
    }

    /// The same problem, with what happened this time.
    #[must_use]
    pub fn detail(mut self, detail: impl fmt::Display) -> Self {
        self.0.detail = Some(detail.to_string());
        self
    }

    /// The same problem with one more fault. Those beyond [`FAULTS_MAX`] are left out.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault) -> Self {
        if self.0.faults.len() < FAULTS_MAX {
            self.0.faults.push(fault);
        }
        self
    }

    /// The same problem with these faults. Those beyond [`FAULTS_MAX`] are left out.
    #[must_use]
    pub fn with_faults(self, faults: impl IntoIterator<Item = Fault>) -> Self {
        faults.into_iter().fold(self, Self::with_fault)
    }

    /// The same problem, with other advice than the type's own.
    #[must_use]
    pub fn next_action(mut self, advice: impl Into<String>) -> Self {
        self.0.next_action = Some(advice.into());
        self
    }

    /// The same problem, with the alert that it raised.
    #[must_use]
    pub fn alert(mut self, alert: AlertReference) -> Self {
        self.0.alert = Some(alert);
        self
    }

    /// The same problem, asking the caller to come back after `seconds`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    /// The same problem, naming the methods that the address has, as the header `Allow` does.
    #[must_use]
    pub fn allow(mut self, methods: impl Into<String>) -> Self {
        self.0.allow = Some(methods.into());
        self
    }

    /// The same problem with its cause, which is logged and never sent.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// The same problem of this occurrence: a URI.
    #[must_use]
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.0.instance = Some(instance.into());
        self
    }

    /// The same problem as the EPCIS REST binding spells it. What it was stays visible: each fault carries the type of
    /// ours that it is, and a problem without faults gets one, whose code is that type's name.
    #[must_use]
    pub fn in_epcis(mut self) -> Self {
        let ours = self.0.kind;
        self.0.kind = ours.in_epcis();
        if ours.is_ours() && self.0.kind != ours && self.0.faults.is_empty() {
            self = self.with_fault(Fault::new(ours.name(), ours.title()));
        }
        for fault in &mut self.0.faults {
            fault.kind = Some(ours.of_fault_in(&fault.code).uri().to_owned());
        }
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> ProblemType {
        self.0.kind
    }

    /// The single faults.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.0.faults
    }

    /// The document for the client.
    #[must_use]
    pub fn document(&self) -> ProblemDocument {
        let parts = &self.0;
        let next_action = parts.next_action.clone();
        ProblemDocument {
            kind: parts.kind.uri().to_owned(),
            title: parts.kind.title().to_owned(),
            status: parts.kind.status().as_u16(),
            // Causes inside stay inside, whatever a caller of `detail` put there.
            detail: parts.detail.clone().filter(|_| parts.kind.status() != StatusCode::INTERNAL_SERVER_ERROR),
            instance: parts.instance.clone(),
            errors: parts.faults.clone(),
            next_action: Some(next_action.unwrap_or_else(|| parts.kind.next_action().to_owned())),
            alert: parts.alert.clone(),
        }
    }

    /// The chain of causes, outermost first, for the log. `None` when there is none.
    #[must_use]
    pub fn causes(&self) -> Option<String> {
        let mut next = Some(self.0.source.as_deref()? as &dyn Error);
        let mut chain = Vec::new();
        while let Some(cause) = next {
            chain.push(cause.to_string());
            next = cause.source();
        }
        Some(chain.join(": "))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.title())?;
        match &self.0.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|s| s as &(dyn Error + 'static))
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type(PROBLEM_JSON);
        if let Some(seconds) = self.0.retry_after_seconds {
            response.insert_header((RETRY_AFTER, HeaderValue::from(seconds)));
        }
        if let Some(methods) = &self.0.allow {
            response.insert_header((ALLOW, methods.as_str()));
        }
        if self.status_code() == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"theriac\""));
        }
        // A document of strings and numbers always serialises; were it not so, the status alone would go out.
        response.body(serde_json::to_vec(&self.document()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_inside_tells_the_client_nothing_and_the_log_everything() {
        let io = std::io::Error::other("password=hunter2");
        let problem = Problem::internal(io).detail("SELECT * FROM pack");
        let sent = serde_json::to_string(&problem.document()).unwrap();
        assert!(!sent.contains("hunter2") && !sent.contains("SELECT"), "{sent}");
        assert_eq!(problem.causes().unwrap(), "password=hunter2");
    }

    #[test]
    fn faults_that_share_a_catalogued_code_give_the_problem_its_type() {
        let one = Problem::invalid(vec![Fault::new("unknown-gtin-owner", "nobody").at("/gtin")]);
        assert_eq!(one.kind(), ProblemType::UnknownGtinOwner);
        let mixed = Problem::invalid(vec![Fault::new("unknown-gtin-owner", "x"), Fault::new("length", "y")]);
        assert_eq!(mixed.kind(), ProblemType::InvalidField);
        assert_eq!(Problem::invalid(vec![Fault::new("length", "y")]).kind(), ProblemType::InvalidField);
    }

    #[test]
    fn the_number_of_faults_and_their_length_are_bounded() {
        let many = (0..1_000).map(|i| Fault::new("length", "x".repeat(10_000)).at(format!("/{i}")));
        let document = Problem::invalid(many.collect()).document();
        assert_eq!(document.errors.len(), FAULTS_MAX);
        assert!(document.errors.iter().all(|f| f.message.len() == FAULT_MESSAGE_CHARS_MAX));
    }

    #[test]
    fn the_epcis_spelling_keeps_what_it_was() {
        let problem = Problem::new(ProblemType::XmlEntities).in_epcis();
        assert_eq!(problem.kind(), ProblemType::EpcisValidation);
        let fault = problem.faults().first().unwrap();
        assert_eq!(fault.code, "xml-entities");
        assert_eq!(fault.kind.as_deref(), Some("urn:theriac:problem:xml-entities"));
        let mixed = [Fault::new("INCORRECT_CHECK_DIGIT", "x"), Fault::new("missing_field", "y")];
        let mixed = Problem::new(ProblemType::EpcisValidation).with_faults(mixed).in_epcis();
        let kinds: Vec<_> = mixed.faults().iter().filter_map(|fault| fault.kind.as_deref()).collect();
        assert_eq!(kinds, ["urn:theriac:problem:check-digit", "urn:theriac:problem:invalid-field"]);
        assert_eq!(Problem::not_found().in_epcis().kind().uri(), "epcisException:NoSuchResourceException");
    }

    #[test]
    fn headers_say_when_to_come_back_and_how_to_authenticate() {
        let busy = Problem::new(ProblemType::Overloaded).retry_after(3).error_response();
        assert_eq!(busy.headers().get(RETRY_AFTER).unwrap(), "3");
        assert_eq!(busy.headers().get("content-type").unwrap(), PROBLEM_JSON);
        let stranger = Problem::new(ProblemType::Unauthenticated).error_response();
        assert!(stranger.headers().contains_key(WWW_AUTHENTICATE));
    }
}
