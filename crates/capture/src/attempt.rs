//! A change to one pack, judged at the site as the executors will judge it, and the update it leads to.

use gs1::{Gln, Lot};
use ledger::status::LabelTags;
use ledger::{Directory, Hash, Height, Organisation, PackIdentity, StatusRecord, StatusUpdate};
use lifecycle::{Change, Current, Refusal, Transition, Verdict, VerdictCode, admit};

use crate::authenticate::{Subject, authenticate};
use crate::meaning::{Label, PackChange};

/// Where and when a change is made.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// Who makes it.
    pub author: &'a Organisation,
    /// At which site.
    pub gln: &'a Gln,
    /// When, by the site's clock, in milliseconds since 1970 UTC.
    pub time_ms: u64,
    /// Height up to which the site knows the directory.
    pub checked: Height,
}

/// A change to one pack.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The pack, and what its label said.
    pub subject: &'a Subject,
    /// What is to be done.
    pub transition: Transition,
    /// Where and when.
    pub site: Site<'a>,
}

/// Why a site refuses a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// What is known of the pack forbids it.
    #[error("{}", .0.code.message())]
    Verdict(Verdict),
    /// The rules forbid it.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Attempt<'_> {
    /// Judges the change against what this service knows, and makes the status update.
    ///
    /// Recalled, withdrawn, expired packs and wrong labels are refused by the verdict; a pack that is merely
    /// inactive is left to the rules, which say why (already in this state, wrong state).
    ///
    /// # Errors
    /// [`Rejection`].
    pub fn decide(
        &self,
        directory: &Directory,
        record: Option<&StatusRecord>,
    ) -> Result<StatusUpdate, Rejection> {
        let answer = authenticate(directory, self.subject, record, self.site.time_ms);
        let verdict = answer.verdict;
        let hands_on =
            matches!(self.transition, Transition::Destroy | Transition::Lock | Transition::ReportStolen);
        let forbidden = match verdict.code {
            VerdictCode::Genuine | VerdictCode::IncompleteLabel | VerdictCode::Inactive => false,
            VerdictCode::Recalled | VerdictCode::Withdrawn | VerdictCode::Expired => !hands_on,
            VerdictCode::UnknownSerial => return Err(Refusal::UnknownPack.into()),
            _ => true,
        };
        // What is inactive already is refused for that, whatever else holds of it.
        if forbidden && verdict.state.is_none_or(|state| state == lifecycle::PackState::Active) {
            return Err(Rejection::Verdict(verdict));
        }
        let (Some(record), Some(issuer)) = (record, answer.issuer) else {
            return Err(Rejection::Verdict(verdict));
        };
        admit_here(self, directory, record)?;
        if forbidden {
            return Err(Rejection::Verdict(verdict));
        }
        let pack = &self.subject.pack;
        let possession = (self.site.author.id != issuer).then(|| pack.opening(record.version));
        Ok(StatusUpdate {
            record_key: pack.record_key(issuer),
            issuer,
            transition: self.transition,
            version: record.version,
            opening: possession,
            next_lock: pack.lock(record.version.saturating_add(1)),
            site_tag: Some(site_tag(pack, self.transition, record.version, self.site.gln)),
            site_time_ms: self.site.time_ms,
            checked: self.site.checked,
            event: 0,
            label: None,
            plain: record.plain,
        })
    }
}

fn admit_here(attempt: &Attempt<'_>, directory: &Directory, record: &StatusRecord) -> Result<(), Refusal> {
    let site = &attempt.site;
    let own_tag = site_tag(&attempt.subject.pack, attempt.transition, record.version, site.gln);
    let change = Change {
        transition: attempt.transition,
        role: site.author.role,
        same_author: record.author == site.author.id,
        same_site: record.site_tag == Some(own_tag),
        site_time_ms: site.time_ms,
        block_time_ms: site.time_ms,
    };
    let current = Current {
        state: record.state,
        site_time_ms: record.site_time_ms,
        block_time_ms: record.block_time_ms,
    };
    let rules = directory.rules();
    admit(Some(&current), &change, &rules.matrix, &rules.windows).map(drop)
}

/// An undo repeats the tag of the change that it takes back, made at the version before.
fn site_tag(pack: &PackIdentity, transition: Transition, version: u32, gln: &Gln) -> Hash {
    let version = if transition == Transition::Undo { version.saturating_sub(1) } else { version };
    pack.site_tag(version, gln)
}

/// The update that commissions a pack. Serial numbers in documents were made elsewhere and may be guessable.
pub fn commission(change: &PackChange, label: &Label, site: &Site<'_>) -> StatusUpdate {
    let pack = &change.pack;
    StatusUpdate {
        record_key: pack.record_key(change.issuer),
        issuer: change.issuer,
        transition: Transition::Commission,
        version: 0,
        opening: None,
        next_lock: pack.lock(0),
        site_tag: None,
        site_time_ms: site.time_ms,
        checked: site.checked,
        event: 0,
        label: Some(label_tags(pack, label)),
        plain: true,
    }
}

/// Tags of a label.
pub fn label_tags(pack: &PackIdentity, label: &Label) -> LabelTags {
    LabelTags { lot: pack.lot_tag(&label.lot), expiry: pack.expiry_tag(&label.expiry) }
}

/// Whether the record's lot, which only its tag tells, is this one.
pub fn is_lot(pack: &PackIdentity, record: &StatusRecord, lot: &Lot) -> bool {
    pack.lot_tag(lot) == record.label.lot
}
