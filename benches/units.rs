//! `cargo bench --bench units`: cycles that the instructions of the AVX-512 kernel take on this
//! processor, each by itself and, as the kernel has them, all together.
//!
//! Independent instructions back to back, twelve destinations in turn; a cycle is what a dependent
//! addition takes, measured in the same loop. Medians of 101 readings.

#![allow(unsafe_code, reason = "instructions are named one by one")]
#![allow(missing_docs, reason = "a benchmark")]

#[cfg(target_arch = "x86_64")]
fn main() {
    if x86::is_available() {
        x86::report();
    } else {
        eprintln!("skipped: needs avx512f, avx512bw, avx512vl, avx512vbmi, gfni and vpclmulqdq");
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn main() {
    eprintln!("skipped: needs an x86-64 processor");
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::{arch::asm, hint::black_box, time::Instant};

    /// Turns of each loop.
    const TURNS: u64 = 2_000;
    /// Destinations, and so independent instructions of a kind, in one turn.
    const IN_TURN: u64 = 12;
    const READINGS: usize = 101;

    pub(super) fn is_available() -> bool {
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("gfni")
            && is_x86_feature_detected!("vpclmulqdq")
    }

    /// A loop over the given instructions, each twelve times; `D` counts through destinations.
    macro_rules! unit {
        ($($line:literal),+) => {
            |memory: *const u8| {
                // SAFETY: writes vector and mask registers only, all declared; reads the 192
                // bytes that `memory` points to. The features were checked.
                unsafe {
                    asm!(
                        "/* reads at {m} */",
                        "2:",
                        ".irp D, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
                        $($line,)+
                        ".endr",
                        "dec {turns}",
                        "jnz 2b",
                        turns = inout(reg) TURNS => _,
                        m = in(reg) memory,
                        out("zmm0") _, out("zmm1") _, out("zmm2") _, out("zmm3") _,
                        out("zmm4") _, out("zmm5") _, out("zmm6") _, out("zmm7") _,
                        out("zmm8") _, out("zmm9") _, out("zmm10") _, out("zmm11") _,
                        out("k1") _, out("k2") _,
                        options(nostack, readonly),
                    );
                }
            }
        };
    }

    /// A name, how many instructions it stands for, and the loop.
    type Unit = (&'static str, u64, fn(*const u8));

    const UNITS: [Unit; 14] = [
        ("vpxorq", 1, unit!("vpxorq zmm\\D, zmm16, zmm17")),
        ("vpternlogq", 1, unit!("vpternlogq zmm\\D, zmm16, zmm17, 0x96")),
        ("vpblendmq", 1, unit!("vpblendmq zmm\\D {{k1}}, zmm16, zmm17")),
        ("vpermb", 1, unit!("vpermb zmm\\D, zmm16, zmm17")),
        ("vpermt2b", 1, unit!("vpermt2b zmm\\D, zmm16, zmm17")),
        ("vshufi64x2", 1, unit!("vshufi64x2 zmm\\D, zmm16, zmm17, 0x4e")),
        ("vgf2p8affineqb", 1, unit!("vgf2p8affineqb zmm\\D, zmm16, zmm17, 0")),
        ("vpclmulqdq", 1, unit!("vpclmulqdq zmm\\D, zmm16, zmm17, 0")),
        ("vpcmpeqb", 1, unit!("vpcmpeqb k2, zmm16, zmm17")),
        ("load, one line", 1, unit!("vmovdqu64 zmm\\D, [{m} + 64]")),
        ("load, across two", 1, unit!("vmovdqu64 zmm\\D, [{m} + 70]")),
        (
            "affine + vpermb",
            2,
            unit!("vgf2p8affineqb zmm\\D, zmm16, zmm17, 0", "vpermb zmm\\D, zmm18, zmm19"),
        ),
        (
            "affine + 2 blends",
            3,
            unit!(
                "vgf2p8affineqb zmm\\D, zmm16, zmm17, 0",
                "vpblendmq zmm\\D {{k1}}, zmm18, zmm19",
                "vpblendmq zmm\\D {{k1}}, zmm18, zmm19"
            ),
        ),
        (
            "vpermt2b + vpxorq",
            2,
            unit!("vpermt2b zmm\\D, zmm16, zmm17", "vpxorq zmm\\D, zmm18, zmm19"),
        ),
    ];

    #[repr(align(64))]
    struct Aligned([u8; 192]);

    pub(super) fn report() {
        let memory = Aligned([1; 192]);
        let cycle_ns = median_ns(dependent_additions) / (TURNS * IN_TURN) as f64;
        println!("{:<20} {:>6} cycles an instruction, at {:.2} GHz", "", "", 1.0 / cycle_ns);
        for (name, instructions, run) in UNITS {
            let nanos = median_ns(|| run(black_box(memory.0.as_ptr())));
            let count = (TURNS * IN_TURN * instructions) as f64;
            println!("{name:<20} {:>6.2}", nanos / count / cycle_ns);
        }
    }

    fn dependent_additions() {
        // SAFETY: changes the declared registers only.
        unsafe {
            asm!(
                "2:",
                ".rept 12",
                "add {sum}, 1",
                ".endr",
                "dec {turns}",
                "jnz 2b",
                turns = inout(reg) TURNS => _,
                sum = inout(reg) 0u64 => _,
                options(nomem, nostack),
            );
        }
    }

    fn median_ns(run: impl Fn()) -> f64 {
        let reading = || {
            let start = Instant::now();
            run();
            start.elapsed().as_nanos() as f64
        };
        let mut readings: Vec<f64> = (0..READINGS).map(|_| reading()).collect();
        readings.sort_by(f64::total_cmp);
        readings[READINGS / 2]
    }
}
