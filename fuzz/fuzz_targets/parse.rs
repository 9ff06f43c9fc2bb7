//! Any bytes: parsing never panics, and what it accepts reads back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanogate::descriptor::Descriptor;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(descriptor) = Descriptor::parse(bytes) {
        assert_eq!(descriptor.record().as_bytes(), bytes);
        assert!(!descriptor.to_string().is_empty());
    }
});
