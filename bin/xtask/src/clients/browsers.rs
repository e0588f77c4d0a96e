//! Browsers, without a display: the door's own page, and an `<img>` of its stream as in the pages
//! of printers. What they show is taken from screenshots.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::failure::{Context as _, Outcome};

use super::cdp::Chromium;
use super::marionette::Firefox;
use super::visit::{Visit, poll};
use super::webkit::WebKit;

/// A browser that a program drives.
pub(super) trait Browser {
    /// Opens a link.
    fn open(&mut self, link: &str) -> Outcome;

    /// Whether an expression in the page is true.
    fn is(&mut self, expression: &str) -> Outcome<bool>;

    /// The page as it is shown now, in base64 and whatever is around that, which doesn't change.
    fn screenshot(&mut self) -> Outcome<String>;
}

pub(super) fn chromium_page(visit: &Visit<'_>) -> Outcome<usize> {
    page(&mut Chromium::start(visit)?, visit)
}

pub(super) fn chromium_img(visit: &Visit<'_>) -> Outcome<usize> {
    img(&mut Chromium::start(visit)?, visit)
}

pub(super) fn firefox_page(visit: &Visit<'_>) -> Outcome<usize> {
    page(&mut Firefox::start(visit)?, visit)
}

pub(super) fn firefox_img(visit: &Visit<'_>) -> Outcome<usize> {
    img(&mut Firefox::start(visit)?, visit)
}

pub(super) fn webkit_page(visit: &Visit<'_>) -> Outcome<usize> {
    page(&mut WebKit::start(visit)?, visit)
}

pub(super) fn webkit_img(visit: &Visit<'_>) -> Outcome<usize> {
    img(&mut WebKit::start(visit)?, visit)
}

/// The page for people, with the token behind the #.
fn page(browser: &mut impl Browser, visit: &Visit<'_>) -> Outcome<usize> {
    let link = format!("{}#{}", visit.bare_link("/"), visit.token());
    open(browser, &link)?;
    seen(
        browser,
        "document.querySelector('#picture:not([hidden])') !== null",
        "document.getElementById('words').textContent.includes('needs a pass')",
    )
}

/// An `<img>` in the page of another program.
fn img(browser: &mut impl Browser, visit: &Visit<'_>) -> Outcome<usize> {
    open(browser, &other_page(&visit.link("/stream"))?)?;
    let img = "document.images[0]";
    seen(
        browser,
        &format!("{img}.naturalWidth > 0"),
        &format!("{img}.alt === 'refused'"),
    )
}

/// The link to a page that isn't the door's.
fn other_page(stream: &str) -> Outcome<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("a page")?;
    let link = format!("http://{}/", listener.local_addr().context("a page")?);
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n\
         <!doctype html><img src='{stream}' onerror='this.alt = \"refused\"'>"
    );
    // Serves until this process ends: browsers open connections that they don't use.
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 8192]);
                let _ = stream.write_all(answer.as_bytes());
            });
        }
    });
    Ok(link)
}

/// Opens a link, and waits for its page. A stream never ends, so nor does the loading of a page
/// with one.
fn open(browser: &mut impl Browser, link: &str) -> Outcome {
    browser.open(link)?;
    poll(|| Ok((0, browser.is("document.readyState !== 'loading'")?))).map(drop)
}

/// Counts what is shown while `has_picture`, until `is_refused`.
fn seen(browser: &mut impl Browser, has_picture: &str, is_refused: &str) -> Outcome<usize> {
    let mut shown = Vec::new();
    poll(|| {
        if browser.is(has_picture)? {
            shown.push(browser.screenshot()?);
            shown.dedup();
        }
        Ok((shown.len(), browser.is(is_refused)?))
    })
}
