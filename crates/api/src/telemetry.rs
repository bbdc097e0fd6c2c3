//! What operators see: log lines and metrics.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, TelemetryConfig};

/// What is logged unless configured: everything from [`tracing::Level::INFO`] on, except of the consensus engine and
/// its network, which tell at that level what happens several times a second while nothing is wrong.
pub const DEFAULT_FILTER: &str = "info,arc_malachitebft=warn,libp2p=warn";

/// Bounds of the duration histogram in seconds: a look-up in memory to a large capture.
const DURATION_BOUNDS: [f64; 13] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not parse.
    #[error("telemetry.filter is not a filter")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something in this process logs already.
    #[error("logging was started before")]
    Started(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Starts logging to the standard error stream. Once in a process.
///
/// # Errors
/// [`TelemetryError`].
pub fn start_logging(config: &TelemetryConfig) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&config.filter)?;
    // Whoever reads the log may go away; the service goes on. Complaining about it would be another line that
    // cannot be written, and that one panics.
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    let started = match config.format {
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).try_init(),
        LogFormat::Text => lines.compact().try_init(),
    };
    started.map_err(TelemetryError::Started)
}

/// One series of the request counter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

/// Metrics of somebody with a registry of their own.
type Source = Box<dyn Fn() -> String + Send + Sync>;

/// The line that ends an exposition; there is one, at the very end.
const END: &str = "# EOF\n";

/// Puts `more` behind what is there.
fn append(text: &mut String, more: &str) {
    let there = text.strip_suffix(END).map_or(text.len(), str::len);
    text.truncate(there);
    text.push_str(more.strip_suffix(END).unwrap_or(more));
    text.push_str(END);
}

/// The process's metrics. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    joined: Arc<Mutex<Vec<Source>>>,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    under_way: Gauge,
}

impl Metrics {
    /// An own registry with the HTTP server's metrics in it.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let requests = Family::<RequestLabels, Counter>::default();
        let durations: Family<RouteLabels, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(DURATION_BOUNDS));
        let under_way = Gauge::default();
        let http = registry.sub_registry_with_prefix("http");
        http.register("requests", "Requests answered", requests.clone());
        http.register("request_duration_seconds", "Time from head to answer", durations.clone());
        http.register("requests_under_way", "Requests being answered", under_way.clone());
        Self {
            registry: Arc::new(Mutex::new(registry)),
            joined: Arc::default(),
            requests,
            durations,
            under_way,
        }
    }

    /// Lets others add their metrics: the node, coalescers, workers.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Adds the metrics of somebody with a registry of their own. `source` gives them in the OpenMetrics text format
    /// each time they are asked for; its families have names that nobody else has.
    pub fn join(&self, source: impl Fn() -> String + Send + Sync + 'static) {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(source));
    }

    /// All metrics in the OpenMetrics text format, as one exposition.
    ///
    /// # Errors
    /// When a metric does not format.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        drop(registry);
        for source in self.joined.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            append(&mut text, &source());
        }
        Ok(text)
    }

    /// Counts a request as being under way until the guard is dropped.
    pub(crate) fn begin(&self) -> UnderWay {
        self.under_way.inc();
        UnderWay(self.under_way.clone())
    }

    /// Counts an answered request. `route` is the pattern, never the address: addresses hold serial numbers.
    pub(crate) fn answered(&self, method: &Method, route: String, status: u16, took: Duration) {
        self.durations.get_or_create(&RouteLabels { route: route.clone() }).observe(took.as_secs_f64());
        let labels = RequestLabels { method: method_name(method), route, status: u32::from(status) };
        self.requests.get_or_create(&labels).inc();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A request being answered.
pub(crate) struct UnderWay(Gauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The method's name; unknown ones are one series, whatever callers invent.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "PATCH" => "PATCH",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_heard_by_default_only_when_something_is_wrong() {
        use tracing_subscriber::layer::SubscriberExt as _;
        let filter = EnvFilter::try_new(DEFAULT_FILTER).unwrap();
        let subscriber = tracing_subscriber::registry().with(filter);
        tracing::subscriber::with_default(subscriber, || {
            assert!(tracing::enabled!(target: "consensus::driver", tracing::Level::INFO));
            assert!(tracing::enabled!(target: "node", tracing::Level::INFO));
            assert!(!tracing::enabled!(target: "node", tracing::Level::DEBUG));
            for quiet in [
                tracing::enabled!(target: "arc_malachitebft_engine::consensus", tracing::Level::INFO),
                tracing::enabled!(target: "libp2p_swarm", tracing::Level::INFO),
            ] {
                assert!(!quiet);
            }
            assert!(tracing::enabled!(target: "arc_malachitebft_engine::consensus", tracing::Level::WARN));
        });
    }

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let metrics = Metrics::new();
        let guard = metrics.begin();
        metrics.answered(&Method::POST, "/v1/authenticate".to_owned(), 200, Duration::from_millis(3));
        let text = metrics.encode().unwrap();
        let line = "http_requests_total{method=\"POST\",route=\"/v1/authenticate\",status=\"200\"} 1";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("http_requests_under_way 1"));
        metrics.join(|| "# TYPE other gauge\nother 7\n# EOF\n".to_owned());
        metrics.register(|registry| registry.register("late", "Late", Gauge::<i64>::default()));
        let joined = metrics.encode().unwrap();
        assert_eq!(joined.matches("# EOF").count(), 1);
        assert!(joined.contains("late 0\n") && joined.ends_with("other 7\n# EOF\n"), "{joined}");
        drop(guard);
        assert!(metrics.encode().unwrap().contains("http_requests_under_way 0"));
    }
}
