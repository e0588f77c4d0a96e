//! What can be in front of the door: proxies, as homes and printers have them, with the door's paths
//! below `/webcam/` of theirs; and our own bridge, with a box's paths below its name.

use std::fs;
use std::process::{Command, Stdio};

use crate::bench::peers::free_port;
use crate::children::Background;
use crate::failure::{Context as _, Outcome};

use super::visit::{Visit, connect};

/// The settings of nginx's Debian package.
const NGINX: &str = "/etc/nginx/nginx.conf";

/// nginx with the settings of its package and one `proxy_pass`.
pub(super) fn nginx(visit: &Visit<'_>, look: fn(&Visit<'_>) -> Outcome<usize>) -> Outcome<usize> {
    let port = free_port()?;
    let folder = visit.folder().display();
    let site = format!(
        "server {{ listen 127.0.0.1:{port}; location /webcam/ {{ proxy_pass {}; }} }}",
        visit.bare_link("/")
    );
    fs::write(visit.folder().join("site"), site).context(&folder)?;
    // The places of its files are all that differs from the package.
    let settings = fs::read_to_string(NGINX).context(NGINX)?;
    let settings = settings
        .replace("/run/nginx.pid", &format!("{folder}/nginx.pid"))
        .replace("/var/log/nginx", &folder.to_string())
        .replace("/etc/nginx/sites-enabled/*", &format!("{folder}/site"));
    let mut nginx = visit.command("/usr/sbin/nginx");
    nginx.args(["-g", "daemon off;", "-c"]);
    behind(visit, &settings, &mut nginx, port, look)
}

/// HAProxy as OctoPi has it.
pub(super) fn haproxy(visit: &Visit<'_>, look: fn(&Visit<'_>) -> Outcome<usize>) -> Outcome<usize> {
    let port = free_port()?;
    let settings = format!(
        "defaults\n mode http\n option http-server-close\n option forwardfor\n \
         timeout connect 5s\n timeout client 15min\n timeout server 15min\n\
         frontend public\n bind 127.0.0.1:{port}\n use_backend webcam if {{ path_beg /webcam/ }}\n\
         backend webcam\n http-request replace-path /webcam/(.*) /\\1\n server webcam {}\n",
        visit.place()
    );
    let mut haproxy = visit.command("/usr/sbin/haproxy");
    behind(visit, &settings, haproxy.args(["-db", "-f"]), port, look)
}

/// `transom watch BOX --http`.
pub(super) fn bridge(visit: &Visit<'_>, look: fn(&Visit<'_>) -> Outcome<usize>) -> Outcome<usize> {
    let (_bridge, place) = visit.door().bridge()?;
    look(&visit.behind(place))
}

/// Runs a proxy, whose last argument is the file of its settings, and the client before it.
fn behind(
    visit: &Visit<'_>,
    settings: &str,
    proxy: &mut Command,
    port: u16,
    look: fn(&Visit<'_>) -> Outcome<usize>,
) -> Outcome<usize> {
    let file = visit.folder().join("proxy.conf");
    fs::write(&file, settings).context(file.display())?;
    let _proxy = Background::start(proxy.arg(&file).stderr(Stdio::null()))?;
    connect(port)?;
    look(&visit.behind(format!("127.0.0.1:{port}/webcam")))
}
