//! The list of backends, best first, and of peers: the one file that names them all.

use thiserror::Error;

use crate::backend::{
    BackendEntry, Capability, OpenError, OpenOptions, Opened, ProbeContext, Unavailable,
    peer::{crc_fast, crc_table},
    reference, scalar, simd,
};

/// Every backend that this program knows, best first.
pub static ENTRIES: [&BackendEntry; 3] = [&simd::AVX512, &scalar::ENTRY, &reference::ENTRY];

/// What people would use instead. Never chosen as the best one, run only when asked for.
pub static PEERS: [&BackendEntry; 2] = [&crc_table::ENTRY, &crc_fast::ENTRY];

/// The baseline that other backends are set against.
pub static BASELINE: &BackendEntry = &reference::ENTRY;

/// The roof that backends of the host are set against. It gives no verdicts.
pub static ROOF: &BackendEntry = &simd::read::ENTRY;

/// An id that no backend has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no backend `{id}`; known: {known}")]
pub struct UnknownBackend {
    /// The id asked for.
    pub id: String,
    /// The ids there are.
    pub known: String,
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
    use crate::backend::BackendKind;

    /// Ids are unique, and each is found under its own name.
    #[test]
    fn ids_are_unique() {
        for entry in all() {
            assert!(std::ptr::eq(find(entry.id).unwrap(), entry));
        }
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
}
