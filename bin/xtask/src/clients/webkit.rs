//! WebKitGTK's own small browser on a display of its own, driven by WebDriver: JSON over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;

use crate::bench::peers::free_port;
use crate::children::Background;
use crate::display::Display;
use crate::failure::{Context as _, Failure, Outcome};
use crate::sandbox::text_field;

use super::browsers::Browser;
use super::visit::{TIMEOUT, Visit, connect};

pub(super) struct WebKit {
    port: u16,
    /// The path of the session.
    session: String,
    // Both end after the session.
    _driver: Background,
    _display: Display,
}

impl WebKit {
    pub(super) fn start(visit: &Visit<'_>) -> Outcome<Self> {
        let (port, display) = (free_port()?, Display::start(1280, 800)?);
        let mut command = visit.command("WebKitWebDriver");
        command.arg(format!("--port={port}")).stderr(Stdio::null());
        let driver = Background::start(display.on(&mut command, visit.folder()))?;
        let mut webkit = Self {
            port,
            session: String::new(),
            _driver: driver,
            _display: display,
        };
        let made = webkit.ask("POST", "/session", r#"{"capabilities":{}}"#)?;
        let id = text_field(&made, "sessionId");
        let id = id.ok_or_else(|| Failure::new(format!("webkit: no session in {made}")))?;
        webkit.session = format!("/session/{id}");
        Ok(webkit)
    }

    /// Gives a command, and waits for its answer.
    fn ask(&self, method: &str, path: &str, parameters: &str) -> Outcome<String> {
        let mut connection = connect(self.port)?;
        connection
            .set_read_timeout(Some(TIMEOUT))
            .context("webkit")?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n\
             Content-Type: application/json\r\n\r\n",
            parameters.len()
        );
        let request = head + parameters;
        connection.write_all(request.as_bytes()).context("webkit")?;
        let mut connection = BufReader::new(connection);
        let (mut line, mut length, mut first) = (String::new(), 0, String::new());
        loop {
            line.clear();
            connection.read_line(&mut line).context("webkit")?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().context("webkit")?;
                }
                Some(_) => {}
                None if first.is_empty() => first.clone_from(&line),
                None => break,
            }
        }
        let mut answer = vec![0; length];
        connection.read_exact(&mut answer).context("webkit")?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        match first.contains(" 200 ") {
            true => Ok(answer),
            false => Err(Failure::new(format!("webkit: {path}: {answer}"))),
        }
    }
}

impl Browser for WebKit {
    fn open(&mut self, link: &str) -> Outcome {
        let path = format!("{}/url", self.session);
        self.ask("POST", &path, &format!("{{\"url\":{link:?}}}"))
            .map(drop)
    }

    fn is(&mut self, expression: &str) -> Outcome<bool> {
        let script = format!("return {expression}");
        let path = format!("{}/execute/sync", self.session);
        let parameters = format!("{{\"script\":{script:?},\"args\":[]}}");
        let answer = self.ask("POST", &path, &parameters)?;
        Ok(answer.contains("\"value\":true"))
    }

    fn screenshot(&mut self) -> Outcome<String> {
        self.ask("GET", &format!("{}/screenshot", self.session), "")
    }
}

impl Drop for WebKit {
    fn drop(&mut self) {
        // Closes the browser. Should that fail, it ends with its display.
        let _ = self.ask("DELETE", &self.session, "");
    }
}
