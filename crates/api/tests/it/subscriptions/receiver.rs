//! Somebody who is sent events: a real HTTP server, whose answers a test chooses.

use std::collections::{HashMap, VecDeque};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::PATIENCE;

/// What was sent.
pub struct Delivery {
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
    /// How it was answered.
    pub answered: u16,
}

/// One answer.
#[derive(Clone, Copy)]
pub struct Reply(pub u16, pub Option<u32>);

struct State {
    script: Mutex<VecDeque<Reply>>,
    /// More events than this are too many.
    events_max: usize,
    delivered: mpsc::UnboundedSender<Delivery>,
}

pub struct Receiver {
    pub url: String,
    state: Arc<State>,
    delivered: mpsc::UnboundedReceiver<Delivery>,
}

async fn take(request: HttpRequest, body: web::Bytes, state: web::Data<State>) -> HttpResponse {
    let document: Value = serde_json::from_slice(&body).unwrap_or_default();
    let events =
        document["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().map_or(0, Vec::len);
    let Reply(status, retry_after) = match events > state.events_max {
        true => Reply(413, None),
        false => state.script.lock().unwrap().pop_front().unwrap_or(Reply(200, None)),
    };
    let headers = request.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let _test_is_over = state.delivered.send(Delivery { headers, body: body.to_vec(), answered: status });
    let mut answer = HttpResponse::build(StatusCode::from_u16(status).unwrap());
    if let Some(seconds) = retry_after {
        answer.insert_header(("retry-after", seconds));
    }
    answer.insert_header(("location", "http://127.0.0.1:1/elsewhere")).finish()
}

impl Receiver {
    /// One that takes everything.
    pub fn start() -> Self {
        Self::with(&[], usize::MAX)
    }

    /// One that answers these first, and says of more than so many events that they are too many.
    pub fn with(script: &[Reply], events_max: usize) -> Self {
        let (sender, delivered) = mpsc::unbounded_channel();
        let script = Mutex::new(script.iter().copied().collect());
        let state = Arc::new(State { script, events_max, delivered: sender });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?token=of-theirs", listener.local_addr().unwrap());
        let data = web::Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || {
            let limit = web::PayloadConfig::new(64 << 20);
            App::new().app_data(limit).app_data(data.clone()).default_service(web::to(take))
        });
        tokio::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        Self { url, state, delivered }
    }

    /// Answers these next.
    pub fn answer(&self, replies: &[Reply]) {
        self.state.script.lock().unwrap().extend(replies);
    }

    /// The next delivery.
    pub async fn next(&mut self) -> Delivery {
        let next = tokio::time::timeout(PATIENCE, self.delivered.recv()).await;
        next.expect("a delivery comes").unwrap()
    }

    /// Whether something was delivered that was not looked at.
    pub fn has_more(&mut self) -> bool {
        self.delivered.try_recv().is_ok()
    }
}

impl Delivery {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn document(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn serials(&self) -> Vec<String> {
        super::serials(&self.document())
    }

    /// Verifies the signatures, by nothing but their definitions.
    pub fn is_signed_by(&self, secret: &[u8]) -> bool {
        let signed = format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp"));
        let expected = hmac(secret, &[signed.as_bytes(), &self.body].concat());
        let given =
            self.header("webhook-signature").strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
        given == Some(expected.to_vec())
            && self.header("gs1-signature") == hex::encode(hmac(secret, &self.body))
    }
}

/// HMAC-SHA256 by RFC 2104 section 2, for keys of up to a block.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::digest([&block.map(|byte| byte ^ 0x36)[..], message].concat());
    Sha256::digest([&block.map(|byte| byte ^ 0x5c)[..], &inner].concat()).into()
}
