//! `peer-crc-fast`: the crate `crc-fast`, which multiplies without carries where it can.
//!
//! The crate looks for processor features itself, once per process, and cannot be told to
//! overlook any. Where hidden ones would be used all the same, this peer is unavailable.

use crc_fast::{CrcAlgorithm, checksum, get_calculator_target};

use super::COVERED_BYTES;
use crate::{
    backend::{
        BackendEntry, BackendKind, Capability, OpenError, OpenOptions, Opened, ProbeContext,
        Unavailable,
    },
    host::cpu::Features,
};

/// The registry line.
pub static ENTRY: BackendEntry = BackendEntry {
    id: "peer-crc-fast",
    kind: BackendKind::Peer,
    summary: "the crate crc-fast: carry-less products, one record at a time",
    probe,
    open,
};

const ALGORITHM: CrcAlgorithm = CrcAlgorithm::Crc16Ibm3740;

/// What the crate uses if the processor has it. Of these, only what has a name to hide it by.
const USES: Features = Features::AVX512F.union(Features::AVX512VL);

fn probe(context: &ProbeContext) -> Result<Capability, Unavailable> {
    context.require(USES & context.present)?;
    Ok(Capability::new(get_calculator_target(ALGORITHM)))
}

fn open(_: &ProbeContext, options: OpenOptions) -> Result<Opened, OpenError> {
    Ok(super::open(options, |covered: &[u8; COVERED_BYTES]| checksum(ALGORITHM, covered) as u16))
}
