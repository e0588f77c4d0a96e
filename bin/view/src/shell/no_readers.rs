//! A window without the bridge to screen readers.

use winit::event_loop::{ActiveEventLoop, EventLoopProxy};
use winit::window::Window;

use super::News;

/// Nothing is ever wanted.
#[derive(Debug)]
pub(super) enum Request {}

pub(super) fn connect(
    _: &mut egui_winit::State,
    _: &ActiveEventLoop,
    _: &Window,
    _: EventLoopProxy<News>,
) {
}

pub(super) fn handle(_: &mut egui_winit::State, request: Request) {
    match request {}
}
