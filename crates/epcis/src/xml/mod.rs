//! The XML bindings (EPCIS 2.0 section 9; EPCIS 1.1 and 1.2).

mod header;
mod layout;
mod markup;
mod order;
mod read;
mod shape;
mod source;
mod tree;
mod write;
mod write_event;

pub use write::XmlVersion;

pub(crate) use read::XmlReader;
pub(crate) use write::{closing, document_to_xml, listed_event, opening};

/// Namespace of EPCIS 1.x documents.
pub(crate) const EPCIS_1: &str = "urn:epcglobal:epcis:xsd:1";
/// Namespace of EPCIS 2.0 documents.
pub(crate) const EPCIS_2: &str = "urn:epcglobal:epcis:xsd:2";
/// Namespace of EPCIS 1.x query documents.
pub(crate) const QUERY_1: &str = "urn:epcglobal:epcis-query:xsd:1";
/// Namespace of EPCIS 2.0 query documents.
pub(crate) const QUERY_2: &str = "urn:epcglobal:epcis-query:xsd:2";
/// Namespaces whose elements the standard may also write without namespace.
const STANDARD: [&str; 5] = [EPCIS_1, EPCIS_2, QUERY_1, QUERY_2, "urn:epcglobal:epcis-masterdata:xsd:1"];
/// Namespace of the Standard Business Document Header.
pub(crate) const SBDH: &str = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader";
/// Namespace of XML Schema instances: typing, not content.
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Namespace that the prefix `xml` always has.
pub(crate) const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// Namespaces whose bindings say nothing about extensions, so that events need not carry them.
const NOT_EXTENSIONS: [&str; 6] =
    [SBDH, XSI, XML, "urn:epcglobal:xsd:1", "http://www.w3.org/2001/XMLSchema", "http://xml.apache.org/xslt"];
