//! Questions about an event that its readers share.

use super::extension::CBV_MASTER_DATA;
use super::{Action, Event, EventBody, EventType, Extensions, Quantity};

/// The part an identifier plays in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EpcRole {
    /// In `epcList`.
    Epc,
    /// In `childEPCs`.
    Child,
    /// The `parentID`.
    Parent,
    /// In `inputEPCList`.
    Input,
    /// In `outputEPCList`.
    Output,
}

impl EpcRole {
    /// The name of the field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Epc => "epcList",
            Self::Child => "childEPCs",
            Self::Parent => "parentID",
            Self::Input => "inputEPCList",
            Self::Output => "outputEPCList",
        }
    }
}

impl Event {
    /// The type of the event.
    pub fn event_type(&self) -> EventType {
        match self.body {
            EventBody::Object(_) => EventType::Object,
            EventBody::Aggregation(_) => EventType::Aggregation,
            EventBody::Association(_) => EventType::Association,
            EventBody::Transaction(_) => EventType::Transaction,
            EventBody::Transformation(_) => EventType::Transformation,
        }
    }

    /// The action; a TransformationEvent has none.
    pub fn action(&self) -> Option<Action> {
        match &self.body {
            EventBody::Object(body) => Some(body.action),
            EventBody::Aggregation(body) | EventBody::Association(body) => Some(body.action),
            EventBody::Transaction(body) => Some(body.action),
            EventBody::Transformation(_) => None,
        }
    }

    /// Identifiers of instances with the part each plays: parent first, then the lists in document order.
    pub fn epcs(&self) -> impl Iterator<Item = (EpcRole, &str)> {
        const NONE: &[String] = &[];
        let (parent, first, second) = match &self.body {
            EventBody::Object(body) => (None, (EpcRole::Epc, body.epc_list.as_slice()), (EpcRole::Epc, NONE)),
            EventBody::Aggregation(body) | EventBody::Association(body) => (
                body.parent_id.as_deref(),
                (EpcRole::Child, body.child_epcs.as_slice()),
                (EpcRole::Child, NONE),
            ),
            EventBody::Transaction(body) => {
                (body.parent_id.as_deref(), (EpcRole::Epc, body.epc_list.as_slice()), (EpcRole::Epc, NONE))
            }
            EventBody::Transformation(body) => (
                None,
                (EpcRole::Input, body.input_epc_list.as_slice()),
                (EpcRole::Output, body.output_epc_list.as_slice()),
            ),
        };
        parent
            .map(|uri| (EpcRole::Parent, uri))
            .into_iter()
            .chain(first.1.iter().map(move |uri| (first.0, uri.as_str())))
            .chain(second.1.iter().map(move |uri| (second.0, uri.as_str())))
    }

    /// Quantities of classes: `quantityList` or `childQuantityList`, or the inputs then the outputs of a transformation.
    pub fn quantities(&self) -> impl Iterator<Item = (EpcRole, &Quantity)> {
        const NONE: &[Quantity] = &[];
        let (first, second) = match &self.body {
            EventBody::Object(body) => ((EpcRole::Epc, body.quantity_list.as_slice()), NONE),
            EventBody::Aggregation(body) | EventBody::Association(body) => {
                ((EpcRole::Child, body.child_quantity_list.as_slice()), NONE)
            }
            EventBody::Transaction(body) => ((EpcRole::Epc, body.quantity_list.as_slice()), NONE),
            EventBody::Transformation(body) => {
                ((EpcRole::Input, body.input_quantity_list.as_slice()), body.output_quantity_list.as_slice())
            }
        };
        let outputs = second.iter().map(|quantity| (EpcRole::Output, quantity));
        first.1.iter().map(move |quantity| (first.0, quantity)).chain(outputs)
    }

    /// The identifier of the parent, where the type of event has one.
    pub fn parent_id(&self) -> Option<&str> {
        match &self.body {
            EventBody::Aggregation(body) | EventBody::Association(body) => body.parent_id.as_deref(),
            EventBody::Transaction(body) => body.parent_id.as_deref(),
            EventBody::Object(_) | EventBody::Transformation(_) => None,
        }
    }

    /// Instance or lot master data, where the type of event has it.
    pub fn ilmd(&self) -> Option<&Extensions> {
        match &self.body {
            EventBody::Object(body) => Some(&body.ilmd),
            EventBody::Transformation(body) => Some(&body.ilmd),
            EventBody::Aggregation(_) | EventBody::Association(_) | EventBody::Transaction(_) => None,
        }
    }

    /// The text of a CBV master data attribute in the ILMD, such as `lotNumber` or `itemExpirationDate`.
    pub fn ilmd_text(&self, attribute: &str) -> Option<&str> {
        self.ilmd().and_then(|ilmd| ilmd.text(CBV_MASTER_DATA, attribute))
    }

    /// The business step: bare CBV word or URI.
    pub fn biz_step(&self) -> Option<&str> {
        self.biz_step.as_deref()
    }

    /// The disposition: bare CBV word or URI.
    pub fn disposition(&self) -> Option<&str> {
        self.disposition.as_deref()
    }

    /// The first source of a type (`owning_party`, `possessing_party`, `location`).
    pub fn source(&self, party_type: &str) -> Option<&str> {
        self.sources.iter().find(|source| source.party_type == party_type).map(|source| source.id.as_str())
    }

    /// The first destination of a type (`owning_party`, `possessing_party`, `location`).
    pub fn destination(&self, party_type: &str) -> Option<&str> {
        self.destinations
            .iter()
            .find(|destination| destination.party_type == party_type)
            .map(|dest| dest.id.as_str())
    }

    /// The first business transaction of a type (`po`, `desadv`…).
    pub fn biz_transaction(&self, transaction_type: &str) -> Option<&str> {
        let mut of_type = self
            .biz_transactions
            .iter()
            .filter(|entry| entry.transaction_type.as_deref() == Some(transaction_type));
        of_type.next().map(|entry| entry.transaction.as_str())
    }
}
