//! What tests of networks on one machine need.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

/// Where ports are drawn from: below those that the system gives to outgoing connections (`ip_local_port_range`,
/// from 32768). One of those could be taken by any client while its service is down for a moment.
pub const PORTS: Range<u16> = 12_000..32_000;

/// Whether nobody listens on a port of the loopback address.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A port that nobody listens on and that this process gave nobody before, among [`PORTS`]. Other processes begin
/// elsewhere. None when all are taken.
pub fn free_port() -> Option<u16> {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // A stride without a common divisor with the range keeps processes with neighbouring numbers apart.
    let first = std::process::id().wrapping_mul(7_919);
    let draw = || {
        let drawn = first.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed).into());
        PORTS.start + (drawn % PORTS.len() as u32) as u16
    };
    PORTS.map(|_| draw()).find(|port| is_free(*port))
}
