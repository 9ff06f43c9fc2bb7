//! What the tests of all kernels share.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use super::Unavailable;
use crate::{
    descriptor::{Descriptor, RECORD_BYTES, Record},
    kernel,
    op::Op,
    verdict::Risk,
};

/// Painted around the output: a verdict of no record.
const PAINT: u8 = 0xEE;

/// The kernel, or a line that says why it is not tested.
pub(super) fn available<K>(id: &str, kernel: Result<K, Unavailable>) -> Option<K> {
    kernel.inspect_err(|reason| eprintln!("{id} is not tested here: {reason}")).ok()
}

/// Every length from 0 to 300, at all alignments in turn: the golden verdicts, and nothing else.
pub(super) fn assert_golden(decide_all: impl Fn(&[u8], &mut [u8])) {
    let records = records(300 + 64);
    let golden = kernel::run(Op::Decide, Record::bytes_of(&records)).unwrap();
    for len in 0..=300 {
        let (skip, offset) = (len % 64, len % 67);
        let mut input = vec![0; offset];
        input.extend_from_slice(Record::bytes_of(&records[skip..skip + len]));
        let mut out = vec![PAINT; offset + len + 64];
        decide_all(&input[offset..], &mut out[offset..offset + len]);
        assert_eq!(out[offset..offset + len], golden[skip..skip + len], "{len} records");
        let around = out[..offset].iter().chain(&out[offset + len..]);
        assert!(around.copied().all(|byte| byte == PAINT), "{len} records: wrote outside");
    }
}

/// Records of every risk, most of them right, the others with one or more kinds of fault.
fn records(count: usize) -> Vec<Record> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 33
    };
    let mut made = Vec::new();
    for index in 0..count {
        let risk = Risk::ALL[index % Risk::ALL.len()];
        let mut bytes = *Descriptor::build("driver", risk).finish().record().as_bytes();
        for byte in &mut bytes[6..22] {
            *byte ^= next() as u8;
        }
        let faults = if next().is_multiple_of(3) { next() } else { 0 };
        bytes[next() as usize % 4] ^= u8::from(faults & 3 == 1) << (next() % 8);
        bytes[4 + next() as usize % 2] ^= u8::from(faults & 0xC == 4) << (next() % 8);
        bytes[13] &= if faults & 0x30 == 0x10 { 0xE0 } else { 0xFF };
        let mut bytes = *Record::from_bytes(bytes).sealed().as_bytes();
        bytes[next() as usize % RECORD_BYTES] ^= u8::from(faults & 0xC0 == 0x40) << (next() % 8);
        made.push(Record::from_bytes(bytes));
    }
    made
}
