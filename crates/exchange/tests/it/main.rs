//! The swarm over real sockets on the loopback interface.

mod exchange;
mod faults;
mod floods;
mod messages;
mod support;
