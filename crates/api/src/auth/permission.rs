//! What a client may do, one permission a kind of operation.

use std::fmt;

/// A permission as a type, for [`Allowed`](super::Allowed).
pub trait Required: 'static {
    /// The permission that the type stands for.
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal;)+) => {
        /// One thing that a client may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Permission {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Permission {
            /// Every permission.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name in the database, on the command line and in the OpenAPI document.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it allows.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)+),)+ }
            }
        }

        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy)]
            pub enum $variant {}

            impl Required for $variant {
                const PERMISSION: Permission = Permission::$variant;
            }
        )+
    };
}

permissions! {
    /// Capture EPCIS events and follow capture jobs.
    Capture = "capture";
    /// Query the organisation's EPCIS events and receipts.
    Query = "query";
    /// Ask whether a pack is genuine and may be dispensed.
    Authenticate = "authenticate";
    /// Dispense packs at the client's site, and undo it.
    Dispense = "dispense";
    /// Change packs at the client's site otherwise than by dispensing: sample, export, destroy, lock, report stolen.
    ChangeState = "change_state";
    /// Ship goods from the client's site.
    Ship = "ship";
    /// Receive goods at the client's site, and see what is expected there.
    Receive = "receive";
    /// Recall lots and products, and withdraw recalls.
    Recall = "recall";
    /// Register and change products and lots.
    RegisterProduct = "register_product";
    /// Look up any pack's history, as a regulator.
    LookUp = "look_up";
    /// Read and answer alerts.
    Alerts = "alerts";
    /// Read the ledger: head, blocks, receipts.
    LedgerRead = "ledger_read";
    /// Read the service's metrics.
    Metrics = "metrics";
    /// Create and revoke API keys.
    AdministerKeys = "administer_keys";
    /// Subscribe to EPCIS queries, by webhook and by WebSocket.
    Subscribe = "subscribe";
}

/// The name is not one of [`Permission::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no permission {0:?}")]
pub struct UnknownPermission(pub String);

impl std::str::FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL.iter().copied().find(|p| p.name() == text).ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions(u32);

impl Permissions {
    /// No permission.
    pub const NONE: Self = Self(0);

    /// Whether `permission` is in the set.
    #[must_use]
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// The permissions in the set, in their order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |p| self.contains(*p))
    }

    /// Their names, as the database keeps them.
    #[must_use]
    pub fn names(self) -> Vec<String> {
        self.iter().map(|p| p.name().to_owned()).collect()
    }

    /// The set of these names.
    ///
    /// # Errors
    /// [`UnknownPermission`] for a name that is none.
    pub fn of_names<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self, UnknownPermission> {
        names.into_iter().map(|name| name.as_ref().parse::<Permission>()).collect()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |set, p| set | 1 << p as u8))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Permission::name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sets_convert_without_loss() {
        const { assert!(Permission::ALL.len() <= u32::BITS as usize) };
        let all: Permissions = Permission::ALL.iter().copied().collect();
        assert_eq!(Permissions::of_names(all.names()).unwrap(), all);
        assert!(Permissions::of_names(["capture", "fly"]).is_err());
        let one: Permissions = [Permission::Dispense].into_iter().collect();
        assert!(one.contains(Dispense::PERMISSION) && !one.contains(Capture::PERMISSION));
    }
}
