//! What is wrong with a document: a code for machines, a sentence for people, and the place.

use std::fmt;

/// The kind of a [`Fault`]. [`FaultCode::as_str`] is its stable spelling, used in problem documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FaultCode {
    /// The bytes are not UTF-8, or hold a character that XML 1.0 cannot carry.
    Encoding,
    /// Not well-formed JSON (RFC 8259), or an object repeats a member name.
    JsonSyntax,
    /// Not well-formed XML 1.0 with namespaces.
    XmlSyntax,
    /// A document type with declarations or an external identifier, or an entity reference
    /// other than the five predefined ones.
    XmlEntity,
    /// A bound of [`crate::Limits`] was passed.
    LimitExceeded,
    /// The root is no EPCIS document, query document or event.
    UnknownDocument,
    /// A schema version this crate does not read.
    UnsupportedVersion,
    /// A document or lone event in JSON without `@context`.
    MissingContext,
    /// An event type outside EPCIS 2.0 section 7.4.
    UnknownEventType,
    /// A mandatory field is absent or empty.
    MissingField,
    /// A field that the standard does not define at this place and that has no namespace.
    UnknownField,
    /// A field occurs twice where one is allowed.
    DuplicateField,
    /// The value has the wrong JSON type or element content.
    WrongType,
    /// A date and time that is not `xsd:dateTimeStamp` (with a UTC offset).
    InvalidTime,
    /// An `eventTimeZoneOffset` outside `-14:00` to `+14:00`.
    InvalidOffset,
    /// A number that is not a finite decimal.
    InvalidNumber,
    /// Text that is not a URI where the standard wants one.
    InvalidUri,
    /// An action other than ADD, OBSERVE and DELETE.
    InvalidAction,
    /// A bare word or CBV URI that the Core Business Vocabulary does not define.
    UnknownVocabularyTerm,
    /// A prefix that no `@context` and no `xmlns` binds.
    UnknownPrefix,
    /// A member name that cannot be an XML name, or a JSON-LD keyword where a field is expected.
    InvalidName,
    /// A unit of measure that is not two or three capitals or digits (UN/CEFACT Recommendation 20).
    InvalidUnit,
    /// A rule between fields of one event does not hold (EPCIS 2.0 section 7.4).
    InconsistentEvent,
    /// XML elements in another order than the schema gives. Reading does not depend on it.
    ElementOrder,
}

impl FaultCode {
    /// The stable lower-case spelling of the code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Encoding => "encoding",
            Self::JsonSyntax => "json_syntax",
            Self::XmlSyntax => "xml_syntax",
            Self::XmlEntity => "xml_entity",
            Self::LimitExceeded => "limit_exceeded",
            Self::UnknownDocument => "unknown_document",
            Self::UnsupportedVersion => "unsupported_version",
            Self::MissingContext => "missing_context",
            Self::UnknownEventType => "unknown_event_type",
            Self::MissingField => "missing_field",
            Self::UnknownField => "unknown_field",
            Self::DuplicateField => "duplicate_field",
            Self::WrongType => "wrong_type",
            Self::InvalidTime => "invalid_time",
            Self::InvalidOffset => "invalid_offset",
            Self::InvalidNumber => "invalid_number",
            Self::InvalidUri => "invalid_uri",
            Self::InvalidAction => "invalid_action",
            Self::UnknownVocabularyTerm => "unknown_vocabulary_term",
            Self::UnknownPrefix => "unknown_prefix",
            Self::InvalidName => "invalid_name",
            Self::InvalidUnit => "invalid_unit",
            Self::InconsistentEvent => "inconsistent_event",
            Self::ElementOrder => "element_order",
        }
    }
}

/// Whether a [`Fault`] refuses the event or only informs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The event or document is refused.
    Error,
    /// The standard asks for something else, but published GS1 examples do the same; accepted.
    Warning,
}

/// One thing that is wrong with a document or event.
///
/// Faults are data rather than a Rust error type: a document has many, and all are reported at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of fault it is.
    pub code: FaultCode,
    /// Whether it refuses the event.
    pub severity: Severity,
    /// One sentence for people. Holds field names and CBV words, never serial numbers.
    pub message: String,
    /// JSON Pointer (RFC 6901) to the value. In XML documents it points at the place the value
    /// would have in the JSON form of the same document.
    pub pointer: Option<String>,
    /// Line, from 1, where the source text is at hand.
    pub line: Option<u32>,
    /// Column in bytes, from 1, where the source text is at hand.
    pub column: Option<u32>,
    /// Byte offset in the source, until line and column are known.
    pub(crate) offset: Option<usize>,
}

impl Fault {
    /// An error without a place.
    pub fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            pointer: None,
            line: None,
            column: None,
            offset: None,
        }
    }

    /// A warning without a place.
    pub fn warning(code: FaultCode, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::new(code, message) }
    }

    /// The same fault at a JSON Pointer.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// The same fault at a byte offset of the source; the reader turns it into line and column.
    #[must_use]
    pub(crate) fn located(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Whether the fault refuses the event.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)?;
        if let Some(pointer) = &self.pointer {
            write!(f, " at {pointer}")?;
        }
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, " (line {line}, column {column})")?;
        }
        Ok(())
    }
}

/// Finds lines and columns. Each search goes on from the last, and there are not many of them: a document made of faults
/// alone must not cost its size for every one.
pub(crate) struct Locator<'a> {
    source: &'a [u8],
    offset: usize,
    line: u32,
    line_start: usize,
    left: usize,
}

impl<'a> Locator<'a> {
    /// Finds at most `searches_max` places in `source`.
    pub fn new(source: &'a [u8], searches_max: usize) -> Self {
        Self { source, offset: 0, line: 1, line_start: 0, left: searches_max }
    }

    /// Gives faults their line and column. Beyond the bound they keep their JSON Pointer alone.
    pub fn locate(&mut self, faults: &mut [Fault]) {
        for fault in faults {
            let Some(offset) = fault.offset.take() else {
                continue;
            };
            if self.left > 0 {
                self.left -= 1;
                self.go_to(offset.min(self.source.len()));
                fault.line = Some(self.line);
                fault.column = u32::try_from(offset.saturating_sub(self.line_start) + 1).ok();
            }
        }
    }

    fn go_to(&mut self, offset: usize) {
        if offset < self.line_start {
            (self.offset, self.line, self.line_start) = (0, 1, 0);
        }
        let between = self.source.get(self.offset.min(offset)..offset).unwrap_or_default();
        let start = self.offset.min(offset);
        for (at, _) in between.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            self.line = self.line.saturating_add(1);
            self.line_start = start + at + 1;
        }
        self.offset = self.offset.max(offset);
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultCode, Locator};

    #[test]
    fn places_are_found_in_any_order() {
        let source = b"ab\ncd\n\nef";
        let mut locator = Locator::new(source, 100);
        let places = [(0, 1, 1), (4, 2, 2), (1, 1, 2), (8, 4, 2), (6, 3, 1), (7, 4, 1), (3, 2, 1), (9, 4, 3)];
        for (offset, line, column) in places {
            let mut faults = [Fault::new(FaultCode::WrongType, "").located(offset)];
            locator.locate(&mut faults);
            assert_eq!((faults[0].line, faults[0].column), (Some(line), Some(column)), "{offset}");
        }
    }

    #[test]
    fn searches_are_bounded() {
        let mut locator = Locator::new(b"a", 1);
        let mut faults = [
            Fault::new(FaultCode::WrongType, "").located(0),
            Fault::new(FaultCode::WrongType, "").located(0),
        ];
        locator.locate(&mut faults);
        assert_eq!(faults.map(|fault| fault.line), [Some(1), None]);
    }
}
