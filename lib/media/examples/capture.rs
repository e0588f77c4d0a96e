//! Takes pictures from a source, prints and saves them: as Matroska if the file is named `.mkv`,
//! otherwise one after the other, as ffmpeg's `-f mjpeg` reads them.
//!
//! `cargo run -p transom-media --example capture -- /dev/video0 100 out.mjpeg 1280x720 30`; with
//! `list` it lists the devices.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::time::Instant;

use transom_media::{CaptureRequest, Encoder, Film, Picture, Waiter, open};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let source = arguments
        .next()
        .ok_or("usage: capture SOURCE [FRAMES [FILE [WxH [FPS]]]]")?;
    if source == "list" {
        for device in transom_media::list() {
            println!("{device:#?}");
        }
        return Ok(());
    }
    let frames = arguments
        .next()
        .unwrap_or_else(|| "10".to_owned())
        .parse()?;
    let mut file = arguments.next().map(Output::create).transpose()?;
    let size = arguments.next().map(|size| parse_size(&size)).transpose()?;
    let fps = arguments.next().map(|fps| fps.parse()).transpose()?;
    let request = CaptureRequest {
        source: source.parse()?,
        size,
        fps,
        ..CaptureRequest::default()
    };

    let mut camera = open(&request)?;
    println!("opened: {}", camera.format().what);
    let mut encoder = Encoder::new(request.quality, request.size);
    let (_hold, waiter) = Waiter::new()?;
    let start = Instant::now();
    for number in 0..frames {
        let picture = loop {
            if let Some(picture) = camera.newest(Some(&mut encoder))? {
                break picture;
            }
            waiter.wait(&*camera);
        };
        if number < 3 || number + 1 == frames {
            println!(
                "{picture:?} age={:?}",
                picture.ready.saturating_duration_since(picture.captured)
            );
        }
        if let Some(file) = &mut file {
            file.write(&picture)?;
        }
    }
    if let Some(file) = file {
        file.finish()?;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{frames} pictures in {seconds:.2} s; {:?}", camera.format());
    Ok(())
}

enum Output {
    Joined(File),
    /// Its file, and how its further files are named.
    Film(Box<Film<File>>, String),
}

impl Output {
    fn create(name: String) -> std::io::Result<Self> {
        Ok(match name.strip_suffix(".mkv") {
            Some(stem) => Self::Film(Box::default(), stem.to_owned()),
            None => Self::Joined(File::create(&name)?),
        })
    }

    fn write(&mut self, picture: &Picture) -> std::io::Result<()> {
        match self {
            Self::Joined(file) => file.write_all(&picture.jpeg),
            Self::Film(film, stem) => film.picture(picture, |number| match number {
                1 => File::create(format!("{stem}.mkv")),
                more => File::create(format!("{stem}-{more}.mkv")),
            }),
        }
    }

    fn finish(self) -> std::io::Result<()> {
        match self {
            Self::Film(mut film, _) => film.finish(),
            Self::Joined(_) => Ok(()),
        }
    }
}

fn parse_size(text: &str) -> Result<(u16, u16), Box<dyn Error>> {
    let (width, height) = text.split_once('x').ok_or("a size is WxH")?;
    Ok((width.parse()?, height.parse()?))
}
