//! Posters of strangers' pictures: what is made of good ones, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use palco_mix::wire::Poster;
use std::fs::File;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("palco-poster-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// A picture by ffmpeg, which nobody here wrote: red on the left, blue on the right.
    fn picture(&self, name: &str, (width, height): (u32, u32), more: &str) -> PathBuf {
        let path = self.0.join(name);
        let half = width / 2;
        let source = format!("color=0xC02020:s={width}x{height},drawbox=x={half}:w={half}:c=0x2020C0:t=fill");
        let done = Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-f", "lavfi", "-i", &source, "-frames:v", "1"])
            .args(more.split_whitespace())
            .arg(&path)
            .status()
            .unwrap();
        assert!(done.success(), "{name}");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

type Made = (u32, u32, image::RgbImage, image::RgbImage);

fn poster(path: &Path) -> (Poster, Vec<u8>) {
    let output = Command::new(env!("CARGO_BIN_EXE_palco-mixer"))
        .arg("poster")
        .stdin(Stdio::from(File::open(path).unwrap()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    let end = output.stdout.iter().position(|byte| *byte == b'\n').unwrap();
    (serde_json::from_slice(&output.stdout[..end]).unwrap(), output.stdout[end + 1..].to_vec())
}

fn made(path: &Path) -> Made {
    let (verdict, rest) = poster(path);
    let Poster::Made { width, height, wide, small } = verdict else {
        panic!("{}: {verdict:?}", path.display())
    };
    assert_eq!(rest.len(), (wide + small) as usize);
    for word in [&b"Exif"[..], b"GPS", b"<html", b"secret", b"ICC_PROFILE", b"XMP"] {
        assert!(!rest.windows(word.len()).any(|piece| piece == word), "{}", path.display());
    }
    let (wide, small) = rest.split_at(wide as usize);
    let open = |bytes: &[u8]| {
        let format = image::ImageFormat::Jpeg;
        image::ImageReader::with_format(Cursor::new(bytes), format).decode().unwrap().into_rgb8()
    };
    let (wide, small) = (open(wide), open(small));
    assert_eq!(wide.dimensions(), (width, height));
    (width, height, wide, small)
}

fn code(path: &Path) -> String {
    match poster(path) {
        (Poster::Refused { code, .. }, rest) => {
            assert!(rest.is_empty());
            code
        }
        (made, _) => panic!("{}: {made:?}", path.display()),
    }
}

fn near(picture: &image::RgbImage, x: u32, y: u32, colour: [u8; 3]) -> bool {
    picture.get_pixel(x, y).0.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 24)
}

const RED: [u8; 3] = [0xC0, 0x20, 0x20];
const BLUE: [u8; 3] = [0x20, 0x20, 0xC0];

#[test]
fn good_pictures_of_each_kind_are_made_small() {
    let folder = Folder::new("good");
    for (name, more) in [
        ("a.jpg", ""),
        ("progressive.jpg", "-huffman optimal"),
        ("a.png", ""),
        ("deep.png", "-pix_fmt rgb48be"),
        ("grey.png", "-pix_fmt gray"),
        ("a.webp", "-c:v libwebp"),
        ("lossless.webp", "-c:v libwebp -lossless 1"),
    ] {
        let path = folder.picture(name, (2560, 1440), more);
        let (width, height, wide, small) = made(&path);
        assert_eq!((width, height, small.dimensions()), (1280, 720, (640, 360)), "{name}");
        if !name.starts_with("grey") {
            assert!(near(&wide, 100, 360, RED) && near(&wide, 1180, 360, BLUE), "{name}");
            assert!(near(&small, 50, 180, RED) && near(&small, 590, 180, BLUE), "{name}");
        }
    }
}

#[test]
fn no_picture_is_made_larger_and_tall_ones_fit() {
    let folder = Folder::new("sizes");
    for (size, wide, small) in [
        ((300, 200), (300, 200), (300, 200)),
        ((1000, 500), (1000, 500), (640, 320)),
        ((2, 2), (2, 2), (2, 2)),
        ((1000, 10_000), (256, 2560), (128, 1280)),
        ((16_000, 20), (1280, 2), (640, 1)),
    ] {
        let (width, height, _, little) = made(&folder.picture("a.png", size, ""));
        assert_eq!(((width, height), little.dimensions()), (wide, small), "{size:?}");
    }
}

#[test]
fn what_is_clear_becomes_white() {
    let folder = Folder::new("clear");
    let mut picture = image::RgbaImage::new(100, 50);
    for (x, _, pixel) in picture.enumerate_pixels_mut() {
        *pixel = image::Rgba(if x < 50 { [10, 200, 10, 0] } else { [0, 0, 0, 128] });
    }
    let path = folder.0.join("clear.png");
    picture.save(&path).unwrap();
    let (_, _, wide, _) = made(&path);
    assert!(near(&wide, 20, 25, [255; 3]) && near(&wide, 80, 25, [127; 3]));
}

/// A JPEG with an Exif segment that says how the camera was held, and more than that.
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    // Where a thumbnail would be; its end is not the picture's.
    exif.extend(b"GPS secret \xFF\xD8\xFF\xD9");
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat()
}

#[test]
fn a_picture_taken_with_the_camera_on_its_side_stands_upright_and_says_no_more() {
    let folder = Folder::new("exif");
    let jpeg = std::fs::read(folder.picture("a.jpg", (400, 200), "")).unwrap();
    for (orientation, size, red, blue) in [
        (1, (400, 200), (50, 100), (350, 100)),
        (3, (400, 200), (350, 100), (50, 100)),
        (6, (200, 400), (100, 50), (100, 350)),
        (8, (200, 400), (100, 350), (100, 50)),
        (99, (400, 200), (50, 100), (350, 100)),
    ] {
        let (width, height, wide, _) = made(&folder.write("exif.jpg", &with_exif(&jpeg, orientation)));
        assert_eq!((width, height), size, "{orientation}");
        assert!(near(&wide, red.0, red.1, RED) && near(&wide, blue.0, blue.1, BLUE), "{orientation}");
    }
}

#[test]
fn a_web_page_behind_a_picture_stays_behind() {
    let folder = Folder::new("html");
    for name in ["a.jpg", "a.png", "a.webp"] {
        let mut bytes = std::fs::read(folder.picture(name, (400, 200), "")).unwrap();
        bytes.extend(b"<html><script>alert('secret')</script></html>");
        made(&folder.write(name, &bytes));
    }
}

#[test]
fn what_is_no_picture_of_ours_is_refused() {
    let folder = Folder::new("kinds");
    let gif = std::fs::read(folder.picture("a.gif", (40, 20), "")).unwrap();
    let bmp = std::fs::read(folder.picture("a.bmp", (40, 20), "")).unwrap();
    let tiff = std::fs::read(folder.picture("a.tiff", (40, 20), "")).unwrap();
    for (name, bytes) in [
        ("pdf.png", &b"%PDF-1.7\n1 0 obj\n"[..]),
        ("svg.png", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
        ("gif.jpg", &gif),
        ("bmp.jpg", &bmp),
        ("tiff.jpg", &tiff),
        ("text.webp", b"RIFF is a word"),
        ("wave.webp", b"RIFF\x24\0\0\0WAVEfmt "),
        ("empty.jpg", b""),
        ("heic.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
    ] {
        assert_eq!(code(&folder.write(name, bytes)), "picture_not_supported", "{name}");
    }
}

/// A PNG of one colour with a size nobody can hold in memory, small as a file.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().unwrap();
    let row = vec![0; width.div_ceil(8) as usize];
    let mut stream = writer.stream_writer().unwrap();
    for _ in 0..height {
        std::io::Write::write_all(&mut stream, &row).unwrap();
    }
    stream.finish().unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn pictures_too_large_for_memory_are_refused() {
    let folder = Folder::new("large");
    let small = bomb(30_000, 30_000);
    assert!(small.len() < 1 << 20, "a bomb is small: {}", small.len());
    assert_eq!(code(&folder.write("bomb.png", &small)), "picture_too_large");
    assert_eq!(code(&folder.write("bomb.png", &bomb(7_000, 6_000))), "picture_too_large");
    assert_eq!(code(&folder.write("long.png", &bomb(17_000, 10))), "picture_too_large");
    // A JPEG and a WebP whose headers say more than there is.
    let mut jpeg = std::fs::read(folder.picture("a.jpg", (400, 200), "")).unwrap();
    let frame = jpeg.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(code(&folder.write("vast.jpg", &jpeg)), "picture_too_large");
    let mut webp = b"RIFF\x20\0\0\0WEBPVP8X\x0A\0\0\0\0\0\0\0".to_vec();
    webp.extend([0xFF, 0xFF, 0x0F, 0xFF, 0xFF, 0x00]);
    let said = code(&folder.write("vast.webp", &webp));
    assert!(said == "picture_too_large" || said == "picture_broken", "{said}");
    let mut heavy = std::fs::read(folder.picture("b.jpg", (400, 200), "")).unwrap();
    heavy.resize((10 << 20) + 1, 0);
    assert_eq!(code(&folder.write("heavy.jpg", &heavy)), "picture_too_large");
    // The largest that is allowed, at 16 bits a channel, has room.
    let large = folder.picture("large.png", (8_000, 5_000), "-pix_fmt rgba64be");
    assert_eq!(made(&large).0, 1280);
}

#[test]
fn broken_pictures_are_refused() {
    let folder = Folder::new("broken");
    for (name, more) in [("a.jpg", ""), ("a.png", ""), ("a.webp", "-c:v libwebp -lossless 1")] {
        let noise = format!("-vf noise=alls=80:allf=t {more}");
        let whole = std::fs::read(folder.picture(name, (400, 200), &noise)).unwrap();
        for keep in [12, whole.len() / 4, whole.len() / 2, whole.len() - 40] {
            assert_eq!(code(&folder.write(name, &whole[..keep])), "picture_broken", "{name} {keep}");
        }
        // Whatever is turned over, there is a verdict.
        for at in (0..whole.len()).step_by(whole.len() / 40) {
            let mut turned = whole.clone();
            turned[at] ^= 0x55;
            poster(&folder.write(name, &turned));
        }
    }
    let exif = with_exif(&std::fs::read(folder.picture("b.jpg", (400, 200), "")).unwrap(), 1);
    let half = &exif[..exif.len() / 2];
    assert_eq!(code(&folder.write("half.jpg", half)), "picture_broken", "its thumbnail has an end");
}
