//! `reference`: what a careful first implementation would be, kept as the honest baseline.
//!
//! One record at a time, in the order of the specification: magic, version, a CRC with one table
//! lookup per byte, then the risk bits from the highest down. Nothing is tuned, nothing is
//! slowed down.

use super::{
    BackendEntry, BackendKind, Capability, OpenError, OpenOptions, Opened, ProbeContext,
    Unavailable,
};
use crate::{
    checksum::{INITIAL, step},
    descriptor::{MAGIC, RECORD_BYTES, VERSION},
    op::Op,
    verdict::{Fault, Risk, Verdict},
};

/// The registry line.
pub static ENTRY: BackendEntry = BackendEntry {
    id: "reference",
    kind: BackendKind::Cpu,
    summary: "byte-wise table CRC, one record at a time: the baseline",
    probe,
    open,
};

/// Register contribution of each value of the register's high byte.
static TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = step(0, byte as u8);
        byte += 1;
    }
    table
};

fn probe(_: &ProbeContext) -> Result<Capability, Unavailable> {
    Ok(Capability::new("any processor"))
}

fn open(_: &ProbeContext, options: OpenOptions) -> Result<Opened, OpenError> {
    match options.op {
        Op::Decide => Ok(Opened::host_map(decide_all)),
    }
}

fn decide_all(input: &[u8], out: &mut [u8]) {
    let (records, _) = input.as_chunks::<RECORD_BYTES>();
    for (record, verdict) in records.iter().zip(out) {
        *verdict = decide(record).byte();
    }
}

fn decide(record: &[u8; RECORD_BYTES]) -> Verdict {
    if record[0..4] != MAGIC {
        return Verdict::of_fault(Fault::Magic);
    }
    if record[4..6] != VERSION.to_be_bytes() {
        return Verdict::of_fault(Fault::Version);
    }
    if record[22..24] != crc(&record[..22]).to_be_bytes() {
        return Verdict::of_fault(Fault::Checksum);
    }
    let flags = record[13];
    for risk in Risk::ALL.into_iter().rev() {
        if flags >> risk as u32 & 1 == 1 {
            return Verdict::of_risk(risk);
        }
    }
    Verdict::of_fault(Fault::NoRisk)
}

fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(INITIAL, |register, &byte| {
        register << 8 ^ TABLE[usize::from((register >> 8) as u8 ^ byte)]
    })
}
