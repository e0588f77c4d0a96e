//! Screen readers: the bridge from egui's tree of named controls to the desktop's accessibility
//! bus. It knows neither the controls nor their names.

use egui_winit::accesskit_winit::{Event, WindowEvent};
use winit::event_loop::{ActiveEventLoop, EventLoopProxy};
use winit::window::Window;

use super::News;

/// What a screen reader wants of the window.
#[derive(Debug)]
pub(super) struct Request(WindowEvent);

impl From<Event> for News {
    fn from(event: Event) -> Self {
        Self::Reader(Request(event.window_event))
    }
}

/// Lets screen readers find the window, which must not be visible yet.
pub(super) fn connect(
    egui: &mut egui_winit::State,
    event_loop: &ActiveEventLoop,
    window: &Window,
    proxy: EventLoopProxy<News>,
) {
    egui.init_accesskit(event_loop, window, proxy);
}

/// Hands a request to egui, for the next frame. The tree is made only while a screen reader wants
/// it.
pub(super) fn handle(egui: &mut egui_winit::State, request: Request) {
    match request.0 {
        WindowEvent::InitialTreeRequested => egui.egui_ctx().enable_accesskit(),
        WindowEvent::ActionRequested(action) => egui.on_accesskit_action_request(action),
        WindowEvent::AccessibilityDeactivated => egui.egui_ctx().disable_accesskit(),
    }
}
