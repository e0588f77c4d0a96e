//! A picture as a shape: turned, mirrored, whole or filling its place. It knows nothing of whose it
//! is.

use egui::epaint::Vertex;
use egui::{Align2, Color32, Mesh, Pos2, Rect, TextureId, Vec2, pos2, vec2};

use crate::model::{Preferences, Shown};

/// Where the picture's pixels are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture {
    /// A texture with the whole picture, in whatever size.
    pub(crate) texture: TextureId,
    /// The picture's own size, before turning.
    pub(crate) size: Vec2,
    /// How to turn it, as in Exif: 1 upright to 8.
    pub(crate) orientation: u8,
}

impl Picture {
    /// What was shown, in that texture.
    pub(crate) fn of(texture: TextureId, shown: &Shown) -> Self {
        Self {
            texture,
            size: vec2(shown.width as f32, shown.height as f32),
            orientation: shown.orientation,
        }
    }
}

/// The picture as the person likes it, and how large it is before turning. It may reach out of the
/// area: clip it.
pub(super) fn paint(picture: Picture, like: Preferences, area: Rect) -> (Mesh, Vec2) {
    let orientation = like.turn(picture.orientation);
    let turned = if orientation >= 5 {
        picture.size.yx()
    } else {
        picture.size
    };
    let rect = if like.fill {
        cover(turned, area)
    } else {
        letterbox(turned, area)
    };
    let mut mesh = Mesh::with_texture(picture.texture);
    let places = [
        rect.left_top(),
        rect.right_top(),
        rect.right_bottom(),
        rect.left_bottom(),
    ];
    for (pos, uv) in places.into_iter().zip(corners(orientation)) {
        mesh.vertices.push(Vertex {
            pos,
            uv,
            color: Color32::WHITE,
        });
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(0, 2, 3);
    let size = rect.size();
    (mesh, if orientation >= 5 { size.yx() } else { size })
}

/// The largest rectangle of those proportions inside the area, in its middle.
pub(super) fn letterbox(size: Vec2, area: Rect) -> Rect {
    let scale = (area.width() / size.x.max(1.0))
        .min(area.height() / size.y.max(1.0))
        .max(0.0);
    let fitted = size * scale;
    Align2::CENTER_CENTER.align_size_within_rect(fitted, area)
}

/// The smallest rectangle of those proportions around the area.
pub(super) fn cover(size: Vec2, area: Rect) -> Rect {
    let scale = (area.width() / size.x.max(1.0)).max(area.height() / size.y.max(1.0));
    Rect::from_center_size(area.center(), size * scale.max(0.0))
}

/// Which corners of the stored picture come to the left top, right top, right bottom and left
/// bottom of the screen.
///
/// Exif: 2 to 4 mirror or turn by half; 5 to 8 were taken with the camera on its side.
fn corners(orientation: u8) -> [Pos2; 4] {
    const LEFT_TOP: Pos2 = pos2(0.0, 0.0);
    const RIGHT_TOP: Pos2 = pos2(1.0, 0.0);
    const RIGHT_BOTTOM: Pos2 = pos2(1.0, 1.0);
    const LEFT_BOTTOM: Pos2 = pos2(0.0, 1.0);
    match orientation {
        2 => [RIGHT_TOP, LEFT_TOP, LEFT_BOTTOM, RIGHT_BOTTOM],
        3 => [RIGHT_BOTTOM, LEFT_BOTTOM, LEFT_TOP, RIGHT_TOP],
        4 => [LEFT_BOTTOM, RIGHT_BOTTOM, RIGHT_TOP, LEFT_TOP],
        5 => [LEFT_TOP, LEFT_BOTTOM, RIGHT_BOTTOM, RIGHT_TOP],
        6 => [LEFT_BOTTOM, LEFT_TOP, RIGHT_TOP, RIGHT_BOTTOM],
        7 => [RIGHT_BOTTOM, RIGHT_TOP, LEFT_TOP, LEFT_BOTTOM],
        8 => [RIGHT_TOP, RIGHT_BOTTOM, LEFT_BOTTOM, LEFT_TOP],
        _ => [LEFT_TOP, RIGHT_TOP, RIGHT_BOTTOM, LEFT_BOTTOM],
    }
}
