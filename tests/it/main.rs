//! Journeys, faults, conformance: networks of real services as separate processes.

mod journey;
