//! The order of elements in the XML schema. Reading does not depend on it, but says when it is broken.

use super::tree::XmlElement;
use crate::assemble::EVENT_FIELDS;
use crate::model::EventType;

/// The first child of an event that stands before one it should follow, with the one it should follow.
pub(crate) fn misplaced(event_type: EventType, event: &XmlElement) -> Option<(&XmlElement, &str)> {
    let (_, order) = EVENT_FIELDS.iter().find(|(kind, _)| *kind == event_type)?;
    let mut last = (0, "");
    for child in &event.children {
        let position = match child.is_standard() {
            true => order.iter().position(|name| *name == child.name.local)?,
            false => order.len(),
        };
        if position < last.0 {
            return Some((child, last.1));
        }
        last = (position, &child.name.local);
    }
    None
}
