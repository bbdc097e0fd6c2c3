//! Bodies in chunks whose end nobody waits for.
//!
//! actix-http reads on when the reader of a chunked body is gone, however long that takes: who sends one slowly would
//! hold its connection for ever, whatever it was answered. Here the reader lives as long as the answer. A body that is
//! not at its end by then closes the connection, as one of an announced length does anyway.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage as _;
use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::TRANSFER_ENCODING;
use actix_web::web::Bytes;
use futures::{Stream, StreamExt as _};

/// The reader of a request's chunked body.
#[derive(Clone)]
pub(crate) struct Unread(Rc<RefCell<Payload>>);

impl Unread {
    /// Keeps the reader of this request's body, and leaves the request one that reads through it. `None` for a body of
    /// an announced length, or without one.
    pub(crate) fn of(request: &mut ServiceRequest) -> Option<Self> {
        request.headers().contains_key(TRANSFER_ENCODING).then(|| {
            let kept = Self(Rc::new(RefCell::new(request.take_payload())));
            request.set_payload(Payload::Stream { payload: Box::pin(kept.clone()) });
            kept
        })
    }

    /// Keeps the reader until the answer is written.
    pub(crate) fn until_answered<B: MessageBody + 'static>(
        self,
        response: ServiceResponse<EitherBody<B, BoxBody>>,
    ) -> ServiceResponse<EitherBody<B, BoxBody>> {
        response.map_body(|_, body| {
            let body = Box::pin(body);
            EitherBody::right(BoxBody::new(Answer { body, _reader: self }))
        })
    }
}

impl Stream for Unread {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll_next_unpin(context)
    }
}

struct Answer<B> {
    body: Pin<Box<B>>,
    _reader: Unread,
}

impl<B: MessageBody> MessageBody for Answer<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.body.as_mut().poll_next(context)
    }
}
