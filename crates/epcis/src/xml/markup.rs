//! XML text under construction.

use crate::text::WHITE_SPACE;

/// Markup without white space between elements.
#[derive(Default)]
pub(crate) struct Markup {
    pub out: String,
}

impl Markup {
    /// A start tag.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push('>');
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.escaped(value, true);
            self.out.push('"');
        }
    }

    /// An end tag.
    pub fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// An element with nothing in it.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push_str("/>");
    }

    /// An element with text. Text that begins or ends with white space is marked to be kept.
    pub fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        if text.is_empty() {
            return self.empty(name, attributes);
        }
        let mut attributes = attributes.to_vec();
        if is_padded(text) {
            attributes.push(("xml:space", "preserve"));
        }
        self.open(name, &attributes);
        self.text(text);
        self.close(name);
    }

    /// Character data.
    pub fn text(&mut self, text: &str) {
        self.escaped(text, false);
    }

    fn escaped(&mut self, text: &str, attribute: bool) {
        for character in text.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\r' => self.out.push_str("&#13;"),
                '"' if attribute => self.out.push_str("&quot;"),
                '\n' if attribute => self.out.push_str("&#10;"),
                '\t' if attribute => self.out.push_str("&#9;"),
                other => self.out.push(other),
            }
        }
    }
}

/// Whether white space around a text would be lost.
pub(crate) fn is_padded(text: &str) -> bool {
    text.starts_with(WHITE_SPACE) || text.ends_with(WHITE_SPACE)
}
