//! Rules for sensor data (EPCIS 2.0 section 7.3.7).

use super::Checker;
use crate::FaultCode;
use crate::model::{Event, SensorElement, SensorMetadata, SensorReport, Timestamp};
use crate::tree::Path;
use crate::vocabulary::Vocabulary;

impl Checker {
    pub(super) fn sensors(&mut self, event: &Event, path: &Path) {
        let list = path.name("sensorElementList");
        for (index, element) in event.sensor_elements.iter().enumerate() {
            self.sensor_element(element, &event.event_time, &list.index(index));
        }
    }

    fn sensor_element(&mut self, element: &SensorElement, event_time: &Timestamp, path: &Path) {
        if element.reports.is_empty() {
            self.error(FaultCode::MissingField, "a sensor element has a report", &path.name("sensorReport"));
        }
        if let Some(metadata) = &element.metadata {
            self.metadata(metadata, event_time, &path.name("sensorMetadata"));
        }
        let reports = path.name("sensorReport");
        for (index, report) in element.reports.iter().enumerate() {
            let path = reports.index(index);
            self.report(report, event_time, &path);
            if let Some(metadata) = &element.metadata {
                self.said_twice(metadata, report, &path);
            }
        }
    }

    fn metadata(&mut self, metadata: &SensorMetadata, event_time: &Timestamp, path: &Path) {
        for (name, uri) in [
            ("deviceID", &metadata.device_id),
            ("deviceMetadata", &metadata.device_metadata),
            ("rawData", &metadata.raw_data),
            ("dataProcessingMethod", &metadata.data_processing_method),
            ("bizRules", &metadata.biz_rules),
        ] {
            self.optional_uri(uri.as_ref(), &path.name(name));
        }
        self.before_event(metadata.time.as_ref(), event_time, &path.name("time"));
        if let (Some(start), Some(end)) = (&metadata.start_time, &metadata.end_time)
            && start > end
        {
            self.error(
                FaultCode::InconsistentEvent,
                "the period ends before it starts",
                &path.name("endTime"),
            );
        }
    }

    fn report(&mut self, report: &SensorReport, event_time: &Timestamp, path: &Path) {
        for (name, uri) in [
            ("deviceID", &report.device_id),
            ("deviceMetadata", &report.device_metadata),
            ("rawData", &report.raw_data),
            ("dataProcessingMethod", &report.data_processing_method),
            ("bizRules", &report.biz_rules),
            ("microorganism", &report.microorganism),
            ("chemicalSubstance", &report.chemical_substance),
            ("coordinateReferenceSystem", &report.coordinate_reference_system),
            ("uriValue", &report.uri_value),
        ] {
            self.optional_uri(uri.as_ref(), &path.name(name));
        }
        for (name, vocabulary, term) in [
            ("type", Vocabulary::Measurement, &report.report_type),
            ("exception", Vocabulary::SensorAlert, &report.exception),
            ("component", Vocabulary::Component, &report.component),
        ] {
            if let Some(term) = term {
                self.term(vocabulary, term, &path.name(name));
            }
        }
        if report.report_type.is_none() && report.exception.is_none() {
            self.error(
                FaultCode::MissingField,
                "a sensor report has a `type` or an `exception`",
                &path.name("type"),
            );
        }
        if let Some(hex) = &report.hex_binary_value
            && !hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            self.error(FaultCode::WrongType, "not hexadecimal digits", &path.name("hexBinaryValue"));
        }
        self.before_event(report.time.as_ref(), event_time, &path.name("time"));
    }

    fn before_event(&mut self, time: Option<&Timestamp>, event_time: &Timestamp, path: &Path) {
        if time.is_some_and(|time| time > event_time) {
            self.warning("measured after the event", path);
        }
    }

    /// Facts belong in the metadata or in the reports, not in both.
    fn said_twice(&mut self, metadata: &SensorMetadata, report: &SensorReport, path: &Path) {
        for (name, twice) in [
            ("time", metadata.time.is_some() && report.time.is_some()),
            ("deviceID", metadata.device_id.is_some() && report.device_id.is_some()),
            ("deviceMetadata", metadata.device_metadata.is_some() && report.device_metadata.is_some()),
            ("rawData", metadata.raw_data.is_some() && report.raw_data.is_some()),
            (
                "dataProcessingMethod",
                metadata.data_processing_method.is_some() && report.data_processing_method.is_some(),
            ),
        ] {
            if twice {
                self.warning("the sensor metadata says this already", &path.name(name));
            }
        }
    }
}
