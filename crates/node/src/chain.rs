//! The state after the last block, shared by all parts of the node.

use std::sync::{Arc, PoisonError, RwLock};

use ledger::batch::Tip;
use ledger::codec::{Reader, Writer};
use ledger::directory::Entry;
use ledger::link::NodeStatus;
use ledger::trust::Voters;
use ledger::{
    Canonical, ChainState, DecodeError, Directory, Genesis, Hash, Height, OrganisationId, ValidatorSet,
};
use store::PgPool;

use crate::error::Error;

/// The state after the last block. Cheap to read; replaced whole when a block was indexed.
#[derive(Debug)]
pub struct Chain {
    current: RwLock<Current>,
    /// Who voted first.
    first: ValidatorSet,
}

#[derive(Debug, Clone)]
struct Current {
    state: Arc<ChainState>,
    /// Whether the last block's roots must still reach a header.
    roots_pending: bool,
}

impl Chain {
    /// Reads the state from the database, or writes that of the genesis.
    ///
    /// # Errors
    /// [`Error::State`] when the database belongs to another network or does not decode.
    pub async fn load(pool: &PgPool, genesis: &Genesis) -> Result<Self, Error> {
        let found = store::tx(pool, "load_chain", |conn| Box::pin(store::node_state::get(conn))).await?;
        let (state, roots_pending) = match found {
            None => {
                let state = ChainState::genesis(genesis);
                begin(pool, &state).await?;
                (state, false)
            }
            Some(stored) => restore(pool, genesis, stored).await?,
        };
        let current = RwLock::new(Current { state: Arc::new(state), roots_pending });
        Ok(Chain { current, first: genesis.validator_set() })
    }

    /// The state now.
    pub fn state(&self) -> Arc<ChainState> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).state.clone()
    }

    /// Who votes on which block, from the first on and as far ahead as it is decided.
    pub fn voters(&self) -> Voters {
        let state = self.state();
        Voters::of_directory(state.network, self.first.clone(), &state.directory)
    }

    /// Whether an empty block is due, so that the last block's roots reach a header.
    pub fn roots_pending(&self) -> bool {
        self.current.read().unwrap_or_else(PoisonError::into_inner).roots_pending
    }

    /// Goes on to the state after one more block.
    pub fn advance(&self, state: ChainState, roots_pending: bool) {
        let next = Current { state: Arc::new(state), roots_pending };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// How the chain stands, as far as it can tell.
    pub fn status(&self) -> NodeStatus {
        let state = self.state();
        NodeStatus {
            height: state.height,
            block: state.block,
            time_ms: state.time_ms,
            peers: 0,
            voting: true,
        }
    }
}

async fn begin(pool: &PgPool, state: &ChainState) -> Result<(), Error> {
    let rows = entry_rows(state.directory.entries(), Height(0));
    let node_state = stored(state, false);
    store::tx(pool, "genesis", |conn| {
        let (rows, node_state) = (rows.clone(), node_state.clone());
        Box::pin(async move {
            store::directory_entry::upsert(conn, &rows).await?;
            store::node_state::set(conn, &node_state).await
        })
    })
    .await
    .map_err(Error::from)
}

/// Directory entries as stored.
pub fn entry_rows(
    entries: impl Iterator<Item = Entry>,
    height: Height,
) -> Vec<store::directory_entry::DirectoryEntry> {
    entries
        .map(|entry| store::directory_entry::DirectoryEntry {
            kind: entry.kind() as i16,
            key: entry.key(),
            body: entry.to_bytes(),
            height: height.0,
        })
        .collect()
}

/// The executor's state as stored, the directory aside.
pub fn stored(state: &ChainState, roots_pending: bool) -> store::node_state::NodeState {
    let carry = Carry {
        network: state.network,
        time_ms: state.time_ms,
        entries_root: state.entries_root,
        tips: state.tips.iter().map(|(organisation, tip)| (*organisation, *tip)).collect(),
        roots_pending,
    };
    store::node_state::NodeState {
        height: state.height.0,
        block_hash: state.block.0,
        results_root: state.results_root.0,
        status_root: state.status_root.0,
        directory_root: state.directory_root().0,
        carry: carry.to_bytes(),
    }
}

async fn restore(
    pool: &PgPool,
    genesis: &Genesis,
    found: store::node_state::NodeState,
) -> Result<(ChainState, bool), Error> {
    let carry = Carry::from_bytes(&found.carry).map_err(Error::undecodable("node_state.carry"))?;
    if carry.network != genesis.network() {
        return Err(Error::State("the database belongs to another network than the genesis file".to_owned()));
    }
    let rows = store::tx(pool, "load_directory", |conn| Box::pin(store::directory_entry::all(conn))).await?;
    let entries: Result<Vec<Entry>, _> = rows.iter().map(|row| Entry::from_bytes(&row.body)).collect();
    let entries = entries.map_err(Error::undecodable("directory_entry.body"))?;
    let directory = Directory::of(entries, genesis.rules.clone(), genesis.validator_set());
    if directory.root() != carry.entries_root {
        return Err(Error::State(
            "the directory's rows do not lead to its root: the database was altered".to_owned(),
        ));
    }
    let state = ChainState {
        network: carry.network,
        height: Height(found.height),
        block: Hash(found.block_hash),
        time_ms: carry.time_ms,
        directory: Arc::new(directory),
        entries_root: carry.entries_root,
        tips: carry.tips.into_iter().collect(),
        results_root: Hash(found.results_root),
        status_root: Hash(found.status_root),
    };
    Ok((state, carry.roots_pending))
}

/// What the executor carries from block to block besides the columns of `node_state`.
struct Carry {
    network: Hash,
    time_ms: u64,
    entries_root: Hash,
    tips: Vec<(OrganisationId, Tip)>,
    roots_pending: bool,
}

impl Canonical for Carry {
    fn write(&self, to: &mut Writer) {
        self.network.write(to);
        self.time_ms.write(to);
        self.entries_root.write(to);
        (self.tips.len() as u32).write(to);
        for (organisation, tip) in &self.tips {
            organisation.write(to);
            tip.write(to);
        }
        self.roots_pending.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (network, time_ms, entries_root) = (Hash::read(from)?, u64::read(from)?, Hash::read(from)?);
        let count = from.count("tips", ledger::limits::ORGANISATION_LIST_MAX)?;
        let tips = (0..count)
            .map(|_| Ok::<_, DecodeError>((OrganisationId::read(from)?, Tip::read(from)?)))
            .collect::<Result<_, DecodeError>>()?;
        Ok(Carry { network, time_ms, entries_root, tips, roots_pending: bool::read(from)? })
    }
}
