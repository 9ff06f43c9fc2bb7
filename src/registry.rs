//! The list of backends, best first: the one file that names them all.

use thiserror::Error;

use crate::backend::{
    BackendEntry, Capability, OpenError, OpenOptions, Opened, ProbeContext, Unavailable, reference,
    scalar, simd,
};

/// Every backend that this program knows, best first.
pub static ENTRIES: [&BackendEntry; 3] = [&simd::AVX512, &scalar::ENTRY, &reference::ENTRY];

/// The baseline that other backends are set against.
pub static BASELINE: &BackendEntry = &reference::ENTRY;

/// An id that no backend has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no backend `{id}`; known: {known}")]
pub struct UnknownBackend {
    /// The id asked for.
    pub id: String,
    /// The ids there are.
    pub known: String,
}

/// The entry with this id.
pub fn find(id: &str) -> Result<&'static BackendEntry, UnknownBackend> {
    ENTRIES.into_iter().find(|entry| entry.id == id).ok_or_else(|| UnknownBackend {
        id: id.to_owned(),
        known: ENTRIES.map(|entry| entry.id).join(", "),
    })
}

/// Each backend with what its probe says.
pub fn probe_all(
    context: &ProbeContext,
) -> impl Iterator<Item = (&'static BackendEntry, Result<Capability, Unavailable>)> {
    ENTRIES.into_iter().map(|entry| (entry, (entry.probe)(context)))
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
    for (entry, probed) in probe_all(context) {
        match probed {
            Ok(_) => return Ok(entry),
            Err(unavailable) => reason = unavailable,
        }
    }
    Err(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids are unique, and each is found under its own name.
    #[test]
    fn ids_are_unique() {
        for entry in ENTRIES {
            assert!(std::ptr::eq(find(entry.id).unwrap(), entry));
        }
        assert!(find("fpga").unwrap_err().to_string().contains("known: scalar"));
    }
}
