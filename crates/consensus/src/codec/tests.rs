use std::fmt::Debug;

use proptest::prelude::*;

use super::*;
use crate::context::engine::{
    ExtendedCommitCertificate, ExtendedCommitSignature, NilOrVal, PolkaSignature, Round, RoundCertificate,
    RoundCertificateType, RoundSignature, SignedMessage, Validity, VoteType,
};
use crate::context::{Address, BlockId, Height, Init, PrivateKey, Proposal, Signature, Vote};
use arc_malachitebft_app_channel::app::streaming::{StreamContent, StreamId};
use arc_malachitebft_app_channel::app::types::PeerId;
use arc_malachitebft_sync::{RawDecidedValue, ValueRequest, ValueResponse};

fn signature() -> Signature {
    PrivateKey::from_slice(&[5; 32]).unwrap().sign(b"message")
}

fn vote(value: NilOrVal<BlockId>) -> SignedMessage<Chain, Vote> {
    let (height, round, address) = (Height(9), Round::new(2), Address([4; 20]));
    SignedMessage::new(Vote { kind: VoteType::Precommit, height, round, value, address }, signature())
}

fn polka() -> PolkaCertificate<Chain> {
    PolkaCertificate {
        height: Height(9),
        round: Round::new(0),
        value_id: BlockId([1; 32]),
        polka_signatures: vec![PolkaSignature::new(Address([4; 20]), signature()); 3],
    }
}

fn response(values: usize) -> Response<Chain> {
    let certificate = ExtendedCommitCertificate {
        height: Height(3),
        round: Round::new(0),
        value_id: BlockId([1; 32]),
        commit_signatures: vec![ExtendedCommitSignature::new(Address([4; 20]), signature(), None); 3],
    };
    let value = RawDecidedValue::new(Bytes::from_static(b"a block"), certificate);
    Response::ValueResponse(ValueResponse::new(Height(3), vec![value; values]))
}

/// The bytes come back as the same value; cut short or with a byte more they are refused.
fn round_trip<T: Debug + PartialEq>(value: &T) -> Bytes
where
    Wire: Codec<T, Error = WireError>,
{
    let bytes = Wire.encode(value).unwrap();
    assert_eq!(&Wire.decode(bytes.clone()).unwrap(), value);
    for end in 0..bytes.len() {
        let cut: Result<T, _> = Wire.decode(bytes.slice(..end));
        assert!(cut.is_err(), "{end} bytes of {value:?}");
    }
    let longer: Result<T, _> = Wire.decode([bytes.as_ref(), &[0]].concat().into());
    assert_eq!(longer.unwrap_err(), WireError::Trailing);
    bytes
}

#[test]
fn every_message_comes_back_and_nothing_else_does() {
    round_trip(&SignedConsensusMsg::Vote(vote(NilOrVal::Nil)));
    round_trip(&SignedConsensusMsg::Vote(vote(NilOrVal::Val(BlockId([1; 32])))));
    let (height, value, proposer) = (Height(9), BlockId([1; 32]), Address([4; 20]));
    let proposal = Proposal { height, round: Round::new(1), value, pol_round: Round::new(0), proposer };
    round_trip(&SignedConsensusMsg::Proposal(SignedMessage::new(proposal, signature())));
    round_trip(&LivenessMsg::Vote(vote(NilOrVal::Nil)));
    round_trip(&LivenessMsg::PolkaCertificate(polka()));
    round_trip(&polka());
    let skip = RoundSignature::new(VoteType::Prevote, NilOrVal::Nil, proposer, signature());
    round_trip(&LivenessMsg::SkipRoundCertificate(RoundCertificate {
        height,
        round: Round::new(4),
        cert_type: RoundCertificateType::Skip,
        round_signatures: vec![skip; 2],
    }));
    let init = Init { height, round: Round::new(0), valid_round: Round::Nil, block: value, bytes: 3 };
    for part in [
        Part::Init(init, Bytes::from_static(b"abc")),
        Part::Chunk(Bytes::from_static(b"abc")),
        Part::Wake(height),
    ] {
        round_trip(&part);
        round_trip(&StreamMessage::new(
            StreamId::new(Bytes::from_static(&[1; 16])),
            7,
            StreamContent::Data(part),
        ));
    }
    round_trip(&StreamMessage::<Part>::new(StreamId::new(Bytes::new()), 7, StreamContent::Fin));
    round_trip(&ValidatorProof::<Chain>::new(vec![2; 33], vec![3; 39], signature()));
    let (valid_round, validity) = (Round::Nil, Validity::Invalid);
    round_trip(&ProposedValue::<Chain> {
        height,
        round: Round::new(0),
        valid_round,
        proposer,
        value,
        validity,
    });
    let peer_id = PeerId::from_bytes(&[0, 3, 1, 2, 3]).unwrap();
    round_trip(&Status::<Chain> { peer_id, tip_height: height, history_min_height: Height(1) });
    round_trip(&Request::<Chain>::ValueRequest(ValueRequest::new(Height(3)..=Height(18))));
    for values in 0..3 {
        let bytes = round_trip(&response(values));
        assert_eq!(Wire.encoded_len(&response(values)).unwrap(), bytes.len());
    }
}

#[test]
fn bounds_hold() {
    let too_long = Request::<Chain>::ValueRequest(ValueRequest::new(Height(3)..=Height(19)));
    let refused: Result<Request<Chain>, _> = Wire.decode(Wire.encode(&too_long).unwrap());
    assert_eq!(refused, Err(WireError::Range));

    let mut crowded = polka();
    let many = crate::limits::SIGNATURES_MAX + 1;
    crowded.polka_signatures = vec![PolkaSignature::new(Address([4; 20]), signature()); many];
    let refused: Result<PolkaCertificate<Chain>, _> = Wire.decode(Wire.encode(&crowded).unwrap());
    assert_eq!(refused, Err(WireError::TooLong));

    let fat = Part::Chunk(vec![0; crate::limits::PART_BYTES + 1].into());
    let refused: Result<Part, _> = Wire.decode(Wire.encode(&fat).unwrap());
    assert_eq!(refused, Err(WireError::TooLong));

    // A length that claims 4 GiB allocates nothing.
    let refused: Result<Part, _> = Wire.decode(Bytes::from_static(&[4, 2, 255, 255, 255, 255]));
    assert_eq!(refused, Err(WireError::TooLong));

    // One kind of message is not another.
    let refused: Result<ProposedValue<Chain>, _> = Wire.decode(Wire.encode(&polka()).unwrap());
    assert_eq!(refused, Err(WireError::Tag));
}

/// One encoding of each kind of message, as peers send them.
fn messages() -> Vec<Bytes> {
    let (height, value, proposer) = (Height(9), BlockId([1; 32]), Address([4; 20]));
    let skip = RoundSignature::new(VoteType::Prevote, NilOrVal::Nil, proposer, signature());
    let round = RoundCertificate {
        height,
        round: Round::new(4),
        cert_type: RoundCertificateType::Skip,
        round_signatures: vec![skip; 2],
    };
    let init = Init { height, round: Round::new(0), valid_round: Round::Nil, block: value, bytes: 3 };
    let part = Part::Init(init, Bytes::from_static(b"abc"));
    let stream = StreamId::new(Bytes::from_static(&[1; 16]));
    let (valid_round, validity, peer_id) =
        (Round::Nil, Validity::Valid, PeerId::from_bytes(&[0, 3, 1, 2, 3]).unwrap());
    vec![
        Wire.encode(&SignedConsensusMsg::Vote(vote(NilOrVal::Val(value)))).unwrap(),
        Wire.encode(&LivenessMsg::SkipRoundCertificate(round)).unwrap(),
        Wire.encode(&StreamMessage::new(stream, 7, StreamContent::Data(part.clone()))).unwrap(),
        Wire.encode(&part).unwrap(),
        Wire.encode(&ValidatorProof::<Chain>::new(vec![2; 33], vec![3; 39], signature())).unwrap(),
        Wire.encode(&ProposedValue::<Chain> {
            height,
            round: Round::new(0),
            valid_round,
            proposer,
            value,
            validity,
        })
        .unwrap(),
        Wire.encode(&polka()).unwrap(),
        Wire.encode(&Status::<Chain> { peer_id, tip_height: height, history_min_height: Height(1) }).unwrap(),
        Wire.encode(&Request::<Chain>::ValueRequest(ValueRequest::new(Height(3)..=Height(18)))).unwrap(),
        Wire.encode(&response(2)).unwrap(),
    ]
}

/// A change to a message's bytes: at a place, one byte, or four that claim a length, or a stretch that goes or comes twice.
fn damage(bytes: &mut Vec<u8>, (kind, place, value): (u8, prop::sample::Index, u32)) {
    if bytes.is_empty() {
        return;
    }
    let at = place.index(bytes.len());
    let end = (at + value as usize % 40).min(bytes.len());
    match kind {
        0 => bytes[at] = value as u8,
        1 => bytes.truncate(at),
        2 => drop(bytes.drain(at..end)),
        3 => {
            let stretch = bytes[at..end].to_vec();
            bytes.splice(at..at, stretch);
        }
        _ => {
            let claim = if kind == 4 { value } else { value % 300 }.to_be_bytes();
            let end = (at + 4).min(bytes.len());
            bytes[at..end].copy_from_slice(&claim[..end - at]);
        }
    }
}

/// Every decoder takes the bytes, whatever they are.
fn all_decoders(bytes: &Bytes) {
    canonical::<SignedConsensusMsg<Chain>>(bytes);
    canonical::<LivenessMsg<Chain>>(bytes);
    canonical::<StreamMessage<Part>>(bytes);
    canonical::<Part>(bytes);
    canonical::<ValidatorProof<Chain>>(bytes);
    canonical::<ProposedValue<Chain>>(bytes);
    canonical::<PolkaCertificate<Chain>>(bytes);
    canonical::<Status<Chain>>(bytes);
    canonical::<Request<Chain>>(bytes);
    canonical::<Response<Chain>>(bytes);
}

/// Decoding either fails or gives what encodes to the same bytes.
fn canonical<T>(bytes: &Bytes)
where
    Wire: Codec<T, Error = WireError>,
{
    if let Ok(value) = <Wire as Codec<T>>::decode(&Wire, bytes.clone()) {
        assert_eq!(&Wire.encode(&value).unwrap(), bytes);
    }
}

proptest! {
    #[test]
    fn no_bytes_panic_and_every_message_has_one_encoding(
        tag in 0u8..12,
        rest in proptest::collection::vec(prop_oneof![3 => 0u8..4, 1 => any::<u8>()], 0..300),
    ) {
        let bytes: Bytes = [&[tag], rest.as_slice()].concat().into();
        all_decoders(&bytes);
    }

    #[test]
    fn damaged_messages_never_panic(
        pick in any::<prop::sample::Index>(),
        damages in proptest::collection::vec((0u8..6, any::<prop::sample::Index>(), any::<u32>()), 1..5),
    ) {
        let messages = messages();
        let mut bytes = messages[pick.index(messages.len())].to_vec();
        damages.into_iter().for_each(|one| damage(&mut bytes, one));
        all_decoders(&bytes.into());
    }
}
