#![doc = include_str!("../README.md")]

mod error;
mod files;
mod hasher;
mod map;
mod prepared;
mod rebuild;
mod settings;

pub use error::{Cause, Error};
pub use map::{Proven, StatusMap};
pub use prepared::Prepared;
#[cfg(feature = "testing")]
pub use settings::Die;
pub use settings::Settings;
