use proptest::prelude::*;

use super::*;
use crate::context::engine::Round;
use crate::context::{BlockId, Height};

fn peer(n: u8) -> PeerId {
    PeerId::from_bytes(&[0, 1, n]).unwrap()
}

fn init(height: u64, bytes: usize) -> Init {
    Init {
        height: Height(height),
        round: Round::new(0),
        valid_round: Round::Nil,
        block: BlockId([height as u8; 32]),
        bytes: bytes as u32,
    }
}

fn stream(height: u64, block: &Bytes, count: u32) -> Vec<StreamMessage<Part>> {
    split(init(height, block.len()), block.clone(), count).collect()
}

/// Length of a block of two parts.
const TWO: usize = limits::PART_BYTES + 10;

fn block(len: usize) -> Bytes {
    (0..len).map(|n| (n % 251) as u8).collect()
}

fn open(streams: &Streams) -> usize {
    streams.peers.values().map(VecDeque::len).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn parts_in_any_order_and_repeated_give_the_block(
        len in 1usize..3 * limits::PART_BYTES,
        order in proptest::collection::vec(any::<prop::sample::Index>(), 1..20),
    ) {
        let block = block(len);
        let mut parts = stream(1, &block, 0);
        let repeated: Vec<_> = order.iter().map(|at| parts[at.index(parts.len())].clone()).collect();
        let mut streams = Streams::default();
        let mut done = None;
        for part in repeated.into_iter().chain(parts.drain(..)) {
            if done.is_none() {
                done = streams.receive(peer(1), part, 0).unwrap();
            }
        }
        let done = done.unwrap();
        prop_assert_eq!(&done.block, &block);
        prop_assert_eq!(done.init, init(1, len));
        prop_assert_eq!(open(&streams), 0);
    }
}

#[test]
fn exact_multiples_of_a_part_and_the_longest_block_fit() {
    for len in [1, limits::PART_BYTES, 2 * limits::PART_BYTES, limits::BLOCK_BYTES_MAX] {
        let block = block(len);
        let mut streams = Streams::default();
        let mut done = None;
        for part in stream(1, &block, 0).into_iter().rev() {
            assert!(done.is_none());
            done = streams.receive(peer(1), part, 0).unwrap();
        }
        assert_eq!(done.unwrap().block, block);
    }
}

#[test]
fn two_peers_streams_do_not_mix() {
    let (one, other) = (block(limits::PART_BYTES + 1), Bytes::from(vec![9; limits::PART_BYTES + 1]));
    let (mut a, mut b) = (stream(1, &one, 0).into_iter(), stream(1, &other, 0).into_iter());
    let mut streams = Streams::default();
    assert_eq!(streams.receive(peer(1), a.next().unwrap(), 0).unwrap(), None);
    assert_eq!(streams.receive(peer(2), b.next().unwrap(), 0).unwrap(), None);
    assert_eq!(streams.receive(peer(1), a.next().unwrap(), 0).unwrap().unwrap().block, one);
    assert_eq!(streams.receive(peer(2), b.next().unwrap(), 0).unwrap().unwrap().block, other);
}

#[test]
fn a_peer_holds_no_more_than_its_share() {
    let mut streams = Streams::default();
    let part = |count| stream(1, &block(TWO), count).remove(0);
    for count in 0..100 {
        assert_eq!(streams.receive(peer(1), part(count), 0).unwrap(), None);
    }
    assert_eq!(streams.receive(peer(2), part(0), 0).unwrap(), None);
    assert_eq!(open(&streams), limits::STREAMS_PER_PEER + 1);
    // Another peer's stream is untouched by the flood.
    let last = stream(1, &block(TWO), 0).remove(1);
    assert!(streams.receive(peer(2), last, 0).unwrap().is_some());
}

#[test]
fn a_decision_forgets_its_height_and_keeps_the_next() {
    let mut streams = Streams::default();
    let (now, next) = (stream(5, &block(TWO), 0), stream(6, &block(TWO), 0));
    assert_eq!(streams.receive(peer(1), now[0].clone(), 4).unwrap(), None);
    assert_eq!(streams.receive(peer(1), next[0].clone(), 4).unwrap(), None);
    streams.decided(5);
    assert_eq!(open(&streams), 1);
    assert!(streams.receive(peer(1), next[1].clone(), 5).unwrap().is_some());
    assert_eq!(streams.receive(peer(1), now[1].clone(), 5), Err(Refused::Height));
    let far = stream(5 + limits::PENDING_HEIGHTS_AHEAD + 1, &block(TWO), 0).remove(0);
    assert_eq!(streams.receive(peer(1), far, 5), Err(Refused::Height));
}

#[test]
fn parts_that_contradict_each_other_are_refused_and_forgotten() {
    let good = stream(1, &block(TWO), 0);
    let with =
        |sequence, part| StreamMessage::new(good[0].stream_id.clone(), sequence, StreamContent::Data(part));
    let refuse = |messages: Vec<StreamMessage<Part>>, reason| {
        let mut streams = Streams::default();
        let mut last = Ok(None);
        for message in messages {
            last = streams.receive(peer(1), message, 0);
        }
        assert_eq!(last, Err(reason));
        assert_eq!(open(&streams), 0);
    };
    let chunk = |len| Part::Chunk(block(len));
    let opening = |height, len| Part::Init(init(height, len), block(limits::PART_BYTES));
    refuse(vec![with(0, opening(2, TWO))], Refused::Init);
    refuse(vec![with(1, opening(1, TWO))], Refused::Init);
    refuse(vec![with(0, opening(1, 0))], Refused::Init);
    refuse(vec![with(0, opening(1, limits::BLOCK_BYTES_MAX + 1))], Refused::Init);
    refuse(vec![good[0].clone(), with(0, opening(1, TWO + 1))], Refused::Init);
    refuse(vec![with(0, chunk(1))], Refused::Sequence);
    refuse(vec![with(limits::PARTS_MAX as u64, chunk(1))], Refused::Sequence);
    refuse(vec![with(1, Part::Wake(Height(1)))], Refused::Sequence);
    refuse(vec![with(0, opening(1, 10))], Refused::Length);
    refuse(vec![good[0].clone(), with(1, chunk(11))], Refused::Length);
    refuse(vec![good[0].clone(), with(2, chunk(10))], Refused::Length);
    let short = StreamMessage::new(StreamId::new(Bytes::from_static(b"x")), 0, good[0].content.clone());
    assert_eq!(Streams::default().receive(peer(1), short, 0), Err(Refused::Name));
}

#[test]
fn proposals_for_the_next_height_wait_within_bounds() {
    let mut pending = Pending::default();
    let proposal = |from, height| Assembled { from: peer(from), init: init(height, 1), block: block(1) };
    for from in 0..20 {
        for height in [4, 5, 6, 7] {
            pending.keep(proposal(from, height));
        }
    }
    assert_eq!(pending.0.len(), limits::PENDING_PROPOSALS_MAX);
    let due = pending.take(5);
    assert_eq!(due.iter().map(|p| p.from).collect::<Vec<_>>(), (0..4).map(peer).collect::<Vec<_>>());
    assert!(pending.0.is_empty(), "those for height 4 are forgotten");
}
