//! A capture job as clients see it (EPCIS 2.0 section 12.6).

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use store::capture_job::{CaptureJob, ErrorBehaviour};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use crate::problem::ProblemDocument;

/// A capture job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaptureJobDocument {
    /// Its id.
    #[serde(rename = "captureID")]
    pub capture_id: String,
    /// When the document was accepted, RFC 3339.
    pub created_at: String,
    /// When its last event was stored or refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// Not finished. Goes from true to false once.
    pub running: bool,
    /// Nothing is wrong so far. Goes from true to false at most once.
    pub success: bool,
    /// `rollback`: all events or none; `proceed`: those that are valid.
    pub capture_error_behaviour: String,
    /// A problem document for each faulty event, in the order of the events; at most 1,000.
    pub errors: Vec<ProblemDocument>,
}

/// The name of an error behaviour in headers and documents.
pub fn behaviour_name(behaviour: ErrorBehaviour) -> &'static str {
    match behaviour {
        ErrorBehaviour::Rollback => "rollback",
        ErrorBehaviour::Proceed => "proceed",
    }
}

/// A moment as RFC 3339.
pub fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

impl CaptureJobDocument {
    /// The document of a job.
    ///
    /// # Errors
    /// When the stored errors are no problem documents.
    pub fn of(job: &CaptureJob) -> Result<Self, serde_json::Error> {
        Ok(Self {
            capture_id: job.id.to_string(),
            created_at: rfc3339(job.created_at),
            finished_at: job.finished_at.map(rfc3339),
            running: job.running,
            success: job.success,
            capture_error_behaviour: behaviour_name(job.error_behaviour).to_owned(),
            errors: serde_json::from_value(job.errors.clone())?,
        })
    }

    /// The same in XML.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        let _infallible = write!(
            xml,
            "<epcis:EPCISCaptureJob xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\" captureID=\"{}\" running=\"{}\" \
             success=\"{}\"><captureErrorBehaviour>{}</captureErrorBehaviour>",
            escaped(&self.capture_id),
            self.running,
            self.success,
            escaped(&self.capture_error_behaviour),
        );
        element(&mut xml, "createdAt", Some(&self.created_at));
        element(&mut xml, "finishedAt", self.finished_at.as_deref());
        if !self.errors.is_empty() {
            xml.push_str("<errors>");
            for error in &self.errors {
                xml.push_str("<error>");
                element(&mut xml, "type", Some(&error.kind));
                element(&mut xml, "title", Some(&error.title));
                element(&mut xml, "status", Some(&error.status.to_string()));
                element(&mut xml, "detail", detail(error).as_deref());
                element(&mut xml, "instance", error.instance.as_deref());
                xml.push_str("</error>");
            }
            xml.push_str("</errors>");
        }
        xml.push_str("</epcis:EPCISCaptureJob>");
        xml
    }
}

/// XML has no place for single faults: they go into the detail.
fn detail(error: &ProblemDocument) -> Option<String> {
    let faults = error.errors.iter().map(|fault| {
        let place = fault.pointer.as_deref().unwrap_or_default();
        format!("{place} {}: {}", fault.code, fault.message)
    });
    let all: Vec<String> = error.detail.clone().into_iter().chain(faults).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn element(xml: &mut String, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        let _infallible = write!(xml, "<{name}>{}</{name}>", escaped(text));
    }
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, character| {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // What XML 1.0 cannot carry.
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => out.push('\u{fffd}'),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Fault, Problem, ProblemType};

    #[test]
    fn a_job_in_xml_is_well_formed_whatever_its_errors_say() {
        let fault = Fault::new("x", "<&\">\u{1}").at("/epcisBody");
        let job = CaptureJobDocument {
            capture_id: "7".to_owned(),
            created_at: "2026-11-23T06:00:00Z".to_owned(),
            finished_at: None,
            running: true,
            success: false,
            capture_error_behaviour: "proceed".to_owned(),
            errors: vec![Problem::new(ProblemType::EpcisValidation).with_fault(fault).document()],
        };
        let xml = job.to_xml();
        assert!(xml.contains("running=\"true\" success=\"false\""), "{xml}");
        assert!(xml.contains("/epcisBody x: &lt;&amp;&quot;&gt;\u{fffd}</detail>"), "{xml}");
    }
}
