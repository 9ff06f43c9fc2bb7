//! The list of backends, best first, and of peers: the one file that names them all.

use thiserror::Error;

use crate::{
    backend::{
        BackendEntry, Capability, OpenError, OpenOptions, Opened, ProbeContext, Unavailable, fpga,
        gpu,
        peer::{crc_fast, crc_table},
        reference, scalar, simd,
    },
    nearest,
};

/// Every backend that this program knows, best first. A device comes after the host's own: what is
/// chosen without being named answers at once, whatever the batch length. Simulated hardware comes
/// last.
pub static ENTRIES: [&BackendEntry; 7] = [
    &simd::AVX512,
    &simd::AVX2,
    &simd::NEON,
    &scalar::ENTRY,
    &reference::ENTRY,
    &gpu::ENTRY,
    &fpga::ENTRY,
];

/// What people would use instead. Never chosen as the best one, run only when asked for.
pub static PEERS: [&BackendEntry; 2] = [&crc_table::ENTRY, &crc_fast::ENTRY];

/// The baseline that other backends are set against.
pub static BASELINE: &BackendEntry = &reference::ENTRY;

/// The roof that backends of the host are set against. It gives no verdicts.
pub static ROOF: &BackendEntry = &simd::read::ENTRY;

/// An id that no backend has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no backend `{id}`; known: {known}{hint}")]
pub struct UnknownBackend {
    /// The id asked for.
    pub id: String,
    /// The ids there are.
    pub known: String,
    /// Which of them was probably meant.
    pub hint: String,
}

/// Every backend, best first, then every peer.
pub fn all() -> impl Iterator<Item = &'static BackendEntry> {
    ENTRIES.into_iter().chain(PEERS)
}

/// The backend or peer with this id.
pub fn find(id: &str) -> Result<&'static BackendEntry, UnknownBackend> {
    all().find(|entry| entry.id == id).ok_or_else(|| UnknownBackend {
        id: id.to_owned(),
        known: all().map(|entry| entry.id).collect::<Vec<_>>().join(", "),
        hint: nearest::hint(id, all().map(|entry| entry.id)),
    })
}

/// Each backend, then each peer, with what its probe says.
pub fn probe_all(
    context: &ProbeContext,
) -> impl Iterator<Item = (&'static BackendEntry, Result<Capability, Unavailable>)> {
    all().map(|entry| (entry, (entry.probe)(context)))
}

/// Opens a backend, or says why it cannot run.
pub fn open(
    entry: &'static BackendEntry,
    context: &ProbeContext,
    options: OpenOptions,
) -> Result<Opened, OpenError> {
    (entry.probe)(context)?;
    (entry.open)(context, options)
}

/// The first backend that can run here.
pub fn best(context: &ProbeContext) -> Result<&'static BackendEntry, Unavailable> {
    let mut reason = Unavailable::NoAdapter { detail: "no backend is registered".into() };
    for entry in ENTRIES {
        match (entry.probe)(context) {
            Ok(_) => return Ok(entry),
            Err(unavailable) => reason = unavailable,
        }
    }
    Err(reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::BackendKind, host::cpu::Features};

    /// Ids are unique, and each is found under its own name.
    #[test]
    fn ids_are_unique() {
        for entry in all() {
            assert!(std::ptr::eq(find(entry.id).unwrap(), entry));
        }
        assert!(find("avx2").unwrap_err().to_string().ends_with("did you mean `simd-avx2`?"));
        let error = find("fpga").unwrap_err().to_string();
        for entry in all() {
            assert!(error.contains(entry.id), "{error}");
        }
    }

    /// A peer is marked as one, and what is chosen without being named is none.
    #[test]
    fn peers_are_kept_apart() {
        assert!(PEERS.iter().all(|entry| entry.kind == BackendKind::Peer));
        assert!(ENTRIES.iter().all(|entry| entry.kind != BackendKind::Peer));
        let best = best(&ProbeContext::detect().unwrap()).unwrap();
        assert_ne!(best.kind, BackendKind::Peer);
    }

    /// Which backend is best follows from the features alone.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_best_backend_is_a_function_of_the_features() {
        let tiers = [
            ("", "simd-avx512"),
            ("avx2", "simd-avx512"),
            ("gfni", "simd-avx2"),
            ("avx512vbmi", "simd-avx2"),
            ("avx512f,avx512bw,avx512vl", "simd-avx2"),
            ("avx2,avx512f", "scalar"),
            ("avx2,gfni", "scalar"),
        ];
        let best_of = |context: ProbeContext| best(&context).unwrap().id;
        for (without, id) in tiers {
            let without = Features::parse(without).unwrap();
            assert_eq!(best_of(ProbeContext::with(Features::all() - without)), id, "{without}");
            assert_eq!(best_of(ProbeContext::with(Features::all()).hiding(without)), id);
        }
        assert_eq!(best_of(ProbeContext::with(Features::AVX2)), "simd-avx2");
        assert_eq!(best_of(ProbeContext::default()), "scalar");
    }

    /// The same on 64-bit Arm, where features of other processors change nothing.
    #[cfg(target_arch = "aarch64")]
    #[test]
    fn the_best_backend_is_a_function_of_the_features() {
        let best_of = |context: ProbeContext| best(&context).unwrap().id;
        assert_eq!(best_of(ProbeContext::with(Features::NEON)), "simd-neon");
        assert_eq!(best_of(ProbeContext::with(Features::all())), "simd-neon");
        assert_eq!(best_of(ProbeContext::with(Features::all() - Features::NEON)), "scalar");
        assert_eq!(best_of(ProbeContext::with(Features::NEON).hiding(Features::NEON)), "scalar");
    }
}
