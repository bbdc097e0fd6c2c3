//! Is this pack genuine, and may it be dispensed? All who ask at the same time share one query.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web;
use capture::Subject;
use gs1::{Gln, Sgtin};
use ledger::{Canonical as _, Hash, OrganisationId, Rules, StatusRecord};
use lifecycle::{Alert, AlertCode, PackState, Transition, Verdict, VerdictCode};
use serde::Serialize;
use store::Bytes32;
use store::raised_alert::RaisedAlert;
use store::status_record::StatusAnswer;
use tokio_util::task::TaskTracker;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::alerts::reference;
use crate::auth::Client;
use crate::clock::{moment, rfc3339};
use crate::coalesce::{CoalesceLimits, Coalescer};
use crate::directory::DirectoryView;
use crate::label::{ReadLabel, ambiguous};
use crate::limits::{ALERT_REPEAT_MS, RECENT_ALERTS_MAX};
use crate::openapi::texts::{
    ColourWord, ExpiryText, Gtin14Text, Hex32Text, LotText, PackStateWord, SerialText, VerdictWord,
};
use crate::problem::{AlertReference, Problem};
use crate::shared::Shared;

/// The answer about a pack.
#[derive(Debug, Serialize, ToSchema)]
pub struct Authentication {
    /// What is known, in one word.
    #[schema(value_type = VerdictWord)]
    pub verdict: &'static str,
    /// What the light shows.
    #[schema(value_type = ColourWord)]
    pub colour: &'static str,
    /// What a person is told.
    pub message: &'static str,
    /// What to do next.
    pub next_action: &'static str,
    /// State of the pack, if it exists.
    #[schema(value_type = Option<PackStateWord>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// The product.
    pub product: ProductName,
    /// The whole serial number, as read.
    #[schema(value_type = SerialText)]
    pub serial: String,
    /// The lot, if the label was read so far.
    #[schema(value_type = Option<LotText>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// The expiry date as printed (`YYMMDD`), if the label was read so far.
    #[schema(value_type = Option<ExpiryText>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<String>,
    /// Whether a change that this organisation made is on its way to the ledger, and counted in.
    pub pending: bool,
    /// Up to which block this is known.
    pub as_of: AsOf,
    /// The alert that was raised, or that stands for the same answer shortly before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertReference>,
    /// The pack's key on the ledger: 64 hexadecimal digits. None for an unknown product.
    #[schema(value_type = Option<Hex32Text>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_key: Option<String>,
}

/// A product by number and name.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductName {
    /// GTIN-14.
    #[schema(value_type = Gtin14Text)]
    pub gtin: String,
    /// Name with strength and form, where the product is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A block by height and time.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AsOf {
    /// Its height.
    pub height: u64,
    /// Its time.
    #[schema(format = DateTime)]
    pub time: String,
}

impl AsOf {
    /// The newest block that a view knows.
    #[must_use]
    pub fn of(view: &DirectoryView) -> Self {
        Self { height: view.height.0, time: rfc3339(view.block_time_ms) }
    }
}

/// Look-ups that are shared, and alerts that need no repeating.
pub struct Authenticator {
    look_ups: Coalescer<Bytes32, StatusAnswer>,
    recent: Mutex<Recent>,
}

/// What is known of one pack at this site.
struct Known {
    record: Option<StatusRecord>,
    pending: bool,
}

impl Authenticator {
    /// Starts the look-ups' workers on `tasks`.
    pub fn start(shared: &web::Data<Shared>, tasks: &TaskTracker) -> Self {
        // Two, so that one batch is decoded and answered while the next is asked.
        let limits =
            CoalesceLimits { workers: NonZeroUsize::MIN.saturating_add(1), ..CoalesceLimits::DEFAULT };
        let pool = shared.pool.clone();
        let look_ups = Coalescer::start("look_up", limits, tasks, move |keys: Vec<Bytes32>| {
            let pool = pool.clone();
            async move {
                let mut conn = pool.acquire().await.map_err(store::Error::from)?;
                Ok(store::status_record::look_up(&mut conn, &keys).await?)
            }
        });
        Self { look_ups, recent: Mutex::default() }
    }

    /// Answers about one pack, and raises the alert that the answer calls for.
    ///
    /// # Errors
    /// `ambiguous-scan` when the serial number is unknown and the data can be read otherwise; `not-ready`;
    /// `overloaded`; what the store fails with.
    pub async fn authenticate(
        &self,
        shared: &Shared,
        client: &Client,
        label: &ReadLabel,
    ) -> Result<Authentication, Problem> {
        let view = shared.view()?;
        let (subject, now_ms) = (&label.subject, shared.now_ms());
        let key = subject.record_key(&view.directory);
        let known = match key {
            Some(key) => self.known(key, view.directory.rules()).await?,
            None => Known { record: None, pending: false },
        };
        let answer =
            capture::authenticate::authenticate(&view.directory, subject, known.record.as_ref(), now_ms);
        let outdated = view.is_outdated(now_ms, shared.config.block_age_ms_max());
        let verdict = if outdated { answer.verdict.outdated() } else { answer.verdict };
        let mut found = Authentication::of(&view, subject, verdict, known.pending, key);
        if answer.verdict.code == VerdictCode::UnknownSerial {
            if label.other_readings {
                return Err(ambiguous(label.pointer));
            }
            if is_commissioning(shared, subject, answer.issuer).await? {
                found.pending = true;
                return Ok(found);
            }
        }
        if let (Some(alert), Some(issuer)) = (Alert::of_verdict(verdict.code), answer.issuer) {
            let reference = self.alert(shared, client, &view, (subject, alert, issuer)).await?;
            found.alert = Some(reference);
        }
        Ok(found)
    }

    /// The record of a pack, with what this site has on its way already done to it.
    async fn known(&self, key: Hash, rules: &Rules) -> Result<Known, Problem> {
        let answer = self.look_ups.submit(key.0).await?;
        let record = answer.record.as_deref().map(StatusRecord::from_bytes);
        let mut record = record.transpose().map_err(Problem::internal)?;
        let code = answer.pending.map(u8::try_from).transpose().map_err(Problem::internal)?;
        let pending = code.map(Transition::from_code).transpose().map_err(Problem::internal)?;
        if let (Some(record), Some(transition)) = (&mut record, pending) {
            record.state = state_after(rules, record.state, transition);
        }
        Ok(Known { record, pending: pending.is_some() })
    }

    /// Raises the alert, or names the one that the same client was given for the same pack shortly before.
    async fn alert(
        &self,
        shared: &Shared,
        client: &Client,
        view: &DirectoryView,
        (subject, alert, issuer): (&Subject, Alert, OrganisationId),
    ) -> Result<AlertReference, Problem> {
        let now_ms = shared.clock.monotonic_ms();
        let cause = (client.id, subject.pack.record_key(issuer), alert.code);
        if let Some(id) = self.recent().find(&cause, now_ms) {
            return Ok(AlertReference { id: id.to_string(), code: alert.code.as_str().to_owned() });
        }
        let own = view.own(shared.config.organisation.id)?;
        let raised = RaisedAlert {
            id: shared.new_id(),
            alert,
            pack: subject.pack.clone(),
            issuer,
            site: client.site.or_else(|| own.glns.first().copied()),
            message: verdict_message(alert.code).to_owned(),
            origin: own.id,
            at: moment(shared.now_ms()),
        };
        let reference = reference(&raised);
        let id = raised.id;
        let raised = Arc::new([raised]);
        store::tx(&shared.pool, "raise_alert", move |conn| {
            let raised = Arc::clone(&raised);
            Box::pin(async move { store::raised_alert::raise(conn, raised.as_slice()).await })
        })
        .await?;
        self.recent().keep(cause, id, now_ms);
        shared.wake_delivery();
        Ok(reference)
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn verdict_message(code: AlertCode) -> &'static str {
    match code {
        AlertCode::A52 => VerdictCode::ExpiryMismatch.message(),
        AlertCode::A68 => VerdictCode::LotMismatch.message(),
        _ => VerdictCode::UnknownSerial.message(),
    }
}

/// The state that a change leads to; the state itself when the rules know no such change.
#[must_use]
pub fn state_after(rules: &Rules, state: PackState, transition: Transition) -> PackState {
    match transition {
        Transition::Undo => PackState::Active,
        other => rules.matrix.row(state, other).map_or(state, |row| row.to),
    }
}

/// Whether this organisation has commissioned the pack and the ledger does not know it yet.
async fn is_commissioning(
    shared: &Shared,
    subject: &Subject,
    issuer: Option<OrganisationId>,
) -> Result<bool, Problem> {
    if issuer != Some(OrganisationId(shared.config.organisation.id)) {
        return Ok(false);
    }
    let epc = Sgtin::new(subject.pack.gtin, subject.pack.serial.clone()).path();
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    Ok(!store::custody::find(&mut conn, &[epc.as_str()]).await?.is_empty())
}

impl Authentication {
    fn of(
        view: &DirectoryView,
        subject: &Subject,
        verdict: Verdict,
        pending: bool,
        key: Option<Hash>,
    ) -> Self {
        let product = view.directory.product(&subject.pack.gtin);
        Self {
            verdict: verdict.code.as_str(),
            colour: colour(verdict.code),
            message: verdict.code.message(),
            next_action: verdict.code.next_action(),
            state: verdict.state.map(PackState::as_str),
            product: ProductName {
                gtin: subject.pack.gtin.as_str().to_owned(),
                name: product.map(|product| product.name.clone()),
            },
            serial: subject.pack.serial.as_str().to_owned(),
            lot: subject.lot.as_ref().map(|lot| lot.as_str().to_owned()),
            expiry: subject.expiry.as_ref().map(gs1::ExpiryDate::yymmdd),
            pending,
            as_of: AsOf::of(view),
            alert: None,
            record_key: key.map(|key| hex::encode(key.0)),
        }
    }
}

fn colour(code: VerdictCode) -> &'static str {
    match code.colour() {
        lifecycle::Colour::Green => "green",
        lifecycle::Colour::Amber => "amber",
        lifecycle::Colour::Red => "red",
    }
}

/// Who was given which alert for which pack.
type Cause = (Uuid, Hash, AlertCode);

/// Alerts given shortly before: a scanner that sends twice, or a person who scans again, makes one alert.
#[derive(Default)]
struct Recent(BTreeMap<Cause, (Uuid, u64)>);

impl Recent {
    fn find(&self, cause: &Cause, now_ms: u64) -> Option<Uuid> {
        let (id, at_ms) = self.0.get(cause)?;
        (now_ms.saturating_sub(*at_ms) < ALERT_REPEAT_MS).then_some(*id)
    }

    fn keep(&mut self, cause: Cause, id: Uuid, now_ms: u64) {
        if self.0.len() >= RECENT_ALERTS_MAX {
            self.0.retain(|_, (_, at_ms)| now_ms.saturating_sub(*at_ms) < ALERT_REPEAT_MS);
        }
        if self.0.len() >= RECENT_ALERTS_MAX {
            // Too many to remember: forgetting them costs repeated alerts, never a missing one.
            self.0.clear();
        }
        self.0.insert(cause, (id, now_ms));
    }
}

/// Today, which decides the century of printed dates.
#[must_use]
pub fn today(shared: &Shared) -> time::Date {
    moment(shared.now_ms()).date()
}

/// The site of a client, or the organisation's first: where an event without a place happened.
///
/// # Errors
/// `internal` when the organisation has no site.
pub fn site_of(client: &Client, view: &DirectoryView, organisation: u32) -> Result<Gln, Problem> {
    let first = || view.own(organisation).map(|own| own.glns.first().copied());
    match client.site {
        Some(site) => Ok(site),
        None => first()?.ok_or_else(|| Problem::internal("the organisation has no site")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_answer_names_the_same_alert_for_a_while() {
        let (mut recent, id) = (Recent::default(), Uuid::from_u128(1));
        let cause = (Uuid::from_u128(2), Hash([0; 32]), AlertCode::A3);
        recent.keep(cause, id, 1_000);
        assert_eq!(recent.find(&cause, 1_000 + ALERT_REPEAT_MS - 1), Some(id));
        assert_eq!(recent.find(&cause, 1_000 + ALERT_REPEAT_MS), None);
        assert_eq!(recent.find(&(cause.0, cause.1, AlertCode::A68), 1_000), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut recent = Recent::default();
        for n in 0..=RECENT_ALERTS_MAX {
            let cause = (Uuid::from_u128(n as u128), Hash([0; 32]), AlertCode::A3);
            recent.keep(cause, Uuid::nil(), 0);
        }
        assert!(recent.0.len() <= RECENT_ALERTS_MAX);
    }
}
