//! Under criterion, with its own defaults. It compares each run with the one before.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nanogate::backend::Opened;
use rivals::BATCH_LEN;

fn scalar(criterion: &mut Criterion) {
    let (pool, count) = rivals::pool();
    let mut rotation = pool.rotation(BATCH_LEN, count, 0).expect("records are whole");
    let Opened::Host(mut backend) = rivals::verified(&mut rotation) else { return };
    let mut group = criterion.benchmark_group("decide");
    group.throughput(Throughput::Elements(BATCH_LEN as u64));
    group.bench_function("scalar", |bencher| {
        bencher.iter(|| rotation.submit(backend.as_mut(), 1));
    });
    group.finish();
}

criterion_group!(benches, scalar);
criterion_main!(benches);
