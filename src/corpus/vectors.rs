//! The golden vectors: records with verdicts from an independent implementation.

use serde::Deserialize;
use thiserror::Error;

use crate::descriptor::{RECORD_BYTES, Record};

const JSONL: &str = include_str!("../../corpus/vectors.jsonl");

/// One record and the verdict byte that it must get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vector {
    /// The input.
    pub record: Record,
    /// The output byte.
    pub verdict: u8,
}

/// A line of a vector file that cannot be read.
#[derive(Debug, Error)]
pub enum VectorError {
    /// Not the expected JSON.
    #[error("vectors line {line}: {source}")]
    Json {
        /// One-based.
        line: usize,
        /// What the JSON reader says.
        source: serde_json::Error,
    },
    /// Not 24 bytes in hexadecimal.
    #[error("vectors line {line}: `in` is not {RECORD_BYTES} bytes in hexadecimal")]
    Hex {
        /// One-based.
        line: usize,
    },
}

#[derive(Deserialize)]
struct Line {
    r#in: String,
    verdict: u8,
}

/// The 4,096 vectors that come with the program.
pub fn golden() -> Result<Vec<Vector>, VectorError> {
    read(JSONL)
}

/// Reads vectors, one JSON object a line: `{"in": "<48 hex digits>", "verdict": 95}`.
pub fn read(jsonl: &str) -> Result<Vec<Vector>, VectorError> {
    jsonl.lines().enumerate().map(|(index, line)| read_line(index + 1, line)).collect()
}

fn read_line(line: usize, json: &str) -> Result<Vector, VectorError> {
    let parsed: Line =
        serde_json::from_str(json).map_err(|source| VectorError::Json { line, source })?;
    let mut bytes = [0; RECORD_BYTES];
    hex::decode_to_slice(parsed.r#in, &mut bytes).map_err(|_| VectorError::Hex { line })?;
    Ok(Vector { record: Record::from_bytes(bytes), verdict: parsed.verdict })
}
