#![doc = include_str!("../README.md")]

use api::{ServiceDefinition, routes};
use utoipa_actix_web::service_config::ServiceConfig;

/// The service as data.
#[must_use]
pub fn definition() -> ServiceDefinition {
    ServiceDefinition {
        name: "regulator",
        title: "Theriac regulator",
        description: "Look-ups with evidence, and recalls, by a national competent authority, and its node of the ledger.",
        routes: mount,
        assemble: routes::assemble,
        start_node: host::start_node(),
    }
}

fn mount(config: &mut ServiceConfig) {
    config
        .configure(routes::common)
        .configure(routes::lookups::configure)
        .configure(routes::recalls::configure);
}
