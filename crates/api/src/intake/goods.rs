//! Where goods are and what is packed in what, as events observe it.

use std::collections::{BTreeMap, BTreeSet};

use capture::{CustodyMove, PackChange};
use gs1::Gln;
use lifecycle::Transition;
use store::PgConnection;
use store::custody::{Custody, CustodyState, Move, Packing, TreeNode};
use store::expected_receipt::{ExpectedReceipt, ReceiptState};
use store::shipment::Shipment;
use time::OffsetDateTime;

use super::changes::key_of;
use super::{EventRef, Knowledge, Live};
use crate::limits::HIERARCHY_OBJECTS_MAX;
use crate::problem::Problem;

/// The event that moves goods.
#[derive(Clone, Copy)]
struct Cause<'a> {
    at: EventRef,
    site: Option<&'a Gln>,
}

impl Cause<'_> {
    fn to(self, state: CustodyState) -> Move<'static> {
        Move { state, site_gln: None, event_seq: self.at.seq, at: self.at.captured_at }
    }

    fn object(self, epc: &str, parent: Option<&str>, site: &Gln, state: CustodyState) -> Custody {
        Custody {
            epc: epc.to_owned(),
            parent: parent.map(str::to_owned),
            site_gln: site.as_str().to_owned(),
            state,
            event_seq: self.at.seq,
            updated_at: self.at.captured_at,
        }
    }
}

/// Applies the moves of these events in order. (Packs that were commissioned are in custody already.)
pub(super) async fn apply(
    conn: &mut PgConnection,
    knowledge: &Knowledge,
    live: &mut [Live<'_>],
) -> Result<(), Problem> {
    let mut run = PackingRun::default();
    for one in live {
        let meaning = &one.event.meaning;
        let cause = Cause { at: one.at, site: meaning.site.as_ref() };
        let refused: BTreeSet<String> = one.refused.iter().map(|refused| key_of(&refused.pack)).collect();
        for step in &meaning.moves {
            if let CustodyMove::Pack { parent, children } = step {
                run.add(conn, cause, parent, children).await?;
                continue;
            }
            run.flush(conn).await?;
            match step {
                CustodyMove::Begin { items, site } => begin_units(conn, cause, items, site).await?,
                CustodyMove::Unpack { parent, children } => unpack(conn, cause, parent, children).await?,
                CustodyMove::Ship { items, to, consignee } => {
                    let left = ship(conn, cause, items).await?;
                    let own = *consignee == knowledge.organisation;
                    let stays = own && cause.site == Some(to);
                    if !stays {
                        announce(conn, cause.at, items, to, consignee.0).await?;
                    }
                    if own && !stays {
                        expect(conn, cause.at, &left, to, (consignee.0, one.event.commitment)).await?;
                    } else {
                        went_on(conn, cause.at, &left, knowledge.organisation.0).await?;
                    }
                }
                CustodyMove::Receive { items, site } => {
                    one.awaiting.extend(receive(conn, cause, items, site).await?);
                }
                CustodyMove::End { items } => {
                    let kept: Vec<&str> = names(items).filter(|item| !refused.contains(*item)).collect();
                    let state = end_state(&meaning.changes);
                    store::custody::set_state(conn, &kept, cause.to(state)).await?;
                }
                CustodyMove::Pack { .. } => {}
            }
        }
        hold(conn, cause, &meaning.changes, &refused).await?;
    }
    run.flush(conn).await
}

fn names(items: &[String]) -> impl Iterator<Item = &str> {
    items.iter().map(String::as_str)
}

/// Whether a canonical key names a pack: an SGTIN whose GTIN has indicator digit 0.
fn is_pack(epc: &str) -> bool {
    epc.starts_with("01/0") && epc.contains("/21/")
}

fn end_state(changes: &[PackChange]) -> CustodyState {
    match changes.first().map(|change| change.transition) {
        Some(Transition::Dispense) => CustodyState::Dispensed,
        _ => CustodyState::Gone,
    }
}

/// Changes that keep the pack here: quarantine, release, and taking a change back.
async fn hold(
    conn: &mut PgConnection,
    cause: Cause<'_>,
    changes: &[PackChange],
    refused: &BTreeSet<String>,
) -> Result<(), Problem> {
    let held = [
        (Transition::Lock, CustodyState::Quarantined),
        (Transition::Unlock, CustodyState::InStock),
        (Transition::Undo, CustodyState::InStock),
    ];
    for (transition, state) in held {
        let packs = changes.iter().filter(|change| change.transition == transition);
        let keys: Vec<String> = packs.map(|change| key_of(&change.pack)).collect();
        let keys: Vec<&str> = names(&keys).filter(|key| !refused.contains(*key)).collect();
        if !keys.is_empty() {
            store::custody::set_state(conn, &keys, cause.to(state)).await?;
        }
    }
    Ok(())
}

/// Cases and pallets come into being, or are used again.
async fn begin_units(
    conn: &mut PgConnection,
    cause: Cause<'_>,
    items: &[String],
    site: &Gln,
) -> Result<(), Problem> {
    let units: BTreeSet<&str> = names(items).filter(|item| !is_pack(item)).collect();
    let object = |epc: &str| cause.object(epc, None, site, CustodyState::InStock);
    let objects: Vec<Custody> = units.into_iter().map(object).collect();
    if !objects.is_empty() {
        store::custody::upsert(conn, &objects).await?;
    }
    Ok(())
}

/// Packings one after another, written together: a pallet line packs thousands of cases in one document.
#[derive(Default)]
struct PackingRun {
    children: BTreeMap<String, Packing>,
    /// Parents and what is not known here yet, should it turn out so.
    units: BTreeMap<String, Custody>,
}

impl PackingRun {
    async fn add(
        &mut self,
        conn: &mut PgConnection,
        cause: Cause<'_>,
        parent: &str,
        children: &[String],
    ) -> Result<(), Problem> {
        if children.iter().any(|child| self.children.contains_key(child)) {
            self.flush(conn).await?;
        }
        let site = cause.site;
        if let Some(site) = site.filter(|_| !is_pack(parent)) {
            let unit = || cause.object(parent, None, site, CustodyState::InStock);
            self.units.entry(parent.to_owned()).or_insert_with(unit);
        }
        for child in names(children).filter(|child| *child != parent) {
            let packing = Packing {
                epc: child.to_owned(),
                parent: parent.to_owned(),
                event_seq: cause.at.seq,
                at: cause.at.captured_at,
            };
            self.children.insert(child.to_owned(), packing);
            if let Some(site) = site.filter(|_| !is_pack(child)) {
                let unit = || cause.object(child, None, site, CustodyState::InStock);
                self.units.entry(child.to_owned()).or_insert_with(unit);
            }
        }
        Ok(())
    }

    async fn flush(&mut self, conn: &mut PgConnection) -> Result<(), Problem> {
        let units: Vec<Custody> = std::mem::take(&mut self.units).into_values().collect();
        if !units.is_empty() {
            // What is there already stays as it is.
            store::custody::insert_new(conn, &units).await?;
        }
        let children: Vec<Packing> = std::mem::take(&mut self.children).into_values().collect();
        if !children.is_empty() {
            store::custody::set_parents(conn, &children).await?;
        }
        Ok(())
    }
}

async fn unpack(
    conn: &mut PgConnection,
    cause: Cause<'_>,
    parent: &str,
    children: &[String],
) -> Result<(), Problem> {
    let (seq, at) = (cause.at.seq, cause.at.captured_at);
    if children.is_empty() {
        store::custody::empty(conn, parent, seq, at).await?;
    } else {
        let children: Vec<&str> = names(children).collect();
        store::custody::set_parent(conn, &children, None, seq, at).await?;
    }
    Ok(())
}

/// Whether an object in this state can move on: what was dispensed or is gone stays so.
fn moves(node: &TreeNode) -> bool {
    !matches!(node.custody.state, CustodyState::Dispensed | CustodyState::Gone | CustodyState::AwaitingData)
}

/// Goods leave. Returns those of the items that did: what was dispensed, is gone, or waits for its notice stays so.
async fn ship(conn: &mut PgConnection, cause: Cause<'_>, items: &[String]) -> Result<Vec<String>, Problem> {
    let top: Vec<&str> = names(items).collect();
    if let Some(site) = cause.site {
        let units: BTreeSet<&str> = top.iter().copied().filter(|item| !is_pack(item)).collect();
        let unit = |epc: &str| cause.object(epc, None, site, CustodyState::InStock);
        let units: Vec<Custody> = units.into_iter().map(unit).collect();
        store::custody::insert_new(conn, &units).await?;
    }
    let tree = store::custody::tree(conn, &top, HIERARCHY_OBJECTS_MAX).await?;
    let all: Vec<&str> =
        tree.iter().filter(|node| moves(node)).map(|node| node.custody.epc.as_str()).collect();
    store::custody::set_state(conn, &all, cause.to(CustodyState::Shipped)).await?;
    leave_parents(conn, cause, &tree).await?;
    let left = tree.iter().filter(|node| node.depth == 0 && moves(node));
    Ok(left.map(|node| node.custody.epc.clone()).collect())
}

/// What goes its own way is no longer in what stays behind.
async fn leave_parents(conn: &mut PgConnection, cause: Cause<'_>, tree: &[TreeNode]) -> Result<(), Problem> {
    let along: BTreeSet<&str> = tree.iter().map(|node| node.custody.epc.as_str()).collect();
    let parted = tree.iter().filter(|node| node.depth == 0).filter(|node| {
        let parent = node.custody.parent.as_deref();
        parent.is_some_and(|parent| !along.contains(parent))
    });
    let parted: Vec<&str> = parted.map(|node| node.custody.epc.as_str()).collect();
    if !parted.is_empty() {
        store::custody::set_parent(conn, &parted, None, cause.at.seq, cause.at.captured_at).await?;
    }
    Ok(())
}

/// Writes down that the consignee must get a notice, once the event is final.
async fn announce(
    conn: &mut PgConnection,
    at: EventRef,
    items: &[String],
    to: &Gln,
    consignee: u32,
) -> Result<(), Problem> {
    let shipment = Shipment {
        event_seq: at.seq,
        captured_at: at.captured_at,
        consignee,
        site_gln: to.as_str().to_owned(),
        items: items.to_vec(),
    };
    Ok(store::shipment::insert(conn, &shipment).await?)
}

/// Goods for another site of the same organisation are expected there: no notice has to tell what is in them. In its
/// place stands a number that follows from the commitment of the shipping event.
async fn expect(
    conn: &mut PgConnection,
    at: EventRef,
    items: &[String],
    to: &Gln,
    (own, commitment): (u32, [u8; 32]),
) -> Result<(), Problem> {
    let mut notice = [0; 16];
    notice.copy_from_slice(&commitment[..16]);
    let notice = uuid::Builder::from_custom_bytes(notice).into_uuid();
    let known: BTreeSet<&str> = names(items).collect();
    let receipts: Vec<ExpectedReceipt> = known
        .into_iter()
        .map(|epc| ExpectedReceipt {
            epc: epc.to_owned(),
            notice_id: Some(notice),
            consignor: Some(own),
            site_gln: to.as_str().to_owned(),
            state: ReceiptState::Expected,
            updated_at: at.captured_at,
        })
        .collect();
    Ok(store::expected_receipt::upsert(conn, &receipts).await?)
}

/// What leaves is no longer expected at a site of ours, even if nobody recorded that it came there.
async fn went_on(conn: &mut PgConnection, at: EventRef, items: &[String], own: u32) -> Result<(), Problem> {
    let keys: Vec<&str> = names(items).collect();
    let open = store::expected_receipt::lock(conn, &keys).await?;
    let rows: Vec<ExpectedReceipt> = open
        .into_iter()
        .filter(|receipt| receipt.state == ReceiptState::Expected && receipt.consignor == Some(own))
        .map(|receipt| ExpectedReceipt {
            state: ReceiptState::Received,
            updated_at: at.captured_at,
            ..receipt
        })
        .collect();
    if !rows.is_empty() {
        store::expected_receipt::upsert(conn, &rows).await?;
    }
    Ok(())
}

/// Goods arrive, each with all that is known to be in it. Those that nobody announced wait for their notice; their
/// keys are returned.
async fn receive(
    conn: &mut PgConnection,
    cause: Cause<'_>,
    items: &[String],
    site: &Gln,
) -> Result<Vec<String>, Problem> {
    let all: BTreeSet<&str> = names(items).collect();
    let mut awaiting = BTreeSet::new();
    let mut left = all.clone();
    // A notice that comes at this very moment makes known what was not: then a second look finds it.
    for _ in 0..2 {
        let unknown = arrive(conn, cause, &left, site, &mut awaiting).await?;
        let object = |epc: &&str| cause.object(epc, None, site, CustodyState::AwaitingData);
        let objects: Vec<Custody> = unknown.iter().map(object).collect();
        if objects.is_empty() {
            break;
        }
        let raced = store::custody::insert_new(conn, &objects).await?;
        let raced: BTreeSet<&str> =
            unknown.iter().copied().filter(|u| raced.iter().any(|r| r == u)).collect();
        awaiting.extend(unknown.iter().filter(|epc| !raced.contains(*epc)).map(|epc| (*epc).to_owned()));
        left = raced;
        if left.is_empty() {
            break;
        }
    }
    close_deliveries(conn, &all, &awaiting, site, cause.at.captured_at).await?;
    Ok(awaiting.into_iter().collect())
}

/// Puts what is known into stock; returns what is not known. What awaits its data goes on doing so.
async fn arrive<'a>(
    conn: &mut PgConnection,
    cause: Cause<'_>,
    items: &BTreeSet<&'a str>,
    site: &Gln,
    awaiting: &mut BTreeSet<String>,
) -> Result<Vec<&'a str>, Problem> {
    let top: Vec<&str> = items.iter().copied().collect();
    let tree = store::custody::tree(conn, &top, HIERARCHY_OBJECTS_MAX).await?;
    let here: BTreeSet<&str> =
        tree.iter().filter(|node| node.depth == 0).map(|node| node.custody.epc.as_str()).collect();
    let waits = tree.iter().filter(|node| node.custody.state == CustodyState::AwaitingData);
    awaiting.extend(waits.map(|node| node.custody.epc.clone()));
    let all: Vec<&str> =
        tree.iter().filter(|node| moves(node)).map(|node| node.custody.epc.as_str()).collect();
    let arrived = Move { site_gln: Some(site.as_str()), ..cause.to(CustodyState::InStock) };
    store::custody::set_state(conn, &all, arrived).await?;
    leave_parents(conn, cause, &tree).await?;
    Ok(items.iter().copied().filter(|item| !here.contains(item)).collect())
}

async fn close_deliveries(
    conn: &mut PgConnection,
    items: &BTreeSet<&str>,
    awaiting: &BTreeSet<String>,
    site: &Gln,
    at: OffsetDateTime,
) -> Result<(), Problem> {
    let keys: Vec<&str> = items.iter().copied().collect();
    let open = store::expected_receipt::lock(conn, &keys).await?;
    let mut rows: Vec<ExpectedReceipt> = open
        .iter()
        .filter(|receipt| receipt.notice_id.is_some() && !awaiting.contains(&receipt.epc))
        .map(|receipt| ExpectedReceipt { state: ReceiptState::Received, updated_at: at, ..receipt.clone() })
        .collect();
    let listed: BTreeSet<&str> = open.iter().map(|receipt| receipt.epc.as_str()).collect();
    rows.extend(
        awaiting.iter().filter(|epc| items.contains(epc.as_str()) && !listed.contains(epc.as_str())).map(
            |epc| ExpectedReceipt {
                epc: epc.clone(),
                notice_id: None,
                consignor: None,
                site_gln: site.as_str().to_owned(),
                state: ReceiptState::AwaitingData,
                updated_at: at,
            },
        ),
    );
    if !rows.is_empty() {
        store::expected_receipt::upsert(conn, &rows).await?;
    }
    Ok(())
}
