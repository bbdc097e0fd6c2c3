//! Identifiers and terms of an event in another spelling (EPCIS 2.0 section 12, GS1-EPC-Format and GS1-CBV-XML-Format).

use epcis::{CbvVocabulary, Event, EventBody, Quantity};
use gs1::EpcKey;

use crate::directory::DirectoryView;

/// How identifiers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpcFormat {
    /// As they were captured.
    AsCaptured,
    /// As GS1 Digital Links.
    DigitalLink,
    /// As EPC URNs. One that was captured as a Digital Link becomes a URN where the directory knows who issued it, since
    /// only that tells the length of the company prefix.
    Urn,
}

/// How terms of the CBV are written in XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CbvXmlFormat {
    /// As URNs.
    Urn,
    /// As web URIs.
    WebUri,
}

/// Writes every identifier of an event anew.
pub(super) fn identifiers(event: &mut Event, format: EpcFormat, view: Option<&DirectoryView>) {
    if format == EpcFormat::AsCaptured {
        return;
    }
    let write = |uri: &mut String| {
        if let Some(other) = spelt(uri, format, view) {
            *uri = other;
        }
    };
    let classes =
        |list: &mut Vec<Quantity>| list.iter_mut().for_each(|quantity| write(&mut quantity.epc_class));
    match &mut event.body {
        EventBody::Object(body) => {
            body.epc_list.iter_mut().for_each(write);
            classes(&mut body.quantity_list);
        }
        EventBody::Aggregation(body) | EventBody::Association(body) => {
            body.parent_id.iter_mut().chain(&mut body.child_epcs).for_each(write);
            classes(&mut body.child_quantity_list);
        }
        EventBody::Transaction(body) => {
            body.parent_id.iter_mut().chain(&mut body.epc_list).for_each(write);
            classes(&mut body.quantity_list);
        }
        EventBody::Transformation(body) => {
            body.input_epc_list.iter_mut().chain(&mut body.output_epc_list).for_each(write);
            body.transformation_id.iter_mut().for_each(write);
            classes(&mut body.input_quantity_list);
            classes(&mut body.output_quantity_list);
        }
    }
    event.read_point.iter_mut().chain(&mut event.biz_location).for_each(|place| write(&mut place.id));
    event.sources.iter_mut().chain(&mut event.destinations).for_each(|entry| write(&mut entry.id));
    event.biz_transactions.iter_mut().for_each(|entry| write(&mut entry.transaction));
}

/// An identifier in another spelling; `None` where it has none.
fn spelt(uri: &str, format: EpcFormat, view: Option<&DirectoryView>) -> Option<String> {
    let key = EpcKey::parse(uri).ok()?;
    match format {
        EpcFormat::AsCaptured => None,
        EpcFormat::DigitalLink => uri.starts_with("urn:").then(|| key.digital_link()),
        EpcFormat::Urn => key.urn().or_else(|| key.to_urn(prefix_length(&key, view?)?).ok()),
    }
}

/// The length of the company prefix under which a key was issued.
fn prefix_length(key: &EpcKey, view: &DirectoryView) -> Option<u8> {
    let prefixes = view.directory.organisations().flat_map(|one| &one.company_prefixes);
    let issued = prefixes.filter(|prefix| key.is_issued_under(prefix)).map(|prefix| prefix.as_str().len());
    u8::try_from(issued.max()?).ok()
}

/// Writes the terms of the CBV as web URIs, where that is asked for; the XML writer has URNs.
pub(super) fn terms(event: &mut Event, format: CbvXmlFormat) {
    if format == CbvXmlFormat::Urn {
        return;
    }
    let write = |vocabulary: CbvVocabulary| move |term: &mut String| *term = vocabulary.web_uri(term);
    event.biz_step.iter_mut().for_each(write(CbvVocabulary::BizStep));
    event.disposition.iter_mut().for_each(write(CbvVocabulary::Disposition));
    if let Some(persistent) = &mut event.persistent_disposition {
        persistent.set.iter_mut().chain(&mut persistent.unset).for_each(write(CbvVocabulary::Disposition));
    }
    let kinds = event.biz_transactions.iter_mut().filter_map(|entry| entry.transaction_type.as_mut());
    kinds.for_each(write(CbvVocabulary::BizTransactionType));
    let kinds = event.sources.iter_mut().chain(&mut event.destinations).map(|entry| &mut entry.party_type);
    kinds.for_each(write(CbvVocabulary::SourceDestType));
    if let Some(declaration) = &mut event.error_declaration {
        declaration.reason.iter_mut().for_each(write(CbvVocabulary::ErrorReason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_urn_becomes_a_link_and_back() {
        let (urn, link) =
            ("urn:epc:id:sgtin:952156825.0120.5Kx9", "https://id.gs1.org/01/09521568251204/21/5Kx9");
        assert_eq!(spelt(urn, EpcFormat::DigitalLink, None).as_deref(), Some(link));
        assert_eq!(spelt(urn, EpcFormat::Urn, None).as_deref(), Some(urn));
        assert_eq!(spelt(link, EpcFormat::Urn, None), None, "nobody knows the company prefix");
        assert_eq!(spelt("urn:uuid:1", EpcFormat::DigitalLink, None), None);
    }
}
