//! Measures how fast capability descriptors can be classified, on every backend, verified first.
//!
//! Modules are listed lowest layer first; a module uses only lower ones.

pub mod checksum;
pub mod clock;
pub mod descriptor;
pub mod flags;
pub mod op;
pub mod verdict;

pub mod corpus;
pub mod kernel;

pub mod cli;
