//! A service that notes what it is told, on a bus of the test's own.

use std::sync::mpsc::{self, Sender};

use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use super::super::test_bus::{Bus, LONG};
use super::*;
use crate::model::tests::peer;

#[derive(Debug, PartialEq)]
enum Told {
    Notify {
        replaces: u32,
        title: String,
        body: String,
        actions: Vec<String>,
    },
    Close(u32),
}

struct Fake(Sender<Told>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Fake {
    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body", "body-markup"]
            .map(str::to_owned)
            .to_vec()
    }

    #[expect(clippy::too_many_arguments, reason = "the specification wants them")]
    fn notify(
        &self,
        _app: String,
        replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _stays: i32,
    ) -> u32 {
        drop(self.0.send(Told::Notify {
            replaces,
            title,
            body,
            actions,
        }));
        if replaces == 0 { 7 } else { replaces }
    }

    fn close_notification(&self, id: u32) {
        drop(self.0.send(Told::Close(id)));
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, word: &str) -> zbus::Result<()>;
}

#[test]
fn b39_the_desktop_shows_news_tells_a_click_and_takes_back_what_is_over() {
    let Some(bus) = Bus::start() else {
        eprintln!("skipped: there is no dbus-daemon here");
        return;
    };
    let (put, told) = mpsc::channel();
    let service = bus.builder().unwrap().name(SERVICE).unwrap();
    let service = service.serve_at(PATH, Fake(put)).unwrap().build().unwrap();
    let (put, clicks) = mpsc::channel();
    let builder = bus.builder().unwrap();
    let mut desktop = Desktop::with(
        || Ok(builder),
        move |about, choice| drop(put.send((about, choice))),
    );
    let news = News {
        about: About::Call(peer("anna")),
        title: "anna is calling".to_owned(),
        body: "<b>Call & co".to_owned(),
        choices: vec![(Choice::Answer, "Answer")],
    };
    let actions = ["default", "", "answer", "Answer"]
        .map(str::to_owned)
        .to_vec();
    let wanted = |replaces| Told::Notify {
        replaces,
        title: "anna is calling".to_owned(),
        body: "&lt;b&gt;Call &amp; co".to_owned(),
        actions: actions.clone(),
    };
    desktop.show(news.clone());
    assert_eq!(told.recv_timeout(LONG).unwrap(), wanted(0));
    // The newer one takes its place.
    desktop.show(news.clone());
    assert_eq!(told.recv_timeout(LONG).unwrap(), wanted(7));
    let emitter = SignalEmitter::new(service.inner(), PATH).unwrap();
    zbus::block_on(Fake::action_invoked(&emitter, 7, "answer")).unwrap();
    let clicked = clicks.recv_timeout(LONG).unwrap();
    assert_eq!(clicked, (About::Call(peer("anna")), Choice::Answer));
    desktop.show(news);
    assert_eq!(told.recv_timeout(LONG).unwrap(), wanted(0));
    desktop.close_if(|about| matches!(about, About::Key(_)));
    desktop.close_if(|about| matches!(about, About::Call(_)));
    assert_eq!(told.recv_timeout(LONG).unwrap(), Told::Close(7));
}

#[test]
fn a_click_that_comes_before_the_service_answers_is_not_lost() {
    let mut known = Notifications::default();
    let anna = About::Text(peer("anna"));
    known.shown.push((3, About::Call(peer("ben"))));
    assert_eq!(known.clicked(7, Choice::Open), None);
    known.early = Some(Vec::new());
    assert_eq!(known.clicked(7, Choice::Open), None);
    for _ in 0..1000 {
        assert_eq!(known.clicked(8, Choice::Open), None);
    }
    assert_eq!(known.early.as_ref().map(Vec::len), Some(MAX_EARLY));
    // Another one is clicked meanwhile as ever.
    let ben = Some(About::Call(peer("ben")));
    assert_eq!(known.clicked(3, Choice::Answer), ben);
    // One that takes the place of another is clicked: it is told once, and is over.
    known.early = Some(Vec::new());
    known.shown.push((5, anna.clone()));
    assert_eq!(known.clicked(5, Choice::Open), Some(anna.clone()));
    assert_eq!(known.add(5, anna.clone()), None);
    assert_eq!(known.clicked(5, Choice::Open), None);
    known.early = Some(vec![(7, Some(Choice::Open))]);
    let early = known.add(7, anna.clone());
    assert_eq!(early, Some((anna.clone(), Choice::Open)));
    assert_eq!(known.add(9, anna.clone()), None);
    assert_eq!(known.clicked(9, Choice::Open), Some(anna));
}

#[test]
fn what_can_not_be_taken_back_yet_is_taken_back_later() {
    let (put, orders) = mpsc::sync_channel(1);
    let mut desktop = Desktop {
        orders: Some(put.clone()),
        told: vec![About::Call(peer("anna"))],
    };
    put.send(Order::Close(About::Text(peer("anna")))).unwrap();
    desktop.close_if(|_| true);
    assert_eq!(desktop.told.len(), 1);
    orders.recv().unwrap();
    desktop.close_if(|_| true);
    assert!(desktop.told.is_empty());
    assert!(matches!(orders.recv(), Ok(Order::Close(About::Call(_)))));
}

#[test]
fn without_a_bus_nothing_waits() {
    let missing = || connection::Builder::address("unix:path=/nowhere/bus");
    let mut desktop = Desktop::with(missing, |_, _| {});
    for _ in 0..1000 {
        desktop.show(News {
            about: About::Text(peer("anna")),
            title: String::new(),
            body: String::new(),
            choices: Vec::new(),
        });
    }
    assert_eq!(desktop.told.len(), 1);
}
