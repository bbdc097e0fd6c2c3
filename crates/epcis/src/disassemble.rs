//! From an event to the neutral tree, in the one order that all writers share.

use crate::model::{
    Aggregation, Decimal, ErrorDeclaration, Event, EventBody, Extensions, Location, Name, ObjectEvent,
    PersistentDisposition, Quantity, ScalarKind, SensorElement, SensorMetadata, SensorReport, SourceDest,
    Timestamp, TransactionEvent, TransformationEvent, Value,
};
use crate::tree::{Data, Key, Member, Node};

/// Members of an object under construction. Absent values and empty lists leave no member.
#[derive(Default)]
pub(crate) struct Members(pub Vec<Member>);

impl Members {
    pub fn node(&mut self, name: &str, node: Option<Node>) {
        self.0.extend(node.map(|node| Member::standard(name, node)));
    }

    pub fn text(&mut self, name: &str, text: Option<&str>) {
        self.node(name, text.map(|text| Node::text(0, text)));
    }

    fn time(&mut self, name: &str, time: Option<&Timestamp>) {
        self.text(name, time.map(Timestamp::as_str));
    }

    fn number(&mut self, name: &str, number: Option<&Decimal>) {
        let number = number.map(|number| Data::Number(number.as_str().to_owned()));
        self.node(name, number.map(|data| Node { at: 0, data }));
    }

    pub fn list<T>(&mut self, name: &str, items: &[T], node: impl Fn(&T) -> Node) {
        let list = (!items.is_empty()).then(|| Node::array(0, items.iter().map(node).collect()));
        self.node(name, list);
    }

    fn texts(&mut self, name: &str, items: &[String]) {
        self.list(name, items, |text| Node::text(0, text.as_str()));
    }

    pub fn extensions(&mut self, extensions: &Extensions) {
        for (name, values) in extensions.iter() {
            let mut nodes: Vec<Node> = values.iter().map(value).collect();
            let node = if nodes.len() == 1 { nodes.remove(0) } else { Node::array(0, nodes) };
            self.0.push(Member { key: Key::Expanded(name.clone()), node });
        }
    }

    pub fn object(self) -> Node {
        Node::object(0, self.0)
    }
}

/// One occurrence of an extension.
pub(crate) fn value(value: &Value) -> Node {
    let data = match value {
        Value::Scalar { text, kind } => scalar(text, *kind),
        Value::Nested { text, fields } => {
            let mut members = Members::default();
            members.text("#text", text.as_deref());
            members.extensions(fields);
            Data::Object(members.0)
        }
    };
    Node { at: 0, data }
}

fn scalar(text: &str, kind: ScalarKind) -> Data {
    match (kind, text) {
        (ScalarKind::Number, _) if Decimal::parse(text).is_some_and(|number| number.as_str() == text) => {
            Data::Number(text.to_owned())
        }
        (ScalarKind::Boolean, "true") => Data::Bool(true),
        (ScalarKind::Boolean, "false") => Data::Bool(false),
        (ScalarKind::Null, "") => Data::Null,
        _ => Data::Text(text.to_owned()),
    }
}

/// The members of an event in canonical order, its extensions last.
pub(crate) fn event(event: &Event) -> Vec<Member> {
    let mut members = Members::default();
    members.text("type", Some(event.event_type().as_str()));
    members.text("eventID", event.event_id.as_deref());
    members.time("eventTime", Some(&event.event_time));
    members.text("eventTimeZoneOffset", Some(event.event_time_zone_offset.as_str()));
    members.time("recordTime", event.record_time.as_ref());
    members.node("errorDeclaration", event.error_declaration.as_ref().map(error_declaration));
    members.texts("certificationInfo", &event.certification_info);
    body(&mut members, &event.body);
    members.text("bizStep", event.biz_step.as_deref());
    members.text("disposition", event.disposition.as_deref());
    members.node("persistentDisposition", event.persistent_disposition.as_ref().map(persistent_disposition));
    members.node("readPoint", event.read_point.as_ref().map(location));
    members.node("bizLocation", event.biz_location.as_ref().map(location));
    members.list("bizTransactionList", &event.biz_transactions, |entry| {
        typed(entry.transaction_type.as_deref(), "bizTransaction", &entry.transaction)
    });
    let party =
        |name: &'static str| move |entry: &SourceDest| typed(Some(&entry.party_type), name, &entry.id);
    members.list("sourceList", &event.sources, party("source"));
    members.list("destinationList", &event.destinations, party("destination"));
    members.list("sensorElementList", &event.sensor_elements, sensor_element);
    if let Some(ilmd) = event.ilmd().filter(|ilmd| !ilmd.is_empty()) {
        let mut fields = Members::default();
        fields.extensions(ilmd);
        members.node("ilmd", Some(fields.object()));
    }
    members.extensions(&event.extensions);
    members.0
}

fn body(members: &mut Members, body: &EventBody) {
    let action = match body {
        EventBody::Object(ObjectEvent { action, .. })
        | EventBody::Aggregation(Aggregation { action, .. })
        | EventBody::Association(Aggregation { action, .. })
        | EventBody::Transaction(TransactionEvent { action, .. }) => Some(action.as_str()),
        EventBody::Transformation(_) => None,
    };
    members.text("action", action);
    match body {
        EventBody::Object(body) => {
            members.texts("epcList", &body.epc_list);
            members.list("quantityList", &body.quantity_list, quantity);
        }
        EventBody::Aggregation(body) | EventBody::Association(body) => {
            members.text("parentID", body.parent_id.as_deref());
            members.texts("childEPCs", &body.child_epcs);
            members.list("childQuantityList", &body.child_quantity_list, quantity);
        }
        EventBody::Transaction(body) => {
            members.text("parentID", body.parent_id.as_deref());
            members.texts("epcList", &body.epc_list);
            members.list("quantityList", &body.quantity_list, quantity);
        }
        EventBody::Transformation(body) => transformation(members, body),
    }
}

fn transformation(members: &mut Members, body: &TransformationEvent) {
    members.texts("inputEPCList", &body.input_epc_list);
    members.list("inputQuantityList", &body.input_quantity_list, quantity);
    members.texts("outputEPCList", &body.output_epc_list);
    members.list("outputQuantityList", &body.output_quantity_list, quantity);
    members.text("transformationID", body.transformation_id.as_deref());
}

fn quantity(quantity: &Quantity) -> Node {
    let mut members = Members::default();
    members.text("epcClass", Some(&quantity.epc_class));
    members.number("quantity", quantity.quantity.as_ref());
    members.text("uom", quantity.uom.as_deref());
    members.object()
}

fn location(location: &Location) -> Node {
    let mut members = Members::default();
    members.text("id", Some(&location.id));
    members.extensions(&location.extensions);
    members.object()
}

fn typed(kind: Option<&str>, name: &str, value: &str) -> Node {
    let mut members = Members::default();
    members.text("type", kind);
    members.text(name, Some(value));
    members.object()
}

fn persistent_disposition(disposition: &PersistentDisposition) -> Node {
    let mut members = Members::default();
    members.texts("set", &disposition.set);
    members.texts("unset", &disposition.unset);
    members.object()
}

fn error_declaration(declaration: &ErrorDeclaration) -> Node {
    let mut members = Members::default();
    members.time("declarationTime", Some(&declaration.declaration_time));
    members.text("reason", declaration.reason.as_deref());
    members.texts("correctiveEventIDs", &declaration.corrective_event_ids);
    members.extensions(&declaration.extensions);
    members.object()
}

fn sensor_element(element: &SensorElement) -> Node {
    let mut members = Members::default();
    members.node("sensorMetadata", element.metadata.as_ref().map(sensor_metadata));
    members.list("sensorReport", &element.reports, sensor_report);
    members.extensions(&element.extensions);
    members.object()
}

fn sensor_metadata(metadata: &SensorMetadata) -> Node {
    let mut members = Members::default();
    members.time("time", metadata.time.as_ref());
    members.time("startTime", metadata.start_time.as_ref());
    members.time("endTime", metadata.end_time.as_ref());
    members.text("deviceID", metadata.device_id.as_deref());
    members.text("deviceMetadata", metadata.device_metadata.as_deref());
    members.text("rawData", metadata.raw_data.as_deref());
    members.text("dataProcessingMethod", metadata.data_processing_method.as_deref());
    members.text("bizRules", metadata.biz_rules.as_deref());
    members.extensions(&metadata.extensions);
    members.object()
}

fn sensor_report(report: &SensorReport) -> Node {
    let mut members = Members::default();
    members.text("type", report.report_type.as_deref());
    members.text("exception", report.exception.as_deref());
    members.text("deviceID", report.device_id.as_deref());
    members.text("deviceMetadata", report.device_metadata.as_deref());
    members.text("rawData", report.raw_data.as_deref());
    members.text("dataProcessingMethod", report.data_processing_method.as_deref());
    members.text("bizRules", report.biz_rules.as_deref());
    members.time("time", report.time.as_ref());
    members.text("microorganism", report.microorganism.as_deref());
    members.text("chemicalSubstance", report.chemical_substance.as_deref());
    members.text("coordinateReferenceSystem", report.coordinate_reference_system.as_deref());
    members.number("value", report.value.as_ref());
    members.text("component", report.component.as_deref());
    members.text("stringValue", report.string_value.as_deref());
    members.node("booleanValue", report.boolean_value.map(|value| Node { at: 0, data: Data::Bool(value) }));
    members.text("hexBinaryValue", report.hex_binary_value.as_deref());
    members.text("uriValue", report.uri_value.as_deref());
    members.number("minValue", report.min_value.as_ref());
    members.number("maxValue", report.max_value.as_ref());
    members.number("meanValue", report.mean_value.as_ref());
    members.number("sDev", report.s_dev.as_ref());
    members.number("percRank", report.perc_rank.as_ref());
    members.number("percValue", report.perc_value.as_ref());
    members.text("uom", report.uom.as_deref());
    members.extensions(&report.extensions);
    members.object()
}

/// Whether a key is one of the standard at its place (not an extension).
pub(crate) fn is_standard(key: &Key) -> bool {
    matches!(key, Key::Expanded(Name { namespace, .. }) if namespace.is_empty())
}
