//! Many viewers of one camera box in one process, for `cargo xtask bench viewers`:
//! `cargo run --release -p transom-tests --example viewers -- "box HOST:PORT key=KEY" COUNT SECONDS
//! STATE…`. The viewers share out the keys of the state folders, since a box has at most eight
//! connections with one key.
//!
//! Two lines of JSON: once everybody watches, and so many seconds later.

use std::env;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use transom::latency::Stage;
use transom::people::Contact;
use transom::{CallKind, Handle, Notice, Redial, RemotePicture, Settings, State, Station};

fn main() -> Result<(), Box<dyn Error>> {
    transom::abort_on_panic();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [contact, count, seconds, folders @ ..] = arguments.as_slice() else {
        return Err("say \"box HOST:PORT key=KEY\" COUNT SECONDS STATE…".into());
    };
    let contact: Contact = contact.parse()?;
    let (count, seconds) = (count.parse::<usize>()?, seconds.parse()?);
    let mut viewers = Vec::new();
    for (_, folder) in (0..count).zip(folders.iter().cycle()) {
        // One after the other: a box greets only a few at once from one address.
        viewers.push(Viewer::start(folder, &contact)?);
    }
    println!("{{\"event\":\"watching\",\"viewers\":{}}}", viewers.len());
    viewers.iter().for_each(|viewer| viewer.count(true));
    thread::sleep(Duration::from_secs(seconds));
    viewers.iter().for_each(|viewer| viewer.count(false));
    let quantile = |times: fn(Counts) -> Vec<f64>, q: f64| {
        let counts = viewers.iter().map(Viewer::counts);
        let mut latencies: Vec<f64> = counts.flat_map(times).collect();
        latencies.sort_by(f64::total_cmp);
        let rank = (latencies.len() as f64 * q).ceil() as usize;
        latencies
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or(0.0)
    };
    println!(
        "{{\"event\":\"summary\",\"pictures\":{},\"lost\":{},\"p50_ms\":{:.3},\"p99_ms\":{:.3},\
         \"whole_p50_ms\":{:.3},\"whole_p99_ms\":{:.3}}}",
        viewers
            .iter()
            .map(|viewer| viewer.counts().pictures)
            .sum::<u64>(),
        viewers
            .iter()
            .map(|viewer| viewer.counts().lost)
            .sum::<u64>(),
        quantile(|counts| counts.latencies, 0.5),
        quantile(|counts| counts.latencies, 0.99),
        quantile(|counts| counts.whole, 0.5),
        quantile(|counts| counts.whole, 0.99),
    );
    Ok(())
}

/// A station on a thread of its own. It ends with the process.
struct Viewer {
    seen: Arc<Seen>,
}

/// What the station's thread writes and the main thread reads.
#[derive(Default)]
struct Seen {
    counts: Mutex<Counts>,
    is_counting: AtomicBool,
}

#[derive(Clone, Default)]
struct Counts {
    pictures: u64,
    lost: u64,
    last: Option<u32>,
    /// From ready to received in milliseconds.
    latencies: Vec<f64>,
    /// From captured to received.
    whole: Vec<f64>,
}

impl Viewer {
    /// Starts one and waits for its first picture.
    fn start(folder: &str, contact: &Contact) -> Result<Self, Box<dyn Error>> {
        let state = State::open(folder)?;
        let settings = Settings::new("viewer".parse()?, state.identity()?);
        let station = Station::start(settings)?;
        let handle = station.handle();
        handle.connect(contact.clone(), Redial::Always);
        let seen = Arc::new(Seen::default());
        let (sender, first) = mpsc::channel();
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            let told = station.run(|notice| shared.notice(notice, &handle, &sender));
            if let Err(error) = told {
                eprintln!("viewers: {error}");
            }
        });
        first.recv_timeout(FIRST_PICTURE)??;
        Ok(Self { seen })
    }

    fn count(&self, is_counting: bool) {
        self.seen.is_counting.store(is_counting, Ordering::Relaxed);
    }

    fn counts(&self) -> Counts {
        self.seen.lock().clone()
    }
}

const FIRST_PICTURE: Duration = Duration::from_secs(20);

impl Seen {
    fn notice(&self, notice: Notice, handle: &Handle, first: &Sender<Result<(), String>>) {
        match notice {
            Notice::Joined { peer, .. } => handle.ring(&peer, CallKind::View),
            Notice::Picture { picture, .. } => {
                // The main thread listens to the first picture only.
                let _ = first.send(Ok(()));
                self.picture(&picture);
            }
            Notice::CallEnded { text, .. } => {
                let _ = first.send(Err(format!("the call ended: {text}")));
            }
            _ => {}
        }
    }

    fn picture(&self, picture: &RemotePicture) {
        if !self.is_counting.load(Ordering::Relaxed) {
            return;
        }
        let mut counts = self.lock();
        counts.pictures += 1;
        if let Some(last) = counts.last.replace(picture.sequence) {
            counts.lost += u64::from(picture.sequence.wrapping_sub(last).saturating_sub(1));
        }
        let stages = &picture.timing.stages;
        if let Some((wait, wire)) = stages.share(Stage::Wait).zip(stages.get(Stage::Wire)) {
            let latency = wait + wire;
            counts.latencies.push(latency.as_secs_f64() * 1000.0);
            let before = [Stage::Capture, Stage::Encode].map(|stage| stages.share(stage));
            if let [Some(capture), Some(encode)] = before {
                let whole = capture + encode + latency;
                counts.whole.push(whole.as_secs_f64() * 1000.0);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
