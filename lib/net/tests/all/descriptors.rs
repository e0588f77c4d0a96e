//! A process that is out of file descriptors must not spin, and must accept again later.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Station, run};

/// Set in the environment of the process that has few descriptors.
const CHILD: &str = "TRANSOM_FEW_DESCRIPTORS";

#[test]
fn without_file_descriptors_accepting_backs_off_and_resumes() {
    if std::env::var_os(CHILD).is_some() {
        return run_out_of_descriptors();
    }
    let name = "descriptors::without_file_descriptors_accepting_backs_off_and_resumes";
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
    let mut far = Station::new();
    let mut stream = TcpStream::connect(far.address()).unwrap();
    let mut taken = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        taken.push(file);
    }
    // The first turn fails to accept; the next turns sleep although a connection waits.
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
    // Accepted, read, and closed since it is no peer.
    let mut byte = [0];
    run([&mut far], |_| match stream.read(&mut byte) {
        Ok(_) => Some(()),
        Err(error) => (error.kind() != std::io::ErrorKind::WouldBlock).then_some(()),
    });
}
