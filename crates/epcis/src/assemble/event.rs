//! Events: the fields of each type (EPCIS 2.0 section 7.4).

use super::{Assembler, EVENT_FIELDS, Field};
use crate::model::{
    Action, Aggregation, BizTransaction, ErrorDeclaration, Event, EventBody, EventType, Extensions, Location,
    ObjectEvent, Offset, PersistentDisposition, Quantity, SensorElement, SourceDest, Timestamp,
    TransactionEvent, TransformationEvent,
};
use crate::tree::{Data, Node, Path};
use crate::vocabulary::Vocabulary;
use crate::{Fault, FaultCode};

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

impl Assembler {
    /// An event from the tree of one. All its faults are reported together.
    pub fn event(mut self, event_type: EventType, node: Node, path: &Path) -> Result<Event, Vec<Fault>> {
        let at = node.at;
        let mut draft = Draft::default();
        let known =
            EVENT_FIELDS.iter().find(|(kind, _)| *kind == event_type).map_or(&[][..], |(_, fields)| fields);
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
        match name {
            "eventTime" => {
                draft.event_time = self.time(node, path);
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
            _ => self.fault(FaultCode::UnknownField, format!("`{name}` is not allowed here"), node.at, path),
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
            if absent && !self.faults.iter().any(|fault| fault.pointer.as_deref() == Some(&place)) {
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
}
