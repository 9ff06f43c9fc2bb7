//! AVX-512 (stub until the kernel lands).

use super::{AVX512_NEEDS, Unavailable, proven};

/// Holding one is the proof that this processor has what the kernel needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel(());

impl Kernel {
    /// Checks the processor.
    pub(super) fn new() -> Result<Self, Unavailable> {
        proven(AVX512_NEEDS).map(Self)
    }

    /// One verdict per record. Both lengths were checked.
    pub(super) fn decide_all(self, input: &[u8], out: &mut [u8]) {
        crate::kernel::run(crate::op::Op::Decide, input).unwrap().iter().zip(out).for_each(|(a, b)| *b = *a);
    }
}
