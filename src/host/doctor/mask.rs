//! Sets of cores as the kernel writes them: groups of 32 bits in hexadecimal, highest first.

use std::fmt::Write as _;

/// Bits in one group.
const GROUP_BITS: usize = 32;

/// The cores of a mask such as `00000001,00000003`, least first. `None` for what is no mask.
#[must_use]
pub fn parse(text: &str) -> Option<Vec<usize>> {
    let groups: Vec<u32> = text
        .trim()
        .split(',')
        .map(|group| u32::from_str_radix(group, 16).ok())
        .collect::<Option<_>>()?;
    let has = |core: &usize| {
        let group = groups[groups.len() - 1 - core / GROUP_BITS];
        group >> (core % GROUP_BITS) & 1 == 1
    };
    Some((0..groups.len() * GROUP_BITS).filter(has).collect())
}

/// The mask of `cores`, with as many digits as `like` has, or more where they need more.
#[must_use]
pub fn format(cores: &[usize], like: &str) -> String {
    let like = like.trim();
    let needed = cores.iter().max().map_or(1, |core| core / GROUP_BITS + 1);
    let mut groups = vec![0_u32; needed.max(like.split(',').count())];
    for core in cores {
        groups[core / GROUP_BITS] |= 1 << (core % GROUP_BITS);
    }
    let digits = if groups.len() > 1 { 8 } else { like.len().min(8) };
    let mut text = String::new();
    for (place, group) in groups.iter().rev().enumerate() {
        let (comma, width) = if place == 0 { ("", digits) } else { (",", 8) };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{group:0width$x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Masks as kernels with few and with many cores write them.
    #[test]
    fn masks_are_read() {
        assert_eq!(parse("3\n"), Some(vec![0, 1]));
        assert_eq!(parse("00000001,80000000"), Some(vec![31, 32]));
        assert_eq!(parse("0"), Some(vec![]));
        assert_eq!(parse("0-3"), None);
        assert_eq!(parse(""), None);
    }

    /// A mask keeps the form of the one that it replaces.
    #[test]
    fn masks_keep_their_form() {
        assert_eq!(format(&[0], "3\n"), "1");
        assert_eq!(format(&[0, 4], "ff"), "11");
        assert_eq!(format(&[1], "ffffffff,ffffffff"), "00000000,00000002");
        assert_eq!(format(&[40], "f"), "00000100,00000000");
    }

    proptest::proptest! {
        /// What is written is read again, whatever form it had.
        #[test]
        fn masks_survive(
            cores in proptest::collection::btree_set(0_usize..200, 0..20),
            like in "[0-9a-f]{1,8}(,[0-9a-f]{8}){0,3}",
        ) {
            let cores: Vec<usize> = cores.into_iter().collect();
            proptest::prop_assert_eq!(parse(&format(&cores, &like)), Some(cores));
        }
    }
}
