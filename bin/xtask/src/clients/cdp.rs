//! Chromium without a display, driven by the Chrome DevTools Protocol over two pipes. When they
//! close, as when this program is killed, the browser ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::failure::{Context as _, Failure, Outcome};
use crate::packages;
use crate::sandbox::text_field;

use super::browsers::Browser;
use super::visit::Visit;

pub(super) struct Chromium {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    session: String,
    last: u32,
}

impl Chromium {
    pub(super) fn start(visit: &Visit<'_>) -> Outcome<Self> {
        let mut command = visit.command("timeout");
        // Chromium reads commands from descriptor 3 and answers on 4.
        command.args(["--kill-after=5", "120", "sh", "-c"]);
        command
            .arg("exec \"$@\" 3<&0 4>&1 </dev/null >&2")
            .arg("sh");
        command.args([
            "chromium",
            "--headless",
            "--remote-debugging-pipe",
            "--disable-gpu",
        ]);
        command.args(["--no-first-run", "--user-data-dir=profile"]);
        if packages::is_root() {
            command.arg("--no-sandbox");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().context("chromium")?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (commands, answers) = pipes.ok_or_else(|| Failure::new("chromium: no pipes"))?;
        let mut chromium = Self {
            child,
            commands: Some(commands),
            answers: BufReader::new(answers),
            session: String::new(),
            last: 0,
        };
        chromium.attach()?;
        Ok(chromium)
    }

    /// Opens a tab, and talks to it from now on.
    fn attach(&mut self) -> Outcome {
        let made = self.ask("Target.createTarget", r#"{"url":"about:blank"}"#)?;
        let target = field(&made, "targetId")?;
        let parameters = format!(r#"{{"targetId":"{target}","flatten":true}}"#);
        let attached = self.ask("Target.attachToTarget", &parameters)?;
        self.session = format!(r#","sessionId":"{}""#, field(&attached, "sessionId")?);
        Ok(())
    }

    /// Gives a command, and waits for its answer.
    fn ask(&mut self, method: &str, parameters: &str) -> Outcome<String> {
        self.last += 1;
        let (id, session) = (self.last, &self.session);
        let command =
            format!("{{\"id\":{id},\"method\":\"{method}\",\"params\":{parameters}{session}}}\0");
        let commands = self.commands.as_mut();
        let written = commands.map(|pipe| pipe.write_all(command.as_bytes()));
        written.transpose().context("chromium")?;
        let start = format!("{{\"id\":{id},");
        loop {
            let mut answer = Vec::new();
            self.answers
                .read_until(0, &mut answer)
                .context("chromium")?;
            let answer = String::from_utf8_lossy(&answer);
            match answer.as_ref() {
                "" => return Err(Failure::new("chromium ended")),
                text if !text.starts_with(&start) => {}
                text if text.contains("\"error\"") || text.contains("\"exceptionDetails\"") => {
                    return Err(Failure::new(format!("chromium: {method}: {text}")));
                }
                text => return Ok(text.into()),
            }
        }
    }
}

impl Browser for Chromium {
    fn open(&mut self, link: &str) -> Outcome {
        self.ask("Page.navigate", &format!("{{\"url\":{link:?}}}"))
            .map(drop)
    }

    fn is(&mut self, expression: &str) -> Outcome<bool> {
        let parameters = format!("{{\"expression\":{expression:?}}}");
        let answer = self.ask("Runtime.evaluate", &parameters)?;
        Ok(answer.contains("\"value\":true"))
    }

    fn screenshot(&mut self) -> Outcome<String> {
        let shot = self.ask("Page.captureScreenshot", "{}")?;
        field(&shot, "data")
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The end of the pipe ends the browser; `timeout` does, should it hang.
        self.commands = None;
        let _ = self.child.wait();
    }
}

fn field(answer: &str, name: &str) -> Outcome<String> {
    text_field(answer, name).ok_or_else(|| Failure::new(format!("chromium: no {name} in {answer}")))
}
