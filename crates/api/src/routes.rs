//! Routes that every service has.

pub mod health;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers them.
pub fn configure(config: &mut ServiceConfig) {
    config.configure(health::configure);
}
