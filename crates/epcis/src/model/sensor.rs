//! Sensor data of an event (EPCIS 2.0 section 7.3.7).

use super::{Decimal, Extensions, Timestamp};

/// One sensor element: what was measured, by one device or over one period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SensorElement {
    /// Facts that hold for all reports of the element.
    pub metadata: Option<SensorMetadata>,
    /// The measurements, at least one.
    pub reports: Vec<SensorReport>,
    /// User extensions beside metadata and reports.
    pub extensions: Extensions,
}

/// What holds for all reports of a sensor element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SensorMetadata {
    /// When the measurements were taken.
    pub time: Option<Timestamp>,
    /// Start of the period the measurements cover.
    pub start_time: Option<Timestamp>,
    /// End of the period the measurements cover.
    pub end_time: Option<Timestamp>,
    /// URI of the device.
    pub device_id: Option<String>,
    /// URI of a description of the device.
    pub device_metadata: Option<String>,
    /// URI of the raw data.
    pub raw_data: Option<String>,
    /// URI of the method that processed the data.
    pub data_processing_method: Option<String>,
    /// URI of the business rules that led to the event.
    pub biz_rules: Option<String>,
    /// User extensions.
    pub extensions: Extensions,
}

/// One measurement or observation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SensorReport {
    /// What was measured: bare GS1 word such as `Temperature`, or a URI.
    pub report_type: Option<String>,
    /// Alarm or error condition: bare GS1 word, or a URI.
    pub exception: Option<String>,
    /// URI of the device, when not in the metadata.
    pub device_id: Option<String>,
    /// URI of a description of the device.
    pub device_metadata: Option<String>,
    /// URI of the raw data.
    pub raw_data: Option<String>,
    /// URI of the method that processed the data.
    pub data_processing_method: Option<String>,
    /// URI of the business rules that led to the report.
    pub biz_rules: Option<String>,
    /// When the measurement was taken.
    pub time: Option<Timestamp>,
    /// URI of the microorganism observed.
    pub microorganism: Option<String>,
    /// URI of the chemical substance observed.
    pub chemical_substance: Option<String>,
    /// URI of the coordinate reference system of a position.
    pub coordinate_reference_system: Option<String>,
    /// The measured value.
    pub value: Option<Decimal>,
    /// Component of a vector or position: bare CBV word, or a URI.
    pub component: Option<String>,
    /// Text outcome.
    pub string_value: Option<String>,
    /// Yes or no outcome.
    pub boolean_value: Option<bool>,
    /// Binary outcome, hexadecimal digits as written.
    pub hex_binary_value: Option<String>,
    /// Outcome that is a URI.
    pub uri_value: Option<String>,
    /// Smallest value of the period.
    pub min_value: Option<Decimal>,
    /// Largest value of the period.
    pub max_value: Option<Decimal>,
    /// Mean value of the period.
    pub mean_value: Option<Decimal>,
    /// Standard deviation.
    pub s_dev: Option<Decimal>,
    /// Percentile rank, 0 to 100.
    pub perc_rank: Option<Decimal>,
    /// Value at that rank.
    pub perc_value: Option<Decimal>,
    /// Unit of the values, UN/CEFACT Recommendation 20 code.
    pub uom: Option<String>,
    /// User extensions.
    pub extensions: Extensions,
}
