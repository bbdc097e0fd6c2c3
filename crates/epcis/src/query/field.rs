//! Extension fields: the families that parameters tell apart, and how terms name a field.

use super::index::digest;
use crate::model::{Namespaces, predefined_namespace};

/// Longest name that stands in terms as it is.
const NAME_BYTES_MAX: usize = 200;

/// Where extension fields stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// On the event.
    Event,
    /// In its instance or lot master data.
    Ilmd,
    /// In its error declaration.
    ErrorDeclaration,
    /// In a sensor element.
    SensorElement,
    /// In the metadata of a sensor element.
    SensorMetadata,
    /// In a sensor report.
    SensorReport,
    /// On the read point.
    ReadPoint,
    /// On the business location.
    BizLocation,
}

/// What stands before a field's name in parameters. The event itself has nothing.
const PREFIXES: [(&str, Family); 7] = [
    ("ILMD_", Family::Ilmd),
    ("ERROR_DECLARATION_", Family::ErrorDeclaration),
    ("SENSORELEMENT_", Family::SensorElement),
    ("SENSORMETADATA_", Family::SensorMetadata),
    ("SENSORREPORT_", Family::SensorReport),
    ("readPoint_", Family::ReadPoint),
    ("bizLocation_", Family::BizLocation),
];

impl Family {
    const fn word(self) -> &'static str {
        match self {
            Self::Event => "ext",
            Self::Ilmd => "ilmd",
            Self::ErrorDeclaration => "errorDeclaration",
            Self::SensorElement => "sensorElement",
            Self::SensorMetadata => "sensorMetadata",
            Self::SensorReport => "sensorReport",
            Self::ReadPoint => "readPoint",
            Self::BizLocation => "bizLocation",
        }
    }

    /// The name of a field in terms and measures: `inner.ilmd:urn:epcglobal:cbv:mda|lotNumber`.
    pub fn field(self, is_inner: bool, name: &str) -> String {
        let inner = if is_inner { "inner." } else { "" };
        format!("{inner}{}:{name}", self.word())
    }
}

/// A namespace and a local name as one text. How a namespace ends is spelling.
pub(super) fn joined(namespace: &str, local: &str) -> String {
    let name = format!("{}|{local}", namespace.trim_end_matches(['#', '/', ':']));
    // Its family stands before it, and the whole must stay a name.
    if name.len() <= NAME_BYTES_MAX { name } else { format!("|{}", digest(&name)) }
}

/// The prefix of the field that a parameter names after its operator, if it is one.
pub(super) fn prefix(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("INNER_").unwrap_or(text);
    let name = PREFIXES.iter().find_map(|(prefix, _)| rest.strip_prefix(prefix)).unwrap_or(rest);
    let (prefix, _) = name.split_once(':')?;
    (!name.contains("://") && !prefix.eq_ignore_ascii_case("urn")).then_some(prefix)
}

/// The field that a parameter names after its operator, such as `INNER_ILMD_example:x`, as terms name it.
///
/// # Errors
/// What is wrong with the name; `None` when it is no name of an extension at all.
pub(super) fn parse(text: &str, namespaces: &Namespaces) -> Result<String, Option<String>> {
    let (is_inner, rest) = match text.strip_prefix("INNER_") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (family, name) = PREFIXES
        .iter()
        .find_map(|(prefix, family)| Some((*family, rest.strip_prefix(prefix)?)))
        .unwrap_or((Family::Event, rest));
    let (prefix, local) = name.split_once(':').ok_or(None)?;
    if name.contains("://") || prefix.eq_ignore_ascii_case("urn") {
        let (namespace, local) = name.rsplit_once(['#', '/', ':']).ok_or(None)?;
        return Ok(family.field(is_inner, &joined(namespace, local)));
    }
    let namespace = namespaces.namespace(prefix).or_else(|| predefined_namespace(prefix));
    let namespace = namespace.ok_or_else(|| {
        Some(format!(
            "the prefix {prefix:?} is bound to no namespace; send GS1-Extensions: {prefix}=<namespace>"
        ))
    })?;
    if local.is_empty() {
        return Err(None);
    }
    Ok(family.field(is_inner, &joined(namespace, local)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_its_family_depth_namespace_and_name() {
        let mut namespaces = Namespaces::new();
        namespaces.bind("example", "https://ns.example.com/epcis/");
        for (text, field) in [
            ("example:a", "ext:https://ns.example.com/epcis|a"),
            ("https://ns.example.com/epcis#a", "ext:https://ns.example.com/epcis|a"),
            ("INNER_example:a", "inner.ext:https://ns.example.com/epcis|a"),
            ("ILMD_cbvmda:lotNumber", "ilmd:urn:epcglobal:cbv:mda|lotNumber"),
            ("INNER_ILMD_example:a_b", "inner.ilmd:https://ns.example.com/epcis|a_b"),
            ("INNER_readPoint_example:a", "inner.readPoint:https://ns.example.com/epcis|a"),
        ] {
            assert_eq!(parse(text, &namespaces).as_deref(), Ok(field));
        }
        assert!(matches!(parse("other:a", &namespaces), Err(Some(_))));
        assert_eq!(parse("bizStep", &namespaces), Err(None));
    }
}
