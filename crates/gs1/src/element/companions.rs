//! Which identifiers must, and which must not, stand beside each other.

use super::{ElementFault, ElementString};
use crate::Ai;
use crate::ai::spec::matches;

/// Checks every element's rules against all the others.
pub(super) fn check(string: &ElementString) -> Result<(), ElementFault> {
    for (ai, _) in string.elements() {
        let Some(spec) = ai.spec() else { continue };
        let present =
            |pattern: &&str| string.elements().iter().any(|(other, _)| matches(pattern, other.as_str()));
        let satisfied = |rule: &&[&[&str]]| rule.iter().any(|group| group.iter().all(present));
        if !spec.requires.iter().all(satisfied) {
            return Err(ElementFault::MissingCompanion { ai: *ai });
        }
        if let Some(other) = excluded(string, *ai, spec.excludes) {
            return Err(ElementFault::ExcludedCompanion { ai: *ai, other });
        }
    }
    Ok(())
}

/// The first other identifier that is present and excluded.
fn excluded(string: &ElementString, ai: Ai, excludes: &[&str]) -> Option<Ai> {
    let mut others = string.elements().iter().map(|(other, _)| *other).filter(|other| *other != ai);
    others.find(|other| excludes.iter().any(|pattern| matches(pattern, other.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companions() {
        let check =
            |text: &str| check(&ElementString::parse_bracketed(text).unwrap()).map_err(|fault| fault.code());
        assert_eq!(check("(01)09521568251204(21)1(17)270600(10)L"), Ok(()));
        assert_eq!(check("(21)1"), Err("REQUIRED_AIS_NOT_SATISFIED"));
        assert_eq!(check("(01)09521568251204(02)09521568251204(37)1"), Err("INVALID_AI_PAIRS"));
        assert_eq!(check("(01)09521568251204(3100)000001(3101)000001"), Err("INVALID_AI_PAIRS"));
        assert_eq!(check("(250)X(01)09521568251204"), Err("REQUIRED_AIS_NOT_SATISFIED"));
        assert_eq!(check("(250)X(01)09521568251204(21)1"), Ok(()));
        assert_eq!(check("(00)095212345678901235"), Ok(()));
    }
}
