//! Settings of photos.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::RateLimit;
use super::value::{between, bytes, duration};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Where photos are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhotoStore {
    /// Nowhere: photos are switched off.
    Off,
    /// A folder, which all gateways have to share.
    Folder(PathBuf),
    /// `s3://bucket/prefix`; the rest is in the usual variables, such as `AWS_REGION`.
    S3(String),
}

impl FromStr for PhotoStore {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a folder, s3://bucket/prefix without a key, or off".to_owned();
        if text.is_empty() || text == "off" {
            return Ok(Self::Off);
        }
        if let Some(rest) = text.strip_prefix("s3://") {
            let bucket = rest.split('/').next().unwrap_or_default();
            let fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            let is_plain = !bucket.is_empty() && bucket.chars().all(fit);
            let is_place = !rest.contains(['?', '#', ' ', '@']);
            return (is_plain && is_place)
                .then(|| Self::S3(text.to_owned()))
                .ok_or_else(wrong);
        }
        let path = text.strip_prefix("file://").unwrap_or(text);
        let is_path = !path.contains("://") && (path == text || Path::new(path).is_absolute());
        is_path
            .then(|| Self::Folder(PathBuf::from(path)))
            .ok_or_else(wrong)
    }
}

/// Photos in messages.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Photos")]
pub struct PhotoConfig {
    /// Where photos are kept: a folder that all gateways share, the s3: URL of a bucket, or off
    #[arg(
        long = "photo-store",
        env = "PHOTO_STORE",
        id = "photo_store",
        value_name = "PLACE",
        default_value = "./data/photos"
    )]
    pub store: PhotoStore,

    /// Largest photo taken
    #[arg(
        long = "photo-bytes",
        env = "PHOTO_BYTES",
        id = "photo_bytes",
        value_name = "BYTES",
        default_value = "10MiB",
        value_parser = bytes(KIB, 100 * MIB)
    )]
    pub bytes: usize,

    /// Most pixels of a photo in millions; decoding takes up to ten bytes a pixel
    #[arg(
        long = "photo-megapixels",
        env = "PHOTO_MEGAPIXELS",
        id = "photo_megapixels",
        value_name = "COUNT",
        default_value = "50",
        value_parser = between(1_u32, 400)
    )]
    pub megapixels: u32,

    /// Photos a user may upload to this gateway; off disables
    #[arg(
        long = "photo-rate",
        env = "PHOTO_RATE",
        id = "photo_rate",
        value_name = "RATE",
        default_value = "10/60s"
    )]
    pub rate: RateLimit,

    /// Photos that are uploaded to this gateway at once
    #[arg(
        long = "photo-uploads",
        env = "PHOTO_UPLOADS",
        id = "photo_uploads",
        value_name = "COUNT",
        default_value = "8",
        value_parser = between(1_usize, 1024)
    )]
    pub uploads: usize,

    /// Time to upload a photo
    #[arg(
        long = "photo-upload-timeout",
        env = "PHOTO_UPLOAD_TIMEOUT",
        id = "photo_upload_timeout",
        value_name = "DURATION",
        default_value = "60s",
        value_parser = duration(0.1, 3600)
    )]
    pub upload_timeout: Duration,

    /// Time after which a photo that no message has is deleted
    #[arg(
        long = "photo-unused-time",
        env = "PHOTO_UNUSED_TIME",
        id = "photo_unused_time",
        value_name = "DURATION",
        default_value = "1h",
        value_parser = duration(1.0, 604_800)
    )]
    pub unused_time: Duration,

    /// Time for which a link to a photo of a private room works
    #[arg(
        long = "photo-link-time",
        env = "PHOTO_LINK_TIME",
        id = "photo_link_time",
        value_name = "DURATION",
        default_value = "1h",
        value_parser = duration(1.0, 604_800)
    )]
    pub link_time: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let place = |text: &str| text.parse::<PhotoStore>();
        assert_eq!(place("off"), Ok(PhotoStore::Off));
        assert_eq!(place(""), Ok(PhotoStore::Off));
        assert_eq!(place("./a b"), Ok(PhotoStore::Folder("./a b".into())));
        assert_eq!(place("file:///a/b"), Ok(PhotoStore::Folder("/a/b".into())));
        let bucket = PhotoStore::S3("s3://bucket/some/prefix".to_owned());
        assert_eq!(place("s3://bucket/some/prefix"), Ok(bucket));
        for wrong in [
            "s3://",
            "s3:///prefix",
            "s3://key:secret@bucket",
            "s3://bucket/a?b",
            "file://relative",
            "gs://bucket",
            "https://bucket",
        ] {
            assert!(place(wrong).is_err(), "{wrong:?}");
        }
    }
}
