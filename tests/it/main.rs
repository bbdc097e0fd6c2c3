//! Journeys, faults, conformance: networks of real services as separate processes.

mod competition;
mod document;
mod faults;
mod journey;
mod support;
