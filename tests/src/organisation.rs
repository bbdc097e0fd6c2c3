//! The organisations of a test network, before they have keys.
//!
//! GS1 prefix 952 is reserved for examples: no real company has these numbers
//! (GS1 General Specifications, section 1.4.2).

use lifecycle::Role;

/// One organisation as a network is built from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationSpec {
    /// Short name: of its folder, its database and its process. Lower case, digits and `_`.
    pub name: String,
    /// Full name, for the directory.
    pub title: String,
    /// What it is; the executable of its service has the role's name.
    pub role: Role,
    /// GS1 company prefixes, 4 to 12 digits.
    pub prefixes: Vec<String>,
    /// Global location numbers, 13 digits: the party first, then its sites.
    pub glns: Vec<String>,
    /// Products that it owns.
    pub products: Vec<ProductSpec>,
}

/// One product as it stands in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductSpec {
    /// GTIN, 14 digits, indicator 0.
    pub gtin: String,
    /// Name, as on the pack.
    pub name: String,
    /// Dosage form.
    pub form: String,
    /// Strength.
    pub strength: String,
}

impl OrganisationSpec {
    fn new(name: &str, title: &str, role: Role, prefix: &str, glns: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            role,
            prefixes: vec![prefix.to_owned()],
            glns: glns.iter().map(|gln| (*gln).to_owned()).collect(),
            products: Vec::new(),
        }
    }

    /// A manufacturer with a plant, a distribution centre and one product.
    pub fn manufacturer() -> Self {
        let glns = [gln("952100111111"), gln("952100111121")];
        Self {
            products: vec![ProductSpec {
                gtin: PRODUCT.to_owned(),
                name: "Theriacin".to_owned(),
                form: "TABLET".to_owned(),
                strength: "100 mg".to_owned(),
            }],
            ..Self::new(
                "manufacturer",
                "Andromachus Pharma",
                Role::Manufacturer,
                "952100",
                &[glns[0].as_str(), glns[1].as_str()],
            )
        }
    }

    /// A distributor with a head office and a warehouse.
    pub fn distributor() -> Self {
        let glns = [gln("952101999999"), gln("952101345678")];
        let title = "Galen Wholesale";
        Self::new("distributor", title, Role::Distributor, "952101", &[glns[0].as_str(), glns[1].as_str()])
    }

    /// A pharmacy with one site.
    pub fn pharmacy() -> Self {
        Self::new("pharmacy", "Corner Pharmacy", Role::Pharmacy, "952102", &[gln("952102000001").as_str()])
    }

    /// A second pharmacy with one site, for tests in which two compete.
    pub fn second_pharmacy() -> Self {
        Self::new("pharmacy_2", "Market Pharmacy", Role::Pharmacy, "952104", &[gln("952104000001").as_str()])
    }

    /// A regulator.
    pub fn regulator() -> Self {
        Self::new(
            "regulator",
            "Medicines Authority",
            Role::Regulator,
            "952103",
            &[gln("952103000001").as_str()],
        )
    }

    /// The four of `cargo xtask up`.
    pub fn four() -> Vec<Self> {
        vec![Self::manufacturer(), Self::distributor(), Self::pharmacy(), Self::regulator()]
    }

    /// The first GLN: the organisation as a party.
    pub fn party(&self) -> &str {
        self.glns.first().map_or("", String::as_str)
    }

    /// The last GLN: where goods are.
    pub fn site(&self) -> &str {
        self.glns.last().map_or("", String::as_str)
    }
}

/// The product of the example manufacturer: indicator 0, prefix 952100, item 012345.
pub const PRODUCT: &str = "09521000123458";

/// Twelve digits with their check digit (GS1 General Specifications, section 7.9).
fn gln(digits: &str) -> String {
    format!("{digits}{}", check_digit(digits))
}

/// The check digit of a GS1 key whose other digits are given.
pub fn check_digit(digits: &str) -> u32 {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| u32::from(byte.wrapping_sub(b'0')) * if index % 2 == 0 { 3 } else { 1 })
        .sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_well_formed() {
        assert_eq!(check_digit("629104150021"), 3, "the example of the General Specifications");
        assert_eq!(PRODUCT, format!("0952100012345{}", check_digit("0952100012345")));
        for organisation in OrganisationSpec::four() {
            for gln in &organisation.glns {
                assert_eq!(gln.len(), 13);
                assert!(organisation.prefixes.iter().any(|prefix| gln.starts_with(prefix)));
            }
        }
    }
}
