use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::folder::{io, sync_dir};
use super::frame::{self, Found, HEADER, Kind};
use crate::error::{Error, Result};

/// A record's offset and payload length.
pub(super) type Record = (u64, u32);

/// Where a decided height's records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub block: Record,
    pub certificate: Record,
}

/// Two records and a CRC-32.
const ENTRY: usize = 12 + 12 + 4;

/// One log file with the index of the heights decided in it. The index can be rebuilt from the log.
pub(super) struct Segment {
    first: u64,
    path: PathBuf,
    log: File,
    len: u64,
    index_path: PathBuf,
    index: File,
}

impl Segment {
    /// Opens or creates the segment that begins with height `first`.
    pub(super) fn open(dir: &Path, first: u64) -> Result<Self> {
        let path = dir.join(format!("{first:020}.log"));
        let index_path = path.with_extension("idx");
        let new = !path.exists();
        let log = open_file(&path)?;
        let index = open_file(&index_path)?;
        let len = log.metadata().map_err(io("measure", &path))?.len();
        if new {
            sync_dir(dir)?;
        }
        Ok(Self { first, path, log, len, index_path, index })
    }

    /// Opens a segment that is no longer written to, whose heights end before `next`. Rebuilds its index if that
    /// was lost.
    pub(super) fn open_closed(dir: &Path, first: u64, next: Option<u64>) -> Result<Self> {
        let mut segment = Self::open(dir, first)?;
        let indexed = segment.index.metadata().map_err(io("measure", &segment.index_path))?.len();
        let heights = next.unwrap_or(first).saturating_sub(first);
        if indexed != heights * ENTRY as u64 {
            let mut blocks = std::collections::BTreeMap::new();
            segment.recover(|kind, payload, record| match kind {
                Kind::Proposal => {
                    let (value, _, block_len) = super::read_proposal(payload)?;
                    if block_len > 0 {
                        blocks.insert((value.height.0, value.value), record);
                    }
                    Ok(None)
                }
                Kind::Decided => {
                    use ledger::Canonical as _;
                    let certificate = ledger::Certificate::from_bytes(payload).map_err(|_| "certificate")?;
                    let key = (certificate.height.0, certificate.block.into());
                    let block = blocks.get(&key).copied().ok_or("decision without its proposal")?;
                    Ok(Some(Entry { block, certificate: record }))
                }
            })?;
        }
        Ok(segment)
    }

    pub(super) fn first(&self) -> u64 {
        self.first
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Walks the log from its start, writing the index anew from the entries `visit` gives, and cuts off a torn
    /// record at the end.
    pub(super) fn recover(
        &mut self,
        mut visit: impl FnMut(Kind, &[u8], Record) -> std::result::Result<Option<Entry>, &'static str>,
    ) -> Result<()> {
        let mut entries = Vec::new();
        let mut offset = 0;
        loop {
            match frame::read_at(&mut self.log, &self.path, offset, self.len)? {
                Found::End => break,
                Found::Torn => {
                    tracing::warn!(
                        store.bytes = self.len - offset,
                        "cut off a record a crash left unfinished"
                    );
                    self.log.set_len(offset).map_err(io("truncate", &self.path))?;
                    self.log.sync_all().map_err(io("sync", &self.path))?;
                    self.len = offset;
                    break;
                }
                Found::Record(kind, payload) => {
                    let record = (offset, payload.len() as u32);
                    let entry = visit(kind, &payload, record).map_err(|what| self.corrupt(offset, what))?;
                    entries.extend(entry.into_iter().flat_map(|entry| encode(&entry)));
                    offset += (HEADER + payload.len()) as u64;
                }
            }
        }
        self.index.set_len(0).map_err(io("truncate", &self.index_path))?;
        self.write_index(0, &entries)
    }

    /// Appends a record and waits until it is on the disk.
    pub(super) fn append(&mut self, kind: Kind, payload: &[&[u8]]) -> Result<Record> {
        let bytes = frame::frame(kind, payload);
        let at = self.len;
        let written = self.log.seek(SeekFrom::Start(at)).and_then(|_| self.log.write_all(&bytes));
        written.map_err(io("write", &self.path))?;
        self.log.sync_data().map_err(io("sync", &self.path))?;
        self.len += bytes.len() as u64;
        Ok((at, (bytes.len() - HEADER) as u32))
    }

    /// Reads a record back, checking it.
    pub(super) fn read(&mut self, kind: Kind, record: Record) -> Result<Vec<u8>> {
        match frame::read_at(&mut self.log, &self.path, record.0, self.len)? {
            Found::Record(found, payload) if found == kind && payload.len() == record.1 as usize => {
                Ok(payload)
            }
            _ => Err(self.corrupt(record.0, "not the record the index names")),
        }
    }

    /// Notes where a decided height is. Not synced: the last segment's index is rebuilt at start.
    pub(super) fn index(&mut self, height: u64, entry: Entry) -> Result<()> {
        self.write_index((height - self.first) * ENTRY as u64, &encode(&entry))
    }

    fn write_index(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        let written = self.index.seek(SeekFrom::Start(at)).and_then(|_| self.index.write_all(bytes));
        written.map_err(io("write", &self.index_path))
    }

    /// Where a height decided in this segment is.
    pub(super) fn entry(&mut self, height: u64) -> Result<Option<Entry>> {
        let Some(at) = height.checked_sub(self.first).map(|n| n * ENTRY as u64) else {
            return Ok(None);
        };
        let mut bytes = [0; ENTRY];
        let read = self.index.seek(SeekFrom::Start(at)).and_then(|_| self.index.read_exact(&mut bytes));
        match read {
            Ok(()) => decode(&bytes).map(Some).ok_or_else(|| Error::Corrupt {
                path: self.index_path.clone(),
                offset: at,
                what: "index entry; delete the index to have it rebuilt",
            }),
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
            Err(source) => Err(Error::Io { action: "read", path: self.index_path.clone(), source }),
        }
    }

    /// Syncs the index, before a new segment takes over.
    pub(super) fn close(&mut self) -> Result<()> {
        self.index.sync_all().map_err(io("sync", &self.index_path))
    }

    pub(super) fn corrupt(&self, offset: u64, what: &'static str) -> Error {
        Error::Corrupt { path: self.path.clone(), offset, what }
    }
}

fn encode(entry: &Entry) -> [u8; ENTRY] {
    let mut bytes = [0; ENTRY];
    bytes[..8].copy_from_slice(&entry.block.0.to_be_bytes());
    bytes[8..12].copy_from_slice(&entry.block.1.to_be_bytes());
    bytes[12..20].copy_from_slice(&entry.certificate.0.to_be_bytes());
    bytes[20..24].copy_from_slice(&entry.certificate.1.to_be_bytes());
    let crc = crc32fast::hash(&bytes[..24]);
    bytes[24..].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn decode(bytes: &[u8; ENTRY]) -> Option<Entry> {
    let u64_at = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes);
    let u32_at = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    if crc32fast::hash(&bytes[..24]) != u32_at(24)? {
        return None;
    }
    Some(Entry { block: (u64_at(0)?, u32_at(8)?), certificate: (u64_at(12)?, u32_at(20)?) })
}

/// First heights of the segments in `dir`, ascending.
pub(super) fn list(dir: &Path) -> Result<Vec<u64>> {
    let mut starts = Vec::new();
    for entry in fs::read_dir(dir).map_err(io("list", dir))? {
        let name = entry.map_err(io("list", dir))?.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".log"));
        let start: Option<u64> = stem.and_then(|stem| stem.parse().ok());
        starts.extend(start.filter(|start| *start > 0));
    }
    starts.sort_unstable();
    Ok(starts)
}

/// Deletes a segment.
pub(super) fn remove(dir: &Path, first: u64) -> Result<()> {
    let path = dir.join(format!("{first:020}.log"));
    fs::remove_file(&path).map_err(io("delete", &path))?;
    let index = path.with_extension("idx");
    fs::remove_file(&index).map_err(io("delete", &index))
}

fn open_file(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).open(path).map_err(io("open", path))
}
