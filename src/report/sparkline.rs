//! Counts as bars of one character each.

use super::screen::Glyphs;

/// Bars by height, and what is shown for never.
const BLOCKS: ([char; 8], char) = (['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'], '.');
const SIGNS: ([char; 8], char) = (['.', ':', '-', '=', '+', '*', '#', '@'], '_');

/// Each count against the greatest: the lowest bar for any at all, and a sign of its own for none.
#[must_use]
pub fn of(counts: &[u64], glyphs: Glyphs) -> String {
    let (bars, never) = match glyphs {
        Glyphs::Unicode => BLOCKS,
        Glyphs::Ascii => SIGNS,
    };
    let most = counts.iter().copied().max().unwrap_or_default().max(1);
    let bar = |count: &u64| match *count {
        0 => never,
        // In 128 bits nothing overflows.
        count => bars[(u128::from(count) * 8).div_ceil(u128::from(most)) as usize - 1],
    };
    counts.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bars grow with the count, one is seen beside a million, and none is not.
    #[test]
    fn counts_are_bars() {
        assert_eq!(of(&[1, 2, 4, 8, 0], Glyphs::Unicode), "▁▂▄█.");
        assert_eq!(of(&[1, 2, 4, 8, 0], Glyphs::Ascii), ".:=@_");
        assert_eq!(of(&[1_000_000, 1, 0], Glyphs::Unicode), "█▁.");
        assert_eq!(of(&[0, 0], Glyphs::Ascii), "__");
        assert_eq!(of(&[u64::MAX, 1], Glyphs::Unicode), "█▁");
        assert_eq!(of(&[], Glyphs::Unicode), "");
    }
}
