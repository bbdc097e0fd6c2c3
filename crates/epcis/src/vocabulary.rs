//! The Core Business Vocabulary (CBV 2.0 sections 7 and 8.10) and the sensor words of the GS1 web vocabulary.

use std::borrow::Cow;

/// A standard vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vocabulary {
    /// Business steps (CBV 2.0 section 7.1).
    BizStep,
    /// Dispositions (section 7.2).
    Disposition,
    /// Business transaction types (section 7.3).
    BizTransactionType,
    /// Source and destination types (section 7.4).
    SourceDestType,
    /// Error reasons (section 7.5).
    ErrorReason,
    /// Components of vectors and positions (section 7.6).
    Component,
    /// Sensor measurement types (GS1 web vocabulary, `gs1:MeasurementType`).
    Measurement,
    /// Sensor alert types (GS1 web vocabulary, `gs1:SensorAlertType`).
    SensorAlert,
}

struct Spelling {
    /// Before the word in a URN; absent where the vocabulary has no URN form.
    urn: Option<&'static str>,
    /// Before the word in a CURIE and, after the vocabulary's IRI, in a web URI.
    word: &'static str,
    /// Sorted.
    terms: &'static [&'static str],
}

/// Before the word in a web URI of the CBV.
const CBV_WEB: &str = "https://ref.gs1.org/cbv/";
/// Spellings of the GS1 web vocabulary's IRI.
const GS1_WEB: [&str; 4] =
    ["https://ref.gs1.org/voc/", "https://gs1.org/voc/", "http://gs1.org/voc/", "https://www.gs1.org/voc/"];

impl Vocabulary {
    fn spelling(self) -> Spelling {
        let (urn, word, terms) = match self {
            Self::BizStep => (Some("urn:epcglobal:cbv:bizstep:"), "BizStep-", BIZ_STEPS),
            Self::Disposition => (Some("urn:epcglobal:cbv:disp:"), "Disp-", DISPOSITIONS),
            Self::BizTransactionType => (Some("urn:epcglobal:cbv:btt:"), "BTT-", TRANSACTION_TYPES),
            Self::SourceDestType => (Some("urn:epcglobal:cbv:sdt:"), "SDT-", SOURCE_DEST_TYPES),
            Self::ErrorReason => (Some("urn:epcglobal:cbv:er:"), "ER-", ERROR_REASONS),
            Self::Component => (None, "Comp-", COMPONENTS),
            Self::Measurement => (None, "", MEASUREMENTS),
            Self::SensorAlert => (None, "", ALERTS),
        };
        Spelling { urn, word, terms }
    }

    fn of_gs1_web(self) -> bool {
        matches!(self, Self::Measurement | Self::SensorAlert)
    }

    /// The words of the vocabulary, sorted.
    pub fn words(self) -> &'static [&'static str] {
        self.spelling().terms
    }

    /// Whether a term in normal form is a word of the vocabulary.
    pub fn contains(self, word: &str) -> bool {
        self.spelling().terms.binary_search(&word).is_ok()
    }

    /// The word as a web URI: `https://ref.gs1.org/cbv/BizStep-shipping`. A URI comes back as it is.
    pub fn web_uri(self, term: &str) -> String {
        match (is_word(term), self.of_gs1_web()) {
            (false, _) => term.to_owned(),
            (true, true) => format!("{}{term}", GS1_WEB[0]),
            (true, false) => format!("{CBV_WEB}{}{term}", self.spelling().word),
        }
    }

    /// The word as the XML binding writes it: a URN where the vocabulary has one (`urn:epcglobal:cbv:bizstep:shipping`),
    /// else a CURIE (`gs1:Temperature`, `cbv:Comp-x`). A URI comes back as it is.
    pub fn xml_text(self, term: &str) -> String {
        let spelling = self.spelling();
        match (is_word(term), spelling.urn) {
            (false, _) => term.to_owned(),
            (true, Some(urn)) => format!("{urn}{term}"),
            (true, None) if self.of_gs1_web() => format!("gs1:{term}"),
            (true, None) => format!("cbv:{}{term}", spelling.word),
        }
    }
}

/// Whether a term can be a bare word. Other texts without a colon are no URIs either, and stay as they are until they are
/// found invalid.
fn is_word(term: &str) -> bool {
    !term.is_empty() && !term.contains([':', '/'])
}

/// A term in normal form: the bare word for any spelling of a word of the vocabulary's namespace (whether or not the
/// vocabulary has the word), and any other text unchanged.
pub fn normalise(vocabulary: Vocabulary, text: &str) -> Cow<'_, str> {
    let spelling = vocabulary.spelling();
    let word = if vocabulary.of_gs1_web() {
        GS1_WEB.iter().find_map(|iri| text.strip_prefix(iri)).or_else(|| text.strip_prefix("gs1:"))
    } else {
        let of_urn = spelling.urn.and_then(|urn| text.strip_prefix(urn));
        let of_web = || text.strip_prefix(CBV_WEB).or_else(|| text.strip_prefix("cbv:"));
        of_urn.or_else(|| of_web()?.strip_prefix(spelling.word))
    };
    match word {
        Some(word) if is_word(word) => Cow::Borrowed(word),
        _ => Cow::Borrowed(text),
    }
}

const BIZ_STEPS: &[&str] = &[
    "accepting",
    "arriving",
    "assembling",
    "collecting",
    "commissioning",
    "consigning",
    "creating_class_instance",
    "cycle_counting",
    "decommissioning",
    "departing",
    "destroying",
    "disassembling",
    "dispensing",
    "encoding",
    "entering_exiting",
    "holding",
    "inspecting",
    "installing",
    "killing",
    "loading",
    "other",
    "packing",
    "picking",
    "receiving",
    "removing",
    "repackaging",
    "repairing",
    "replacing",
    "reserving",
    "retail_selling",
    "sampling",
    "sensor_reporting",
    "shipping",
    "staging_outbound",
    "stock_taking",
    "stocking",
    "storing",
    "transporting",
    "unloading",
    "unpacking",
    "void_shipping",
];

const DISPOSITIONS: &[&str] = &[
    "active",
    "available",
    "completeness_inferred",
    "completeness_verified",
    "conformant",
    "container_closed",
    "container_open",
    "damaged",
    "destroyed",
    "dispensed",
    "disposed",
    "encoded",
    "expired",
    "in_progress",
    "in_transit",
    "inactive",
    "mismatch_class",
    "mismatch_instance",
    "mismatch_quantity",
    "needs_replacement",
    "no_pedigree_match",
    "non_conformant",
    "non_sellable_other",
    "partially_dispensed",
    "recalled",
    "reserved",
    "retail_sold",
    "returned",
    "sellable_accessible",
    "sellable_not_accessible",
    "stolen",
    "unavailable",
    "unknown",
];

const TRANSACTION_TYPES: &[&str] = &[
    "bol",
    "cert",
    "desadv",
    "inv",
    "pedigree",
    "po",
    "poc",
    "prodorder",
    "recadv",
    "rma",
    "testprd",
    "testres",
    "upevt",
];

const SOURCE_DEST_TYPES: &[&str] = &["location", "owning_party", "possessing_party"];

const ERROR_REASONS: &[&str] = &["did_not_occur", "incorrect_data"];

const COMPONENTS: &[&str] = &[
    "altitude",
    "axial_distance",
    "azimuth",
    "easting",
    "elevation_angle",
    "height",
    "latitude",
    "longitude",
    "northing",
    "polar_angle",
    "spherical_radius",
    "x",
    "y",
    "z",
];

const MEASUREMENTS: &[&str] = &[
    "AbsoluteHumidity",
    "AbsorbedDose",
    "AbsorbedDoseRate",
    "Acceleration",
    "Altitude",
    "AmountOfSubstance",
    "AmountOfSubstancePerUnitVolume",
    "Angle",
    "AngularAcceleration",
    "AngularMomentum",
    "AngularVelocity",
    "Area",
    "Capacitance",
    "Conductance",
    "Conductivity",
    "Count",
    "Density",
    "Dimensionless",
    "DoseEquivalent",
    "DoseEquivalentRate",
    "DynamicViscosity",
    "ElectricCharge",
    "ElectricCurrent",
    "ElectricCurrentDensity",
    "ElectricFieldStrength",
    "Energy",
    "Exposure",
    "Force",
    "Frequency",
    "Illuminance",
    "Inductance",
    "Irradiance",
    "KinematicViscosity",
    "Length",
    "LinearMomentum",
    "Luminance",
    "LuminousFlux",
    "LuminousIntensity",
    "MagneticFlux",
    "MagneticFluxDensity",
    "MagneticVectorPotential",
    "Mass",
    "MassConcentration",
    "MassFlowRate",
    "MassPerAreaTime",
    "MemoryCapacity",
    "MolalityOfSolute",
    "MolarEnergy",
    "MolarMass",
    "MolarVolume",
    "Power",
    "Pressure",
    "RadiantFlux",
    "RadiantIntensity",
    "Radioactivity",
    "RelativeHumidity",
    "Resistance",
    "Resistivity",
    "SolidAngle",
    "SpecificVolume",
    "Speed",
    "SurfaceDensity",
    "SurfaceTension",
    "Temperature",
    "Time",
    "Torque",
    "Voltage",
    "Volume",
    "VolumeFlowRate",
    "VolumeFraction",
    "VolumetricFlux",
    "Wavenumber",
];

const ALERTS: &[&str] = &["ALARM_CONDITION", "ERROR_CONDITION"];

#[cfg(test)]
mod tests {
    use super::{Vocabulary, normalise};

    const ALL: [Vocabulary; 8] = [
        Vocabulary::BizStep,
        Vocabulary::Disposition,
        Vocabulary::BizTransactionType,
        Vocabulary::SourceDestType,
        Vocabulary::ErrorReason,
        Vocabulary::Component,
        Vocabulary::Measurement,
        Vocabulary::SensorAlert,
    ];

    #[test]
    fn every_spelling_of_every_word_is_one_word() {
        for vocabulary in ALL {
            assert!(vocabulary.words().is_sorted(), "{vocabulary:?} is searched by halves");
            for word in vocabulary.words() {
                assert_eq!(normalise(vocabulary, word), *word);
                assert_eq!(normalise(vocabulary, &vocabulary.web_uri(word)), *word);
                assert_eq!(normalise(vocabulary, &vocabulary.xml_text(word)), *word);
            }
        }
        assert_eq!(normalise(Vocabulary::BizStep, "cbv:BizStep-shipping"), "shipping");
        assert_eq!(normalise(Vocabulary::Measurement, "https://gs1.org/voc/Temperature"), "Temperature");
    }

    #[test]
    fn other_terms_stay_as_they_are() {
        for text in ["https://example.com/steps/x", "cbv:my_own_party", "transforming"] {
            assert_eq!(normalise(Vocabulary::BizStep, text), text);
            if text.contains(':') {
                assert_eq!(Vocabulary::BizStep.web_uri(text), text);
            }
        }
    }
}
