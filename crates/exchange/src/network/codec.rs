//! One message on one stream: four bytes of length, big-endian, and the message; then the reply likewise.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;
use libp2p::request_response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{INBOUND_BYTES_PER_PEER, MESSAGE_BYTES_MAX, REPLY_BYTES_MAX};
use crate::message::Reply;

/// The protocol's name. A breaking change of messages changes their version byte, not this.
pub(crate) const PROTOCOL: StreamProtocol = StreamProtocol::new("/theriac/exchange/1");

/// The peer's budget is counted in units of this many bytes.
const UNIT_BYTES: u32 = 1024;

/// A message's bytes, and while it is one of a peer's, that peer's budget for them.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) bytes: Bytes,
    /// Given back to the budget when the frame is dropped.
    _held: Option<OwnedSemaphorePermit>,
}

impl Frame {
    /// A message of ours, encoded.
    pub(crate) fn ours(bytes: Bytes) -> Self {
        Self { bytes, _held: None }
    }
}

/// Reads and writes frames of one peer. Clones share the peer's budget, so that it holds over all its
/// connections and streams.
#[derive(Debug, Clone)]
pub(crate) struct FrameCodec {
    budget: Arc<Semaphore>,
}

impl FrameCodec {
    pub(crate) fn new() -> Self {
        Self { budget: Arc::new(Semaphore::new((INBOUND_BYTES_PER_PEER / UNIT_BYTES) as usize)) }
    }
}

/// Reads a length within `max`.
async fn read_length<T: AsyncRead + Unpin + Send>(io: &mut T, max: u32) -> io::Result<u32> {
    let mut length = [0; 4];
    io.read_exact(&mut length).await?;
    let length = u32::from_be_bytes(length);
    if length > max {
        let message = format!("{length} bytes announced, at most {max} are allowed");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(length)
}

/// Reads that many bytes, and that nothing follows them.
async fn read_body<T: AsyncRead + Unpin + Send>(io: &mut T, length: u32) -> io::Result<Bytes> {
    let mut body = vec![0; length as usize];
    io.read_exact(&mut body).await?;
    if io.read(&mut [0]).await? > 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "bytes follow the frame"));
    }
    Ok(body.into())
}

async fn write_frame<T: AsyncWrite + Unpin + Send>(io: &mut T, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    io.write_all(&length.to_be_bytes()).await?;
    io.write_all(body).await?;
    io.flush().await
}

#[async_trait]
impl request_response::Codec for FrameCodec {
    type Protocol = StreamProtocol;
    type Request = Frame;
    type Response = Reply;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Frame>
    where
        T: AsyncRead + Unpin + Send,
    {
        let length = read_length(io, MESSAGE_BYTES_MAX).await?;
        let units = length.div_ceil(UNIT_BYTES);
        // Beyond its budget a peer waits here, on its own streams, until its request times out.
        let held = Arc::clone(&self.budget).acquire_many_owned(units).await.map_err(io::Error::other)?;
        Ok(Frame { bytes: read_body(io, length).await?, _held: Some(held) })
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Reply>
    where
        T: AsyncRead + Unpin + Send,
    {
        let length = read_length(io, REPLY_BYTES_MAX).await?;
        let body = read_body(io, length).await?;
        Reply::decode(&body).map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, frame: Frame) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write_frame(io, &frame.bytes).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, reply: Reply) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write_frame(io, &reply.encode()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::io::Cursor;
    use libp2p::request_response::Codec as _;

    async fn read(bytes: Vec<u8>) -> io::Result<Frame> {
        FrameCodec::new().read_request(&PROTOCOL, &mut Cursor::new(bytes)).await
    }

    #[tokio::test]
    async fn a_frame_is_read_back() {
        let mut out = Cursor::new(Vec::new());
        let frame = Frame::ours(Bytes::from_static(b"message"));
        FrameCodec::new().write_request(&PROTOCOL, &mut out, frame).await.unwrap();
        let mut codec = FrameCodec::new();
        let all = codec.budget.available_permits();
        let mut io = Cursor::new(out.into_inner());
        let frame = codec.read_request(&PROTOCOL, &mut io).await.unwrap();
        assert_eq!(frame.bytes, "message");
        assert_eq!(codec.budget.available_permits(), all - 1, "held while it is worked on");
        drop(frame);
        assert_eq!(codec.budget.available_permits(), all);
    }

    #[tokio::test]
    async fn an_oversize_length_is_refused_before_its_body() {
        let error = read((MESSAGE_BYTES_MAX + 1).to_be_bytes().to_vec()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let mut reply = Cursor::new((REPLY_BYTES_MAX + 1).to_be_bytes());
        let error = FrameCodec::new().read_response(&PROTOCOL, &mut reply).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn a_short_or_long_body_is_refused() {
        let short = read(vec![0, 0, 0, 2, 1]).await.unwrap_err();
        assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
        let long = read(vec![0, 0, 0, 1, 1, 1]).await.unwrap_err();
        assert_eq!(long.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn a_peer_beyond_its_budget_waits_for_itself() {
        let mut codec = FrameCodec::new();
        let all = Arc::clone(&codec.budget).acquire_many_owned(INBOUND_BYTES_PER_PEER / UNIT_BYTES);
        let all = all.await.unwrap();
        let mut io = Cursor::new(vec![0, 0, 0, 1, 7]);
        let protocol = PROTOCOL;
        let mut reading = Box::pin(codec.read_request(&protocol, &mut io));
        assert!(futures::poll!(&mut reading).is_pending());
        drop(all);
        assert_eq!(reading.await.unwrap().bytes, [7][..]);
    }
}
