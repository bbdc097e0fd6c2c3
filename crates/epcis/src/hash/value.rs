//! Values in their canonical spelling (CBV 2.0 section 8.9.2, rules on numbers, URIs and vocabulary words).

use crate::model::Namespaces;
use crate::vocabulary::{Vocabulary, normalise};

/// Vocabularies whose URNs count as their web URIs, wherever they stand.
const WITH_URN: [(&str, Vocabulary); 5] = [
    ("urn:epcglobal:cbv:bizstep:", Vocabulary::BizStep),
    ("urn:epcglobal:cbv:disp:", Vocabulary::Disposition),
    ("urn:epcglobal:cbv:btt:", Vocabulary::BizTransactionType),
    ("urn:epcglobal:cbv:sdt:", Vocabulary::SourceDestType),
    ("urn:epcglobal:cbv:er:", Vocabulary::ErrorReason),
];

/// A vocabulary term as a URI.
pub(super) fn term(vocabulary: Vocabulary, term: &str, namespaces: &Namespaces) -> String {
    match term.split_once(':') {
        None => vocabulary.web_uri(term),
        Some(_) => text(&expanded(term, namespaces)),
    }
}

/// Any other value: vocabulary URNs as web URIs, numbers plain, GS1 keys as canonical Digital Links.
pub(super) fn text(value: &str) -> String {
    let value = value.trim();
    if let Some((_, vocabulary)) = WITH_URN.iter().find(|(urn, _)| value.starts_with(urn)) {
        return vocabulary.web_uri(&normalise(*vocabulary, value));
    }
    if let Some(number) = number(value) {
        return number;
    }
    let may_be_key = value.starts_with("urn:epc:") || value.contains("://");
    let key = may_be_key.then(|| gs1::epc::canonical_link(value).ok()).flatten();
    key.unwrap_or_else(|| value.to_owned())
}

/// Prefixes that GS1's JSON-LD context binds, whether or not a document in XML does.
const OF_CONTEXT: [(&str, &str); 2] =
    [("cbv", "https://ref.gs1.org/cbv/"), ("gs1", "https://ref.gs1.org/voc/")];

/// A standard field's URI: a prefix in scope stands for its namespace.
pub(super) fn uri(value: &str, namespaces: &Namespaces) -> String {
    text(&expanded(value, namespaces))
}

fn expanded(value: &str, namespaces: &Namespaces) -> String {
    let bound = value.split_once(':').and_then(|(prefix, local)| {
        let of_context = || OF_CONTEXT.into_iter().find(|(known, _)| *known == prefix).map(|(_, iri)| iri);
        let namespace = namespaces.namespace(prefix).or_else(of_context);
        let namespace = namespace.filter(|_| !local.starts_with("//"))?;
        Some(format!("{namespace}{local}"))
    });
    bound.unwrap_or_else(|| value.to_owned())
}

/// The number that a text is, if it is one, without superfluous zeros. A text is a number when Python's `decimal` takes
/// it for a finite one: the reference applies this to all values, those that only look like numbers included, and
/// passes over underscores. A power of ten beyond the written digits stays an exponent (`1E5` is `1E+5`).
fn number(value: &str) -> Option<String> {
    let value: String = value.chars().filter(|character| *character != '_').collect();
    let (sign, unsigned) = match value.strip_prefix(['+', '-']) {
        Some(rest) => (if value.starts_with('-') { "-" } else { "" }, rest),
        None => ("", value.as_str()),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i32>().ok().filter(|value| value.abs() < 100_000)?)
        }
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    let exponent = exponent - i32::try_from(fraction.len()).ok()?;
    let body = match exponent {
        0 => {
            if significant.is_empty() {
                "0".to_owned()
            } else {
                significant.to_owned()
            }
        }
        1.. => scientific(significant, exponent),
        _ => plain(significant, exponent),
    };
    Some(format!("{sign}{body}"))
}

/// Digits times a positive power of ten, as one digit, fraction and exponent.
fn scientific(digits: &str, exponent: i32) -> String {
    let digits = if digits.is_empty() { "0" } else { digits };
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let power = exponent + i32::try_from(rest.len()).unwrap_or_default();
    format!("{first}{point}{rest}E+{power}")
}

/// Digits times a negative power of ten, written out, without zeros at the end.
fn plain(digits: &str, exponent: i32) -> String {
    let places = usize::try_from(-exponent).unwrap_or_default();
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::{number, text};

    #[test]
    fn numbers_are_those_of_python_decimal() {
        for (given, canonical) in [
            ("10", "10"),
            ("10.0", "10"),
            ("00123", "123"),
            ("+5", "5"),
            ("-0.50", "-0.5"),
            ("0.0", "0"),
            ("1E5", "1E+5"),
            ("1.0E2", "1.0E+2"),
            ("12.5E3", "1.25E+4"),
            ("1E-2", "0.01"),
            ("12345678901234567890", "12345678901234567890"),
            ("2023_01", "202301"),
            (".5", "0.5"),
            ("5.", "5"),
            ("0.000", "0"),
            ("1200E-1", "120"),
        ] {
            assert_eq!(number(given).as_deref(), Some(canonical), "{given}");
        }
        for other in ["", "_", "-", ".", "A123", "1,5", "NaN", "Infinity", "1E", "0x10", "1 000"] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn values_have_one_spelling() {
        assert_eq!(text("urn:epcglobal:cbv:bizstep:departing"), "https://ref.gs1.org/cbv/BizStep-departing");
        assert_eq!(text("urn:epc:id:sscc:4012345.0000000333"), "https://id.gs1.org/00/040123450000003338");
        assert_eq!(text("urn:epc:id:sgln:4012345.00011.987"), "https://id.gs1.org/414/4012345000115/254/987");
        assert_eq!(
            text("https://example.com/01/09521141012345/21/7?x=y"),
            "https://id.gs1.org/01/09521141012345/21/7"
        );
        assert_eq!(
            text("http://transaction.acme.com/po/12345678"),
            "http://transaction.acme.com/po/12345678"
        );
        assert_eq!(text(" A-1 "), "A-1");
    }
}
