//! Path and query of every request, before anything reads them: they must be percent-encoded text without control
//! characters, and a query has only parameters that the operation knows.

use std::collections::BTreeSet;

use actix_web::http::Uri;

use crate::problem::{Fault, Problem, ProblemType};

/// Checks an address; `known` are the query parameters of its operation, where it is one's.
///
/// # Errors
/// `invalid-parameter` naming the parameter, or `path`.
pub(crate) fn check(uri: &Uri, known: Option<&BTreeSet<String>>) -> Result<(), Problem> {
    text(uri.path()).map_err(|message| wrong("path", message))?;
    for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = text(&name.replace('+', " ")).map_err(|message| wrong("query", message))?;
        text(value).map_err(|message| wrong(&name, message))?;
        if known.is_some_and(|known| !known.contains(&name)) {
            return Err(wrong(&name, "the operation has no such parameter"));
        }
    }
    Ok(())
}

fn wrong(name: &str, message: &str) -> Problem {
    let fault = Fault::new("invalid-parameter", message).at(name);
    Problem::new(ProblemType::InvalidParameter).with_fault(fault)
}

/// What percent-encoded text stands for (RFC 3986 section 2.1).
///
/// # Errors
/// What is wrong with it.
pub(crate) fn text(encoded: &str) -> Result<String, &'static str> {
    let mut parts = encoded.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) =
            part.split_at_checked(2).ok_or("a percent sign without two hexadecimal digits")?;
        let byte = hex::decode(digits).map_err(|_| "a percent sign without two hexadecimal digits")?;
        bytes.extend(byte);
        bytes.extend_from_slice(rest.as_bytes());
    }
    let text = String::from_utf8(bytes).map_err(|_| "the percent-encoded bytes are no UTF-8")?;
    if text.chars().any(char::is_control) { Err("control characters are not taken") } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(uri: &'static str) -> Option<String> {
        let known = ["a", "b c"].map(str::to_owned).into();
        let problem = check(&Uri::from_static(uri), Some(&known)).err()?;
        problem.faults().first()?.pointer.clone()
    }

    #[test]
    fn only_text_and_known_parameters_pass() {
        for good in ["/x%20y/%C3%A9", "/x?a=1&b+c=%2B&b%20c", "/x?", "/x?a=%2500"] {
            assert_eq!(place(good), None, "{good}");
        }
        for bad in ["/x%00", "/x/%0A", "/%", "/%zz", "/%a", "/%ff", "/%C2%85"] {
            assert_eq!(place(bad).as_deref(), Some("path"), "{bad}");
        }
        for (bad, name) in [("/x?a=%00", "a"), ("/x?a=1&c=2", "c"), ("/x?%00=1", "query"), ("/x?a=%+1", "a")]
        {
            assert_eq!(place(bad).as_deref(), Some(name), "{bad}");
        }
    }
}
