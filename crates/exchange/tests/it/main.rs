//! The swarm over real sockets on the loopback interface.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod exchange;
mod faults;
mod floods;
mod messages;
mod support;
