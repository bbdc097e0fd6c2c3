//! Events: the fields of each type (EPCIS 2.0 section 7.4).

use super::{Assembler, Binding, Field};
use crate::model::{
    Action, Aggregation, BizTransaction, ErrorDeclaration, Event, EventBody, EventType, Extensions, Location,
    Name, ObjectEvent, Offset, PersistentDisposition, Quantity, SensorElement, SourceDest, Timestamp,
    TransactionEvent, TransformationEvent,
};
use crate::tree::{Data, Node, Path};
use crate::vocabulary::Vocabulary;
use crate::{Fault, FaultCode};

/// The fields of the standard, in the order of the EPCIS 2.0 XML schema for each type of event.
/// `extension` and `baseExtension` are wrappers of EPCIS 1.x.
pub(crate) const EVENT_FIELDS: [(EventType, &[&str]); 5] = [
    (
        EventType::Object,
        &[
            "eventTime",
            "recordTime",
            "eventTimeZoneOffset",
            "eventID",
            "errorDeclaration",
            "certificationInfo",
            "baseExtension",
            "epcList",
            "action",
            "bizStep",
            "disposition",
            "readPoint",
            "bizLocation",
            "bizTransactionList",
            "quantityList",
            "sourceList",
            "destinationList",
            "sensorElementList",
            "persistentDisposition",
            "ilmd",
            "extension",
        ],
    ),
    (EventType::Aggregation, AGGREGATION_FIELDS),
    (EventType::Association, ASSOCIATION_FIELDS),
    (
        EventType::Transaction,
        &[
            "eventTime",
            "recordTime",
            "eventTimeZoneOffset",
            "eventID",
            "errorDeclaration",
            "certificationInfo",
            "baseExtension",
            "bizTransactionList",
            "parentID",
            "epcList",
            "action",
            "bizStep",
            "disposition",
            "readPoint",
            "bizLocation",
            "quantityList",
            "sourceList",
            "destinationList",
            "sensorElementList",
            "persistentDisposition",
            "extension",
        ],
    ),
    (
        EventType::Transformation,
        &[
            "eventTime",
            "recordTime",
            "eventTimeZoneOffset",
            "eventID",
            "errorDeclaration",
            "certificationInfo",
            "baseExtension",
            "inputEPCList",
            "inputQuantityList",
            "outputEPCList",
            "outputQuantityList",
            "transformationID",
            "bizStep",
            "disposition",
            "readPoint",
            "bizLocation",
            "bizTransactionList",
            "sourceList",
            "destinationList",
            "sensorElementList",
            "persistentDisposition",
            "ilmd",
            "extension",
        ],
    ),
];

const AGGREGATION_FIELDS: &[&str] = &[
    "eventTime",
    "recordTime",
    "eventTimeZoneOffset",
    "eventID",
    "errorDeclaration",
    "certificationInfo",
    "baseExtension",
    "parentID",
    "childEPCs",
    "action",
    "bizStep",
    "disposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "childQuantityList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "persistentDisposition",
    "extension",
];

const ASSOCIATION_FIELDS: &[&str] = &[
    "eventTime", "recordTime", "eventTimeZoneOffset", "eventID", "errorDeclaration", "certificationInfo", "baseExtension",
    "parentID", "childEPCs", "childQuantityList", "action", "bizStep", "disposition", "readPoint", "bizLocation",
    "bizTransactionList", "sourceList", "destinationList", "sensorElementList", "persistentDisposition", "extension",
];

/// An event while its fields are gathered.
#[derive(Default)]
struct Draft {
    event_time: Option<Timestamp>,
    event_time_zone_offset: Option<Offset>,
    event_id: Option<String>,
    record_time: Option<Timestamp>,
    error_declaration: Option<ErrorDeclaration>,
    certification_info: Vec<String>,
    action: Option<Action>,
    parent_id: Option<String>,
    /// `epcList`, `childEPCs` or `inputEPCList`.
    epcs: Vec<String>,
    output_epcs: Vec<String>,
    /// `quantityList`, `childQuantityList` or `inputQuantityList`.
    quantities: Vec<Quantity>,
    output_quantities: Vec<Quantity>,
    transformation_id: Option<String>,
    biz_step: Option<String>,
    disposition: Option<String>,
    persistent_disposition: Option<PersistentDisposition>,
    read_point: Option<Location>,
    biz_location: Option<Location>,
    biz_transactions: Vec<BizTransaction>,
    sources: Vec<SourceDest>,
    destinations: Vec<SourceDest>,
    sensor_elements: Vec<SensorElement>,
    ilmd: Extensions,
    extensions: Extensions,
}

impl Assembler<'_> {
    /// An event from the tree of one. All its faults are reported together.
    pub fn event(mut self, event_type: EventType, node: Node, path: &Path) -> Result<Event, Vec<Fault>> {
        let at = node.at;
        let mut draft = Draft::default();
        let known = EVENT_FIELDS
            .iter()
            .find(|(kind, _)| *kind == event_type)
            .map_or(&[][..], |(_, fields)| fields);
        for (field, node) in self.members(node, path) {
            match field {
                Field::Extension(name) => {
                    let place = path.name(&name.local);
                    self.extension(&mut draft.extensions, name.clone(), node, &place);
                }
                Field::Standard(name) if name == "type" || name == "@context" => {}
                Field::Standard(name) if known.contains(&name.as_str()) => {
                    self.event_field(&mut draft, &name, node, &path.name(&name));
                }
                Field::Standard(name) => self.defined_or_unknown(&mut draft.extensions, &name, node, path),
            }
        }
        let event = self.finish(event_type, draft, at, path);
        match event {
            Some(event) if self.faults.is_empty() => Ok(event),
            _ => Err(self.faults),
        }
    }

    fn event_field(&mut self, draft: &mut Draft, name: &str, node: Node, path: &Path) {
        let at = node.at;
        match name {
            "eventTime" => {
                let time = self.time(node, path);
                self.set(&mut draft.event_time, time, at, path);
            }
            "recordTime" => draft.record_time = self.time(node, path),
            "eventTimeZoneOffset" => draft.event_time_zone_offset = self.offset(node, path),
            "eventID" => draft.event_id = self.text(node, path),
            "errorDeclaration" => draft.error_declaration = self.error_declaration(node, path),
            "certificationInfo" => {
                draft.certification_info = match node.data {
                    Data::Array(_) => self.texts(node, path),
                    _ => self.text(node, path).into_iter().collect(),
                };
            }
            "action" => draft.action = self.action(node, path),
            "parentID" => draft.parent_id = self.text(node, path),
            "transformationID" => draft.transformation_id = self.text(node, path),
            "epcList" | "childEPCs" | "inputEPCList" => draft.epcs = self.texts(node, path),
            "outputEPCList" => draft.output_epcs = self.texts(node, path),
            "quantityList" | "childQuantityList" | "inputQuantityList" => {
                draft.quantities = self.quantities(node, path)
            }
            "outputQuantityList" => draft.output_quantities = self.quantities(node, path),
            "sensorElementList" => draft.sensor_elements = self.sensor_elements(node, path),
            "ilmd" => draft.ilmd = self.ilmd(node, path),
            _ => self.business_field(draft, name, node, path),
        }
    }

    /// What, where and why in business terms.
    fn business_field(&mut self, draft: &mut Draft, name: &str, node: Node, path: &Path) {
        match name {
            "bizStep" => draft.biz_step = self.term(Vocabulary::BizStep, node, path),
            "disposition" => draft.disposition = self.term(Vocabulary::Disposition, node, path),
            "persistentDisposition" => {
                draft.persistent_disposition = Some(self.persistent_disposition(node, path))
            }
            "readPoint" => draft.read_point = self.location(node, path),
            "bizLocation" => draft.biz_location = self.location(node, path),
            "bizTransactionList" => draft.biz_transactions = self.biz_transactions(node, path),
            "sourceList" => draft.sources = self.source_dests("source", node, path),
            "destinationList" => draft.destinations = self.source_dests("destination", node, path),
            _ => self.fault(
                FaultCode::UnknownField,
                format!("`{name}` is not allowed here"),
                node.at,
                path,
            ),
        }
    }

    fn finish(&mut self, event_type: EventType, draft: Draft, at: usize, path: &Path) -> Option<Event> {
        let transformation = event_type == EventType::Transformation;
        for (name, absent) in [
            ("eventTime", draft.event_time.is_none()),
            ("eventTimeZoneOffset", draft.event_time_zone_offset.is_none()),
            ("action", draft.action.is_none() && !transformation),
        ] {
            // A field that is there and wrong has been reported already.
            let place = path.name(name).pointer();
            if absent
                && !self
                    .faults
                    .iter()
                    .any(|fault| fault.pointer.as_deref() == Some(&place))
            {
                self.missing(name, at, path);
            }
        }
        let body = if transformation {
            EventBody::Transformation(TransformationEvent {
                input_epc_list: draft.epcs,
                input_quantity_list: draft.quantities,
                output_epc_list: draft.output_epcs,
                output_quantity_list: draft.output_quantities,
                transformation_id: draft.transformation_id,
                ilmd: draft.ilmd,
            })
        } else {
            let (action, parent_id, epcs, quantities) =
                (draft.action?, draft.parent_id, draft.epcs, draft.quantities);
            let aggregation = |parent_id, child_epcs, child_quantity_list| Aggregation {
                action,
                parent_id,
                child_epcs,
                child_quantity_list,
            };
            match event_type {
                EventType::Aggregation => EventBody::Aggregation(aggregation(parent_id, epcs, quantities)),
                EventType::Association => EventBody::Association(aggregation(parent_id, epcs, quantities)),
                EventType::Transaction => EventBody::Transaction(TransactionEvent {
                    action,
                    parent_id,
                    epc_list: epcs,
                    quantity_list: quantities,
                }),
                EventType::Object | EventType::Transformation => EventBody::Object(ObjectEvent {
                    action,
                    epc_list: epcs,
                    quantity_list: quantities,
                    ilmd: draft.ilmd,
                }),
            }
        };
        Some(Event {
            event_time: draft.event_time?,
            event_time_zone_offset: draft.event_time_zone_offset?,
            event_id: draft.event_id,
            record_time: draft.record_time,
            error_declaration: draft.error_declaration,
            certification_info: draft.certification_info,
            biz_step: draft.biz_step,
            disposition: draft.disposition,
            persistent_disposition: draft.persistent_disposition,
            read_point: draft.read_point,
            biz_location: draft.biz_location,
            biz_transactions: draft.biz_transactions,
            sources: draft.sources,
            destinations: draft.destinations,
            sensor_elements: draft.sensor_elements,
            extensions: draft.extensions,
            namespaces: std::mem::take(&mut self.namespaces),
            body,
        })
    }

    fn action(&mut self, node: Node, path: &Path) -> Option<Action> {
        let at = node.at;
        let text = self.text(node, path)?;
        let action = Action::parse(&text);
        if action.is_none() {
            self.fault(
                FaultCode::InvalidAction,
                "an action is ADD, OBSERVE or DELETE",
                at,
                path,
            );
        }
        action
    }

    fn ilmd(&mut self, node: Node, path: &Path) -> Extensions {
        let mut ilmd = Extensions::new();
        for (field, node) in self.members(node, path) {
            match field {
                Field::Extension(name) => {
                    let place = path.name(&name.local);
                    self.extension(&mut ilmd, name.clone(), node, &place);
                }
                Field::Standard(name) => self.defined_or_unknown(&mut ilmd, &name, node, path),
            }
        }
        ilmd
    }

    fn defined_or_unknown(&mut self, into: &mut Extensions, name: &str, node: Node, path: &Path) {
        match self.defined_term(name) {
            Some(defined) => self.extension(into, defined, node, &path.name(name)),
            None => self.unknown_field(name, node.at, path),
        }
    }

    fn location(&mut self, node: Node, path: &Path) -> Option<Location> {
        let at = node.at;
        let (mut id, mut extensions) = (None, Extensions::new());
        for (field, node) in self.members(node, path) {
            let place_at = node.at;
            match field {
                Field::Extension(name) => {
                    let place = path.name(&name.local);
                    self.extension(&mut extensions, name.clone(), node, &place);
                }
                Field::Standard(name) if name == "id" => {
                    let text = self.text(node, &path.name("id"));
                    self.set(&mut id, text, place_at, &path.name("id"));
                }
                Field::Standard(name) if name == "type" => {}
                Field::Standard(name) => self.unknown_field(&name, node.at, path),
            }
        }
        if id.is_none() {
            self.missing("id", at, path);
        }
        Some(Location { id: id?, extensions })
    }

    fn quantities(&mut self, node: Node, path: &Path) -> Vec<Quantity> {
        let items = self.items(node, path);
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let (at, path) = (item.at, &path.index(index));
            let (mut epc_class, mut quantity, mut uom) = (None, None, None);
            for (field, node) in self.members(item, path) {
                match field {
                    Field::Standard(name) if name == "epcClass" => {
                        epc_class = self.text(node, &path.name("epcClass"))
                    }
                    Field::Standard(name) if name == "quantity" => {
                        quantity = self.decimal(node, &path.name("quantity"));
                    }
                    Field::Standard(name) if name == "uom" => uom = self.text(node, &path.name("uom")),
                    Field::Standard(name) if name == "type" => {}
                    Field::Standard(name) | Field::Extension(Name { local: name, .. }) => {
                        self.unknown_field(&name, node.at, path);
                    }
                }
            }
            match epc_class {
                Some(epc_class) => out.push(Quantity {
                    epc_class,
                    quantity,
                    uom,
                }),
                None => self.missing("epcClass", at, path),
            }
        }
        out
    }

    /// The pairs of type and value in a list whose items hold `type` and `value_name`.
    fn typed_values(
        &mut self,
        value_name: &str,
        node: Node,
        path: &Path,
        vocabulary: Vocabulary,
    ) -> Vec<(Option<String>, String, usize)> {
        let items = self.items(node, path);
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let (at, path) = (item.at, &path.index(index));
            let (mut kind, mut value) = (None, None);
            for (field, node) in self.members(item, path) {
                match field {
                    Field::Standard(name) if name == "type" => {
                        kind = self.term(vocabulary, node, &path.name("type"))
                    }
                    Field::Standard(name) if name == value_name => {
                        value = self.text(node, &path.name(value_name))
                    }
                    Field::Standard(name) | Field::Extension(Name { local: name, .. }) => {
                        self.unknown_field(&name, node.at, path);
                    }
                }
            }
            match value {
                Some(value) => out.push((kind, value, at)),
                None => self.missing(value_name, at, path),
            }
        }
        out
    }

    fn biz_transactions(&mut self, node: Node, path: &Path) -> Vec<BizTransaction> {
        let values = self.typed_values("bizTransaction", node, path, Vocabulary::BizTransactionType);
        values
            .into_iter()
            .map(|(transaction_type, transaction, _)| BizTransaction {
                transaction_type,
                transaction,
            })
            .collect()
    }

    fn source_dests(&mut self, value_name: &str, node: Node, path: &Path) -> Vec<SourceDest> {
        let mut out = Vec::new();
        for (index, (kind, id, at)) in self
            .typed_values(value_name, node, path, Vocabulary::SourceDestType)
            .into_iter()
            .enumerate()
        {
            match kind {
                Some(party_type) => out.push(SourceDest { party_type, id }),
                None => self.missing("type", at, &path.index(index)),
            }
        }
        out
    }

    fn terms(&mut self, node: Node, path: &Path) -> Vec<String> {
        let node = match (self.binding, node.data) {
            (Binding::Xml, data @ Data::Text(_)) => Node::array(node.at, vec![Node { at: node.at, data }]),
            (_, data) => Node { at: node.at, data },
        };
        let items = self.items(node, path);
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            out.extend(self.term(Vocabulary::Disposition, item, &path.index(index)));
        }
        out
    }

    fn persistent_disposition(&mut self, node: Node, path: &Path) -> PersistentDisposition {
        let mut out = PersistentDisposition::default();
        for (field, node) in self.members(node, path) {
            match field {
                Field::Standard(name) if name == "set" => out.set = self.terms(node, &path.name("set")),
                Field::Standard(name) if name == "unset" => out.unset = self.terms(node, &path.name("unset")),
                Field::Standard(name) | Field::Extension(Name { local: name, .. }) => {
                    self.unknown_field(&name, node.at, path)
                }
            }
        }
        out
    }

    fn error_declaration(&mut self, node: Node, path: &Path) -> Option<ErrorDeclaration> {
        let at = node.at;
        let (mut time, mut reason, mut ids, mut extensions) = (None, None, Vec::new(), Extensions::new());
        for (field, node) in self.members(node, path) {
            match field {
                Field::Extension(name) => {
                    let place = path.name(&name.local);
                    self.extension(&mut extensions, name.clone(), node, &place);
                }
                Field::Standard(name) => {
                    let place = path.name(&name);
                    match name.as_str() {
                        "declarationTime" => time = self.time(node, &place),
                        "reason" => reason = self.term(Vocabulary::ErrorReason, node, &place),
                        "correctiveEventIDs" => ids = self.texts(node, &place),
                        "type" => {}
                        _ => self.unknown_field(&name, node.at, path),
                    }
                }
            }
        }
        if time.is_none() {
            self.missing("declarationTime", at, path);
        }
        Some(ErrorDeclaration {
            declaration_time: time?,
            reason,
            corrective_event_ids: ids,
            extensions,
        })
    }
}
