//! The pictures on the screen, and the last small one of each contact, which stays when its stream
//! ends: cards in the list, backdrops, and pictures of cameras that are away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::{Color32, ColorImage, Context, TextureHandle, TextureOptions, Vec2, vec2};
use transom::PeerName;
use transom_media::Image;

use crate::model::Face;

use super::kit::Picture;

/// How often a small picture is made: a card and a backdrop need no more.
const PACE: Duration = Duration::from_millis(500);
/// Sides of a small picture, for a card of twice the usual size.
const SMALL: (usize, usize) = (320, 180);
/// Sides of a backdrop: so few pixels that stretching them blurs them.
const BACKDROP: [usize; 2] = [32, 18];
/// Contacts whose last pictures are kept, 230 kB each; the oldest makes room.
const MAX_KEPT: usize = 64;
/// Thumbnails that are kept, up to 5 MB each; the oldest makes room and is made again when it is in
/// sight.
const MAX_THUMBNAILS: usize = 32;

/// Everything that is drawn from pixels.
#[derive(Default)]
pub(crate) struct Album {
    /// The newest picture of each stream.
    live: BTreeMap<Face, Picture>,
    last: BTreeMap<Face, Last>,
    /// Pictures of transfers, the oldest first; `None` where there is nothing to show.
    thumbnails: Vec<(PathBuf, Option<Thumbnail>)>,
}

/// A picture of a conversation, made small.
struct Thumbnail {
    texture: TextureHandle,
    size: Vec2,
    orientation: u8,
}

/// The last picture of a stream, made small.
struct Last {
    image: ColorImage,
    coloured: TextureHandle,
    /// Without colours, for a camera that is away; made when it is first asked for.
    grey: Option<TextureHandle>,
    backdrop: TextureHandle,
    size: Vec2,
    orientation: u8,
    /// When it was made, since 1970.
    at: Duration,
    made: Instant,
}

impl Album {
    /// A new picture of that stream is in that texture.
    pub(crate) fn show(&mut self, face: Face, picture: Picture) {
        self.live.insert(face, picture);
    }

    /// The streams whose textures are gone are forgotten.
    pub(crate) fn retain(&mut self, keeps: impl Fn(Face) -> bool) {
        self.live.retain(|face, _| keeps(*face));
    }

    /// Makes the small pictures of that stream anew, at most twice a second. `now` is the time
    /// since 1970.
    pub(crate) fn keep(&mut self, ctx: &Context, face: Face, image: &Image, now: Duration) {
        let made = Instant::now();
        let old = self.last.get(&face);
        if old.is_some_and(|old| made.saturating_duration_since(old.made) < PACE) {
            return;
        }
        let Some(small) = shrink(image, SMALL) else {
            return;
        };
        let load = |name, image: &ColorImage| {
            ctx.load_texture(name, image.clone(), TextureOptions::LINEAR)
        };
        let backdrop = blurred(&small);
        let last = Last {
            coloured: load("last picture", &small),
            grey: None,
            backdrop: load("backdrop", &backdrop),
            size: vec2(image.width as f32, image.height as f32),
            orientation: self.live.get(&face).map_or(1, |live| live.orientation),
            image: small,
            at: now,
            made,
        };
        self.last.insert(face, last);
        if self.last.len() > MAX_KEPT {
            let oldest = self.last.iter().min_by_key(|(_, last)| last.made);
            if let Some(face) = oldest.map(|(face, _)| *face) {
                self.last.remove(&face);
            }
        }
    }

    /// Has the picture of a contact without colours at hand.
    pub(crate) fn fade(&mut self, ctx: &Context, peer: PeerName) {
        if let Some(last) = self.last.get_mut(&Face::Peer(peer))
            && last.grey.is_none()
        {
            let grey = grey(&last.image);
            last.grey = Some(ctx.load_texture("last, grey", grey, TextureOptions::LINEAR));
        }
    }

    /// Takes in a thumbnail and its orientation, or that there is none.
    pub(crate) fn keep_thumbnail(
        &mut self,
        ctx: &Context,
        path: PathBuf,
        shown: Option<(&Image, u8)>,
    ) {
        self.thumbnails.retain(|(other, _)| *other != path);
        if self.thumbnails.len() >= MAX_THUMBNAILS {
            self.thumbnails.remove(0);
        }
        let thumbnail = shown.map(|(image, orientation)| {
            let size = [image.width, image.height];
            let pixels = ColorImage::from_rgba_unmultiplied(size, &image.rgba);
            Thumbnail {
                texture: ctx.load_texture("thumbnail", pixels, TextureOptions::LINEAR),
                size: vec2(image.width as f32, image.height as f32),
                orientation,
            }
        });
        self.thumbnails.push((path, thumbnail));
    }

    /// The thumbnail of that file: `None` until it was made, and then perhaps that there is none.
    pub(super) fn thumbnail(&self, path: &Path) -> Option<Option<Picture>> {
        let mut all = self.thumbnails.iter();
        let (_, thumbnail) = all.find(|(one, _)| one == path)?;
        Some(thumbnail.as_ref().map(|thumbnail| Picture {
            texture: thumbnail.texture.id(),
            size: thumbnail.size,
            orientation: thumbnail.orientation,
        }))
    }

    /// The newest picture of that stream.
    pub(super) fn live(&self, face: Face) -> Option<Picture> {
        self.live.get(&face).copied()
    }

    /// The last one that was seen, and when, since 1970.
    pub(super) fn last(&self, face: Face) -> Option<(Picture, Duration)> {
        let last = self.last.get(&face)?;
        Some((last.picture(&last.coloured), last.at))
    }

    /// The same without colours, where it is at hand.
    pub(super) fn faded(&self, face: Face) -> Option<Picture> {
        let last = self.last.get(&face)?;
        Some(last.picture(last.grey.as_ref().unwrap_or(&last.coloured)))
    }

    /// The last one so blurred that it is a ground for something else.
    pub(super) fn backdrop(&self, face: Face) -> Option<Picture> {
        let last = self.last.get(&face)?;
        Some(last.picture(&last.backdrop))
    }
}

impl Last {
    fn picture(&self, texture: &TextureHandle) -> Picture {
        Picture {
            texture: texture.id(),
            size: self.size,
            orientation: self.orientation,
        }
    }
}

/// At most so many pixels across and down, each the one in the middle of those it stands for.
fn shrink(image: &Image, most: (usize, usize)) -> Option<ColorImage> {
    let (width, height) = (image.width, image.height);
    let pixels = image.rgba.as_chunks::<4>().0;
    if width == 0 || height == 0 || pixels.len() != width * height {
        return None;
    }
    let scale = (width as f32 / most.0 as f32).max(height as f32 / most.1 as f32);
    let side = |pixels: usize| ((pixels as f32 / scale.max(1.0)) as usize).max(1);
    let size = [side(width), side(height)];
    let from = |at: usize, of: usize, all: usize| (2 * at + 1) * all / (2 * of);
    let pixel = |at: usize| {
        let column = from(at % size[0], size[0], width);
        let row = from(at / size[0], size[1], height);
        let [r, g, b, _] = pixels[row * width + column];
        Color32::from_rgb(r, g, b)
    };
    Some(ColorImage::new(
        size,
        (0..size[0] * size[1]).map(pixel).collect(),
    ))
}

/// The means of as many parts as a backdrop has pixels, blurred once more.
fn blurred(image: &ColorImage) -> ColorImage {
    let [across, down] = BACKDROP;
    let [width, height] = image.size;
    let part = |at: usize, of: usize, all: usize| {
        let first = at * all / of;
        first..((at + 1) * all / of).max(first + 1).min(all)
    };
    let parts = (0..across * down).map(|at| {
        let rows = part(at / across, down, height);
        let pixels = rows.flat_map(|row| {
            part(at % across, across, width).map(move |column| row * width + column)
        });
        mean(pixels.map(|at| image.pixels[at]))
    });
    let parts = ColorImage::new(BACKDROP, parts.collect());
    let around = |at: usize, all: usize| at.saturating_sub(1)..(at + 2).min(all);
    let softer = (0..across * down).map(|at| {
        let rows = around(at / across, down);
        let pixels = rows
            .flat_map(|row| around(at % across, across).map(move |column| row * across + column));
        mean(pixels.map(|at| parts.pixels[at]))
    });
    ColorImage::new(BACKDROP, softer.collect())
}

fn mean(pixels: impl Iterator<Item = Color32>) -> Color32 {
    let (mut sum, mut count) = ([0u32; 3], 0u32);
    for pixel in pixels {
        let [r, g, b, _] = pixel.to_array().map(u32::from);
        sum = [sum[0] + r, sum[1] + g, sum[2] + b];
        count += 1;
    }
    // A mean of bytes is a byte.
    let [r, g, b] = sum.map(|sum| (sum / count.max(1)) as u8);
    Color32::from_rgb(r, g, b)
}

fn grey(image: &ColorImage) -> ColorImage {
    let pixel = |pixel: &Color32| {
        let [r, g, b, _] = pixel.to_array().map(u32::from);
        Color32::from_gray(((299 * r + 587 * g + 114 * b) / 1000) as u8)
    };
    ColorImage::new(image.size, image.pixels.iter().map(pixel).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: usize, height: usize, pixel: [u8; 4]) -> Image {
        Image {
            width,
            height,
            rgba: pixel.repeat(width * height),
        }
    }

    #[test]
    fn a_picture_of_any_size_is_made_small_and_blurred() {
        for (width, height) in [(1920, 1080), (640, 480), (7, 3), (1, 1), (3, 4000)] {
            let small = shrink(&image(width, height, [200, 100, 50, 255]), SMALL).unwrap();
            assert!(
                small.size[0] <= SMALL.0 && small.size[1] <= SMALL.1,
                "{width}x{height}"
            );
            let backdrop = blurred(&small);
            assert_eq!(backdrop.size, BACKDROP);
            assert!(
                backdrop
                    .pixels
                    .iter()
                    .all(|one| *one == Color32::from_rgb(200, 100, 50))
            );
            assert!(grey(&small).pixels.iter().all(|one| one.r() == one.b()));
        }
        assert!(shrink(&image(0, 5, [0; 4]), SMALL).is_none());
    }

    #[test]
    fn small_pictures_are_made_at_most_twice_a_second_and_stay_when_the_stream_ends() {
        let (ctx, mut album) = (Context::default(), Album::default());
        let face = Face::Peer("door".parse().unwrap());
        let second = Duration::from_secs;
        album.keep(&ctx, face, &image(640, 480, [9; 4]), second(7));
        album.keep(&ctx, face, &image(640, 480, [9; 4]), second(8));
        album.retain(|_| false);
        assert!(album.live(face).is_none());
        assert_eq!(album.last(face).map(|(_, at)| at), Some(second(7)));
    }
}
