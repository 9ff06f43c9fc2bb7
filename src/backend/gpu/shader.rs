//! The source of the kernels: files of `shaders/` put together, after constants that are computed
//! from the golden model.

use std::fmt::{self, Write as _};

use sha2::{Digest as _, Sha256};

use crate::{
    checksum,
    descriptor::{MAGIC, RECORD_BYTES, VERSION},
    verdict::{Fault, Risk, Verdict},
};

/// Threads of a workgroup: what every device must offer.
pub(super) const THREADS: u32 = 256;

/// Bytes in front of those that the checksum is computed of: magic and version. Where they
/// differ from what they must be, another fault takes precedence.
const HEADER_BYTES: usize = 6;
const CHECKSUM_BYTES: usize = 2;
const WORD_BYTES: usize = 4;
const VECTOR_BYTES: u32 = 16;
/// Tables of two neighbouring bytes, of 256 words each.
const TABLES: usize = (RECORD_BYTES - HEADER_BYTES) / 2;

/// What the words of a thread of the roof combine to about once in four billion: then it stores.
const READ_MARK: u32 = 0x6e61_6e6f;

/// How the checksum is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// By shifts.
    Fold,
    /// By masked parities.
    Parity,
    /// By tables in shared memory.
    Table,
}

/// How records are loaded and verdicts stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Four records a thread, by vectors.
    Vec4,
    /// One record a thread, through shared memory.
    Tile,
    /// One record a thread, verdicts put together within a subgroup.
    Subgroup,
}

/// One way to write the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// How it checks.
    pub check: Check,
    /// How it loads.
    pub load: Load,
}

impl Variant {
    /// Every variant. The first is taken where none can be timed.
    pub fn all() -> impl Iterator<Item = Self> {
        let loads = [Load::Vec4, Load::Tile, Load::Subgroup];
        let checks = [Check::Fold, Check::Parity, Check::Table];
        checks.into_iter().flat_map(move |check| loads.map(|load| Self { check, load }))
    }

    /// Whether it needs subgroup operations.
    #[must_use]
    pub fn needs_subgroups(self) -> bool {
        self.load == Load::Subgroup
    }

    /// Records that one workgroup takes.
    #[must_use]
    pub fn group_records(self) -> u32 {
        match self.load {
            Load::Vec4 => 4 * THREADS,
            Load::Tile | Load::Subgroup => THREADS,
        }
    }

    /// The whole source.
    #[must_use]
    pub fn source(self) -> String {
        let check = match self.check {
            Check::Fold => include_str!("../../../shaders/check_fold.wgsl"),
            Check::Parity => include_str!("../../../shaders/check_parity.wgsl"),
            Check::Table => include_str!("../../../shaders/check_table.wgsl"),
        };
        let load = match self.load {
            Load::Vec4 => include_str!("../../../shaders/load_vec4.wgsl"),
            Load::Tile => include_str!("../../../shaders/load_tile.wgsl"),
            Load::Subgroup => include_str!("../../../shaders/load_subgroup.wgsl"),
        };
        let decide = include_str!("../../../shaders/decide.wgsl");
        // By the standard, `enable subgroups;` would come first; naga 30 refuses to know it, and
        // takes subgroup operations without.
        format!("{}\n{check}\n{decide}\n{load}", constants())
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = match self.check {
            Check::Fold => "fold",
            Check::Parity => "parity",
            Check::Table => "table",
        };
        let load = match self.load {
            Load::Vec4 => "vec4",
            Load::Tile => "tile",
            Load::Subgroup => "subgroup",
        };
        write!(f, "{check}-{load}")
    }
}

/// How the roof reads: which of them is the faster depends on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// Neighbouring threads read neighbouring words.
    Spread,
    /// Each thread reads a stretch of its own, as `load_vec4.wgsl` does.
    Stretch,
}

impl Read {
    /// Both ways.
    pub const ALL: [Self; 2] = [Self::Spread, Self::Stretch];

    /// The whole source.
    #[must_use]
    pub fn source(self) -> String {
        let (of_thread, step) = match self {
            Self::Spread => (1, THREADS),
            Self::Stretch => (READ_VECTORS, 1),
        };
        let constants =
            [("READ_VECTORS", READ_VECTORS), ("READ_OF_THREAD", of_thread), ("READ_STEP", step)];
        let shape: String =
            constants.map(|(name, value)| format!("const {name} = {value}u;\n")).concat();
        format!("{}{shape}\n{}", self::constants(), include_str!("../../../shaders/read.wgsl"))
    }
}

/// Vectors that one thread of the roof reads: those of the records that it stands for.
const READ_VECTORS: u32 = READ_GROUP_RECORDS / THREADS * RECORD_BYTES as u32 / VECTOR_BYTES;

/// Records whose bytes one workgroup of the roof reads.
pub(super) const READ_GROUP_RECORDS: u32 = 4 * THREADS;

/// SHA-256 of a source, in hexadecimal digits.
#[must_use]
pub fn digest(source: &str) -> String {
    hex::encode(Sha256::digest(source))
}

/// The constants that the files name in capitals.
fn constants() -> String {
    let fault = |fault| u32::from(Verdict::of_fault(fault).byte());
    let version = VERSION.to_be_bytes();
    let words = [
        ("THREADS", THREADS),
        ("TILE_VECTORS", THREADS * RECORD_BYTES as u32 / VECTOR_BYTES),
        ("TABLE_WORDS", (TABLES * 256) as u32),
        ("READ_MARK", READ_MARK),
        ("MAGIC_WORD", u32::from_le_bytes(MAGIC)),
        ("VERSION_WORD", u32::from(u16::from_le_bytes(version))),
        ("CHECKSUM_EXPECTED", u32::from(expected())),
        ("FAULT_MAGIC", fault(Fault::Magic)),
        ("FAULT_VERSION", fault(Fault::Version)),
        ("FAULT_CHECKSUM", fault(Fault::Checksum)),
        ("FAULT_NO_RISK", fault(Fault::NoRisk)),
        ("RISK_LEVELS", Risk::ALL.len() as u32),
        ("RISK_SHIFT", Verdict::of_risk(Risk::Low).byte().trailing_zeros()),
    ];
    let mut text = String::new();
    for (name, value) in words {
        let _ = writeln!(text, "const {name} = {value:#x}u;");
    }
    let masks = (0..16).map(parity_masks).collect::<Vec<_>>();
    let tops = masks.iter().map(|mask| format!("{:#x}u", mask[1]));
    let rests = masks.iter().map(|mask| {
        let [_, _, w2, w3, w4, w5] = mask;
        format!("\n    vec4<u32>({w2:#x}u, {w3:#x}u, {w4:#x}u, {w5:#x}u)")
    });
    let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
    let _ = writeln!(
        text,
        "const PARITY_MASKS_TOP = array<u32, 16>({});\n\
         const PARITY_MASKS = array<vec4<u32>, 16>({});",
        list(&mut tops.into_iter()),
        list(&mut rests.into_iter())
    );
    text
}

/// What the bytes after magic and version leave over, checksum included, if all is well.
fn expected() -> u16 {
    let mut bytes = [0; RECORD_BYTES];
    bytes[..MAGIC.len()].copy_from_slice(&MAGIC);
    bytes[MAGIC.len()..HEADER_BYTES].copy_from_slice(&VERSION.to_be_bytes());
    checksum::checksum(&bytes[..RECORD_BYTES - CHECKSUM_BYTES])
}

/// What one bit of a record adds to that: the remainder of the record as a polynomial.
fn remainder(byte: usize, value: u8) -> u16 {
    let mut bytes = [0; RECORD_BYTES];
    bytes[byte] = value;
    let (covered, stored) = bytes.split_at(RECORD_BYTES - CHECKSUM_BYTES);
    let register = covered.iter().fold(0, |register, &byte| checksum::step(register, byte));
    register ^ u16::from_be_bytes([stored[0], stored[1]])
}

/// The bits of the six words, as they lie in memory, whose parity is bit `bit` of the remainder.
/// Magic and version are left out.
fn parity_masks(bit: usize) -> [u32; RECORD_BYTES / WORD_BYTES] {
    let mut masks = [0; RECORD_BYTES / WORD_BYTES];
    for byte in HEADER_BYTES..RECORD_BYTES {
        for place in 0..8 {
            let part = u32::from(remainder(byte, 1 << place) >> bit & 1);
            masks[byte / WORD_BYTES] |= part << (byte % WORD_BYTES * 8 + place);
        }
    }
    masks
}

/// The tables of `shaders/check_table.wgsl`.
pub(super) fn tables() -> Vec<u32> {
    let word = |table: usize, value: usize| {
        let byte = HEADER_BYTES + 2 * table;
        let part = |byte| u32::from(remainder(byte, value as u8));
        part(byte) | part(byte + 1) << 16
    };
    (0..TABLES * 256).map(|index| word(index / 256, index % 256)).collect()
}
