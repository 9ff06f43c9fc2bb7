//! The security flags: bytes 10..14 of a record, most significant byte first.

use bitflags::bitflags;

use crate::verdict::Risk;

bitflags! {
    /// All 32 flag bits. Bit 0 is the least significant bit of byte 13.
    ///
    /// Bits 12..15 are reserved: written 0, ignored when read. Bits 16..31 belong to the vendor.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Flags: u32 {
        /// Risk level 0.
        const SAFE = 1 << 0;
        /// Risk level 1.
        const LOW = 1 << 1;
        /// Risk level 2.
        const MEDIUM = 1 << 2;
        /// Risk level 3.
        const HIGH = 1 << 3;
        /// Risk level 4.
        const CRITICAL = 1 << 4;
        /// Works only as root.
        const REQUIRES_ROOT = 1 << 6;
        /// Can destroy data.
        const DESTRUCTIVE = 1 << 7;
        /// Talks to other machines.
        const NETWORK_ACCESS = 1 << 8;
        /// Writes, moves or deletes files.
        const FILE_MODIFICATION = 1 << 9;
        /// Changes the state or configuration of the system.
        const SYSTEM_MODIFICATION = 1 << 10;
        /// Runs something with more rights than the caller has.
        const PRIVILEGE_ESCALATION = 1 << 11;
        // Bits without a name are kept as they are read.
        const _ = !0;
    }
}

bitflags! {
    /// What a tool can do besides its risk level: the flags that a builder may set freely.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct Capabilities: u32 {
        /// [`Flags::REQUIRES_ROOT`].
        const REQUIRES_ROOT = Flags::REQUIRES_ROOT.bits();
        /// [`Flags::DESTRUCTIVE`].
        const DESTRUCTIVE = Flags::DESTRUCTIVE.bits();
        /// [`Flags::NETWORK_ACCESS`].
        const NETWORK_ACCESS = Flags::NETWORK_ACCESS.bits();
        /// [`Flags::FILE_MODIFICATION`].
        const FILE_MODIFICATION = Flags::FILE_MODIFICATION.bits();
        /// [`Flags::SYSTEM_MODIFICATION`].
        const SYSTEM_MODIFICATION = Flags::SYSTEM_MODIFICATION.bits();
        /// [`Flags::PRIVILEGE_ESCALATION`].
        const PRIVILEGE_ESCALATION = Flags::PRIVILEGE_ESCALATION.bits();
    }
}

/// The five risk bits.
pub const RISK_MASK: u32 = 0b1_1111;

/// First bit of the vendor's sixteen.
pub const VENDOR_SHIFT: u32 = 16;

impl Flags {
    /// Flags with one risk bit, the given capabilities and the vendor's bits.
    #[must_use]
    pub const fn new(risk: Risk, capabilities: Capabilities, vendor: u16) -> Self {
        let vendor = (vendor as u32) << VENDOR_SHIFT;
        Self::from_bits_retain(1 << risk as u32 | capabilities.bits() | vendor)
    }

    /// The highest risk bit that is set.
    #[must_use]
    pub fn risk(self) -> Option<Risk> {
        Risk::ALL.into_iter().rev().find(|&risk| self.bits() >> risk as u32 & 1 == 1)
    }

    /// The capability bits alone.
    #[must_use]
    pub const fn capabilities(self) -> Capabilities {
        Capabilities::from_bits_truncate(self.bits())
    }

    /// The vendor's sixteen bits.
    #[must_use]
    pub const fn vendor(self) -> u16 {
        (self.bits() >> VENDOR_SHIFT) as u16
    }
}

impl Capabilities {
    /// The names of the set bits in lower case, such as `network access`.
    pub fn names(self) -> impl Iterator<Item = String> {
        self.iter_names().map(|(name, _)| name.to_lowercase().replace('_', " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The risk is the highest of the five bits; bit 5 and all above it do not count.
    #[test]
    fn risk_is_the_highest_set_bit() {
        assert_eq!(Flags::from_bits_retain(0b0_0101).risk(), Some(Risk::Medium));
        assert_eq!(Flags::from_bits_retain(0b1_0001).risk(), Some(Risk::Critical));
        assert_eq!(Flags::from_bits_retain(!RISK_MASK).risk(), None);
    }

    /// Bits survive a round trip even where they have no name.
    #[test]
    fn unnamed_bits_are_kept() {
        assert_eq!(Flags::from_bits_retain(0xFFFF_F020).bits(), 0xFFFF_F020);
        assert_eq!(Flags::new(Risk::Safe, Capabilities::empty(), 0xBEEF).vendor(), 0xBEEF);
    }
}
