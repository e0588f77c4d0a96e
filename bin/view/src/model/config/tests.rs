//! The settings as text and back, from this version and from those before TOML.

use transom::sounds::EchoMode;

use crate::model::Volume;

use super::*;

fn busy() -> Config {
    Config {
        name: Some("desk".parse().unwrap()),
        inbox: Some("/home/anna/my files = here".into()),
        history: true,
        theme: Theme::Light,
        zoom: 1.25,
        reduced_motion: ReducedMotion::On,
        bell: false,
        second_call: false,
        do_not_disturb: true,
        watch_at_click: false,
        camera_as_before: false,
        ask_where: true,
        notifications: false,
        hide_words: true,
        keep_in_tray: true,
        camera: "/dev/video2".to_owned(),
        size: "1280x720".to_owned(),
        microphone: "cmd:arecord -D x=y".parse().unwrap(),
        speaker: DeviceName::None,
        echoes: {
            let mut echoes = Echoes::default();
            let headset = "server:headset".parse().unwrap();
            echoes.choose(&headset, &headset, EchoMode::Off);
            echoes.choose(&DeviceName::Auto, &headset, EchoMode::Duck);
            echoes
        },
        slow_link: TradeOff::Sharp,
        min_size: "640x360".to_owned(),
        mark_packets: false,
        announce: true,
        strangers: false,
        port: Some(7448),
        programs_port: 8081,
        place: Some(Place {
            width: 900,
            height: 600,
            corner: Some((-10, 20)),
            maximised: true,
        }),
        contacts: vec![(
            "a=b".parse().unwrap(),
            Preferences {
                camera_on: true,
                rotate: 3,
                mirror: true,
                fill: true,
                hears: true,
                volume: Volume(150),
                in_programs: true,
            },
        )],
    }
}

fn written(config: &Config, text: &str) -> String {
    config.write(text).unwrap()
}

#[test]
fn what_is_written_is_read_again() {
    let text = written(&busy(), "");
    assert_eq!(Config::parse(&text), (busy(), vec![]));
    assert_eq!(written(&busy(), &text), text);
}

#[test]
fn the_settings_of_versions_before_toml_are_read() {
    let old = "# mine\nname = desk\ninbox = /home/anna/my files = here\nhistory = yes\n\
        theme = light\nzoom = 1.25\nbell = no\nsecond_call = no\ndo_not_disturb = yes\n\
        camera = /dev/video2\nsize = 1280x720\nmicrophone = cmd:arecord -D x=y\n\
        loudspeaker = none\nslow_link = sharp\nmin_size = 640x360\nmark_packets = no\n\
        window = 900x600 at -10,20 maximised\necho 1 = off server:headset >> server:headset\n\
        echo 2 = duck auto >> server:headset\n\
        contact a=b = camera mirror fill turn=3 sound volume=150\nnonsense\n";
    let mut wanted = Config {
        programs_port: Config::default().programs_port,
        announce: false,
        notifications: true,
        hide_words: false,
        keep_in_tray: false,
        reduced_motion: ReducedMotion::default(),
        watch_at_click: true,
        camera_as_before: true,
        ask_where: false,
        strangers: true,
        port: None,
        ..busy()
    };
    wanted.contacts[0].1.in_programs = false;
    assert_eq!(Config::parse_old(old), (wanted, vec![]));
    let (config, errors) = Config::parse_old("bell = perhaps\nzoom = 99\ntheme = light\n");
    assert_eq!(
        (config.bell, config.theme, errors.len()),
        (true, Theme::Light, 2)
    );
}

#[test]
fn what_is_chosen_for_slow_links_is_what_the_station_is_told() {
    let wanted = Adaptation {
        trade_off: TradeOff::Sharp,
        min_size: Some((640, 360)),
        ..Adaptation::default()
    };
    assert_eq!(busy().adaptation(), wanted);
    assert_eq!(Config::default().adaptation(), Adaptation::default());
}

#[test]
fn what_is_as_usual_is_not_mentioned() {
    assert_eq!(written(&Config::default(), ""), "");
    assert_eq!(
        written(&Config::default(), "bell = false\ninbox = \"/x\"\n"),
        ""
    );
}

#[test]
fn reduced_motion_is_on_off_or_as_the_desktop_says() {
    for (text, motion) in [
        ("", ReducedMotion::AsDesktop),
        ("reduced_motion = \"desktop\"", ReducedMotion::AsDesktop),
        ("reduced_motion = false", ReducedMotion::Off),
        ("reduced_motion = true", ReducedMotion::On),
    ] {
        let (config, errors) = Config::parse(text);
        assert_eq!((config.reduced_motion, errors), (motion, vec![]), "{text}");
        let again = Config::parse(&written(&config, "")).0;
        assert_eq!(again.reduced_motion, motion, "{text}");
    }
    let (_, errors) = Config::parse("reduced_motion = 3");
    assert_eq!(errors.len(), 1);
    assert!(ReducedMotion::AsDesktop.applies(true) && !ReducedMotion::AsDesktop.applies(false));
}

#[test]
fn keys_of_other_versions_stay() {
    let text = written(&busy(), "bell = true\n\"colour of the sky\" = \"blue\"\n");
    assert!(
        text.contains("\"colour of the sky\" = \"blue\"\n"),
        "{text}"
    );
    assert!(text.contains("bell = false\n"), "{text}");
}

#[test]
fn a_file_that_is_no_toml_is_told_by_its_line_and_not_overwritten() {
    let text = "bell = false\nzoom = = 2\n";
    let (config, errors) = Config::parse(text);
    assert_eq!(config, Config::default());
    assert!(
        errors[0].starts_with("2: ") && errors.len() == 1,
        "{errors:?}"
    );
    assert!(busy().write(text).unwrap_err().starts_with("2: "));
}

#[test]
fn a_wrong_value_is_told_by_its_key_and_the_others_count() {
    let text = "bell = \"perhaps\"\ntheme = \"light\"\nzoom = 99\nwindow = \"huge\"\n\
        slow_link = \"best\"\n[contacts]\nyard = { fill = true }\ndoor = { volume = 401 }\n\
        gate = { turn = 4 }\n\"a b\" = { fill = true }\n";
    let (config, errors) = Config::parse(text);
    assert_eq!(
        (config.theme, config.bell, config.zoom),
        (Theme::Light, true, 1.0)
    );
    let yard: PeerName = "yard".parse().unwrap();
    assert!(config.preferences(&yard).is_some_and(|it| it.fill));
    assert_eq!(config.contacts.len(), 1);
    let mut told: Vec<_> = errors
        .iter()
        .filter_map(|error| error.split(':').next())
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        ["a b", "bell", "door", "gate", "slow_link", "window", "zoom"]
    );
}

#[test]
fn no_value_becomes_another_setting() {
    let mut config = busy();
    config.camera = "x\nbell = true\"".to_owned();
    config.microphone = "cmd:x\nbell = true".parse().unwrap();
    let (read, errors) = Config::parse(&written(&config, ""));
    assert_eq!((read, errors), (config, vec![]));
}

#[test]
fn what_is_forgotten_leaves_the_file() {
    let mut config = busy();
    let text = written(&config, "");
    assert!(text.contains("duck auto >> server:headset"), "{text}");
    config.contacts.clear();
    let headset = "server:headset".parse().unwrap();
    config
        .echoes
        .choose(&DeviceName::Auto, &headset, EchoMode::Cancel);
    let text = written(&config, &text);
    assert!(
        !text.contains("contacts") && !text.contains("duck"),
        "{text}"
    );
    assert!(
        text.contains("off server:headset >> server:headset"),
        "{text}"
    );
}

#[test]
fn garbage_is_bounded() {
    let many: String = (0..10_000)
        .map(|at| format!("[contacts.\"a {at}\u{202e}\"]\n"))
        .collect();
    for garbage in ["\u{1b}[2J = \u{202e}\nzoom = NaN\n".repeat(10_000), many] {
        let (config, errors) = Config::parse(&garbage);
        assert_eq!(config, Config::default());
        assert!((1..=transom_users::MAX_ERRORS).contains(&errors.len()));
        assert!(errors.iter().all(|error| words::line(error) == *error));
    }
}
