//! A shipment notice: how it becomes pages, and pages a notice again.

use bytes::{Bytes, BytesMut};
use gs1::Gln;
use ledger::OrganisationId;
use ledger::codec::{Canonical, DecodeError, Reader, Writer};

use crate::limits::{
    DISCLOSURE_BYTES_MAX, EVENT_ID_BYTES_MAX, PAGE_BYTES_TARGET, PAGES_MAX, PART_BYTES_MAX,
    PARTS_PER_PAGE_MAX, RECEIPT_BYTES_MAX,
};
use crate::wire::{self, MessageError};

/// One event, with what proves it, for a party with a right to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosedEvent {
    /// Who captured and anchored it.
    pub author: OrganisationId,
    /// Its EPCIS `eventID`, a URI of at most 1,024 bytes.
    pub event_id: String,
    /// The disclosure that opens its commitment, in the ledger's canonical bytes.
    pub disclosure: Bytes,
    /// The receipt of its commitment, in the ledger's canonical bytes; at most 64 KiB.
    pub receipt: Bytes,
}

/// The whole notice that goods are on their way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// Drawn by the sender.
    pub id: [u8; 16],
    /// Who sends the goods.
    pub consignor: OrganisationId,
    /// Where they go.
    pub consignee_gln: Gln,
    /// What happened to the goods, causes before effects.
    pub events: Vec<DisclosedEvent>,
}

/// One page of a [`Shipment`]. Each is acknowledged, and sent again, by itself; the receiver has the notice
/// when it has all pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentNotice {
    /// The shipment's id, the same on all pages; a second delivery of one page is a duplicate.
    pub id: [u8; 16],
    /// This page, from 1.
    pub page: u16,
    /// How many pages there are, 1 to 512.
    pub pages: u16,
    /// Who sends the goods.
    pub consignor: OrganisationId,
    /// Where they go.
    pub consignee_gln: Gln,
    parts: Vec<EventPart>,
}

/// An event, or a piece of one whose disclosure is too large for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
struct EventPart {
    author: OrganisationId,
    event_id: String,
    /// Whether this piece continues the event of the part before it.
    continues: bool,
    disclosure: Bytes,
    /// Empty where this piece continues.
    receipt: Bytes,
}

/// Bytes of a part beside its variable fields: author, flag, three lengths.
const PART_BYTES_MIN: usize = 4 + 1 + 3 * 4;

/// Bytes of a page beside its parts: version, kind, id, page, pages, consignor, GLN, count.
const PAGE_BYTES_MIN: usize = 2 + 16 + 2 + 2 + 4 + (4 + 13) + 4;

impl EventPart {
    fn encoded_bytes(&self) -> usize {
        let lengths = [self.event_id.len(), self.disclosure.len(), self.receipt.len()];
        lengths.into_iter().fold(PART_BYTES_MIN, usize::saturating_add)
    }

    /// An event whole, or cut where its disclosure is too large. The pieces share its bytes.
    fn cut(event: DisclosedEvent) -> Result<Vec<Self>, MessageError> {
        wire::within("disclosure", event.disclosure.len(), DISCLOSURE_BYTES_MAX as u32)?;
        let mut rest = event.disclosure;
        let first = rest.split_to(rest.len().min(PART_BYTES_MAX as usize));
        let mut parts = vec![Self {
            author: event.author,
            event_id: event.event_id.clone(),
            continues: false,
            disclosure: first,
            receipt: event.receipt,
        }];
        while !rest.is_empty() {
            parts.push(Self {
                author: event.author,
                event_id: event.event_id.clone(),
                continues: true,
                disclosure: rest.split_to(rest.len().min(PART_BYTES_MAX as usize)),
                receipt: Bytes::new(),
            });
        }
        Ok(parts)
    }

    fn write(&self, writer: &mut Writer) -> Result<(), MessageError> {
        self.author.0.write(writer);
        wire::put(writer, "event id", self.event_id.as_bytes(), EVENT_ID_BYTES_MAX)?;
        self.continues.write(writer);
        wire::put(writer, "disclosure", &self.disclosure, PART_BYTES_MAX)?;
        wire::put(writer, "receipt", &self.receipt, RECEIPT_BYTES_MAX)
    }

    fn read(reader: &mut Reader<'_>, input: &Bytes) -> Result<Self, MessageError> {
        Ok(Self {
            author: OrganisationId(u32::read(reader)?),
            event_id: wire::text(reader, "event id", EVENT_ID_BYTES_MAX)?,
            continues: bool::read(reader)?,
            disclosure: input.slice_ref(reader.var("disclosure", PART_BYTES_MAX as usize)?),
            receipt: input.slice_ref(reader.var("receipt", RECEIPT_BYTES_MAX as usize)?),
        })
    }
}

impl Shipment {
    /// Splits the notice into pages of about 1 MiB, events in order; an event whose disclosure is larger goes
    /// on over as many pages as it needs. A notice without events is one empty page.
    ///
    /// # Errors
    /// [`MessageError::TooLarge`] when a disclosure breaks the ledger's bound or there are more than 512 pages.
    pub fn into_pages(self) -> Result<Vec<ShipmentNotice>, MessageError> {
        let mut split: Vec<Vec<EventPart>> = vec![Vec::new()];
        let mut page_bytes = PAGE_BYTES_MIN;
        for event in self.events {
            for part in EventPart::cut(event)? {
                let part_bytes = part.encoded_bytes();
                let fits = page_bytes.saturating_add(part_bytes) <= PAGE_BYTES_TARGET as usize;
                match split.last_mut() {
                    Some(page) if page.is_empty() || (fits && page.len() < PARTS_PER_PAGE_MAX as usize) => {
                        page_bytes = page_bytes.saturating_add(part_bytes);
                        page.push(part);
                    }
                    _ => {
                        page_bytes = PAGE_BYTES_MIN.saturating_add(part_bytes);
                        split.push(vec![part]);
                    }
                }
            }
        }
        wire::within("pages", split.len(), PAGES_MAX.into())?;
        let pages = u16::try_from(split.len()).unwrap_or(PAGES_MAX);
        let page = |(page, parts)| ShipmentNotice {
            id: self.id,
            page,
            pages,
            consignor: self.consignor,
            consignee_gln: self.consignee_gln,
            parts,
        };
        Ok((1..=pages).zip(split).map(page).collect())
    }

    /// Puts a notice together again from all its pages, in order.
    ///
    /// # Errors
    /// [`MessageError::Pages`] when a page is missing, double, out of order or of another notice, or begins
    /// with the continuation of another event; [`MessageError::TooLarge`] for a disclosure that grows
    /// beyond the ledger's bound.
    pub fn from_pages(pages: &[ShipmentNotice]) -> Result<Self, MessageError> {
        let first = pages.first().ok_or(MessageError::Pages { what: "there are none" })?;
        if pages.len() != usize::from(first.pages) {
            return Err(MessageError::Pages { what: "not all of them are there" });
        }
        let mut events: Vec<(DisclosedEvent, BytesMut)> = Vec::new();
        for (number, page) in (1..).zip(pages) {
            if page.page != number || page.head() != first.head() {
                return Err(MessageError::Pages { what: "one is out of order or of another notice" });
            }
            for part in &page.parts {
                part.join(&mut events)?;
            }
        }
        let whole = |(event, more): (DisclosedEvent, BytesMut)| match more.is_empty() {
            true => event,
            false => DisclosedEvent { disclosure: more.freeze(), ..event },
        };
        Ok(Self {
            id: first.id,
            consignor: first.consignor,
            consignee_gln: first.consignee_gln,
            events: events.into_iter().map(whole).collect(),
        })
    }
}

impl EventPart {
    /// Begins a new event, or continues the last. An event in one piece keeps sharing the page's bytes.
    fn join(&self, events: &mut Vec<(DisclosedEvent, BytesMut)>) -> Result<(), MessageError> {
        if !self.continues {
            let event = DisclosedEvent {
                author: self.author,
                event_id: self.event_id.clone(),
                disclosure: self.disclosure.clone(),
                receipt: self.receipt.clone(),
            };
            events.push((event, BytesMut::new()));
            return Ok(());
        }
        match events.last_mut() {
            Some((event, joined)) if (event.author, &event.event_id) == (self.author, &self.event_id) => {
                if joined.is_empty() {
                    joined.extend_from_slice(&event.disclosure);
                }
                let bytes = joined.len().saturating_add(self.disclosure.len());
                wire::within("disclosure", bytes, DISCLOSURE_BYTES_MAX as u32)?;
                joined.extend_from_slice(&self.disclosure);
                Ok(())
            }
            _ => Err(MessageError::Pages { what: "a part continues an event that is not there" }),
        }
    }
}

impl ShipmentNotice {
    fn head(&self) -> ([u8; 16], u16, OrganisationId, Gln) {
        (self.id, self.pages, self.consignor, self.consignee_gln)
    }

    pub(super) fn encoded_bytes(&self) -> usize {
        let parts = self.parts.iter().map(EventPart::encoded_bytes);
        parts.fold(PAGE_BYTES_MIN, usize::saturating_add)
    }

    fn check_page(&self) -> Result<(), MessageError> {
        match (1..=self.pages).contains(&self.page) && self.pages <= PAGES_MAX {
            true => Ok(()),
            false => Err(MessageError::Pages { what: "a page's number is not within the notice" }),
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) -> Result<(), MessageError> {
        self.check_page()?;
        self.id.write(writer);
        self.page.write(writer);
        self.pages.write(writer);
        self.consignor.0.write(writer);
        self.consignee_gln.write(writer);
        wire::within("parts", self.parts.len(), PARTS_PER_PAGE_MAX)?;
        (self.parts.len() as u32).write(writer);
        self.parts.iter().try_for_each(|part| part.write(writer))
    }

    pub(super) fn read(reader: &mut Reader<'_>, input: &Bytes) -> Result<Self, MessageError> {
        let mut notice = Self {
            id: reader.array()?,
            page: u16::read(reader)?,
            pages: u16::read(reader)?,
            consignor: OrganisationId(u32::read(reader)?),
            consignee_gln: Gln::read(reader)?,
            parts: Vec::new(),
        };
        notice.check_page()?;
        let count = reader.count("parts", PARTS_PER_PAGE_MAX as usize)?;
        let left = input.len().saturating_sub(reader.offset());
        if count.saturating_mul(PART_BYTES_MIN) > left {
            let missing = count.saturating_mul(PART_BYTES_MIN) - left;
            return Err(DecodeError::Truncated { offset: reader.offset(), missing }.into());
        }
        notice.parts.reserve_exact(count);
        for _ in 0..count {
            notice.parts.push(EventPart::read(reader, input)?);
        }
        Ok(notice)
    }
}

#[cfg(test)]
mod tests;
