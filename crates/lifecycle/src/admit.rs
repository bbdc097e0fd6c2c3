//! The one decision about a pack: may this change happen?

use serde::{Deserialize, Serialize};

use crate::{Matrix, PackState, Role, Transition, UnknownCode};

/// What is known of the pack before the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Current {
    /// State it is in.
    pub state: PackState,
    /// When its last change happened by the changing site's clock, in milliseconds since 1970 UTC.
    pub site_time_ms: u64,
    /// When its last change was agreed on, by block time, in milliseconds since 1970 UTC.
    pub block_time_ms: u64,
}

/// The change that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// What is to be done.
    pub transition: Transition,
    /// Role of the organisation that asks.
    pub role: Role,
    /// Whether it made the pack's last change.
    pub same_author: bool,
    /// Whether it asks from the site of the pack's last change.
    pub same_site: bool,
    /// When it happens by the site's clock, in milliseconds since 1970 UTC.
    pub site_time_ms: u64,
    /// Block time at which it is decided; at a site, before there is a block, the site's time again.
    pub block_time_ms: u64,
}

/// Bounds in time that the rules set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// How far a site's time may be ahead of the block's, in milliseconds.
    pub ahead_max_ms: u64,
    /// How far a site's time may be behind the block's, in milliseconds (offline sites).
    pub behind_max_ms: u64,
}

impl Default for Windows {
    fn default() -> Self {
        Windows { ahead_max_ms: 2_000, behind_max_ms: 72 * 60 * 60 * 1000 }
    }
}

/// Why a change may not happen.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No such pack was commissioned.
    #[error("this pack was never commissioned")]
    UnknownPack,
    /// The pack exists already.
    #[error("this pack was commissioned before")]
    AlreadyCommissioned,
    /// The pack is already in the state that the change leads to (EMVS A7).
    #[error("the pack is in this state already")]
    AlreadyInState,
    /// The pack's state does not permit the change (EMVS A24).
    #[error("the pack's state does not permit this")]
    WrongState,
    /// The organisation's role does not permit the change.
    #[error("an organisation of this role may not do this")]
    Role,
    /// Too late to take the change back (EMVS NMVS_NC_PCK_20).
    #[error("the time in which this could be undone has passed")]
    UndoWindow,
    /// Only the site that made the change may take it back (EMVS NMVS_NC_PCK_21).
    #[error("only the site that made the change may undo it")]
    UndoSite,
    /// The site's time is ahead of or too far behind the ledger's.
    #[error("the time given is outside what the ledger accepts")]
    Time,
    /// The pack's record has moved on since the site read it.
    #[error("the pack changed in the meantime")]
    Version,
    /// The sender did not show that it holds the pack's label.
    #[error("the sender did not prove that it holds the pack")]
    Possession,
    /// A recall or withdrawal was decided after the site's last check; check again.
    #[error("a recall or withdrawal was decided meanwhile: check again")]
    Recheck,
    /// The author may not commission for this issuer, or change its directory entries.
    #[error("the organisation may not act for this owner")]
    NotOwner,
    /// The product is not in the directory.
    #[error("the product is not registered")]
    UnknownProduct,
    /// The product is registered already.
    #[error("the product is registered already")]
    AlreadyRegistered,
    /// The lot or product is recalled or withdrawn already.
    #[error("this is recalled or withdrawn already")]
    AlreadyStopped,
    /// The organisation is not in the directory.
    #[error("the organisation is not in the directory")]
    UnknownOrganisation,
    /// Not more than two thirds of the governors signed the change, or a signature does not hold.
    #[error("not more than two thirds of the governors approve of this")]
    Quorum,
    /// The number of the governed change was used before, or a later one was.
    #[error("the number of this governed change has passed")]
    Number,
    /// The governed change takes effect too early, or too late.
    #[error("the height from which this should hold is out of bounds")]
    Effective,
    /// The governed change does not fit the directory as it is.
    #[error("this does not fit the directory as it is")]
    Unfit,
}

impl Refusal {
    /// Every refusal, in code order.
    pub const ALL: [Refusal; 20] = [
        Refusal::UnknownPack,
        Refusal::AlreadyCommissioned,
        Refusal::AlreadyInState,
        Refusal::WrongState,
        Refusal::Role,
        Refusal::UndoWindow,
        Refusal::UndoSite,
        Refusal::Time,
        Refusal::Version,
        Refusal::Possession,
        Refusal::Recheck,
        Refusal::NotOwner,
        Refusal::UnknownProduct,
        Refusal::AlreadyRegistered,
        Refusal::AlreadyStopped,
        Refusal::UnknownOrganisation,
        Refusal::Quorum,
        Refusal::Number,
        Refusal::Effective,
        Refusal::Unfit,
    ];

    /// The refusal's byte on the ledger (never 0, which stands for accepted).
    pub fn code(self) -> u8 {
        self as u8 + 1
    }

    /// The refusal with this byte.
    pub fn from_code(value: u8) -> Result<Self, UnknownCode> {
        Self::ALL
            .into_iter()
            .find(|refusal| refusal.code() == value)
            .ok_or(UnknownCode { kind: "refusal", value })
    }

    /// The refusal in one snake_case word, as in the API, SQL and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Refusal::UnknownPack => "unknown_pack",
            Refusal::AlreadyCommissioned => "already_commissioned",
            Refusal::AlreadyInState => "already_in_state",
            Refusal::WrongState => "wrong_state",
            Refusal::Role => "role",
            Refusal::UndoWindow => "undo_window",
            Refusal::UndoSite => "undo_site",
            Refusal::Time => "time",
            Refusal::Version => "version",
            Refusal::Possession => "possession",
            Refusal::Recheck => "recheck",
            Refusal::NotOwner => "not_owner",
            Refusal::UnknownProduct => "unknown_product",
            Refusal::AlreadyRegistered => "already_registered",
            Refusal::AlreadyStopped => "already_stopped",
            Refusal::UnknownOrganisation => "unknown_organisation",
            Refusal::Quorum => "quorum",
            Refusal::Number => "number",
            Refusal::Effective => "effective",
            Refusal::Unfit => "unfit",
        }
    }
}

/// Decides whether a change may happen, and what state it leads to.
///
/// Sites call it before they accept a change, executors when they execute a block; both get the same answer
/// from the same facts. Recall, withdrawal, expiry, lot and possession are judged by the callers, who alone
/// can see them.
///
/// # Errors
/// The first [`Refusal`] that applies, in the order: existence, time, state, role, undo's own conditions.
pub fn admit(
    current: Option<&Current>,
    change: &Change,
    matrix: &Matrix,
    windows: &Windows,
) -> Result<PackState, Refusal> {
    let in_time = change.site_time_ms <= change.block_time_ms.saturating_add(windows.ahead_max_ms)
        && change.site_time_ms.saturating_add(windows.behind_max_ms) >= change.block_time_ms;
    match (current, change.transition) {
        (None, Transition::Commission) if !in_time => Err(Refusal::Time),
        (None, Transition::Commission) if change.role == Role::Manufacturer => Ok(PackState::Active),
        (None, Transition::Commission) => Err(Refusal::Role),
        (None, _) => Err(Refusal::UnknownPack),
        (Some(_), Transition::Commission) => Err(Refusal::AlreadyCommissioned),
        (Some(_), _) if !in_time => Err(Refusal::Time),
        (Some(current), Transition::Undo) => admit_undo(current, change, matrix, windows),
        (Some(current), _) => admit_forward(current, change, matrix),
    }
}

fn admit_forward(current: &Current, change: &Change, matrix: &Matrix) -> Result<PackState, Refusal> {
    let Some(row) = matrix.row(current.state, change.transition) else {
        let leads_here = matrix.0.iter().any(|r| r.transition == change.transition && r.to == current.state);
        return Err(if leads_here { Refusal::AlreadyInState } else { Refusal::WrongState });
    };
    if row.roles & change.role.bit() == 0 {
        return Err(Refusal::Role);
    }
    Ok(row.to)
}

/// Art. 13 of Delegated Regulation (EU) 2016/161: same organisation, same premises, within the window.
/// The window holds when both site times lie within it and the block times within it and `behind_max_ms`.
fn admit_undo(
    current: &Current,
    change: &Change,
    matrix: &Matrix,
    windows: &Windows,
) -> Result<PackState, Refusal> {
    if current.state == PackState::Active {
        return Err(Refusal::AlreadyInState);
    }
    let Some(window_ms) = matrix.undo_window_ms(current.state) else {
        return Err(Refusal::WrongState);
    };
    if !(change.same_author && change.same_site) {
        return Err(Refusal::UndoSite);
    }
    let by_site = change.site_time_ms <= current.site_time_ms.saturating_add(window_ms);
    let slack_ms = window_ms.saturating_add(windows.behind_max_ms);
    let by_block = change.block_time_ms <= current.block_time_ms.saturating_add(slack_ms);
    if by_site && by_block { Ok(PackState::Active) } else { Err(Refusal::UndoWindow) }
}

#[cfg(test)]
mod tests;
