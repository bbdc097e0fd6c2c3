//! The checks, in order, and what they prove.

use ledger::commitment::Disclosure;
use ledger::evidence::Evidence;
use ledger::receipt::{Anchor, Broken, EventReceipt, ItemReceipt, SignedHeader};
use ledger::trust::{Trust, Voters};
use ledger::{BlockHeader, Directory, DirectoryChange, Genesis, Item, OrganisationId, Outcome};
use serde_json::{Value, json};

use crate::input::Proof;
use crate::limits::FIELDS_SHOWN_MAX;
use crate::report::{AsOf, Report, Trusted, time_text};

/// How old a proof may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// Seconds from the proof's last block to now.
    pub max_seconds: u64,
    /// Now, in milliseconds since 1970 UTC.
    pub now_ms: u64,
}

/// Verifies a proof on the trust of a genesis: its validators, and its directory for names and owners.
pub fn verify(proof: &Proof, genesis: &Genesis, event: Option<&Disclosure>, age: Option<Age>) -> Report {
    let trusted = Trusted { genesis: genesis.name.clone(), network: genesis.network().to_string() };
    let mut verifier = Verifier {
        voters: Voters::of_genesis(genesis),
        directory: genesis.directory(),
        ahead_max_ms: genesis.rules.block_ahead_max_ms,
        checks: Vec::new(),
    };
    let result = match proof {
        Proof::Event(receipt) => verifier.event(receipt, event),
        Proof::Item(receipt) => verifier.item(receipt),
        Proof::Evidence(evidence) => verifier.evidence(evidence),
    };
    let result = result.and_then(|claim| verifier.age(claim, age));
    let (claim, broken) = match result {
        Ok(claim) => (Some(claim), None),
        Err(broken) => (None, Some(broken)),
    };
    let as_of =
        claim.as_ref().map(|claim| AsOf { height: claim.last.height.0, time: time_text(claim.last.time_ms) });
    let claim = claim.map(|claim| (claim.proves, claim.facts, claim.limits));
    let (proves, facts, limits) = claim.unwrap_or((Vec::new(), Value::Null, Vec::new()));
    Report {
        proven: broken.is_none(),
        kind: proof.kind(),
        found_in: None,
        broken,
        checks: verifier.checks,
        proves,
        facts,
        as_of,
        trusted,
        limits,
        ignored: Vec::new(),
    }
}

/// What holds once every link does.
struct Claim {
    proves: Vec<String>,
    facts: Value,
    limits: Vec<String>,
    last: BlockHeader,
}

struct Verifier {
    voters: Voters,
    directory: Directory,
    /// How far the network lets a block's time be ahead of a clock.
    ahead_max_ms: u64,
    checks: Vec<String>,
}

impl Verifier {
    fn trust(&self) -> Trust<'_> {
        self.voters.trust()
    }

    fn name(&self, id: OrganisationId) -> String {
        match self.directory.organisation(id) {
            Some(organisation) => format!("organisation {id} ({})", organisation.name),
            None => format!("organisation {id}"),
        }
    }

    fn event(&mut self, receipt: &EventReceipt, event: Option<&Disclosure>) -> Result<Claim, String> {
        receipt.verify(self.trust()).map_err(broken)?;
        let EventReceipt { commitment, path, anchor } = receipt;
        let (number, author) = (receipt.event(), self.name(anchor.batch.author));
        let leaf = format!("leaf {} of {}", path.index + 1, path.size);
        let sequence = anchor.batch.sequence;
        self.checks.push(format!("commitment {commitment} is {leaf} in batch {sequence} of {author}"));
        self.anchor(anchor);
        let block = &anchor.block.header;
        let when = time_text(block.time_ms);
        let mut proves =
            vec![format!("event {number} of {author} is anchored since block {}, {when}", block.height)];
        if let Some(disclosure) = event {
            disclosure.verify(commitment).map_err(|error| format!("event in commitment: {error}"))?;
            let (shown, count) = (disclosure.shown.len(), disclosure.count);
            self.checks.push(format!("the {shown} fields shown, of {count}, are those committed to"));
            proves.extend(fields(disclosure));
        }
        Ok(Claim {
            proves,
            facts: json!({
                "event": number,
                "organisation": anchor.batch.author,
                "commitment": commitment,
                "block": block.height,
                "anchored_at": when,
            }),
            limits: vec![
                "the receipt proves that the event is anchored, not that what it says is true".to_owned(),
            ],
            last: block.clone(),
        })
    }

    fn item(&mut self, receipt: &ItemReceipt) -> Result<Claim, String> {
        receipt.verify(self.trust()).map_err(broken)?;
        let ItemReceipt { item, path, anchor, outcome, next, .. } = receipt;
        let (what, author) = (described(item), self.name(anchor.batch.author));
        let sequence = anchor.batch.sequence;
        let place = format!("item {} of {} in batch {sequence} of {author}", path.index + 1, path.size);
        self.checks.push(format!("{what} is {place}"));
        self.anchor(anchor);
        let (block, next_height) = (&anchor.block.header, next.header.height);
        let became = match outcome {
            Outcome::Accepted => "accepted".to_owned(),
            Outcome::Refused(refusal) => format!("refused ({}): {refusal}", refusal.as_str()),
        };
        self.checks.push(format!("its result is in block {next_height}: {became}"));
        self.decided(next);
        let when = time_text(block.time_ms);
        Ok(Claim {
            proves: vec![format!("{what} by {author} in block {}, {when}, was {became}", block.height)],
            facts: json!({
                "item": item,
                "organisation": anchor.batch.author,
                "outcome": outcome,
                "block": block.height,
                "decided_at": when,
            }),
            limits: vec!["a later change may have followed".to_owned()],
            last: next.header.clone(),
        })
    }

    fn evidence(&mut self, evidence: &Evidence) -> Result<Claim, String> {
        let proven = evidence.verify(self.trust(), &self.directory).map_err(broken)?;
        self.checks.extend(proven.checks);
        self.decided(&evidence.head);
        let (gtin, serial, issuer) = (&evidence.gtin, &evidence.serial, self.name(evidence.issuer));
        let product = self.directory.product(gtin).map(|product| format!(", {}", product.name));
        let mut proves = vec![format!(
            "pack (01){gtin}(21){serial} of {issuer}{}: {} after {} changes shown",
            product.unwrap_or_default(),
            proven.state.as_str(),
            proven.changes
        )];
        proves.extend(evidence.stops.iter().map(|stop| self.stopped(stop)));
        Ok(Claim {
            proves,
            facts: json!({
                "gtin": gtin,
                "serial": serial,
                "issuer": evidence.issuer,
                "lot": evidence.lot,
                "state": proven.state,
                "changes": proven.changes,
                "stopped": proven.stopped,
            }),
            limits: vec![
                "this is the chain of receipts of the pack's changes: it does not prove that no later change, \
                 recall or withdrawal exists"
                    .to_owned(),
            ],
            last: evidence.head.header.clone(),
        })
    }

    fn stopped(&self, stop: &ItemReceipt) -> String {
        let block = &stop.anchor.block.header;
        let (by, when) = (self.name(stop.anchor.batch.author), time_text(block.time_ms));
        format!("{} by {by}, from block {} on, {when}", described(&stop.item), block.height)
    }

    fn anchor(&mut self, anchor: &Anchor) {
        let (batch, path, header) = (anchor.batch.hash(), &anchor.path, &anchor.block.header);
        let place = format!("batch {} of {}", path.index + 1, path.size);
        self.checks.push(format!("batch {batch} is {place} in block {}", header.height));
        self.decided(&anchor.block);
    }

    fn decided(&mut self, block: &SignedHeader) {
        let SignedHeader { header, certificate } = block;
        let Some(validators) = self.voters.at(header.height) else { return };
        let (signed, all) = (certificate.signatures.len(), validators.len());
        let voters = certificate.signatures.iter().filter_map(|commit| validators.get(&commit.address));
        let power = voters.fold(0u64, |sum, voter| sum.saturating_add(voter.power));
        let total = validators.power();
        let (height, hash, round) = (header.height, header.hash(), certificate.round);
        self.checks.push(format!(
            "block {height} {hash} is decided: {signed} of {all} validators, power {power} of {total}, round {round}"
        ));
    }

    fn age(&mut self, claim: Claim, age: Option<Age>) -> Result<Claim, String> {
        let Some(Age { max_seconds, now_ms }) = age else {
            return Ok(claim);
        };
        let ahead_ms = claim.last.time_ms.saturating_sub(now_ms);
        if ahead_ms > self.ahead_max_ms {
            let (height, seconds) = (claim.last.height, ahead_ms.div_ceil(1_000));
            return Err(format!("age: block {height} is {seconds} s in the future"));
        }
        let age_ms = now_ms.saturating_sub(claim.last.time_ms);
        if age_ms > max_seconds.saturating_mul(1_000) {
            let seconds = age_ms.div_ceil(1_000);
            let height = claim.last.height;
            return Err(format!(
                "age: block {height} is {seconds} s old, more than the {max_seconds} s permitted"
            ));
        }
        self.checks.push(format!("its last block is {} s old, within {max_seconds} s", age_ms / 1_000));
        Ok(claim)
    }
}

fn broken(broken: Broken) -> String {
    broken.to_string()
}

/// An item in a few words.
fn described(item: &Item) -> String {
    match item {
        Item::Update(update) => {
            let (what, key, version) = (update.transition.as_str(), update.record_key, update.version);
            format!("{what} of record {key} at version {version}")
        }
        Item::Change(DirectoryChange::RegisterProduct(product)) => {
            format!("registration of product {} ({})", product.gtin, product.name)
        }
        Item::Change(DirectoryChange::Stop { gtin, lot, class, reason }) => match lot {
            Some(lot) => format!("recall of lot {lot} of product {gtin}, class {class:?}, \"{reason}\""),
            None => format!("withdrawal of product {gtin}, class {class:?}, \"{reason}\""),
        },
        Item::Change(DirectoryChange::SetStanding { organisation, standing, reason }) => {
            let standing = format!("{standing:?}").to_lowercase();
            format!("setting organisation {organisation}'s standing to {standing}, \"{reason}\"")
        }
        Item::Change(DirectoryChange::Governed(change)) => {
            let (number, effective, count) = (change.number, change.effective, change.approvals.len());
            format!("governed change {number}, from block {effective} on, with {count} approvals")
        }
    }
}

fn fields(disclosure: &Disclosure) -> Vec<String> {
    let shown = disclosure.shown.iter().take(FIELDS_SHOWN_MAX);
    let mut lines: Vec<String> = shown.map(|field| format!("{} = {}", field.name, field.value)).collect();
    let more = disclosure.shown.len().saturating_sub(FIELDS_SHOWN_MAX);
    if more > 0 {
        lines.push(format!("and {more} more fields"));
    }
    lines
}
