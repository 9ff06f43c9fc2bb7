//! The read bandwidth of a core: loads every input byte with the widest loads, and no more.
//!
//! This is the roof that a backend is set against, measured on the same batches in the same
//! rounds. It writes no output, so it has nothing to verify and is no backend.

use super::{
    BackendEntry, BackendKind, Capability, OpenError, OpenOptions, Opened, ProbeContext,
    Unavailable,
};
use crate::{host::cpu::Features, op::Op};

/// Not in the registry's list of backends: it gives no verdicts.
pub static ENTRY: BackendEntry = BackendEntry {
    id: "read",
    kind: BackendKind::Bound,
    summary: "reads the input with the widest loads and does nothing with it: the roof",
    probe,
    open,
};

fn probe(context: &ProbeContext) -> Result<Capability, Unavailable> {
    let bits = match widest(context) {
        Width::Bits512 => 512,
        Width::Bits256 => 256,
        Width::Plain => 128,
    };
    Ok(Capability::new(format!("{bits}-bit loads")))
}

/// Vectors that the processor has, and that are not hidden.
#[derive(Clone, Copy)]
enum Width {
    Bits512,
    Bits256,
    /// What every processor of this architecture has.
    Plain,
}

fn widest(context: &ProbeContext) -> Width {
    let has = |feature| context.require(feature).is_ok() && super::proven(feature).is_ok();
    if has(Features::AVX512F) {
        Width::Bits512
    } else if has(Features::AVX2) {
        Width::Bits256
    } else {
        Width::Plain
    }
}

fn open(context: &ProbeContext, options: OpenOptions) -> Result<Opened, OpenError> {
    let width = widest(context);
    match options.op {
        Op::Decide => Ok(Opened::host_map(move |input, _| {
            std::hint::black_box(read(width, input));
        })),
    }
}

#[cfg(target_arch = "x86_64")]
fn read(width: Width, input: &[u8]) -> u64 {
    match width {
        // SAFETY: `widest` has proven the features of the width that it gives.
        Width::Bits512 => unsafe { x86::read_512(input) },
        // SAFETY: as above.
        Width::Bits256 => unsafe { x86::read_256(input) },
        Width::Plain => read_plain(input),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn read(_: Width, input: &[u8]) -> u64 {
    read_plain(input)
}

/// Eight words at a time, which compilers turn into vectors of the architecture's base. Then the
/// words and bytes that are left.
#[inline(always)]
fn read_plain(input: &[u8]) -> u64 {
    let (blocks, rest) = input.as_chunks::<64>();
    let mut sums = [0u64; 8];
    for block in blocks {
        let words: [u64; 8] = bytemuck::must_cast(*block);
        for (sum, word) in sums.iter_mut().zip(words) {
            *sum |= word;
        }
    }
    let (words, rest) = rest.as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let bytes = rest.iter().map(|&byte| u64::from(byte));
    sums.into_iter().chain(words).chain(bytes).fold(0, |all, word| all | word)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, __m512i, _mm256_loadu_si256, _mm256_or_si256, _mm256_setzero_si256,
        _mm512_loadu_si512, _mm512_or_si512, _mm512_reduce_or_epi64, _mm512_setzero_si512,
    };

    /// Loads with nothing in between but one `or` each, on four sums that do not wait for one
    /// another.
    macro_rules! read_with {
        ($name:ident, $features:literal, $vector:ty, $zero:ident, $load:ident, $or:ident,
         $reduce:ident) => {
            #[target_feature(enable = $features)]
            pub(super) fn $name(input: &[u8]) -> u64 {
                const BYTES: usize = size_of::<$vector>();
                let (blocks, rest) = input.as_chunks::<{ 4 * BYTES }>();
                let mut sums = [$zero(); 4];
                for block in blocks {
                    for (index, sum) in sums.iter_mut().enumerate() {
                        let vector = block[index * BYTES..(index + 1) * BYTES].as_ptr();
                        // SAFETY: the slice is one vector long.
                        *sum = $or(*sum, unsafe { $load(vector.cast()) });
                    }
                }
                let [a, b, c, d] = sums;
                $reduce($or($or(a, b), $or(c, d))) | super::read_plain(rest)
            }
        };
    }

    #[target_feature(enable = "avx512f")]
    fn reduce_512(all: __m512i) -> u64 {
        _mm512_reduce_or_epi64(all).cast_unsigned()
    }

    #[target_feature(enable = "avx2")]
    fn reduce_256(all: __m256i) -> u64 {
        let words: [u64; 4] = bytemuck::must_cast(all);
        words.into_iter().fold(0, |all, word| all | word)
    }

    read_with!(
        read_512,
        "avx512f",
        __m512i,
        _mm512_setzero_si512,
        _mm512_loadu_si512,
        _mm512_or_si512,
        reduce_512
    );
    read_with!(
        read_256,
        "avx2",
        __m256i,
        _mm256_setzero_si256,
        _mm256_loadu_si256,
        _mm256_or_si256,
        reduce_256
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte is read: a single bit anywhere shows in the result of the widest loads here and
    /// of plain ones.
    #[test]
    fn every_byte_is_read() {
        let context = ProbeContext::with(Features::detect());
        for len in [1, 24, 63, 64, 255, 256, 257, 1_000] {
            for at in 0..len {
                let mut input = vec![0; len];
                input[at] = 1;
                assert_ne!(read_plain(&input), 0, "byte {at} of {len}");
                assert_ne!(read(widest(&context), &input), 0, "byte {at} of {len}");
            }
        }
    }
}
