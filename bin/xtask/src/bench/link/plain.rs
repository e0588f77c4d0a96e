//! Measures the rate of plain TCP over a link, the reference for a file. It uses two hidden
//! commands of this program, since a process is in only one network namespace.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::sandbox::{STARTING, number_field, text_field};

use crate::bench::lab::Lab;

/// The rate of plain TCP over a link in bytes a second.
pub(super) fn rate(lab: &Lab, seconds: u32) -> Outcome<f64> {
    let own = std::env::current_exe().context("this program")?;
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&own);
        command.args(["bench", "link"]).args(arguments);
        command
    };
    let ((from, _), (to, host)) = (lab.sender(), lab.receiver());
    let sink = command(&[SINK, &format!("{host}:0")]);
    let sink = Background::start(&mut to.inside(&sink))?;
    let address = sink.line(STARTING, |line| text_field(line, "address"))?;
    let pour = command(&[POUR, &address, &seconds.to_string()]);
    let pour = Background::start(&mut from.inside(&pour))?;
    let timeout = Duration::from_secs(seconds.into()) + STARTING;
    let rate = sink.line(timeout, |line| number_field(line, None, "bytes_per_second"))?;
    pour.finish()?;
    Ok(rate)
}

/// Receives from one peer and prints the rate, without the first second.
pub(super) fn sink(address: &str) -> Outcome {
    let listener = TcpListener::bind(address).context(address)?;
    println!(
        "{{\"address\":\"{}\"}}",
        listener.local_addr().context(address)?
    );
    let (mut stream, _) = listener.accept().context(address)?;
    let mut block = vec![0; BLOCK];
    let accepted = Instant::now();
    let mut first: Option<Instant> = None;
    let (mut last, mut bytes) = (accepted, 0);
    loop {
        let count = stream.read(&mut block).context(address)?;
        if count == 0 {
            break;
        }
        last = Instant::now();
        match first {
            Some(_) => bytes += count,
            None if last - accepted >= Duration::from_secs(1) => first = Some(last),
            None => {}
        }
    }
    let span = last - first.ok_or_else(|| Failure::new("nothing came for a second"))?;
    println!(
        "{{\"bytes_per_second\":{:.0}}}",
        bytes as f64 / span.as_secs_f64()
    );
    Ok(())
}

/// Sends as fast as possible for `seconds`.
pub(super) fn pour(address: &str, seconds: &str) -> Outcome {
    let seconds = seconds.parse().context(seconds)?;
    let mut stream = TcpStream::connect(address).context(address)?;
    let block = vec![0; BLOCK];
    let last = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < last {
        stream.write_all(&block).context(address)?;
    }
    Ok(())
}

pub(super) const SINK: &str = "plain-tcp-sink";
pub(super) const POUR: &str = "plain-tcp-pour";

const BLOCK: usize = 64 * 1024;
