//! Gossip that waits for one peer: bounded, and never in the way of the one who has it to say.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::limits::{GOSSIP_ATTEMPTS_MAX, GOSSIP_BYTES_MAX, GOSSIP_COUNT_MAX};

/// One gossip message, encoded; its bytes are shared by all peers it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gossip {
    pub(crate) kind: &'static str,
    pub(crate) bytes: Bytes,
    attempts: u32,
}

impl Gossip {
    pub(crate) fn new(kind: &'static str, bytes: Bytes) -> Self {
        Self { kind, bytes, attempts: 0 }
    }
}

/// What waits for one peer: the latest wake-up, and everything else in order.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    wake: Option<Gossip>,
    queue: VecDeque<Gossip>,
    queued_bytes: usize,
}

impl Outbox {
    /// Puts a wake-up in; an earlier one that still waits is pointless now. Returns how many were dropped.
    pub(crate) fn push_wake(&mut self, gossip: Gossip) -> u64 {
        u64::from(self.wake.replace(gossip).is_some())
    }

    /// Puts a message in, at the cost of the oldest where there is no room. Returns how many were dropped.
    pub(crate) fn push(&mut self, gossip: Gossip) -> u64 {
        let mut dropped = 0;
        while self.queue.len() >= GOSSIP_COUNT_MAX
            || self.queued_bytes.saturating_add(gossip.bytes.len()) > GOSSIP_BYTES_MAX
        {
            // A message larger than the whole bound cannot be encoded; an empty queue has room.
            if self.next().is_none() {
                break;
            }
            dropped += 1;
        }
        self.queued_bytes = self.queued_bytes.saturating_add(gossip.bytes.len());
        self.queue.push_back(gossip);
        dropped
    }

    /// Takes the wake-up out.
    pub(crate) fn next_wake(&mut self) -> Option<Gossip> {
        self.wake.take()
    }

    /// Takes the oldest message out.
    pub(crate) fn next(&mut self) -> Option<Gossip> {
        let gossip = self.queue.pop_front()?;
        self.queued_bytes = self.queued_bytes.saturating_sub(gossip.bytes.len());
        Some(gossip)
    }

    /// Puts a message that did not arrive back to the front, if it may be tried again and there is
    /// room. Returns how many were dropped: it, or none.
    pub(crate) fn put_back(&mut self, mut gossip: Gossip) -> u64 {
        gossip.attempts += 1;
        let bytes = self.queued_bytes.saturating_add(gossip.bytes.len());
        if gossip.attempts >= GOSSIP_ATTEMPTS_MAX
            || self.queue.len() >= GOSSIP_COUNT_MAX
            || bytes > GOSSIP_BYTES_MAX
        {
            return 1;
        }
        self.queued_bytes = bytes;
        self.queue.push_front(gossip);
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gossip(number: usize, bytes: usize) -> Gossip {
        Gossip::new("batch", vec![(number % 256) as u8; bytes].into())
    }

    #[test]
    fn only_the_latest_wake_up_waits_and_it_waits_behind_nothing() {
        let mut outbox = Outbox::default();
        outbox.push(gossip(1, 10));
        assert_eq!(outbox.push_wake(gossip(2, 1)), 0);
        assert_eq!(outbox.push_wake(gossip(3, 1)), 1);
        assert_eq!(outbox.next_wake(), Some(gossip(3, 1)));
        assert_eq!(outbox.next_wake(), None);
        assert_eq!(outbox.next(), Some(gossip(1, 10)));
    }

    #[test]
    fn number_and_bytes_are_bounded_and_the_oldest_go() {
        let mut outbox = Outbox::default();
        let dropped: u64 = (0..GOSSIP_COUNT_MAX + 3).map(|number| outbox.push(gossip(number, 1))).sum();
        assert_eq!(dropped, 3);
        assert_eq!(outbox.next(), Some(gossip(3, 1)));

        let mut outbox = Outbox::default();
        for number in 0..4 {
            assert_eq!(outbox.push(gossip(number, GOSSIP_BYTES_MAX / 4)), 0);
        }
        assert_eq!(outbox.push(gossip(4, GOSSIP_BYTES_MAX / 2)), 2);
        assert_eq!(outbox.next(), Some(gossip(2, GOSSIP_BYTES_MAX / 4)));
        assert_eq!(outbox.push(gossip(5, GOSSIP_BYTES_MAX)), 2, "everything else made room");
    }

    #[test]
    fn a_message_is_tried_in_order_and_not_for_ever() {
        let mut outbox = Outbox::default();
        outbox.push(gossip(1, 1));
        outbox.push(gossip(2, 1));
        for _ in 1..GOSSIP_ATTEMPTS_MAX {
            let first = outbox.next().unwrap();
            assert_eq!(first.bytes, gossip(1, 1).bytes);
            assert_eq!(outbox.put_back(first), 0);
        }
        let first = outbox.next().unwrap();
        assert_eq!(outbox.put_back(first), 1);
        assert_eq!(outbox.next(), Some(gossip(2, 1)));
    }
}
