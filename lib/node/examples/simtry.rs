//! Try.
use std::time::{Duration, Instant};
use transom::sim::{self, Camera, Link, Simulation};
use transom::{Accept, CallKind, InboxSettings, Notice, SendOptions};

fn main() {
    let mut s = Simulation::new(1);
    let desk = s.add("desk", Link::mbits(20), Link::IDEAL, |settings| {
        settings.inbox = Some(InboxSettings { into: "in".into(), accept: Accept::Known, quota: None, overwrite: false });
    });
    let door = s.add("door", Link::mbits(20), Link::IDEAL, |settings| { settings.serve_camera = true; });
    s.set_camera(door, Camera::jpeg(30, 40_000));
    s.introduce(desk, door);
    s.handle(desk).ring(&"door".parse().unwrap(), CallKind::View);
    if std::env::args().nth(1).as_deref() == Some("file") {
        s.handle(door).send(&"desk".parse().unwrap(), sim::file("film", 1 << 40), SendOptions::default());
    }
    let began = Instant::now();
    let mut lat = vec![];
    let mut last = None;
    let secs = 60;
    s.run(Duration::from_secs(secs), |now, id, notice| {
        match notice {
            Notice::Picture { picture, .. } if id == desk => lat.push(now - sim::ready(&picture.jpeg).unwrap()),
            Notice::Transfer(status) if id == desk => last = Some(status.verified),
            Notice::Transfer(_) => {}
            other => println!("{now:?} {id:?} {}", format!("{other:?}").chars().take(200).collect::<String>()),
        }
    });
    lat.sort();
    println!("{} pictures, p50 {:?} p99 {:?} file {:.2} Mbit/s; {:.0} s/s", lat.len(), lat.get(lat.len()/2), lat.get(lat.len()*99/100), last.unwrap_or(0) as f64*8e-6/secs as f64, secs as f64/began.elapsed().as_secs_f64());
}
