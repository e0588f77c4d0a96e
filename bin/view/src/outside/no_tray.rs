//! Without D-Bus there is no item in a tray.

use super::{TrayChoice, TrayView};

/// The way to the tray: there is none.
pub(crate) struct Tray;

impl Tray {
    pub(crate) fn start(_: impl Fn(TrayChoice) + Send + Sync + 'static) -> Self {
        Self
    }

    pub(crate) fn show(&mut self, _: TrayView) {}

    pub(crate) fn is_there(&self) -> bool {
        false
    }
}
