//! What should happen, said a second time and independently: no call into the rules under test.

use std::collections::BTreeMap;

/// Milliseconds in an hour.
pub const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// How many organisations take part: maker, distributor, pharmacy, regulator, another pharmacy.
pub const ORGANISATIONS: u32 = 5;
/// The maker, whose product it is.
pub const MAKER: u32 = 1;
/// The authority.
pub const REGULATOR: u32 = 4;

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

/// One attempt.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    pub act: Act,
    pub pack: usize,
    pub by: u32,
    /// Organisation whose site it happens at.
    pub site: u32,
    pub version: u32,
    /// Whether the opening is the label's.
    pub opened: bool,
    pub site_time_ms: u64,
    pub checked: u64,
}

/// A change to the directory.
#[derive(Debug, Clone, Copy)]
pub enum Decree {
    /// Recall of one of two lots.
    Recall { lot: usize },
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
    pub packs: BTreeMap<usize, Pack>,
    recalled: [bool; 2],
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
    pub fn attempt(&mut self, attempt: &Attempt, block_time_ms: u64) -> bool {
        let not_ahead = attempt.site_time_ms <= block_time_ms + 2_000;
        let not_old = block_time_ms <= attempt.site_time_ms + 72 * HOUR_MS;
        let informed = attempt.checked >= self.last_recall;
        if !(not_ahead && not_old && informed) {
            return false;
        }
        let before = self.packs.get(&attempt.pack).copied();
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
        self.packs.insert(attempt.pack, pack);
        true
    }
}

fn after(before: Option<Pack>, attempt: &Attempt, block_time_ms: u64) -> Option<State> {
    let Some(pack) = before else {
        let fresh = attempt.act == Act::Commission && attempt.by == MAKER && attempt.version == 0;
        return fresh.then_some(State::Active);
    };
    if attempt.version != pack.version || !(attempt.opened || attempt.by == MAKER) {
        return None;
    }
    // 1 maker, 2 distributor, 3 and 5 pharmacies, 4 regulator.
    let by = attempt.by;
    match (pack.state, attempt.act) {
        (State::Active, Act::Dispense) => matches!(by, 2 | 3 | 5).then_some(State::Supplied),
        (State::Active, Act::Sample) => Some(State::Sampled),
        (State::Active, Act::Lock) => matches!(by, 1 | 2).then_some(State::Locked),
        (State::Locked, Act::Unlock) => matches!(by, 1 | 2).then_some(State::Active),
        (State::Active, Act::Destroy) => matches!(by, 1 | 2 | 3 | 5).then_some(State::Destroyed),
        (State::Locked, Act::Destroy) => matches!(by, 1 | 2).then_some(State::Destroyed),
        (State::Active, Act::Steal) => matches!(by, 1 | 2).then_some(State::Stolen),
        (State::Active, Act::Export) => matches!(by, 1 | 2).then_some(State::Exported),
        (State::Supplied | State::Sampled, Act::Undo) => {
            let own = pack.by == by && pack.site == Some(attempt.site);
            let in_ten_days = attempt.site_time_ms <= pack.site_time_ms + 10 * DAY_MS;
            let in_thirteen = block_time_ms <= pack.block_time_ms + 13 * DAY_MS;
            (own && in_ten_days && in_thirteen).then_some(State::Active)
        }
        _ => None,
    }
}
