//! What actix-web's and serde's own errors mean to a client.

use actix_web::error::{PathError, QueryPayloadError};

use super::{Fault, Problem, ProblemType};

/// A body that is not JSON.
#[must_use]
pub fn from_json_syntax(error: &serde_json::Error) -> Problem {
    let (line, column) = place(error);
    let fault = Fault::new("malformed-json", bare_message(error)).at_line(line, column);
    Problem::new(ProblemType::MalformedJson).with_fault(fault)
}

/// A JSON body that lacks a field, has one too many, or one of another type. `pointer` is a JSON Pointer.
#[must_use]
pub fn from_json_data(pointer: &str, error: &serde_json::Error) -> Problem {
    let (line, column) = place(error);
    let fault = Fault::new("invalid-field", bare_message(error)).at(pointer).at_line(line, column);
    Problem::new(ProblemType::InvalidField).with_fault(fault)
}

/// A path segment that is not what it should be.
#[must_use]
pub fn from_path(error: &PathError) -> Problem {
    let fault = Fault::new("invalid-parameter", error).at("path");
    Problem::new(ProblemType::InvalidParameter).with_fault(fault)
}

/// A query string that is not what it should be.
#[must_use]
pub fn from_query(error: &QueryPayloadError) -> Problem {
    let message = error.to_string();
    // serde names the parameter between backticks.
    let name = message.split('`').nth(1).unwrap_or("query").to_owned();
    let fault = Fault::new("invalid-parameter", message).at(name);
    Problem::new(ProblemType::InvalidParameter).with_fault(fault)
}

fn place(error: &serde_json::Error) -> (u32, u32) {
    let bounded = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (bounded(error.line()), bounded(error.column()))
}

/// The message without the place that serde_json appends, which the fault carries by itself.
fn bare_message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rfind(" at line ") {
        Some(end) => message.get(..end).unwrap_or(&message).to_owned(),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_has_line_and_column_and_no_repeated_place() {
        let error = serde_json::from_str::<serde_json::Value>("{\n  \"a\": ]").unwrap_err();
        let problem = from_json_syntax(&error);
        let fault = problem.faults().first().unwrap();
        assert_eq!((fault.line, fault.column), (Some(2), Some(8)));
        assert_eq!(fault.message, "expected value");
    }
}
