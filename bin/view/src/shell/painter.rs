//! Draws egui's triangles, the pictures among them.
//!
//! egui-wgpu does the same for any program. Its one shader blends every pixel, and computes for
//! each what its options then leave out (four more reads of the texture, noise): a software
//! rasteriser does the work of both branches. Here most of the window is drawn without blending,
//! and plain areas without a texture. With egui-wgpu the rasteriser's threads took twice as long
//! for a 1080p camera in a window of 1280x800 (`cargo xtask bench view`).

use std::collections::BTreeMap;
use std::ops::Range;

use egui::epaint::{ClippedPrimitive, ImageData, ImageDelta, Primitive, Vertex, WHITE_UV};
use egui::{Color32, Mesh, Rect, TextureId};
use wgpu::util::DeviceExt as _;

/// Textures hold colours as they are shown: nothing converts them between JPEG and the screen.
const TEXTURES: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;
/// Pixels of a triangle from which on it is worth a draw call of its own to draw it without
/// blending.
const LARGE: f32 = 2048.0;
/// Bytes of vertices and of indices that there is room for at first; more when they are needed.
const FIRST_BYTES: u64 = 64 * 1024;

/// How the pixels of triangles get their colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fill {
    /// From texture and colour, over what is there.
    Blended,
    /// From texture and colour, which are both opaque.
    Textured,
    /// From an opaque colour alone.
    Coloured,
}

/// What one draw call draws.
#[derive(Clone, Debug, PartialEq)]
struct Run {
    fill: Fill,
    texture: TextureId,
    /// Left, top, width and height in pixels.
    clip: [u32; 4],
    indices: Range<u32>,
    /// The first of the mesh's vertices.
    base: i32,
}

/// Pipelines, textures, and the triangles of the frame that is drawn.
pub(super) struct Painter {
    blended: wgpu::RenderPipeline,
    textured: wgpu::RenderPipeline,
    coloured: wgpu::RenderPipeline,
    /// The size of the screen in points.
    screen: wgpu::Buffer,
    screen_group: wgpu::BindGroup,
    texture_layout: wgpu::BindGroupLayout,
    sampler: wgpu::Sampler,
    textures: BTreeMap<TextureId, Texture>,
    frame: Frame,
    vertices: wgpu::Buffer,
    indices: wgpu::Buffer,
}

struct Texture {
    texture: wgpu::Texture,
    group: wgpu::BindGroup,
    /// Whether nothing shines through it.
    is_opaque: bool,
}

/// The triangles of a frame, in the order in which they are drawn.
#[derive(Default)]
struct Frame {
    vertices: Vec<Vertex>,
    indices: Vec<u32>,
    runs: Vec<Run>,
}

impl Painter {
    /// Draws into textures of that format, which must not convert colours.
    pub(super) fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        let screen = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("screen"),
            // A uniform is a multiple of 16 bytes.
            contents: &[0; 16],
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        });
        let screen_layout = layout(
            device,
            wgpu::ShaderStages::VERTEX,
            &[wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: false,
                min_binding_size: None,
            }],
        );
        let screen_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("screen"),
            layout: &screen_layout,
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: screen.as_entire_binding(),
            }],
        });
        let texture_layout = layout(
            device,
            wgpu::ShaderStages::FRAGMENT,
            &[
                wgpu::BindingType::Texture {
                    sample_type: wgpu::TextureSampleType::Float { filterable: true },
                    view_dimension: wgpu::TextureViewDimension::D2,
                    multisampled: false,
                },
                wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
            ],
        );
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            label: Some("linear"),
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..Default::default()
        });
        let shader = device.create_shader_module(wgpu::include_wgsl!("painter.wgsl"));
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("painter"),
            bind_group_layouts: &[Some(&screen_layout), Some(&texture_layout)],
            immediate_size: 0,
        });
        let pipeline = |entry, blend| {
            device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
                label: Some(entry),
                layout: Some(&layout),
                vertex: wgpu::VertexState {
                    module: &shader,
                    entry_point: Some("place"),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    buffers: &[wgpu::VertexBufferLayout {
                        array_stride: size_of::<Vertex>() as u64,
                        step_mode: wgpu::VertexStepMode::Vertex,
                        attributes: &wgpu::vertex_attr_array![0 => Float32x2, 1 => Float32x2, 2 => Unorm8x4],
                    }],
                },
                primitive: wgpu::PrimitiveState::default(),
                depth_stencil: None,
                multisample: wgpu::MultisampleState::default(),
                fragment: Some(wgpu::FragmentState {
                    module: &shader,
                    entry_point: Some(entry),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    targets: &[Some(wgpu::ColorTargetState {
                        format: target,
                        blend,
                        write_mask: wgpu::ColorWrites::ALL,
                    })],
                }),
                multiview_mask: None,
                cache: None,
            })
        };
        Self {
            blended: pipeline(
                "textured",
                Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
            ),
            textured: pipeline("textured", None),
            coloured: pipeline("coloured", None),
            screen,
            screen_group,
            texture_layout,
            sampler,
            textures: BTreeMap::new(),
            frame: Frame::default(),
            vertices: buffer(device, wgpu::BufferUsages::VERTEX, FIRST_BYTES),
            indices: buffer(device, wgpu::BufferUsages::INDEX, FIRST_BYTES),
        }
    }

    /// Puts pixels of egui's into one of its textures: the font, small pictures.
    pub(super) fn update(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        id: TextureId,
        delta: &ImageDelta,
    ) {
        let ImageData::Color(image) = &delta.image;
        let size = extent(image.size.map(|side| side as u32));
        let bytes = bytemuck::cast_slice(&image.pixels);
        let is_opaque = image.pixels.iter().all(Color32::is_opaque);
        match delta.pos {
            None => self.upload(device, queue, id, size, bytes, is_opaque),
            Some([x, y]) => {
                let Some(held) = self.textures.get_mut(&id) else {
                    return log::warn!("a part of a texture that isn't there");
                };
                held.is_opaque &= is_opaque;
                let mut part = held.texture.as_image_copy();
                (part.origin.x, part.origin.y) = (x as u32, y as u32);
                write(queue, part, size, bytes);
            }
        }
    }

    /// Puts all pixels into a texture, which is made if there is none of that size.
    pub(super) fn upload(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        id: TextureId,
        size: wgpu::Extent3d,
        rgba: &[u8],
        is_opaque: bool,
    ) {
        let held = match self.textures.remove(&id) {
            Some(held) if held.texture.size() == size => held,
            _ => self.new_texture(device, size),
        };
        write(queue, held.texture.as_image_copy(), size, rgba);
        self.textures.insert(id, Texture { is_opaque, ..held });
    }

    pub(super) fn free(&mut self, id: TextureId) {
        self.textures.remove(&id);
    }

    fn new_texture(&self, device: &wgpu::Device, size: wgpu::Extent3d) -> Texture {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("pixels"),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: TEXTURES,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("pixels"),
            layout: &self.texture_layout,
            entries: &[
                wgpu::BindGroupEntry {
                    binding: 0,
                    resource: wgpu::BindingResource::TextureView(&view),
                },
                wgpu::BindGroupEntry {
                    binding: 1,
                    resource: wgpu::BindingResource::Sampler(&self.sampler),
                },
            ],
        });
        Texture {
            texture,
            group,
            is_opaque: false,
        }
    }

    /// Hands the triangles of a frame to the graphics card, for a screen of that many pixels.
    pub(super) fn prepare(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        shapes: &[ClippedPrimitive],
        size: [u32; 2],
        scale: f32,
    ) {
        let textures = &self.textures;
        let is_opaque = |id| textures.get(&id).is_some_and(|held| held.is_opaque);
        self.frame.fill(shapes, is_opaque, size, scale);
        let points = size.map(|side| side as f32 / scale);
        queue.write_buffer(&self.screen, 0, bytemuck::cast_slice(&points));
        let Frame {
            vertices, indices, ..
        } = &self.frame;
        let (vertices, indices) = (
            bytemuck::cast_slice(vertices),
            bytemuck::cast_slice(indices),
        );
        for (held, bytes) in [(&mut self.vertices, vertices), (&mut self.indices, indices)] {
            let bytes: &[u8] = bytes;
            if held.size() < bytes.len() as u64 {
                *held = buffer(device, held.usage(), 2 * bytes.len() as u64);
            }
            queue.write_buffer(held, 0, bytes);
        }
    }

    /// Draws what was prepared over all of the screen.
    pub(super) fn paint(&self, encoder: &mut wgpu::CommandEncoder, screen: &wgpu::TextureView) {
        let target = wgpu::RenderPassColorAttachment {
            view: screen,
            depth_slice: None,
            resolve_target: None,
            ops: wgpu::Operations {
                load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                store: wgpu::StoreOp::Store,
            },
        };
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("screen"),
            color_attachments: &[Some(target)],
            ..Default::default()
        });
        pass.set_bind_group(0, &self.screen_group, &[]);
        pass.set_vertex_buffer(0, self.vertices.slice(..));
        pass.set_index_buffer(self.indices.slice(..), wgpu::IndexFormat::Uint32);
        for run in &self.frame.runs {
            let Some(texture) = self.textures.get(&run.texture) else {
                continue;
            };
            let [x, y, width, height] = run.clip;
            pass.set_pipeline(match run.fill {
                Fill::Blended => &self.blended,
                Fill::Textured => &self.textured,
                Fill::Coloured => &self.coloured,
            });
            pass.set_bind_group(1, &texture.group, &[]);
            pass.set_scissor_rect(x, y, width, height);
            pass.draw_indexed(run.indices.clone(), run.base, 0..1);
        }
    }
}

impl Frame {
    /// The triangles of these shapes, cut into runs of the same fill.
    fn fill(
        &mut self,
        shapes: &[ClippedPrimitive],
        is_opaque: impl Fn(TextureId) -> bool,
        size: [u32; 2],
        scale: f32,
    ) {
        self.vertices.clear();
        self.indices.clear();
        self.runs.clear();
        for shape in shapes {
            // The window has no callbacks of egui.
            let Primitive::Mesh(mesh) = &shape.primitive else {
                continue;
            };
            let clip = clip(shape.clip_rect, size, scale);
            if clip[2] > 0 && clip[3] > 0 {
                self.add(mesh, is_opaque(mesh.texture_id), clip, scale);
            }
        }
    }

    fn add(&mut self, mesh: &Mesh, is_opaque: bool, clip: [u32; 4], scale: f32) {
        let base = self.vertices.len() as i32;
        for triangle in mesh.indices.as_chunks::<3>().0 {
            let fill = fill(mesh, *triangle, is_opaque, scale);
            let from = self.indices.len() as u32;
            self.indices.extend(triangle);
            let to = self.indices.len() as u32;
            match self.runs.last_mut() {
                Some(run) if run.base == base && run.fill == fill => run.indices.end = to,
                _ => self.runs.push(Run {
                    fill,
                    texture: mesh.texture_id,
                    clip,
                    indices: from..to,
                    base,
                }),
            }
        }
        self.vertices.extend(&mesh.vertices);
    }
}

/// How a triangle can be drawn with the least work and the same pixels.
fn fill(mesh: &Mesh, triangle: [u32; 3], is_opaque: bool, scale: f32) -> Fill {
    let corners = triangle.map(|at| mesh.vertices.get(at as usize).copied().unwrap_or_default());
    let [a, b, c] = corners.map(|corner| corner.pos.to_vec2() * scale);
    let pixels = ((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)).abs() / 2.0;
    if pixels < LARGE || !corners.iter().all(|corner| corner.color.is_opaque()) {
        return Fill::Blended;
    }
    // egui's font is white there, and its shapes without a texture use that pixel.
    let is_plain = mesh.texture_id == TextureId::default()
        && corners.iter().all(|corner| corner.uv == WHITE_UV);
    match (is_plain, is_opaque) {
        (true, _) => Fill::Coloured,
        (false, true) => Fill::Textured,
        (false, false) => Fill::Blended,
    }
}

/// The rectangle in whole pixels, as far as it is on the screen: left, top, width, height.
fn clip(rect: Rect, size: [u32; 2], scale: f32) -> [u32; 4] {
    // A float becomes the nearest number that there is, so nothing is below zero.
    let pixel = |points: f32, most: u32| ((points * scale).round() as u32).min(most);
    let (left, top) = (pixel(rect.min.x, size[0]), pixel(rect.min.y, size[1]));
    let (right, bottom) = (pixel(rect.max.x, size[0]), pixel(rect.max.y, size[1]));
    [
        left,
        top,
        right.saturating_sub(left),
        bottom.saturating_sub(top),
    ]
}

/// A texture of that many pixels.
pub(super) fn extent([width, height]: [u32; 2]) -> wgpu::Extent3d {
    wgpu::Extent3d {
        width,
        height,
        depth_or_array_layers: 1,
    }
}

fn write(
    queue: &wgpu::Queue,
    into: wgpu::TexelCopyTextureInfo<'_>,
    size: wgpu::Extent3d,
    rgba: &[u8],
) {
    let rows = wgpu::TexelCopyBufferLayout {
        offset: 0,
        bytes_per_row: Some(size.width * 4),
        rows_per_image: Some(size.height),
    };
    queue.write_texture(into, rgba, rows, size);
}

fn buffer(device: &wgpu::Device, usage: wgpu::BufferUsages, size: u64) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("triangles"),
        size,
        usage: usage | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

/// A group of things that a shader is given, in that order.
fn layout(
    device: &wgpu::Device,
    visibility: wgpu::ShaderStages,
    types: &[wgpu::BindingType],
) -> wgpu::BindGroupLayout {
    let entry = |(binding, ty): (u32, &wgpu::BindingType)| wgpu::BindGroupLayoutEntry {
        binding,
        visibility,
        ty: *ty,
        count: None,
    };
    let entries: Vec<_> = (0..).zip(types).map(entry).collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("painter"),
        entries: &entries,
    })
}

#[cfg(test)]
mod tests;
