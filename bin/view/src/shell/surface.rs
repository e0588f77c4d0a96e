//! What draws: pixels owns the window's surface, and the painter draws egui's triangles on it, with
//! one texture for each stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{ClippedPrimitive, TextureId, TexturesDelta};
use pixels::wgpu::{self, PresentMode, TextureFormat};
use pixels::{Error, Pixels, PixelsBuilder, SurfaceTexture};
use transom_media::Image;
use winit::window::Window;

use crate::model::Face;

use super::painter::{Painter, extent};

/// It does not convert colours: JPEG's values reach the screen as they are, and egui expects the
/// same of its own.
const WINDOW_FORMAT: TextureFormat = TextureFormat::Bgra8Unorm;

/// Why nothing can be drawn.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SurfaceError {
    /// No driver that can present on this display.
    #[error("no Vulkan driver for this display; install one: apt install mesa-vulkan-drivers")]
    NoDriver,
    /// A driver was found, but it fails.
    #[error("the graphics driver failed: {0}")]
    Driver(#[source] Error),
}

/// The graphics side of a window.
pub(crate) struct Surface {
    pixels: Pixels<'static>,
    painter: Painter,
    /// The texture of each stream, used again for its next picture.
    pictures: BTreeMap<Face, TextureId>,
    /// Textures of streams that there were so far.
    counted: u64,
    width: u32,
    height: u32,
    /// Whether the driver is a software rasteriser.
    is_software: bool,
}

impl Surface {
    /// Finds a driver for the window.
    pub(crate) fn new(window: &Arc<Window>) -> Result<Self, SurfaceError> {
        let size = window.inner_size();
        let (width, height) = (size.width.max(1), size.height.max(1));
        let mut pixels =
            PixelsBuilder::new(1, 1, SurfaceTexture::new(width, height, window.clone()))
                .texture_format(WINDOW_FORMAT)
                .surface_texture_format(WINDOW_FORMAT)
                .build()
                .map_err(|error| match error {
                    Error::AdapterNotFound | Error::CreateSurface(_) => SurfaceError::NoDriver,
                    error => SurfaceError::Driver(error),
                })?;
        let is_software = pixels.adapter().get_info().device_type == wgpu::DeviceType::Cpu;
        let modes = &pixels.context().surface_capabilities.present_modes;
        if !is_software && modes.contains(&PresentMode::Mailbox) {
            // A newer frame replaces a frame that waits for the screen.
            pixels.set_present_mode(PresentMode::Mailbox);
        }
        let painter = Painter::new(pixels.device(), WINDOW_FORMAT);
        Ok(Self {
            pixels,
            painter,
            pictures: BTreeMap::new(),
            counted: 0,
            width,
            height,
            is_software,
        })
    }

    /// Whether the driver is a software rasteriser.
    pub(crate) fn is_software(&self) -> bool {
        self.is_software
    }

    /// The longest side of a texture here.
    pub(crate) fn max_texture_side(&self) -> usize {
        self.pixels.device().limits().max_texture_dimension_2d as usize
    }

    /// The window has another size; 0 while it is minimised.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        if width == 0 || height == 0 {
            return;
        }
        match self.pixels.resize_surface(width, height) {
            Ok(()) => (self.width, self.height) = (width, height),
            Err(error) => log::warn!("the window can't have {width}x{height} pixels: {error}"),
        }
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
        let (device, queue) = (self.pixels.device(), self.pixels.queue());
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

    /// Draws egui's shapes, the picture among them. The window must have the size that
    /// [`resize`](Self::resize) was told.
    pub(crate) fn draw(
        &mut self,
        shapes: &[ClippedPrimitive],
        textures: &TexturesDelta,
        scale: f32,
    ) -> Result<(), Error> {
        let Self {
            pixels, painter, ..
        } = self;
        let (device, queue) = (pixels.device(), pixels.queue());
        for (id, delta) in &textures.set {
            painter.update(device, queue, *id, delta);
        }
        painter.prepare(device, queue, shapes, [self.width, self.height], scale);
        let drawn = pixels.render_with(|encoder, window, _| {
            painter.paint(encoder, window);
            Ok(())
        });
        for id in &textures.free {
            painter.free(*id);
        }
        drawn
    }
}
