//! Raw record files of any size, read in chunks of whole records.

use std::io::{self, Read};

use thiserror::Error;

use crate::descriptor::{RECORD_BYTES, Record};

/// Records in one chunk: 1.5 MiB.
pub const CHUNK_RECORDS_MAX: usize = 64 * 1024;

/// Why a stream of records could not be read to its end.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The stream failed.
    #[error("cannot read records: {0}")]
    Io(#[from] io::Error),
    /// The stream ends within a record. All whole records were handed out before.
    #[error(
        "the input ends within a record: {whole} whole records of {RECORD_BYTES} bytes and {rest} \
         bytes over; give a file of whole records"
    )]
    Ragged {
        /// Whole records handed out.
        whole: u64,
        /// Bytes after the last whole record.
        rest: usize,
    },
}

/// Reads chunks of whole records from a stream, in bounded memory. Short reads do no harm.
#[derive(Debug)]
pub struct RecordReader<R> {
    input: R,
    buffer: Vec<u8>,
    whole: u64,
    ended: bool,
    /// Bytes over that are still to be reported.
    rest: usize,
}

impl<R: Read> RecordReader<R> {
    /// A reader with chunks of up to [`CHUNK_RECORDS_MAX`] records.
    pub fn new(input: R) -> Self {
        Self::with_chunk(input, CHUNK_RECORDS_MAX)
    }

    /// A reader with chunks of up to `chunk_records_max` records, at least one.
    pub fn with_chunk(input: R, chunk_records_max: usize) -> Self {
        let buffer = vec![0; chunk_records_max.max(1) * RECORD_BYTES];
        Self { input, buffer, whole: 0, ended: false, rest: 0 }
    }

    /// Whole records handed out so far.
    #[must_use]
    pub fn whole(&self) -> u64 {
        self.whole
    }

    /// The next records, at least one, or `None` at the end. Every chunk but the last is full.
    /// A ragged rest is an error once, after all whole records were handed out.
    pub fn next_chunk(&mut self) -> Result<Option<&[Record]>, ReadError> {
        if self.ended {
            return match std::mem::take(&mut self.rest) {
                0 => Ok(None),
                rest => Err(ReadError::Ragged { whole: self.whole, rest }),
            };
        }
        let filled = self.fill()?;
        let whole = filled / RECORD_BYTES;
        self.ended = filled < self.buffer.len();
        self.rest = filled % RECORD_BYTES;
        self.whole += whole as u64;
        if whole == 0 {
            return self.next_chunk();
        }
        let records = Record::view(&self.buffer[..whole * RECORD_BYTES]);
        Ok(Some(records.map_err(|ragged| io::Error::other(ragged.to_string()))?))
    }

    /// Fills the buffer unless the stream ends; gives the bytes read.
    fn fill(&mut self) -> Result<usize, io::Error> {
        let mut filled = 0;
        while filled < self.buffer.len() {
            match self.input.read(&mut self.buffer[filled..]) {
                Ok(0) => break,
                Ok(bytes) => filled += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    /// Gives its bytes in pieces of the given sizes.
    struct Pieces {
        bytes: VecDeque<u8>,
        sizes: Vec<usize>,
        turn: usize,
    }

    impl Read for Pieces {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.turn += 1;
            if self.turn.is_multiple_of(5) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let size = self.sizes[self.turn % self.sizes.len()].min(out.len());
            let size = size.min(self.bytes.len());
            out.iter_mut().zip(self.bytes.drain(..size)).for_each(|(out, byte)| *out = byte);
            Ok(size)
        }
    }

    proptest! {
        /// However a stream is cut, the same records come out and the rest is reported once.
        #[test]
        fn any_split_gives_the_same_records(
            bytes in prop::collection::vec(any::<u8>(), 0..600),
            sizes in prop::collection::vec(1usize..100, 1..8),
            chunk in 1usize..9,
        ) {
            let pieces = Pieces { bytes: bytes.clone().into(), sizes, turn: 0 };
            let mut reader = RecordReader::with_chunk(pieces, chunk);
            let mut seen = Vec::new();
            let end = loop {
                match reader.next_chunk() {
                    Ok(Some(records)) => {
                        prop_assert!(!records.is_empty() && records.len() <= chunk);
                        seen.extend_from_slice(Record::bytes_of(records));
                    }
                    end => break end.map(|_| ()),
                }
            };
            let whole = bytes.len() / RECORD_BYTES;
            prop_assert_eq!(&seen, &bytes[..whole * RECORD_BYTES]);
            prop_assert_eq!(reader.whole(), whole as u64);
            match (end, bytes.len() % RECORD_BYTES) {
                (Ok(()), 0) => {}
                (Err(ReadError::Ragged { whole: got, rest }), expected) => {
                    prop_assert_eq!((got, rest), (whole as u64, expected));
                }
                (other, _) => prop_assert!(false, "{:?}", other),
            }
            prop_assert!(matches!(reader.next_chunk(), Ok(None)));
        }
    }
}
