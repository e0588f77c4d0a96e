//! Where the window was and is again: its size, its corner, whether it is maximised. Full screen is
//! not kept.

use winit::dpi::{LogicalSize, PhysicalPosition};
use winit::event_loop::ActiveEventLoop;
use winit::window::{Window, WindowAttributes};

use crate::model::Place;

/// The size at the first start.
const USUAL: LogicalSize<f64> = LogicalSize::new(1200.0, 760.0);
/// The minimum size: in a smaller window, buttons overlap.
const LEAST: LogicalSize<f64> = LogicalSize::new(360.0, 420.0);
/// The maximum side: larger than any screen, so a larger value is damage to the file.
const MOST: u32 = 16_384;
/// How far inside a screen the left upper corner has to be, so that there is something to drag the
/// window by.
const GRIP: i32 = 40;

/// The window at its last place, if that is on a screen.
pub(super) fn request(event_loop: &ActiveEventLoop, place: Option<Place>) -> WindowAttributes {
    let request = Window::default_attributes().with_min_inner_size(LEAST);
    let Some(place) = place else {
        return request.with_inner_size(USUAL);
    };
    let size = LogicalSize::new(place.width.min(MOST), place.height.min(MOST));
    let request = request
        .with_inner_size(size)
        .with_maximized(place.maximised);
    let corner = place
        .corner
        .filter(|corner| is_on_a_screen(event_loop, *corner));
    match corner {
        Some((x, y)) => request.with_position(PhysicalPosition::new(x, y)),
        None => request,
    }
}

/// The window's place now. In full screen, that is the place `before`.
pub(super) fn of(window: &Window, before: Option<Place>) -> Option<Place> {
    let maximised = window.is_maximized();
    if maximised || window.fullscreen().is_some() {
        return before.map(|before| Place {
            maximised,
            ..before
        });
    }
    let size: LogicalSize<u32> = window.inner_size().to_logical(window.scale_factor());
    if size.width == 0 || size.height == 0 {
        return before;
    }
    // Wayland has no window positions.
    let corner = window.outer_position().ok().map(|at| (at.x, at.y));
    Some(Place {
        width: size.width,
        height: size.height,
        corner,
        maximised,
    })
}

fn is_on_a_screen(event_loop: &ActiveEventLoop, (x, y): (i32, i32)) -> bool {
    event_loop.available_monitors().any(|monitor| {
        let (at, size) = (monitor.position(), monitor.size().cast::<i32>());
        let inside = |place: i32, start: i32, length: i32| {
            place >= start.saturating_sub(GRIP)
                && place <= start.saturating_add(length).saturating_sub(GRIP)
        };
        inside(x, at.x, size.width) && inside(y, at.y, size.height)
    })
}
