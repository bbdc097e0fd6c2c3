//! Element strings judged by this crate and by BWIPP (as bwip-js), an implementation that shares nothing with it but
//! the dictionary.

use gs1::ElementString;
use gs1::ai::spec::{Charset, Part};
use gs1::ai::{self, AiSpec};
use serde_json::Value;

use crate::oracle;
use crate::random::Random;
use crate::vectors::{Tally, field, rows};

/// Element strings that are made for each identifier.
const STRINGS_EACH: usize = 12;

/// An element string before anyone has judged it.
type Pairs = Vec<(String, String)>;

/// What this crate says: the code of its first fault, or nothing.
fn ours(pairs: &Pairs) -> Option<&'static str> {
    let text: String =
        pairs.iter().map(|(code, value)| format!("({code}){}", value.replace('(', "\\("))).collect();
    match ElementString::parse_bracketed(&text) {
        Ok(string) => string.check_companions().err().map(|fault| fault.code()),
        Err(fault) => Some(fault.code()),
    }
}

/// Where the two differ for a reason; each must be met.
const REASONS: &[&str] = &[
    "(03) came with a later dictionary than BWIPP 4.11's, as a companion of others and excluding some",
    "BWIPP has no check for the digits of a company prefix, which the dictionary asks for (gcppos1, gcppos2)",
];

/// The reason why the two differ, as a place in [`REASONS`].
fn reason(pairs: &Pairs, ours: Option<&str>, theirs: &str) -> Option<usize> {
    let made_to_order = pairs.iter().any(|(code, _)| code == "03");
    match ours {
        None if made_to_order && theirs.starts_with("GS1missingAIs") => Some(0),
        Some("INVALID_AI_PAIRS") if made_to_order && theirs == "ok" => Some(0),
        Some("INVALID_GCP_PREFIX") if theirs == "ok" => Some(1),
        _ => None,
    }
}

/// Reads `(ai)data` pairs without judging them; `None` for what is none.
fn pairs(bracketed: &str) -> Option<Pairs> {
    let escaped = bracketed.replace("\\(", "\u{1}");
    let mut parts = escaped.strip_prefix('(')?.split('(');
    let pair = |part: &str| {
        let (code, value) = part.split_once(')')?;
        Some((code.to_owned(), value.replace('\u{1}', "(")))
    };
    parts.try_fold(Pairs::new(), |mut pairs, part| {
        pairs.push(pair(part)?);
        Some(pairs)
    })
}

/// Texts for one linter, from its published vectors.
struct Pool(Vec<Value>);

impl Pool {
    /// A text that some vector of one of the part's linters has, mostly an accepted one.
    fn pick(&self, part: &Part, random: &mut Random) -> Option<String> {
        let names: Vec<&str> = part.linters.iter().map(|linter| linter.name()).collect();
        let accepted = random.below(8) > 0;
        let fitting: Vec<&str> = self
            .0
            .iter()
            .filter(|row| field(row, "linter").is_some_and(|name| names.contains(&name)))
            .filter(|row| row["ok"] == accepted)
            .filter_map(|row| field(row, "input"))
            .filter(|text| (usize::from(part.min)..=usize::from(part.max)).contains(&text.chars().count()))
            .collect();
        fitting.get(random.below(fitting.len().max(1))).map(|text| (*text).to_owned())
    }
}

/// Characters of a set.
fn alphabet(charset: Charset) -> Vec<char> {
    (' '..='~').filter(|c| charset.check(&c.to_string()).is_ok()).collect()
}

/// Data of one component: from the vectors of its linters, or of its length and characters.
fn component(part: &Part, pool: &Pool, random: &mut Random) -> String {
    if let Some(text) = pool.pick(part, random) {
        return text;
    }
    let length = usize::from(part.min) + random.below(usize::from(part.max - part.min) + 1);
    let alphabet = alphabet(part.charset);
    let mut text: String = (0..length).map(|_| alphabet[random.below(alphabet.len())]).collect();
    let names: Vec<&str> = part.linters.iter().map(|linter| linter.name()).collect();
    if names.contains(&"csum") {
        let digits = text.split_off(text.len() - 1);
        let sum: u32 =
            text.bytes().rev().zip([3, 1].iter().cycle()).map(|(d, w)| u32::from(d - b'0') * w).sum();
        let right = ((10 - sum % 10) % 10).to_string();
        text.push_str(if random.below(8) > 0 { &right } else { &digits });
    }
    text
}

fn value(spec: &AiSpec, pool: &Pool, random: &mut Random) -> String {
    let mut out = String::new();
    for part in spec.parts {
        if part.optional && random.below(2) == 0 {
            break;
        }
        out.push_str(&component(part, pool, random));
    }
    out
}

/// An identifier with its data and, where the dice say so, the companions that it requires, and theirs.
fn element_string(code: &str, spec: &AiSpec, pool: &Pool, random: &mut Random) -> Pairs {
    let mut found = vec![(code.to_owned(), value(spec, pool, random))];
    let mut open = vec![spec];
    while let Some(spec) = open.pop() {
        for rule in spec.requires {
            let group = rule[random.below(rule.len())];
            for pattern in group {
                let digit = char::from(b'0' + u8::try_from(random.below(6)).unwrap());
                let code = pattern.replacen('n', &digit.to_string(), 1);
                let companion =
                    ai::all().iter().find(|row| row.first <= code.as_str() && code.as_str() <= row.last);
                let Some(companion) = companion.filter(|row| row.first.len() == code.len()) else {
                    continue;
                };
                if found.iter().all(|(present, _)| *present != code) {
                    found.push((code, value(companion, pool, random)));
                    open.push(companion);
                }
            }
        }
    }
    found
}

/// Changes one thing: a character, the length, a companion.
fn mutate(pairs: &mut Pairs, random: &mut Random) {
    let at = random.below(pairs.len());
    let characters: Vec<char> = pairs[at].1.chars().collect();
    let place = random.below(characters.len().max(1));
    let other = char::from(b' ' + u8::try_from(random.below(95)).unwrap());
    // A backslash before a bracket is how this crate writes the bracket.
    let other = if other == '\\' { '/' } else { other };
    let (before, after) = characters.split_at(place);
    let (before, after) = (String::from_iter(before), String::from_iter(after));
    match random.below(6) {
        0 => pairs[at].1 = format!("{before}{other}{after}"),
        1 => pairs[at].1 = format!("{before}{}", after.get(1..).unwrap_or_default()),
        2 => pairs[at].1 = format!("{before}{other}{}", after.get(1..).unwrap_or_default()),
        3 => pairs[at].1 = format!("{before}{}{}", random.below(10), after.get(1..).unwrap_or_default()),
        4 if pairs.len() > 1 => drop(pairs.remove(at)),
        _ => pairs.push(pairs[at].clone()),
    }
}

/// Every identifier of a row: ranges are counted out.
fn codes(spec: &AiSpec) -> impl Iterator<Item = String> {
    let (first, last): (u32, u32) = (spec.first.parse().unwrap(), spec.last.parse().unwrap());
    let width = spec.first.len();
    (first..=last).map(move |code| format!("{code:0width$}"))
}

/// Element strings of every identifier, half of them with something changed.
fn generated(pool: &Pool) -> Vec<Pairs> {
    let mut random = Random::new(1);
    let mut out = Vec::new();
    for spec in ai::all() {
        for code in codes(spec) {
            for turn in 0..STRINGS_EACH {
                let mut pairs = element_string(&code, spec, pool, &mut random);
                if turn % 2 == 1 {
                    mutate(&mut pairs, &mut random);
                }
                out.push(pairs);
            }
        }
    }
    out
}

/// The element strings of the other test data.
fn published() -> Vec<Pairs> {
    let files = [
        ("gs1/gs1-syntax-engine.json", "parseAIdata_bracketed"),
        ("gs1/gs1-syntax-engine.json", "generateDLuri"),
        ("gs1/gs1-ai-linters.json", "vectors"),
    ];
    let rows = files.iter().filter_map(|(file, key)| rows(file, key)).flatten();
    rows.filter_map(|row| pairs(field(&row, "bracketed")?)).collect()
}

#[test]
fn element_strings_are_judged_as_bwipp_judges_them() {
    let test = "element_strings_are_judged_as_bwipp_judges_them";
    let (Some(folder), Some(vectors)) = (oracle::folder(test), rows("gs1/gs1-linters.json", "vectors"))
    else {
        return;
    };
    let given: Vec<Pairs> = published().into_iter().chain(generated(&Pool(vectors))).collect();
    let questions: Vec<String> = given.iter().map(|pairs| serde_json::to_string(pairs).unwrap()).collect();
    let answers = oracle::ask(&folder, "element_strings.mjs", &questions);
    let mut tally = Tally::new("element strings against BWIPP");
    let mut differing = [0; REASONS.len()];
    for (pairs, theirs) in given.iter().zip(&answers) {
        let ours = ours(pairs);
        if ours.is_none() == (theirs == "ok") {
            tally.row(true, String::new);
        } else if let Some(reason) = reason(pairs, ours, theirs) {
            differing[reason] += 1;
        } else {
            tally.row(false, || format!("{pairs:?}: {theirs}; here {ours:?}"));
        }
    }
    for (reason, differing) in REASONS.iter().zip(differing) {
        println!("{differing} judged differently: {reason}");
        assert!(differing > 0, "no longer needed: {reason}");
    }
    let accepted = answers.iter().filter(|answer| *answer == "ok").count();
    println!("of {} element strings BWIPP accepts {accepted}", answers.len());
    assert!(accepted > answers.len() / 4, "most of the generated strings are refused for nothing");
    tally.finish();
}
