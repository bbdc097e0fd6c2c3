//! Peers that nobody listed, and sockets that speak no protocol: refused, while the network keeps its pace.

use anyhow::{Context as _, Result, ensure};
use e2e::{Client, Network};
use futures::StreamExt as _;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, StreamProtocol, Swarm, SwarmBuilder, identify, noise, tcp, yamux};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::{WITHIN, accepted, all_anchored, captured, draw};

/// Shipments that must become final while the flood goes on.
const SHIPMENTS: u64 = 8;
/// Doors that must have closed before it ends, at each port.
const REFUSED_MIN: usize = 50;
/// Sockets that one flood without a key holds open.
const SOCKETS: usize = 300;
/// How much slower a shipment may be for it: flood and all four nodes share two cores.
const SLOWER_MAX: Duration = Duration::from_secs(20);

/// What a stranger got out of its visits.
#[derive(Debug, Default)]
struct Visits {
    /// The handshake proved its key, and then the door closed.
    refused: usize,
    /// A request was answered.
    answered: usize,
    /// The node said who it is: its key, its address and its protocols, before it closed the door.
    introduced: usize,
}

#[derive(NetworkBehaviour)]
struct Stranger {
    identify: identify::Behaviour,
    requests: request_response::cbor::Behaviour<Vec<u8>, Vec<u8>>,
}

fn stranger() -> Result<Swarm<Stranger>> {
    let swarm = SwarmBuilder::with_existing_identity(libp2p::identity::Keypair::generate_secp256k1())
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)?
        .with_behaviour(|key| Stranger {
            identify: identify::Behaviour::new(identify::Config::new("/theriac/1".to_owned(), key.public())),
            requests: request_response::cbor::Behaviour::new(
                [(StreamProtocol::new("/theriac/exchange/1"), ProtocolSupport::Full)],
                request_response::Config::default(),
            ),
        })?;
    Ok(swarm.build())
}

/// Connects again and again, each time as long as the door is open, and says as much as it can.
async fn knock(port: u16, stopped: watch::Receiver<bool>) -> Result<Visits> {
    let address: Multiaddr = format!("/ip4/127.0.0.1/tcp/{port}").parse()?;
    let mut visits = Visits::default();
    let mut swarm = stranger()?;
    while !*stopped.borrow() {
        let dial = DialOpts::unknown_peer_id().address(address.clone()).allocate_new_port().build();
        swarm.dial(dial)?;
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                    for _ in 0..16 {
                        swarm.behaviour_mut().requests.send_request(&peer_id, vec![0xff; 64 * 1024]);
                    }
                }
                SwarmEvent::ConnectionClosed { .. } => {
                    visits.refused += 1;
                    break;
                }
                SwarmEvent::OutgoingConnectionError { .. } => break,
                SwarmEvent::Behaviour(StrangerEvent::Identify(identify::Event::Received { .. })) => {
                    visits.introduced += 1;
                }
                SwarmEvent::Behaviour(StrangerEvent::Requests(request_response::Event::Message {
                    ..
                })) => {
                    visits.answered += 1;
                }
                _ => {}
            }
        }
    }
    Ok(visits)
}

/// Opens sockets, sends what is no handshake, and holds them open.
async fn rubbish(port: u16, stopped: watch::Receiver<bool>) -> usize {
    let (mut held, mut sent) = (VecDeque::new(), 0);
    while !*stopped.borrow() {
        if let Ok(mut socket) = TcpStream::connect(("127.0.0.1", port)).await {
            // A socket that is closed already was refused faster.
            let _closed = socket.write_all(b"\xff\xff\xff\xffGET / HTTP/1.1\r\n\r\n").await;
            held.push_back(socket);
            sent += 1;
        }
        if held.len() > SOCKETS {
            held.pop_front();
        }
        tokio::task::yield_now().await;
    }
    sent
}

struct Flood {
    strangers: Vec<JoinHandle<Result<Visits>>>,
    rubbish: Vec<JoinHandle<usize>>,
    stop: watch::Sender<bool>,
}

impl Flood {
    fn at(ports: [u16; 2]) -> Self {
        let (stop, stopped) = watch::channel(false);
        let strangers = ports.map(|port| tokio::spawn(knock(port, stopped.clone())));
        let rubbish = ports.map(|port| tokio::spawn(rubbish(port, stopped.clone())));
        Self { strangers: strangers.into(), rubbish: rubbish.into(), stop }
    }

    async fn end(self) -> Result<()> {
        self.stop.send(true)?;
        for (port, visits) in ["consensus", "exchange"].into_iter().zip(self.strangers) {
            let visits = visits.await??;
            println!("{port}: {visits:?}");
            ensure!(visits.answered == 0, "a stranger was answered: {visits:?}");
            // The engine's swarm introduces itself to whoever completes a handshake, and then hangs up; ours does not.
            ensure!(port == "consensus" || visits.introduced == 0, "a stranger was spoken to: {visits:?}");
            ensure!(visits.refused >= REFUSED_MIN, "too few visits to tell: {visits:?}");
        }
        for sent in self.rubbish {
            let sent = sent.await?;
            ensure!(sent > SOCKETS, "too few sockets to tell: {sent}");
        }
        Ok(())
    }
}

/// How long shipments take from capture until they are final, on average.
async fn pace(manufacturer: &Client, seeds: std::ops::Range<u64>) -> Result<Duration> {
    let (start, count) = (Instant::now(), u32::try_from(seeds.end - seeds.start)?);
    for seed in seeds {
        let shipment = draw(seed)?;
        let job = accepted(manufacturer, &shipment.xml).await?;
        captured(manufacturer, &job).await?;
        all_anchored(manufacturer, &shipment).await?;
    }
    Ok(start.elapsed() / count)
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_that_flood_both_ports_are_refused_and_the_network_keeps_its_pace() -> Result<()> {
    let mut network = Network::builder().start().await?;
    let service = network.service("manufacturer")?;
    let (manufacturer, ports) = (service.client()?, service.ports);
    let before = pace(&manufacturer, 200..200 + SHIPMENTS).await?;
    let flood = Flood::at([ports.consensus, ports.exchange]);
    let during = pace(&manufacturer, 300..300 + SHIPMENTS).await?;
    println!("a shipment is final after {before:?}, and after {during:?} in the flood");
    flood.end().await?;
    ensure!(during < before + SLOWER_MAX, "the flood slowed the network down: {during:?}, before {before:?}");
    // The one that was flooded still has all its partners, and the same chain.
    let (height, _) = network.agree(WITHIN).await?;
    ensure!(height > 0, "there are blocks");
    network.stop().await.context("it stops in order")
}
