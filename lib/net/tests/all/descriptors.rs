//! A process without a file descriptor left must neither spin nor stay deaf.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Stand, run};

/// Set for the process whose descriptors are few.
const CHILD: &str = "TRANSOM_FEW_DESCRIPTORS";

#[test]
fn without_descriptors_accepting_rests_and_comes_back() {
    if std::env::var_os(CHILD).is_some() {
        return run_out_of_descriptors();
    }
    let name = "descriptors::without_descriptors_accepting_rests_and_comes_back";
    let script = "ulimit -n 40 && exec \"$0\" --exact --nocapture --test-threads=1 \"$1\"";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

fn run_out_of_descriptors() {
    let mut far = Stand::new();
    let mut stream = TcpStream::connect(far.address()).unwrap();
    let mut taken = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        taken.push(file);
    }
    // One turn finds that nothing can be accepted; the next ones sleep in spite of the connection
    // that waits.
    far.turn();
    let mut turns = 0;
    let until = Instant::now() + Duration::from_millis(100);
    while Instant::now() < until {
        far.net.wait(Some(until)).unwrap();
        turns += 1;
    }
    assert!(turns < 50, "{turns} turns");
    taken.clear();
    stream.write_all(b"not a preamble").unwrap();
    stream.set_nonblocking(true).unwrap();
    // Accepted, heard, and found to be no peer.
    let mut byte = [0];
    run([&mut far], |_| match stream.read(&mut byte) {
        Ok(_) => Some(()),
        Err(error) => (error.kind() != std::io::ErrorKind::WouldBlock).then_some(()),
    });
}
