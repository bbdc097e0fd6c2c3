//! `[http]`: the HTTP server.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;

use crate::limits::{
    BODY_SECONDS_DEFAULT, CAPTURE_BODY_BYTES_DEFAULT, CAPTURE_BODY_BYTES_MAX, JSON_BODY_BYTES_DEFAULT,
};

/// `[http]`: where the service listens, and how much it takes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Address and port to listen on. Port 0 takes a free one, which the log names.
    pub listen: SocketAddr,
    /// How clients reach the service, without a slash at the end. Used in `Location` and in the OpenAPI document;
    /// relative references when absent.
    pub public_url: Option<String>,
    /// Threads that serve requests.
    pub workers: u16,
    /// Most open connections of one worker.
    pub connections_max: u32,
    /// Most bytes of a JSON body.
    pub body_bytes_max: u64,
    /// Most bytes of a captured EPCIS document.
    pub capture_bytes_max: u64,
    /// Requests a second that one client may make in the long run.
    pub rate_per_second: u32,
    /// Requests that one client may make at once.
    pub rate_burst: u32,
    /// Seconds that an idle connection stays open.
    pub keep_alive_seconds: u64,
    /// Seconds within which a request's head must arrive.
    pub head_timeout_seconds: u64,
    /// Seconds within which a body must arrive. Large ones gain a second for each 64 KiB that came.
    pub body_timeout_seconds: u64,
    /// Seconds that requests under way may take to finish when the service stops.
    pub drain_seconds: u64,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: None,
            workers: 2,
            connections_max: 4_096,
            body_bytes_max: JSON_BODY_BYTES_DEFAULT,
            capture_bytes_max: CAPTURE_BODY_BYTES_DEFAULT,
            rate_per_second: 2_000,
            rate_burst: 4_000,
            keep_alive_seconds: 75,
            head_timeout_seconds: 10,
            body_timeout_seconds: BODY_SECONDS_DEFAULT,
            drain_seconds: 10,
        }
    }
}

impl HttpConfig {
    pub(super) fn check(&self, require: &mut impl FnMut(bool, &dyn fmt::Display)) {
        require((1..=256).contains(&self.workers), &"http.workers must be 1 to 256");
        require((1..=65_536).contains(&self.connections_max), &"http.connections_max must be 1 to 65536");
        require(
            (1_024..=CAPTURE_BODY_BYTES_MAX).contains(&self.body_bytes_max),
            &format_args!("http.body_bytes_max must be 1024 to {CAPTURE_BODY_BYTES_MAX}"),
        );
        require(
            (1_024..=CAPTURE_BODY_BYTES_MAX).contains(&self.capture_bytes_max),
            &format_args!("http.capture_bytes_max must be 1024 to {CAPTURE_BODY_BYTES_MAX}"),
        );
        require(
            self.rate_per_second > 0 && self.rate_burst > 0,
            &"http.rate_per_second and rate_burst must be over 0",
        );
        require((1..=3_600).contains(&self.keep_alive_seconds), &"http.keep_alive_seconds must be 1 to 3600");
        require(
            (1..=120).contains(&self.head_timeout_seconds),
            &"http.head_timeout_seconds must be 1 to 120",
        );
        require(
            (1..=600).contains(&self.body_timeout_seconds),
            &"http.body_timeout_seconds must be 1 to 600",
        );
        require((1..=300).contains(&self.drain_seconds), &"http.drain_seconds must be 1 to 300");
        if let Some(url) = &self.public_url {
            let web = url.starts_with("http://") || url.starts_with("https://");
            require(
                web && !url.ends_with('/'),
                &"http.public_url must be http:// or https:// without a slash at the end",
            );
        }
    }
}
