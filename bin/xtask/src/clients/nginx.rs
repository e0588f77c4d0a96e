//! nginx in front of the door, with the settings of its Debian package and one `proxy_pass`.

use std::fs;
use std::process::{Command, Stdio};

use crate::bench::peers::free_port;
use crate::children::Background;
use crate::failure::{Context as _, Outcome};

use super::visit::{Visit, connect};

/// The settings of the package.
const SETTINGS: &str = "/etc/nginx/nginx.conf";

/// Runs nginx, and the client before it.
pub(super) fn in_front(visit: &Visit, look: fn(&Visit) -> Outcome<usize>) -> Outcome<usize> {
    let port = free_port()?;
    let listen = format!("127.0.0.1:{port}");
    let _nginx = Background::start(&mut command(visit, &listen)?)?;
    connect(port)?;
    look(&visit.behind(&format!("{listen}/webcam")))
}

/// The proxy at that address, below `/webcam/`.
pub(crate) fn command(visit: &Visit, listen: &str) -> Outcome<Command> {
    let folder = visit.folder().display();
    let site = format!(
        "server {{ listen {listen}; location /webcam/ {{ proxy_pass {}; }} }}",
        visit.bare_link("/")
    );
    // Its files are the only thing that differs from the package.
    let settings = fs::read_to_string(SETTINGS).context(SETTINGS)?;
    let settings = settings
        .replace("/run/nginx.pid", &format!("{folder}/nginx.pid"))
        .replace("/var/log/nginx", &folder.to_string())
        .replace("/etc/nginx/sites-enabled/*", &format!("{folder}/site"));
    let file = visit.folder().join("nginx.conf");
    fs::write(&file, settings).context(file.display())?;
    fs::write(visit.folder().join("site"), site).context(&folder)?;
    let mut nginx = visit.command("/usr/sbin/nginx");
    nginx
        .args(["-g", "daemon off;", "-c"])
        .arg(&file)
        .stderr(Stdio::null());
    Ok(nginx)
}
