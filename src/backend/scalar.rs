//! `scalar`: safe Rust and ordinary instructions, one record after the other.
//!
//! The algorithm is that of [`record`], which the vector kernels share for what fills no vector.

use super::{
    BackendEntry, BackendKind, Capability, OpenError, OpenOptions, Opened, ProbeContext,
    Unavailable,
};
use crate::{backend::record, descriptor::RECORD_BYTES, op::Op};

/// The registry line.
pub static ENTRY: BackendEntry = BackendEntry {
    id: "scalar",
    kind: BackendKind::Cpu,
    summary: "safe Rust, one checksum table per byte position",
    probe,
    open,
};

fn probe(_: &ProbeContext) -> Result<Capability, Unavailable> {
    Ok(Capability { detail: "any processor".into() })
}

fn open(_: &ProbeContext, options: OpenOptions) -> Result<Opened, OpenError> {
    match options.op {
        Op::Decide => Ok(Opened::host_map(decide_all)),
    }
}

/// One verdict per record. Both lengths were checked.
fn decide_all(input: &[u8], out: &mut [u8]) {
    let (records, _) = input.as_chunks::<RECORD_BYTES>();
    for (record, verdict) in records.iter().zip(out) {
        *verdict = record::decide(record);
    }
}
