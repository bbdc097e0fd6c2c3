//! Rules that an event must keep beyond its form (EPCIS 2.0 sections 7.3 and 7.4, CBV 2.0).

mod sensor;

use crate::model::{
    Action, Aggregation, Event, EventBody, Extensions, Location, ObjectEvent, Quantity, TransactionEvent,
    TransformationEvent,
};
use crate::text::is_uri;
use crate::tree::Path;
use crate::vocabulary::Vocabulary;
use crate::{Fault, FaultCode, Severity};

/// Most faults of one event: enough to see what is wrong with it.
const FAULTS_MAX: usize = 100;

impl Event {
    /// The faults of the event, with JSON Pointers from the event on. An event without a fault of [`Severity::Error`] may be
    /// captured; warnings mark what the standard asks for and published GS1 examples do not keep.
    pub fn validate(&self) -> Vec<Fault> {
        let mut checker = Checker::default();
        checker.event(self, &Path::root(""));
        checker.faults
    }
}

#[derive(Default)]
struct Checker {
    faults: Vec<Fault>,
}

impl Checker {
    fn fault(&mut self, code: FaultCode, severity: Severity, message: &str, path: &Path) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { severity, ..Fault::new(code, message).at(path.pointer()) });
        }
    }

    fn error(&mut self, code: FaultCode, message: &str, path: &Path) {
        self.fault(code, Severity::Error, message, path);
    }

    fn warning(&mut self, message: &str, path: &Path) {
        self.fault(FaultCode::InconsistentEvent, Severity::Warning, message, path);
    }

    fn uri(&mut self, text: &str, path: &Path) {
        if !is_uri(text) {
            self.error(FaultCode::InvalidUri, "not a URI", path);
        }
    }

    fn optional_uri(&mut self, text: Option<&String>, path: &Path) {
        if let Some(text) = text {
            self.uri(text, path);
        }
    }

    fn uris(&mut self, texts: &[String], path: &Path) {
        for (index, text) in texts.iter().enumerate() {
            self.uri(text, &path.index(index));
        }
    }

    /// A word of a vocabulary, or a URI of another one.
    fn term(&mut self, vocabulary: Vocabulary, term: &str, path: &Path) {
        if vocabulary.contains(term) {
            return;
        }
        if term.contains(':') {
            self.uri(term, path);
            return;
        }
        // The GS1 web vocabulary grows between versions of the standard; the CBV does not.
        let severity = match vocabulary {
            Vocabulary::Measurement | Vocabulary::SensorAlert => Severity::Warning,
            _ => Severity::Error,
        };
        let message = format!("`{term}` is no word of this vocabulary; terms of your own are URIs");
        self.fault(FaultCode::UnknownVocabularyTerm, severity, &message, path);
    }

    fn terms(&mut self, vocabulary: Vocabulary, terms: &[String], path: &Path) {
        for (index, term) in terms.iter().enumerate() {
            self.term(vocabulary, term, &path.index(index));
        }
    }

    fn event(&mut self, event: &Event, path: &Path) {
        self.optional_uri(event.event_id.as_ref(), &path.name("eventID"));
        self.uris(&event.certification_info, &path.name("certificationInfo"));
        if let Some(step) = &event.biz_step {
            self.term(Vocabulary::BizStep, step, &path.name("bizStep"));
        }
        if let Some(disposition) = &event.disposition {
            self.term(Vocabulary::Disposition, disposition, &path.name("disposition"));
        }
        self.persistent_disposition(event, path);
        self.location(event.read_point.as_ref(), &path.name("readPoint"));
        self.location(event.biz_location.as_ref(), &path.name("bizLocation"));
        self.parties(event, path);
        if let Some(declaration) = &event.error_declaration {
            let path = path.name("errorDeclaration");
            if let Some(reason) = &declaration.reason {
                self.term(Vocabulary::ErrorReason, reason, &path.name("reason"));
            }
            self.uris(&declaration.corrective_event_ids, &path.name("correctiveEventIDs"));
        }
        self.sensors(event, path);
        let has_sensors = !event.sensor_elements.is_empty();
        match &event.body {
            EventBody::Object(body) => self.object(body, has_sensors, path),
            EventBody::Aggregation(body) => self.aggregation(body, body.action != Action::Observe, path),
            EventBody::Association(body) => self.aggregation(body, true, path),
            EventBody::Transaction(body) => self.transaction(body, event.biz_transactions.is_empty(), path),
            EventBody::Transformation(body) => self.transformation(body, path),
        }
    }

    fn persistent_disposition(&mut self, event: &Event, path: &Path) {
        let Some(disposition) = &event.persistent_disposition else {
            return;
        };
        let path = path.name("persistentDisposition");
        if disposition.set.is_empty() && disposition.unset.is_empty() {
            self.error(FaultCode::MissingField, "`set` or `unset` names a disposition", &path);
        }
        self.terms(Vocabulary::Disposition, &disposition.set, &path.name("set"));
        self.terms(Vocabulary::Disposition, &disposition.unset, &path.name("unset"));
        if !matches!(event.body, EventBody::Object(_) | EventBody::Transformation(_)) {
            self.warning("only object and transformation events have a persistent disposition", &path);
        }
    }

    fn location(&mut self, location: Option<&Location>, path: &Path) {
        if let Some(location) = location {
            self.uri(&location.id, &path.name("id"));
        }
    }

    fn parties(&mut self, event: &Event, path: &Path) {
        let list = path.name("bizTransactionList");
        for (index, entry) in event.biz_transactions.iter().enumerate() {
            let path = list.index(index);
            self.uri(&entry.transaction, &path.name("bizTransaction"));
            if let Some(kind) = &entry.transaction_type {
                self.term(Vocabulary::BizTransactionType, kind, &path.name("type"));
            }
        }
        for (list, name, entries) in [
            ("sourceList", "source", &event.sources),
            ("destinationList", "destination", &event.destinations),
        ] {
            let list = path.name(list);
            for (index, entry) in entries.iter().enumerate() {
                let path = list.index(index);
                self.uri(&entry.id, &path.name(name));
                self.term(Vocabulary::SourceDestType, &entry.party_type, &path.name("type"));
            }
        }
    }

    fn quantities(&mut self, quantities: &[Quantity], path: &Path) {
        for (index, quantity) in quantities.iter().enumerate() {
            let path = path.index(index);
            self.uri(&quantity.epc_class, &path.name("epcClass"));
            if let Some(unit) = &quantity.uom {
                let form = matches!(unit.len(), 2..=3)
                    && unit.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
                if !form {
                    let message = "a unit is two or three capitals or digits (UN/CEFACT Recommendation 20)";
                    self.error(FaultCode::InvalidUnit, message, &path.name("uom"));
                }
                if quantity.quantity.is_none() {
                    self.error(FaultCode::InconsistentEvent, "a unit without a quantity", &path.name("uom"));
                }
            }
        }
    }

    fn object(&mut self, body: &ObjectEvent, has_sensors: bool, path: &Path) {
        self.uris(&body.epc_list, &path.name("epcList"));
        self.quantities(&body.quantity_list, &path.name("quantityList"));
        if body.epc_list.is_empty() && body.quantity_list.is_empty() && !has_sensors {
            let message = "an object event names objects in `epcList` or `quantityList`, or has sensor data";
            self.error(FaultCode::MissingField, message, &path.name("epcList"));
        }
        if body.action != Action::Add && !body.ilmd.is_empty() {
            self.error(
                FaultCode::InconsistentEvent,
                "only action ADD gives master data to objects",
                &path.name("ilmd"),
            );
        }
        self.ilmd(&body.ilmd, path);
    }

    fn ilmd(&mut self, ilmd: &Extensions, path: &Path) {
        if ilmd.iter().any(|(name, _)| name.namespace.is_empty()) {
            self.error(FaultCode::UnknownField, "master data fields need a namespace", &path.name("ilmd"));
        }
    }

    fn aggregation(&mut self, body: &Aggregation, parent_mandatory: bool, path: &Path) {
        self.optional_uri(body.parent_id.as_ref(), &path.name("parentID"));
        self.uris(&body.child_epcs, &path.name("childEPCs"));
        self.quantities(&body.child_quantity_list, &path.name("childQuantityList"));
        if body.parent_id.is_none() && parent_mandatory {
            self.error(FaultCode::MissingField, "`parentID` is mandatory here", &path.name("parentID"));
        }
        let childless = body.child_epcs.is_empty() && body.child_quantity_list.is_empty();
        if childless && body.action != Action::Delete {
            let message =
                "`childEPCs` or `childQuantityList` is mandatory unless all children are removed (DELETE)";
            self.error(FaultCode::MissingField, message, &path.name("childEPCs"));
        }
    }

    fn transaction(&mut self, body: &TransactionEvent, no_transactions: bool, path: &Path) {
        self.optional_uri(body.parent_id.as_ref(), &path.name("parentID"));
        self.uris(&body.epc_list, &path.name("epcList"));
        self.quantities(&body.quantity_list, &path.name("quantityList"));
        if no_transactions {
            self.error(
                FaultCode::MissingField,
                "a business transaction is mandatory",
                &path.name("bizTransactionList"),
            );
        }
        if body.epc_list.is_empty() && body.quantity_list.is_empty() && body.action != Action::Delete {
            let message = "`epcList` or `quantityList` is mandatory unless the association ends (DELETE)";
            self.error(FaultCode::MissingField, message, &path.name("epcList"));
        }
    }

    fn transformation(&mut self, body: &TransformationEvent, path: &Path) {
        self.uris(&body.input_epc_list, &path.name("inputEPCList"));
        self.quantities(&body.input_quantity_list, &path.name("inputQuantityList"));
        self.uris(&body.output_epc_list, &path.name("outputEPCList"));
        self.quantities(&body.output_quantity_list, &path.name("outputQuantityList"));
        self.optional_uri(body.transformation_id.as_ref(), &path.name("transformationID"));
        self.ilmd(&body.ilmd, path);
        let no_input = body.input_epc_list.is_empty() && body.input_quantity_list.is_empty();
        let no_output = body.output_epc_list.is_empty() && body.output_quantity_list.is_empty();
        match body.transformation_id {
            Some(_) if no_input && no_output => {
                self.error(
                    FaultCode::MissingField,
                    "a transformation has inputs or outputs",
                    &path.name("inputEPCList"),
                );
            }
            Some(_) => {}
            None => {
                let message = "without `transformationID` a transformation has inputs and outputs";
                for (absent, name) in [(no_input, "inputEPCList"), (no_output, "outputEPCList")] {
                    if absent {
                        self.error(FaultCode::MissingField, message, &path.name(name));
                    }
                }
            }
        }
    }
}
