//! What the organisations of a history try, honest or not.

use gs1::Gtin;
use ledger::directory::{GovernedAct, GovernedChange, OrganisationStanding, ProductDetails};
use ledger::testkit::{change, commission, organisation_key, recall, validator_key};
use ledger::{
    DirectoryChange, Hash, Height, OrganisationId, Rules, SignedBatch, StatusUpdate, Validator, ValidatorSet,
};
use lifecycle::Transition;

use super::{PACKS, World, lot_of};
use crate::model::{
    Act, Attempt, Decree, Governance, HOUR_MS, MAKER, ORGANISATIONS, Opening, REGULATOR, RIVAL,
};

/// What one organisation hands in for a block.
pub struct Plan {
    pub by: u32,
    pub decree: Option<Decree>,
    pub attempts: Vec<Attempt>,
}

impl World {
    fn attempt(&mut self, by: u32, block_time_ms: u64) -> Attempt {
        use Act::{Commission, Destroy, Dispense, Export, Lock, Sample, Steal, Undo, Unlock};
        let dice = &mut self.dice;
        let pack = dice.below(PACKS as u64) as usize;
        let issuer = match by {
            RIVAL if !dice.one_in(3) => RIVAL,
            _ if dice.one_in(24) => dice.pick(&[by, RIVAL]),
            _ => MAKER,
        };
        let known = self.model.packs.get(&(issuer, pack)).copied();
        let version = known.map_or(0, |known| known.version);
        let own = known.is_some_and(|known| known.is_undoable_by(by));
        let act = match by {
            _ if known.is_none() && (by == MAKER || by == RIVAL || dice.one_in(6)) => Commission,
            _ if own && dice.one_in(2) => Undo,
            MAKER | RIVAL => {
                dice.pick(&[Commission, Lock, Unlock, Sample, Destroy, Steal, Export, Undo, Dispense])
            }
            2 => dice.pick(&[Lock, Unlock, Dispense, Undo, Sample, Undo, Steal, Destroy]),
            _ => dice.pick(&[Dispense, Dispense, Dispense, Undo, Undo, Undo, Sample, Destroy, Lock, Unlock]),
        };
        let by_site = if dice.one_in(8) { 1 + dice.below(ORGANISATIONS.into()) as u32 } else { by };
        let height = self.network.state.height.0;
        let checked = match dice.below(12) {
            0 => height + 1,
            1 | 2 => height.saturating_sub(dice.below(6)),
            _ => height,
        };
        Attempt {
            act,
            pack,
            by,
            issuer,
            site: by_site,
            version: match dice.below(12) {
                0 => version + 1,
                1 => version.saturating_sub(1),
                _ => version,
            },
            opening: self.opening(),
            site_time_ms: self.site_time(block_time_ms),
            checked,
        }
    }

    fn opening(&mut self) -> Opening {
        const OTHERS: [Opening; 4] =
            [Opening::Forged, Opening::OtherVersion, Opening::OtherPack, Opening::Absent];
        if self.dice.one_in(8) { self.dice.pick(&OTHERS) } else { Opening::Right }
    }

    /// On both sides of both bounds, and between.
    fn site_time(&mut self, block_time_ms: u64) -> u64 {
        let late = self.dice.pick(&[0, HOUR_MS, 71 * HOUR_MS, 72 * HOUR_MS, 72 * HOUR_MS + 1, 73 * HOUR_MS]);
        match self.dice.below(16) {
            0 => block_time_ms + 2_000,
            1 => block_time_ms + 2_001,
            2..=5 => block_time_ms - late,
            _ => block_time_ms,
        }
    }

    fn decree(&mut self, by: u32) -> Option<Decree> {
        if self.dice.one_in(9) {
            return Some(self.governed());
        }
        let dice = &mut self.dice;
        match by {
            REGULATOR if dice.one_in(3) => {
                let suspended = (1..=ORGANISATIONS).find(|id| self.model.suspended[*id as usize]);
                let any = 1 + dice.below(ORGANISATIONS.into()) as u32;
                let of = suspended.filter(|_| !dice.one_in(4)).unwrap_or(any);
                let suspended = !self.model.suspended[of as usize];
                Some(Decree::Standing { of, suspended })
            }
            _ if dice.one_in(20) => Some(Decree::Recall { lot: dice.below(3) as usize }),
            _ if dice.one_in(20) => Some(Decree::Register),
            _ if dice.one_in(30) => Some(Decree::Standing { of: 3, suspended: true }),
            _ => None,
        }
    }

    /// A change by quorum, for which enough governors have signed or not, whoever carries it.
    fn governed(&mut self) -> Decree {
        let (dice, model) = (&mut self.dice, &self.model);
        let height = self.network.state.height.0 + 1;
        let of = 1 + dice.below(ORGANISATIONS.into()) as u32;
        let members = (dice.below(32) as u32) & 0b1_1110;
        let act = match dice.below(4) {
            0 => Governance::Validators { of: members.max(0b10) },
            1 => Governance::Rules {
                version: model.version + if dice.one_in(6) { 2 } else { 1 },
                undo_days: dice.pick(&[5, 10, 12, 40]),
            },
            _ => Governance::Standing { of, suspended: !model.suspended[of as usize] },
        };
        Decree::Governed {
            number: if dice.one_in(8) { model.number } else { model.number + 1 + dice.below(2) },
            effective: height + dice.pick(&[1, 2, 2, 2, 3, 4]),
            act,
            approving: if dice.one_in(4) { members } else { model.governors },
        }
    }

    pub fn plans(&mut self, block_time_ms: u64) -> Vec<Plan> {
        if self.model.packs.is_empty() && !self.dice.one_in(3) {
            return vec![self.first(block_time_ms)];
        }
        if self.dice.one_in(8) {
            return self.rush(block_time_ms);
        }
        let mut authors: Vec<u32> = (1..=ORGANISATIONS).collect();
        let count = self.dice.below(4) as usize;
        let mut plans = Vec::new();
        for _ in 0..count {
            let by = authors.swap_remove(self.dice.below(authors.len() as u64) as usize);
            let attempts: Vec<_> = (0..self.dice.below(3)).map(|_| self.attempt(by, block_time_ms)).collect();
            let counterfeit = |attempt: &Attempt| attempt.issuer == RIVAL && attempt.act == Act::Commission;
            if attempts.iter().any(counterfeit) {
                self.count("counterfeit");
            }
            let decree = self.decree(by);
            plans.push(Plan { by, decree, attempts });
        }
        plans
    }

    /// The maker commissions every pack, so that there is something to try.
    fn first(&mut self, site_time_ms: u64) -> Plan {
        let (act, opening, checked) = (Act::Commission, Opening::Absent, self.network.state.height.0);
        let (by, issuer, site, version) = (MAKER, MAKER, MAKER, 0);
        let all = 0..PACKS;
        let attempts = all
            .map(|pack| Attempt { act, pack, by, issuer, site, version, opening, site_time_ms, checked })
            .collect();
        Plan { by, decree: None, attempts }
    }

    /// Everybody who may dispense dispenses one pack at the same instant, in any order.
    fn rush(&mut self, site_time_ms: u64) -> Vec<Plan> {
        self.count("rush");
        let pack = self.dice.below(PACKS as u64) as usize;
        let version = self.model.packs.get(&(MAKER, pack)).map_or(0, |known| known.version);
        let checked = self.network.state.height.0;
        let mut authors = vec![2, 3, 5];
        let mut plans = Vec::new();
        while !authors.is_empty() {
            let by = authors.swap_remove(self.dice.below(authors.len() as u64) as usize);
            let (act, opening, issuer) = (Act::Dispense, Opening::Right, MAKER);
            let attempt =
                Attempt { act, pack, by, issuer, site: by, version, opening, site_time_ms, checked };
            plans.push(Plan { by, decree: None, attempts: vec![attempt] });
        }
        plans
    }

    fn update(&self, attempt: &Attempt) -> StatusUpdate {
        let pack = &self.packs[attempt.pack];
        let issuer = OrganisationId(attempt.issuer);
        let timed = |update| StatusUpdate {
            record_key: pack.record_key(issuer),
            issuer,
            site_time_ms: attempt.site_time_ms,
            checked: Height(attempt.checked),
            ..update
        };
        let transition = match attempt.act {
            Act::Commission => {
                let lot = lot_of(attempt.pack % 2);
                let update = commission(&self.network, pack, lot);
                return timed(StatusUpdate { version: attempt.version, ..update });
            }
            Act::Dispense => Transition::Dispense,
            Act::Undo => Transition::Undo,
            Act::Lock => Transition::Lock,
            Act::Unlock => Transition::Unlock,
            Act::Sample => Transition::Sample,
            Act::Destroy => Transition::Destroy,
            Act::Steal => Transition::ReportStolen,
            Act::Export => Transition::Export,
        };
        let honest = change(&self.network, pack, transition, attempt.version, OrganisationId(attempt.site));
        let opening = match attempt.opening {
            Opening::Right => honest.opening,
            Opening::Forged => Some(Hash([0xee; 32])),
            Opening::OtherVersion => Some(pack.opening(attempt.version ^ 1)),
            Opening::OtherPack => Some(self.packs[(attempt.pack + 1) % PACKS].opening(attempt.version)),
            Opening::Absent => None,
        };
        timed(StatusUpdate { opening, ..honest })
    }

    pub fn sign(&mut self, plan: &Plan) -> SignedBatch {
        let changes = plan.decree.map(|decree| self.change_of(decree));
        let updates = plan.attempts.iter().map(|attempt| self.update(attempt)).collect();
        let events = vec![Hash([7; 32]); plan.attempts.len()];
        self.network.batch(OrganisationId(plan.by), &events, changes.into_iter().collect(), updates)
    }

    fn change_of(&self, decree: Decree) -> DirectoryChange {
        match decree {
            Decree::Recall { lot: 2 } => recall(None),
            Decree::Recall { lot } => recall(Some(lot_of(lot))),
            Decree::Register => DirectoryChange::RegisterProduct(ProductDetails {
                gtin: Gtin::new("09521568251211").unwrap(),
                name: "Example 10 mg tablets".to_owned(),
                form: "tablet".to_owned(),
                strength: "10 mg".to_owned(),
            }),
            Decree::Standing { of, suspended } => DirectoryChange::SetStanding {
                organisation: OrganisationId(of),
                standing: standing(suspended),
                reason: "inspection".to_owned(),
            },
            Decree::Governed { number, effective, act, approving } => {
                let network = &self.network.state.network;
                let mut change = GovernedChange::new(number, Height(effective), act_of(act));
                for governor in members(approving) {
                    change.approve(network, governor, &organisation_key(governor));
                }
                DirectoryChange::Governed(change)
            }
        }
    }
}

fn standing(suspended: bool) -> OrganisationStanding {
    if suspended { OrganisationStanding::Suspended } else { OrganisationStanding::Good }
}

/// The organisations of a set of bits.
pub fn members(set: u32) -> impl Iterator<Item = OrganisationId> {
    (1..=ORGANISATIONS).filter(move |id| set & 1 << id != 0).map(OrganisationId)
}

fn act_of(act: Governance) -> GovernedAct {
    match act {
        Governance::Standing { of, suspended } => GovernedAct::SetStanding {
            organisation: OrganisationId(of),
            standing: standing(suspended),
            reason: "inspection".to_owned(),
        },
        Governance::Validators { of } => {
            let voter = |organisation| Validator {
                organisation,
                public_key: validator_key(organisation).public_key(),
                power: 1,
            };
            GovernedAct::SetValidators { validators: ValidatorSet::new(members(of).map(voter).collect()) }
        }
        Governance::Rules { version, undo_days } => {
            let mut rules = Rules { version, ..Rules::eu() };
            let windows = rules.matrix.0.iter_mut().filter_map(|row| row.undo_window_ms.as_mut());
            windows.for_each(|window| *window = undo_days * 24 * HOUR_MS);
            GovernedAct::SetRules { rules }
        }
    }
}
