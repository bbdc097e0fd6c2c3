//! Events as a query document: in JSON or XML, with identifiers and CBV terms in the form that was asked for.

mod translate;

use actix_web::HttpRequest;
use epcis::{Document, DocumentHead, DocumentKind, Event, Format, Limits, Timestamp, XmlVersion};
use store::event::StoredEvent;

pub use translate::{CbvXmlFormat, EpcFormat};

use super::headers;
use crate::problem::Problem;
use crate::shared::Shared;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// JSON or XML.
    pub format: Format,
    /// How identifiers are written.
    pub epcs: EpcFormat,
    /// How terms of the CBV are written in XML.
    pub cbv: CbvXmlFormat,
}

impl Default for Form {
    fn default() -> Self {
        Self { format: Format::Json, epcs: EpcFormat::AsCaptured, cbv: CbvXmlFormat::Urn }
    }
}

impl Form {
    /// What a request asks for.
    ///
    /// # Errors
    /// `NotAcceptableException`; `ValidationException` for a header that has no such value.
    pub fn asked(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(Self {
            format: headers::preferred(request, &[Format::Json, Format::Xml])?,
            epcs: headers::epc_format(request)?,
            cbv: headers::cbv_xml_format(request)?,
        })
    }

    /// The media type of answers in this form.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        match self.format {
            Format::Json => "application/json",
            Format::Xml => "application/xml",
        }
    }
}

/// An `EPCISQueryDocument` with these events. Its `@context` binds the prefixes of all of them.
///
/// # Errors
/// `internal` for an event that cannot be read back; `NotAcceptableException` for one that XML cannot hold.
pub fn results(
    shared: &Shared,
    form: &Form,
    query_name: &str,
    subscription_id: Option<&str>,
    events: &[StoredEvent],
) -> Result<String, Problem> {
    let now = i64::try_from(shared.now_ms()).map_err(Problem::internal)?;
    let now = Timestamp::from_unix_millis(now).ok_or_else(|| Problem::internal("a time no calendar has"))?;
    let kind = DocumentKind::Query {
        query_name: Some(query_name.to_owned()),
        subscription_id: subscription_id.map(str::to_owned),
    };
    let mut document =
        Document { head: DocumentHead { kind, ..DocumentHead::capture(now) }, events: Vec::new() };
    let view = shared.directory.current().ok();
    for stored in events {
        let mut event = read(stored)?;
        for (prefix, namespace) in event.namespaces.iter() {
            if document.head.namespaces.namespace(prefix).is_none() {
                document.head.namespaces.bind(prefix, namespace);
            }
        }
        translate::identifiers(&mut event, form.epcs, view.as_deref());
        if form.format == Format::Xml {
            translate::terms(&mut event, form.cbv);
        }
        document.events.push(event);
    }
    match form.format {
        Format::Json => Ok(document.to_json()),
        Format::Xml => document.to_xml(XmlVersion::V2_0).map_err(|_| {
            headers::unacceptable(
                &actix_web::http::header::ACCEPT,
                "an event holds what XML cannot; ask for JSON",
            )
        }),
    }
}

/// An event as it was stored.
fn read(stored: &StoredEvent) -> Result<Event, Problem> {
    let bytes = stored.body.as_bytes();
    let limits = Limits { document_bytes_max: bytes.len(), ..Limits::default() };
    let mut document = Document::parse(bytes, Format::Json, &limits).map_err(|faults| {
        Problem::internal(format!("event {} does not read back: {faults:?}", stored.seq))
    })?;
    document.events.pop().ok_or_else(|| Problem::internal("a stored event is none"))
}
