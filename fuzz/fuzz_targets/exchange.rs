//! What partners' nodes send: messages, replies, and the pages of a notice put together. The first byte chooses.
//!
//! The sources of `exchange` that read bytes are mounted here instead of the crate, which would bring the whole peer
//! network into a build with coverage.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use mounted::message::{Message, Reply, Shipment};
use mounted::{limits, wire};

#[allow(dead_code, unused_imports, reason = "the rest of the crate uses what is not used here")]
#[path = "../../crates/exchange/src"]
mod mounted {
    pub mod limits;
    pub mod message;
    pub mod wire;
}

fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first() {
        Some((0, rest)) => drop(message(&Bytes::copy_from_slice(rest))),
        Some((1, rest)) => {
            if let Ok(reply) = Reply::decode(rest) {
                assert_eq!(reply.encode(), rest, "two encodings of one reply");
            }
        }
        Some((2, rest)) => pages(rest),
        _ => {}
    }
});

fn message(bytes: &Bytes) -> Option<Message> {
    let message = Message::decode(bytes).ok()?;
    assert_eq!(message.encode().as_ref(), Ok(bytes), "two encodings of one message");
    Some(message)
}

/// Messages, each after its length in two bytes: those that are pages make a notice, or do not.
fn pages(mut rest: &[u8]) {
    let mut notices = Vec::new();
    while let Some((length, more)) = rest.split_first_chunk() {
        let Some((page, more)) = more.split_at_checked(u16::from_be_bytes(*length).into()) else { return };
        rest = more;
        if let Some(Message::ShipmentNotice(notice)) = message(&Bytes::copy_from_slice(page)) {
            notices.push(notice);
        }
    }
    if let Ok(shipment) = Shipment::from_pages(&notices) {
        let again = shipment.clone().into_pages().and_then(|pages| Shipment::from_pages(&pages));
        assert_eq!(again, Ok(shipment), "another notice after its pages");
    }
}
