//! The golden model: what every backend must compute, byte for byte.
//!
//! Written to be read, never optimised. It leans on [`Descriptor::from_record`] for the order of
//! faults and on [`crate::checksum`] for the check, both of which are definitions themselves.

use crate::{
    descriptor::{Descriptor, RaggedLength, Record},
    op::Op,
    verdict::Verdict,
};

/// The verdict of one record.
#[must_use]
pub fn decide(record: Record) -> Verdict {
    match Descriptor::from_record(record) {
        Ok(descriptor) => Verdict::of_risk(descriptor.risk()),
        Err(invalid) => Verdict::of_fault(invalid.fault()),
    }
}

/// The output of `op` over whole input records.
pub fn run(op: Op, input: &[u8]) -> Result<Vec<u8>, RaggedLength> {
    match op {
        Op::Decide => {
            Ok(Record::view(input)?.iter().map(|&record| decide(record).byte()).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::vectors;

    /// All 4,096 golden vectors of an independent implementation.
    #[test]
    fn golden_vectors_agree() {
        let vectors = vectors::golden().unwrap();
        assert_eq!(vectors.len(), 4096);
        for vector in vectors {
            assert_eq!(decide(vector.record).byte(), vector.verdict, "{:?}", vector.record);
        }
    }
}
