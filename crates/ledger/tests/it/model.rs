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
    /// A change by quorum.
    Governed { number: u64, effective: u64, act: Governance, approving: u32 },
}

/// What governors change. Sets of organisations are bits, the first organisation's being 1 << 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Governance {
    Standing {
        of: u32,
        suspended: bool,
    },
    /// Who votes, and so who governs.
    Validators {
        of: u32,
    },
    /// Rules of this version, with another time in which a dispense may be taken back.
    Rules {
        version: u32,
        undo_days: u64,
    },
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
#[derive(Debug, Clone)]
pub struct Model {
    /// By issuer and pack.
    pub packs: BTreeMap<(u32, usize), Pack>,
    recalled: [bool; 3],
    registered: bool,
    last_recall: u64,
    pub suspended: [bool; ORGANISATIONS as usize + 1],
    pub governors: u32,
    pub version: u32,
    pub undo_days: u64,
    /// Number of the last governed change.
    pub number: u64,
    /// Height, number, act of what is to come.
    pending: BTreeMap<(u64, u64), Governance>,
    pub dropped: u32,
}

impl Default for Model {
    fn default() -> Self {
        Model {
            packs: BTreeMap::new(),
            recalled: [false; 3],
            registered: false,
            last_recall: 0,
            suspended: [false; ORGANISATIONS as usize + 1],
            governors: 0b1_1110,
            version: 1,
            undo_days: 10,
            number: 0,
            pending: BTreeMap::new(),
            dropped: 0,
        }
    }
}

impl Pack {
    /// Whether this organisation could take the last change back, were it in time and at its site.
    pub fn is_undoable_by(&self, by: u32) -> bool {
        self.by == by && matches!(self.state, State::Supplied | State::Sampled)
    }
}

impl Model {
    /// Begins the block at `height`: what governors decided for it takes effect.
    pub fn open(&mut self, height: u64) {
        let later = self.pending.split_off(&(height + 1, 0));
        for act in std::mem::replace(&mut self.pending, later).into_values() {
            match act {
                // A set of validators has been named by the header before: it is never dropped.
                Governance::Validators { of } => self.governors = of,
                act if !self.fits(act) => self.dropped += 1,
                Governance::Standing { of, suspended } => self.suspended[of as usize] = suspended,
                Governance::Rules { version, undo_days } => {
                    (self.version, self.undo_days) = (version, undo_days);
                }
            }
        }
    }

    fn fits(&self, act: Governance) -> bool {
        match act {
            Governance::Standing { of, suspended } => self.suspended[of as usize] != suspended,
            Governance::Validators { of } => {
                of != 0 && (1..=ORGANISATIONS).all(|id| of & 1 << id == 0 || !self.suspended[id as usize])
            }
            Governance::Rules { version, .. } => version == self.version + 1,
        }
    }

    fn governed(
        &mut self,
        (number, effective): (u64, u64),
        act: Governance,
        approving: u32,
        height: u64,
    ) -> bool {
        let enough = approving.count_ones() * 3 > self.governors.count_ones() * 2;
        let permitted = enough && approving & !self.governors == 0;
        let in_order = number > self.number && effective >= height + 2;
        if !permitted || !in_order || !self.fits(act) {
            return false;
        }
        self.number = number;
        self.pending.insert((effective, number), act);
        true
    }

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
            Decree::Governed { number, effective, act, approving } => {
                self.governed((number, effective), act, approving, height)
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
        let Some(state) = after(before, attempt, block_time_ms, self.undo_days) else {
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

fn after(before: Option<Pack>, attempt: &Attempt, block_time_ms: u64, undo_days: u64) -> Option<State> {
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
            let by_site = attempt.site_time_ms <= pack.site_time_ms + undo_days * DAY_MS;
            let by_block = block_time_ms <= pack.block_time_ms + (undo_days + 3) * DAY_MS;
            (own && by_site && by_block).then_some(State::Active)
        }
        _ => None,
    }
}
