//! Serialised trade item: the identity of one pack.
//!
//! Source: GS1 EPC Tag Data Standard, section 6.3.1; GS1 Digital Link URI Syntax, section 4.

use std::fmt;
use std::str::FromStr;

use crate::epc::{EpcKey, Identifier, percent};
use crate::text::serde_as_text;
use crate::{Gs1Error, Gtin, SerialNumber};

/// One item: its trade item number and its serial number.
///
/// As text it is the canonical Digital Link path, `01/09521568251204/21/5Kx9`; it is read from any spelling
/// that [`EpcKey`] knows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sgtin {
    /// What it is.
    pub gtin: Gtin,
    /// Which one it is.
    pub serial: SerialNumber,
}

impl Sgtin {
    /// Joins the two parts; every pair is legal.
    #[must_use]
    pub const fn new(gtin: Gtin, serial: SerialNumber) -> Self {
        Self { gtin, serial }
    }

    /// The canonical Digital Link path, without domain and leading slash.
    #[must_use]
    pub fn path(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Sgtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "01/{}/21/{}", self.gtin, percent::Encoded::link(self.serial.as_str()))
    }
}

impl FromStr for Sgtin {
    type Err = Gs1Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match EpcKey::parse(text)?.into_id() {
            Identifier::Sgtin(sgtin) => Ok(sgtin),
            _ => Err(Gs1Error::OtherKind { wanted: "SGTIN" }),
        }
    }
}

serde_as_text!(Sgtin);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trip() {
        let sgtin =
            Sgtin::new(Gtin::new("80614141123458").unwrap(), SerialNumber::new("6789/&%\"!?()").unwrap());
        assert_eq!(sgtin.path(), "01/80614141123458/21/6789%2F%26%25%22%21%3F%28%29");
        assert_eq!(sgtin.path().parse::<Sgtin>().unwrap(), sgtin);
        assert_eq!("urn:epc:id:sgtin:0614141.812345.6789%2F%26%25%22!%3F()".parse::<Sgtin>().unwrap(), sgtin);
        assert!("00/106141412345678908".parse::<Sgtin>().is_err());
    }
}
