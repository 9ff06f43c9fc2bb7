//! The capability descriptor: 24 bytes that describe one command-line tool.
//!
//! [`Record`] is any 24 bytes in the wire layout. [`Descriptor`] is a record known to be valid:
//! it comes only from [`Descriptor::build`] or [`Descriptor::parse`]. All integers are big-endian.

use std::{fmt, mem::offset_of};

use bytemuck::{Pod, Zeroable};
use md5::{Digest, Md5};
use thiserror::Error;

use crate::{
    checksum::checksum,
    flags::{Capabilities, Flags},
    verdict::{Fault, Risk},
};

/// Bytes of one record.
pub const RECORD_BYTES: usize = 24;

/// The first four bytes: "TCP", 2.
pub const MAGIC: [u8; 4] = *b"TCP\x02";

/// The only version of the format.
pub const VERSION: u16 = 2;

/// Any 24 bytes in the wire layout, valid or not. Alignment 1, no padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct Record {
    magic: [u8; 4],
    version: [u8; 2],
    command_hash: [u8; 4],
    flags: [u8; 4],
    execution_ms: [u8; 2],
    memory_mb: [u8; 2],
    output_kb: [u8; 2],
    command_len: [u8; 2],
    checksum: [u8; 2],
}

const _: () = {
    assert!(size_of::<Record>() == RECORD_BYTES && align_of::<Record>() == 1);
    assert!(offset_of!(Record, magic) == 0);
    assert!(offset_of!(Record, version) == 4);
    assert!(offset_of!(Record, command_hash) == 6);
    assert!(offset_of!(Record, flags) == 10);
    assert!(offset_of!(Record, execution_ms) == 14);
    assert!(offset_of!(Record, memory_mb) == 16);
    assert!(offset_of!(Record, output_kb) == 18);
    assert!(offset_of!(Record, command_len) == 20);
    assert!(offset_of!(Record, checksum) == 22);
};

/// A byte slice that does not hold whole records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{bytes} bytes are no multiple of {RECORD_BYTES}: {whole} whole records and {rest} bytes over"
)]
pub struct RaggedLength {
    /// Bytes given.
    pub bytes: usize,
    /// Whole records in them.
    pub whole: usize,
    /// Bytes after the last whole record.
    pub rest: usize,
}

impl Record {
    /// Takes 24 bytes as they are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; RECORD_BYTES]) -> Self {
        bytemuck::must_cast(bytes)
    }

    /// The 24 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; RECORD_BYTES] {
        bytemuck::must_cast_ref(self)
    }

    /// Views bytes as records without copying. Any alignment, any whole number of records.
    pub fn view(bytes: &[u8]) -> Result<&[Self], RaggedLength> {
        let (whole, rest) = (bytes.len() / RECORD_BYTES, bytes.len() % RECORD_BYTES);
        bytemuck::try_cast_slice(bytes).map_err(|_| RaggedLength {
            bytes: bytes.len(),
            whole,
            rest,
        })
    }

    /// Views records as bytes without copying.
    #[must_use]
    pub fn bytes_of(records: &[Self]) -> &[u8] {
        bytemuck::cast_slice(records)
    }

    /// The security flags, all 32 bits as read.
    #[must_use]
    pub const fn flags(&self) -> Flags {
        Flags::from_bits_retain(u32::from_be_bytes(self.flags))
    }

    /// The checksum that the record carries.
    #[must_use]
    pub const fn stored_checksum(&self) -> u16 {
        u16::from_be_bytes(self.checksum)
    }

    /// The checksum that the first 22 bytes have.
    #[must_use]
    pub fn computed_checksum(&self) -> u16 {
        checksum(&self.as_bytes()[..offset_of!(Self, checksum)])
    }

    /// The same record with a checksum that fits.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.checksum = self.computed_checksum().to_be_bytes();
        self
    }
}

/// Why a record is not a valid descriptor: the first that holds, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Invalid {
    /// Not a descriptor at all.
    #[error("bytes 0..4 are {}, not the magic {}", hex::encode(.0), hex::encode(MAGIC))]
    Magic([u8; 4]),
    /// A version that this format does not know.
    #[error("version is {0}, not {VERSION}")]
    Version(u16),
    /// Bits were changed.
    #[error("checksum is {stored:#06x}, but the bytes have {computed:#06x}")]
    Checksum {
        /// Bytes 22..24.
        stored: u16,
        /// The checksum of bytes 0..22.
        computed: u16,
    },
    /// No risk bit is set.
    #[error("flags {0:#010x} set no risk level")]
    NoRisk(u32),
}

impl Invalid {
    /// The fault that a verdict reports.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Magic(_) => Fault::Magic,
            Self::Version(_) => Fault::Version,
            Self::Checksum { .. } => Fault::Checksum,
            Self::NoRisk(_) => Fault::NoRisk,
        }
    }
}

/// Why bytes are not a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// Not 24 bytes long.
    #[error("a descriptor has {RECORD_BYTES} bytes, not {0}")]
    Length(usize),
    /// A record with a fault.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// A valid descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Descriptor {
    record: Record,
    risk: Risk,
}

impl Descriptor {
    /// Starts a descriptor of the command `name`. It always has exactly one risk level.
    pub fn build(name: &str, risk: Risk) -> Builder {
        Builder {
            command_hash: command_hash(name),
            command_len: saturate(name.len() as u64),
            risk,
            capabilities: Capabilities::empty(),
            vendor: 0,
            execution_ms: 0,
            memory_mb: 0,
            output_kb: 0,
        }
    }

    /// Reads exactly 24 bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let bytes = bytes.try_into().map_err(|_| ParseError::Length(bytes.len()))?;
        Ok(Self::from_record(Record::from_bytes(bytes))?)
    }

    /// Checks a record: magic, then version, then checksum, then risk level.
    pub fn from_record(record: Record) -> Result<Self, Invalid> {
        if record.magic != MAGIC {
            return Err(Invalid::Magic(record.magic));
        }
        let version = u16::from_be_bytes(record.version);
        if version != VERSION {
            return Err(Invalid::Version(version));
        }
        let (stored, computed) = (record.stored_checksum(), record.computed_checksum());
        if stored != computed {
            return Err(Invalid::Checksum { stored, computed });
        }
        let flags = record.flags();
        let risk = flags.risk().ok_or(Invalid::NoRisk(flags.bits()))?;
        Ok(Self { record, risk })
    }

    /// The 24 bytes as a record.
    #[must_use]
    pub const fn record(&self) -> Record {
        self.record
    }

    /// First four bytes of the MD5 of the command's name. An identifier, no security measure.
    #[must_use]
    pub const fn command_hash(&self) -> u32 {
        u32::from_be_bytes(self.record.command_hash)
    }

    /// The security flags.
    #[must_use]
    pub const fn flags(&self) -> Flags {
        self.record.flags()
    }

    /// The highest risk level that is set.
    #[must_use]
    pub const fn risk(&self) -> Risk {
        self.risk
    }

    /// Expected execution time in milliseconds; 65,535 means that or more.
    #[must_use]
    pub const fn execution_ms(&self) -> u16 {
        u16::from_be_bytes(self.record.execution_ms)
    }

    /// Expected memory in megabytes; 65,535 means that or more.
    #[must_use]
    pub const fn memory_mb(&self) -> u16 {
        u16::from_be_bytes(self.record.memory_mb)
    }

    /// Expected output in kilobytes; 65,535 means that or more.
    #[must_use]
    pub const fn output_kb(&self) -> u16 {
        u16::from_be_bytes(self.record.output_kb)
    }

    /// Bytes of the command's UTF-8 name; 65,535 means that or more.
    #[must_use]
    pub const fn command_len(&self) -> u16 {
        u16::from_be_bytes(self.record.command_len)
    }
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let capabilities: Vec<String> = self.flags().capabilities().names().collect();
        let capabilities = match capabilities.as_slice() {
            [] => "no special capability".to_owned(),
            names => names.join(", "),
        };
        write!(
            f,
            "command #{:08x}, {} risk, {}; about {} ms, {} MB, {} kB out",
            self.command_hash(),
            self.risk,
            capabilities,
            self.execution_ms(),
            self.memory_mb(),
            self.output_kb(),
        )
    }
}

/// Collects the fields of a descriptor. Larger values saturate at 65,535.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Builder {
    command_hash: [u8; 4],
    command_len: u16,
    risk: Risk,
    capabilities: Capabilities,
    vendor: u16,
    execution_ms: u16,
    memory_mb: u16,
    output_kb: u16,
}

impl Builder {
    /// Sets the capability flags.
    pub const fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = Capabilities::from_bits_truncate(capabilities.bits());
        self
    }

    /// Sets the vendor's sixteen flag bits.
    pub const fn vendor(mut self, bits: u16) -> Self {
        self.vendor = bits;
        self
    }

    /// Sets the expected execution time in milliseconds.
    pub const fn execution_ms(mut self, value: u64) -> Self {
        self.execution_ms = saturate(value);
        self
    }

    /// Sets the expected memory in megabytes.
    pub const fn memory_mb(mut self, value: u64) -> Self {
        self.memory_mb = saturate(value);
        self
    }

    /// Sets the expected output in kilobytes.
    pub const fn output_kb(mut self, value: u64) -> Self {
        self.output_kb = saturate(value);
        self
    }

    /// The finished descriptor, checksum included.
    #[must_use]
    pub fn finish(self) -> Descriptor {
        let flags = Flags::new(self.risk, self.capabilities, self.vendor);
        let record = Record {
            magic: MAGIC,
            version: VERSION.to_be_bytes(),
            command_hash: self.command_hash,
            flags: flags.bits().to_be_bytes(),
            execution_ms: self.execution_ms.to_be_bytes(),
            memory_mb: self.memory_mb.to_be_bytes(),
            output_kb: self.output_kb.to_be_bytes(),
            command_len: self.command_len.to_be_bytes(),
            checksum: [0; 2],
        };
        Descriptor { record: record.sealed(), risk: self.risk }
    }
}

/// First four bytes of the MD5 of `name`.
fn command_hash(name: &str) -> [u8; 4] {
    let digest = Md5::digest(name.as_bytes());
    [digest[0], digest[1], digest[2], digest[3]]
}

const fn saturate(value: u64) -> u16 {
    if value > u16::MAX as u64 { u16::MAX } else { value as u16 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex_of(builder: Builder) -> String {
        hex::encode(builder.finish().record().as_bytes())
    }

    /// The two descriptors that the format's text spells out come out byte for byte.
    #[test]
    fn builds_the_published_examples() {
        let cat =
            Descriptor::build("cat", Risk::Safe).execution_ms(100).memory_mb(50).output_kb(10);
        assert_eq!(hex_of(cat), "544350020002d077f2440000000100640032000a0003f064");
        let capabilities = Capabilities::REQUIRES_ROOT
            | Capabilities::DESTRUCTIVE
            | Capabilities::FILE_MODIFICATION;
        let rm = Descriptor::build("rm", Risk::Critical).capabilities(capabilities);
        let rm = rm.execution_ms(5000).memory_mb(500).output_kb(50);
        assert_eq!(hex_of(rm), "544350020002d67f249b000002d0138801f4003200026090");
    }

    /// A person can read a descriptor.
    #[test]
    fn display_is_a_sentence() {
        let capabilities = Capabilities::NETWORK_ACCESS | Capabilities::FILE_MODIFICATION;
        let curl = Descriptor::build("curl", Risk::Medium).capabilities(capabilities);
        let curl = curl.execution_ms(1000).memory_mb(100).output_kb(70_000).finish();
        let text = curl.to_string().replace("; ", "\n");
        insta::assert_snapshot!(text, @r"
        command #f6e57c9d, medium risk, network access, file modification
        about 1000 ms, 100 MB, 65535 kB out
        ");
    }

    /// Each fault is found, named, and explained; of several, the first in precedence wins.
    #[test]
    fn faults_have_precedence() {
        let good = *Descriptor::build("ls", Risk::Safe).finish().record().as_bytes();
        let mut bad = good;
        bad[13] = 0;
        let mut sealed = *Record::from_bytes(bad).sealed().as_bytes();
        assert_eq!(Descriptor::parse(&sealed), Err(ParseError::Invalid(Invalid::NoRisk(0))));
        sealed[23] ^= 1;
        assert!(matches!(
            Descriptor::parse(&sealed),
            Err(ParseError::Invalid(Invalid::Checksum { .. }))
        ));
        sealed[5] = 3;
        assert_eq!(Descriptor::parse(&sealed), Err(ParseError::Invalid(Invalid::Version(3))));
        sealed[0] = b't';
        assert_eq!(
            Descriptor::parse(&sealed),
            Err(ParseError::Invalid(Invalid::Magic(*b"tCP\x02")))
        );
        assert_eq!(Descriptor::parse(&good[..23]), Err(ParseError::Length(23)));
    }

    /// Every one- and two-bit error of a valid descriptor is caught: all 192 and all 18,336.
    #[test]
    fn one_and_two_bit_errors_are_caught() {
        let good = *Descriptor::build("cat", Risk::Safe).finish().record().as_bytes();
        let flip = |bytes: &mut [u8; RECORD_BYTES], bit: usize| bytes[bit / 8] ^= 0x80 >> (bit % 8);
        for first in 0..192 {
            let mut once = good;
            flip(&mut once, first);
            assert!(Descriptor::parse(&once).is_err(), "bit {first}");
            for second in first + 1..192 {
                let mut twice = once;
                flip(&mut twice, second);
                assert!(Descriptor::parse(&twice).is_err(), "bits {first} and {second}");
            }
        }
    }

    /// A view neither copies nor needs alignment, and a ragged length says what is whole.
    #[test]
    fn view_is_zero_copy_and_checks_the_length() {
        let bytes = [7u8; 3 * RECORD_BYTES + 1];
        let records = Record::view(&bytes[1..]).unwrap();
        assert_eq!(records.len(), 3);
        assert_eq!(records.as_ptr().cast::<u8>(), bytes[1..].as_ptr());
        let error = Record::view(&bytes).unwrap_err();
        assert_eq!(error, RaggedLength { bytes: 73, whole: 3, rest: 1 });
    }

    prop_compose! {
        fn any_builder()(
            name in ".{0,40}",
            risk in prop::sample::select(&Risk::ALL[..]),
            capabilities: u32,
            vendor: u16,
            (execution, memory, output) in any::<(u64, u32, u32)>(),
        ) -> Builder {
            Descriptor::build(&name, risk)
                .capabilities(Capabilities::from_bits_retain(capabilities))
                .vendor(vendor)
                .execution_ms(execution)
                .memory_mb(memory.into())
                .output_kb(output.into())
        }
    }

    proptest! {
        /// What a builder makes is valid and reads back the same, reserved bits written 0.
        #[test]
        fn built_descriptors_round_trip(builder in any_builder()) {
            let built = builder.finish();
            let parsed = Descriptor::parse(built.record().as_bytes());
            prop_assert_eq!(parsed, Ok(built));
            prop_assert_eq!(built.flags().bits() & 0xF020, 0);
            prop_assert_eq!(built.risk(), builder.risk);
        }

        /// Three changed bits never give a valid descriptor.
        #[test]
        fn three_bit_errors_are_caught(
            builder in any_builder(),
            bits in prop::sample::subsequence((0..192usize).collect::<Vec<_>>(), 3),
        ) {
            let mut bytes = *builder.finish().record().as_bytes();
            for bit in bits {
                bytes[bit / 8] ^= 0x80 >> (bit % 8);
            }
            prop_assert!(Descriptor::parse(&bytes).is_err());
        }

        /// Arbitrary bytes of any length give a descriptor or a reason, never a panic.
        #[test]
        fn parse_takes_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(descriptor) = Descriptor::parse(&bytes) {
                let record = descriptor.record();
                prop_assert_eq!(record.as_bytes().as_slice(), bytes.as_slice());
            }
        }
    }
}
