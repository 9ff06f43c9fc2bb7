//! No backend touches a byte outside its slices: next to them lie pages that cannot be accessed,
//! so a stray read or write ends the test at once.

#![cfg(unix)]
#![allow(unsafe_code, reason = "pages are mapped and protected")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{ffi::c_void, ptr, slice};

use nanogate::{
    backend::{Batch, OpenOptions, Opened, ProbeContext},
    descriptor::{Descriptor, RECORD_BYTES, Record},
    kernel,
    op::Op,
    registry,
    verdict::Risk,
};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// Batches of every length up to this, and of a few above it.
const LEN_MAX: usize = 200;
const LONGER: [usize; 5] = [255, 256, 257, 1023, 1025];

/// Which end of a slice lies at a page that cannot be accessed.
#[derive(Clone, Copy, Debug)]
enum Side {
    Start,
    End,
}

/// Writable bytes between two pages that cannot be accessed.
struct Fenced {
    mapping: *mut c_void,
    page: usize,
    bytes: usize,
}

impl Fenced {
    /// Room for at least `bytes` bytes.
    fn new(bytes: usize) -> Self {
        let page = rustix::param::page_size();
        let bytes = bytes.next_multiple_of(page);
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: a new mapping, wherever the system likes.
        let mapping =
            unsafe { mmap_anonymous(ptr::null_mut(), bytes + 2 * page, protection, flags) };
        let mapping = mapping.unwrap();
        for fence in [0, page + bytes] {
            // SAFETY: a page of the mapping, to which there is no reference yet or ever.
            unsafe { mprotect(mapping.byte_add(fence), page, MprotectFlags::empty()) }.unwrap();
        }
        Self { mapping, page, bytes }
    }

    /// `len` bytes right after the first fence, or right before the last.
    fn slice(&mut self, side: Side, len: usize) -> &mut [u8] {
        assert!(len <= self.bytes);
        let start = match side {
            Side::Start => self.page,
            Side::End => self.page + self.bytes - len,
        };
        // SAFETY: between the fences, zeroed by the system, and borrowed from `self`.
        unsafe { slice::from_raw_parts_mut(self.mapping.cast::<u8>().add(start), len) }
    }
}

impl Drop for Fenced {
    fn drop(&mut self) {
        // SAFETY: the whole mapping, to which no reference outlives `self`.
        let _ = unsafe { munmap(self.mapping, self.bytes + 2 * self.page) };
    }
}

/// Right and wrong records in turns, so that no backend can go by the first alone.
fn records(count: usize) -> Vec<Record> {
    let right = Descriptor::build("guard-pages", Risk::High).finish().record();
    let made = (0..count).map(|index| {
        let mut bytes = *right.as_bytes();
        if index.is_multiple_of(5) {
            bytes[index % RECORD_BYTES] ^= 0x10;
        }
        Record::from_bytes(bytes)
    });
    made.collect()
}

fn check(id: &str, opened: &mut Opened) {
    let len_max = LONGER.into_iter().max().unwrap();
    let records = records(len_max);
    let golden = kernel::run(Op::Decide, Record::bytes_of(&records)).unwrap();
    let mut input = Fenced::new(len_max * RECORD_BYTES);
    let mut output = Fenced::new(len_max);
    for len in (0..=LEN_MAX).chain(LONGER) {
        for [reads, writes] in [
            [Side::Start, Side::Start],
            [Side::Start, Side::End],
            [Side::End, Side::Start],
            [Side::End, Side::End],
        ] {
            let input = input.slice(reads, len * RECORD_BYTES);
            input.copy_from_slice(Record::bytes_of(&records[..len]));
            let out = output.slice(writes, len);
            out.fill(0xEE);
            opened.submit(Batch::new(Op::Decide, input).unwrap(), out).unwrap();
            assert_eq!(out, &golden[..len], "{id}: {len} records, {reads:?}, {writes:?}");
        }
    }
}

/// Every backend that runs here, with both ends of its input and of its output at a fence.
#[test]
fn no_backend_leaves_its_slices() {
    let options = OpenOptions { op: Op::Decide, batch_len_max: 1 << 11 };
    for entry in registry::ENTRIES {
        match registry::open(entry, &ProbeContext::detect().unwrap(), options) {
            Ok(mut opened) => check(entry.id, &mut opened),
            Err(reason) => eprintln!("{} is not tested here: {reason}", entry.id),
        }
    }
}
