//! What a genesis file founds: the network's identity, and its members as their peers pin them.

use ledger::{Genesis, PublicKey};
use serde::Serialize;

/// A network, for the people who are about to start it: all of them must see the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Founded {
    /// The hash of the genesis, 64 hexadecimal digits: two networks never have the same.
    pub network: String,
    /// Its name.
    pub name: String,
    /// Who takes part, by number.
    pub members: Vec<Member>,
}

/// One organisation of the genesis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Its number: `organisation.id` of its service.
    pub organisation: u32,
    /// Its name.
    pub name: String,
    /// Its part in the supply chain.
    pub role: &'static str,
    /// Whether it votes.
    pub votes: bool,
    /// Identity of its node on both peer networks, what follows `/p2p/` in the others' configuration; none without a key.
    pub peer: Option<String>,
}

/// What the genesis founds.
pub fn founded(genesis: &Genesis) -> Founded {
    let members = genesis.organisations.iter().map(|organisation| Member {
        organisation: organisation.id.0,
        name: organisation.name.clone(),
        role: organisation.role.as_str(),
        votes: genesis.validators.iter().any(|validator| validator.organisation == organisation.id),
        peer: organisation.keys.first().map(|key| peer_identity(&key.public_key)),
    });
    Founded { network: genesis.network().to_string(), name: genesis.name.clone(), members: members.collect() }
}

impl Founded {
    /// The same for a person, one member a line.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("network  {}", self.network),
            format!("name     {}", crate::report::plain(&self.name)),
        ];
        lines.extend(self.members.iter().map(|member| {
            let votes = if member.votes { "votes" } else { "follows" };
            let peer = member.peer.as_deref().unwrap_or("no key");
            let name = crate::report::plain(&member.name);
            format!("{:<4} {:<13} {votes:<8} {peer}  {name}", member.organisation, member.role)
        }));
        lines
    }
}

/// Identity of the node that holds this key: libp2p's, a multihash of the key itself (libp2p peer-ids specification).
fn peer_identity(key: &PublicKey) -> String {
    // Multihash "identity", 37 bytes: protobuf fields type = Secp256k1 (2), data of 33 bytes.
    let mut bytes = vec![0x00, 37, 0x08, 0x02, 0x12, 33];
    bytes.extend_from_slice(&key.0);
    base58(&bytes)
}

/// Base 58 in Bitcoin's alphabet (draft-msporny-base58): leading zero bytes are leading ones.
fn base58(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut digits: Vec<u8> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).map(|_| 0);
    let spelled = zeros.chain(digits.into_iter().rev());
    spelled.filter_map(|digit| ALPHABET.get(usize::from(digit))).map(|letter| char::from(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base58_as_in_its_draft() {
        assert_eq!(base58(b"Hello World!"), "2NEpo7TZRRrLZSi2U");
        assert_eq!(base58(&[0, 0, 0x28, 0x7f, 0xb4, 0xcd]), "11233QC4");
        assert_eq!(base58(&[]), "");
    }

    #[test]
    fn a_peer_identity_as_in_libp2p() {
        // The specification's example of a secp256k1 public key.
        let key = "037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99";
        let mut bytes = [0; 33];
        for (to, place) in bytes.iter_mut().zip((0..66).step_by(2)) {
            *to = u8::from_str_radix(&key[place..place + 2], 16).unwrap();
        }
        let identity = peer_identity(&PublicKey(bytes));
        assert!(identity.starts_with("16Uiu2HA") && identity.len() == 53, "{identity}");
    }
}
