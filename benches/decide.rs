//! `cargo bench`: every available backend and peer under criterion, verified before it is timed.
//!
//! Thin on purpose: `nanogate run` is the instrument; this is for those who know criterion. Both
//! read the same clock.

#![allow(missing_docs, reason = "criterion makes functions without any")]
#![allow(clippy::expect_used, reason = "a benchmark may fail")]

#[path = "support/clock.rs"]
mod clock;

use clock::TimerClock;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nanogate::{
    backend::{OpenOptions, Opened, ProbeContext},
    corpus::{Corpus, generate::Generator},
    measure::inputs::Pool,
    op::Op,
    registry,
};

const BATCH_LENS: [usize; 3] = [1, 256, 4_096];

fn decide(criterion: &mut Criterion<TimerClock>) {
    let corpus = Corpus::embedded().expect("the embedded corpus is tested");
    let pool = Pool::new(Op::Decide, Generator::new(&corpus, 1, 10), 4 * BATCH_LENS[2])
        .expect("records are whole");
    let context = ProbeContext::detect().expect("NANOGATE_HIDE_CPU names features");
    let options = OpenOptions { op: Op::Decide, batch_len_max: 4_096 };
    let mut group = criterion.benchmark_group("decide");
    for entry in registry::all() {
        let Ok(Opened::Host(backend)) = registry::open(entry, &context, options) else {
            continue;
        };
        let mut opened = Opened::Host(backend);
        for batch_len in BATCH_LENS {
            let mut rotation = pool.rotation(batch_len, 4, 0).expect("records are whole");
            let divergence = rotation.verify(&mut opened).expect("the backend works");
            assert_eq!(divergence, None, "{}: no number without verification", entry.id);
            let Opened::Host(backend) = &mut opened else { continue };
            group.throughput(Throughput::Elements(batch_len as u64));
            group.bench_function(BenchmarkId::new(entry.id, batch_len), |bencher| {
                bencher.iter(|| rotation.submit(backend.as_mut(), 1));
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(TimerClock::qualified());
    targets = decide
}
criterion_main!(benches);
