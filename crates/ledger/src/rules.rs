//! The rules as data: agreed on, hashed into the directory, effective from a height.

use lifecycle::{Matrix, MatrixRow, PackState, Transition, Windows};
use serde::{Deserialize, Serialize};

use crate::codec::{Canonical, DecodeError, Reader, Writer, canonical_struct};

/// What executors enforce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Counts up with every change of the rules; a node that lacks a version stops voting before it.
    pub version: u32,
    /// How far a block's time may be ahead of a validator's clock, in milliseconds.
    pub block_ahead_max_ms: u64,
    /// Bounds on the time that sites give.
    pub windows: Windows,
    /// Permitted transitions.
    pub matrix: Matrix,
}

impl Rules {
    /// The first version, with the EU matrix.
    pub fn eu() -> Self {
        Rules { version: 1, block_ahead_max_ms: 2_000, windows: Windows::default(), matrix: Matrix::eu() }
    }
}

canonical_struct!(Rules { version, block_ahead_max_ms, windows, matrix });

impl Canonical for Windows {
    fn write(&self, to: &mut Writer) {
        self.ahead_max_ms.write(to);
        self.behind_max_ms.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Windows { ahead_max_ms: u64::read(from)?, behind_max_ms: u64::read(from)? })
    }
}

impl Canonical for Matrix {
    fn write(&self, to: &mut Writer) {
        to.list(&self.0);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Matrix(from.list("matrix rows", Matrix::ROWS_MAX)?))
    }
}

impl Canonical for MatrixRow {
    fn write(&self, to: &mut Writer) {
        self.from.write(to);
        self.transition.write(to);
        self.to.write(to);
        self.roles.write(to);
        self.undo_window_ms.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(MatrixRow {
            from: PackState::read(from)?,
            transition: Transition::read(from)?,
            to: PackState::read(from)?,
            roles: u8::read(from)?,
            undo_window_ms: Option::read(from)?,
        })
    }
}

macro_rules! coded {
    ($($type:ty),*) => {$(
        impl Canonical for $type {
            fn write(&self, to: &mut Writer) {
                self.code().write(to);
            }
            fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(<$type>::from_code(u8::read(from)?)?)
            }
        }
    )*};
}
coded!(PackState, Transition, lifecycle::Role, lifecycle::Refusal);
