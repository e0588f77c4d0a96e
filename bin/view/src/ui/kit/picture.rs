//! A picture as a shape: turned, mirrored, whole or filling its place, with round corners. It knows
//! nothing of whose it is.

use egui::epaint::{RectShape, Vertex};
use egui::{Align2, Color32, CornerRadius, Mesh, Painter, Pos2, Rect, TextureId, Vec2, pos2, vec2};

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

/// How a picture is drawn into its place.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct Drawing {
    /// How it is turned and mirrored.
    pub(in crate::ui) like: Preferences,
    /// Whether it fills its place and loses its edges, rather than to be seen whole.
    pub(in crate::ui) fills: bool,
    pub(in crate::ui) radius: u8,
    /// White for as it is; darker colours dim it.
    pub(in crate::ui) tint: Color32,
}

impl Drawing {
    pub(in crate::ui) fn whole(like: Preferences) -> Self {
        Self {
            like,
            fills: false,
            radius: 0,
            tint: Color32::WHITE,
        }
    }

    pub(in crate::ui) fn filling(like: Preferences) -> Self {
        Self {
            fills: true,
            ..Self::whole(like)
        }
    }

    pub(in crate::ui) fn radius(self, radius: u8) -> Self {
        Self { radius, ..self }
    }

    pub(in crate::ui) fn tint(self, tint: Color32) -> Self {
        Self { tint, ..self }
    }

    /// Which part of that area the picture covers.
    pub(in crate::ui) fn place(self, picture: Picture, area: Rect) -> Rect {
        match self.fills {
            true => area,
            false => letterbox(self.turned(picture), area),
        }
    }

    /// The share of the picture that is seen where it fills that area.
    pub(in crate::ui) fn seen(self, picture: Picture, area: Rect) -> f32 {
        let whole = cover(self.turned(picture), area);
        area.area() / whole.area().max(1.0)
    }

    /// The picture's size after turning.
    fn turned(self, picture: Picture) -> Vec2 {
        match self.like.turn(picture.orientation) {
            5.. => picture.size.yx(),
            _ => picture.size,
        }
    }
}

/// Draws a picture into that area. Gives back how large all of it is drawn, before turning.
pub(in crate::ui) fn draw(p: &Painter, picture: Picture, how: Drawing, area: Rect) -> Vec2 {
    let orientation = how.like.turn(picture.orientation);
    let is_turned = orientation >= 5;
    let rect = how.place(picture, area);
    let whole = match how.fills {
        true => cover(how.turned(picture), area).size(),
        false => rect.size(),
    };
    // The share of the turned picture that is seen.
    let seen = (rect.size() / whole.max(Vec2::splat(1.0))).min(Vec2::splat(1.0));
    let seen = if is_turned { seen.yx() } else { seen };
    let middle = pos2(0.5, 0.5);
    let corners = corners(orientation).map(|corner| middle + (corner - middle) * seen);
    if is_turned {
        p.add(mesh(picture.texture, rect, corners, how.tint));
    } else {
        // A mirrored picture has its left edge on the right.
        let uv = Rect::from_min_max(corners[0], corners[2]);
        let radius = CornerRadius::same(how.radius);
        let shape = RectShape::filled(rect, radius, how.tint);
        p.add(shape.with_texture(picture.texture, uv));
    }
    if is_turned { whole.yx() } else { whole }
}

/// Draws the ground of an area where nothing opaque covers it later. On a software rasteriser each
/// needless fill costs about as much as the picture itself.
pub(in crate::ui) fn around(p: &Painter, area: Rect, covered: &[Rect], ground: impl Fn(&Painter)) {
    for part in uncovered(area, covered) {
        // Edges are softened, so the ground reaches one point below them.
        let clip = part.expand(1.0).intersect(p.clip_rect());
        ground(&p.with_clip_rect(clip));
    }
}

/// The parts of an area outside all of these, none over another.
fn uncovered(area: Rect, covered: &[Rect]) -> Vec<Rect> {
    let mut parts = vec![area];
    for hole in covered {
        let beside = |part: Rect| {
            let hole = hole.intersect(part);
            if !hole.is_positive() {
                return vec![part];
            }
            let row = part.with_min_y(hole.top()).with_max_y(hole.bottom());
            let four = [
                part.with_max_y(hole.top()),
                part.with_min_y(hole.bottom()),
                row.with_max_x(hole.left()),
                row.with_min_x(hole.right()),
            ];
            four.into_iter().filter(Rect::is_positive).collect()
        };
        parts = parts.into_iter().flat_map(beside).collect();
    }
    parts
}

/// From one colour to another, downwards.
pub(in crate::ui) fn scrim(p: &Painter, rect: Rect, top: Color32, bottom: Color32) {
    let mut mesh = Mesh::default();
    for (corner, colour) in places(rect).into_iter().zip([top, top, bottom, bottom]) {
        mesh.colored_vertex(corner, colour);
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(0, 2, 3);
    p.add(mesh);
}

/// The largest rectangle of those proportions inside the area, in its middle.
fn letterbox(size: Vec2, area: Rect) -> Rect {
    let scale = (area.width() / size.x.max(1.0))
        .min(area.height() / size.y.max(1.0))
        .max(0.0);
    Align2::CENTER_CENTER.align_size_within_rect(size * scale, area)
}

/// The smallest rectangle of those proportions around the area.
fn cover(size: Vec2, area: Rect) -> Rect {
    let scale = (area.width() / size.x.max(1.0)).max(area.height() / size.y.max(1.0));
    Rect::from_center_size(area.center(), size * scale.max(0.0))
}

fn mesh(texture: TextureId, rect: Rect, corners: [Pos2; 4], color: Color32) -> Mesh {
    let mut mesh = Mesh::with_texture(texture);
    for (pos, uv) in places(rect).into_iter().zip(corners) {
        mesh.vertices.push(Vertex { pos, uv, color });
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(0, 2, 3);
    mesh
}

fn places(rect: Rect) -> [Pos2; 4] {
    [
        rect.left_top(),
        rect.right_top(),
        rect.right_bottom(),
        rect.left_bottom(),
    ]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_proportions_in_the_middle_of_its_place() {
        let area = Rect::from_min_size(pos2(10.0, 20.0), vec2(400.0, 300.0));
        let wide = letterbox(vec2(1280.0, 720.0), area);
        assert_eq!(wide.size(), vec2(400.0, 225.0));
        assert_eq!(wide.center(), area.center());
        let high = letterbox(vec2(480.0, 640.0), area);
        assert_eq!(high.size(), vec2(225.0, 300.0));
        let nothing = letterbox(Vec2::ZERO, Rect::from_min_size(Pos2::ZERO, Vec2::ZERO));
        assert!(nothing.size().is_finite());
        assert_eq!(cover(vec2(1280.0, 720.0), area).height(), 300.0);
    }

    #[test]
    fn a_ground_is_drawn_once_and_only_where_nothing_covers_it() {
        let rect = |x: f32, y: f32, width: f32, height: f32| {
            Rect::from_min_size(pos2(x, y), vec2(width, height))
        };
        let room = rect(0.0, 0.0, 400.0, 300.0);
        for covered in [
            vec![],
            vec![room],
            vec![rect(0.0, 40.0, 400.0, 200.0)],
            vec![
                rect(10.0, 10.0, 100.0, 100.0),
                rect(120.0, 10.0, 900.0, 100.0),
            ],
            vec![
                rect(10.0, 10.0, 100.0, 100.0),
                rect(60.0, 60.0, 100.0, 100.0),
            ],
            vec![rect(900.0, 10.0, 100.0, 100.0)],
        ] {
            let parts = uncovered(room, &covered);
            for at in
                (0..400 * 300).map(|at| pos2((at % 400) as f32 + 0.5, (at / 400) as f32 + 0.5))
            {
                let fills = parts.iter().filter(|part| part.contains(at)).count();
                let is_covered = covered.iter().any(|hole| hole.contains(at));
                assert_eq!(fills, usize::from(!is_covered), "{covered:?} {at:?}");
            }
        }
    }
}
