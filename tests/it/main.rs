//! Journeys, faults, conformance: networks of real services as separate processes.

mod awaiting;
mod competition;
mod deploy;
mod document;
mod faults;
mod journey;
mod killed;
mod large;
mod rows;
mod strangers;
mod support;
mod up;
mod way;
