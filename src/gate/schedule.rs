//! In which order baseline and candidate are read: balanced blocks, drawn anew for each launch.
//!
//! A block reads each of the two twice, one of them outside, the other inside: a linear drift
//! cancels within it. Half of the blocks are of either kind, so that neither side has the first
//! turn more often; their order is drawn, so that no rhythm of the machine keeps step with it.

use rand_chacha::rand_core::Rng;

/// Whose reading it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The baseline's.
    Baseline,
    /// The candidate's.
    Candidate,
}

/// Four readings in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// Baseline, candidate, candidate, baseline.
    CandidateInside,
    /// Candidate, baseline, baseline, candidate.
    CandidateOutside,
}

impl Block {
    /// Whose readings these are.
    #[must_use]
    pub const fn turns(self) -> [Turn; 4] {
        use Turn::{Baseline, Candidate};
        match self {
            Self::CandidateInside => [Baseline, Candidate, Candidate, Baseline],
            Self::CandidateOutside => [Candidate, Baseline, Baseline, Candidate],
        }
    }
}

/// `count` blocks in drawn order, half of each kind; of an odd number one more of a drawn kind.
pub fn blocks(rng: &mut impl Rng, count: u32) -> Vec<Block> {
    let is_inside_more = count % 2 == 1 && coin(rng);
    let inside = count / 2 + u32::from(is_inside_more);
    let kind =
        |index| if index < inside { Block::CandidateInside } else { Block::CandidateOutside };
    let mut blocks: Vec<Block> = (0..count).map(kind).collect();
    for last in (1..blocks.len()).rev() {
        blocks.swap(last, below(rng, last as u32 + 1) as usize);
    }
    blocks
}

/// Heads or tails.
pub fn coin(rng: &mut impl Rng) -> bool {
    rng.next_u32() >> 31 == 1
}

/// A number below `bound`, each with the same probability to within one in a billion.
fn below(rng: &mut impl Rng, bound: u32) -> u32 {
    ((u64::from(rng.next_u32()) * u64::from(bound)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng as _};

    use super::*;

    fn inside(blocks: &[Block]) -> usize {
        blocks.iter().filter(|block| **block == Block::CandidateInside).count()
    }

    /// Both sides have as many readings, as many first turns, and the same mean place in time.
    #[test]
    fn blocks_are_balanced() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for count in [2u32, 8, 20] {
            let blocks = blocks(&mut rng, count);
            assert_eq!((blocks.len(), inside(&blocks)), (count as usize, count as usize / 2));
        }
        for block in [Block::CandidateInside, Block::CandidateOutside] {
            let places = |turn: Turn| {
                let turns = block.turns().into_iter().enumerate();
                turns.filter(|(_, found)| *found == turn).map(|(place, _)| place).sum::<usize>()
            };
            assert_eq!(places(Turn::Baseline), places(Turn::Candidate));
        }
    }

    /// The order is drawn: every order of four blocks comes up, about as often as any other, and
    /// the odd block is of either kind.
    #[test]
    fn order_is_drawn() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut seen = std::collections::BTreeMap::new();
        for _ in 0..6_000 {
            let order: Vec<bool> =
                blocks(&mut rng, 4).iter().map(|one| *one == Block::CandidateInside).collect();
            *seen.entry(order).or_insert(0u32) += 1;
        }
        assert_eq!(seen.len(), 6);
        // 1,000 expected each, with a deviation of 29.
        assert!(seen.values().all(|count| (850..1_150).contains(count)), "{seen:?}");
        let odd: Vec<usize> = (0..50).map(|_| inside(&blocks(&mut rng, 3))).collect();
        assert!(odd.contains(&1) && odd.contains(&2), "{odd:?}");
    }
}
