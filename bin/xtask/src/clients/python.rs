//! Programs in Python, each with its packages in a folder of its own below cargo's target folder.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::bench::peers::free_port;
use crate::failure::{Context as _, Outcome};
use crate::step;
use crate::workspace;

use super::visit::{Carrier, TAKEN, Visit, changes};

/// The Python that has Debian's packages.
pub(super) const PYTHON: &str = "/usr/bin/python3";

/// A virtual environment with packages of PyPI.
pub(super) struct Venv {
    name: &'static str,
    packages: &'static [&'static str],
}

pub(super) const OCTOPRINT: Venv = Venv {
    name: "octoprint",
    packages: &["octoprint==1.11.8"],
};

pub(super) const MOONRAKER: Venv = Venv {
    name: "moonraker",
    packages: &["moonraker"],
};

/// The last version that runs on Debian 12, with what its cameras need.
pub(super) const HOME_ASSISTANT: Venv = Venv {
    name: "home-assistant",
    packages: &[
        "homeassistant==2024.3.3",
        "ha-av==10.1.1",
        "PyTurboJPEG==1.7.1",
        "Pillow==10.2.0",
        "numpy==1.26.0",
        "josepy<2",
    ],
};

impl Venv {
    pub(super) fn is_installed(&self) -> bool {
        self.complete().exists()
    }

    pub(super) fn install(&self) -> Outcome {
        let folder = self.folder();
        let title = format!("installing {}", self.name);
        let venv = ["-m", "venv", "--clear"];
        step::run(&title, Command::new(PYTHON).args(venv).arg(&folder))?;
        let mut pip = Command::new(self.python());
        pip.args(["-m", "pip", "install", "--quiet"]);
        step::run(&title, pip.args(self.packages))?;
        // Without this file a part of an installation would pass for the whole.
        let complete = self.complete();
        fs::write(&complete, "").context(complete.display())
    }

    fn complete(&self) -> PathBuf {
        self.folder().join("complete")
    }

    fn python(&self) -> PathBuf {
        self.folder().join("bin/python")
    }

    fn folder(&self) -> PathBuf {
        workspace::target().join("clients").join(self.name)
    }

    /// Runs a script, which prints a line for each picture.
    fn look(&self, visit: &Visit<'_>, script: &str, arguments: &[&str]) -> Outcome<usize> {
        let mut command = visit.command(&self.python().to_string_lossy());
        let output = visit.output(command.args(["-c", script]).args(arguments))?;
        Ok(changes(String::from_utf8_lossy(&output.stdout).lines()))
    }
}

pub(super) fn octoprint(visit: &Visit<'_>) -> Outcome<usize> {
    let auth = match visit.carrier() {
        Carrier::Link => "",
        Carrier::Basic => "basic",
        Carrier::Bearer => "bearer",
    };
    let link = match visit.carrier() {
        Carrier::Link => visit.link("/snapshot"),
        Carrier::Basic | Carrier::Bearer => visit.bare_link("/snapshot"),
    };
    let arguments = [link.as_str(), auth, visit.token(), TAKEN];
    OCTOPRINT.look(visit, include_str!("octoprint.py"), &arguments)
}

pub(super) fn moonraker(visit: &Visit<'_>) -> Outcome<usize> {
    let (snapshot, stream) = (visit.link("/snapshot"), visit.link("/stream"));
    let port = free_port()?.to_string();
    let arguments = [&snapshot, &stream, &port, TAKEN];
    MOONRAKER.look(visit, include_str!("moonraker.py"), &arguments)
}

pub(super) fn mjpeg_camera(visit: &Visit<'_>) -> Outcome<usize> {
    home_assistant(visit, "mjpeg")
}

pub(super) fn generic_camera(visit: &Visit<'_>) -> Outcome<usize> {
    home_assistant(visit, "generic")
}

fn home_assistant(visit: &Visit<'_>, integration: &str) -> Outcome<usize> {
    let (still, stream, password) = match visit.carrier() {
        Carrier::Basic => (
            visit.bare_link("/snapshot"),
            visit.bare_link("/stream"),
            visit.token(),
        ),
        Carrier::Link | Carrier::Bearer => (visit.link("/snapshot"), visit.link("/stream"), ""),
    };
    let port = free_port()?.to_string();
    let arguments = [integration, &still, &stream, "x", password, &port, TAKEN];
    HOME_ASSISTANT.look(visit, include_str!("home_assistant.py"), &arguments)
}
