//! `[webhooks]`: deliveries to subscribers.

use std::path::PathBuf;

use serde::Deserialize;

/// `[webhooks]`: where events may be sent, and what keeps the secrets of subscriptions.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// Whether destinations may be `http://`, where everyone on the way reads the events.
    pub allow_http: bool,
    /// Whether destinations may be in the organisation's own network: loopback, link-local and private addresses. Then
    /// whoever may subscribe can make the service send requests to machines that nobody outside can reach.
    pub allow_private: bool,
    /// 64 hexadecimal digits, readable by the service alone: the key under which the secrets of subscriptions are
    /// encrypted. The same for all processes of the organisation. Without it, a process with the signing key derives one.
    pub key_file: Option<PathBuf>,
}
