//! The window on the screen, with what draws into it: how it opens, what it looks like, and where
//! it stands.

use std::sync::Arc;

use winit::event_loop::{ActiveEventLoop, EventLoopProxy};
use winit::window::{Fullscreen, Window, WindowAttributes};

use crate::model::{State, Theme};
use crate::ui;

use super::surface::Surface;
use super::{News, Shell, ShellError, place, readers};

/// A window with what draws into it.
pub(super) struct Open {
    pub(super) surface: Surface,
    pub(super) egui: egui_winit::State,
    pub(super) window: Arc<Window>,
    /// The title that the desktop was given last.
    pub(super) title: String,
}

impl Open {
    pub(super) fn new(
        event_loop: &ActiveEventLoop,
        state: &State,
        proxy: EventLoopProxy<News>,
    ) -> Result<Self, ShellError> {
        let (config, title) = (&state.config, state.title());
        // Hidden until the surface is ready.
        let request = place::request(event_loop, config.place)
            .with_title(&title)
            .with_visible(false);
        let request = named(request);
        let window = Arc::new(event_loop.create_window(request)?);
        let surface = Surface::new(&window)?;
        let context = egui::Context::default();
        ui::prepare(&context);
        wear(&window, &context, state);
        let scale = Some(window.scale_factor() as f32);
        let side = Some(surface.max_texture_side());
        let mut egui = egui_winit::State::new(
            context,
            egui::ViewportId::ROOT,
            &window,
            scale,
            window.theme(),
            side,
        );
        readers::connect(&mut egui, event_loop, &window, proxy);
        Ok(Self {
            surface,
            egui,
            window,
            title,
        })
    }
}

/// Names the program as its .desktop file is called, so that the desktop finds its icon.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn named(request: WindowAttributes) -> WindowAttributes {
    use winit::platform::wayland::WindowAttributesExtWayland as _;

    request.with_name("transom", "transom")
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn named(request: WindowAttributes) -> WindowAttributes {
    request
}

impl Shell {
    /// Applies theme and zoom of the settings.
    pub(super) fn wear(&self) {
        if let Some(open) = &self.open {
            wear(&open.window, open.egui.egui_ctx(), &self.state);
            self.redraw();
        }
    }

    /// Saves the window's place and zoom.
    pub(super) fn keep_place(&mut self) {
        let Some(open) = &self.open else { return };
        let config = &mut self.state.config;
        config.place = place::of(&open.window, config.place).or(config.place);
        self.keeper.save(&mut self.state);
    }

    /// Enters or leaves full screen as the state says.
    pub(super) fn fit_screen(&self) {
        if let Some(open) = &self.open {
            let wanted = self
                .state
                .fullscreen
                .then_some(Fullscreen::Borderless(None));
            if open.window.fullscreen().is_some() != wanted.is_some() {
                open.window.set_fullscreen(wanted);
            }
        }
    }
}

fn wear(window: &Window, context: &egui::Context, state: &State) {
    let config = &state.config;
    ui::colour(context, config.theme);
    ui::reduce_motion(
        context,
        config.reduced_motion.applies(state.desktop_reduces_motion),
    );
    // `None` follows the desktop where winit knows its theme. Elsewhere the frame has our theme.
    let follows = config.theme == Theme::System && cfg!(any(windows, target_os = "macos"));
    window.set_theme((!follows).then(|| match context.theme() {
        egui::Theme::Dark => winit::window::Theme::Dark,
        egui::Theme::Light => winit::window::Theme::Light,
    }));
    context.set_zoom_factor(config.zoom);
}
