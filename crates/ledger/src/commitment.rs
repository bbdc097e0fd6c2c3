//! What the ledger knows of an event: 32 bytes that commit to every field of it, and from which any subset of
//! the fields can be proved without the others.
//!
//! Field i of an event is the leaf `SHA3(field tag, salt_i, name, value)` with `salt_i = SHA3(salt tag, event
//! salt, i)`; the leaves form a tree in RFC 6962's shape (nodes `SHA3(0x01 ‖ left ‖ right)`), and the commitment
//! is `SHA3(commitment tag, version, field count, root)`. Destroying the event's salt and body makes the
//! commitment meaningless.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha3::Sha3_256;

use crate::codec::{Canonical, DecodeError, Reader, Writer};
use crate::hash::TaggedHasher;
use crate::limits::{DISCLOSURE_BYTES_MAX, EVENT_FIELDS_MAX};
use crate::{Hash, merkle, tags};

/// Version of the commitment's construction.
pub const VERSION: u8 = 1;

/// Secret of one event, 32 random bytes; without it no field can be tested against the commitment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// Commits to an event's fields, in their canonical order.
pub fn commit<N: AsRef<str>, V: AsRef<str>>(salt: &Salt, fields: &[(N, V)]) -> Hash {
    let leaves: Vec<Hash> =
        (0u32..).zip(fields).map(|(i, (n, v))| field_leaf(salt, i, n.as_ref(), v.as_ref())).collect();
    seal(leaves.len() as u32, subtree(&leaves))
}

fn field_salt(salt: &Salt, index: u32) -> Hash {
    TaggedHasher::new(tags::FIELD_SALT).fixed(&salt.0).fixed(&index.to_be_bytes()).finish()
}

fn field_leaf(salt: &Salt, index: u32, name: &str, value: &str) -> Hash {
    leaf(&field_salt(salt, index), name, value)
}

fn leaf(salt: &Hash, name: &str, value: &str) -> Hash {
    TaggedHasher::new(tags::FIELD).fixed(&salt.0).var(name.as_bytes()).var(value.as_bytes()).finish()
}

fn seal(count: u32, root: Hash) -> Hash {
    TaggedHasher::new(tags::COMMITMENT).fixed(&[VERSION]).fixed(&count.to_be_bytes()).fixed(&root.0).finish()
}

fn subtree(leaves: &[Hash]) -> Hash {
    let leaves: Vec<_> = leaves.iter().map(|hash| hash.0.into()).collect();
    Hash(merkle::root::<Sha3_256>(&leaves).into())
}

fn join(left: &Hash, right: &Hash) -> Hash {
    Hash(merkle::node::<Sha3_256>(&left.0, &right.0).into())
}

/// One field that is shown, with what is needed to compute its leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownField {
    /// Place among the event's fields, from 0.
    pub index: u32,
    /// The field's own salt.
    pub salt: Hash,
    /// Name, expanded by namespace.
    pub name: String,
    /// Value, as text.
    pub value: String,
}

/// Some or all fields of an event, provable against its commitment. What is not shown stays hidden behind the
/// roots of the largest subtrees that hold nothing shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// How many fields the event has.
    pub count: u32,
    /// The fields shown, by index, ascending.
    pub shown: Vec<ShownField>,
    /// Roots of the subtrees that are hidden, from left to right.
    pub hidden: Vec<Hash>,
}

/// Why a disclosure proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    /// Fields are missing, repeated, out of order, or more than the event has.
    #[error("the fields shown do not fit the number of fields")]
    Fields,
    /// Fewer or more hidden subtrees than the shown fields leave.
    #[error("the hidden parts do not fit the fields shown")]
    Hidden,
    /// The fields lead to another commitment.
    #[error("the fields shown are not those that were committed to")]
    Commitment,
}

impl Disclosure {
    /// Shows the fields whose indices are in `show`.
    pub fn of<N: AsRef<str>, V: AsRef<str>>(salt: &Salt, fields: &[(N, V)], show: &BTreeSet<u32>) -> Self {
        let leaves: Vec<Hash> =
            (0u32..).zip(fields).map(|(i, (n, v))| field_leaf(salt, i, n.as_ref(), v.as_ref())).collect();
        let shown = (0u32..)
            .zip(fields)
            .filter(|(index, _)| show.contains(index))
            .map(|(index, (name, value))| ShownField {
                index,
                salt: field_salt(salt, index),
                name: name.as_ref().to_owned(),
                value: value.as_ref().to_owned(),
            })
            .collect();
        let mut hidden = Vec::new();
        hide(&leaves, 0, show, &mut hidden);
        Disclosure { count: leaves.len() as u32, shown, hidden }
    }

    /// Shows every field.
    pub fn whole<N: AsRef<str>, V: AsRef<str>>(salt: &Salt, fields: &[(N, V)]) -> Self {
        Self::of(salt, fields, &(0..fields.len() as u32).collect())
    }

    /// The commitment that these fields belong to.
    ///
    /// # Errors
    /// [`DisclosureError`] where no event has such fields.
    pub fn commitment(&self) -> Result<Hash, DisclosureError> {
        let ascending = self.shown.windows(2).all(|pair| pair[0].index < pair[1].index);
        let inside = self.shown.last().is_none_or(|field| field.index < self.count);
        if !ascending || !inside || self.count == 0 {
            return Err(DisclosureError::Fields);
        }
        let (mut shown, mut hidden) = (self.shown.as_slice(), self.hidden.iter());
        let root = rebuild(0, self.count, &mut shown, &mut hidden)?;
        if hidden.next().is_some() { Err(DisclosureError::Hidden) } else { Ok(seal(self.count, root)) }
    }

    /// Checks the fields against an event's commitment.
    ///
    /// # Errors
    /// [`DisclosureError::Commitment`] where they are another event's, or were changed.
    pub fn verify(&self, commitment: &Hash) -> Result<(), DisclosureError> {
        if self.commitment()? == *commitment { Ok(()) } else { Err(DisclosureError::Commitment) }
    }

    /// Shows fewer of the fields, without knowing the event's salt: what a holder of a disclosure passes on.
    ///
    /// # Errors
    /// [`DisclosureError`] where this disclosure is not whole in itself.
    pub fn narrow(&self, keep: impl Fn(&ShownField) -> bool) -> Result<Disclosure, DisclosureError> {
        self.commitment()?;
        let kept: Vec<ShownField> = self.shown.iter().filter(|field| keep(field)).cloned().collect();
        let show: BTreeSet<u32> = kept.iter().map(|field| field.index).collect();
        let (mut shown, mut hidden) = (self.shown.as_slice(), self.hidden.iter());
        let mut merged = Vec::new();
        if let Some(root) = narrowed(0, self.count, &show, &mut shown, &mut hidden, &mut merged)? {
            merged.push(root);
        }
        Ok(Disclosure { count: self.count, shown: kept, hidden: merged })
    }
}

fn half(size: u32) -> u32 {
    1 << (u32::BITS - 1 - (size - 1).leading_zeros())
}

fn hide(leaves: &[Hash], first: u32, show: &BTreeSet<u32>, hidden: &mut Vec<Hash>) {
    let end = first + leaves.len() as u32;
    if leaves.is_empty() {
        return;
    }
    if show.range(first..end).next().is_none() {
        hidden.push(subtree(leaves));
    } else if leaves.len() > 1 {
        let (left, right) = leaves.split_at(half(leaves.len() as u32) as usize);
        hide(left, first, show, hidden);
        hide(right, first + left.len() as u32, show, hidden);
    }
}

/// Root of the fields `first..first + size`, taking shown fields and hidden roots from the left.
fn rebuild(
    first: u32,
    size: u32,
    shown: &mut &[ShownField],
    hidden: &mut std::slice::Iter<'_, Hash>,
) -> Result<Hash, DisclosureError> {
    match shown.split_first() {
        Some((field, rest)) if field.index < first + size => {
            if size == 1 {
                *shown = rest;
                return Ok(leaf(&field.salt, &field.name, &field.value));
            }
            let left = half(size);
            let left_root = rebuild(first, left, shown, hidden)?;
            Ok(join(&left_root, &rebuild(first + left, size - left, shown, hidden)?))
        }
        _ => hidden.next().copied().ok_or(DisclosureError::Hidden),
    }
}

/// Like [`rebuild`], pushing the roots that stay hidden; `Some(root)` where nothing of the range is kept, so
/// that the caller can merge it into a larger hidden subtree.
fn narrowed(
    first: u32,
    size: u32,
    keep: &BTreeSet<u32>,
    shown: &mut &[ShownField],
    hidden: &mut std::slice::Iter<'_, Hash>,
    merged: &mut Vec<Hash>,
) -> Result<Option<Hash>, DisclosureError> {
    if keep.range(first..first + size).next().is_none() {
        return rebuild(first, size, shown, hidden).map(Some);
    }
    if size == 1 {
        *shown = shown.split_first().ok_or(DisclosureError::Fields)?.1;
        return Ok(None);
    }
    let left = half(size);
    for (at, length) in [(first, left), (first + left, size - left)] {
        if let Some(root) = narrowed(at, length, keep, shown, hidden, merged)? {
            merged.push(root);
        }
    }
    Ok(None)
}

impl Canonical for ShownField {
    fn write(&self, to: &mut Writer) {
        self.index.write(to);
        self.salt.write(to);
        to.var(self.name.as_bytes());
        to.var(self.value.as_bytes());
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let text = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec()).map_err(|_| DecodeError::Invalid { what: "UTF-8 text" })
        };
        Ok(ShownField {
            index: u32::read(from)?,
            salt: Hash::read(from)?,
            name: text(from.var("field name", DISCLOSURE_BYTES_MAX)?)?,
            value: text(from.var("field value", DISCLOSURE_BYTES_MAX)?)?,
        })
    }
}

impl Canonical for Disclosure {
    fn write(&self, to: &mut Writer) {
        VERSION.write(to);
        self.count.write(to);
        to.list(&self.shown);
        to.list(&self.hidden);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if u8::read(from)? != VERSION {
            return Err(DecodeError::Invalid { what: "disclosure version" });
        }
        let count = u32::read(from)?;
        if count > EVENT_FIELDS_MAX {
            return Err(DecodeError::TooLong {
                what: "fields",
                found: count as usize,
                max: EVENT_FIELDS_MAX as usize,
            });
        }
        Ok(Disclosure {
            count,
            shown: from.list("fields shown", EVENT_FIELDS_MAX as usize)?,
            hidden: from.list("hidden roots", EVENT_FIELDS_MAX as usize)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(count: usize) -> Vec<(String, String)> {
        (0..count).map(|i| (format!("field/{i}"), format!("value {i}"))).collect()
    }

    const SALT: Salt = Salt([7; 32]);

    proptest! {
        #[test]
        fn any_subset_proves_itself_and_can_be_narrowed(
            count in 1usize..70,
            picks in proptest::collection::btree_set(0u32..70, 0..70),
            odd in any::<bool>(),
        ) {
            let fields = fields(count);
            let commitment = commit(&SALT, &fields);
            let show: BTreeSet<u32> = picks.into_iter().filter(|i| (*i as usize) < count).collect();
            let disclosure = Disclosure::of(&SALT, &fields, &show);
            prop_assert_eq!(disclosure.verify(&commitment), Ok(()));
            prop_assert_eq!(Disclosure::from_bytes(&disclosure.to_bytes()), Ok(disclosure.clone()));

            let keep = |index: u32| index.is_multiple_of(2) != odd;
            let narrowed = disclosure.narrow(|field| keep(field.index)).unwrap();
            let expected: BTreeSet<u32> = show.into_iter().filter(|i| keep(*i)).collect();
            prop_assert_eq!(narrowed, Disclosure::of(&SALT, &fields, &expected));
        }

        #[test]
        fn a_changed_field_proves_nothing(count in 1usize..40, pick in any::<prop::sample::Index>()) {
            let fields = fields(count);
            let commitment = commit(&SALT, &fields);
            let mut disclosure = Disclosure::whole(&SALT, &fields);
            disclosure.shown[pick.index(count)].value.push('!');
            prop_assert_eq!(disclosure.verify(&commitment), Err(DisclosureError::Commitment));
        }
    }

    #[test]
    fn salts_make_equal_events_different() {
        assert_ne!(commit(&Salt([1; 32]), &fields(3)), commit(&Salt([2; 32]), &fields(3)));
    }
}
