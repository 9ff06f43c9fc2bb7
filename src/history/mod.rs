//! What was measured over time: one file, a row for each run, and the series that rows make.
//!
//! [`store`] keeps the file, [`rows`] says what of a record goes into it, [`query`] reads it, and
//! [`changes`] finds where a series changed and between which commits. Only what was measured on
//! the same host, by the same profile and on the same input is ever in one series.

pub mod changes;
mod error;
pub mod query;
pub mod rows;
pub mod store;

pub use error::HistoryError;
pub use store::{Appended, Store};
