//! Parts that fields of events consist of (EPCIS 2.0 section 7.3).

use super::{Assembler, Binding, Field};
use crate::FaultCode;
use crate::model::{
    Action, BizTransaction, ErrorDeclaration, Extensions, Location, Name, PersistentDisposition, Quantity,
    SourceDest,
};
use crate::tree::{Data, Node, Path};
use crate::vocabulary::Vocabulary;

impl Assembler {
    pub(super) fn action(&mut self, node: Node, path: &Path) -> Option<Action> {
        let at = node.at;
        let text = self.text(node, path)?;
        let action = Action::parse(&text);
        if action.is_none() {
            self.fault(FaultCode::InvalidAction, "an action is ADD, OBSERVE or DELETE", at, path);
        }
        action
    }

    pub(super) fn ilmd(&mut self, node: Node, path: &Path) -> Extensions {
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

    pub(super) fn defined_or_unknown(&mut self, into: &mut Extensions, name: &str, node: Node, path: &Path) {
        match self.defined_term(name) {
            Some(defined) => self.extension(into, defined, node, &path.name(name)),
            None => self.unknown_field(name, node.at, path),
        }
    }

    pub(super) fn location(&mut self, node: Node, path: &Path) -> Option<Location> {
        let at = node.at;
        let (mut id, mut extensions) = (None, Extensions::new());
        for (field, node) in self.members(node, path) {
            match field {
                Field::Extension(name) => {
                    let place = path.name(&name.local);
                    self.extension(&mut extensions, name.clone(), node, &place);
                }
                Field::Standard(name) if name == "id" => {
                    id = self.text(node, &path.name("id"));
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

    pub(super) fn quantities(&mut self, node: Node, path: &Path) -> Vec<Quantity> {
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
                Some(epc_class) => out.push(Quantity { epc_class, quantity, uom }),
                None => self.missing("epcClass", at, path),
            }
        }
        out
    }

    /// The pairs of type and value in a list whose items hold `type` and `value_name`.
    pub(super) fn typed_values(
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

    pub(super) fn biz_transactions(&mut self, node: Node, path: &Path) -> Vec<BizTransaction> {
        let values = self.typed_values("bizTransaction", node, path, Vocabulary::BizTransactionType);
        values
            .into_iter()
            .map(|(transaction_type, transaction, _)| BizTransaction { transaction_type, transaction })
            .collect()
    }

    pub(super) fn source_dests(&mut self, value_name: &str, node: Node, path: &Path) -> Vec<SourceDest> {
        let mut out = Vec::new();
        for (index, (kind, id, at)) in
            self.typed_values(value_name, node, path, Vocabulary::SourceDestType).into_iter().enumerate()
        {
            match kind {
                Some(party_type) => out.push(SourceDest { party_type, id }),
                None => self.missing("type", at, &path.index(index)),
            }
        }
        out
    }

    pub(super) fn terms(&mut self, node: Node, path: &Path) -> Vec<String> {
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

    pub(super) fn persistent_disposition(&mut self, node: Node, path: &Path) -> PersistentDisposition {
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

    pub(super) fn error_declaration(&mut self, node: Node, path: &Path) -> Option<ErrorDeclaration> {
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
        Some(ErrorDeclaration { declaration_time: time?, reason, corrective_event_ids: ids, extensions })
    }
}
