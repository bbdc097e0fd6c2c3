//! The map in memory: a persistent trie whose clones share what they have in common.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{MapPath, MapProof, MapProofError, TERMINATOR, bit, inner_node, leaf_node, split};
use crate::Hash;

/// A map in memory.
///
/// A clone costs nothing and shares its nodes; a change makes anew only the nodes on its way. The same entries give the
/// same root, in whatever order they came.
#[derive(Debug, Clone, Default)]
pub struct Map {
    top: Link,
}

type Link = Option<Arc<Node>>;
/// A key, and its new value or none.
type Change = (Hash, Option<Hash>);

#[derive(Debug)]
enum Node {
    Leaf { node: Hash, key: Hash, value: Hash },
    Inner { node: Hash, count: usize, left: Link, right: Link },
}

fn node_of(link: &Link) -> Hash {
    match link.as_deref() {
        None => TERMINATOR,
        Some(Node::Leaf { node, .. } | Node::Inner { node, .. }) => *node,
    }
}

fn count_of(link: &Link) -> usize {
    match link.as_deref() {
        None => 0,
        Some(Node::Leaf { .. }) => 1,
        Some(Node::Inner { count, .. }) => *count,
    }
}

fn leaf(key: Hash, value: Hash) -> Link {
    Some(Arc::new(Node::Leaf { node: leaf_node(&key, &value), key, value }))
}

/// What stands above two children: nothing above nothing, the leaf itself above one leaf, otherwise a node.
fn join(left: Link, right: Link) -> Link {
    match (count_of(&left), count_of(&right)) {
        (0, 0) => None,
        (0, 1) => right,
        (1, 0) => left,
        (below, beside) => {
            let node = inner_node(&node_of(&left), &node_of(&right));
            Some(Arc::new(Node::Inner { node, count: below + beside, left, right }))
        }
    }
}

/// A trie of sorted entries, seen from a depth.
fn grow(entries: &[Change], depth: u16) -> Link {
    match entries {
        [] => None,
        [(key, Some(value))] => leaf(*key, *value),
        _ => {
            let (left, right) = split(entries, depth, |entry| &entry.0);
            join(grow(left, depth + 1), grow(right, depth + 1))
        }
    }
}

/// A trie after sorted changes. A leaf goes among them first, unless they speak of it.
fn change(old: &Link, changes: &[Change], depth: u16) -> Link {
    if changes.is_empty() {
        return old.clone();
    }
    let mut entries: Vec<Change>;
    match old.as_deref() {
        Some(Node::Inner { left, right, .. }) => {
            let (to_left, to_right) = split(changes, depth, |change| &change.0);
            return join(change(left, to_left, depth + 1), change(right, to_right, depth + 1));
        }
        Some(Node::Leaf { key, value, .. }) => {
            entries = changes.to_vec();
            if let Err(at) = entries.binary_search_by(|change| change.0.cmp(key)) {
                entries.insert(at, (*key, Some(*value)));
            }
        }
        None => entries = changes.to_vec(),
    }
    entries.retain(|(_, value)| value.is_some());
    grow(&entries, depth)
}

impl Map {
    /// A map of nothing.
    pub fn new() -> Self {
        Map::default()
    }

    /// The root: [`TERMINATOR`] for a map of nothing.
    pub fn root(&self) -> Hash {
        node_of(&self.top)
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        count_of(&self.top)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.top.is_none()
    }

    /// Puts in or replaces one entry.
    pub fn insert(&mut self, key: Hash, value: Hash) {
        self.top = change(&self.top, &[(key, Some(value))], 0);
    }

    /// Takes out one entry, where it is.
    pub fn remove(&mut self, key: &Hash) {
        self.top = change(&self.top, &[(*key, None)], 0);
    }

    /// Makes many changes at once: a value puts in or replaces, none takes out. Of several for one key the last holds.
    pub fn update(&mut self, changes: impl IntoIterator<Item = (Hash, Option<Hash>)>) {
        let changes: BTreeMap<Hash, Option<Hash>> = changes.into_iter().collect();
        let changes: Vec<Change> = changes.into_iter().collect();
        self.top = change(&self.top, &changes, 0);
    }

    /// Value of a key.
    pub fn get(&self, key: &Hash) -> Option<Hash> {
        self.path(key).terminal.and_then(|(found, value)| (found == *key).then_some(value))
    }

    /// Way of a key from the root to where it is, or would be.
    pub fn path(&self, key: &Hash) -> MapPath {
        let (mut link, mut siblings) = (&self.top, Vec::new());
        loop {
            match link.as_deref() {
                None => return MapPath { terminal: None, siblings },
                Some(Node::Leaf { key, value, .. }) => {
                    return MapPath { terminal: Some((*key, *value)), siblings };
                }
                Some(Node::Inner { left, right, .. }) => {
                    let (next, beside) =
                        if bit(key, siblings.len() as u16) { (right, left) } else { (left, right) };
                    siblings.push(node_of(beside));
                    link = next;
                }
            }
        }
    }

    /// Proof of what the map has, or has not, under each of these keys, in whatever order they are given.
    ///
    /// # Errors
    /// [`MapProofError::TooMany`] keys.
    pub fn prove(&self, keys: &[Hash]) -> Result<MapProof, MapProofError> {
        if keys.is_empty() {
            return Ok(MapProof::of_nothing(self.root()));
        }
        MapProof::from_paths(keys.iter().map(|key| (*key, self.path(key))))
    }

    /// All entries, by key.
    pub fn iter(&self) -> impl Iterator<Item = (Hash, Hash)> + '_ {
        let mut open: Vec<&Link> = vec![&self.top];
        std::iter::from_fn(move || {
            loop {
                match open.pop()?.as_deref() {
                    None => {}
                    Some(Node::Leaf { key, value, .. }) => return Some((*key, *value)),
                    Some(Node::Inner { left, right, .. }) => open.extend([right, left]),
                }
            }
        })
    }
}

impl FromIterator<(Hash, Hash)> for Map {
    fn from_iter<T: IntoIterator<Item = (Hash, Hash)>>(entries: T) -> Self {
        let mut map = Map::new();
        map.update(entries.into_iter().map(|(key, value)| (key, Some(value))));
        map
    }
}

/// Two maps are equal when their entries are.
impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.root() == other.root()
    }
}

impl Eq for Map {}
