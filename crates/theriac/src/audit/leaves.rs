//! All leaves of this organisation's batches: nine bytes each.

/// The leaf's content is known: its batch's leaves are whole.
const KNOWN: u8 = 1;
/// An event of the database has it.
const CLAIMED: u8 = 2;
/// A status update names it as its cause: it is an event's.
const REFERRED: u8 = 4;

/// Leaves that may be skipped at once where a batch is missing: four thousand of the largest.
const GAP_MAX: u64 = 1 << 24;

/// Leaves by their number.
#[derive(Debug, Default)]
pub struct Leaves {
    short: Vec<u64>,
    flags: Vec<u8>,
}

impl Leaves {
    /// Makes room for a batch's leaves. `false`: its numbers are too far off to be true.
    pub fn grow(&mut self, first: u64, count: u32) -> bool {
        let have = self.short.len() as u64;
        let Some(end) = first.checked_add(count.into()).filter(|end| *end <= have.saturating_add(GAP_MAX))
        else {
            return false;
        };
        if end > have {
            self.short.resize(end as usize, 0);
            self.flags.resize(end as usize, 0);
        }
        true
    }

    fn flag(&mut self, number: u64, flag: u8) {
        let place = usize::try_from(number).ok();
        if let Some(flags) = place.and_then(|place| self.flags.get_mut(place)) {
            *flags |= flag;
        }
    }

    fn has(&self, number: u64, flag: u8) -> bool {
        let place = usize::try_from(number).ok();
        place.and_then(|place| self.flags.get(place)).is_some_and(|flags| flags & flag != 0)
    }

    /// Notes a leaf's content, by its short hash.
    pub fn know(&mut self, number: u64, short: u64) {
        if let Some(place) = usize::try_from(number).ok().filter(|place| *place < self.short.len()) {
            self.short[place] = short;
            self.flags[place] |= KNOWN;
        }
    }

    /// Notes that a status update names it.
    pub fn refer(&mut self, number: u64) {
        self.flag(number, REFERRED);
    }

    /// Notes that an event has it.
    pub fn claim(&mut self, number: u64) {
        self.flag(number, CLAIMED);
    }

    /// Whether its content is known.
    pub fn is_known(&self, number: u64) -> bool {
        self.has(number, KNOWN)
    }

    /// Whether an event has it.
    pub fn is_claimed(&self, number: u64) -> bool {
        self.has(number, CLAIMED)
    }

    /// Whether a status update names it.
    pub fn is_referred(&self, number: u64) -> bool {
        self.has(number, REFERRED)
    }

    /// Whether it is known to have this content.
    pub fn is(&self, number: u64, short: u64) -> bool {
        self.is_known(number) && usize::try_from(number).ok().is_some_and(|place| self.short[place] == short)
    }

    /// Leaves that no event has, by content.
    pub fn unclaimed(&self) -> std::collections::HashMap<u64, u64> {
        let free = |number: &u64| self.is_known(*number) && !self.is_claimed(*number);
        (0..self.short.len() as u64)
            .filter(free)
            .map(|number| (self.short[number as usize], number))
            .collect()
    }
}
