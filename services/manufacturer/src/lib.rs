#![doc = include_str!("../README.md")]

use api::{ServiceDefinition, routes};
use utoipa_actix_web::service_config::ServiceConfig;

/// The service as data.
#[must_use]
pub fn definition() -> ServiceDefinition {
    ServiceDefinition {
        name: "manufacturer",
        title: "Theriac manufacturer",
        description: "Products, lots, shipments and recalls of a marketing authorisation holder, and its node of the ledger.",
        routes: mount,
        assemble: routes::assemble,
        start_node: host::start_node(),
    }
}

fn mount(config: &mut ServiceConfig) {
    config
        .configure(routes::common)
        .configure(routes::products::configure)
        .configure(routes::recalls::configure)
        .configure(routes::goods::configure)
        .configure(routes::packs::configure);
}
