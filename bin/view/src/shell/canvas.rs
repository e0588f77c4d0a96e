//! The window that pixels draws on. Its size changes only when this program changes it.
//!
//! `Pixels::render_with` retries until window and surface have the same size, and reads no event
//! meanwhile. A user can resize an X11 window at any moment. If that falls into a frame, the
//! resize event is never read and the program hangs (seen with Mesa's software driver). So on X11
//! a child window covers the window, lets every click through, and is resized by this program
//! alone. Other window systems resize a window only when its program has seen the event.

use std::sync::Arc;

use winit::dpi::PhysicalSize;
use winit::error::OsError;
use winit::event_loop::ActiveEventLoop;
use winit::window::Window;

/// The window to draw on.
pub(super) struct Canvas {
    window: Arc<Window>,
    /// Whether the canvas is a child window.
    own: bool,
}

impl Canvas {
    /// Covers that window.
    pub(super) fn cover(
        event_loop: &ActiveEventLoop,
        window: &Arc<Window>,
    ) -> Result<Self, OsError> {
        let inside = x11::inside(event_loop, window)?;
        let own = inside.is_some();
        let window = inside.map_or_else(|| window.clone(), Arc::new);
        Ok(Self { window, own })
    }

    /// The window to draw on.
    pub(super) fn window(&self) -> &Arc<Window> {
        &self.window
    }

    /// Covers the window again after its size changed.
    pub(super) fn resize(&self, size: PhysicalSize<u32>) {
        if self.own {
            // X11 applies the size before the next request, whatever winit answers.
            let _ = self.window.request_inner_size(size);
        }
    }
}

#[cfg(all(unix, not(target_vendor = "apple")))]
mod x11 {
    use winit::error::OsError;
    use winit::event_loop::ActiveEventLoop;
    use winit::platform::x11::WindowAttributesExtX11;
    use winit::raw_window_handle::{HasWindowHandle, RawWindowHandle};
    use winit::window::Window;

    /// A child window of `outer`, if the display is X11.
    pub(super) fn inside(
        event_loop: &ActiveEventLoop,
        outer: &Window,
    ) -> Result<Option<Window>, OsError> {
        let Some(id) = id(outer) else {
            return Ok(None);
        };
        let request = Window::default_attributes()
            .with_title("")
            .with_inner_size(outer.inner_size())
            .with_embed_parent_window(id);
        let window = event_loop.create_window(request)?;
        if let Err(error) = window.set_cursor_hittest(false) {
            log::warn!("clicks may not reach the window: {error}");
        }
        Ok(Some(window))
    }

    fn id(window: &Window) -> Option<u32> {
        match window.window_handle().ok()?.as_raw() {
            RawWindowHandle::Xlib(handle) => u32::try_from(handle.window).ok(),
            RawWindowHandle::Xcb(handle) => Some(handle.window.get()),
            _ => None,
        }
    }
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
mod x11 {
    use winit::error::OsError;
    use winit::event_loop::ActiveEventLoop;
    use winit::window::Window;

    /// There is no X11 here.
    pub(super) fn inside(_: &ActiveEventLoop, _: &Window) -> Result<Option<Window>, OsError> {
        Ok(None)
    }
}
