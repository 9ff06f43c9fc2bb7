//! Larger inputs: records drawn from a corpus, some varied, some with planted faults.
//!
//! The same corpus, seed and share of faults give the same records on every machine: `ChaCha8`
//! seeded with the seed's eight bytes, and choices made by multiply and shift.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use serde::Serialize;

use super::Corpus;
use crate::{
    descriptor::{MAGIC, RECORD_BYTES, Record, VERSION},
    flags::RISK_MASK,
};

/// The largest share of faulty records: all of them.
pub const FAULTS_PERMILLE_MAX: u16 = 1000;

/// Of 1000 records without a fault, how many are varied: other flags and other numbers.
const VARIED_PERMILLE: u64 = 250;

/// Fills the seed of the generator after the eight bytes of the user's seed.
const SEED_TAG: &[u8; 24] = b"nanogate corpus generate";

/// Bytes of the fields.
const MAGIC_AT: usize = 0;
const VERSION_AT: usize = 4;
const FLAGS_AT: usize = 10;
const NUMBERS_AT: usize = 14;
const CHECKSUM_AT: usize = 22;

/// Bits that a checksum is sure to catch, and the bytes in which they are flipped. The magic and
/// the version are left alone, so that the checksum is the first fault of the record.
const FLIPPED_BITS_MAX: u64 = 3;
const FLIPPED_FROM_BYTE: usize = 6;

/// A kind of planted fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plant {
    /// Another magic; the checksum fits.
    Magic,
    /// Another version; the checksum fits.
    Version,
    /// One to three bits flipped in bytes 6..24.
    Checksum,
    /// No risk bit; the checksum fits.
    NoRisk,
    /// Two or more of these at once, so that their precedence shows.
    Several,
    /// Twenty-four random bytes.
    Garbage,
}

impl Plant {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Magic, Self::Version, Self::Checksum, Self::NoRisk, Self::Several, Self::Garbage];

    /// The name used in JSON and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Magic => "magic",
            Self::Version => "version",
            Self::Checksum => "checksum",
            Self::NoRisk => "no-risk",
            Self::Several => "several",
            Self::Garbage => "garbage",
        }
    }
}

/// How many records of each kind a generator has made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planted {
    /// Records in all.
    pub records: u64,
    /// Records without a fault whose flags or numbers differ from the corpus.
    pub varied: u64,
    counts: [u64; Plant::ALL.len()],
}

impl Planted {
    /// Records with a fault of `kind`.
    #[must_use]
    pub fn count(&self, kind: Plant) -> u64 {
        self.counts[kind as usize]
    }

    /// Records with any fault.
    #[must_use]
    pub fn faulty(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// An endless stream of records.
#[derive(Clone, Debug)]
pub struct Generator {
    records: Vec<Record>,
    random: ChaCha8Rng,
    faults_permille: u64,
    planted: Planted,
}

impl Generator {
    /// Draws from `corpus`. Of 1000 records, `faults_permille` (1000 at most) have a fault.
    #[must_use]
    pub fn new(corpus: &Corpus, seed: u64, faults_permille: u16) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..].copy_from_slice(SEED_TAG);
        Self {
            records: corpus.records(),
            random: ChaCha8Rng::from_seed(key),
            faults_permille: faults_permille.min(FAULTS_PERMILLE_MAX).into(),
            planted: Planted::default(),
        }
    }

    /// What was made so far.
    #[must_use]
    pub fn planted(&self) -> &Planted {
        &self.planted
    }

    /// The next record.
    pub fn next_record(&mut self) -> Record {
        self.planted.records += 1;
        let Some(drawn) = self.draw() else { return Record::from_bytes([0; RECORD_BYTES]) };
        if self.below(1000) < self.faults_permille {
            let kind = Plant::ALL[self.below(Plant::ALL.len() as u64) as usize];
            self.planted.counts[kind as usize] += 1;
            return Record::from_bytes(self.plant(kind, *drawn.as_bytes()));
        }
        if self.below(1000) < VARIED_PERMILLE {
            self.planted.varied += 1;
            return self.vary(*drawn.as_bytes());
        }
        drawn
    }

    fn draw(&mut self) -> Option<Record> {
        let index = self.below(self.records.len() as u64) as usize;
        self.records.get(index).copied()
    }

    /// A number in `0..limit`, by multiply and shift (Lemire 2019, without rejection: the bias is
    /// below limit / 2^64).
    fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.random.next_u64()) * u128::from(limit)) >> 64) as u64
    }

    /// Other flags with at least one risk bit, and now and then other numbers; resealed.
    fn vary(&mut self, mut bytes: [u8; RECORD_BYTES]) -> Record {
        let risks = 1 + self.below(u64::from(RISK_MASK)) as u32;
        let others = self.random.next_u32() & !RISK_MASK;
        bytes[FLAGS_AT..NUMBERS_AT].copy_from_slice(&(risks | others).to_be_bytes());
        if self.below(2) == 0 {
            let numbers = self.random.next_u64().to_be_bytes();
            bytes[NUMBERS_AT..CHECKSUM_AT].copy_from_slice(&numbers);
        }
        Record::from_bytes(bytes).sealed()
    }

    fn plant(&mut self, kind: Plant, mut bytes: [u8; RECORD_BYTES]) -> [u8; RECORD_BYTES] {
        match kind {
            Plant::Magic => {
                self.other_value(&mut bytes[MAGIC_AT..VERSION_AT], &MAGIC);
                sealed(bytes)
            }
            Plant::Version => {
                self.other_value(&mut bytes[VERSION_AT..FLIPPED_FROM_BYTE], &VERSION.to_be_bytes());
                sealed(bytes)
            }
            Plant::NoRisk => {
                let others = self.random.next_u32() & !RISK_MASK;
                bytes[FLAGS_AT..NUMBERS_AT].copy_from_slice(&others.to_be_bytes());
                sealed(bytes)
            }
            Plant::Checksum => self.flip(bytes),
            Plant::Several => self.several(bytes),
            Plant::Garbage => {
                self.random.fill_bytes(&mut bytes);
                bytes
            }
        }
    }

    /// Another value than `right`: one bit off half of the time, else random.
    fn other_value(&mut self, field: &mut [u8], right: &[u8]) {
        if self.below(2) == 0 {
            self.random.fill_bytes(field);
        }
        if field == right {
            let bit = self.below(field.len() as u64 * 8) as usize;
            field[bit / 8] ^= 1 << (bit % 8);
        }
    }

    fn flip(&mut self, mut bytes: [u8; RECORD_BYTES]) -> [u8; RECORD_BYTES] {
        let wanted = 1 + self.below(FLIPPED_BITS_MAX);
        let mut flipped: Vec<usize> = Vec::with_capacity(FLIPPED_BITS_MAX as usize);
        let bits = (RECORD_BYTES - FLIPPED_FROM_BYTE) as u64 * 8;
        while (flipped.len() as u64) < wanted {
            let bit = self.below(bits) as usize;
            if !flipped.contains(&bit) {
                flipped.push(bit);
                bytes[FLIPPED_FROM_BYTE + bit / 8] ^= 1 << (bit % 8);
            }
        }
        bytes
    }

    /// Two to four of the four simple kinds. Bits are flipped last, or sealing would mend them.
    fn several(&mut self, mut bytes: [u8; RECORD_BYTES]) -> [u8; RECORD_BYTES] {
        const SIMPLE: [Plant; 4] = [Plant::NoRisk, Plant::Version, Plant::Magic, Plant::Checksum];
        let chosen = loop {
            let chosen = self.below(1 << SIMPLE.len());
            if chosen.count_ones() > 1 {
                break chosen;
            }
        };
        for (index, kind) in SIMPLE.into_iter().enumerate() {
            if chosen >> index & 1 == 1 {
                bytes = self.plant(kind, bytes);
            }
        }
        bytes
    }
}

impl Iterator for Generator {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        Some(self.next_record())
    }
}

fn sealed(bytes: [u8; RECORD_BYTES]) -> [u8; RECORD_BYTES] {
    *Record::from_bytes(bytes).sealed().as_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{
        corpus::{Entry, snapshot},
        descriptor::Descriptor,
        kernel,
        verdict::{Fault, Risk, Verdict},
    };

    /// A corpus of five commands, one a risk, that no snapshot changes.
    fn corpus() -> Corpus {
        let entry = |risk: Risk| Entry {
            name: risk.name().to_owned(),
            section: "1".to_owned(),
            documentation_bytes: 1,
            descriptor: Descriptor::build(risk.name(), risk).execution_ms(100).finish(),
            fired: Vec::new(),
        };
        Corpus::from_entries(Risk::ALL.into_iter().map(entry).collect(), "test")
    }

    /// The stream of seed 1 is pinned: a change of it would change every measured input.
    #[test]
    fn stream_is_pinned() {
        let records: Vec<Record> = Generator::new(&corpus(), 1, 100).take(10_000).collect();
        let digest = snapshot::digest(Record::bytes_of(&records));
        assert_eq!(digest, "87ae9edab743fd648b26df03a334569dc615b701b2a9a738752f515a42784201");
        let other: Vec<Record> = Generator::new(&corpus(), 2, 100).take(10_000).collect();
        assert_ne!(records, other);
    }

    /// Without faults every record is a valid descriptor; with all faults none is.
    #[test]
    fn faults_are_planted_and_nothing_else() {
        for record in Generator::new(&corpus(), 3, 0).take(20_000) {
            assert!(Descriptor::from_record(record).is_ok());
        }
        for record in Generator::new(&corpus(), 3, 1000).take(20_000) {
            assert!(Descriptor::from_record(record).is_err());
        }
    }

    /// Each simple fault gives its own verdict, all nine verdicts occur, counts add up.
    #[test]
    fn all_verdicts_occur() {
        let mut generator = Generator::new(&corpus(), 4, 500);
        let mut seen: HashMap<Verdict, u64> = HashMap::new();
        for record in generator.by_ref().take(50_000) {
            *seen.entry(kernel::decide(record)).or_default() += 1;
        }
        assert_eq!(seen.len(), Verdict::all().len());
        let planted = *generator.planted();
        let faulty = seen.iter().filter(|(verdict, _)| verdict.fault().is_some());
        assert_eq!(planted.records, 50_000);
        assert_eq!(planted.faulty(), faulty.map(|(_, count)| count).sum::<u64>());
        assert!((24_000..26_000).contains(&planted.faulty()));
        let mut generator = Generator::new(&corpus(), 5, 0);
        let base = *generator.next_record().as_bytes();
        let simple = [Plant::Magic, Plant::Version, Plant::Checksum, Plant::NoRisk];
        for (kind, fault) in simple.into_iter().zip(Fault::ALL) {
            for _ in 0..1000 {
                let record = Record::from_bytes(generator.plant(kind, base));
                assert_eq!(kernel::decide(record).fault(), Some(fault));
            }
        }
    }
}
