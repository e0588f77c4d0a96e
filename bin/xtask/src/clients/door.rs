//! A camera box with a door of its own, a valid pass and a removed one; and another machine's door,
//! which shows the box by the encrypted protocol and takes the same passes.

use std::cell::Cell;
use std::fs;

use crate::children::Background;
use crate::failure::{Context as _, Failure, Outcome};
use crate::sandbox::{STARTING, Sandbox, User, is_event, text_field};
use crate::workspace;

use super::visit::{Carrier, Visit};

pub(super) struct Door {
    // The box ends before its folder is removed.
    _camera: Background,
    address: String,
    hub: User,
    valid: String,
    removed: String,
    visits: Cell<u32>,
    sandbox: Sandbox,
}

impl Door {
    pub(super) fn open() -> Outcome<Self> {
        let sandbox = Sandbox::with_programs(workspace::target().join("debug"))?;
        let user = sandbox.user("box")?;
        let valid = add_pass(&user, "valid")?;
        let removed = add_pass(&user, "removed")?;
        pass(&user, &["remove", "removed"])?;
        let hub = sandbox.user("hub")?;
        user.knows(&hub, "127.0.0.1:9")?;
        let passes = user.state().join("passes");
        fs::copy(&passes, hub.state().join("passes")).context(passes.display())?;
        let camera = "camera --source pattern --size 640x360 --http 127.0.0.1:0 --no-announce \
                      --listen 127.0.0.1:0 --json --name box";
        let camera = user.transom(&camera.split_whitespace().collect::<Vec<_>>());
        let camera = Background::start(&mut { camera })?;
        let listening = address_of(&camera, "listening")?;
        hub.knows(&user, &listening)?;
        let address = address_of(&camera, "http_listening")?;
        Ok(Self {
            _camera: camera,
            address,
            hub,
            valid,
            removed,
            visits: Cell::new(0),
            sandbox,
        })
    }

    pub(super) fn valid(&self) -> &str {
        &self.valid
    }

    pub(super) fn removed(&self) -> &str {
        &self.removed
    }

    /// A visit with an empty folder, which programs of another user may write to as well.
    pub(super) fn visit(&self, carrier: Carrier, token: &str) -> Outcome<Visit> {
        let number = self.visits.get();
        self.visits.set(number + 1);
        let folder = self.sandbox.path(&format!("visit-{number}"));
        fs::create_dir(&folder).context(folder.display())?;
        Ok(Visit::new(&self.address, carrier, token, folder))
    }

    /// Starts the other machine's door. Returns its place of the box too.
    pub(super) fn bridge(&self) -> Outcome<(Background, String)> {
        let watch = ["watch", "box", "--http", "127.0.0.1:0", "--json"];
        let bridge = Background::start(&mut self.hub.transom(&watch))?;
        let address = address_of(&bridge, "http_listening")?;
        Ok((bridge, format!("{address}/box")))
    }
}

/// Waits for an event that has an address.
fn address_of(program: &Background, event: &str) -> Outcome<String> {
    program.line(STARTING, |line| {
        is_event(line, event)
            .then(|| text_field(line, "address"))
            .flatten()
    })
}

/// Returns the token.
pub(crate) fn add_pass(user: &User, name: &str) -> Outcome<String> {
    let said = pass(user, &["add", name])?;
    text_field(&said, "token")
        .ok_or_else(|| Failure::new(format!("transom pass add printed no token: {said}")))
}

fn pass(user: &User, arguments: &[&str]) -> Outcome<String> {
    let mut command = user.transom(&[&["pass"], arguments, &["--json"]].concat());
    let output = command.output().context("transom pass")?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(Failure::new(format!(
            "transom pass: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}
