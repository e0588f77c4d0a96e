//! What draws: pixels holds the picture as a texture, egui's renderer paints it and everything else onto the window.

use std::sync::Arc;

use egui::{ClippedPrimitive, TextureId, TexturesDelta, Vec2};
use egui_wgpu::{Renderer, RendererOptions, ScreenDescriptor};
use pixels::wgpu::{
    self, Color, FilterMode, LoadOp, Operations, StoreOp, TextureFormat, TextureViewDescriptor,
};
use pixels::{Error, Pixels, PixelsBuilder, SurfaceTexture};
use transom_media::Image;
use winit::window::Window;

/// Neither format converts colours: JPEG's values reach the screen as they are, and egui expects the same of its own.
const PICTURE_FORMAT: TextureFormat = TextureFormat::Rgba8Unorm;
const WINDOW_FORMAT: TextureFormat = TextureFormat::Bgra8Unorm;

/// Why nothing can be drawn.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SurfaceError {
    /// No driver that can present on this display.
    #[error("no Vulkan driver for this display; install one: apt install mesa-vulkan-drivers")]
    NoDriver,
    /// There is one, but it refuses.
    #[error("the graphics driver failed: {0}")]
    Driver(#[source] Error),
}

/// The graphics side of a window.
pub(crate) struct Surface {
    pixels: Pixels<'static>,
    renderer: Renderer,
    /// The size of the texture with the picture and what egui calls it, once there was one.
    picture: Option<(TextureId, usize, usize)>,
    width: u32,
    height: u32,
}

impl Surface {
    /// Finds a driver for the window.
    pub(crate) fn new(window: &Arc<Window>) -> Result<Self, SurfaceError> {
        let size = window.inner_size();
        let (width, height) = (size.width.max(1), size.height.max(1));
        let pixels = PixelsBuilder::new(1, 1, SurfaceTexture::new(width, height, window.clone()))
            .texture_format(PICTURE_FORMAT)
            .surface_texture_format(WINDOW_FORMAT)
            .build()
            .map_err(|error| match error {
                Error::AdapterNotFound | Error::CreateSurface(_) => SurfaceError::NoDriver,
                error => SurfaceError::Driver(error),
            })?;
        let renderer = Renderer::new(pixels.device(), WINDOW_FORMAT, RendererOptions::default());
        Ok(Self {
            pixels,
            renderer,
            picture: None,
            width,
            height,
        })
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

    /// Takes a picture over; it is on the screen with the next [`draw`](Self::draw).
    pub(crate) fn picture(&mut self, image: &Image) -> Result<(), String> {
        let same = matches!(self.picture, Some((_, width, height)) if (width, height) == (image.width, image.height));
        if !same {
            self.new_texture(image)?;
        }
        let frame = self.pixels.frame_mut();
        if frame.len() != image.rgba.len() {
            return Err(format!(
                "it has {} bytes instead of {}",
                image.rgba.len(),
                frame.len()
            ));
        }
        frame.copy_from_slice(&image.rgba);
        Ok(())
    }

    /// The last picture and its size.
    pub(crate) fn texture(&self) -> Option<(TextureId, Vec2)> {
        self.picture
            .map(|(id, width, height)| (id, Vec2::new(width as f32, height as f32)))
    }

    /// Draws egui's shapes, the picture among them. The window must have the size that [`resize`](Self::resize) was told.
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

    /// A texture of another size is another texture; egui goes on calling it the same.
    fn new_texture(&mut self, image: &Image) -> Result<(), String> {
        let side = |pixels: usize| u32::try_from(pixels).map_err(|_| "it is too large".to_owned());
        let (width, height) = (side(image.width)?, side(image.height)?);
        self.pixels
            .resize_buffer(width, height)
            .map_err(|error| error.to_string())?;
        let (device, view) = (
            self.pixels.device(),
            self.pixels
                .texture()
                .create_view(&TextureViewDescriptor::default()),
        );
        let id = match self.picture {
            Some((id, ..)) => {
                self.renderer.update_egui_texture_from_wgpu_texture(
                    device,
                    &view,
                    FilterMode::Linear,
                    id,
                );
                id
            }
            None => self
                .renderer
                .register_native_texture(device, &view, FilterMode::Linear),
        };
        self.picture = Some((id, image.width, image.height));
        Ok(())
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
