//! Nodes of a test network, an inbox that keeps what it receives, and a peer that keeps no rules.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use exchange::{Config, Handle, Identity, Inbox, Limits, Message, Multiaddr, Peer, PeerId, Reply};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use ledger::{Height, OrganisationId};
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::{Swarm, dial_opts::DialOpts};
use libp2p::{StreamProtocol, SwarmBuilder, identity, noise, tcp, yamux};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::{Semaphore, mpsc};

pub type Received = mpsc::UnboundedReceiver<(OrganisationId, Message)>;

/// Keeps what it receives, and answers as told: queued replies first, then `Accepted`. Takes a permit for each
/// message, so that a test can hold it.
pub struct Keeper {
    received: mpsc::UnboundedSender<(OrganisationId, Message)>,
    replies: Mutex<VecDeque<Reply>>,
    pub permits: Semaphore,
    /// Panic at the next message.
    pub fail: AtomicBool,
}

impl Keeper {
    pub fn answer_next(&self, reply: Reply) {
        self.replies.lock().unwrap().push_back(reply);
    }
}

#[async_trait]
impl Inbox for Keeper {
    async fn receive(&self, from: OrganisationId, message: Message) -> Reply {
        self.received.send((from, message)).unwrap();
        assert!(!self.fail.swap(false, Ordering::Relaxed), "this inbox was told to fail");
        self.permits.acquire().await.unwrap().forget();
        self.replies.lock().unwrap().pop_front().unwrap_or(Reply::Accepted)
    }
}

pub struct Node {
    pub number: u32,
    pub handle: Handle,
    pub inbox: Arc<Keeper>,
    pub received: Received,
}

pub fn secret(number: u32) -> [u8; 32] {
    [u8::try_from(number).unwrap(); 32]
}

pub fn any_port() -> Multiaddr {
    "/ip4/127.0.0.1/tcp/0".parse().unwrap()
}

impl Node {
    pub async fn start(number: u32, listen: Multiaddr, peers: Vec<Peer>, limits: Limits) -> Self {
        let identity = Identity::from_secret(&mut secret(number)).unwrap();
        let (sender, received) = mpsc::unbounded_channel();
        let inbox = Arc::new(Keeper {
            received: sender,
            replies: Mutex::default(),
            permits: Semaphore::new(Semaphore::MAX_PERMITS),
            fail: AtomicBool::new(false),
        });
        let config = Config { identity, listen, peers, limits };
        let random = Box::new(StdRng::seed_from_u64(number.into()));
        let handle = exchange::start(config, Arc::clone(&inbox) as Arc<dyn Inbox>, random).await.unwrap();
        Self { number, handle, inbox, received }
    }

    pub fn organisation(&self) -> OrganisationId {
        OrganisationId(self.number)
    }

    pub fn as_peer(&self) -> Peer {
        Peer {
            organisation: self.organisation(),
            peer_id: self.handle.peer_id(),
            address: self.handle.listen_address().clone(),
        }
    }

    /// Waits until this node has a connection to the other.
    pub async fn sees(&self, other: &Node) {
        self.handle.watch().wait_for(other.organisation(), true).await.unwrap();
    }

    pub async fn next(&mut self) -> (OrganisationId, Message) {
        self.received.recv().await.unwrap()
    }
}

/// Nodes 1 to `count`, each listing all others, all connected.
pub async fn network(count: u32) -> Vec<Node> {
    network_with(count, Limits::default()).await
}

pub async fn network_with(count: u32, limits: Limits) -> Vec<Node> {
    let mut nodes = Vec::new();
    for number in 1..=count {
        nodes.push(Node::start(number, any_port(), vec![], limits.clone()).await);
    }
    for node in &nodes {
        let others = nodes.iter().filter(|other| other.number != node.number);
        node.handle.update_peers(others.map(Node::as_peer).collect()).await.unwrap();
    }
    for node in &nodes {
        for other in nodes.iter().filter(|other| other.number != node.number) {
            node.sees(other).await;
        }
    }
    nodes
}

pub fn wake(height: u64) -> Message {
    Message::Wake { height: Height(height) }
}

/// Bytes as they are: announces any length, sends any body.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawCodec;

#[derive(Debug)]
pub struct Raw {
    pub length: u32,
    pub body: Vec<u8>,
}

#[async_trait]
impl request_response::Codec for RawCodec {
    type Protocol = StreamProtocol;
    type Request = Raw;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        _: &mut T,
    ) -> io::Result<Raw> {
        Err(io::Error::other("takes no requests"))
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        let mut response = Vec::new();
        io.take(8192).read_to_end(&mut response).await?;
        if response.len() < 4 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(response.split_off(4))
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        raw: Raw,
    ) -> io::Result<()> {
        io.write_all(&raw.length.to_be_bytes()).await?;
        io.write_all(&raw.body).await?;
        io.flush().await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        _: &mut T,
        _: Vec<u8>,
    ) -> io::Result<()> {
        Err(io::Error::other("sends no responses"))
    }
}

pub type RawSwarm = Swarm<request_response::Behaviour<RawCodec>>;

/// A swarm with this key that speaks the protocol's name and none of its rules.
pub fn raw_swarm(number: u32) -> RawSwarm {
    let key = identity::secp256k1::SecretKey::try_from_bytes(&mut secret(number)).unwrap();
    let key = identity::Keypair::from(identity::secp256k1::Keypair::from(key));
    SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| {
            let protocol = (StreamProtocol::new("/theriac/exchange/1"), ProtocolSupport::Full);
            request_response::Behaviour::new([protocol], request_response::Config::default())
        })
        .unwrap()
        .build()
}

/// Dials from a port of its own, so that many dials may run.
pub fn dial(swarm: &mut RawSwarm, to: &Peer) {
    let options = DialOpts::peer_id(to.peer_id).addresses(vec![to.address.clone()]);
    let always = libp2p::swarm::dial_opts::PeerCondition::Always;
    swarm.dial(options.condition(always).allocate_new_port().build()).unwrap();
}

pub fn peer_id_of(number: u32) -> PeerId {
    Identity::from_secret(&mut secret(number)).unwrap().peer_id()
}
