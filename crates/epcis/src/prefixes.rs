//! Prefixes for writing: those the document had, the predefined ones, and new ones where there is none.

use crate::json::nested_extensions;
use crate::model::{
    DocumentHead, Event, Extensions, Name, Namespaces, Value, predefined_namespace, predefined_prefix,
};
use crate::text::is_ncname;
use crate::xml::XML;

/// Prefixes that the XML writer uses itself. (Those that begin with `xml` are not for documents to bind.)
const RESERVED: [&str; 4] = ["epcis", "epcisq", "sbdh", "xsi"];

/// The bindings under which a document or event is written.
#[derive(Default)]
pub(crate) struct Prefixes {
    bound: Namespaces,
    /// Predefined bindings in use, which XML has to declare like any other.
    predefined: Namespaces,
}

impl Prefixes {
    /// Bindings for an event that stands within others.
    pub fn for_event(event: &Event, outer: &Namespaces) -> Self {
        let mut prefixes = Self::default();
        prefixes.add(outer);
        prefixes.add(&event.namespaces);
        let declaration = event.error_declaration.as_ref().map(|declaration| &declaration.extensions);
        let places = [event.read_point.as_ref(), event.biz_location.as_ref()].into_iter().flatten();
        let sensors = event.sensor_elements.iter().flat_map(|element| {
            let metadata = element.metadata.as_ref().map(|metadata| &metadata.extensions);
            let reports = element.reports.iter().map(|report| &report.extensions);
            reports.chain(metadata).chain([&element.extensions])
        });
        let all = [&event.extensions].into_iter().chain(event.ilmd()).chain(declaration).chain(sensors);
        for extensions in all.chain(places.map(|place| &place.extensions)) {
            prefixes.need(extensions);
        }
        prefixes
    }

    /// Bindings for everything in a document but its events.
    pub fn for_head(head: &DocumentHead) -> Self {
        let mut prefixes = Self::default();
        prefixes.add(&head.namespaces);
        nested_extensions(head).into_iter().for_each(|extensions| prefixes.need(extensions));
        prefixes
    }

    fn add(&mut self, namespaces: &Namespaces) {
        let usable =
            |prefix: &str| is_ncname(prefix) && !RESERVED.contains(&prefix) && !prefix.starts_with("xml");
        for (prefix, namespace) in
            namespaces.iter().filter(|(prefix, namespace)| usable(prefix) && !namespace.is_empty())
        {
            self.bound.bind(prefix, namespace);
        }
    }

    /// Makes sure that every name has a prefix.
    fn need(&mut self, extensions: &Extensions) {
        for (name, values) in extensions.iter() {
            if !name.namespace.is_empty() && self.prefix(&name.namespace).is_none() {
                let free = (1u32..)
                    .map(|number| format!("ns{number}"))
                    .find(|prefix| self.bound.namespace(prefix).is_none());
                self.bound.bind(&free.unwrap_or_default(), &name.namespace);
            }
            if let Some(prefix) = self.prefix(&name.namespace)
                && self.bound.namespace(prefix).is_none()
                && prefix != "xml"
            {
                let prefix = prefix.to_owned();
                self.predefined.bind(&prefix, &name.namespace);
            }
            for value in values {
                if let Value::Nested { fields, .. } = value {
                    self.need(fields);
                }
            }
        }
    }

    fn prefix(&self, namespace: &str) -> Option<&str> {
        if namespace == XML {
            return Some("xml");
        }
        let predefined = predefined_prefix(namespace)
            .filter(|prefix| self.bound.namespace(prefix).is_none_or(|b| b == namespace));
        predefined.or_else(|| self.bound.prefix(namespace))
    }

    /// A name with its prefix.
    pub fn qualified(&self, name: &Name) -> String {
        match self.prefix(&name.namespace) {
            Some(prefix) => format!("{prefix}:{}", name.local),
            None => name.local.clone(),
        }
    }

    /// The bindings that a reader of JSON inside `outer` does not know yet.
    pub fn context<'a>(&'a self, outer: &'a Namespaces) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.bound.iter().filter(|(prefix, namespace)| {
            outer.namespace(prefix) != Some(namespace) && predefined_namespace(prefix) != Some(namespace)
        })
    }

    /// The bindings that XML inside `outer` has not declared yet.
    pub fn declarations(&self, outer: &Self) -> Vec<(&str, &str)> {
        let all = self.bound.iter().chain(self.predefined.iter());
        let declared =
            |prefix: &str| outer.bound.namespace(prefix).or_else(|| outer.predefined.namespace(prefix));
        all.filter(|(prefix, namespace)| declared(prefix) != Some(namespace)).collect()
    }

    /// The bindings that the document had or needed.
    pub fn bound(&self) -> &Namespaces {
        &self.bound
    }
}
