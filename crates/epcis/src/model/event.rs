//! Events: the fields all types share, and the five types (EPCIS 2.0 section 7.4).

use super::{Decimal, Extensions, Namespaces, Offset, SensorElement, Timestamp};

/// One event. `==` compares the meaning: instants, numbers and expanded names, not their spelling.
///
/// Words of the Core Business Vocabulary are held bare (`shipping`), whichever of the four spellings
/// (bare, `urn:epcglobal:cbv:bizstep:shipping`, `https://ref.gs1.org/cbv/BizStep-shipping`, `cbv:BizStep-shipping`)
/// the source used. Terms of other vocabularies are held as their URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When the event happened.
    pub event_time: Timestamp,
    /// Local UTC offset at the place and time of the event.
    pub event_time_zone_offset: Offset,
    /// Identifier of the event, a URI. An error declaration repeats that of the event it corrects.
    pub event_id: Option<String>,
    /// When a repository stored the event. What a client sends here is not trusted.
    pub record_time: Option<Timestamp>,
    /// Present when the event declares an earlier one with the same identifier to be in error.
    pub error_declaration: Option<ErrorDeclaration>,
    /// URIs of certificates about the event.
    pub certification_info: Vec<String>,
    /// Business step.
    pub biz_step: Option<String>,
    /// Condition of the objects from now on.
    pub disposition: Option<String>,
    /// Conditions that hold until unset.
    pub persistent_disposition: Option<PersistentDisposition>,
    /// Where the event took place.
    pub read_point: Option<Location>,
    /// Where the objects are afterwards.
    pub biz_location: Option<Location>,
    /// Business transactions the event belongs to.
    pub biz_transactions: Vec<BizTransaction>,
    /// Where the objects come from.
    pub sources: Vec<SourceDest>,
    /// Where the objects go to.
    pub destinations: Vec<SourceDest>,
    /// Sensor data.
    pub sensor_elements: Vec<SensorElement>,
    /// User extensions at the level of the event.
    pub extensions: Extensions,
    /// Prefixes in scope at the event.
    pub namespaces: Namespaces,
    /// What depends on the type of event.
    pub body: EventBody,
}

/// The fields that depend on the type of event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventBody {
    /// Something happened to objects.
    Object(ObjectEvent),
    /// Objects were aggregated to, or removed from, a parent.
    Aggregation(Aggregation),
    /// Objects were associated with a parent of another kind.
    Association(Aggregation),
    /// Objects were associated with business transactions.
    Transaction(TransactionEvent),
    /// Inputs were consumed and outputs produced.
    Transformation(TransformationEvent),
}

/// The type of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// `ObjectEvent`
    Object,
    /// `AggregationEvent`
    Aggregation,
    /// `AssociationEvent`
    Association,
    /// `TransactionEvent`
    Transaction,
    /// `TransformationEvent`
    Transformation,
}

impl EventType {
    /// All types, in the order of the standard.
    pub const ALL: [Self; 5] =
        [Self::Object, Self::Aggregation, Self::Transaction, Self::Transformation, Self::Association];

    /// The name in documents, such as `ObjectEvent`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Object => "ObjectEvent",
            Self::Aggregation => "AggregationEvent",
            Self::Association => "AssociationEvent",
            Self::Transaction => "TransactionEvent",
            Self::Transformation => "TransformationEvent",
        }
    }

    /// The type of a name in documents.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// How an event relates to the life of its objects (EPCIS 2.0 section 7.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Objects enter: commissioned, packed, associated.
    Add,
    /// Objects were seen.
    Observe,
    /// Objects leave: decommissioned, unpacked, dissociated.
    Delete,
}

impl Action {
    /// The name in documents: `ADD`, `OBSERVE` or `DELETE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Observe => "OBSERVE",
            Self::Delete => "DELETE",
        }
    }

    /// The action of a name in documents.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Add, Self::Observe, Self::Delete].into_iter().find(|action| action.as_str() == text)
    }
}

/// Fields of an ObjectEvent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEvent {
    /// How the event relates to the life of the objects.
    pub action: Action,
    /// Identifiers of instances, URN or Digital Link.
    pub epc_list: Vec<String>,
    /// Quantities of classes.
    pub quantity_list: Vec<Quantity>,
    /// Instance or lot master data.
    pub ilmd: Extensions,
}

/// Fields of an AggregationEvent and of an AssociationEvent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregation {
    /// Whether children are added, seen, or removed.
    pub action: Action,
    /// Identifier of the parent; may be absent only when action is OBSERVE.
    pub parent_id: Option<String>,
    /// Identifiers of child instances; empty with DELETE means all children.
    pub child_epcs: Vec<String>,
    /// Quantities of child classes.
    pub child_quantity_list: Vec<Quantity>,
}

/// Fields of a TransactionEvent. Its business transactions are those of the event, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionEvent {
    /// Whether the association is made, seen, or ended.
    pub action: Action,
    /// Identifier of the parent of the objects.
    pub parent_id: Option<String>,
    /// Identifiers of instances.
    pub epc_list: Vec<String>,
    /// Quantities of classes.
    pub quantity_list: Vec<Quantity>,
}

/// Fields of a TransformationEvent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransformationEvent {
    /// Identifiers of instances consumed.
    pub input_epc_list: Vec<String>,
    /// Quantities of classes consumed.
    pub input_quantity_list: Vec<Quantity>,
    /// Identifiers of instances produced.
    pub output_epc_list: Vec<String>,
    /// Quantities of classes produced.
    pub output_quantity_list: Vec<Quantity>,
    /// Links events of one transformation.
    pub transformation_id: Option<String>,
    /// Instance or lot master data of the outputs.
    pub ilmd: Extensions,
}

/// A quantity of objects of one class (EPCIS 2.0 section 7.3.3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// Class: lot, GTIN, or pattern, as a URI.
    pub epc_class: String,
    /// How much; absent when unknown.
    pub quantity: Option<Decimal>,
    /// Unit (UN/CEFACT Recommendation 20) of a measured quantity; absent for a count.
    pub uom: Option<String>,
}

/// A read point or business location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// URI of the place.
    pub id: String,
    /// User extensions.
    pub extensions: Extensions,
}

/// A business transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BizTransaction {
    /// Bare CBV word such as `po`, or a URI.
    pub transaction_type: Option<String>,
    /// URI of the document.
    pub transaction: String,
}

/// A source or a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceDest {
    /// `owning_party`, `possessing_party`, `location`, or a URI.
    pub party_type: String,
    /// URI of the party or place.
    pub id: String,
}

/// Conditions that hold until unset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersistentDisposition {
    /// Conditions that begin.
    pub set: Vec<String>,
    /// Conditions that end.
    pub unset: Vec<String>,
}

/// A declaration that an earlier event is in error (EPCIS 2.0 section 7.4.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorDeclaration {
    /// When the declaration was made.
    pub declaration_time: Timestamp,
    /// `did_not_occur`, `incorrect_data`, or a URI.
    pub reason: Option<String>,
    /// Identifiers of the events that say what is right.
    pub corrective_event_ids: Vec<String>,
    /// User extensions.
    pub extensions: Extensions,
}
