//! The events themselves: rows of events, identifiers, lots.

use std::collections::BTreeMap;

use lifecycle::Transition;
use store::PgConnection;
use store::event::NewEvent;
use store::event_epc::EventEpc;
use store::event_measure::EventMeasure;
use store::lot::Lot;

use super::Live;
use crate::problem::Problem;

pub(super) async fn insert(conn: &mut PgConnection, live: &[Live<'_>]) -> Result<(), Problem> {
    if live.is_empty() {
        return Ok(());
    }
    let rows: Vec<NewEvent<'_>> = live.iter().map(row).collect();
    store::event::insert(conn, &rows).await?;
    let mut epcs: Vec<EventEpc<'_>> = live
        .iter()
        .flat_map(|one| {
            let at = one.at;
            one.event.epcs.iter().map(move |(epc, role)| EventEpc {
                epc,
                role: *role,
                event_seq: at.seq,
                captured_at: at.captured_at,
            })
        })
        .collect();
    epcs.sort_by(|a, b| a.epc.cmp(b.epc));
    store::event_epc::insert(conn, &epcs).await?;
    store::event_measure::insert(conn, &measures(live)).await?;
    let lots = lots(live);
    if !lots.is_empty() {
        store::lot::ensure(conn, &lots).await?;
    }
    Ok(())
}

fn row<'a>(one: &Live<'a>) -> NewEvent<'a> {
    let event = one.event;
    NewEvent {
        seq: one.at.seq,
        captured_at: one.at.captured_at,
        event_id: &event.event_id,
        hash_id: &event.hash_id,
        event_type: event.event_type,
        action: event.action,
        event_time: event.event_time,
        biz_step: event.biz_step.as_deref(),
        disposition: event.disposition.as_deref(),
        read_point: event.read_point.as_deref(),
        biz_location: event.biz_location.as_deref(),
        body: &event.body,
        salt: event.salt,
        commitment: event.commitment,
        capture_id: event.capture_id,
        terms: &event.terms,
    }
}

fn measures<'a>(live: &'a [Live<'_>]) -> Vec<EventMeasure<'a>> {
    let of_event = |one: &'a Live<'_>| {
        one.event.measures.iter().map(move |(name, value)| EventMeasure {
            name,
            value,
            event_seq: one.at.seq,
            captured_at: one.at.captured_at,
        })
    };
    live.iter().flat_map(of_event).collect()
}

/// Lots that packs were commissioned of, each once.
fn lots(live: &[Live<'_>]) -> Vec<Lot> {
    let mut lots = BTreeMap::new();
    for one in live {
        for change in one.event.meaning.changes.iter().filter(|c| c.transition == Transition::Commission) {
            let Some(label) = &change.label else { continue };
            let key = (change.pack.gtin.as_str().to_owned(), label.lot.as_str().to_owned());
            lots.entry(key).or_insert((label.expiry.resolved(), one.at.captured_at));
        }
    }
    let lot = |((gtin, lot), (expiry, created_at))| Lot { gtin, lot, expiry, created_at };
    lots.into_iter().map(lot).collect()
}
