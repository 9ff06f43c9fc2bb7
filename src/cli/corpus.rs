//! `nanogate corpus`: placeholder until the corpus lands.

use super::{Exit, Failure};

/// Arguments of `nanogate corpus`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn main(_arguments: Arguments) -> Result<Exit, Failure> {
    Ok(Exit::Pass)
}
