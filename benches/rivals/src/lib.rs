//! The kernel as every harness gets it: `scalar` on hot batches of 4,096 records, verified, on a
//! pinned core.

use nanogate::{
    backend::{OpenOptions, Opened, ProbeContext},
    corpus::{Corpus, generate::Generator},
    host::{affinity, fingerprint::Fingerprint},
    measure::{
        footprint::{self, Wanted},
        inputs::{Pool, Rotation},
    },
    op::Op,
    registry,
};

/// Records per batch.
pub const BATCH_LEN: usize = 4_096;

/// Input of as many batches as `nanogate run --footprint hot` has in rotation, from the same seed.
pub fn pool() -> (Pool, usize) {
    let bytes = BATCH_LEN * (Op::Decide.input_bytes() + Op::Decide.output_bytes());
    let caches = Fingerprint::read().caches;
    let count = footprint::choose(&caches, bytes, 1, &[Wanted::Hot])
        .first()
        .map_or(2, |footprint| footprint.batch_count);
    let corpus = Corpus::embedded().expect("the embedded corpus is tested");
    let records = Generator::new(&corpus, 1, 1);
    (Pool::new(Op::Decide, records, count * BATCH_LEN).expect("records are whole"), count)
}

/// The backend, verified on the input, and the thread pinned to the core that nanogate takes.
pub fn verified(rotation: &mut Rotation<'_>) -> Opened {
    affinity::pin(None).expect("the core is ours");
    let context = ProbeContext::detect().expect("NANOGATE_HIDE_CPU names features");
    let options = OpenOptions { op: Op::Decide, batch_len_max: BATCH_LEN };
    let entry = registry::find("scalar").expect("scalar is on every machine");
    let mut opened = registry::open(entry, &context, options).expect("scalar runs everywhere");
    let divergence = rotation.verify(&mut opened).expect("the backend works");
    assert_eq!(divergence, None, "no number without verification");
    opened
}
