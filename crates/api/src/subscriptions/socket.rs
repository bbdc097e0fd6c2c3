//! One WebSocket (RFC 6455): what it is sent, and when it is closed.
//!
//! Each frame is followed by a ping. No more than [`FRAMES_UNANSWERED_MAX`] pings are unanswered, so that a client that
//! reads slowly holds so many frames of the service's memory and no more; one that does not answer in time is gone.

use std::collections::VecDeque;

use actix_web::web;
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use epcis::query::schedule::Schedule;
use tokio::time::{Instant, interval, timeout};

use super::batch::Interest;
use super::schedule::next_turn;
use super::sockets::{End, OpenSocket};
use crate::limits::{
    ARRIVALS_LOOK_EVERY, DELIVERY_EVENTS_MAX, FRAMES_UNANSWERED_MAX, SOCKET_INBOUND_BYTES_MAX,
    SOCKET_PATIENCE, SOCKET_PING_EVERY,
};
use crate::problem::Problem;
use crate::routes::epcis::answer::{self, Form};
use crate::shared::Shared;

/// How long a goodbye may take.
const CLOSE_PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// When events are sent.
pub enum Mode {
    /// As they are captured.
    Stream,
    /// In the turns of a schedule.
    Schedule {
        /// The schedule.
        schedule: Box<Schedule>,
        /// Whether a turn without events is told.
        report_if_empty: bool,
    },
}

/// What a socket is sent.
pub struct Feed {
    shared: web::Data<Shared>,
    interest: Interest,
    query_name: String,
    form: Form,
    mode: Mode,
    after_seq: u64,
    /// The schedule's turn that is due next, or under way.
    turn_ms: u64,
    /// Something was sent in this turn.
    turn_told: bool,
}

impl Feed {
    /// What a query finds after an event.
    pub fn new(
        shared: web::Data<Shared>,
        interest: Interest,
        query_name: String,
        form: Form,
        mode: Mode,
        after_seq: u64,
    ) -> Self {
        let mut feed =
            Self { shared, interest, query_name, form, mode, after_seq, turn_ms: 0, turn_told: false };
        feed.end_turn();
        feed
    }

    fn end_turn(&mut self) {
        if let Mode::Schedule { schedule, .. } = &self.mode {
            let next = next_turn(schedule, self.shared.now_ms()).unix_timestamp_nanos() / 1_000_000;
            self.turn_ms = u64::try_from(next).unwrap_or(u64::MAX);
        }
        self.turn_told = false;
    }

    /// Whether something may have to be sent.
    fn is_due(&self, horizon: u64) -> bool {
        match self.mode {
            Mode::Stream => horizon > self.after_seq,
            Mode::Schedule { .. } => self.shared.now_ms() >= self.turn_ms,
        }
    }

    /// The next frame, if there is one.
    async fn frame(&mut self, id: &str) -> Result<Option<String>, Problem> {
        let batch = self.interest.next(&self.shared.pool, self.after_seq, DELIVERY_EVENTS_MAX).await?;
        let tells_nothing =
            matches!(self.mode, Mode::Schedule { report_if_empty: true, .. }) && !self.turn_told;
        let frame = if batch.events.is_empty() && !tells_nothing {
            None
        } else {
            Some(answer::results(&self.shared, &self.form, &self.query_name, Some(id), &batch.events)?)
        };
        self.after_seq = batch.through_seq;
        self.turn_told = true;
        if batch.is_last {
            self.end_turn();
        }
        Ok(frame)
    }
}

/// Why a socket ends.
enum Ended {
    /// The client went away.
    Gone,
    /// With this goodbye.
    Closed(CloseCode, &'static str),
}

const SLOW: Ended = Ended::Closed(CloseCode::Policy, "frames or pings were not answered in time");

/// Sends a feed until either side ends it.
pub async fn feed(mut feed: Feed, session: Session, messages: MessageStream, mut place: OpenSocket) {
    let messages = messages.max_frame_size(SOCKET_INBOUND_BYTES_MAX);
    let mut link = Link { session, messages, unanswered: VecDeque::new(), pings: 0, pinged: Instant::now() };
    let ended = converse(&mut feed, &mut link, &mut place).await;
    if let Ended::Closed(code, why) = ended {
        let reason = CloseReason { code, description: Some(why.to_owned()) };
        // Who does not take the goodbye finds the connection closed.
        let _taken = timeout(CLOSE_PATIENCE, link.session.close(Some(reason))).await;
    }
}

async fn converse(feed: &mut Feed, link: &mut Link, place: &mut OpenSocket) -> Ended {
    let id = place.id.to_string();
    let mut arrivals = feed.shared.subscriptions.arrivals();
    let mut ticks = interval(ARRIVALS_LOOK_EVERY);
    loop {
        let horizon = *arrivals.borrow_and_update();
        if link.has_room() && feed.is_due(horizon) {
            match feed.frame(&id).await {
                Ok(Some(frame)) => match link.send(frame).await {
                    Ok(()) => continue,
                    Err(ended) => return ended,
                },
                Ok(None) => {}
                Err(problem) => {
                    let causes = problem.causes().unwrap_or_default();
                    tracing::warn!(socket.id = id, problem = problem.kind().name(), causes, "a socket waits");
                }
            }
        }
        let outcome = tokio::select! {
            end = place.ended() => Err(farewell(end)),
            message = link.messages.recv() => match message {
                Some(Ok(message)) => link.hear(message).await,
                Some(Err(_)) => Err(Ended::Closed(CloseCode::Protocol, "not a frame that is understood")),
                None => Err(Ended::Gone),
            },
            heard = arrivals.changed() => heard.map_err(|_| farewell(End::Stopping)),
            _ = ticks.tick() => link.look_after().await,
        };
        if let Err(ended) = outcome {
            return ended;
        }
    }
}

fn farewell(end: End) -> Ended {
    match end {
        End::Stopping => Ended::Closed(CloseCode::Away, "the service stops"),
        End::Withdrawn => Ended::Closed(CloseCode::Policy, "the query is gone, or may not be asked any more"),
    }
}

/// The connection, with what its client has not answered.
struct Link {
    session: Session,
    messages: MessageStream,
    /// Numbers of pings, and when they were sent.
    unanswered: VecDeque<(u64, Instant)>,
    pings: u64,
    pinged: Instant,
}

impl Link {
    fn has_room(&self) -> bool {
        self.unanswered.len() < FRAMES_UNANSWERED_MAX
    }

    async fn send(&mut self, frame: String) -> Result<(), Ended> {
        match timeout(SOCKET_PATIENCE, self.session.text(frame)).await {
            Ok(Ok(())) => self.ping().await,
            Ok(Err(_)) => Err(Ended::Gone),
            Err(_) => Err(SLOW),
        }
    }

    async fn ping(&mut self) -> Result<(), Ended> {
        self.pings += 1;
        self.pinged = Instant::now();
        self.unanswered.push_back((self.pings, self.pinged));
        match timeout(SOCKET_PATIENCE, self.session.ping(&self.pings.to_be_bytes())).await {
            Ok(sent) => sent.map_err(|_| Ended::Gone),
            Err(_) => Err(SLOW),
        }
    }

    async fn hear(&mut self, message: Message) -> Result<(), Ended> {
        match message {
            Message::Ping(payload) => match timeout(SOCKET_PATIENCE, self.session.pong(&payload)).await {
                Ok(sent) => sent.map_err(|_| Ended::Gone),
                Err(_) => Err(SLOW),
            },
            Message::Pong(payload) => {
                if let Ok(number) = <[u8; 8]>::try_from(&*payload) {
                    let answered = u64::from_be_bytes(number);
                    self.unanswered.retain(|(ping, _)| *ping > answered);
                }
                Ok(())
            }
            Message::Close(_) => Err(Ended::Closed(CloseCode::Normal, "goodbye")),
            Message::Nop => Ok(()),
            _ => Err(Ended::Closed(CloseCode::Unsupported, "nothing is to be said here")),
        }
    }

    /// Ends a connection whose client does not answer, and asks one that is silent.
    async fn look_after(&mut self) -> Result<(), Ended> {
        match self.unanswered.front() {
            Some((_, sent)) if sent.elapsed() > SOCKET_PATIENCE => Err(SLOW),
            None if self.pinged.elapsed() >= SOCKET_PING_EVERY => self.ping().await,
            _ => Ok(()),
        }
    }
}
