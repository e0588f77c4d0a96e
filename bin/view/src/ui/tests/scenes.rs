//! The people, cameras and pictures of the design, for pictures of screens.

use std::time::Duration;

use transom::Capabilities;
use transom_media::Image;
use transom_users::Book;

use crate::model::Theme;
use crate::model::calls_tests::{rings, talk};
use crate::model::tests::ended;

use super::*;

/// A Tuesday, 14:32 UTC.
pub(super) const NOW: Duration = Duration::from_secs(1_796_740_320);

/// Keys whose avatars have the colours of the design.
fn key(of: &str) -> PublicKey {
    let colour = match of {
        "Anna" => 4,
        "Bob" => 1,
        "Ilse" => 7,
        "Studio" => 5,
        "Ravi" => 2,
        "Leo" => 6,
        _ => 3,
    };
    let mut key = [colour; 32];
    // Two of one colour are two.
    key[1] = of.as_bytes()[0];
    PublicKey(key)
}

/// Four cameras, of which one is away, and five people.
pub(super) fn home(theme: Theme) -> State {
    let cameras = ["Front-door", "Garden", "Nursery", "Garage"];
    let people = ["Anna", "Bob", "Ilse", "Studio", "Ravi"];
    let all = cameras.iter().chain(&people);
    let book: String = all
        .enumerate()
        .map(|(at, name)| {
            format!(
                "{name} 192.168.1.{} key={} may=call,files\n",
                at + 20,
                key(name)
            )
        })
        .collect();
    let (book, errors) = Book::parse(&book);
    assert_eq!(errors.len(), 0);
    let mut state = State::new(book.contacts(), "user_list.txt".into(), Vec::new());
    state.config.theme = theme;
    state.has_tray = true;
    state.now = NOW - Duration::from_secs(7300);
    state.own.name = "Leo".into();
    state.own.key = Some(key("Leo"));
    state.calls.own.request = state.config.request();
    let camera = Capabilities::CAMERA;
    for name in cameras {
        state.apply(joined_as(name, key(name), camera));
    }
    state.apply(left("Garage"));
    state.now = NOW;
    for name in &people[..4] {
        let person = Capabilities::CALLS | Capabilities::FILES;
        state.apply(joined_as(name, key(name), person));
    }
    state.verified.push(key("Anna"));
    for (name, text, ago) in [
        (
            "Anna",
            "Here is the new plan, and the beds as they are now.",
            840,
        ),
        ("Anna", "See you at six then!", 0),
        ("Bob", "Did the plan arrive?", 5220),
        ("Bob", "It is the one with the pond.", 5220),
    ] {
        state.now = NOW - Duration::from_secs(ago);
        let text = text.to_owned();
        let peer = peer(name);
        state.apply(Notice::Text { peer, text });
    }
    state.now = NOW - Duration::from_secs(9840);
    state.apply(rings("Ilse"));
    state.apply(crate::model::tests::ended(
        "Ilse",
        transom::EndReason::Chosen,
    ));
    state.now = NOW;
    state.chosen = Some(peer("Anna"));
    state.act(&Action::Choose(peer("Anna")));
    state.view.page = false;
    state
}

/// What was said and sent with Anna on one afternoon.
pub(super) fn conversation(theme: Theme) -> State {
    let mut state = home(theme);
    let anna = peer("Anna");
    state.act(&Action::Choose(anna));
    let ids = Ids::new();
    let person = state
        .people
        .iter_mut()
        .find(|person| person.name == anna)
        .unwrap();
    person.talk.clear();
    let at = |minutes: u64| NOW - Duration::from_secs(60 * minutes);
    state.now = at(204);
    state.act(&Action::Call(anna));
    state.apply(talk("Anna", true, false));
    state.now = at(192);
    state.shown(Face::Peer(anna), hd());
    state.act(&Action::HangUp(anna));
    state.apply(ended("Anna", transom::EndReason::Chosen));
    state.now = at(14);
    let text = "Here is the new plan, and the beds as they are now.".to_owned();
    state.apply(Notice::Text { peer: anna, text });
    state.apply(came(&ids, "Anna", "garden plan.pdf"));
    let says = |state: &mut State, minutes, text: &str| {
        state.now = at(minutes);
        let id = ids.text();
        state.said(anna, id, text.into());
        state.apply(Notice::TextArrived {
            peer: anna,
            text: id,
        });
    };
    says(&mut state, 2, "Lovely! The tomatoes are huge already");
    let film = "I am sending you the film of the holiday, you will laugh at the dog.";
    says(&mut state, 1, film);
    let mut film = status(ids.transfer(), Phase::Running, 120_750_000);
    film.peer = anna;
    film.eta = Some(Duration::from_secs(4));
    state.apply(Notice::Transfer(film));
    state.now = NOW;
    let text = "See you at six then!".to_owned();
    state.apply(Notice::Text { peer: anna, text });
    state.own.addresses = vec!["192.168.1.5".parse().unwrap()];
    state.own.port = 7447;
    state.listening = vec!["0.0.0.0:7447".parse().unwrap()];
    state.inbox = "/home/leo/Downloads".into();
    state.kept_in = [
        "/home/leo/.config/transom/view.conf".into(),
        "/home/leo/.local/state/transom".into(),
    ];
    state
}

/// More cameras and people than the list shows at once; Bob watches our camera, and Anna gets a
/// film.
pub(super) fn many(theme: Theme) -> State {
    let mut state = conversation(theme);
    let cameras = ["Attic", "Cellar", "Drive", "Pond", "Shed"];
    let people = ["June", "Karl", "Mona", "Nils", "Olga", "Pia"];
    let all = cameras.iter().chain(&people).enumerate();
    let line = |(at, name): (usize, &&str)| {
        format!(
            "{name} 192.168.1.{} key={} may=call,files\n",
            at + 40,
            key(name)
        )
    };
    let (book, errors) = Book::parse(&all.map(line).collect::<String>());
    assert_eq!(errors.len(), 0);
    let contacts = book
        .contacts()
        .iter()
        .map(crate::model::Person::from_contact);
    state.people.extend(contacts);
    for name in cameras {
        state.apply(joined_as(name, key(name), Capabilities::CAMERA));
    }
    for name in &people[..3] {
        let person = Capabilities::CALLS | Capabilities::FILES;
        state.apply(joined_as(name, key(name), person));
    }
    state.now = NOW - Duration::from_secs(16_200);
    let text = "Are you free at ten?".to_owned();
    let peer = peer("June");
    state.apply(Notice::Text { peer, text });
    state.now = NOW;
    state.calls.viewers.push("Bob".parse().unwrap());
    state
}

/// A file that came whole.
fn came(ids: &Ids, from: &str, name: &str) -> Notice {
    let mut status = status(ids.transfer(), Phase::Ended, 3_400_000);
    (status.peer, status.name, status.bytes) = (peer(from), name.into(), 3_400_000);
    status.direction = transom::Direction::Incoming;
    let path = format!("/home/leo/Downloads/{name}").into();
    let outcome = Outcome::Durable { path };
    Notice::TransferEnded { status, outcome }
}

/// At Bob's page, with an offer of his, a stranger, and a file of Anna's.
pub(super) fn toasts(theme: Theme) -> State {
    let mut state = conversation(theme);
    let ids = Ids::new();
    let mut offer = offer(&ids, "slides.key");
    if let Notice::Offered {
        peer: from, bytes, ..
    } = &mut offer
    {
        (*from, *bytes) = (peer("Bob"), 18_000_000);
    }
    state.act(&Action::Choose(peer("Bob")));
    state.apply(offer);
    state.apply(Notice::Knock {
        key: PublicKey([9; 32]),
        address: ([192, 168, 1, 40], 4000).into(),
        name: Some(peer("Ravi-2")),
    });
    state.apply(came(&ids, "Anna", "beds in june.pdf"));
    state
}

/// In a video call with Anna for twelve minutes.
pub(super) fn calling(theme: Theme) -> State {
    let mut state = home(theme);
    state.now = NOW - Duration::from_secs(724);
    state.act(&Action::Call(peer("Anna")));
    state.apply(talk("Anna", true, false));
    state.now = NOW;
    let (on, peer_id) = (true, peer("Anna"));
    state.act(&Action::ShowCamera { peer: peer_id, on });
    state.shown(Face::Peer(peer_id), hd());
    state.shown(Face::Own, hd());
    state.apply(Notice::Sound(transom::SoundNotice::Listening {
        peer: peer_id,
        on,
    }));
    state.apply(Notice::Sound(transom::SoundNotice::Speaking {
        peer: peer_id,
        on,
    }));
    state
}

pub(super) fn hd() -> crate::model::Shown {
    crate::model::Shown {
        width: 1280,
        height: 720,
        ..shown()
    }
}

/// Watching the front door.
pub(super) fn watching(theme: Theme) -> State {
    let mut state = home(theme);
    let door = peer("Front-door");
    state.act(&Action::Watch(door));
    state.apply(started("Front-door"));
    state.shown(Face::Peer(door), hd());
    let far = transom::SoundState::On;
    let text = String::new();
    state.apply(Notice::Sound(transom::SoundNotice::FarSound {
        peer: door,
        state: far,
        text,
    }));
    let on = true;
    state.apply(Notice::Sound(transom::SoundNotice::Listening {
        peer: door,
        on,
    }));
    state
}

/// Watching all four cameras; the garage is away.
pub(super) fn all_cameras(theme: Theme) -> State {
    let mut state = home(theme);
    let names = ["Front-door", "Garden", "Nursery", "Garage"];
    for name in names {
        state.act(&Action::Watch(peer(name)));
        if name != "Garage" {
            state.apply(started(name));
            state.shown(Face::Peer(peer(name)), hd());
        }
    }
    state.act(&Action::Cameras(true));
    state.act(&Action::Select(peer("Front-door")));
    state
}

/// Pictures of all whom the state shows: each camera and person with colours of its own.
pub(super) fn paint(screen: &mut Screen) {
    let faces: Vec<_> = ["Anna", "Front-door", "Garden", "Nursery", "Garage"]
        .iter()
        .enumerate()
        .map(|(at, name)| (Face::Peer(peer(name)), at))
        .chain([(Face::Own, 5)])
        .collect();
    let ctx = screen.ctx.clone();
    for (face, at) in faces {
        let image = picture(at);
        let pixels = image.rgba.as_chunks::<4>().0;
        let pixels = pixels
            .iter()
            .map(|[r, g, b, _]| egui::Color32::from_rgb(*r, *g, *b));
        let colours = egui::ColorImage::new([image.width, image.height], pixels.collect());
        let texture = ctx.load_texture("scene", colours, egui::TextureOptions::LINEAR);
        let id = texture.id();
        // The texture lives as long as its handle, and the harness is dropped with the test.
        std::mem::forget(texture);
        let app = screen.state_mut();
        let picture = Picture {
            texture: id,
            size: vec2(1280.0, 720.0),
            orientation: 1,
        };
        app.album.show(face, picture);
        app.album.keep(&ctx, face, &image, NOW);
    }
    let app = screen.state_mut();
    app.album.fade(&ctx, peer("Garage"));
    let seen: Vec<_> = app.state.calls.open.iter().map(|call| call.peer).collect();
    let state = &app.state;
    app.album.retain(|face| match face {
        Face::Own => state.has_picture(face),
        Face::Peer(peer) => seen.contains(&peer) && state.has_picture(face),
    });
    screen.state_mut().draft.hiding.wake();
    screen.run_steps(2);
}

/// A picture of that contact.
pub(super) fn paint_one(screen: &mut Screen, name: &str) {
    let (ctx, image) = (screen.ctx.clone(), picture(1));
    let now = screen.state().state.now;
    screen
        .state_mut()
        .album
        .keep(&ctx, Face::Peer(peer(name)), &image, now);
}

/// A picture of ourselves.
pub(super) fn own(screen: &mut Screen) {
    let colours = egui::ColorImage::filled([4, 3], egui::Color32::BLUE);
    let texture = screen
        .ctx
        .load_texture("own", colours, egui::TextureOptions::LINEAR);
    let picture = Picture {
        texture: texture.id(),
        size: vec2(640.0, 480.0),
        orientation: 1,
    };
    std::mem::forget(texture);
    screen.state_mut().album.show(Face::Own, picture);
    screen.run();
}

/// A wall, a floor and a round head on shoulders, in colours of their own.
pub(super) fn picture(at: usize) -> Image {
    let walls = [
        [214, 184, 152],
        [110, 66, 50],
        [150, 190, 220],
        [120, 126, 122],
        [60, 62, 66],
        [70, 92, 120],
    ];
    let bodies = [
        [40, 96, 116],
        [44, 84, 132],
        [78, 124, 66],
        [200, 204, 200],
        [150, 50, 44],
        [200, 160, 70],
    ];
    let heads = [
        [232, 180, 142],
        [220, 164, 124],
        [96, 140, 76],
        [226, 228, 226],
        [120, 40, 36],
        [140, 92, 64],
    ];
    let (width, height) = (640, 360);
    let mut rgba = Vec::with_capacity(width * height * 4);
    for row in 0..height {
        for column in 0..width {
            let (x, y) = (
                column as f32 / width as f32 - 0.5,
                row as f32 / height as f32,
            );
            let in_head = (x * 1.78).powi(2) + ((y - 0.45) * 0.8).powi(2) < 0.05;
            let in_body = y > 0.72 && (x * 1.78).powi(2) + ((y - 1.1) * 0.9).powi(2) < 0.13;
            let [r, g, b]: [u8; 3] = if in_head {
                heads[at]
            } else if in_body {
                bodies[at]
            } else {
                // Lighter to the left, as from a window.
                let light = (-x * 40.0 - y * 30.0) as i32;
                walls[at].map(|one: u8| (i32::from(one) + light).clamp(0, 255) as u8)
            };
            rgba.extend([r, g, b, 255]);
        }
    }
    Image {
        width,
        height,
        rgba,
    }
}
