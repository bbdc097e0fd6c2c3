//! Bounds on everything read from outside.

/// Most bytes of one scanned or typed text. A GS1 DataMatrix holds at most 2,335 alphanumeric characters and a
/// QR Code 4,296; percent-encoding triples what a Digital Link in it may stand for.
pub const SCAN_BYTES_MAX: usize = 8 * 1024;

/// Most bytes of one EPC URN or Digital Link URI that is read as a key. The longest key is a CPI of 30
/// characters with a 12-digit serial; a URI adds a domain of 253, a stem and a query that is skipped.
pub const KEY_BYTES_MAX: usize = 8 * 1024;

/// Most elements of one element string: the shortest element takes four characters (AI 20 and its two digits).
pub const ELEMENTS_MAX: usize = SCAN_BYTES_MAX / 4;

/// Most readings that are kept of a text whose separators were lost; a second one already makes it ambiguous,
/// the rest help who has a registry to choose.
pub const READINGS_MAX: usize = 16;

/// Most steps of the search for those readings, so that no text makes it long: 8 identifiers at each of at most
/// 20 lengths, over the few fields a pack carries, stays far below.
pub const READING_STEPS_MAX: u32 = 20_000;

/// Most texts that one typed text is taken to stand for; a second one that makes sense already makes it ambiguous.
pub const TYPED_READINGS_MAX: usize = 4_096;

/// Most steps of the search for them: 4,096 texts of a hundred characters.
pub const TYPED_STEPS_MAX: u32 = 400_000;
