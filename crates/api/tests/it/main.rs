//! The base over HTTP: a bound server, a real PostgreSQL, a service of two routes.

mod auth;
mod cli;
mod errors;
mod operate;
mod sample;
mod writes;
