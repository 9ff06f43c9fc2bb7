//! What is written and shown of a run: the record, and one exporter per file.

pub mod baseline;
pub mod columns;
pub mod counters;
pub mod device;
pub mod hlog;
pub mod launch;
pub mod load;
pub mod merge;
pub mod prose;
pub mod ratio;
pub mod record;
pub mod screen;
pub mod simulated;
pub mod sparkline;
pub mod store;
pub mod table;
pub mod tool;
