//! One input a line in, one JSON object a line out, in order.

use std::io::{BufRead, Read as _, Write};

use gs1::limits::SCAN_BYTES_MAX;

use crate::scan::Scanned;
use crate::unusable::Unusable;

/// A line of JSON spells a character in at most six bytes.
const LINE_BYTES_MAX: usize = 6 * SCAN_BYTES_MAX + 3;

/// Answers each line of `input` by `answer`. A line that begins with a quote is a JSON string.
///
/// # Errors
/// [`Unusable`] where reading or writing fails.
pub fn answer_lines(
    input: &mut impl BufRead,
    out: &mut impl Write,
    answer: impl Fn(&str) -> Scanned,
) -> Result<(), Unusable> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let bound = LINE_BYTES_MAX as u64 + 1;
        let read = input.by_ref().take(bound).read_until(b'\n', &mut line).map_err(Unusable::Input)?;
        if read == 0 {
            return out.flush().map_err(Unusable::Write);
        }
        let ended = line.ends_with(b"\n");
        let whole = ended || read as u64 <= LINE_BYTES_MAX as u64;
        let scanned = match whole {
            true => answer_line(&line, &answer),
            false => {
                skip_line(input)?;
                Scanned::unreadable("SCAN_TOO_LONG", "longer than any symbol")
            }
        };
        let text = serde_json::to_string(&scanned).map_err(|error| Unusable::Write(error.into()))?;
        writeln!(out, "{text}").map_err(Unusable::Write)?;
    }
}

fn answer_line(line: &[u8], answer: impl Fn(&str) -> Scanned) -> Scanned {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let Ok(text) = std::str::from_utf8(line) else {
        return Scanned::unreadable("NOT_UTF8", "the line is not UTF-8");
    };
    if !text.starts_with('"') {
        return answer(text);
    }
    match serde_json::from_str::<String>(text) {
        Ok(text) => answer(&text),
        Err(_) => Scanned::unreadable("NOT_JSON", "the line begins with a quote, but is no JSON string"),
    }
}

fn skip_line(input: &mut impl BufRead) -> Result<(), Unusable> {
    loop {
        let buffer = input.fill_buf().map_err(Unusable::Input)?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let (skipped, done) = match end {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(skipped);
        if done {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_answer_in_order() {
        let long = "1".repeat(LINE_BYTES_MAX + 5);
        let text = format!("a\n\"b\\u001d\"\n\"c\n\n{long}\n\"\\ud800\"\nd");
        let mut input = text.as_bytes().to_vec();
        input.extend_from_slice(b"\n\xff\n");
        let mut out = Vec::new();
        let echo = |text: &str| Scanned { ok: true, ..Scanned::unreadable("ECHO", text) };
        answer_lines(&mut input.as_slice(), &mut out, echo).unwrap();
        let answers: Vec<serde_json::Value> = out
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        let said: Vec<(&str, &str)> = answers
            .iter()
            .map(|answer| &answer["faults"][0])
            .map(|fault| (fault["code"].as_str().unwrap(), fault["message"].as_str().unwrap()))
            .collect();
        let codes: Vec<&str> = said.iter().map(|(code, _)| *code).collect();
        assert_eq!(
            codes,
            ["ECHO", "ECHO", "NOT_JSON", "ECHO", "SCAN_TOO_LONG", "NOT_JSON", "ECHO", "NOT_UTF8"]
        );
        assert_eq!((said[0].1, said[1].1, said[3].1, said[6].1), ("a", "b\u{1D}", "", "d"));
    }
}
