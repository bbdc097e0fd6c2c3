//! ISO/IEC 15434 messages: IFA's Format 06 with a Pharmacy Product Number, and Format 05 with GS1 data.
//!
//! Source: IFA coding system, "PPN code specification for retail packaging", section 5; ISO/IEC 15434, section 6.

use super::ScanFault;
use crate::element::{ElementFault, ElementString};
use crate::national::Ppn;
use crate::{Ai, Gtin};

/// What an ISO/IEC 15434 message says.
pub(super) struct Message {
    pub(super) elements: ElementString,
    pub(super) ppn: Option<Ppn>,
    pub(super) other: Vec<(String, String)>,
}

const GROUP: char = '\u{1D}';
const RECORD: char = '\u{1E}';
const END: char = '\u{04}';

/// True when the text begins as an ISO/IEC 15434 message.
pub(super) fn is_message(text: &str) -> bool {
    text.starts_with("[)>")
}

/// Reads a message of format 05 or 06; the record separator after the header and the trailer may be lost.
pub(super) fn parse(text: &str) -> Result<Message, ScanFault> {
    let body = text.strip_prefix("[)>").unwrap_or(text);
    let body = body.strip_prefix(RECORD).unwrap_or(body);
    let (format, body) = body.split_at_checked(2).ok_or(ScanFault::NotGs1)?;
    let body = body.strip_prefix(GROUP).unwrap_or(body);
    let body = body.strip_suffix(END).unwrap_or(body);
    let body = body.strip_suffix(RECORD).unwrap_or(body);
    match format {
        "05" => {
            let elements = ElementString::parse(body).map_err(ScanFault::Element)?;
            Ok(Message { elements, ppn: None, other: Vec::new() })
        }
        "06" => fields(body),
        _ => Err(ScanFault::NotGs1),
    }
}

/// The fields of a Format 06 message, each with its ASC MH10 data identifier, in any order.
fn fields(body: &str) -> Result<Message, ScanFault> {
    let mut message = Message { elements: ElementString::default(), ppn: None, other: Vec::new() };
    for field in body.split(GROUP).filter(|field| !field.is_empty()) {
        let letter = field.find(|c: char| !c.is_ascii_digit()).ok_or(ScanFault::NotGs1)?;
        let (identifier, value) = field.split_at_checked(letter + 1).ok_or(ScanFault::NotGs1)?;
        let mut push = |ai: Ai, value: &str| message.elements.push(ai, value).map_err(ScanFault::Element);
        match identifier {
            "9N" => {
                let ppn = Ppn::new(value).map_err(ScanFault::Product)?;
                if let Some(gtin) = ppn.ntin() {
                    push(Ai::GTIN, gtin.as_str())?;
                }
                if message.ppn.as_ref().is_some_and(|present| *present != ppn) {
                    return Err(ScanFault::Element(ElementFault::Repeated { ai: Ai::GTIN, at: 0 }));
                }
                message.ppn = Some(ppn);
            }
            "8P" => push(Ai::GTIN, Gtin::new(value).map_err(ScanFault::Product)?.as_str())?,
            "1T" => push(Ai::LOT, value)?,
            "D" => push(Ai::EXPIRY, value)?,
            "16D" => push(Ai::PRODUCTION_DATE, value.strip_prefix("20").unwrap_or(value))?,
            "S" => push(Ai::SERIAL, value)?,
            _ => message.other.push((identifier.to_owned(), value.to_owned())),
        }
    }
    Ok(message)
}
