//! A keep-alive HTTP/1.1 connection that costs next to nothing: requests are bytes made beforehand, answers are read
//! for status, length and body alone. For the loopback address and servers of this project only: it knows no chunked
//! bodies, no redirects, no TLS.

use anyhow::{Context as _, Result, bail, ensure};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest head of an answer.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Longest answer altogether.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// No answer takes longer, or the service is stuck.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What was answered.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// Status code.
    pub status: u16,
    head: &'a [u8],
    /// The whole body.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects to a port of the loopback address.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("nobody listens on port {port}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4_096) })
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// When the connection ends, the answer has another form, or it takes longer than 60 s.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Reply<'_>> {
        let answered = tokio::time::timeout(ANSWER_MAX, self.exchange(request)).await;
        let (status, head, end) = answered.context("no answer within 60 s")??;
        let body = self.buffer.get(head..end).unwrap_or_default();
        Ok(Reply { status, head: self.buffer.get(..head).unwrap_or_default(), body })
    }

    /// Status, and where head and body end in the buffer.
    async fn exchange(&mut self, request: &[u8]) -> Result<(u16, usize, usize)> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            let before = self.buffer.len().saturating_sub(3);
            self.read_more().await?;
            let fresh = self.buffer.get(before..).unwrap_or_default();
            if let Some(at) = fresh.windows(4).position(|four| four == b"\r\n\r\n") {
                break before + at + 4;
            }
            ensure!(self.buffer.len() <= HEAD_BYTES_MAX, "the answer's head is too long");
        };
        let lines = self.buffer.get(..head).unwrap_or_default();
        let status = status(lines).context("the answer is not HTTP/1.1")?;
        let length = match header(lines, "content-length") {
            Some(text) => text.parse::<usize>().context("the answer's Content-Length is no number")?,
            None if matches!(status, 204 | 304) => 0,
            None => bail!("an answer without Content-Length"),
        };
        let end = head + length;
        ensure!(end <= ANSWER_BYTES_MAX, "the answer is too long");
        while self.buffer.len() < end {
            self.read_more().await?;
        }
        Ok((status, head, end))
    }

    async fn read_more(&mut self) -> Result<()> {
        ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the connection was closed");
        Ok(())
    }
}

impl Reply<'_> {
    /// A header field by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }

    /// Whether the body holds this text.
    pub fn holds(&self, text: &str) -> bool {
        find(self.body, text.as_bytes()).is_some()
    }

    /// The number after `"name":` in a JSON body.
    pub fn number(&self, name: &str) -> Option<u64> {
        let at = find(self.body, format!("\"{name}\":").as_bytes())? + name.len() + 3;
        let digits: String =
            self.body.get(at..)?.iter().take_while(|b| b.is_ascii_digit()).map(|b| char::from(*b)).collect();
        digits.parse().ok()
    }

    /// The body as text, cut to what a person reads.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body).chars().take(300).collect()
    }
}

/// The head of a `POST` with a JSON body of `length` bytes, up to its empty line.
pub fn post_head(path: &str, key: &str, length: usize, idempotency_key: Option<&str>) -> String {
    let again = idempotency_key.map(|key| format!("Idempotency-Key: {key}\r\n")).unwrap_or_default();
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n{again}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// A `GET`.
pub fn get(path: &str, key: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n").into_bytes()
}

fn status(head: &[u8]) -> Option<u16> {
    let text = head.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (field, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":").filter(|_| field.eq_ignore_ascii_case(name.as_bytes()))?;
        std::str::from_utf8(value).ok().map(str::trim)
    })
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn answers_are_read_whole_one_after_another() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 256];
            for answer in [
                "HTTP/1.1 202 Accepted\r\nLocation: /epcis/capture/1\r\ncontent-length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{\"block\":42,\"final\":true}   ",
            ] {
                assert!(stream.read(&mut request).await.unwrap() > 0);
                let (one, two) = answer.split_at(20);
                stream.write_all(one.as_bytes()).await.unwrap();
                stream.write_all(two.as_bytes()).await.unwrap();
            }
        });
        let mut connection = Connection::open(port).await.unwrap();
        let reply = connection.ask(&get("/", "key")).await.unwrap();
        assert_eq!((reply.status, reply.header("location")), (202, Some("/epcis/capture/1")));
        let reply = connection.ask(&get("/", "key")).await.unwrap();
        assert_eq!((reply.status, reply.number("block")), (200, Some(42)));
        assert!(reply.holds("\"final\":true"));
        served.await.unwrap();
        assert!(connection.ask(b"GET / HTTP/1.1\r\n\r\n").await.is_err());
    }
}
