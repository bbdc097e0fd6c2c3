//! A document in pages of prepared events.

use std::sync::Arc;

use actix_web::web::Bytes;
use epcis::{DocumentKind, Format, Limits, Reader};
use ledger::OrganisationId;
use store::capture_job::CaptureJob;
use store::master_data::MasterData;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::report::{self, Entry};
use crate::clock::SharedClock;
use crate::directory::SharedDirectory;
use crate::entropy::Entropy;
use crate::epcis_faults::fault_of;
use crate::intake::{Knowledge, Prepared, Unprepared};
use crate::limits::{CAPTURE_EVENTS_MAX, PAGE_EVENTS_MAX, PAGE_IDENTIFIERS_MAX};
use crate::problem::{Problem, ProblemType};
use crate::routes::epcis::master_data;
use crate::shared::Shared;

/// A document and what is needed to prepare its events. Clones share the bytes.
#[derive(Clone)]
pub(super) struct Source {
    bytes: Bytes,
    format: Format,
    limits: Limits,
    /// Events that were dealt with before.
    skip: u64,
    capture_id: Uuid,
    /// GLN of the site whose client sent it.
    site: Option<String>,
    organisation: OrganisationId,
    directory: SharedDirectory,
    block_age_ms_max: u64,
    clock: SharedClock,
    entropy: Entropy,
}

/// Some events of a document, in order.
pub(super) struct Page {
    /// What was known when they were prepared.
    pub knowledge: Knowledge,
    /// The place of each event in the document, from 0.
    pub places: Vec<u64>,
    /// The events.
    pub events: Vec<Prepared>,
    /// Master data of the document; with its first page.
    pub master_data: Vec<MasterData>,
    /// What is wrong with events that are not among them.
    pub faults: Vec<Entry>,
    /// Where the next page begins.
    pub next: u64,
    /// Whether this is the last one.
    pub last: bool,
    /// Where events stand in the document: `/epcisBody/eventList/`, say.
    pub prefix: Prefix,
}

/// What comes before an event's own pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    Capture,
    Query,
    Event,
}

impl Prefix {
    pub fn of(kind: &DocumentKind) -> Self {
        match kind {
            DocumentKind::Capture => Self::Capture,
            DocumentKind::Query { .. } => Self::Query,
            DocumentKind::Event => Self::Event,
        }
    }

    /// The pointer to an event.
    pub fn pointer(self, place: u64) -> String {
        match self {
            Self::Capture => format!("/epcisBody/eventList/{place}"),
            Self::Query => format!("/epcisBody/queryResults/resultsBody/eventList/{place}"),
            Self::Event => String::new(),
        }
    }
}

impl Source {
    /// The document of a job, from where the job stands.
    pub fn new(
        shared: &Shared,
        job: &CaptureJob,
        site: Option<String>,
        body: Vec<u8>,
    ) -> Result<Self, Problem> {
        let format = Format::from_media_type(&job.media_type)
            .ok_or_else(|| Problem::internal("a capture job of an unknown media type"))?;
        Ok(Self {
            limits: Limits {
                document_bytes_max: body.len(),
                events_max: CAPTURE_EVENTS_MAX,
                ..Limits::default()
            },
            bytes: Bytes::from(body),
            format,
            skip: job.next_event,
            capture_id: job.id,
            site,
            organisation: OrganisationId(shared.config.organisation.id),
            directory: shared.directory.clone(),
            block_age_ms_max: shared.config.block_age_ms_max(),
            clock: Arc::clone(&shared.clock),
            entropy: shared.entropy.clone(),
        })
    }

    /// Starts reading, one page ahead of who receives. It ends with the last page, with a problem, or when nobody
    /// receives any more.
    pub fn pages(self) -> mpsc::Receiver<Result<Page, Problem>> {
        let (pages, receiver) = mpsc::channel(1);
        tokio::task::spawn_blocking(move || {
            if let Err(problem) = self.read(&pages) {
                let _gone = pages.blocking_send(Err(problem));
            }
        });
        receiver
    }

    fn knowledge(&self) -> Result<Knowledge, Problem> {
        let (view, now_ms) = (self.directory.current()?, self.clock.now_ms());
        let outdated = view.is_outdated(now_ms, self.block_age_ms_max);
        Ok(Knowledge { view, organisation: self.organisation, now_ms, outdated })
    }

    fn page(&self, prefix: Prefix, next: u64) -> Result<Page, Problem> {
        Ok(Page {
            knowledge: self.knowledge()?,
            places: Vec::new(),
            events: Vec::new(),
            master_data: Vec::new(),
            faults: Vec::new(),
            next,
            last: false,
            prefix,
        })
    }

    fn read(&self, pages: &mpsc::Sender<Result<Page, Problem>>) -> Result<(), Problem> {
        let mut reader = match Reader::new(&self.bytes, self.format, &self.limits) {
            Ok(reader) => reader,
            Err(faults) => return self.unreadable(&faults, pages),
        };
        let prefix = Prefix::of(&reader.head().kind);
        let mut page = self.page(prefix, self.skip)?;
        if self.skip == 0 {
            page.master_data = master_data::elements(reader.head());
        }
        let mut identifiers = 0;
        for (place, event) in (0u64..).zip(&mut reader) {
            if place < self.skip {
                continue;
            }
            let prepared = match event {
                Ok(event) => Prepared::of(event, &page.knowledge, &self.entropy),
                Err(faults) => Err(Unprepared::Faults(faults.iter().map(fault_of).collect())),
            };
            match prepared {
                Ok(event) => {
                    identifiers += event.identifiers();
                    page.places.push(place);
                    page.events.push(event.of_capture(self.capture_id).by_site(self.site.as_deref()));
                }
                Err(Unprepared::Faults(faults)) => page.faults.push(report::faulty(prefix, place, faults)?),
                Err(Unprepared::Problem(problem)) => return Err(problem),
            }
            page.next = place + 1;
            let items = page.events.len() + page.faults.len();
            if items >= PAGE_EVENTS_MAX || identifiers >= PAGE_IDENTIFIERS_MAX {
                let begun = self.page(prefix, page.next)?;
                identifiers = 0;
                if pages.blocking_send(Ok(std::mem::replace(&mut page, begun))).is_err() {
                    return Ok(());
                }
            }
        }
        page.last = true;
        let _gone = pages.blocking_send(Ok(page));
        Ok(())
    }

    /// A document that could be read when it was accepted, and cannot be now: a newer program is stricter.
    fn unreadable(
        &self,
        faults: &[epcis::Fault],
        pages: &mpsc::Sender<Result<Page, Problem>>,
    ) -> Result<(), Problem> {
        let problem = Problem::new(ProblemType::EpcisValidation).with_faults(faults.iter().map(fault_of));
        let mut page = self.page(Prefix::Event, self.skip)?;
        page.faults.push(Entry { place: self.skip, document: report::entry(&problem)? });
        page.last = true;
        let _gone = pages.blocking_send(Ok(page));
        Ok(())
    }
}
