//! What one would write without thinking of load: a server that makes one prepared `SELECT` of each request, over the
//! same HTTP library, the same driver and as many connections as a service has.

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, Result};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;
use store::{DatabaseConfig, PgPool};

/// Where it looks records up: `/record/` and 64 hexadecimal digits.
pub const PATH: &str = "/record";
/// Threads, as many as a service has by default.
const WORKERS: usize = 2;

/// The server, on a thread of its own.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub port: u16,
    handle: ServerHandle,
}

impl Server {
    /// Starts it on a database.
    ///
    /// # Errors
    /// When there is no port or no thread to be had.
    pub fn start(url: &str) -> Result<Self> {
        let pool = DatabaseConfig::new(url);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
        let port = listener.local_addr()?.port();
        let (started, start) = std::sync::mpsc::channel();
        std::thread::Builder::new().name("plain server".to_owned()).spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = store::connect_lazy(&pool)
                    .map_err(anyhow::Error::from)
                    .and_then(|pool| serve(listener, pool));
                match server {
                    Ok(server) => {
                        // Whoever waits for the handle is gone when the run is.
                        let _gone = started.send(Ok(server.handle()));
                        let _ended = server.await;
                    }
                    Err(why) => {
                        let _gone = started.send(Err(why));
                    }
                }
            });
        })?;
        let handle = start.recv().context("the plain server did not start")??;
        Ok(Self { port, handle })
    }

    /// Stops it.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

fn serve(listener: TcpListener, pool: PgPool) -> Result<actix_web::dev::Server> {
    let pool = web::Data::new(pool);
    let app =
        move || App::new().app_data(pool.clone()).route(&format!("{PATH}/{{key}}"), web::get().to(record));
    let server = HttpServer::new(app).workers(WORKERS).keep_alive(Duration::from_secs(75)).disable_signals();
    Ok(server.listen(listener)?.run())
}

async fn record(key: web::Path<String>, pool: web::Data<PgPool>) -> HttpResponse {
    let Ok(key) = hex::decode(key.as_bytes()) else { return HttpResponse::BadRequest().finish() };
    let query = sqlx::query_scalar::<_, Vec<u8>>("SELECT record FROM status_record WHERE record_key = $1");
    match query.bind(key).fetch_optional(pool.get_ref()).await {
        Ok(Some(record)) => HttpResponse::Ok().body(record),
        Ok(None) => HttpResponse::NotFound().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}
