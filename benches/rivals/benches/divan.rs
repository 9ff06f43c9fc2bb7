//! Under divan, with its own defaults. It gives no interval, and compares nothing.

use nanogate::backend::Opened;
use rivals::BATCH_LEN;

fn main() {
    divan::main();
}

#[divan::bench]
fn scalar(bencher: divan::Bencher) {
    let (pool, count) = rivals::pool();
    let mut rotation = pool.rotation(BATCH_LEN, count, 0).expect("records are whole");
    let Opened::Host(mut backend) = rivals::verified(&mut rotation) else { return };
    bencher.bench_local(|| rotation.submit(backend.as_mut(), 1));
}
