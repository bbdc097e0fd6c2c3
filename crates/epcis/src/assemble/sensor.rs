//! Sensor elements (EPCIS 2.0 section 7.3.7).

use super::{Assembler, Field};
use crate::model::{SensorElement, SensorMetadata, SensorReport};
use crate::tree::{Node, Path};
use crate::vocabulary::{self, Vocabulary};

impl Assembler {
    pub(super) fn sensor_elements(&mut self, node: Node, path: &Path) -> Vec<SensorElement> {
        let items = self.items(node, path);
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            out.push(self.sensor_element(item, &path.index(index)));
        }
        out
    }

    fn sensor_element(&mut self, node: Node, path: &Path) -> SensorElement {
        let mut element = SensorElement::default();
        for (field, node) in self.members(node, path) {
            match field {
                Field::Extension(name) => {
                    let place = path.name(&name.local);
                    self.extension(&mut element.extensions, name.clone(), node, &place);
                }
                Field::Standard(name) => {
                    let place = path.name(&name);
                    match name.as_str() {
                        "sensorMetadata" => {
                            element.metadata = Some(self.sensor_metadata(node, &place));
                        }
                        "sensorReport" => {
                            for (index, item) in self.items(node, &place).into_iter().enumerate() {
                                let report = self.sensor_report(item, &place.index(index));
                                element.reports.push(report);
                            }
                        }
                        "type" => {}
                        _ => self.unknown_field(&name, node.at, path),
                    }
                }
            }
        }
        element
    }

    fn sensor_metadata(&mut self, node: Node, path: &Path) -> SensorMetadata {
        let mut metadata = SensorMetadata::default();
        for (field, node) in self.members(node, path) {
            let name = match field {
                Field::Standard(name) => name,
                Field::Extension(name) => {
                    let place = path.name(&name.local);
                    self.extension(&mut metadata.extensions, name.clone(), node, &place);
                    continue;
                }
            };
            let place = path.name(&name);
            match name.as_str() {
                "time" => metadata.time = self.time(node, &place),
                "startTime" => metadata.start_time = self.time(node, &place),
                "endTime" => metadata.end_time = self.time(node, &place),
                "deviceID" => metadata.device_id = self.text(node, &place),
                "deviceMetadata" => metadata.device_metadata = self.text(node, &place),
                "rawData" => metadata.raw_data = self.text(node, &place),
                "dataProcessingMethod" => metadata.data_processing_method = self.text(node, &place),
                "bizRules" => metadata.biz_rules = self.text(node, &place),
                _ => self.unknown_field(&name, node.at, path),
            }
        }
        metadata
    }

    fn sensor_report(&mut self, node: Node, path: &Path) -> SensorReport {
        let mut report = SensorReport::default();
        for (field, node) in self.members(node, path) {
            match field {
                Field::Extension(name) => {
                    let place = path.name(&name.local);
                    self.extension(&mut report.extensions, name.clone(), node, &place);
                }
                Field::Standard(name) => self.sensor_report_field(&mut report, &name, node, path),
            }
        }
        report
    }

    fn sensor_report_field(&mut self, report: &mut SensorReport, name: &str, node: Node, path: &Path) {
        let place = &path.name(name);
        match name {
            "type" => report.report_type = self.term(Vocabulary::Measurement, node, place),
            "exception" => report.exception = self.term(Vocabulary::SensorAlert, node, place),
            "component" => report.component = self.term(Vocabulary::Component, node, place),
            "deviceID" => report.device_id = self.text(node, place),
            "deviceMetadata" => report.device_metadata = self.text(node, place),
            "rawData" => report.raw_data = self.text(node, place),
            "dataProcessingMethod" => report.data_processing_method = self.text(node, place),
            "bizRules" => report.biz_rules = self.text(node, place),
            "time" => report.time = self.time(node, place),
            "microorganism" => report.microorganism = self.text(node, place),
            "chemicalSubstance" => report.chemical_substance = self.text(node, place),
            "coordinateReferenceSystem" => report.coordinate_reference_system = self.text(node, place),
            "value" => report.value = self.decimal(node, place),
            "stringValue" => report.string_value = self.text(node, place),
            "booleanValue" => report.boolean_value = self.boolean(node, place),
            "hexBinaryValue" => report.hex_binary_value = self.text(node, place),
            "uriValue" => report.uri_value = self.text(node, place),
            "minValue" => report.min_value = self.decimal(node, place),
            "maxValue" => report.max_value = self.decimal(node, place),
            "meanValue" => report.mean_value = self.decimal(node, place),
            "sDev" => report.s_dev = self.decimal(node, place),
            "percRank" => report.perc_rank = self.decimal(node, place),
            "percValue" => report.perc_value = self.decimal(node, place),
            "uom" => report.uom = self.text(node, place),
            _ => self.unknown_field(name, node.at, path),
        }
    }

    /// A vocabulary term in its normal form.
    pub(super) fn term(&mut self, vocabulary: Vocabulary, node: Node, path: &Path) -> Option<String> {
        self.text(node, path).map(|text| vocabulary::normalise(vocabulary, &text).into_owned())
    }
}
