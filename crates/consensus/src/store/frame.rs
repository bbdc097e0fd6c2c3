use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::error::{Error, Result};
use crate::limits;

/// Starts every record, so that zeros a file system leaves after a crash are no record.
const MAGIC: [u8; 4] = *b"Thr1";
/// Magic, kind, length of the payload, CRC-32 of kind, length and payload.
pub(super) const HEADER: usize = 4 + 1 + 4 + 4;
/// The longest payload: a proposal's fields and a block; certificates are far shorter.
const PAYLOAD_MAX: usize = limits::BLOCK_BYTES_MAX + 1024;

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A proposal's fields and its block.
    Proposal = 1,
    /// A certificate.
    Decided = 2,
}

/// A record's bytes.
pub(super) fn frame(kind: Kind, payload: &[&[u8]]) -> Vec<u8> {
    let len: usize = payload.iter().map(|part| part.len()).sum();
    assert!(len <= PAYLOAD_MAX, "blocks are bounded before they are stored");
    let mut bytes = Vec::with_capacity(HEADER + len);
    bytes.extend_from_slice(&MAGIC);
    bytes.push(kind as u8);
    bytes.extend_from_slice(&(len as u32).to_be_bytes());
    bytes.extend_from_slice(&checksum(kind as u8, len as u32, payload).to_be_bytes());
    payload.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

fn checksum(kind: u8, len: u32, payload: &[&[u8]]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[kind]);
    crc.update(&len.to_be_bytes());
    payload.iter().for_each(|part| crc.update(part));
    crc.finalize()
}

/// What is found where a record should begin.
pub(super) enum Found {
    /// A whole record.
    Record(Kind, Vec<u8>),
    /// The end of the file.
    End,
    /// A record that a crash cut short; nothing follows it.
    Torn,
}

/// Reads the record at `offset` of a file of `file_len` bytes. A record is synced before the next is begun, so
/// only the last can be torn: damage with more behind it than one record's worth is corruption.
pub(super) fn read_at(file: &mut File, path: &Path, offset: u64, file_len: u64) -> Result<Found> {
    let corrupt = |what| Error::Corrupt { path: path.to_owned(), offset, what };
    let rest = file_len.saturating_sub(offset);
    if rest == 0 {
        return Ok(Found::End);
    }
    let longest = (HEADER + PAYLOAD_MAX) as u64;
    let torn = |what| if rest <= longest { Ok(Found::Torn) } else { Err(corrupt(what)) };
    let mut header = [0; HEADER];
    if rest < HEADER as u64 {
        return Ok(Found::Torn);
    }
    read_exact(file, path, offset, &mut header)?;
    let [m0, m1, m2, m3, kind, l0, l1, l2, l3, c0, c1, c2, c3] = header;
    let (len, crc) = (u32::from_be_bytes([l0, l1, l2, l3]), u32::from_be_bytes([c0, c1, c2, c3]));
    let known = match kind {
        1 => Some(Kind::Proposal),
        2 => Some(Kind::Decided),
        _ => None,
    };
    let Some(known) = known.filter(|_| [m0, m1, m2, m3] == MAGIC && len as usize <= PAYLOAD_MAX) else {
        return torn("no record header");
    };
    let end = HEADER as u64 + u64::from(len);
    if rest < end {
        return Ok(Found::Torn);
    }
    let mut payload = vec![0; len as usize];
    read_exact(file, path, offset + HEADER as u64, &mut payload)?;
    if checksum(kind, len, &[&payload]) == crc {
        return Ok(Found::Record(known, payload));
    }
    if rest == end { Ok(Found::Torn) } else { Err(corrupt("checksum")) }
}

fn read_exact(file: &mut File, path: &Path, offset: u64, buffer: &mut [u8]) -> Result<()> {
    let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(buffer));
    read.map_err(|source| match source.kind() {
        ErrorKind::UnexpectedEof => Error::Corrupt { path: path.to_owned(), offset, what: "file ends early" },
        _ => Error::Io { action: "read", path: path.to_owned(), source },
    })
}
