//! The `GS1-*` headers (EPCIS 2.0 section 12), and what a client accepts.

use actix_web::http::header::{ACCEPT, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use epcis::Format;

use super::answer::{CbvXmlFormat, EpcFormat};
use crate::problem::{Fault, Problem, ProblemType};

/// Versions of the standards that answers are in.
pub const VERSION: &str = "2.0.0";
/// The oldest EPCIS version that is captured: XML of 1.0 and later.
pub const VERSION_MIN: &str = "1.0.0";

pub const EPCIS_VERSION: HeaderName = HeaderName::from_static("gs1-epcis-version");
pub const CBV_VERSION: HeaderName = HeaderName::from_static("gs1-cbv-version");
pub const ERROR_BEHAVIOUR: HeaderName = HeaderName::from_static("gs1-capture-error-behaviour");
pub const TOKEN_EXPIRES: HeaderName = HeaderName::from_static("gs1-next-page-token-expires");
pub const EXTENSIONS: HeaderName = HeaderName::from_static("gs1-extensions");
pub const MIN_RECORD_TIME: HeaderName = HeaderName::from_static("gs1-query-min-record-time");
pub const EPC_FORMAT: HeaderName = HeaderName::from_static("gs1-epc-format");
const CBV_XML_FORMAT: HeaderName = HeaderName::from_static("gs1-cbv-xml-format");
const MINIMA: [HeaderName; 2] =
    [HeaderName::from_static("gs1-epcis-min"), HeaderName::from_static("gs1-cbv-min")];
const MAXIMA: [HeaderName; 2] =
    [HeaderName::from_static("gs1-epcis-max"), HeaderName::from_static("gs1-cbv-max")];

/// The text of a header, if it is there.
pub fn text<'a>(request: &'a HttpRequest, name: &HeaderName) -> Option<&'a str> {
    request.headers().get(name).map(|value| value.to_str().unwrap_or_default().trim())
}

/// A header that cannot be satisfied.
pub fn unacceptable(name: &HeaderName, message: &str) -> Problem {
    let fault = Fault::new("unsupported", message).at(name.as_str());
    Problem::new(ProblemType::EpcisNotAcceptable).with_fault(fault)
}

/// A header that is malformed.
pub(super) fn malformed(name: &HeaderName, message: &str) -> Problem {
    let fault = Fault::new("malformed", message).at(name.as_str());
    Problem::new(ProblemType::EpcisValidation).with_fault(fault)
}

/// `2.0.0` as numbers, missing ones being 0.
fn version(name: &HeaderName, text: &str) -> Result<[u32; 3], Problem> {
    let wrong = || malformed(name, "a version is numbers joined by points, such as 2.0.0");
    let mut numbers = [0; 3];
    let mut parts = text.split('.');
    for number in &mut numbers {
        let Some(part) = parts.next() else { break };
        *number = part.parse().map_err(|_| wrong())?;
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') || parts.count() > 2
    {
        return Err(wrong());
    }
    Ok(numbers)
}

/// Checks the versions and formats that a request asks for.
///
/// # Errors
/// `NotAcceptableException` for what is not served, `ValidationException` for what cannot be read.
pub fn check(request: &HttpRequest) -> Result<(), Problem> {
    for name in [EPCIS_VERSION, CBV_VERSION] {
        let Some(given) = text(request, &name) else { continue };
        let given = version(&name, given)?;
        if !([1, 0, 0]..[2, 1, 0]).contains(&given) {
            return Err(unacceptable(&name, "versions 1.0 to 2.0 are read"));
        }
    }
    for name in &MINIMA {
        if text(request, name)
            .map(|given| version(name, given))
            .transpose()?
            .is_some_and(|min| min > [2, 0, 0])
        {
            return Err(unacceptable(name, "answers are in version 2.0.0"));
        }
    }
    for name in &MAXIMA {
        if text(request, name)
            .map(|given| version(name, given))
            .transpose()?
            .is_some_and(|max| max < [2, 0, 0])
        {
            return Err(unacceptable(name, "answers are in version 2.0.0"));
        }
    }
    formats(request)
}

fn formats(request: &HttpRequest) -> Result<(), Problem> {
    epc_format(request)?;
    cbv_xml_format(request).map(|_| ())
}

/// How identifiers are to be written in the answer (`GS1-EPC-Format`). Unless asked otherwise they are given as they were
/// captured: whoever signed or hashed an event finds it again.
///
/// # Errors
/// `ValidationException` for a value that the header cannot have.
pub fn epc_format(request: &HttpRequest) -> Result<EpcFormat, Problem> {
    let format = text(request, &EPC_FORMAT).map_or(Some(EpcFormat::AsCaptured), epc_format_named);
    format.ok_or_else(|| malformed(&EPC_FORMAT, "not a format of EPCs"))
}

/// The format that has this name.
pub fn epc_format_named(name: &str) -> Option<EpcFormat> {
    match name {
        "No_Preference" | "Never_Translates" => Some(EpcFormat::AsCaptured),
        "Always_GS1_Digital_Link" => Some(EpcFormat::DigitalLink),
        "Always_EPC_URN" => Some(EpcFormat::Urn),
        _ => None,
    }
}

/// How terms of the CBV are to be written in an answer in XML (`GS1-CBV-XML-Format`).
///
/// # Errors
/// `ValidationException` for a value that the header cannot have.
pub fn cbv_xml_format(request: &HttpRequest) -> Result<CbvXmlFormat, Problem> {
    match text(request, &CBV_XML_FORMAT) {
        None | Some("No_Preference" | "Never_Translates" | "Always_URN") => Ok(CbvXmlFormat::Urn),
        Some("Always_Web_URI") => Ok(CbvXmlFormat::WebUri),
        Some(_) => Err(malformed(&CBV_XML_FORMAT, "not a format of CBV terms")),
    }
}

/// The binding that the client prefers for its answer, of those in `served`; the first where it does not care.
///
/// # Errors
/// `NotAcceptableException` when it accepts none of them.
pub fn preferred(request: &HttpRequest, served: &[Format]) -> Result<Format, Problem> {
    let accept = text(request, &ACCEPT).filter(|accept| !accept.is_empty()).unwrap_or("*/*");
    let mut best: Option<(u32, Format)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1000, thousandths);
        let fits = |format: &&Format| match media.as_str() {
            "*/*" | "application/*" => true,
            other => Format::from_media_type(other) == Some(**format),
        };
        if let Some(format) = served.iter().find(fits)
            && quality > best.map_or(0, |best| best.0)
        {
            best = Some((quality, *format));
        }
    }
    best.map(|best| best.1).ok_or_else(|| unacceptable(&ACCEPT, "JSON, JSON-LD, or where documented XML"))
}

/// A quality value (RFC 9110 section 12.4.2) in thousandths.
fn thousandths(text: &str) -> u32 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{part:0<3}");
    let part = digits.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    whole.parse::<u32>().unwrap_or(0).saturating_mul(1000).saturating_add(part).min(1000)
}

/// The same answer with the versions it is in.
pub fn versioned(mut response: HttpResponse) -> HttpResponse {
    for name in [EPCIS_VERSION, CBV_VERSION] {
        response.headers_mut().insert(name, HeaderValue::from_static(VERSION));
    }
    response
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn versions_and_formats_that_are_not_served_are_refused() {
        let check_one = |name: &'static str, value: &'static str| {
            check(&TestRequest::default().insert_header((name, value)).to_http_request())
                .map_err(|p| p.kind())
        };
        for (name, value) in [
            ("gs1-epcis-version", "2.0.0"),
            ("gs1-epcis-version", "1.2"),
            ("gs1-epcis-min", "2.0"),
            ("gs1-epcis-max", "3"),
            ("gs1-epc-format", "No_Preference"),
            ("gs1-epc-format", "Always_EPC_URN"),
        ] {
            assert_eq!(check_one(name, value), Ok(()), "{name}: {value}");
        }
        for (name, value) in
            [("gs1-epcis-min", "3.0.0"), ("gs1-cbv-max", "1.2"), ("gs1-epcis-version", "3.0.0")]
        {
            assert_eq!(check_one(name, value), Err(ProblemType::EpcisNotAcceptable), "{name}: {value}");
        }
        assert_eq!(check_one("gs1-epcis-version", "two"), Err(ProblemType::EpcisValidation));
        assert_eq!(check_one("gs1-epc-format", "Always_Barcode"), Err(ProblemType::EpcisValidation));
    }

    #[test]
    fn the_most_wanted_binding_is_chosen() {
        let both = [Format::Json, Format::Xml];
        let of = |accept: &'static str| {
            preferred(&TestRequest::default().insert_header((ACCEPT, accept)).to_http_request(), &both).ok()
        };
        assert_eq!(of("*/*"), Some(Format::Json));
        assert_eq!(of("application/xml"), Some(Format::Xml));
        assert_eq!(of("application/json;q=0.5, application/xml;q=0.9"), Some(Format::Xml));
        assert_eq!(of("text/html"), None);
        assert_eq!(of("application/json;q=0"), None);
    }
}
