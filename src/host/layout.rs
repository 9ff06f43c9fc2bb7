//! Where stack, environment and buffers lie: drawn anew for each launch.
//!
//! A kernel can be some percent faster or slower by nothing but its place in memory, and one
//! process sees one place only. Source: Mytkowicz et al., "Producing Wrong Data Without Doing
//! Anything Obviously Wrong!" (ASPLOS 2009). The layout of the code itself is the linker's, and is
//! not drawn.

use std::hint::black_box;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use serde::{Deserialize, Serialize};

/// Offsets of one launch. All zero: nothing is moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Bytes that the environment is longer by.
    pub environment_bytes: usize,
    /// Bytes that the stack is deeper by, at least.
    pub stack_bytes: usize,
    /// Bytes into their buffers at which inputs and outputs begin.
    pub buffer_offset_bytes: usize,
}

/// The variable that makes the environment longer.
const VARIABLE: &str = "NANOGATE_LAYOUT";

/// Environment and buffers are moved within a page.
const PAGE_BYTES: u32 = 4_096;

/// Buffers begin at multiples of this, as every allocator gives them.
const STEP_BYTES: u32 = 16;

/// Bytes of stack that a step down takes at least, and the most steps.
const FRAME_BYTES: usize = 64;
const FRAMES_MAX: u32 = 128;

impl Layout {
    /// The layout of launch `number`: the same for the same seed.
    #[must_use]
    pub fn draw(seed: u64, number: u32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(u64::from(number));
        // The remainder favours no offset: each bound is a power of two.
        let mut below = |bound: u32| (rng.next_u32() % bound) as usize;
        Self {
            environment_bytes: below(PAGE_BYTES),
            stack_bytes: below(FRAMES_MAX) * FRAME_BYTES,
            buffer_offset_bytes: below(PAGE_BYTES / STEP_BYTES) * STEP_BYTES as usize,
        }
    }

    /// The variable and the value that the process of this layout is to be started with.
    #[must_use]
    pub fn environment(&self) -> (&'static str, String) {
        (VARIABLE, "x".repeat(self.environment_bytes))
    }

    /// Works deeper down the stack.
    pub fn with_stack<R>(&self, work: impl FnOnce() -> R) -> R {
        let (mut work, mut result) = (Some(work), None);
        deeper(self.stack_bytes / FRAME_BYTES, &mut || result = work.take().map(|work| work()));
        match result {
            Some(result) => result,
            None => unreachable!("`deeper` calls what it is given"),
        }
    }
}

/// Calls `work` below so many frames.
#[inline(never)]
fn deeper(frames: usize, work: &mut dyn FnMut()) {
    let mut frame = [0u8; FRAME_BYTES];
    black_box(&mut frame);
    if frames == 0 {
        work();
    } else {
        deeper(frames - 1, work);
    }
    // Something is left to do, so that the call above is no jump.
    black_box(&frame);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Layouts differ between launches and between seeds, and come back with the same ones.
    #[test]
    fn layouts_are_drawn() {
        let drawn: Vec<Layout> = (1..=50).map(|number| Layout::draw(7, number)).collect();
        assert_eq!(drawn[3], Layout::draw(7, 4));
        assert_ne!(drawn[3], Layout::draw(8, 4));
        let mut offsets: Vec<_> = drawn.iter().map(|layout| layout.buffer_offset_bytes).collect();
        offsets.sort_unstable();
        offsets.dedup();
        assert!(offsets.len() > 25, "{offsets:?}");
        assert!(offsets.iter().all(|offset| offset % 16 == 0 && *offset < 4_096));
        assert_eq!(drawn[3].environment().1.len(), drawn[3].environment_bytes);
    }

    /// The stack is as much deeper as was asked for, at least, and the work is done once.
    #[test]
    fn the_stack_is_moved() {
        let depth = |stack_bytes| {
            let layout = Layout { stack_bytes, ..Layout::default() };
            layout.with_stack(|| {
                let local = [0u8; 16];
                std::ptr::from_ref(black_box(&local)).addr()
            })
        };
        let (near, far) = (depth(0), depth(64 * FRAME_BYTES));
        assert!(near - far >= 64 * FRAME_BYTES, "{near} and {far}");
    }
}
