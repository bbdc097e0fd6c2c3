//! Changes of packs: judged at the site as the ledger will judge them.

use std::collections::{BTreeMap, BTreeSet};

use capture::{Attempt, Rejection, Site};
use gs1::Sgtin;
use ledger::{Canonical as _, Hash, PackIdentity, StatusRecord, StatusUpdate};
use lifecycle::{Refusal, Transition};
use store::PgConnection;
use store::custody::{Custody, CustodyState};
use store::pending_change::PendingChange;
use store::status_record::StatusAnswer;

use super::refused::{Reason, Refused};
use super::{Knowledge, Live};
use crate::clock::moment;
use crate::problem::Problem;

/// The canonical key of a pack.
pub(super) fn key_of(pack: &PackIdentity) -> String {
    Sgtin::new(pack.gtin, pack.serial.clone()).path()
}

/// Decides every change of these events: each becomes an update or a refusal. Changes other than commissioning are
/// entered as on their way; commissioned packs enter custody, where each can begin only once.
pub(super) async fn decide(
    conn: &mut PgConnection,
    knowledge: &Knowledge,
    live: &mut [Live<'_>],
) -> Result<(), Problem> {
    let mut updates: Vec<BTreeMap<usize, StatusUpdate>> = vec![BTreeMap::new(); live.len()];
    begin(conn, knowledge, live, &mut updates).await?;
    let asked = asked(live);
    if !asked.is_empty() {
        let keys: Vec<[u8; 32]> = asked.iter().map(|one| one.key.0).collect();
        let answers = store::status_record::look_up(conn, &keys).await?;
        judge(knowledge, live, &asked, &answers, &mut updates)?;
        explain_unknown(conn, live).await?;
        enter(conn, knowledge, live, &mut updates).await?;
    }
    for (one, updates) in live.iter_mut().zip(updates) {
        one.updates = updates.into_values().collect();
    }
    Ok(())
}

/// A change other than a commissioning.
struct Asked {
    live: usize,
    change: usize,
    key: Hash,
}

fn asked(live: &[Live<'_>]) -> Vec<Asked> {
    let mut asked = Vec::new();
    for (place, one) in live.iter().enumerate() {
        for (change, wanted) in one.event.meaning.changes.iter().enumerate() {
            if wanted.transition != Transition::Commission {
                asked.push(Asked { live: place, change, key: wanted.pack.record_key(wanted.issuer) });
            }
        }
    }
    asked
}

fn refuse(live: &mut Live<'_>, change: usize, reason: Reason) {
    let Some(wanted) = live.event.meaning.changes.get(change) else { return };
    live.refused.push(Refused {
        change,
        pack: wanted.pack.clone(),
        issuer: wanted.issuer,
        record_key: wanted.pack.record_key(wanted.issuer),
        transition: wanted.transition,
        pointer: wanted.pointer.clone(),
        reason,
    });
}

/// Enters commissioned packs into custody. One that is there already is refused.
async fn begin(
    conn: &mut PgConnection,
    knowledge: &Knowledge,
    live: &mut [Live<'_>],
    updates: &mut [BTreeMap<usize, StatusUpdate>],
) -> Result<(), Problem> {
    let mut places: Vec<(String, usize, usize)> = Vec::new();
    for (place, one) in live.iter().enumerate() {
        for (change, wanted) in one.event.meaning.changes.iter().enumerate() {
            if wanted.transition == Transition::Commission {
                places.push((key_of(&wanted.pack), place, change));
            }
        }
    }
    if places.is_empty() {
        return Ok(());
    }
    places.sort();
    let mut taken = known_of_whole(conn, live, &places).await?;
    let mut objects: Vec<Custody> = Vec::with_capacity(places.len());
    for (key, place, change) in &places {
        let Some(one) = live.get_mut(*place) else { continue };
        let repeated = objects.last().is_some_and(|last| last.epc == *key);
        if repeated || taken.contains(key.as_str()) {
            refuse(one, *change, Reason::Rejection(Refusal::AlreadyCommissioned.into()));
            continue;
        }
        let site = one.event.meaning.site.as_ref();
        objects.push(Custody {
            epc: key.clone(),
            parent: None,
            site_gln: site.map(|gln| gln.as_str().to_owned()).unwrap_or_default(),
            state: CustodyState::InStock,
            event_seq: one.at.seq,
            updated_at: moment(knowledge.now_ms),
        });
    }
    let dropped: BTreeSet<u64> = live.iter().filter(|one| one.is_dropped()).map(|one| one.at.seq).collect();
    objects.retain(|object| !dropped.contains(&object.event_seq));
    taken.clear();
    taken.extend(store::custody::insert_new(conn, &objects).await?);
    for (key, place, change) in &places {
        let (Some(one), Some(updates)) = (live.get_mut(*place), updates.get_mut(*place)) else { continue };
        if one.refused.iter().any(|refused| refused.change == *change) {
            continue;
        }
        if taken.contains(key.as_str()) {
            refuse(one, *change, Reason::Rejection(Refusal::AlreadyCommissioned.into()));
        } else if let Some(update) = one.event.commissions.get(*change).cloned().flatten() {
            updates.insert(*change, update);
        }
    }
    Ok(())
}

/// Packs of events to be stored whole that are in custody already: such an event must leave nothing behind.
async fn known_of_whole(
    conn: &mut PgConnection,
    live: &[Live<'_>],
    places: &[(String, usize, usize)],
) -> Result<BTreeSet<String>, Problem> {
    let whole = |place: usize| live.get(place).is_some_and(|one| one.event.whole);
    let keys: Vec<&str> = places.iter().filter(|one| whole(one.1)).map(|one| one.0.as_str()).collect();
    if keys.is_empty() {
        return Ok(BTreeSet::new());
    }
    Ok(store::custody::find(conn, &keys).await?.into_iter().map(|custody| custody.epc).collect())
}

fn judge(
    knowledge: &Knowledge,
    live: &mut [Live<'_>],
    asked: &[Asked],
    answers: &[StatusAnswer],
    updates: &mut [BTreeMap<usize, StatusUpdate>],
) -> Result<(), Problem> {
    let author = knowledge.author()?;
    for (one, answer) in asked.iter().zip(answers) {
        let (Some(live), Some(updates)) = (live.get_mut(one.live), updates.get_mut(one.live)) else {
            continue;
        };
        let record =
            answer.record.as_deref().map(StatusRecord::from_bytes).transpose().map_err(Problem::internal)?;
        let event = live.event;
        let Some((wanted, subject)) =
            event.meaning.changes.get(one.change).zip(event.subjects.get(one.change))
        else {
            continue;
        };
        let Some(gln) = event.meaning.site.as_ref() else {
            return Err(Problem::internal("a change of a pack without a site"));
        };
        if let Some(pending) = answer.pending {
            let reason = Reason::Pending(transition_of(pending)?);
            refuse(live, one.change, reason);
            continue;
        }
        let site = Site { author, gln, time_ms: knowledge.now_ms, checked: knowledge.view.height };
        let attempt = Attempt { subject, transition: wanted.transition, site };
        match attempt.decide(&knowledge.view.directory, record.as_ref()) {
            Ok(update) => {
                updates.insert(one.change, update);
            }
            Err(rejection) => refuse(live, one.change, Reason::Rejection(rejection)),
        }
    }
    Ok(())
}

fn transition_of(code: i16) -> Result<Transition, Problem> {
    let code = u8::try_from(code).map_err(Problem::internal)?;
    Transition::from_code(code).map_err(Problem::internal)
}

/// A pack that has no record yet because its commissioning is on its way is not an unknown one.
async fn explain_unknown(conn: &mut PgConnection, live: &mut [Live<'_>]) -> Result<(), Problem> {
    let unknown = Reason::Rejection(Rejection::Refused(Refusal::UnknownPack));
    let refused = live.iter().flat_map(|one| &one.refused).filter(|refused| refused.reason == unknown);
    let keys: Vec<String> = refused.map(|refused| key_of(&refused.pack)).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let here: BTreeSet<String> =
        store::custody::find(conn, &keys).await?.into_iter().map(|custody| custody.epc).collect();
    for refused in live.iter_mut().flat_map(|one| &mut one.refused) {
        if refused.reason == unknown && here.contains(&key_of(&refused.pack)) {
            refused.reason = Reason::NotFinal;
        }
    }
    Ok(())
}

/// Enters the changes as on their way. Of several changes of one pack, here or elsewhere at this moment, one wins.
async fn enter(
    conn: &mut PgConnection,
    knowledge: &Knowledge,
    live: &mut [Live<'_>],
    updates: &mut [BTreeMap<usize, StatusUpdate>],
) -> Result<(), Problem> {
    let mut pending: BTreeMap<[u8; 32], PendingChange> = BTreeMap::new();
    let mut owners: BTreeMap<[u8; 32], (usize, usize)> = BTreeMap::new();
    let mut later = Vec::new();
    for (place, (one, updates)) in live.iter().zip(updates.iter()).enumerate() {
        if one.is_dropped() {
            continue;
        }
        for (change, update) in
            updates.iter().filter(|(_, update)| update.transition != Transition::Commission)
        {
            let key = update.record_key.0;
            if let Some(first) = pending.get(&key) {
                later.push((place, *change, first.transition));
                continue;
            }
            let transition = i16::from(update.transition.code());
            let created_at = moment(knowledge.now_ms);
            pending.insert(
                key,
                PendingChange { record_key: key, event_seq: one.at.seq, transition, created_at },
            );
            owners.insert(key, (place, *change));
        }
    }
    let rows: Vec<PendingChange> = pending.values().copied().collect();
    let taken: BTreeSet<[u8; 32]> = store::pending_change::insert(conn, &rows).await?.into_iter().collect();
    let lost: Vec<[u8; 32]> = pending.keys().filter(|key| !taken.contains(*key)).copied().collect();
    let others = if lost.is_empty() { Vec::new() } else { store::pending_change::find(conn, &lost).await? };
    for other in others {
        if let Some((place, change)) = owners.get(&other.record_key) {
            later.push((*place, *change, other.transition));
        }
    }
    for (place, change, transition) in later {
        let (Some(one), Some(updates)) = (live.get_mut(place), updates.get_mut(place)) else { continue };
        refuse(one, change, Reason::Pending(transition_of(transition)?));
        updates.remove(&change);
    }
    free_dropped(conn, live, &pending, &taken).await
}

/// Takes back what was entered for events that turned out to be refused whole.
async fn free_dropped(
    conn: &mut PgConnection,
    live: &[Live<'_>],
    pending: &BTreeMap<[u8; 32], PendingChange>,
    taken: &BTreeSet<[u8; 32]>,
) -> Result<(), Problem> {
    let dropped: BTreeSet<u64> = live.iter().filter(|one| one.is_dropped()).map(|one| one.at.seq).collect();
    let mine =
        pending.values().filter(|row| dropped.contains(&row.event_seq) && taken.contains(&row.record_key));
    let free: Vec<[u8; 32]> = mine.map(|row| row.record_key).collect();
    if !free.is_empty() {
        store::pending_change::delete(conn, &free).await?;
    }
    Ok(())
}
