//! What draws: pixels owns the window's surface, each stream has one texture on its device, and
//! egui's renderer paints those and everything else.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{ClippedPrimitive, TextureId, TexturesDelta};
use egui_wgpu::{Renderer, RendererOptions, ScreenDescriptor};
use pixels::wgpu::{
    self, Color, Extent3d, FilterMode, LoadOp, Operations, PresentMode, StoreOp, TextureDescriptor,
    TextureFormat, TextureUsages, TextureViewDescriptor,
};
use pixels::{Error, Pixels, PixelsBuilder, SurfaceTexture};
use transom_media::Image;
use winit::window::Window;

use crate::model::Face;

/// Neither format converts colours: JPEG's values reach the screen as they are, and egui expects
/// the same of its own.
const PICTURE_FORMAT: TextureFormat = TextureFormat::Rgba8Unorm;
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
    renderer: Renderer,
    /// One for each stream, used again for its next picture.
    pictures: BTreeMap<Face, Texture>,
    width: u32,
    height: u32,
    /// Whether the driver is a software rasteriser.
    is_software: bool,
}

/// The texture with the last picture of a stream.
struct Texture {
    /// What egui calls it.
    id: TextureId,
    texture: wgpu::Texture,
}

impl Surface {
    /// Finds a driver for the window.
    pub(crate) fn new(window: &Arc<Window>) -> Result<Self, SurfaceError> {
        let size = window.inner_size();
        let (width, height) = (size.width.max(1), size.height.max(1));
        let mut pixels =
            PixelsBuilder::new(1, 1, SurfaceTexture::new(width, height, window.clone()))
                .texture_format(PICTURE_FORMAT)
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
        let options = RendererOptions {
            // A calculation for each pixel that a software rasteriser has no time for.
            dithering: !is_software,
            ..RendererOptions::default()
        };
        let renderer = Renderer::new(pixels.device(), WINDOW_FORMAT, options);
        Ok(Self {
            pixels,
            renderer,
            pictures: BTreeMap::new(),
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
        let size = Extent3d {
            width: side(image.width)?,
            height: side(image.height)?,
            depth_or_array_layers: 1,
        };
        let bytes = image.width * image.height * 4;
        if image.rgba.len() != bytes {
            let has = image.rgba.len();
            return Err(format!("it has {has} bytes instead of {bytes}"));
        }
        let held = match self.pictures.remove(&face) {
            Some(held) if held.texture.size() == size => held,
            other => self.new_texture(other.map(|held| held.id), size),
        };
        let held = self.pictures.entry(face).or_insert(held);
        self.pixels.queue().write_texture(
            held.texture.as_image_copy(),
            &image.rgba,
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(size.width * 4),
                rows_per_image: Some(size.height),
            },
            size,
        );
        Ok(held.id)
    }

    /// Frees the textures of all other streams.
    pub(crate) fn retain(&mut self, wanted: impl Fn(Face) -> bool) {
        for (_, gone) in self.pictures.extract_if(.., |face, _| !wanted(*face)) {
            self.renderer.free_texture(&gone.id);
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
            pixels, renderer, ..
        } = self;
        let screen = ScreenDescriptor {
            size_in_pixels: [self.width, self.height],
            pixels_per_point: scale,
        };
        for (id, delta) in &textures.set {
            renderer.update_texture(pixels.device(), pixels.queue(), *id, delta);
        }
        let drawn = pixels.render_with(|encoder, window, context| {
            renderer.update_buffers(&context.device, &context.queue, encoder, shapes, &screen);
            paint(renderer, encoder, window, shapes, &screen);
            Ok(())
        });
        for id in &textures.free {
            renderer.free_texture(id);
        }
        drawn
    }

    /// A new texture for another size; egui keeps the same id for the stream.
    fn new_texture(&mut self, id: Option<TextureId>, size: Extent3d) -> Texture {
        let device = self.pixels.device();
        let texture = device.create_texture(&TextureDescriptor {
            label: Some("picture"),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: PICTURE_FORMAT,
            usage: TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let view = texture.create_view(&TextureViewDescriptor::default());
        let (renderer, filter) = (&mut self.renderer, FilterMode::Linear);
        let id = match id {
            Some(id) => {
                renderer.update_egui_texture_from_wgpu_texture(device, &view, filter, id);
                id
            }
            None => renderer.register_native_texture(device, &view, filter),
        };
        Texture { id, texture }
    }
}

fn paint(
    renderer: &Renderer,
    encoder: &mut wgpu::CommandEncoder,
    window: &wgpu::TextureView,
    shapes: &[ClippedPrimitive],
    screen: &ScreenDescriptor,
) {
    let target = wgpu::RenderPassColorAttachment {
        view: window,
        depth_slice: None,
        resolve_target: None,
        ops: Operations {
            load: LoadOp::Clear(Color::BLACK),
            store: StoreOp::Store,
        },
    };
    let pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some("screen"),
        color_attachments: &[Some(target)],
        ..Default::default()
    });
    renderer.render(&mut pass.forget_lifetime(), shapes, screen);
}
