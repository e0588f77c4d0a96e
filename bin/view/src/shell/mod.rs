//! The window itself: events in, pictures out. It carries actions from the screen to the model and
//! the engine.
//!
//! Nothing is drawn unless something changed: a window event, a letter of the engine, a new
//! picture, or egui asking for one more frame.

#[cfg_attr(not(feature = "accesskit"), path = "no_readers.rs")]
mod readers;

mod fonts;
mod frame;
mod letters;
mod painter;
mod place;
mod sight;
mod surface;
mod tray;
mod window;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use egui_winit::EventResponse;
use winit::application::ApplicationHandler;
use winit::error::EventLoopError;
use winit::event::{StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopProxy};
use winit::keyboard::Key;
use winit::window::{UserAttentionType, WindowId};

use crate::engine::{Engine, Wake};
use crate::keep::{self, Keeper};
use crate::model::{Action, State};
use crate::outside::{Desktop, Single, Tray};
use crate::ui::{Album, Draft};

use sight::Sight;
pub(crate) use surface::SurfaceError;
use window::Open;

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShellError {
    /// No screen to be on.
    #[error(
        "no display: {0}; start it inside a desktop session, or watch from a terminal with: transom watch NAME"
    )]
    Display(String),
    /// The window system refuses.
    #[error("can't open a window: {0}")]
    Window(#[from] winit::error::OsError),
    /// Nothing to draw with.
    #[error(transparent)]
    Surface(#[from] SurfaceError),
    /// The window system broke.
    #[error("the window system failed: {0}")]
    Loop(#[source] EventLoopError),
}

/// What comes from outside the window system.
#[derive(Debug)]
enum News {
    /// Something new in the engine.
    Engine,
    /// A screen reader wants something.
    #[cfg_attr(
        not(feature = "accesskit"),
        expect(dead_code, reason = "without the bridge no screen reader asks")
    )]
    Reader(readers::Request),
}

/// A connection to the screen, before there is a window on it.
pub(crate) struct Display(EventLoop<News>);

impl Display {
    /// Connects.
    pub(crate) fn connect() -> Result<Self, ShellError> {
        let display = EventLoop::with_user_event().build();
        display
            .map(Self)
            .map_err(|error| ShellError::Display(reason(&error)))
    }

    /// What wakes the window from other threads.
    pub(crate) fn wake(&self) -> Wake {
        let proxy = self.0.create_proxy();
        // The loop is gone only when the program ends.
        Arc::new(move || drop(proxy.send_event(News::Engine)))
    }

    /// Opens the window and runs until it is closed.
    pub(crate) fn run(
        self,
        engine: Engine,
        keeper: Keeper,
        state: State,
        single: &Single,
    ) -> Result<(), ShellError> {
        if let Some(requests) = single.requests() {
            engine.serve(requests);
        }
        engine.watch_motion();
        let mut shell = Shell {
            proxy: self.0.create_proxy(),
            desktop: engine.start_desktop(),
            tray: engine.start_tray(),
            is_hidden: false,
            is_focused: false,
            sight: Sight::default(),
            scripts: Vec::new(),
            drawn: None,
            engine,
            keeper,
            state,
            draft: Draft::default(),
            open: None,
            album: Album::default(),
            flashing: false,
            failed: None,
        };
        self.0.run_app(&mut shell).map_err(ShellError::Loop)?;
        shell.failed.map_or(Ok(()), Err)
    }
}

/// Ctrl+Shift+C as a key event: egui-winit turns the chord into a copy event without modifiers.
fn call_chord(modifiers: egui::Modifiers, event: &WindowEvent) -> Option<egui::Event> {
    let WindowEvent::KeyboardInput { event, .. } = event else {
        return None;
    };
    let is_c = matches!(&event.logical_key, Key::Character(key) if key.eq_ignore_ascii_case("c"));
    let is_chord = is_c && modifiers.command && modifiers.shift && event.state.is_pressed();
    is_chord.then_some(egui::Event::Key {
        key: egui::Key::C,
        physical_key: None,
        pressed: true,
        repeat: event.repeat,
        modifiers,
    })
}

/// winit's own words without its source line.
fn reason(error: &EventLoopError) -> String {
    match error {
        EventLoopError::Os(error) => {
            let text = error.to_string();
            let text = text.trim_end_matches('.').to_owned();
            text.split_once("): ")
                .or(text.split_once(": "))
                .map_or(text.clone(), |(_, rest)| rest.to_owned())
        }
        other => other.to_string(),
    }
}

struct Shell {
    /// Wakes the loop for a screen reader.
    proxy: EventLoopProxy<News>,
    engine: Engine,
    keeper: Keeper,
    state: State,
    draft: Draft,
    open: Option<Open>,
    /// The last picture of each stream.
    album: Album,
    /// Whether the window asks for attention because a call rings.
    flashing: bool,
    /// The desktop around the window.
    desktop: Desktop,
    /// Its item in the desktop's tray.
    tray: Tray,
    /// Whether only that item is left of the window.
    is_hidden: bool,
    /// Whether the window has the keyboard.
    is_focused: bool,
    /// Whether it can be seen.
    sight: Sight,
    /// Scripts whose fonts were looked for.
    scripts: Vec<&'static str>,
    /// When the last frame was drawn.
    drawn: Option<Instant>,
    failed: Option<ShellError>,
}

impl ApplicationHandler<News> for Shell {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        if self.open.is_some() {
            return;
        }
        match Open::new(event_loop, &self.state, self.proxy.clone()) {
            Ok(open) => {
                open.window.set_visible(true);
                open.window.request_redraw();
                self.open = Some(open);
                self.fit_screen();
                self.read_news(event_loop);
            }
            Err(error) => {
                self.failed = Some(error);
                event_loop.exit();
            }
        }
    }

    fn new_events(&mut self, event_loop: &ActiveEventLoop, cause: StartCause) {
        if matches!(cause, StartCause::ResumeTimeReached { .. }) {
            event_loop.set_control_flow(ControlFlow::Wait);
            match self.is_seen() {
                true => self.redraw(),
                false => self.rest(event_loop),
            }
        }
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, news: News) {
        match news {
            News::Engine => self.read_news(event_loop),
            News::Reader(request) => {
                if let Some(open) = &mut self.open {
                    readers::handle(&mut open.egui, request);
                    open.window.request_redraw();
                }
            }
        }
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, id: WindowId, event: WindowEvent) {
        let Some(open) = &mut self.open else { return };
        if id != open.window.id() {
            return;
        }
        match &event {
            WindowEvent::CloseRequested => {
                if self.stays_in_tray() {
                    return self.hide(event_loop);
                }
                let quit = self.state.quitting();
                self.redraw();
                return self.carry_out(vec![quit], event_loop);
            }
            // egui would answer each redraw with a request for another.
            WindowEvent::RedrawRequested => return self.draw(event_loop),
            WindowEvent::Resized(size) => open.surface.resize(*size),
            WindowEvent::Occluded(on) => {
                self.sight.occlude(*on);
                open.window.request_redraw();
            }
            WindowEvent::Focused(on) => {
                self.is_focused = *on;
                // On Wayland a window in the tray is minimised, and its panel can show it again.
                self.is_hidden &= !on;
            }
            _ => {}
        }
        if let Some(chord) = call_chord(open.egui.egui_input().modifiers, &event) {
            open.egui.egui_input_mut().events.push(chord);
            return open.window.request_redraw();
        }
        let EventResponse { repaint, .. } = open.egui.on_window_event(&open.window, &event);
        if repaint {
            open.window.request_redraw();
        }
        if event == WindowEvent::Focused(true) {
            self.take_back();
        }
    }

    fn exiting(&mut self, event_loop: &ActiveEventLoop) {
        let until = Instant::now() + keep::CLOSE_WAIT;
        self.keeper.stop_reading();
        self.finish(until, event_loop);
        self.keep_place();
        if let Some(open) = &self.open {
            open.window.set_visible(false);
        }
        self.keeper.save_unsent(&mut self.state);
        if !self.finish(until, event_loop) {
            log::warn!("the disk doesn't answer; the last changes are not kept");
        }
        // What draws has to go while the connection to the screen is there.
        self.open = None;
    }
}

impl Shell {
    /// Whether the window is visible: neither minimised nor covered.
    fn is_seen(&mut self) -> bool {
        self.leave_lost_tray();
        if self.is_hidden {
            return false;
        }
        let Some(open) = &self.open else { return false };
        let is_minimised = || open.window.is_minimized() == Some(true);
        self.sight.is_seen(Instant::now(), is_minimised)
    }

    /// Neither decodes nor draws, and looks again in a moment. Calls go on.
    fn rest(&self, event_loop: &ActiveEventLoop) {
        if self.open.is_none() {
            return;
        }
        let desk = self.engine.desk();
        desk.retain(|face| self.state.sees(face));
        desk.show(|_| false);
        for decoded in desk.fetch() {
            desk.give_back(decoded.face, decoded.image);
        }
        let at = Instant::now() + sight::LOOK_AGAIN;
        event_loop.set_control_flow(ControlFlow::WaitUntil(at));
    }

    /// Whether the window is visible and has the keyboard.
    fn is_looked_at(&mut self) -> bool {
        self.is_focused && self.is_seen()
    }

    /// Brings the window to the front, or asks for attention where the desktop doesn't allow that.
    fn raise(&mut self) {
        self.is_hidden = false;
        if let Some(open) = &self.open {
            open.window.set_visible(true);
            open.window.set_minimized(false);
            open.window.focus_window();
            let look = Some(UserAttentionType::Informational);
            open.window.request_user_attention(look);
            open.window.request_redraw();
        }
    }

    fn carry_out(&mut self, actions: Vec<Action>, event_loop: &ActiveEventLoop) {
        for action in actions {
            self.state.act(&action);
            match action {
                Action::Quit => event_loop.exit(),
                Action::Fullscreen(_) | Action::HangUp(_) => self.fit_screen(),
                _ => {}
            }
            self.keeper.carry_out(&mut self.state, &action);
            if let Action::SaveSettings(_) = action {
                self.wear();
            }
            self.engine.carry_out(&mut self.state, action);
        }
        let duties = self.state.duties();
        let flashes = duties.flash;
        self.engine.follow(duties);
        self.flash(flashes);
        self.entitle();
        self.show_in_tray();
        self.keeper.write_down(&mut self.state);
        if let Some(at) = self.keeper.silent_at()
            && !self.state.is_disk_silent()
        {
            wake_at(event_loop, at);
        }
    }

    /// Asks the desktop to show that a call rings, or no longer.
    fn flash(&mut self, on: bool) {
        if let Some(open) = &self.open
            && std::mem::replace(&mut self.flashing, on) != on
        {
            let urgent = on.then_some(UserAttentionType::Critical);
            open.window.request_user_attention(urgent);
        }
    }

    /// Sets the window's title where it changed.
    fn entitle(&mut self) {
        let title = self.state.title();
        if let Some(open) = &mut self.open
            && open.title != title
        {
            open.window.set_title(&title);
            open.title = title;
        }
    }

    /// Tells the model what time it is, and whether the disk is late; it has no clock.
    fn tell_time(&mut self) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        self.state.now = now.unwrap_or_default();
        self.keeper.watch(&mut self.state, Instant::now());
    }
}

/// Wakes the loop then, or sooner.
fn wake_at(event_loop: &ActiveEventLoop, at: Instant) {
    match event_loop.control_flow() {
        ControlFlow::WaitUntil(sooner) if sooner <= at => {}
        _ => event_loop.set_control_flow(ControlFlow::WaitUntil(at)),
    }
}
