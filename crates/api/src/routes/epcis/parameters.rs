//! The parameters of queries: out of a query string, or out of the JSON of a named query (EPCIS 2.0 section 8.2.7.1).

use actix_web::HttpRequest;
use epcis::Namespaces;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Required, Schema};

use super::headers;
use crate::problem::{Fault, Problem, ProblemType};

/// Names and values, in the order given.
pub type Parameters = Vec<(String, Vec<String>)>;

/// Most namespaces that a request may bind.
const NAMESPACES_MAX: usize = 100;

/// A parameter that has no such value.
pub(super) fn wrong(name: &str, message: impl std::fmt::Display) -> Problem {
    let fault = Fault::new("invalid-parameter", message).at(name);
    Problem::new(ProblemType::EpcisQueryParameter).with_fault(fault)
}

/// The parameters of a query string; alternatives are separated by `|`.
///
/// # Errors
/// `QueryParameterException` for what is not percent-encoded UTF-8.
pub fn of_query(query: &str) -> Result<Parameters, Problem> {
    let mut parameters = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| {
            crate::parameters::text(&text.replace('+', " ")).map_err(|message| wrong(name, message))
        };
        parameters.push((decoded(name)?, decoded(value)?.split('|').map(str::to_owned).collect()));
    }
    Ok(parameters)
}

/// The members of a `query` object: a text, a number, `true`, null, or a list of those.
///
/// # Errors
/// `QueryValidationException` with the pointer to what is something else.
pub fn of_json(query: &Value) -> Result<Parameters, Problem> {
    let refused = |pointer: String, message: &str| {
        let fault = Fault::new("invalid-parameter", message).at(pointer);
        Problem::new(ProblemType::EpcisQueryValidation).with_fault(fault)
    };
    let members = query.as_object().ok_or_else(|| refused("/query".to_owned(), "an object"))?;
    let mut parameters = Vec::with_capacity(members.len());
    for (name, value) in members {
        if name.starts_with('@') {
            continue;
        }
        let scalar = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            Value::Null => Some(String::new()),
            Value::Array(_) | Value::Object(_) => None,
        };
        let values: Option<Vec<String>> = match value {
            Value::Array(values) => values.iter().map(scalar).collect(),
            one => scalar(one).map(|one| vec![one]),
        };
        let escaped = name.replace('~', "~0").replace('/', "~1");
        let message = "a text, a number, true, null, or a list of them";
        parameters.push((name.clone(), values.ok_or_else(|| refused(format!("/query/{escaped}"), message))?));
    }
    Ok(parameters)
}

/// The prefixes that names of extensions in the query use: those of the header `GS1-Extensions`, and of an `@context`.
///
/// # Errors
/// `ValidationException` for a header that is no list of `prefix=namespace`, or for too many.
pub fn namespaces(request: &HttpRequest, context: Option<&Value>) -> Result<Namespaces, Problem> {
    let mut namespaces = Namespaces::new();
    for header in request.headers().get_all(headers::EXTENSIONS) {
        let text = header.to_str().unwrap_or_default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let bound = entry.split_once('=').map(|(prefix, namespace)| (prefix.trim(), namespace.trim()));
            match bound {
                Some((prefix, namespace)) if !prefix.is_empty() && namespace.contains(':') => {
                    namespaces.bind(prefix, namespace);
                }
                _ => {
                    return Err(headers::malformed(
                        &headers::EXTENSIONS,
                        "prefix=namespace, separated by commas",
                    ));
                }
            }
        }
    }
    let entries = match context {
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    for (prefix, namespace) in entries.iter().filter_map(Value::as_object).flatten() {
        if let Some(namespace) = namespace.as_str() {
            namespaces.bind(prefix, namespace);
        }
    }
    if namespaces.len() > NAMESPACES_MAX {
        return Err(headers::malformed(&headers::EXTENSIONS, "too many prefixes"));
    }
    Ok(namespaces)
}

/// The prefixes that the names of these parameters use, but for those of the standard.
pub fn prefixes(parameters: &Parameters) -> impl Iterator<Item = &str> {
    let orders = parameters.iter().filter(|(name, _)| name == "orderBy").flat_map(|(_, values)| values);
    let attributes =
        parameters.iter().filter(|(name, _)| name.starts_with("HASATTR_")).flat_map(|(_, names)| names);
    let names = parameters.iter().map(|(name, _)| name);
    names.chain(orders).chain(attributes).filter_map(|name| epcis::query::prefix_of(name))
}

/// Parameters that are spelt out by the standard, with what they mean.
const NAMED: &[(&str, &str)] = &[
    ("eventType", "Types of event, such as `ObjectEvent`."),
    ("GE_eventTime", "eventTime from here on."),
    ("LT_eventTime", "eventTime before this."),
    ("GE_recordTime", "recordTime from here on."),
    ("LT_recordTime", "recordTime before this."),
    ("EQ_action", "`ADD`, `OBSERVE`, `DELETE`."),
    ("EQ_bizStep", "Business steps."),
    ("EQ_disposition", "Dispositions."),
    ("EQ_persistentDisposition_set", "Persistent dispositions that are set."),
    ("EQ_persistentDisposition_unset", "Persistent dispositions that are unset."),
    ("EQ_readPoint", "Read points."),
    ("WD_readPoint", "Read points, and what lies in them by the `children` of master data."),
    ("EQ_bizLocation", "Business locations."),
    ("WD_bizLocation", "Business locations, and what lies in them by the `children` of master data."),
    ("EQ_transformationID", "Transformations."),
    ("EQ_eventID", "eventIDs."),
    ("MATCH_epc", "Identifiers or patterns in `epcList` or `childEPCs`, in any spelling."),
    ("MATCH_parentID", "Identifiers or patterns of the parent."),
    ("MATCH_inputEPC", "Identifiers or patterns in `inputEPCList`."),
    ("MATCH_outputEPC", "Identifiers or patterns in `outputEPCList`."),
    ("MATCH_anyEPC", "Identifiers or patterns of instances anywhere in the event."),
    ("MATCH_epcClass", "Classes or patterns in `quantityList` or `childQuantityList`."),
    ("MATCH_inputEPCClass", "Classes or patterns in `inputQuantityList`."),
    ("MATCH_outputEPCClass", "Classes or patterns in `outputQuantityList`."),
    ("MATCH_anyEPCClass", "Classes or patterns anywhere in the event."),
    ("EQ_quantity", "Quantities."),
    ("GT_quantity", "Quantity above this."),
    ("GE_quantity", "Quantity from here on."),
    ("LT_quantity", "Quantity below this."),
    ("LE_quantity", "Quantity up to this."),
    ("EXISTS_errorDeclaration", "`true`: error declarations."),
    ("GE_errorDeclarationTime", "declarationTime from here on."),
    ("LT_errorDeclarationTime", "declarationTime before this."),
    ("EQ_errorReason", "Reasons of error declarations."),
    ("EQ_correctiveEventID", "eventIDs that correct a declared error."),
    ("EXISTS_sensorElementList", "`true`: events with sensor data."),
    ("GE_time", "Time of a measurement from here on."),
    ("LT_time", "Time of a measurement before this."),
    ("GE_startTime", "Start of measuring from here on."),
    ("LT_startTime", "Start of measuring before this."),
    ("GE_endTime", "End of measuring from here on."),
    ("LT_endTime", "End of measuring before this."),
    ("EQ_type", "What was measured, such as `Temperature`."),
    ("EQ_deviceID", "Devices."),
    ("EQ_dataProcessingMethod", "Methods that processed the data."),
    ("EQ_microorganism", "Microorganisms."),
    ("EQ_chemicalSubstance", "Chemical substances."),
    ("EQ_bizRules", "Business rules."),
    ("EQ_stringValue", "Outcomes that are texts."),
    ("EQ_booleanValue", "Outcomes that are `true` or `false`."),
    ("EQ_hexBinaryValue", "Outcomes that are bytes."),
    ("EQ_uriValue", "Outcomes that are URIs."),
    ("EQ_percRank", "Percentile ranks."),
    ("GT_percRank", "Percentile rank above this."),
    ("GE_percRank", "Percentile rank from here on."),
    ("LT_percRank", "Percentile rank below this."),
    ("LE_percRank", "Percentile rank up to this."),
    (
        "orderBy",
        "`eventTime`, `recordTime`, or an extension field; in the order of capture where nothing is said.",
    ),
    ("orderDirection", "`ASC` or `DESC` (default)."),
    ("eventCountLimit", "The first so many events of the order; needs `orderBy`."),
    ("maxEventCount", "More events than this are an error."),
];

/// Parameters that have a type, unit, prefix or attribute in their names.
const PATTERNS: &str = "Parameters with a variable part: `EQ_bizTransaction_po`, `EQ_source_owning_party`, \
    `EQ_destination_location`; `GE_quantity_KGM`, `EQ_value_CEL`, `LT_maxValue_KEL` (and `minValue`, `meanValue`, `sDev`, \
    `percValue`; in any unit of the dimension); extension fields such as `EQ_example:field`, with `GT`, `GE`, `LT`, `LE` or \
    `EXISTS`, and before the field's name `INNER_`, `ILMD_`, `ERROR_DECLARATION_`, `SENSORELEMENT_`, `SENSORMETADATA_`, \
    `SENSORREPORT_`, `readPoint_`, `bizLocation_`; `HASATTR_bizLocation` and `EQATTR_bizLocation_cbvmda:countryCode` for master \
    data. Prefixes are bound by the header `GS1-Extensions`.";

/// The parameters of the event query. Values of one are alternatives, separated by `|`; different ones all hold.
pub struct EventQueryParameters;

impl IntoParams for EventQueryParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = || RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(Type::String).build()));
        let named = NAMED.iter().map(|(name, meaning)| {
            let parameter = ParameterBuilder::new().name(*name).parameter_in(ParameterIn::Query);
            parameter.required(Required::False).description(Some(*meaning)).schema(Some(text())).build()
        });
        let patterns = further(PATTERNS);
        let extensions = ParameterBuilder::new()
            .name("GS1-Extensions")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("Prefixes of extensions: `prefix=namespace`, separated by commas."))
            .schema(Some(text()))
            .build();
        named.chain([patterns, extensions]).collect()
    }
}

/// Parameters whose names are not listed: an object whose members are parameters (OpenAPI 3.1 section 4.8.12.2.1).
fn further(description: &str) -> Parameter {
    let text = RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(Type::String).build()));
    let any = ObjectBuilder::new().additional_properties(Some(AdditionalProperties::RefOr(text)));
    ParameterBuilder::new()
        .name("parameters")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .style(Some(ParameterStyle::Form))
        .explode(Some(true))
        .schema(Some(any))
        .build()
}

/// The parameters of the event query, where they are told of elsewhere.
pub struct SameParameters;

impl IntoParams for SameParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![further("Those of `GET /epcis/events`.")]
    }
}

/// Parameters of master data that have an attribute in their names.
pub struct FurtherParameters;

impl IntoParams for FurtherParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![further(
            "`EQATTR_` and the name of an attribute: its values, such as `EQATTR_cbvmda:countryCode=SE`.",
        )]
    }
}

#[cfg(test)]
mod tests {
    use epcis::query::EventQuery;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_documented_parameter_is_one() {
        for (name, _) in NAMED {
            let given = vec![((*name).to_owned(), vec!["?".to_owned()])];
            let faults = EventQuery::parse(&given, &Namespaces::new()).err().unwrap_or_default();
            assert!(faults.iter().all(|fault| !fault.unknown), "{name}");
        }
    }

    #[test]
    fn both_ways_of_writing_a_query_come_to_the_same() {
        let text =
            of_query("EQ_bizStep=shipping%7Creceiving|x&GE_quantity=5&EXISTS_errorDeclaration").unwrap();
        let json = json!({"EQ_bizStep": ["shipping", "receiving", "x"], "GE_quantity": 5, "EXISTS_errorDeclaration": null});
        let mut of_json = of_json(&json).unwrap();
        of_json.sort();
        assert_eq!(of_json, {
            let mut text = text;
            text.sort();
            text
        });
        let nested = super::of_json(&json!({"EQ_a/b": [{}]})).unwrap_err();
        assert_eq!(nested.faults().first().unwrap().pointer.as_deref(), Some("/query/EQ_a~1b"));
        assert!(of_query("a=%ff").is_err());
    }

    #[test]
    fn the_prefixes_of_names_are_found() {
        let given = "EQ_INNER_ILMD_acme_eu:x=1&orderBy=other:y&EQ_bizStep=a:b&EQ_ILMD_cbvmda:lotNumber=1\
                     &EQATTR_bizLocation_here:z=1&HASATTR_readPoint=there:z&EQ_https://ns.example.com/a=1";
        let given = of_query(given).unwrap();
        assert_eq!(prefixes(&given).collect::<Vec<_>>(), ["acme_eu", "here", "other", "there"]);
    }
}
