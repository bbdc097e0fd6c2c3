//! A client of one service's public HTTP API, as an integrator would write it.

use anyhow::{Context as _, Result, bail};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::time::Duration;

/// No call takes longer than this; a state change is answered within its own bound of 250 ms, a capture within 30 s.
const CALL_MAX: Duration = Duration::from_secs(60);

/// Speaks to one service with one API key.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
}

/// What a service answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: StatusCode,
    /// Header fields.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Client {
    /// A client for `base` (`http://127.0.0.1:8081`), with an API key or without.
    ///
    /// # Errors
    /// When the system has no entropy or no sockets.
    pub fn new(base: &str, key: Option<&str>) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(CALL_MAX).tcp_nodelay(true).build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), key: key.map(str::to_owned) })
    }

    /// The same client with another key, or none.
    pub fn with_key(&self, key: Option<&str>) -> Self {
        Self { key: key.map(str::to_owned), ..self.clone() }
    }

    /// Where it speaks to.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `GET` of a path with query, such as `/v1/ledger/head`.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    /// `POST` of a JSON body under a fresh idempotency key.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.post_once(path, body, &uuid::Uuid::new_v4().to_string()).await
    }

    /// `POST` of a JSON body under the given idempotency key.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post_once(&self, path: &str, body: &Value, idempotency_key: &str) -> Result<Answer> {
        self.send(self.request(Method::POST, path).header("idempotency-key", idempotency_key).json(body))
            .await
    }

    /// `POST` of any body.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post_bytes(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> Result<Answer> {
        let request = self.request(Method::POST, path).header("content-type", content_type);
        self.send(request.header("idempotency-key", uuid::Uuid::new_v4().to_string()).body(body.into())).await
    }

    /// A request of any form, with the key.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// Sends it and reads the whole answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer> {
        let answer = request.send().await.with_context(|| format!("{} does not answer", self.base))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.with_context(|| format!("{} stopped answering", self.base))?.to_vec();
        Ok(Answer { status, headers, body })
    }
}

impl Answer {
    /// The body as JSON, `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header field, empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The problem's type (RFC 9457), empty where the answer is none.
    pub fn problem(&self) -> String {
        self.json()["type"].as_str().unwrap_or("").to_owned()
    }

    /// The body as JSON when the status is 2xx.
    ///
    /// # Errors
    /// Otherwise, with status and body.
    pub fn ok(self) -> Result<Value> {
        if self.status.is_success() { Ok(self.json()) } else { bail!("{}: {}", self.status, self.text()) }
    }

    /// The same answer when it has the expected status.
    ///
    /// # Errors
    /// Otherwise, with status and body.
    pub fn expect(self, status: u16) -> Result<Self> {
        if self.status.as_u16() == status {
            Ok(self)
        } else {
            bail!("expected {status}, got {}: {}", self.status, self.text())
        }
    }
}
