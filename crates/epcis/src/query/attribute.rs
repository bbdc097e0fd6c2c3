//! Master data in queries: which fields have it, and what its attributes are called.

use super::field::joined;
use super::index::bounded;
use crate::model::{Namespaces, predefined_namespace};

/// A field of events whose values have master data (EPCIS 2.0 section 8.2.7.1, HASATTR and EQATTR).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MasterDataField {
    /// readPoint.
    ReadPoint,
    /// bizLocation.
    BizLocation,
    /// bizStep.
    BizStep,
    /// disposition.
    Disposition,
    /// Sources of all types.
    Source,
    /// Destinations of all types.
    Destination,
    /// Instances anywhere in the event; of a class where the class has the data.
    Epc,
    /// The parent.
    ParentId,
    /// Classes anywhere in the event.
    EpcClass,
}

impl MasterDataField {
    /// The fields, with the names they have in parameters.
    pub const ALL: [(&'static str, Self); 9] = [
        ("readPoint", Self::ReadPoint),
        ("bizLocation", Self::BizLocation),
        ("bizStep", Self::BizStep),
        ("disposition", Self::Disposition),
        ("source", Self::Source),
        ("destination", Self::Destination),
        ("epcClass", Self::EpcClass),
        ("epc", Self::Epc),
        ("parentID", Self::ParentId),
    ];

    /// What the terms of the field begin with; empty for those that are identifiers and found as such.
    pub fn term_starts(self) -> &'static [&'static str] {
        match self {
            Self::ReadPoint => &["readPoint="],
            Self::BizLocation => &["bizLocation="],
            Self::BizStep => &["bizStep="],
            Self::Disposition => &["disposition="],
            Self::Source => &["source_location=", "source_owning_party=", "source_possessing_party="],
            Self::Destination => {
                &["destination_location=", "destination_owning_party=", "destination_possessing_party="]
            }
            Self::Epc | Self::ParentId | Self::EpcClass => &[],
        }
    }
}

/// The one spelling of the name of a master data attribute: `urn:epcglobal:cbv:mda:countryCode`, `…mda#countryCode` and
/// `cbvmda:countryCode` are the same. A prefix that is bound stands for its namespace.
pub fn attribute_name(name: &str, namespaces: &Namespaces) -> String {
    let bound = name.split_once(':').and_then(|(prefix, local)| {
        let namespace = namespaces.namespace(prefix).or_else(|| predefined_namespace(prefix))?;
        Some(joined(namespace, local))
    });
    if let Some(bound) = bound.filter(|_| !name.contains("://")) {
        return bound;
    }
    match name.rsplit_once(['#', '|', '/', ':']) {
        Some((namespace, local)) => joined(namespace, local),
        None => bounded(name).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute_name(name: &str) -> String {
        let mut namespaces = Namespaces::new();
        namespaces.bind("ex", "http://example.com/x#");
        super::attribute_name(name, &namespaces)
    }

    #[test]
    fn spellings_of_an_attribute_meet() {
        for name in
            ["urn:epcglobal:cbv:mda:countryCode", "urn:epcglobal:cbv:mda#countryCode", "cbvmda:countryCode"]
        {
            assert_eq!(attribute_name(name), "urn:epcglobal:cbv:mda|countryCode", "{name}");
        }
        assert_eq!(attribute_name("http://example.com/x#y"), attribute_name("http://example.com/x/y"));
        assert_eq!(attribute_name("ex:y"), attribute_name("http://example.com/x/y"));
        assert_eq!(attribute_name("plain"), "plain");
    }
}
