//! `@context`: which prefixes are bound. Contexts are never fetched; the EPCIS context is known (EPCIS 2.0 section 10).

use crate::Limits;
use crate::model::Namespaces;
use crate::text::is_uri;
use crate::tree::{Data, Node};
use crate::{Fault, FaultCode};

/// Adds the bindings of a `@context` value to those in scope.
pub(crate) fn bind(context: &Node, namespaces: &mut Namespaces, limits: &Limits) -> Result<(), Fault> {
    match &context.data {
        Data::Text(text) if is_uri(text) => Ok(()),
        Data::Text(_) => Err(Fault::new(FaultCode::InvalidUri, "`@context` names a context by its URI")),
        Data::Array(items) => items.iter().try_for_each(|item| match item.data {
            Data::Array(_) => Err(wrong(item)),
            _ => bind(item, namespaces, limits),
        }),
        Data::Object(members) => {
            for member in members {
                let iri = match &member.node.data {
                    Data::Text(iri) => Some(iri.as_str()),
                    Data::Object(definition) => definition
                        .iter()
                        .find(|part| part.raw() == "@id")
                        .and_then(|part| part.node.as_text()),
                    _ => None,
                };
                if let (false, Some(iri)) = (member.raw().starts_with('@'), iri) {
                    namespaces.bind(member.raw(), iri);
                }
            }
            if namespaces.len() > limits.namespaces_max {
                return Err(Fault::new(FaultCode::LimitExceeded, "more namespaces than the limit"));
            }
            Ok(())
        }
        Data::Null | Data::Bool(_) | Data::Number(_) => Err(wrong(context)),
    }
}

fn wrong(node: &Node) -> Fault {
    Fault::new(FaultCode::WrongType, format!("`@context` cannot hold {}", node.kind()))
}
