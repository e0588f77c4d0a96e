//! What stands between a client and the door: proxies, as homes and printers have them, with the
//! door's paths below `/webcam/` of theirs; and our own bridge, with a box's paths below its name.

use std::fs;
use std::process::{Command, Stdio};

use crate::bench::peers::free_port;
use crate::children::Background;
use crate::failure::{Context as _, Outcome};

use super::door::Door;
use super::visit::{Visit, connect};

/// Starts what stands before the door of the visit. Returns it, and where it shows the box.
pub(super) type Front = fn(&Door, &Visit) -> Outcome<(Background, String)>;

/// The settings of nginx's Debian package.
const NGINX: &str = "/etc/nginx/nginx.conf";

pub(super) fn nginx(_: &Door, visit: &Visit) -> Outcome<(Background, String)> {
    let port = free_port()?;
    proxy(nginx_at(visit, &format!("127.0.0.1:{port}"))?, port)
}

/// nginx with the settings of its package and one `proxy_pass`, which listens at that address.
pub(crate) fn nginx_at(visit: &Visit, listen: &str) -> Outcome<Command> {
    let folder = visit.folder().display();
    let site = format!(
        "server {{ listen {listen}; location /webcam/ {{ proxy_pass {}; }} }}",
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
    with_settings(visit, nginx, &settings)
}

/// HAProxy as OctoPi has it.
pub(super) fn haproxy(_: &Door, visit: &Visit) -> Outcome<(Background, String)> {
    let port = free_port()?;
    let settings = format!(
        "defaults\n mode http\n option http-server-close\n option forwardfor\n \
         timeout connect 5s\n timeout client 15min\n timeout server 15min\n\
         frontend public\n bind 127.0.0.1:{port}\n use_backend webcam if {{ path_beg /webcam/ }}\n\
         backend webcam\n http-request replace-path /webcam/(.*) /\\1\n server webcam {}\n",
        visit.place()
    );
    let mut haproxy = visit.command("/usr/sbin/haproxy");
    haproxy.args(["-db", "-f"]);
    proxy(with_settings(visit, haproxy, &settings)?, port)
}

/// `transom watch BOX --http`.
pub(super) fn bridge(door: &Door, _: &Visit) -> Outcome<(Background, String)> {
    door.bridge()
}

/// The proxy, whose last argument is the file of its settings.
fn with_settings(visit: &Visit, mut proxy: Command, settings: &str) -> Outcome<Command> {
    let file = visit.folder().join("proxy.conf");
    fs::write(&file, settings).context(file.display())?;
    proxy.arg(&file).stderr(Stdio::null());
    Ok(proxy)
}

/// Starts a proxy and waits until it listens.
fn proxy(mut proxy: Command, port: u16) -> Outcome<(Background, String)> {
    let proxy = Background::start(&mut proxy)?;
    connect(port)?;
    Ok((proxy, format!("127.0.0.1:{port}/webcam")))
}
