//! One request for each operation of the API, which a service's own test sends without the right to.

use serde_json::{Value, json};

use super::{Case, TestApp, check_unauthorised};
use crate::openapi;
use crate::server::ServiceDefinition;

/// Checks a service: its committed OpenAPI document (`openapi/<service>.json`) is what it prints and refers to nothing
/// that it lacks, and every operation in it refuses whoever has not the right.
///
/// # Errors
/// A line for each fault.
pub async fn check_service(definition: &ServiceDefinition) -> Result<(), Vec<String>> {
    let text = openapi::text(definition).map_err(|error| vec![error.to_string()])?;
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../openapi")
        .join(format!("{}.json", definition.name));
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let mut faults = Vec::new();
    if committed != text {
        faults.push(format!("openapi/{}.json is not what the service prints", definition.name));
    }
    let document = serde_json::from_str(&text).map_err(|error| vec![error.to_string()])?;
    dangling(&document, &document, &mut faults);
    let app = TestApp::start(definition).await;
    if let Err(found) = check_unauthorised(&app, &document, &cases()).await {
        faults.extend(found);
    }
    app.stop().await;
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// References in the document that lead nowhere: whoever reads it would know nothing of what they stand for.
fn dangling(document: &Value, part: &Value, faults: &mut Vec<String>) {
    match part {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            let place = reference.and_then(|reference| reference.strip_prefix('#'));
            if let Some(place) = place.filter(|place| document.pointer(place).is_none()) {
                faults.push(format!("the document refers to {place}, which is not there"));
            }
            members.values().for_each(|member| dangling(document, member, faults));
        }
        Value::Array(parts) => parts.iter().for_each(|part| dangling(document, part, faults)),
        _ => {}
    }
}

/// A request for each operation that asks for a key. Those that a service does not have are not sent.
#[must_use]
pub fn cases() -> Vec<Case> {
    let label = json!({ "gtin": "09521568251204", "serial": "5Kx9" });
    let delivery = json!({ "epc": "https://id.gs1.org/00/095212345678901235" });
    let shipment = json!({ "items": ["https://id.gs1.org/00/095212345678901235"], "to": "4012345000054" });
    let product =
        json!({ "gtin": "09521568251204", "name": "Theriac 5 mg", "form": "tablet", "strength": "5 mg" });
    let recall = json!({ "gtin": "09521568251204", "lot": "L1", "class": "II", "reason": "a test" });
    let id = "019ab1f2-7a3c-7e55-9c1b-2f64a6d0c001";
    let document = json!({ "type": "EPCISDocument" });
    let webhook = json!({ "dest": "https://example.com/epcis", "stream": true });
    let mut cases = vec![
        Case::bare("metrics", "/metrics"),
        Case::json("capture_events", "/epcis/capture", &document),
        Case::json("capture_event", "/epcis/events", &document),
        Case::bare("capture_options", "/epcis/capture"),
        Case::bare("job_options", format!("/epcis/capture/{id}")),
        Case::bare("list_captures", "/epcis/capture"),
        Case::bare("get_capture", format!("/epcis/capture/{id}")),
        Case::bare("events_options", "/epcis/events"),
        Case::bare("event_options", format!("/epcis/events/urn%3Auuid%3A{id}")),
        Case::bare("query_events", "/epcis/events"),
        Case::bare("get_event", format!("/epcis/events/urn%3Auuid%3A{id}")),
        Case::bare("list_resources", "/epcis"),
        Case::bare("query_master_data", "/epcis/masterData"),
        Case::bare("release_token", "/epcis/nextPageToken/5b5d"),
        Case::bare("list_queries", "/epcis/queries"),
        Case::json("create_query", "/epcis/queries", &json!({ "name": "case", "query": {} })),
        Case::bare("get_query", "/epcis/queries/case"),
        Case::bare("delete_query", "/epcis/queries/case"),
        Case::bare("run_query", "/epcis/queries/case/events"),
        Case::bare("list_subscriptions", "/epcis/queries/case/subscriptions"),
        Case::json("create_subscription", "/epcis/queries/case/subscriptions", &webhook),
        Case::bare("get_subscription", format!("/epcis/queries/case/subscriptions/{id}")),
        Case::bare("delete_subscription", format!("/epcis/queries/case/subscriptions/{id}")),
        Case::bare("get_receipt", format!("/v1/receipts/urn%3Auuid%3A{id}")),
        Case::bare("get_head", "/v1/ledger/head"),
        Case::bare("get_block", "/v1/ledger/blocks/1"),
        Case::json("authenticate", "/v1/authenticate", &label),
        Case::bare("authenticate_link", "/01/09521568251204/21/5Kx9"),
        Case::bare("authenticate_link_with_lot", "/01/09521568251204/10/L1/21/5Kx9"),
        Case::bare("list_alerts", "/v1/alerts"),
        Case::bare("get_alert", format!("/v1/alerts/{id}")),
        Case::json("acknowledge_alert", format!("/v1/alerts/{id}/acknowledge"), &json!({})),
        Case::json("close_alert", format!("/v1/alerts/{id}/close"), &json!({ "reason": "duplicate" })),
        Case::json("reopen_alert", format!("/v1/alerts/{id}/reopen"), &json!({ "note": "a test" })),
        Case::json("dispense_pack", "/v1/packs/dispense", &label),
        Case::json("undo_dispense", "/v1/packs/undo", &label),
        Case::json("change_pack_state", "/v1/packs/destroy", &label),
        Case::bare("list_deliveries", "/v1/deliveries"),
        Case::json("receive_delivery", "/v1/deliveries", &delivery),
        Case::bare("list_shipments", "/v1/shipments"),
        Case::json("ship_goods", "/v1/shipments", &shipment),
        Case::bare("list_stock", "/v1/stock?parent=00%2F095212345678901235"),
        Case::bare("list_products", "/v1/products"),
        Case::json("register_product", "/v1/products", &product),
        Case::bare("list_product_requests", "/v1/products/requests"),
        Case::bare("get_product_request", format!("/v1/products/requests/{id}")),
        Case::bare("list_lots", "/v1/lots?gtin=09521568251204"),
        Case::bare("list_recalls", "/v1/recalls"),
        Case::bare("list_recall_requests", "/v1/recalls/requests"),
        Case::bare("get_recall_request", format!("/v1/recalls/requests/{id}")),
        Case::json("recall", "/v1/recalls", &recall),
        Case::bare("look_up_pack", "/v1/packs/09521568251204/5Kx9?reason=test"),
        Case::bare("list_lookups", "/v1/lookups"),
    ];
    cases.extend(resources());
    cases
}

/// The addresses of the top-level resources of EPCIS.
fn resources() -> Vec<Case> {
    let named = [
        (["list_event_types", "get_event_types", "events_of_event_types"], "eventTypes"),
        (["list_epcs", "get_epcs", "events_of_epcs"], "epcs"),
        (["list_biz_steps", "get_biz_steps", "events_of_biz_steps"], "bizSteps"),
        (["list_biz_locations", "get_biz_locations", "events_of_biz_locations"], "bizLocations"),
        (["list_read_points", "get_read_points", "events_of_read_points"], "readPoints"),
        (["list_dispositions", "get_dispositions", "events_of_dispositions"], "dispositions"),
    ];
    let of_one = |([list, get, events], path): ([&'static str; 3], &str)| {
        [
            Case::bare(list, format!("/epcis/{path}")),
            Case::bare(get, format!("/epcis/{path}/ObjectEvent")),
            Case::bare(events, format!("/epcis/{path}/ObjectEvent/events")),
        ]
    };
    named.into_iter().flat_map(of_one).collect()
}
