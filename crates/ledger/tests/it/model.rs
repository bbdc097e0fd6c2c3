//! What should happen, said a second time and independently: no call into the rules under test.

use std::collections::BTreeMap;

/// Milliseconds in an hour.
pub const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// How many organisations take part: maker, distributor, pharmacy, regulator, another pharmacy, another maker.
pub const ORGANISATIONS: u32 = 6;
/// The maker, whose product it is.
pub const MAKER: u32 = 1;
/// The authority.
pub const REGULATOR: u32 = 4;
/// A maker that may commission in its own space alone, whatever the packs are called there.
pub const RIVAL: u32 = 6;

/// What somebody tries with a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    Commission,
    Dispense,
    Undo,
    Lock,
    Unlock,
    Sample,
    Destroy,
    Steal,
    Export,
}

/// A pack's state, as the model sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Active,
    Supplied,
    Sampled,
    Locked,
    Destroyed,
    Stolen,
    Exported,
}

impl State {
    /// Whether nothing leads out.
    pub fn is_terminal(self) -> bool {
        matches!(self, State::Destroyed | State::Stolen | State::Exported)
    }
}

/// What an attempt reveals to show that its author holds the pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// What the label gives for the version that the attempt names.
    Right,
    /// Made up.
    Forged,
    /// What opened the pack once, or will: read off the chain.
    OtherVersion,
    /// What opens another pack.
    OtherPack,
    /// Nothing.
    Absent,
}

/// One attempt.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    pub act: Act,
    pub pack: usize,
    pub by: u32,
    /// In whose space the record lives, as the attempt claims.
    pub issuer: u32,
    /// Organisation whose site it happens at.
    pub site: u32,
    pub version: u32,
    pub opening: Opening,
    pub site_time_ms: u64,
    pub checked: u64,
}

/// A change to the directory.
#[derive(Debug, Clone, Copy)]
pub enum Decree {
    /// Recall of one of two lots, or (2) withdrawal of the product.
    Recall { lot: usize },
    /// Registration of a second product under the maker's company prefix.
    Register,
    /// Suspension or reinstatement.
    Standing { of: u32, suspended: bool },
}

#[derive(Debug, Clone, Copy)]
pub struct Pack {
    pub state: State,
    pub version: u32,
    by: u32,
    site: Option<u32>,
    site_time_ms: u64,
    block_time_ms: u64,
}

/// The ledger as it should be.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// By issuer and pack.
    pub packs: BTreeMap<(u32, usize), Pack>,
    recalled: [bool; 3],
    registered: bool,
    last_recall: u64,
    pub suspended: [bool; ORGANISATIONS as usize + 1],
}

impl Pack {
    /// Whether this organisation could take the last change back, were it in time and at its site.
    pub fn is_undoable_by(&self, by: u32) -> bool {
        self.by == by && matches!(self.state, State::Supplied | State::Sampled)
    }
}

impl Model {
    /// Whether the decree takes effect.
    pub fn decree(&mut self, by: u32, decree: Decree, height: u64) -> bool {
        match decree {
            Decree::Recall { lot } => {
                let permitted = by == MAKER || by == REGULATOR;
                if !permitted || self.recalled[lot] {
                    return false;
                }
                self.recalled[lot] = true;
                self.last_recall = height;
                true
            }
            Decree::Register => by == MAKER && !std::mem::replace(&mut self.registered, true),
            Decree::Standing { of, suspended } => {
                if by != REGULATOR || of == by || self.suspended[of as usize] == suspended {
                    return false;
                }
                self.suspended[of as usize] = suspended;
                true
            }
        }
    }

    /// Whether the attempt takes effect.
    pub fn attempt(&mut self, attempt: &Attempt, (height, block_time_ms): (u64, u64)) -> bool {
        let not_ahead = attempt.site_time_ms <= block_time_ms + 2_000;
        let not_old = block_time_ms <= attempt.site_time_ms + 72 * HOUR_MS;
        // The recalls are of the maker's product: nobody else's packs stop for them.
        let informed =
            (attempt.issuer != MAKER || attempt.checked >= self.last_recall) && attempt.checked < height;
        if !(not_ahead && not_old && informed) {
            return false;
        }
        let before = self.packs.get(&(attempt.issuer, attempt.pack)).copied();
        let Some(state) = after(before, attempt, block_time_ms) else {
            return false;
        };
        let first = attempt.act == Act::Commission;
        let pack = Pack {
            state,
            version: if first { 0 } else { attempt.version + 1 },
            by: attempt.by,
            site: (!first).then_some(attempt.site),
            site_time_ms: attempt.site_time_ms,
            block_time_ms,
        };
        self.packs.insert((attempt.issuer, attempt.pack), pack);
        true
    }
}

fn after(before: Option<Pack>, attempt: &Attempt, block_time_ms: u64) -> Option<State> {
    let Some(pack) = before else {
        let own_space = matches!(attempt.by, MAKER | RIVAL) && attempt.by == attempt.issuer;
        let fresh = attempt.act == Act::Commission && own_space && attempt.version == 0;
        return fresh.then_some(State::Active);
    };
    if attempt.version != pack.version || !(attempt.opening == Opening::Right || attempt.by == attempt.issuer)
    {
        return None;
    }
    let by = attempt.by;
    let (maker, distributor, pharmacy) = (matches!(by, 1 | 6), by == 2, matches!(by, 3 | 5));
    let trade = maker || distributor;
    match (pack.state, attempt.act) {
        (State::Active, Act::Dispense) => (distributor || pharmacy).then_some(State::Supplied),
        (State::Active, Act::Sample) => Some(State::Sampled),
        (State::Active, Act::Lock) => trade.then_some(State::Locked),
        (State::Locked, Act::Unlock) => trade.then_some(State::Active),
        (State::Active, Act::Destroy) => (trade || pharmacy).then_some(State::Destroyed),
        (State::Locked, Act::Destroy) => trade.then_some(State::Destroyed),
        (State::Active, Act::Steal) => trade.then_some(State::Stolen),
        (State::Active, Act::Export) => trade.then_some(State::Exported),
        (State::Supplied | State::Sampled, Act::Undo) => {
            let own = pack.by == by && pack.site == Some(attempt.site);
            let in_ten_days = attempt.site_time_ms <= pack.site_time_ms + 10 * DAY_MS;
            let in_thirteen = block_time_ms <= pack.block_time_ms + 13 * DAY_MS;
            (own && in_ten_days && in_thirteen).then_some(State::Active)
        }
        _ => None,
    }
}
