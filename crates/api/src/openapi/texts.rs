//! Forms of texts and numbers that requests and answers carry, as the document tells them. A field or parameter names
//! one as its `value_type`; what is read is a `String` and checked by `gs1` or its route.

use lifecycle::{PackState, Transition, VerdictCode};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::cursor::{PAGE_DEFAULT, PAGE_MAX};
use crate::limits::TEXT_CHARS_MAX;

/// Text without control characters, which no address may have and no text of a person.
pub(super) const NO_CONTROL: &str = r"^[^\u0000-\u001F\u007F-\u009F]*$";

/// Characters of GS1 set 82.
const SET_82: &str = r#"^[!"%-?A-Z_a-z]{1,20}$"#;

/// Declares types that are never made: each stands for a text of one form.
macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident = $pattern:expr, $example:literal;)+) => {$(
        $(#[doc = $doc])+
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some($pattern));
                text.description(Some(concat!($($doc),+).trim())).examples([$example]).into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

texts! {
    /// GTIN: 8, 12, 13 or 14 digits, the last being their check digit.
    GtinText = r"^([0-9]{8}|[0-9]{12,14})$", "09521000123458";
    /// GTIN with all its 14 digits.
    Gtin14Text = "^[0-9]{14}$", "09521000123458";
    /// GLN: 13 digits, the last being their check digit.
    GlnText = "^[0-9]{13}$", "9521020000012";
    /// Serial number: 1 to 20 characters of GS1 set 82, case-sensitive.
    SerialText = SET_82, "5Kx9";
    /// Lot number: 1 to 20 characters of GS1 set 82, case-sensitive.
    LotText = SET_82, "A123";
    /// Expiry date as printed, `YYMMDD`; day `00` is the month's end.
    ExpiryText = "^[0-9]{2}(0[1-9]|1[0-2])([0-2][0-9]|3[01])$", "280300";
    /// 32 bytes as hexadecimal digits.
    Hex32Text = "^[0-9a-f]{64}$", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    /// Where a list goes on: `next_cursor` of the page before, and nothing else.
    CursorText = "^([0-9A-Fa-f]{2})+$", "22303935323130303031323334353822";
}

/// Declares types that are never made: each stands for one of some words.
macro_rules! words {
    ($($(#[doc = $doc:literal])+ $name:ident = $words:expr;)+) => {$(
        $(#[doc = $doc])+
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some($words));
                word.description(Some(concat!($($doc),+).trim())).into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

words! {
    /// State of a pack.
    PackStateWord = PackState::ALL.map(PackState::as_str);
    /// Change of a pack.
    TransitionWord = Transition::ALL.map(Transition::as_str);
    /// What is known of a pack, in one word.
    VerdictWord = VERDICTS.map(VerdictCode::as_str);
    /// What the light shows.
    ColourWord = ["green", "amber", "red"];
    /// `pending` while the ledger has not decided.
    ResultWord = ["accepted", "pending"];
    /// `awaiting_data`: nobody has announced it yet, so what is in it is not known.
    ArrivalWord = ["received", "awaiting_data"];
}

const VERDICTS: [VerdictCode; 11] = [
    VerdictCode::Genuine,
    VerdictCode::IncompleteLabel,
    VerdictCode::UnknownProduct,
    VerdictCode::UnknownSerial,
    VerdictCode::UnconfirmedSerial,
    VerdictCode::LotMismatch,
    VerdictCode::ExpiryMismatch,
    VerdictCode::Withdrawn,
    VerdictCode::Recalled,
    VerdictCode::Inactive,
    VerdictCode::Expired,
];

/// 1 to 120 characters without line breaks, in words for people.
pub(crate) enum ShortText {}

impl PartialSchema for ShortText {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(NO_CONTROL));
        let text = text.min_length(Some(1)).max_length(Some(TEXT_CHARS_MAX));
        text.description(Some(format!("1 to {TEXT_CHARS_MAX} characters without line breaks"))).into()
    }
}

impl ToSchema for ShortText {}

/// One physical thing: its SSCC, or its GTIN and serial number; as scanned, as URN or as GS1 Digital Link.
pub(crate) enum ObjectText {}

impl PartialSchema for ObjectText {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
        let text = text.description(Some("SSCC or SGTIN: as scanned, as URN or as GS1 Digital Link"));
        text.examples(["https://id.gs1.org/01/09521000123458/21/5Kx9", "495210065201485871"]).into()
    }
}

impl ToSchema for ObjectText {}

/// How many things a page of a list has.
pub(crate) enum PageSize {}

impl PartialSchema for PageSize {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
        number.maximum(Some(PAGE_MAX)).default(Some(PAGE_DEFAULT.into())).into()
    }
}

impl ToSchema for PageSize {}
