use egui::{
    Color32, ColorImage, Context, CornerRadius, FullOutput, Pos2, RawInput, Stroke, TextureHandle,
    TextureOptions, Vec2, pos2, vec2,
};
use egui_kittest::wgpu::{create_render_state, default_wgpu_setup};
use egui_wgpu::{RenderState, RendererOptions, ScreenDescriptor};

use super::*;

const POINTS: Vec2 = vec2(400.0, 300.0);
const TARGET: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// Textures of a scene: opaque, and with a hole that shines through.
struct Textures {
    opaque: TextureHandle,
    clear: TextureHandle,
}

impl Textures {
    fn load(ctx: &Context) -> Self {
        let image = |alpha: u8| {
            let pixels = (0..64 * 48u32).map(|at| {
                let [x, y] = [at % 64, at / 64].map(|part| (part * 4) as u8);
                let is_inside = (16..48).contains(&(at % 64));
                let alpha = if is_inside { alpha } else { 255 };
                Color32::from_rgba_unmultiplied(x, y, 255 - x, alpha)
            });
            ColorImage::new([64, 48], pixels.collect())
        };
        let load = |alpha| ctx.load_texture("scene", image(alpha), TextureOptions::LINEAR);
        Self {
            opaque: load(255),
            clear: load(40),
        }
    }
}

/// Everything that the fills differ in: plain and rounded areas, text, pictures as they are, dimmed
/// and transparent, gradients, and what is cut off.
fn scene(ui: &egui::Ui, textures: &Textures) {
    let p = ui.painter();
    let rect = |x, y, width, height| Rect::from_min_size(pos2(x, y), vec2(width, height));
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    p.rect_filled(
        rect(0.0, 0.0, 400.0, 300.0),
        0,
        Color32::from_rgb(20, 24, 30),
    );
    p.rect_filled(
        rect(10.0, 10.0, 180.0, 120.0),
        12,
        Color32::from_rgb(200, 90, 40),
    );
    p.rect_filled(
        rect(60.0, 60.0, 200.0, 120.0),
        0,
        Color32::from_black_alpha(120),
    );
    p.image(
        textures.opaque.id(),
        rect(200.0, 10.0, 190.0, 140.0),
        whole,
        Color32::WHITE,
    );
    p.image(
        textures.opaque.id(),
        rect(210.5, 100.5, 120.0, 90.0),
        whole,
        Color32::from_gray(108),
    );
    p.image(
        textures.clear.id(),
        rect(20.0, 140.0, 160.0, 120.0),
        whole,
        Color32::WHITE,
    );
    p.image(
        textures.opaque.id(),
        rect(300.0, 160.0, 80.0, 80.0),
        whole,
        Color32::from_white_alpha(90),
    );
    let mut gradient = Mesh::default();
    let area = rect(0.0, 220.0, 400.0, 80.0);
    for (corner, colour) in [
        (area.left_top(), Color32::TRANSPARENT),
        (area.right_top(), Color32::TRANSPARENT),
        (area.right_bottom(), Color32::from_rgb(0, 60, 120)),
        (area.left_bottom(), Color32::from_rgb(0, 60, 120)),
    ] {
        gradient.colored_vertex(corner, colour);
    }
    gradient.add_triangle(0, 1, 2);
    gradient.add_triangle(0, 2, 3);
    p.add(gradient);
    let cut = p.with_clip_rect(rect(150.3, 240.7, 60.2, 30.1));
    cut.rect(
        rect(140.0, 230.0, 120.0, 60.0),
        CornerRadius::same(20),
        Color32::LIGHT_GREEN,
        Stroke::new(3.0, Color32::RED),
        egui::StrokeKind::Middle,
    );
    let galley = ui.painter().layout_no_wrap(
        "A transom is a small window".to_owned(),
        egui::FontId::proportional(20.0),
        Color32::WHITE,
    );
    p.galley(Pos2::new(30.0, 40.0), galley, Color32::WHITE);
}

/// The pixels that some drawing leaves in a texture of that size.
fn pixels(
    state: &RenderState,
    size: [u32; 2],
    draw: impl FnOnce(&mut wgpu::CommandEncoder, &wgpu::TextureView),
) -> Vec<u8> {
    let texture = state.device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: extent(size),
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: TARGET,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let mut encoder = state.device.create_command_encoder(&Default::default());
    draw(&mut encoder, &texture.create_view(&Default::default()));
    let row = (size[0] * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let read = state.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(row * size[1]),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let layout = wgpu::TexelCopyBufferLayout {
        offset: 0,
        bytes_per_row: Some(row),
        rows_per_image: None,
    };
    let into = wgpu::TexelCopyBufferInfo {
        buffer: &read,
        layout,
    };
    encoder.copy_texture_to_buffer(texture.as_image_copy(), into, extent(size));
    state.queue.submit([encoder.finish()]);
    read.slice(..)
        .map_async(wgpu::MapMode::Read, |mapped| mapped.unwrap());
    state
        .device
        .poll(wgpu::PollType::wait_indefinitely())
        .unwrap();
    let mapped = read.slice(..).get_mapped_range();
    let rows = mapped.chunks_exact(row as usize);
    rows.flat_map(|line| &line[..size[0] as usize * 4])
        .copied()
        .collect()
}

fn output(ctx: &Context, scale: f32) -> (FullOutput, Vec<ClippedPrimitive>) {
    let textures = Textures::load(ctx);
    ctx.set_pixels_per_point(scale);
    let input = || RawInput {
        screen_rect: Some(Rect::from_min_size(Pos2::ZERO, POINTS)),
        ..RawInput::default()
    };
    let first = ctx.run_ui(input(), |_| {});
    let mut output = ctx.run_ui(input(), |ui| scene(ui, &textures));
    output
        .textures_delta
        .set
        .splice(0..0, first.textures_delta.set);
    let shapes = ctx.tessellate(output.shapes.clone(), scale);
    (output, shapes)
}

#[test]
fn it_draws_what_egui_wgpu_draws() {
    let options = RendererOptions {
        dithering: false,
        ..RendererOptions::default()
    };
    for scale in [1.0, 1.5] {
        let state = create_render_state(default_wgpu_setup(), options);
        let (device, queue) = (&state.device, &state.queue);
        let ctx = Context::default();
        let (output, shapes) = output(&ctx, scale);
        let size = [POINTS.x, POINTS.y].map(|points| (points * scale) as u32);
        let screen = ScreenDescriptor {
            size_in_pixels: size,
            pixels_per_point: scale,
        };

        let mut theirs = egui_wgpu::Renderer::new(device, TARGET, options);
        let mut ours = Painter::new(device, TARGET);
        for (id, delta) in &output.textures_delta.set {
            theirs.update_texture(device, queue, *id, delta);
            ours.update(device, queue, *id, delta);
        }
        let expected = pixels(&state, size, |encoder, view| {
            theirs.update_buffers(device, queue, encoder, &shapes, &screen);
            let target = wgpu::RenderPassColorAttachment {
                view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                    store: wgpu::StoreOp::Store,
                },
            };
            let pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                color_attachments: &[Some(target)],
                ..Default::default()
            });
            theirs.render(&mut pass.forget_lifetime(), &shapes, &screen);
        });
        let drawn = pixels(&state, size, |encoder, view| {
            ours.prepare(device, queue, &shapes, size, scale);
            ours.paint(encoder, view);
        });

        let worst = expected
            .iter()
            .zip(&drawn)
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(worst <= Some(1), "{worst:?} at scale {scale}");
        let is_varied = expected
            .as_chunks::<4>()
            .0
            .iter()
            .collect::<std::collections::HashSet<_>>();
        assert!(is_varied.len() > 1000, "{} colours", is_varied.len());
        for fill in [Fill::Blended, Fill::Textured, Fill::Coloured] {
            assert!(
                ours.frame.runs.iter().any(|run| run.fill == fill),
                "{fill:?} at {scale}"
            );
        }
    }
}

/// A mesh of one large triangle with that colour.
fn triangle(texture: TextureId, uv: Pos2, colour: Color32) -> Mesh {
    let mut mesh = Mesh::with_texture(texture);
    for pos in [pos2(0.0, 0.0), pos2(100.0, 0.0), pos2(0.0, 100.0)] {
        mesh.vertices.push(Vertex {
            pos,
            uv,
            color: colour,
        });
    }
    mesh.add_triangle(0, 1, 2);
    mesh
}

#[test]
fn what_may_shine_through_is_blended() {
    let (font, picture) = (TextureId::default(), TextureId::User(1));
    let inside = pos2(0.5, 0.5);
    let grey = Color32::from_gray(90);
    let faint = Color32::from_white_alpha(200);
    let is = |texture, uv, colour, is_opaque| {
        fill(&triangle(texture, uv, colour), [0, 1, 2], is_opaque, 1.0)
    };
    assert_eq!(is(picture, inside, Color32::WHITE, true), Fill::Textured);
    assert_eq!(is(picture, inside, grey, true), Fill::Textured);
    assert_eq!(is(picture, inside, faint, true), Fill::Blended);
    assert_eq!(is(picture, inside, grey, false), Fill::Blended);
    assert_eq!(is(picture, WHITE_UV, grey, false), Fill::Blended);
    assert_eq!(is(font, WHITE_UV, grey, false), Fill::Coloured);
    assert_eq!(is(font, WHITE_UV, faint, false), Fill::Blended);
    assert_eq!(is(font, inside, grey, false), Fill::Blended);
    // One draw call each would cost more than their pixels.
    let small = fill(&triangle(picture, inside, grey), [0, 1, 2], true, 0.3);
    assert_eq!(small, Fill::Blended);
    // No mesh of egui's, but nothing that may panic.
    assert_eq!(fill(&Mesh::default(), [7, 8, 9], true, 1.0), Fill::Blended);
}

#[test]
fn triangles_stay_in_order_and_within_the_screen() {
    let mut frame = Frame::default();
    let mut mesh = triangle(TextureId::default(), WHITE_UV, Color32::WHITE);
    mesh.append(triangle(
        TextureId::default(),
        WHITE_UV,
        Color32::from_black_alpha(9),
    ));
    mesh.append(triangle(TextureId::default(), WHITE_UV, Color32::RED));
    let shape = |clip_rect| ClippedPrimitive {
        clip_rect,
        primitive: Primitive::Mesh(mesh.clone()),
    };
    let beside = Rect::from_min_max(pos2(-50.0, 20.0), pos2(0.0, 40.0));
    let across = Rect::from_min_max(pos2(-50.0, 20.4), pos2(900.0, f32::INFINITY));
    frame.fill(&[shape(beside), shape(across)], |_| false, [640, 480], 2.0);
    let runs: Vec<_> = frame
        .runs
        .iter()
        .map(|run| (run.fill, run.indices.clone()))
        .collect();
    let expected = [
        (Fill::Coloured, 0..3),
        (Fill::Blended, 3..6),
        (Fill::Coloured, 6..9),
    ];
    assert_eq!(runs, expected);
    assert!(frame.runs.iter().all(|run| run.clip == [0, 41, 640, 439]));
    assert_eq!((frame.vertices.len(), frame.indices.len()), (9, 9));
}
