//! The HTTP server: listeners, limits and the application of each worker.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use utoipa_actix_web::AppExt as _;
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi};

use super::{AppData, ServiceDefinition};
use crate::auth::gate;
use crate::body::BodyLimit;
use crate::observe::{fallback, observe};
use crate::openapi;
use crate::problem::{from_path, from_query};
use crate::routes;
use crate::shared::Shared;

/// Where the OpenAPI document is served.
const DOCUMENT_PATH: &str = "/openapi.json";

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// Which routes a server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surface {
    /// All of the service's.
    Whole,
    /// Those of a node without an API: health and metrics.
    Health,
}

/// Starts serving on a bound listener. The server is polled by whoever awaits it.
pub(super) fn serve(
    definition: &ServiceDefinition,
    surface: Surface,
    shared: web::Data<Shared>,
    data: Vec<AppData>,
    listener: TcpListener,
) -> std::io::Result<Server> {
    let http = shared.config.http.clone();
    let service_routes = definition.routes;
    let document = openapi::document(definition);
    let data: Arc<[AppData]> = data.into();
    let server = HttpServer::new(move || {
        let app = App::new().into_utoipa_app().configure(|config| match surface {
            Surface::Whole => {
                config.configure(routes::configure).configure(service_routes);
            }
            Surface::Health => routes::health::configure(config),
        });
        let (app, _) = app.split_for_parts();
        app.app_data(shared.clone())
            .app_data(BodyLimit(shared.config.http.body_bytes_max))
            .app_data(web::PathConfig::default().error_handler(|error, _| from_path(&error).into()))
            .app_data(web::QueryConfig::default().error_handler(|error, _| from_query(&error).into()))
            .configure(|app| data.iter().for_each(|provide| provide(app)))
            .service(swagger(document.clone()))
            .default_service(web::to(fallback))
            .wrap(from_fn(gate))
            .wrap(from_fn(observe))
    });
    let server = server
        .workers(usize::from(http.workers))
        .max_connections(http.connections_max as usize)
        .backlog(BACKLOG)
        .keep_alive(Duration::from_secs(http.keep_alive_seconds))
        .client_request_timeout(Duration::from_secs(http.head_timeout_seconds))
        .shutdown_timeout(http.drain_seconds)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// Swagger UI at `/docs/`, with its scripts in this program.
fn swagger(document: utoipa::openapi::OpenApi) -> SwaggerUi {
    let config = SwaggerConfig::new([DOCUMENT_PATH]).validator_url("none").try_it_out_enabled(true);
    SwaggerUi::new("/docs/{_:.*}").url(DOCUMENT_PATH, document).config(config)
}
