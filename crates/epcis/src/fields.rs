//! The fields of an event as a flat list of names and texts: what a commitment to the event is computed over.

use crate::disassemble::{self, is_standard};
use crate::model::Event;
use crate::tree::{Data, Key, Member, Node};

impl Event {
    /// Every atomic field of the event, as name and text, in the order of the canonical JSON form.
    ///
    /// Names follow this grammar (RFC 5234); `field` is a member name of the EPCIS 2.0 JSON binding, lists are counted
    /// from 0:
    ///
    /// ```text
    /// name      = standard / extended
    /// standard  = field *( "/" ( field / index ) ) [ "/" extended ]
    /// extended  = expanded "/" index [ "/" ( extended / "#text" ) ]
    /// expanded  = "{" iri "}" local        ; "%" and "}" in the IRI as "%25" and "%7D"
    /// ```
    ///
    /// Texts are the values without their JSON quotes: numbers by their decimal text, booleans `true` or `false`, words of the
    /// CBV bare, times and offsets as written. An object without fields (`sensorMetadata`, for one) is its name followed
    /// by `/`, with empty text.
    ///
    /// `eventID`, `recordTime`, `errorDeclaration` and `certificationInfo` are included. Two events that differ in meaning never
    /// have the same list: every field has its own name, and the list tells which fields there are. Prefixes and the spelling
    /// of vocabulary words do not enter, and neither does whether JSON wrote an extension as text or as a number.
    pub fn fields(&self) -> Vec<(String, String)> {
        let mut out = Vec::new();
        flatten_members(disassemble::event(self), &mut String::new(), false, &mut out);
        out
    }
}

fn flatten_members(members: Vec<Member>, path: &mut String, extended: bool, out: &mut Vec<(String, String)>) {
    for Member { key, node } in members {
        let extension =
            (extended || !is_standard(&key)) && !matches!(&key, Key::Expanded(name) if name.local == "#text");
        let segment = match key {
            Key::Expanded(name) if extension => {
                let iri = name.namespace.replace('%', "%25").replace('}', "%7D");
                format!("{{{iri}}}{}", name.local)
            }
            Key::Expanded(name) => name.local,
            Key::Raw(raw) => raw,
        };
        // One occurrence of an extension is a list of one.
        let node = match node.data {
            Data::Array(_) => node,
            _ if extension => Node::array(0, vec![node]),
            _ => node,
        };
        within(path, &segment, |path| flatten(node, path, extended || extension, out));
    }
}

fn flatten(node: Node, path: &mut String, extended: bool, out: &mut Vec<(String, String)>) {
    match node.data {
        Data::Object(members) if members.is_empty() => out.push((format!("{path}/"), String::new())),
        Data::Object(members) => flatten_members(members, path, extended, out),
        Data::Array(items) => {
            for (index, item) in items.into_iter().enumerate() {
                within(path, &index.to_string(), |path| flatten(item, path, extended, out));
            }
        }
        Data::Text(text) | Data::Number(text) => out.push((path.clone(), text)),
        Data::Bool(value) => out.push((path.clone(), value.to_string())),
        Data::Null => out.push((path.clone(), String::new())),
    }
}

/// Runs with a segment added to the path, and takes it off again.
fn within(path: &mut String, segment: &str, run: impl FnOnce(&mut String)) {
    let length = path.len();
    if length > 0 {
        path.push('/');
    }
    path.push_str(segment);
    run(path);
    path.truncate(length);
}
