//! What is wrong with a captured document or event, as problems say it.

use capture::FaultCode as Meant;
use epcis::{EpcRole, Event, FaultCode as Read};
use gs1::EpcKey;

use crate::problem::{Fault, ProblemType};

/// A fault of the reader. It points from the document's root.
#[must_use]
pub fn fault_of(fault: &epcis::Fault) -> Fault {
    let code = match fault.code {
        Read::JsonSyntax => ProblemType::MalformedJson.name(),
        Read::XmlSyntax => ProblemType::MalformedXml.name(),
        Read::XmlEntity => ProblemType::XmlEntities.name(),
        other => other.as_str(),
    };
    let mut told = Fault::new(code, &fault.message);
    told.pointer.clone_from(&fault.pointer);
    (told.line, told.column) = (fault.line, fault.column);
    told
}

/// A fault of an event's meaning. It points from the event's root. An identifier that is none has the code of the
/// GS1 Barcode Syntax Dictionary, such as `INCORRECT_CHECK_DIGIT`.
#[must_use]
pub fn meaning_fault_of(event: &Event, fault: &capture::Fault) -> Fault {
    let code = match fault.code {
        Meant::Identifier => {
            let error = uri_at(event, &fault.pointer).and_then(|uri| EpcKey::parse(uri).err());
            error.map_or_else(|| fault.code.as_str().to_owned(), |error| Fault::from(&error).code)
        }
        Meant::UnknownProduct => ProblemType::UnknownGtinOwner.name().to_owned(),
        Meant::NotOwner if !is_place(&fault.pointer) => ProblemType::ForeignProduct.name().to_owned(),
        other => other.as_str().to_owned(),
    };
    Fault::new(code, &fault.message).at(fault.pointer.as_str())
}

fn is_place(pointer: &str) -> bool {
    pointer.starts_with("/bizLocation") || pointer.starts_with("/readPoint")
}

/// The identifier that a pointer names.
fn uri_at<'a>(event: &'a Event, pointer: &str) -> Option<&'a str> {
    let mut parts = pointer.trim_start_matches('/').split('/');
    let (field, place) = (parts.next()?, parts.next());
    match field {
        "bizLocation" => return event.biz_location.as_ref().map(|place| place.id.as_str()),
        "readPoint" => return event.read_point.as_ref().map(|place| place.id.as_str()),
        _ => {}
    }
    let of_field = |role: EpcRole| role.as_str() == field;
    let place = place.map_or(Some(0), |text| text.parse::<usize>().ok())?;
    event.epcs().filter(|(role, _)| of_field(*role)).nth(place).map(|(_, uri)| uri)
}
