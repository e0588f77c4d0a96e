//! How fast this machine seals and opens records, by cipher and size of record:
//! `cargo run --release -p transom-secure --features ring --example rate`.

use std::error::Error;
use std::time::{Duration, Instant};

use transom_secure::fuzzing::channels;
use transom_secure::{Ciphers, MAX_PLAIN, RECORD_HEAD, RECORD_OVERHEAD};

fn main() -> Result<(), Box<dyn Error>> {
    for ciphers in [Ciphers::CHACHA, Ciphers::BOTH] {
        for size in [1_400, 16 * 1024, MAX_PLAIN] {
            measure(ciphers, size)?;
        }
    }
    Ok(())
}

fn measure(ciphers: Ciphers, size: usize) -> Result<(), Box<dyn Error>> {
    let (mut near, mut far) = channels(ciphers);
    let mut record = vec![0x5a; size + RECORD_OVERHEAD];
    let (mut seal, mut open) = (Duration::ZERO, Duration::ZERO);
    let mut records = 0_u32;
    while seal < Duration::from_millis(500) {
        records += 1;
        seal += timed(|| near.seal_in_place(&mut record))?;
        open += timed(|| far.open(&mut record[RECORD_HEAD..]).map(drop))?;
    }
    let rate = |time: Duration| f64::from(records) * size as f64 / time.as_secs_f64() / 1e9;
    println!(
        "{:?}, {size} bytes: seal {:.2}, open {:.2} GB/s",
        near.cipher(),
        rate(seal),
        rate(open)
    );
    Ok(())
}

fn timed<E>(work: impl FnOnce() -> Result<(), E>) -> Result<Duration, E> {
    let begin = Instant::now();
    work()?;
    Ok(begin.elapsed())
}
