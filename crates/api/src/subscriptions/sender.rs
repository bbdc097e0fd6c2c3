//! One request to a receiver, over a connection of its own: to an address that was checked, without a proxy, following no
//! redirect, and bounded in time and in what is read of the answer.

use std::sync::Arc;

use actix_web::web::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use tokio_util::task::AbortOnDropHandle;

use super::destination::{Destination, Unreachable};
use crate::config::WebhooksConfig;
use crate::limits::{DELIVERY_ANSWER_BYTES_MAX, DELIVERY_CONNECT_TIMEOUT, DELIVERY_TIMEOUT};

/// Most bytes of an answer's head, and of what is sent at once: the least that hyper takes is 8 KiB.
const BUFFER_BYTES: usize = 16 * 1024;

/// What a receiver said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds, where it was given so. (As a date it is left out: clocks differ.)
    pub retry_after: Option<u64>,
}

/// Why a receiver said nothing.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There is no address to deliver to.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// None of the addresses takes a connection, or TLS fails there.
    #[error("no connection")]
    Connect(#[source] std::io::Error),
    /// The host's name is none that a certificate can have.
    #[error("not a name for TLS")]
    Name,
    /// What came is no HTTP, or the connection broke off.
    #[error("no answer in HTTP")]
    Http(#[from] hyper::Error),
    /// A header that cannot be sent.
    #[error("not a request")]
    Request(#[from] hyper::http::Error),
    /// It took too long.
    #[error("it took too long")]
    Timeout,
}

/// Sends deliveries.
pub struct Sender {
    tls: TlsConnector,
    config: WebhooksConfig,
}

impl Sender {
    /// With the machine's certificate authorities (`SSL_CERT_FILE` names others).
    ///
    /// # Errors
    /// When the crypto provider lacks the protocol versions asked for, which it does not.
    pub fn new(config: WebhooksConfig) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        let (known, _unreadable) = roots.add_parsable_certificates(found.certs);
        if known == 0 {
            tracing::warn!("this machine knows no certificate authorities: nothing can be sent to https://");
        }
        Self::with_roots(config, roots)
    }

    fn with_roots(config: WebhooksConfig, roots: RootCertStore) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(tls)), config })
    }

    /// Posts a body.
    ///
    /// # Errors
    /// [`SendError`] when no answer came.
    pub async fn post(
        &self,
        destination: &Destination,
        headers: &[(&'static str, String)],
        body: Bytes,
    ) -> Result<Reply, SendError> {
        let sending = async {
            let stream = timeout(DELIVERY_CONNECT_TIMEOUT, self.connect(destination));
            let stream = stream.await.map_err(|_| SendError::Timeout)??;
            if !destination.is_https() {
                return exchange(stream, request(destination, headers, body)?).await;
            }
            let name = ServerName::try_from(destination.host()).map_err(|_| SendError::Name)?;
            let stream = timeout(DELIVERY_CONNECT_TIMEOUT, self.tls.connect(name, stream));
            let stream = stream.await.map_err(|_| SendError::Timeout)?.map_err(SendError::Connect)?;
            exchange(stream, request(destination, headers, body)?).await
        };
        timeout(DELIVERY_TIMEOUT, sending).await.map_err(|_| SendError::Timeout)?
    }

    async fn connect(&self, destination: &Destination) -> Result<TcpStream, SendError> {
        let addresses = destination.addresses(&self.config).await?;
        let stream = TcpStream::connect(addresses.as_slice()).await.map_err(SendError::Connect)?;
        stream.set_nodelay(true).map_err(SendError::Connect)?;
        Ok(stream)
    }
}

fn request(
    destination: &Destination,
    headers: &[(&'static str, String)],
    body: Bytes,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let request = Request::post(destination.target())
        .header(HOST, destination.authority())
        .header(USER_AGENT, concat!("theriac/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json");
    headers.iter().fold(request, |request, (name, value)| request.header(*name, value)).body(Full::new(body))
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Reply, SendError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(BUFFER_BYTES).handshake(TokioIo::new(stream)).await?;
    let _ends_with_this = AbortOnDropHandle::new(tokio::spawn(connection));
    let response = sender.send_request(request).await?;
    let reply = read(&response);
    // Read to its end where it has one soon, so that the receiver does not find its connection broken off.
    let _unread = Limited::new(response.into_body(), DELIVERY_ANSWER_BYTES_MAX).collect().await;
    Ok(reply)
}

fn read(response: &Response<Incoming>) -> Reply {
    let retry_after =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Reply { status: response.status().as_u16(), retry_after }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    use super::*;

    const NEAR: WebhooksConfig = WebhooksConfig { allow_http: true, allow_private: true, key_file: None };

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answer: &str) -> String {
        let mut request = vec![0; 4_096];
        let mut read = 0;
        while !request[..read].ends_with(b"events") {
            read += stream.read(&mut request[read..]).await.unwrap();
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        String::from_utf8(request[..read].to_vec()).unwrap()
    }

    fn authority() -> (TlsAcceptor, CertificateDer<'static>) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.der().clone(), made.key_pair.serialize_der());
        let key = PrivateKeyDer::try_from(key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
        (TlsAcceptor::from(Arc::new(config)), certificate)
    }

    async fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    async fn post(sender: &Sender, url: &str) -> Result<Reply, SendError> {
        let destination = Destination::parse(url, &NEAR).unwrap();
        let headers = [("webhook-id", "msg_1".to_owned())];
        sender.post(&destination, &headers, Bytes::from_static(b"events")).await
    }

    #[tokio::test]
    async fn a_request_is_whole_and_a_redirect_is_an_answer() {
        let (listener, address) = listener().await;
        let sender = Sender::with_roots(NEAR, RootCertStore::empty()).unwrap();
        let answer = "HTTP/1.1 307 Elsewhere\r\nlocation: http://127.0.0.1:1/\r\nretry-after: 7\r\n\r\n";
        let receiving = async { talk(listener.accept().await.unwrap().0, answer).await };
        let url = format!("http://{address}/hook?a=1");
        let (reply, request) = tokio::join!(post(&sender, &url), receiving);
        assert_eq!(reply.unwrap(), Reply { status: 307, retry_after: Some(7) });
        assert!(request.starts_with("POST /hook?a=1 HTTP/1.1\r\n"), "{request}");
        assert!(
            request.contains(&format!("host: {address}\r\n")) && request.contains("webhook-id: msg_1\r\n")
        );
        assert!(request.contains("content-length: 6\r\n") && request.contains("application/json"));
    }

    #[tokio::test]
    async fn what_is_no_http_is_no_answer() {
        let (listener, address) = listener().await;
        let sender = Sender::with_roots(NEAR, RootCertStore::empty()).unwrap();
        let receiving = async { talk(listener.accept().await.unwrap().0, "SSH-2.0-x\r\n").await };
        let url = format!("http://{address}/");
        let (reply, _) = tokio::join!(post(&sender, &url), receiving);
        assert!(matches!(reply, Err(SendError::Http(_))), "{reply:?}");
        let strict = Sender::with_roots(WebhooksConfig::default(), RootCertStore::empty()).unwrap();
        let refused = post(&strict, &url).await;
        assert!(matches!(refused, Err(SendError::Unreachable(Unreachable::Forbidden))), "{refused:?}");
    }

    #[tokio::test]
    async fn certificates_are_those_of_a_known_authority() {
        let ((listener, address), (acceptor, certificate)) = (listener().await, authority());
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let known = Sender::with_roots(NEAR, roots).unwrap();
        let url = format!("https://localhost:{}/", address.port());
        let receiving = async {
            let stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
            talk(stream, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await
        };
        let (reply, _) = tokio::join!(post(&known, &url), receiving);
        assert_eq!(reply.unwrap(), Reply { status: 200, retry_after: None });
        let stranger = Sender::with_roots(NEAR, RootCertStore::empty()).unwrap();
        let receiving = async { acceptor.accept(listener.accept().await.unwrap().0).await.err() };
        let (reply, _) = tokio::join!(post(&stranger, &url), receiving);
        assert!(matches!(reply, Err(SendError::Connect(_))), "{reply:?}");
    }
}
