//! The time-stamp counter: reading it, and what the processor says of it.

// Reading the counter has no safe form on the oldest compiler that we support.
#![allow(unsafe_code)]

pub(super) use arch::{check, end, is_invariant, nominal_hz, start};

#[cfg(target_arch = "x86_64")]
mod arch {
    use std::arch::x86_64::{__rdtscp, _mm_lfence, _rdtsc};

    use raw_cpuid::CpuId;

    use super::super::TscUnavailable;

    /// Whether the counter runs at one rate whatever the core does.
    pub(crate) fn check() -> Result<(), TscUnavailable> {
        if !CpuId::new()
            .get_extended_processor_and_feature_identifiers()
            .is_some_and(|features| features.has_rdtscp())
        {
            return Err(TscUnavailable::NoRdtscp);
        }
        if is_invariant() != Some(true) {
            return Err(TscUnavailable::NotInvariant);
        }
        Ok(())
    }

    /// Whether the processor calls the counter invariant. `None` where it does not say.
    pub(crate) fn is_invariant() -> Option<bool> {
        Some(CpuId::new().get_advanced_power_mgmt_info()?.has_invariant_tsc())
    }

    /// Ticks per second as the processor states them, else as the hypervisor does, else the base
    /// frequency, which the counter has on most processors that name one.
    pub(crate) fn nominal_hz() -> Option<f64> {
        let cpuid = CpuId::new();
        let stated = || Some(cpuid.get_tsc_info()?.tsc_frequency()? as f64);
        let hypervisor = || Some(f64::from(cpuid.get_hypervisor_info()?.tsc_frequency()?) * 1e3);
        let base = || {
            let info = cpuid.get_processor_frequency_info()?;
            Some(f64::from(info.processor_base_frequency()) * 1e6)
        };
        let given = |hz: &f64| *hz > 0.0;
        stated().filter(given).or_else(|| hypervisor().filter(given)).or_else(base).filter(given)
    }

    /// Earlier instructions end before the read, later ones begin after it.
    #[inline]
    pub(crate) fn start() -> u64 {
        // SAFETY: every x86-64 processor has lfence and rdtsc; neither touches memory.
        unsafe {
            _mm_lfence();
            let ticks = _rdtsc();
            _mm_lfence();
            ticks
        }
    }

    /// `rdtscp` waits for earlier instructions; the fence holds later ones back.
    #[inline]
    pub(crate) fn end() -> u64 {
        let mut core = 0;
        // SAFETY: `check` saw rdtscp; it writes one u32 through a valid pointer.
        unsafe {
            let ticks = __rdtscp(&raw mut core);
            _mm_lfence();
            ticks
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod arch {
    use super::super::TscUnavailable;

    pub(crate) const fn check() -> Result<(), TscUnavailable> {
        Err(TscUnavailable::WrongArch)
    }

    pub(crate) const fn is_invariant() -> Option<bool> {
        None
    }

    pub(crate) const fn nominal_hz() -> Option<f64> {
        None
    }

    pub(crate) const fn start() -> u64 {
        0
    }

    pub(crate) const fn end() -> u64 {
        0
    }
}
