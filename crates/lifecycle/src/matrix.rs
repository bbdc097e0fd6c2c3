//! Who may take a pack from which state to which, as data.

use serde::{Deserialize, Serialize};

use crate::{PackState, Role, Transition};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// One permitted transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixRow {
    /// State the pack must be in.
    pub from: PackState,
    /// What is done.
    pub transition: Transition,
    /// State the pack is in afterwards.
    pub to: PackState,
    /// Who may do it: the union of [`Role::bit`].
    pub roles: u8,
    /// For how long the actor may take it back, in milliseconds; `None`: never.
    pub undo_window_ms: Option<u64>,
}

/// A jurisdiction's table of permitted transitions. At most one row for a state and a transition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matrix(pub Vec<MatrixRow>);

impl Matrix {
    /// Rows a matrix may have: every state with every transition.
    pub const ROWS_MAX: usize = PackState::ALL.len() * Transition::ALL.len();

    /// The EU table: EMVS end-user guides and Delegated Regulation (EU) 2016/161 Art. 13 (undo within ten
    /// days), Art. 16, 22, 23, 25. Where vendors differ the stricter reading is taken: an export cannot be
    /// taken back, and a pharmacy reports theft through its wholesaler.
    pub fn eu() -> Self {
        use PackState::{Active, CheckedOut, Destroyed, Exported, FreeSample, Locked, Stolen, Supplied};
        use Role::{Distributor, Manufacturer, Pharmacy, Regulator};
        let ten_days = Some(10 * DAY_MS);
        let row = |from, transition, to, roles: &[Role], undo_window_ms| MatrixRow {
            from,
            transition,
            to,
            roles: roles.iter().fold(0, |set, role| set | role.bit()),
            undo_window_ms,
        };
        let hands = [Manufacturer, Distributor, Pharmacy];
        Matrix(vec![
            row(Active, Transition::Dispense, Supplied, &[Distributor, Pharmacy], ten_days),
            row(
                Active,
                Transition::Sample,
                PackState::Sample,
                &[Manufacturer, Distributor, Pharmacy, Regulator],
                ten_days,
            ),
            row(Active, Transition::FreeSample, FreeSample, &[Manufacturer, Distributor], ten_days),
            row(Active, Transition::Export, Exported, &[Manufacturer, Distributor], None),
            row(Active, Transition::Destroy, Destroyed, &hands, None),
            row(Locked, Transition::Destroy, Destroyed, &[Manufacturer, Distributor], None),
            row(Active, Transition::ReportStolen, Stolen, &[Manufacturer, Distributor], None),
            row(Active, Transition::Lock, Locked, &[Manufacturer, Distributor], None),
            row(Locked, Transition::Unlock, Active, &[Manufacturer, Distributor], None),
            row(Active, Transition::CheckOut, CheckedOut, &[Manufacturer, Distributor], ten_days),
        ])
    }

    /// The row for this state and transition, if it is permitted to anybody.
    pub fn row(&self, from: PackState, transition: Transition) -> Option<&MatrixRow> {
        self.0.iter().find(|row| row.from == from && row.transition == transition)
    }

    /// How long a change that led to `state` may be taken back, in milliseconds, if at all.
    pub fn undo_window_ms(&self, state: PackState) -> Option<u64> {
        self.0.iter().find(|row| row.from == PackState::Active && row.to == state)?.undo_window_ms
    }

    /// Whether any row or undo leads out of this state.
    pub fn is_terminal(&self, state: PackState) -> bool {
        self.undo_window_ms(state).is_none() && !self.0.iter().any(|row| row.from == state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_state_and_transition_has_two_rows() {
        let matrix = Matrix::eu();
        for (i, row) in matrix.0.iter().enumerate() {
            let twin =
                matrix.0[i + 1..].iter().find(|r| r.from == row.from && r.transition == row.transition);
            assert_eq!(twin, None);
        }
    }

    #[test]
    fn destroyed_stolen_and_exported_are_terminal_and_nothing_else_is() {
        let matrix = Matrix::eu();
        let terminal: Vec<_> = PackState::ALL.into_iter().filter(|s| matrix.is_terminal(*s)).collect();
        assert_eq!(terminal, [PackState::Exported, PackState::Destroyed, PackState::Stolen]);
    }
}
