//! What draws: the window's surface, and the painter that draws egui's triangles on it, with one
//! texture for each stream.
//!
//! The surface is wgpu's own. The crate pixels, which had it before, waits without end for a window
//! and a surface of the same size, while a user can resize an X11 window at any moment; a child
//! window of a size of our own had to cover the window for that.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{ClippedPrimitive, TextureId, TexturesDelta};
use transom_media::Image;
use wgpu::{CurrentSurfaceTexture, PresentMode, SurfaceConfiguration, SurfaceTexture};
use winit::dpi::PhysicalSize;
use winit::window::Window;

use crate::model::Face;

use super::painter::{Painter, extent};

/// It does not convert colours: JPEG's values reach the screen as they are, and egui expects the
/// same of its own.
const WINDOW_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Bgra8Unorm;

/// Why nothing can be drawn.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SurfaceError {
    /// No driver that can present on this display.
    #[error("no Vulkan driver for this display; install one: apt install mesa-vulkan-drivers")]
    NoDriver,
    /// A driver was found, but it fails.
    #[error("the graphics driver failed: {0}")]
    Driver(#[from] wgpu::RequestDeviceError),
}

/// The graphics side of a window.
pub(crate) struct Surface {
    window: Arc<Window>,
    surface: wgpu::Surface<'static>,
    shape: SurfaceConfiguration,
    device: wgpu::Device,
    queue: wgpu::Queue,
    painter: Painter,
    /// The texture of each stream, used again for its next picture.
    pictures: BTreeMap<Face, TextureId>,
    /// Textures of streams that there were so far.
    counted: u64,
    /// Whether the driver is a software rasteriser.
    is_software: bool,
}

impl Surface {
    /// Finds a driver for the window.
    pub(crate) fn new(window: &Arc<Window>) -> Result<Self, SurfaceError> {
        let descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
        let instance = wgpu::Instance::new(descriptor);
        let surface = instance.create_surface(window.clone());
        let surface = surface.map_err(|_| SurfaceError::NoDriver)?;
        let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions {
            compatible_surface: Some(&surface),
            ..Default::default()
        }));
        let adapter = adapter.map_err(|_| SurfaceError::NoDriver)?;
        let (device, queue) =
            pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
                // Large windows and pictures.
                required_limits: adapter.limits(),
                ..Default::default()
            }))?;
        // Without this an error of the driver, as of one that is out of memory, ends the program
        // and the call with it.
        device.on_uncaptured_error(Arc::new(|error: wgpu::Error| {
            log::error!("the graphics driver: {error}");
        }));
        let is_software = adapter.get_info().device_type == wgpu::DeviceType::Cpu;
        let modes = surface.get_capabilities(&adapter).present_modes;
        let present_mode = match !is_software && modes.contains(&PresentMode::Mailbox) {
            // A newer frame replaces a frame that waits for the screen.
            true => PresentMode::Mailbox,
            false => PresentMode::AutoVsync,
        };
        let most = device.limits().max_texture_dimension_2d;
        let [width, height] = drawable(window.inner_size(), most);
        let surface = Self {
            window: window.clone(),
            surface,
            shape: SurfaceConfiguration {
                usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
                format: WINDOW_FORMAT,
                width,
                height,
                present_mode,
                desired_maximum_frame_latency: 2,
                alpha_mode: wgpu::CompositeAlphaMode::Auto,
                view_formats: Vec::new(),
            },
            painter: Painter::new(&device, WINDOW_FORMAT),
            device,
            queue,
            pictures: BTreeMap::new(),
            counted: 0,
            is_software,
        };
        surface.configure();
        Ok(surface)
    }

    /// Whether the driver is a software rasteriser.
    pub(crate) fn is_software(&self) -> bool {
        self.is_software
    }

    /// The longest side of a texture here.
    pub(crate) fn max_texture_side(&self) -> usize {
        self.device.limits().max_texture_dimension_2d as usize
    }

    /// The window has another size; 0 while it is minimised.
    pub(crate) fn resize(&mut self, size: PhysicalSize<u32>) {
        if size.width == 0 || size.height == 0 {
            return;
        }
        let most = self.device.limits().max_texture_dimension_2d;
        [self.shape.width, self.shape.height] = drawable(size, most);
        self.configure();
    }

    fn configure(&self) {
        self.surface.configure(&self.device, &self.shape);
    }

    /// Uploads a picture of a stream; the next [`draw`](Self::draw) shows it.
    pub(crate) fn picture(&mut self, face: Face, image: &Image) -> Result<TextureId, String> {
        let side = |pixels: usize| {
            let side = u32::try_from(pixels).ok().filter(|side| *side > 0);
            let fits = side.filter(|_| pixels <= self.max_texture_side());
            fits.ok_or(format!("{pixels} pixels are no side of a picture here"))
        };
        let size = extent([side(image.width)?, side(image.height)?]);
        let bytes = image.width * image.height * 4;
        if image.rgba.len() != bytes {
            let has = image.rgba.len();
            return Err(format!("it has {has} bytes instead of {bytes}"));
        }
        let id = *self.pictures.entry(face).or_insert_with(|| {
            self.counted += 1;
            TextureId::User(self.counted)
        });
        let (device, queue) = (&self.device, &self.queue);
        // A JPEG has no transparent pixels.
        self.painter
            .upload(device, queue, id, size, &image.rgba, true);
        Ok(id)
    }

    /// Frees the textures of all other streams.
    pub(crate) fn retain(&mut self, wanted: impl Fn(Face) -> bool) {
        for (_, gone) in self.pictures.extract_if(.., |face, _| !wanted(*face)) {
            self.painter.free(gone);
        }
    }

    /// Draws egui's shapes, the pictures among them.
    pub(crate) fn draw(
        &mut self,
        shapes: &[ClippedPrimitive],
        textures: &TexturesDelta,
        scale: f32,
    ) {
        let (device, queue) = (&self.device, &self.queue);
        for (id, delta) in &textures.set {
            self.painter.update(device, queue, *id, delta);
        }
        if let Some(next) = self.next() {
            self.paint(next, shapes, scale);
        }
        for id in &textures.free {
            self.painter.free(*id);
        }
    }

    fn paint(&mut self, next: SurfaceTexture, shapes: &[ClippedPrimitive], scale: f32) {
        let size = [self.shape.width, self.shape.height];
        let (device, queue) = (&self.device, &self.queue);
        self.painter.prepare(device, queue, shapes, size, scale);
        let view = next.texture.create_view(&Default::default());
        let mut encoder = device.create_command_encoder(&Default::default());
        self.painter.paint(&mut encoder, &view);
        queue.submit([encoder.finish()]);
        self.window.pre_present_notify();
        next.present();
    }

    /// What the next frame is drawn into; nothing while the window can't be seen. A user can resize
    /// it at any moment, and this program reads of it later, so the size is asked for anew.
    fn next(&mut self) -> Option<SurfaceTexture> {
        match self.surface.get_current_texture() {
            CurrentSurfaceTexture::Success(next) => return Some(next),
            // Configured while it is held, it would panic.
            CurrentSurfaceTexture::Suboptimal(next) => drop(next),
            CurrentSurfaceTexture::Outdated | CurrentSurfaceTexture::Lost => {}
            CurrentSurfaceTexture::Occluded => return None,
            CurrentSurfaceTexture::Timeout => {
                self.window.request_redraw();
                return None;
            }
            CurrentSurfaceTexture::Validation => {
                log::warn!("the graphics driver gives nothing to draw into");
                return None;
            }
        }
        self.resize(self.window.inner_size());
        match self.surface.get_current_texture() {
            CurrentSurfaceTexture::Success(next) | CurrentSurfaceTexture::Suboptimal(next) => {
                Some(next)
            }
            _ => {
                // It was resized once more.
                self.window.request_redraw();
                None
            }
        }
    }
}

/// The size that a window is drawn in: its sides may be longer than this driver draws.
fn drawable(size: PhysicalSize<u32>, most: u32) -> [u32; 2] {
    [size.width, size.height].map(|side| side.clamp(1, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_any_size_has_a_size_that_can_be_drawn() {
        let drawn = |width, height| drawable(PhysicalSize::new(width, height), 4096);
        assert_eq!(drawn(1200, 760), [1200, 760]);
        assert_eq!(drawn(0, u32::MAX), [1, 4096]);
    }
}
