//! Bounds on what is read. All are inclusive.

/// Bounds for one document. The defaults suit a capture interface; a caller with less memory lowers them.
///
/// Memory while reading is the source bytes once, plus one event: at most about
/// `values_per_event_max` × 200 bytes for the tree of an event, 100 MB at the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of the whole document. 256 MiB: a pallet line's day (1,000,000 packs × about 250 octets).
    pub document_bytes_max: usize,
    /// Nesting of elements or JSON values. The standard itself needs 9; extensions get the rest.
    pub depth_max: usize,
    /// Events in one document.
    pub events_max: usize,
    /// Values in one event, identifiers included: five times the largest commissioning seen (100,000 serials).
    pub values_per_event_max: usize,
    /// Octets of one value. Long texts belong in documents an event refers to.
    pub value_bytes_max: usize,
    /// Namespace bindings in scope at once.
    pub namespaces_max: usize,
    /// Faults collected before reading stops.
    pub faults_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes_max: 256 * 1024 * 1024,
            depth_max: 64,
            events_max: 1_000_000,
            values_per_event_max: 500_000,
            value_bytes_max: 64 * 1024,
            namespaces_max: 256,
            faults_max: 100,
        }
    }
}
