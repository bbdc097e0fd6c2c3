//! The linters of the GS1 Barcode Syntax Dictionary: content checks of one component of a field.
//!
//! Each takes the component's text and answers with the dictionary's name of the fault and the characters at
//! fault. First module to read: [`error`]; the linters themselves are sorted by what they look at.

pub mod code;
pub mod coupon;
pub mod date;
pub mod error;
pub mod number;
pub mod text;

mod codelists;

pub use error::{LintError, LintFault};

/// Declares [`Linter`]: variant, the dictionary's name, the function.
macro_rules! linters {
    ($($variant:ident $name:literal $function:path)+) => {
        /// A content check that the dictionary names.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Linter {
            $(#[doc = concat!("The linter `", $name, "`.")] $variant,)+
        }

        impl Linter {
            /// Every linter.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The dictionary's name of the linter.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Checks one component.
            ///
            /// # Errors
            /// The fault found first, with its position in `text`.
            pub fn check(self, text: &str) -> Result<(), LintFault> {
                match self {
                    $(Self::$variant => $function(text),)+
                }
            }
        }
    };
}

linters! {
    Couponcode "couponcode" coupon::couponcode
    Couponposoffer "couponposoffer" coupon::couponposoffer
    Cset39 "cset39" text::cset39
    Cset64 "cset64" text::cset64
    Cset82 "cset82" text::cset82
    Csetnumeric "csetnumeric" text::csetnumeric
    Csum "csum" number::csum
    Csumalpha "csumalpha" text::csumalpha
    Gcppos1 "gcppos1" number::gcppos1
    Gcppos2 "gcppos2" number::gcppos2
    Hasnondigit "hasnondigit" text::hasnondigit
    Hh "hh" date::hh
    Hhmi "hhmi" date::hhmi
    Hyphen "hyphen" text::hyphen
    Iban "iban" code::iban
    Importeridx "importeridx" text::importeridx
    Iso3166 "iso3166" code::iso3166
    Iso3166999 "iso3166999" code::iso3166999
    Iso3166alpha2 "iso3166alpha2" code::iso3166alpha2
    Iso4217 "iso4217" code::iso4217
    Iso5218 "iso5218" code::iso5218
    Latitude "latitude" number::latitude
    Longitude "longitude" number::longitude
    Mediatype "mediatype" code::mediatype
    Mi "mi" date::mi
    Nonzero "nonzero" number::nonzero
    Nozeroprefix "nozeroprefix" number::nozeroprefix
    Packagetype "packagetype" code::packagetype
    Pcenc "pcenc" text::pcenc
    Pieceoftotal "pieceoftotal" number::pieceoftotal
    Posinseqslash "posinseqslash" number::posinseqslash
    Ss "ss" date::ss
    Winding "winding" code::winding
    Yesno "yesno" code::yesno
    Yymmd0 "yymmd0" date::yymmd0
    Yymmdd "yymmdd" date::yymmdd
    Yyyymmd0 "yyyymmd0" date::yyyymmd0
    Yyyymmdd "yyyymmdd" date::yyyymmdd
    Zero "zero" number::zero
}

/// The linter of that name in the dictionary.
#[must_use]
pub fn by_name(name: &str) -> Option<Linter> {
    Linter::ALL.iter().copied().find(|linter| linter.name() == name)
}

/// Marks the whole text as wrong.
fn whole(error: LintError, text: &str) -> LintFault {
    LintFault::new(error, 0, text.chars().count())
}

/// Refuses the first character that `allowed` does not admit.
fn each(text: &str, error: LintError, allowed: impl Fn(u8) -> bool) -> Result<(), LintFault> {
    match text.chars().position(|c| !u8::try_from(c).is_ok_and(&allowed)) {
        Some(at) => Err(LintFault::new(error, at, 1)),
        None => Ok(()),
    }
}

/// Refuses anything but exactly `length` digits.
fn digits(text: &str, length: usize, short: LintError, long: LintError) -> Result<(), LintFault> {
    match text.chars().count() {
        given if given < length => return Err(whole(short, text)),
        given if given > length => return Err(whole(long, text)),
        _ => {}
    }
    text::csetnumeric(text)
}

/// The digits from `from` to `to` as a number; 0 where there are none.
fn value(text: &str, from: usize, to: usize) -> u64 {
    text.get(from..to).and_then(|part| part.parse().ok()).unwrap_or(0)
}
