#![doc = include_str!("../README.md")]

use api::{ServiceDefinition, routes};
use utoipa_actix_web::service_config::ServiceConfig;

/// The service as data.
#[must_use]
pub fn definition() -> ServiceDefinition {
    ServiceDefinition {
        name: "distributor",
        title: "Theriac distributor",
        description: "Receiving, breaking down and shipping of goods by a wholesaler, and its node of the ledger.",
        routes: mount,
        assemble: routes::assemble,
        start_node: host::start_node(),
    }
}

fn mount(config: &mut ServiceConfig) {
    config.configure(routes::common).configure(routes::goods::configure).configure(routes::packs::configure);
}
