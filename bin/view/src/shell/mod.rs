//! The window itself: events in, pictures out. It carries actions from the screen to the model and
//! the engine.
//!
//! Nothing is drawn unless something changed: a window event, a letter of the engine, a new
//! picture, or egui asking for one more frame.

#[cfg_attr(not(feature = "accesskit"), path = "no_readers.rs")]
mod readers;

mod fonts;
mod painter;
mod place;
mod sight;
mod surface;
mod tray;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use egui_winit::EventResponse;
use transom::{CallKind, Notice};
use winit::application::ApplicationHandler;
use winit::error::EventLoopError;
use winit::event::{StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopProxy};
use winit::keyboard::Key;
use winit::window::{Fullscreen, UserAttentionType, Window, WindowAttributes, WindowId};

use crate::engine::{Engine, Letter, Wake};
use crate::keep::{self, Keeper};
use crate::model::{self, Action, Config, Face, Presence, Sample, State, Theme, Warning};
use crate::outside::{self, About, Choice, Desktop, Request, Single, Tray};
use crate::ui::{self, Album, Draft, Picture};
use crate::words;

use sight::Sight;
use surface::Surface;
pub(crate) use surface::SurfaceError;

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

/// A window with what draws into it.
struct Open {
    surface: Surface,
    egui: egui_winit::State,
    window: Arc<Window>,
    /// The title that the desktop was given last.
    title: String,
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
    /// Reads the engine's letters, and draws if one of them changed something. While the disk is
    /// silent each may be its answer.
    fn read_news(&mut self, event_loop: &ActiveEventLoop) {
        let mut changed = self.state.is_disk_silent();
        self.tell_time();
        for letter in self.engine.letters() {
            changed |= match &letter {
                Letter::Notice(notice) => !self.state.knows(notice),
                Letter::Stored(answer) => !answer.is_silent(),
                _ => true,
            };
            self.read(letter, event_loop);
        }
        self.take_back();
        if !self.is_seen() {
            self.rest(event_loop);
        } else if changed {
            self.redraw();
        } else if self.engine.desk().has_news() {
            self.redraw_in_pace(event_loop);
        }
    }

    /// Draws a new picture: at once, or together with those of other streams.
    fn redraw_in_pace(&self, event_loop: &ActiveEventLoop) {
        let Some(open) = &self.open else { return };
        let streams = self.state.on_screen().count();
        let since = self.drawn.map_or(Duration::MAX, |drawn| drawn.elapsed());
        let wait = sight::wait(open.surface.is_software(), streams, since);
        match wait.is_zero() {
            true => self.redraw(),
            false => wake_at(event_loop, Instant::now() + wait),
        }
    }

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

    /// Closes the notifications that are out of date.
    fn take_back(&mut self) {
        let is_looked_at = self.is_looked_at();
        let state = &self.state;
        self.desktop
            .close_if(|about| outside::is_over(state, about, is_looked_at));
    }

    /// Shows a notification for a notice that comes while the window has no attention.
    fn tell_desktop(&mut self, notice: &Notice) {
        let is_looked_at = self.is_looked_at();
        if let Some(news) = outside::news(&self.state, notice, is_looked_at) {
            self.desktop.show(news);
        }
    }

    /// A notification was clicked.
    fn clicked(&mut self, about: About, choice: Choice) -> Vec<Action> {
        let (actions, raises) = about.clicked(choice, &self.state);
        if raises {
            self.raise();
        }
        actions
    }

    /// A second start of the program hands over its `--watch` and `--call`.
    fn asked(&mut self, request: Request) -> Vec<Action> {
        self.raise();
        let several = request.watch.len() > 1;
        let watch = request.watch.into_iter().map(|peer| (peer, CallKind::View));
        let call = request.call.into_iter().map(|peer| (peer, CallKind::Talk));
        let mut actions = Vec::new();
        for (peer, kind) in watch.chain(call) {
            match self.keeper.reach(&mut self.state, &peer) {
                Ok(peer) => actions.push(self.state.wanted(peer, kind)),
                Err(why) => actions.push(Action::Tell(model::News::Refused(why))),
            }
        }
        actions.extend(several.then_some(Action::Cameras(true)));
        actions
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

    fn read(&mut self, letter: Letter, event_loop: &ActiveEventLoop) {
        let actions = match letter {
            Letter::Notice(notice) => {
                self.tell_desktop(&notice);
                self.state.apply(notice)
            }
            Letter::Font(font) => {
                self.add_font(font);
                Vec::new()
            }
            Letter::Asked(request) => self.asked(request),
            Letter::Clicked(about, choice) => self.clicked(about, choice),
            Letter::Broken(face, why) => {
                self.state.broken(face, why);
                Vec::new()
            }
            Letter::Kept(kept) => self.state.kept(kept),
            Letter::Stored(answer) => {
                self.keeper.take(&mut self.state, answer);
                Vec::new()
            }
            Letter::Picked(peer, answer) => self.state.picked(peer, answer),
            Letter::PickedFolder(what, answer) => self.state.picked_folder(what, answer),
            Letter::Glanced(path, shown) => {
                if let Some(open) = &self.open {
                    let context = open.egui.egui_ctx();
                    let shown = shown
                        .as_ref()
                        .map(|shown| (&shown.image, shown.orientation));
                    self.album.keep_thumbnail(context, path, shown);
                }
                Vec::new()
            }
            Letter::Mishap(why) => vec![Action::Tell(model::News::Desktop(why))],
            Letter::Addresses(found) => {
                self.state.found_addresses(&found);
                Vec::new()
            }
            Letter::Tray(choice) => self.chosen_in_tray(choice),
            Letter::ReducedMotion(is_wanted) => {
                self.state.desktop_reduces_motion = is_wanted;
                self.wear();
                Vec::new()
            }
            Letter::Close => vec![Action::Quit],
            Letter::StationEnded(why) => {
                let why = why.unwrap_or_else(|| "without a reason".to_owned());
                self.state
                    .warn(Warning::Trouble(words::station_ended(&why)));
                Vec::new()
            }
        };
        self.carry_out(actions, event_loop);
    }

    /// Copies the newest picture of each stream to the graphics card. Gives back their samples.
    fn upload(&mut self) -> Vec<(Face, Sample)> {
        let mut samples = Vec::new();
        let Some(open) = &mut self.open else {
            return samples;
        };
        for decoded in self.engine.desk().fetch() {
            let (face, shown) = (decoded.face, decoded.shown);
            if self.state.takes(face, &shown) {
                match open.surface.picture(face, &decoded.image) {
                    Ok(texture) => {
                        self.album.show(face, Picture::of(texture, &shown));
                        let context = open.egui.egui_ctx();
                        let now = self.state.now;
                        self.album.keep(context, face, &decoded.image, now);
                        self.state.shown(face, shown);
                        samples.push((face, decoded.sample));
                    }
                    Err(why) => self.state.broken(face, why),
                }
            }
            self.engine.desk().give_back(face, decoded.image);
        }
        samples
    }

    /// Frees the pictures of streams that are not on the screen any more.
    fn forget(&mut self) {
        let state = &self.state;
        self.engine.desk().retain(|face| state.sees(face));
        self.engine.desk().show(|face| state.shows(face));
        self.album.retain(|face| state.has_picture(face));
        if let Some(open) = &mut self.open {
            open.surface.retain(|face| state.has_picture(face));
            let context = open.egui.egui_ctx();
            let away = state.cameras().filter(|one| one.presence != Presence::Here);
            for camera in away {
                self.album.fade(context, camera.name);
            }
        }
    }

    fn draw(&mut self, event_loop: &ActiveEventLoop) {
        self.tell_time();
        if !self.is_seen() {
            return self.rest(event_loop);
        }
        let Some(open) = &mut self.open else { return };
        let size = open.window.inner_size();
        if size.width == 0 || size.height == 0 {
            return;
        }
        self.forget();
        let samples = self.upload();
        let Some(open) = &mut self.open else { return };
        let input = open.egui.take_egui_input(&open.window);
        let context = open.egui.egui_ctx().clone();
        // egui itself handles Ctrl with + and -.
        self.state.config.zoom = Config::fit_zoom(context.zoom_factor());
        let mut actions = Vec::new();
        let output = context.run_ui(input, |ui| {
            actions.extend(ui::screen(ui, &self.state, &mut self.draft, &self.album));
        });
        for action in &mut actions {
            if *action == Action::Quit {
                *action = self.state.quitting();
            }
        }
        open.egui
            .handle_platform_output(&open.window, output.platform_output);
        self.find_fonts(&output.shapes);
        let Some(open) = &mut self.open else { return };
        let shapes = context.tessellate(output.shapes, output.pixels_per_point);
        let scale = output.pixels_per_point;
        open.surface.draw(&shapes, &output.textures_delta, scale);
        let presented = Instant::now();
        if self.drawn.replace(presented).is_none() {
            log::info!("first frame");
        }
        for (face, sample) in samples {
            self.state.presented(
                face,
                Sample {
                    presented,
                    ..sample
                },
            );
        }
        for (face, size) in &self.draft.sizes {
            let pixels = |points: f32| (points * scale).ceil() as usize;
            let size = (pixels(size.x), pixels(size.y));
            self.engine.desk().want(*face, size);
        }
        let delay = output
            .viewport_output
            .get(&egui::ViewportId::ROOT)
            .map(|viewport| viewport.repaint_delay);
        let again = !actions.is_empty() || delay.is_some_and(|delay| delay.is_zero());
        match delay.and_then(|delay| Instant::now().checked_add(delay)) {
            _ if again => self.redraw(),
            Some(at) => event_loop.set_control_flow(ControlFlow::WaitUntil(at)),
            None => event_loop.set_control_flow(ControlFlow::Wait),
        }
        self.carry_out(actions, event_loop);
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
        self.engine.follow(duties);
        self.flash(duties.flash);
        self.entitle();
        self.show_in_tray();
        self.keeper.write_down(&mut self.state);
        if let Some(at) = self.keeper.silent_at()
            && !self.state.is_disk_silent()
        {
            wake_at(event_loop, at);
        }
    }

    /// Reads letters until everything that was asked for is written; false if that takes longer.
    fn finish(&mut self, until: Instant, event_loop: &ActiveEventLoop) -> bool {
        while self.keeper.finish(until) {
            let letters = self.engine.letters();
            // Peers may write without end.
            if letters.is_empty() || Instant::now() >= until {
                return true;
            }
            for letter in letters {
                self.read(letter, event_loop);
            }
        }
        false
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

    /// Applies theme and zoom of the settings.
    fn wear(&self) {
        if let Some(open) = &self.open {
            wear(&open.window, open.egui.egui_ctx(), &self.state);
            self.redraw();
        }
    }

    /// Saves the window's place and zoom.
    fn keep_place(&mut self) {
        let Some(open) = &self.open else { return };
        let config = &mut self.state.config;
        config.place = place::of(&open.window, config.place).or(config.place);
        self.keeper.save(&mut self.state);
    }

    /// Enters or leaves full screen as the state says.
    fn fit_screen(&self) {
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

    fn redraw(&self) {
        if let Some(open) = &self.open {
            open.window.request_redraw();
        }
    }
}

impl Open {
    fn new(
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

/// Wakes the loop then, or sooner.
fn wake_at(event_loop: &ActiveEventLoop, at: Instant) {
    match event_loop.control_flow() {
        ControlFlow::WaitUntil(sooner) if sooner <= at => {}
        _ => event_loop.set_control_flow(ControlFlow::WaitUntil(at)),
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
