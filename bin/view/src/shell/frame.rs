//! One frame: the newest pictures go to the graphics card, the screen is drawn, and what was asked
//! for on it is carried out.

use std::time::{Duration, Instant};

use winit::event_loop::{ActiveEventLoop, ControlFlow};

use crate::model::{Action, Config, Face, Presence, Sample};
use crate::ui::{self, Picture};

use super::{Shell, sight, wake_at};

impl Shell {
    pub(super) fn redraw(&self) {
        if let Some(open) = &self.open {
            open.window.request_redraw();
        }
    }

    /// Draws a new picture: at once, or together with those of other streams.
    pub(super) fn redraw_in_pace(&self, event_loop: &ActiveEventLoop) {
        let Some(open) = &self.open else { return };
        let streams = self.state.on_screen().count();
        let since = self.drawn.map_or(Duration::MAX, |drawn| drawn.elapsed());
        let wait = sight::wait(open.surface.is_software(), streams, since);
        match wait.is_zero() {
            true => self.redraw(),
            false => wake_at(event_loop, Instant::now() + wait),
        }
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

    pub(super) fn draw(&mut self, event_loop: &ActiveEventLoop) {
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
}
