//! `scalar`: safe Rust and ordinary instructions, one record after the other.
//!
//! The algorithm stands in `record.rs`, which the vector kernels share for what fills no vector.

use super::{
    BackendEntry, BackendKind, Capability, OpenError, OpenOptions, Opened, ProbeContext,
    Unavailable,
};
use crate::{backend::record, op::Op};

/// The registry line.
pub static ENTRY: BackendEntry = BackendEntry {
    id: "scalar",
    kind: BackendKind::Cpu,
    summary: "safe Rust: the checksum folded by shifts, then four table lookups",
    probe,
    open,
};

fn probe(_: &ProbeContext) -> Result<Capability, Unavailable> {
    Ok(Capability::new("any processor"))
}

fn open(_: &ProbeContext, options: OpenOptions) -> Result<Opened, OpenError> {
    match options.op {
        Op::Decide => Ok(Opened::host_map(decide)),
    }
}

#[cfg(not(feature = "planted-slowdown"))]
use record::decide_all as decide;

/// The kernel, and one record of fifty once more.
#[cfg(feature = "planted-slowdown")]
fn decide(input: &[u8], out: &mut [u8]) {
    record::decide_all(input, out);
    let again = input.len() / crate::descriptor::RECORD_BYTES / 50;
    if again == 0 {
        return;
    }
    let input = &input[..again * crate::descriptor::RECORD_BYTES];
    // Called through a pointer: two plain calls are compiled otherwise than one, which took as long
    // again as the extra work.
    let decide: fn(&[u8], &mut [u8]) = std::hint::black_box(record::decide_all);
    decide(input, &mut out[..again]);
}
