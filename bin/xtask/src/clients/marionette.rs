//! Firefox without a display, driven by Marionette: each message is its length, a colon and JSON.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;

use crate::bench::peers::free_port;
use crate::children::Background;
use crate::failure::{Context as _, Failure, Outcome};

use super::browsers::Browser;
use super::visit::{TIMEOUT, Visit, connect};

pub(super) struct Firefox {
    // Its end ends the browser's other processes.
    _browser: Background,
    connection: BufReader<TcpStream>,
}

impl Firefox {
    pub(super) fn start(visit: &Visit<'_>) -> Outcome<Self> {
        let port = free_port()?;
        let profile = visit.folder().join("profile");
        let settings = format!("user_pref(\"marionette.port\", {port});\n");
        fs::create_dir(&profile).context(profile.display())?;
        fs::write(profile.join("user.js"), settings).context(profile.display())?;
        let mut command = visit.command("firefox-esr");
        command.args(["--headless", "--no-remote", "--marionette", "--profile"]);
        let browser = Background::start(command.arg(profile).stderr(Stdio::null()))?;
        let connection = connect(port)?;
        connection
            .set_read_timeout(Some(TIMEOUT))
            .context("firefox")?;
        let mut firefox = Self {
            _browser: browser,
            connection: BufReader::new(connection),
        };
        // It greets first.
        firefox.read()?;
        firefox.ask("WebDriver:NewSession", "{}")?;
        Ok(firefox)
    }

    /// Gives a command, and waits for its answer.
    fn ask(&mut self, command: &str, parameters: &str) -> Outcome<String> {
        let message = format!("[0,1,\"{command}\",{parameters}]");
        let message = format!("{}:{message}", message.len());
        let connection = self.connection.get_mut();
        connection
            .write_all(message.as_bytes())
            .context("firefox")?;
        let answer = self.read()?;
        match answer.starts_with("[1,1,null,") {
            true => Ok(answer),
            false => Err(Failure::new(format!("firefox: {command}: {answer}"))),
        }
    }

    fn read(&mut self) -> Outcome<String> {
        let mut length = Vec::new();
        self.connection
            .read_until(b':', &mut length)
            .context("firefox")?;
        let length = String::from_utf8_lossy(&length)
            .trim_end_matches(':')
            .parse();
        let mut message = vec![0; length.context("firefox ended")?];
        self.connection
            .read_exact(&mut message)
            .context("firefox")?;
        Ok(String::from_utf8_lossy(&message).into_owned())
    }
}

impl Browser for Firefox {
    fn open(&mut self, link: &str) -> Outcome {
        let parameters = format!("{{\"url\":{link:?}}}");
        self.ask("WebDriver:Navigate", &parameters).map(drop)
    }

    fn is(&mut self, expression: &str) -> Outcome<bool> {
        let script = format!("return {expression}");
        let parameters = format!("{{\"script\":{script:?},\"args\":[]}}");
        let answer = self.ask("WebDriver:ExecuteScript", &parameters)?;
        Ok(answer.contains("\"value\":true"))
    }

    fn screenshot(&mut self) -> Outcome<String> {
        self.ask("WebDriver:TakeScreenshot", r#"{"full":false}"#)
    }
}
