//! By what a receiver knows a delivery: its id and its signatures.
//!
//! Signatures are those of [Standard Webhooks](https://www.standardwebhooks.com), with HMAC-SHA256 (RFC 2104), and
//! `GS1-Signature` of the EPCIS 2.0 REST binding, which is over the body alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::limits::SIGNATURE_SECRET_BYTES;

/// What a secret begins with that is written in base64.
const BASE64_PREFIX: &str = "whsec_";

/// The bytes of a secret as clients write it: base64 behind `whsec_`, otherwise the text itself.
///
/// # Errors
/// What is wrong with it, in words that do not repeat it.
pub fn secret(text: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let bytes = match text.strip_prefix(BASE64_PREFIX) {
        Some(encoded) => STANDARD.decode(encoded).map_err(|_| "behind whsec_ stands base64".to_owned())?,
        None => text.as_bytes().to_vec(),
    };
    let (least, most) = (SIGNATURE_SECRET_BYTES.start(), SIGNATURE_SECRET_BYTES.end());
    let fits = SIGNATURE_SECRET_BYTES.contains(&bytes.len());
    let bytes = Zeroizing::new(bytes);
    if fits { Ok(bytes) } else { Err(format!("{least} to {most} bytes")) }
}

/// The id of a delivery: the same for the same events to the same subscription in the same turn of its schedule, so that
/// a receiver whose answer was lost recognises the repeat.
#[must_use]
pub fn delivery_id(subscription: Uuid, after_seq: u64, through_seq: u64, turn_ms: Option<u64>) -> String {
    let digest = Sha256::new()
        .chain_update(subscription.as_bytes())
        .chain_update(after_seq.to_be_bytes())
        .chain_update(through_seq.to_be_bytes())
        .chain_update(turn_ms.unwrap_or(0).to_be_bytes())
        .finalize();
    format!("msg_{}", hex::encode(digest.get(..16).unwrap_or_default()))
}

/// The value of `webhook-signature`.
#[must_use]
pub fn standard(secret: &[u8], id: &str, timestamp: u64, body: &[u8]) -> String {
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    format!("v1,{}", STANDARD.encode(hmac(secret, &signed)))
}

/// The value of `GS1-Signature`: HMAC-SHA256 of the body, in hexadecimal.
#[must_use]
pub fn gs1(secret: &[u8], body: &[u8]) -> String {
    hex::encode(hmac(secret, body))
}

fn hmac(secret: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret)
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification's own libraries.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let secret = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            standard(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_are_taken_in_both_forms_and_neither_too_short_nor_too_long() {
        assert_eq!(&**secret("sixteen letters!").unwrap(), b"sixteen letters!");
        for bad in ["", "short", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64 at all!!!"] {
            let message = secret(bad).unwrap_err();
            assert!(bad.is_empty() || !message.contains("short"), "{message}");
        }
        assert!(secret(&"x".repeat(257)).is_err());
    }

    #[test]
    fn an_id_belongs_to_one_range_of_one_subscription() {
        let id = |subscription, after, through, turn| {
            delivery_id(Uuid::from_u128(subscription), after, through, turn)
        };
        assert_eq!(id(1, 2, 3, None), id(1, 2, 3, None));
        let others = [id(2, 2, 3, None), id(1, 1, 3, None), id(1, 2, 4, None), id(1, 2, 3, Some(9))];
        assert!(others.iter().all(|other| *other != id(1, 2, 3, None)));
    }
}
