//! Routes that every service has.

pub mod alert_handling;
pub mod alerts;
pub mod authenticate;
pub mod directory_requests;
pub mod dispense;
pub mod epcis;
pub mod goods;
pub mod health;
pub mod ledger;
pub mod lookups;
pub mod packs;
pub mod products;
pub mod recalls;
pub mod receipts;

use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::authenticate::Authenticator;
use crate::changes::Changes;
use crate::server::{Assembly, BoxError};
use crate::shared::Shared;

/// Registers them.
pub fn configure(config: &mut ServiceConfig) {
    config.configure(health::configure);
}

/// Registers those of every service of a trading partner or authority: capture, queries, receipts, the ledger.
pub fn configure_records(config: &mut ServiceConfig) {
    config.configure(epcis::configure).configure(receipts::configure).configure(ledger::configure);
}

/// Registers what every service of a trading partner or authority has.
pub fn common(config: &mut ServiceConfig) {
    config
        .configure(configure_records)
        .configure(authenticate::configure)
        .configure(alerts::configure)
        .configure(alert_handling::configure);
}

/// Builds what these routes share.
///
/// # Errors
/// None today; the signature is that of [`ServiceDefinition`](crate::ServiceDefinition).
pub fn assemble(shared: &web::Data<Shared>, assembly: &mut Assembly) -> Result<(), BoxError> {
    let authenticator = Authenticator::start(shared, assembly.tasks());
    let changes = Changes::start(shared, assembly.tasks());
    assembly.provide(authenticator);
    assembly.provide(changes);
    Ok(())
}
