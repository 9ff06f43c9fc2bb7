//! The cases that every backend must pass.

use thiserror::Error;

use crate::{
    corpus::{Corpus, generate::Generator, vectors},
    descriptor::{RECORD_BYTES, RaggedLength, Record},
    kernel,
    op::Op,
};

/// One batch with its golden output.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it covers.
    pub name: String,
    /// Whole input records.
    pub input: Vec<u8>,
    /// Output bytes.
    pub golden: Vec<u8>,
}

/// All cases of one operation.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The operation.
    pub op: Op,
    /// Long batches.
    pub cases: Vec<Case>,
    /// Records that short batches are cut from.
    short: Case,
}

/// A suite that cannot be made.
#[derive(Debug, Error)]
pub enum SuiteError {
    /// The golden vectors cannot be read.
    #[error(transparent)]
    Vectors(#[from] vectors::VectorError),
    /// The golden vectors and the golden model disagree.
    #[error(
        "golden vector {index} has verdict {vector:#04x}, but the golden model gives {model:#04x}"
    )]
    Model {
        /// Which vector.
        index: usize,
        /// Its verdict.
        vector: u8,
        /// The model's.
        model: u8,
    },
    /// A case is not whole records: a bug.
    #[error(transparent)]
    Ragged(#[from] RaggedLength),
}

/// One below, at and above every power of two up to 256: all vector widths have an edge there.
const BOUNDARY_LENS: [usize; 25] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257,
];

/// Fault rate of the generated cases: half, so that every kind of fault is frequent.
const FAULTS_PERMILLE: u16 = 500;

/// Seeds of the generated cases.
const SEED_FAULTS: u64 = 0x6761_7465;
const SEED_LARGE: u64 = 0x6e61_6e6f;

/// Records of the planted-faults case.
const FAULTS_LEN: usize = 65_537;

/// Corpus records whose single-bit errors are all tried.
const FLIPPED_RECORDS: usize = 16;

impl Suite {
    /// Steps that verifying one backend reports: one per long case, one for all boundaries.
    pub const STEPS: u64 = 6;

    /// The longest batch that a simulated design gets at every pace.
    pub(super) const PACED_LEN_MAX: usize = 1_000;

    /// Cases from the corpus, the golden vectors and the generator; the large one has
    /// `large_len` records.
    pub fn new(op: Op, corpus: &Corpus, large_len: usize) -> Result<Self, SuiteError> {
        let generated = |seed, len| {
            Generator::new(corpus, seed, FAULTS_PERMILLE).take(len).collect::<Vec<Record>>()
        };
        let cases = vec![
            golden_vectors(op)?,
            case(op, "corpus", &corpus.records())?,
            case(op, "single-bit errors", &bit_errors(&corpus.records()))?,
            case(op, "planted faults", &generated(SEED_FAULTS, FAULTS_LEN))?,
            case(op, "large", &generated(SEED_LARGE, large_len))?,
        ];
        let short = case(op, "boundary", &generated(SEED_LARGE, Self::PACED_LEN_MAX))?;
        Ok(Self { op, cases, short })
    }

    /// The longest batch, in records.
    #[must_use]
    pub fn batch_len_max(&self) -> usize {
        self.cases.iter().map(|case| case.golden.len() / self.op.output_bytes()).max().unwrap_or(0)
    }

    /// Batches of every boundary length.
    pub fn boundaries(&self) -> impl Iterator<Item = Case> {
        BOUNDARY_LENS.into_iter().map(|len| self.cut(len, &self.short.name))
    }

    /// A batch of `len` records for a simulated design, at the pace that `name` says.
    pub(super) fn paced(&self, len: usize, name: &str) -> Case {
        self.cut(len, name)
    }

    fn cut(&self, len: usize, name: &str) -> Case {
        Case {
            name: name.into(),
            input: self.short.input[..len * self.op.input_bytes()].to_vec(),
            golden: self.short.golden[..len * self.op.output_bytes()].to_vec(),
        }
    }
}

fn case(op: Op, name: &str, records: &[Record]) -> Result<Case, RaggedLength> {
    let input = Record::bytes_of(records).to_vec();
    let golden = kernel::run(op, &input)?;
    Ok(Case { name: name.into(), input, golden })
}

/// The vectors' own verdicts are the expectation, and the model must share it.
fn golden_vectors(op: Op) -> Result<Case, SuiteError> {
    let vectors = vectors::golden()?;
    let records: Vec<Record> = vectors.iter().map(|vector| vector.record).collect();
    let case = case(op, "golden vectors", &records)?;
    for (index, (vector, &model)) in vectors.iter().zip(&case.golden).enumerate() {
        if vector.verdict != model {
            return Err(SuiteError::Model { index, vector: vector.verdict, model });
        }
    }
    Ok(case)
}

/// Each of the first records, whole and with each of its 192 bits flipped.
fn bit_errors(records: &[Record]) -> Vec<Record> {
    let mut errors = Vec::new();
    for record in records.iter().take(FLIPPED_RECORDS) {
        errors.push(*record);
        for bit in 0..RECORD_BYTES * 8 {
            let mut bytes = *record.as_bytes();
            bytes[bit / 8] ^= 0x80 >> (bit % 8);
            errors.push(Record::from_bytes(bytes));
        }
    }
    errors
}
