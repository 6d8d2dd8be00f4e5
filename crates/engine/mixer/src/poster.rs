//! `palco-mixer poster`: a stranger's picture, made again from its pixels.
//!
//! What comes out is a JPEG of ours: whatever else was in the file (where it was taken, a
//! thumbnail of what was cut away, a web page after its end) stays behind.

use crate::{file, sandbox};
use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits,
};
use palco_mix::wire::Poster;
use std::fs::File;
use std::io::{Cursor, Write as _};
use std::os::fd::AsFd;

/// Longer files are refused unread.
const MOST_BYTES: usize = 10 << 20;
/// A camera's picture; decoded it has up to 8 bytes a pixel.
const MOST_PIXELS: u64 = 40_000_000;
const LONGEST_SIDE: u32 = 16_384;
/// What a decoder may allocate, as far as it counts.
const ALLOCATION: u64 = 400 << 20;
/// What the process may have, whoever counts.
const MEMORY: u64 = 2 << 30;
/// Largest width and height of both pictures. Posters are as tall as twice their width at most:
/// a taller one is made smaller.
const SIZES: [(u32, u32); 2] = [(1280, 2560), (640, 1280)];
const QUALITY: u8 = 82;

type Pixels = (u32, u32, Vec<u8>);

fn refused(code: &str, text: &str) -> Poster {
    Poster::Refused { code: code.into(), text: text.into() }
}

fn not_supported() -> Poster {
    refused("picture_not_supported", "This is not a JPEG, PNG or WebP picture.")
}

fn too_large() -> Poster {
    refused("picture_too_large", "The picture has more than 10 MB or 40 megapixels.")
}

fn broken() -> Poster {
    refused("picture_broken", "The picture is damaged or incomplete.")
}

/// Prints the verdict as one line of JSON, and the pictures after it.
pub(crate) fn poster() -> Result<(), String> {
    let file = std::io::stdin().as_fd().try_clone_to_owned().map_err(|error| error.to_string())?;
    sandbox::close();
    sandbox::limit_memory(MEMORY)?;
    let bytes = file::read_at(&File::from(file), 0, MOST_BYTES + 1)
        .map_err(|error| format!("standard input: {error}"))?;
    let (verdict, pictures) = match make(&bytes) {
        Ok((width, height, [wide, small])) => {
            let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|error| error.to_string());
            let made = Poster::Made { width, height, wide: length(&wide)?, small: length(&small)? };
            (made, [wide, small])
        }
        Err(refused) => (refused, [Vec::new(), Vec::new()]),
    };
    let mut out = serde_json::to_vec(&verdict).map_err(|error| error.to_string())?;
    out.push(b'\n');
    out.extend(pictures.concat());
    std::io::stdout().write_all(&out).map_err(|error| error.to_string())
}

/// Both pictures, and width and height of the first.
fn make(bytes: &[u8]) -> Result<(u32, u32, [Vec<u8>; 2]), Poster> {
    let picture = decode(bytes)?;
    let [wide, small] = SIZES.map(|most| shrink(&picture, most));
    let (wide, small) = (wide?, small?);
    Ok((wide.0, wide.1, [encode(&wide)?, encode(&small)?]))
}

/// The kind of picture by its first bytes; names and declared types say nothing.
fn format(bytes: &[u8]) -> Option<ImageFormat> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(ImageFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(ImageFormat::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageFormat::WebP),
        _ => None,
    }
}

fn verdict(error: ImageError) -> Poster {
    match error {
        ImageError::Limits(_) => too_large(),
        ImageError::Unsupported(_) => not_supported(),
        _ => broken(),
    }
}

/// Upright, over white, three bytes a pixel.
fn decode(bytes: &[u8]) -> Result<Pixels, Poster> {
    if bytes.len() > MOST_BYTES {
        return Err(too_large());
    }
    let format = format(bytes).ok_or_else(not_supported)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(verdict)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(too_large());
    }
    // The decoder fills up with grey what is missing.
    if format == ImageFormat::Jpeg && !has_end(bytes) {
        return Err(broken());
    }
    // Orientation is a hint: a picture that lies on its side is better than none.
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(verdict)?;
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    let (width, height) = (picture.width(), picture.height());
    let pixels = if picture.color().has_alpha() {
        let over_white = |four: &[u8]| {
            let alpha = u16::from(four[3]);
            let over = |value: u8| ((u16::from(value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
            [over(four[0]), over(four[1]), over(four[2])]
        };
        picture.into_rgba8().chunks_exact(4).flat_map(over_white).collect()
    } else {
        picture.into_rgb8().into_raw()
    };
    Ok((width, height, pixels))
}

/// Whether a JPEG goes on to its end marker (ITU-T T.81 annex B): segments by their lengths, coded
/// data up to the next marker. (Merely looking for the marker would find a thumbnail's.)
fn has_end(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        rest = match rest {
            [0xFF, 0xD9, ..] => return true,
            // Fill bytes; and what stands in coded data without ending it.
            [0xFF, 0xFF, ..] => &rest[1..],
            [0xFF, 0x00 | 0x01 | 0xD0..=0xD8, after @ ..] => after,
            [0xFF, _, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                rest.get(2 + length..).unwrap_or_default()
            }
            [0xFF, ..] | [] => return false,
            [_, after @ ..] => match after.iter().position(|byte| *byte == 0xFF) {
                Some(next) => &after[next..],
                None => return false,
            },
        };
    }
}

/// The picture in a box of this size; never larger than it is.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sides are at most 16,384")]
fn shrink((width, height, pixels): &Pixels, most: (u32, u32)) -> Result<Pixels, Poster> {
    let (w, h) = (f64::from(*width), f64::from(*height));
    let scale = (f64::from(most.0) / w).min(f64::from(most.1) / h).min(1.0);
    let to = |side: f64, most: u32| ((side * scale).round() as u32).clamp(1, most);
    let (wide, high) = (to(w, most.0), to(h, most.1));
    let source = fast_image_resize::images::ImageRef::new(*width, *height, pixels, PixelType::U8x3);
    let mut target = Image::new(wide, high, PixelType::U8x3);
    let how = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    let done = source.map(|source| Resizer::new().resize(&source, &mut target, &how).is_ok());
    if done.unwrap_or(false) { Ok((wide, high, target.into_vec())) } else { Err(broken()) }
}

fn encode((width, height, pixels): &Pixels) -> Result<Vec<u8>, Poster> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode(pixels, *width, *height, ExtendedColorType::Rgb8)
        .map_err(|_| broken())?;
    Ok(bytes)
}
