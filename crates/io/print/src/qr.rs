//! QR codes: as SVG for pages, as PNG for mails, as squares for paper.

use palco_base::Fault;
use qrcode::{Color, EcLevel, QrCode};

/// The light border a reader needs (ISO/IEC 18004 §9.1), in modules.
pub(crate) const QUIET: usize = 4;
/// Pixels of a module's side in a PNG.
const SCALE: usize = 8;

/// A QR code's modules, without the border.
pub(crate) struct Modules {
    pub(crate) side: usize,
    dark: Vec<bool>,
}

impl Modules {
    pub(crate) fn of(text: &str) -> Result<Self, Fault> {
        // M: 15 % of it may be dirty or torn.
        let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|error| {
            Fault::invalid("qr_too_long", "This is too long for a QR code.").internal(error)
        })?;
        let side = code.width();
        Ok(Self { side, dark: code.into_colors().into_iter().map(|it| it == Color::Dark).collect() })
    }

    /// Dark stretches as (x, y, length), row by row.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        self.dark.chunks(self.side).enumerate().flat_map(|(y, row)| {
            let mut x = 0;
            row.chunk_by(|a, b| a == b).filter_map(move |run| {
                let start = x;
                x += run.len();
                run[0].then_some((start, y, run.len()))
            })
        })
    }
}

/// The text as a QR code: one `<svg>` element of one path, black on white with its border, no
/// styles and no scripts, as large as its place (it has a `viewBox` and no size).
///
/// # Errors
/// `qr_too_long` over about 2,300 bytes.
pub fn qr_svg(text: &str) -> Result<String, Fault> {
    let modules = Modules::of(text)?;
    let side = modules.side + 2 * QUIET;
    let path: String = modules
        .runs()
        .map(|(x, y, long)| format!("M{} {}h{long}v1h-{long}z", x + QUIET, y + QUIET))
        .collect();
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

/// The text as a QR code in a PNG of two colours, with its border; 8 pixels a module.
///
/// # Errors
/// `qr_too_long` over about 2,300 bytes.
pub fn qr_png(text: &str) -> Result<Vec<u8>, Fault> {
    let modules = Modules::of(text)?;
    let side = (modules.side + 2 * QUIET) * SCALE;
    let stride = side.div_ceil(8);
    // One bit a pixel, 1 is white; SCALE is 8, so a module is one byte of a row.
    let mut rows = vec![0xFF_u8; stride * side];
    for (x, y, long) in modules.runs() {
        for row in (y + QUIET) * SCALE..(y + QUIET + 1) * SCALE {
            let from = row * stride + x + QUIET;
            rows[from..from + long].fill(0);
        }
    }
    let broken = |error: png::EncodingError| {
        Fault::new(palco_base::Class::Internal, "qr_failed", "The QR code could not be drawn.")
            .internal(error)
    };
    let mut bytes = Vec::new();
    // A code has at most 177 modules a side.
    let pixels = u32::try_from(side).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut bytes, pixels, pixels);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(broken)?;
    writer.write_image_data(&rows).map_err(broken)?;
    writer.finish().map_err(broken)?;
    Ok(bytes)
}
