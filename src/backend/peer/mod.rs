//! Peers: what people would use instead of our checksums, measured in the same run.
//!
//! A peer is a published crate that computes CRC-16/IBM-3740, called once per record behind one
//! and the same parse and classification. That part is as good as `scalar` has it, so that the
//! difference lies in the checksum: a faulty record takes a branch to code out of line, the risk
//! bits take one lookup, and nothing checks bounds. Peers are verified as backends are, are never
//! chosen by themselves, and run only when asked for.

pub mod crc_fast;
pub mod crc_table;

use super::{OpenOptions, Opened};
use crate::{
    backend::record::{RISK_BYTE, VERDICTS},
    descriptor::{MAGIC, RECORD_BYTES, VERSION},
    op::Op,
    verdict::{Fault, Verdict},
};

/// Bytes that the checksum covers. The other two hold it.
const COVERED_BYTES: usize = RECORD_BYTES - 2;
/// Magic and version of a record that is right.
const HEADER: [u8; 6] = {
    let version = VERSION.to_be_bytes();
    [MAGIC[0], MAGIC[1], MAGIC[2], MAGIC[3], version[0], version[1]]
};

/// The checksum of a peer behind the parse that all of them share. `crc` is a type of its own,
/// so that each peer gets a loop with its checksum inlined as far as its crate allows.
fn open<F>(options: OpenOptions, crc: F) -> Opened
where
    F: Fn(&[u8; COVERED_BYTES]) -> u16 + Send + 'static,
{
    match options.op {
        Op::Decide => Opened::host_map(move |input, out| decide_all(&crc, input, out)),
    }
}

/// One verdict per record. Both lengths were checked.
fn decide_all(crc: &impl Fn(&[u8; COVERED_BYTES]) -> u16, input: &[u8], out: &mut [u8]) {
    let (records, _) = input.as_chunks::<RECORD_BYTES>();
    for (record, verdict) in records.iter().zip(out) {
        let [covered @ .., high, low] = record;
        let is_right =
            covered[..HEADER.len()] == HEADER && crc(covered) == u16::from_be_bytes([*high, *low]);
        *verdict = if is_right {
            VERDICTS[usize::from(covered[RISK_BYTE])]
        } else {
            fault(covered).byte()
        };
    }
}

/// What is wrong with a record that has a wrong header or a wrong checksum, in order of
/// precedence. Out of line: faults are rare.
#[cold]
#[inline(never)]
fn fault(covered: &[u8; COVERED_BYTES]) -> Verdict {
    let (magic, version) = HEADER.split_at(MAGIC.len());
    if !covered.starts_with(magic) {
        Verdict::of_fault(Fault::Magic)
    } else if !covered[magic.len()..].starts_with(version) {
        Verdict::of_fault(Fault::Version)
    } else {
        Verdict::of_fault(Fault::Checksum)
    }
}
