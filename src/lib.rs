//! Measures how fast capability descriptors can be classified, on every backend, verified first.
//!
//! Modules are listed lowest layer first; a module uses only lower ones.

pub mod calendar;
pub mod checksum;
pub mod clock;
pub mod descriptor;
pub mod flags;
pub mod nearest;
pub mod op;
pub mod verdict;

pub mod corpus;
pub mod host;
pub mod kernel;
pub mod platform;
pub mod plural;
pub mod stats;
pub mod warning;

pub mod backend;

pub mod registry;

pub mod measure;
pub mod verify;

pub mod gate;
pub mod report;

pub mod bundle;
pub mod export;
pub mod history;

pub mod cli;
