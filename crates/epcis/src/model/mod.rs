//! The event model of EPCIS 2.0 section 7, in the form all bindings share.

mod access;
mod document;
mod event;
mod extension;
mod number;
mod sensor;
mod time;

pub use access::EpcRole;
pub use document::{
    AttributeValue, Document, DocumentHead, DocumentKind, Element, Header, Vocabulary, VocabularyElement,
};
pub use event::{
    Action, Aggregation, BizTransaction, ErrorDeclaration, Event, EventBody, EventType, Location,
    ObjectEvent, PersistentDisposition, Quantity, SourceDest, TransactionEvent, TransformationEvent,
};
pub use extension::{CBV_MASTER_DATA, Extensions, GS1_WEB_VOCABULARY, Name, Namespaces, ScalarKind, Value};
pub(crate) use extension::{EPCIS_VOCABULARY, predefined_namespace, predefined_prefix};
pub use number::Decimal;
pub use sensor::{SensorElement, SensorMetadata, SensorReport};
pub use time::{Offset, Timestamp};
pub(crate) use time::{civil_from_days, days_since_epoch};
