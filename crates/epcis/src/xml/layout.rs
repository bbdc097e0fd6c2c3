//! Where each field of an event stands in the XML schemas (EPCIS 1.2 and 2.0, section 9).

use crate::assemble::EVENT_FIELDS;
use crate::model::EventType;

/// A field, or a wrapper element around some. An empty wrapper is left out.
pub(crate) enum Slot {
    Field(&'static str),
    Wrapper(&'static str, &'static [Slot]),
}

use Slot::{Field, Wrapper};

const TIMES: &[Slot] =
    &[Field("eventTime"), Field("recordTime"), Field("eventTimeZoneOffset"), BASE_EXTENSION];

/// `certificationInfo` came with 2.0; version 1.2 leaves an extension point for later fields.
const BASE_EXTENSION: Slot = Wrapper(
    "baseExtension",
    &[Field("eventID"), Field("errorDeclaration"), Wrapper("extension", &[Field("certificationInfo")])],
);

/// Fields of 2.0, at the extension point of 1.2.
const LATER: Slot = Wrapper("extension", &[Field("sensorElementList"), Field("persistentDisposition")]);

const OBJECT: &[Slot] = &[
    Field("epcList"),
    Field("action"),
    Field("bizStep"),
    Field("disposition"),
    Field("readPoint"),
    Field("bizLocation"),
    Field("bizTransactionList"),
    Wrapper(
        "extension",
        &[Field("quantityList"), Field("sourceList"), Field("destinationList"), Field("ilmd"), LATER],
    ),
];

const AGGREGATION: &[Slot] = &[
    Field("parentID"),
    Field("childEPCs"),
    Field("action"),
    Field("bizStep"),
    Field("disposition"),
    Field("readPoint"),
    Field("bizLocation"),
    Field("bizTransactionList"),
    Wrapper("extension", &[Field("childQuantityList"), Field("sourceList"), Field("destinationList"), LATER]),
];

/// Came with 2.0, at the extension point of the event list: its fields stand as in 2.0.
const ASSOCIATION: &[Slot] = &[
    Field("parentID"),
    Field("childEPCs"),
    Field("childQuantityList"),
    Field("action"),
    Field("bizStep"),
    Field("disposition"),
    Field("readPoint"),
    Field("bizLocation"),
    Field("bizTransactionList"),
    Field("sourceList"),
    Field("destinationList"),
    Field("sensorElementList"),
    Field("persistentDisposition"),
];

const TRANSACTION: &[Slot] = &[
    Field("bizTransactionList"),
    Field("parentID"),
    Field("epcList"),
    Field("action"),
    Field("bizStep"),
    Field("disposition"),
    Field("readPoint"),
    Field("bizLocation"),
    Wrapper("extension", &[Field("quantityList"), Field("sourceList"), Field("destinationList"), LATER]),
];

const TRANSFORMATION: &[Slot] = &[
    Field("inputEPCList"),
    Field("inputQuantityList"),
    Field("outputEPCList"),
    Field("outputQuantityList"),
    Field("transformationID"),
    Field("bizStep"),
    Field("disposition"),
    Field("readPoint"),
    Field("bizLocation"),
    Field("bizTransactionList"),
    Field("sourceList"),
    Field("destinationList"),
    Field("ilmd"),
    LATER,
];

/// The slots of an event in version 1.2, in order.
pub(crate) fn slots_1_2(event_type: EventType) -> impl Iterator<Item = &'static Slot> {
    let own = match event_type {
        EventType::Object => OBJECT,
        EventType::Aggregation => AGGREGATION,
        EventType::Association => ASSOCIATION,
        EventType::Transaction => TRANSACTION,
        EventType::Transformation => TRANSFORMATION,
    };
    TIMES.iter().chain(own)
}

/// The fields of an event in version 2.0, in order.
pub(crate) fn fields_2_0(event_type: EventType) -> impl Iterator<Item = &'static str> {
    let fields =
        EVENT_FIELDS.iter().find(|(kind, _)| *kind == event_type).map_or(&[][..], |(_, fields)| fields);
    fields.iter().copied()
}
