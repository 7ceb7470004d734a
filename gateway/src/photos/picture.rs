//! From the bytes that somebody sent to the two pictures that are kept.
//!
//! What is kept is always made anew from the pixels: with the file goes whatever else was in it, such
//! as where it was taken, or a second file behind the picture. What a picture claims to measure is
//! looked at before a pixel is decoded.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits,
    codecs::{
        jpeg::JpegEncoder,
        png::{CompressionType, FilterType, PngEncoder},
    },
    metadata::Orientation,
};

/// The longer side of the picture that is kept, in pixels: a large screen's width.
const FULL_PIXELS: u32 = 2_560;
/// The longer side of the picture in the timeline, in pixels.
const THUMBNAIL_PIXELS: u32 = 480;
/// Of 100: what of a photo can be told from the original lies above it.
const JPEG_QUALITY: u8 = 85;
const PIXELS_PER_MEGAPIXEL: u64 = 1_000_000;
/// Red, green, blue and alpha, a byte each.
const BYTES_PER_PIXEL: u64 = 4;
/// What a decoder may need beside the pixels: tables, lines, and metadata.
const DECODER_BYTES: u64 = 16 * 1_024 * 1_024;

/// Why a file is no photo. The texts are for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("the file is not a JPEG, PNG, GIF or WebP picture")]
    Type,
    #[error("the picture is damaged or cut off")]
    Broken,
    #[error("the picture has more than {0} million pixels: make it smaller")]
    TooManyPixels(u32),
}

/// What a file claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    format: ImageFormat,
    megapixels: u32,
    pixels: u64,
}

impl Claim {
    /// Whether decoding it takes more than half of what one picture may.
    pub fn is_large(&self) -> bool {
        self.pixels > u64::from(self.megapixels) * PIXELS_PER_MEGAPIXEL / 2
    }
}

/// How a picture is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Jpeg,
    /// For what can be seen through.
    Png,
}

impl Encoding {
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// What is kept of a photo.
#[derive(Debug)]
pub struct Picture {
    /// In pixels, as it is shown.
    pub width: u32,
    pub height: u32,
    pub encoding: Encoding,
    pub full: Vec<u8>,
    pub thumbnail: Vec<u8>,
}

/// Reads what a file claims, and nothing of what costs.
///
/// # Errors
/// When it is no picture that is taken, or claims more than `megapixels`.
pub fn examine(bytes: &[u8], megapixels: u32) -> Result<Claim, Unfit> {
    const TAKEN: [ImageFormat; 4] = [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Gif,
        ImageFormat::WebP,
    ];
    let format = image::guess_format(bytes).map_err(|_| Unfit::Type)?;
    if !TAKEN.contains(&format) {
        return Err(Unfit::Type);
    }
    let most = u64::from(megapixels) * PIXELS_PER_MEGAPIXEL;
    let decoder = decoder(bytes, format, megapixels)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > most || decoder.total_bytes() > most * BYTES_PER_PIXEL {
        return Err(Unfit::TooManyPixels(megapixels));
    }
    if pixels == 0 || (format == ImageFormat::Jpeg && !jpeg_has_an_end(bytes)) {
        return Err(Unfit::Broken);
    }
    Ok(Claim {
        format,
        megapixels,
        pixels,
    })
}

fn decoder(
    bytes: &[u8],
    format: ImageFormat,
    megapixels: u32,
) -> Result<impl ImageDecoder + '_, Unfit> {
    let mut limits = Limits::no_limits();
    let most = u64::from(megapixels) * PIXELS_PER_MEGAPIXEL;
    limits.max_alloc = Some(most * BYTES_PER_PIXEL + DECODER_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    reader.into_decoder().map_err(|error| match error {
        image::ImageError::Limits(_) => Unfit::TooManyPixels(megapixels),
        _ => Unfit::Broken,
    })
}

/// Decodes, scales, turns and encodes; it takes up to seconds and ten bytes a pixel.
///
/// # Errors
/// When the picture is not what it claims.
pub fn render(bytes: &[u8], claim: Claim) -> Result<Picture, Unfit> {
    let mut decoder = decoder(bytes, claim.format, claim.megapixels)?;
    // A picture whose metadata can't be read is shown as it is.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let pixels = DynamicImage::from_decoder(decoder).map_err(|_| Unfit::Broken)?;
    // Scaled first, so that only the small one is turned.
    let mut full = within(pixels, FULL_PIXELS);
    full.apply_orientation(orientation);
    let see_through = full.color().has_alpha() && {
        let pixels = full.to_rgba8();
        pixels.pixels().any(|pixel| pixel.0[3] != u8::MAX)
    };
    let encoding = if see_through {
        full = DynamicImage::ImageRgba8(full.into_rgba8());
        Encoding::Png
    } else {
        full = DynamicImage::ImageRgb8(full.into_rgb8());
        Encoding::Jpeg
    };
    let (width, height) = (full.width(), full.height());
    let encoded = encode(&full, encoding)?;
    let thumbnail = encode(&within(full, THUMBNAIL_PIXELS), encoding)?;
    Ok(Picture {
        width,
        height,
        encoding,
        full: encoded,
        thumbnail,
    })
}

/// The picture with no side longer than this.
fn within(picture: DynamicImage, longest: u32) -> DynamicImage {
    if picture.width().max(picture.height()) <= longest {
        return picture;
    }
    picture.thumbnail(longest, longest)
}

fn encode(picture: &DynamicImage, encoding: Encoding) -> Result<Vec<u8>, Unfit> {
    let mut bytes = Vec::new();
    let encoded = match encoding {
        Encoding::Jpeg => {
            picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))
        }
        Encoding::Png => picture.write_with_encoder(PngEncoder::new_with_quality(
            &mut bytes,
            CompressionType::Default,
            FilterType::Adaptive,
        )),
    };
    encoded.map(|()| bytes).map_err(|_| Unfit::Broken)
}

/// Whether a JPEG goes up to its end marker. The decoder takes one that was cut off and fills what is
/// missing with grey. Markers are those of ITU-T T.81, Annex B.
fn jpeg_has_an_end(bytes: &[u8]) -> bool {
    const END: u8 = 0xD9;
    let mut at = 2;
    loop {
        // Up to the next marker: after a segment it is right there, after a scan behind its data, in
        // which 0xFF is followed by 0x00 or by a restart marker.
        let Some(next) = bytes.get(at..).and_then(next_marker) else {
            return false;
        };
        at += next;
        let marker = bytes[at + 1];
        at += 2;
        if marker == END {
            return true;
        }
        let Some(&[high, low]) = bytes.get(at..).and_then(<[u8]>::first_chunk) else {
            return false;
        };
        at += usize::from(u16::from_be_bytes([high, low])).max(2);
    }
}

/// Where the next marker that means something begins.
fn next_marker(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| {
        pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xFF) && !(0xD0..=0xD7).contains(&pair[1])
    })
}
