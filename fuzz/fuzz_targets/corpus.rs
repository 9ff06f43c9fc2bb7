//! Any bytes as a corpus file: reading never panics, and what it accepts holds descriptors.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanogate::corpus::snapshot;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(corpus) = snapshot::read(bytes, "fuzz") {
        assert_eq!(corpus.records().len(), corpus.entries().len());
    }
});
