//! Where the client's files are: in the program, or in a folder.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

use axum::body::Body;
use bytes::Bytes;
use parlor_shared::hex;
use percent_encoding::percent_decode_str;
use rust_embed::RustEmbed;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

/// What `npm run build` made, each file with its compressed forms beside it. A build without it works
/// and says so in the browser.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct WebClient;

/// The fingerprint in the names of the built-in files in this folder changes with their content.
const FINGERPRINTED_FOLDER: &str = "assets/";

#[derive(Clone, Debug)]
pub(in crate::http) enum Source {
    BuiltIn,
    /// As it is at the time of each request.
    Folder(Arc<Path>),
}

/// The bytes of one representation of a file.
pub(super) struct Stored {
    pub body: Body,
    pub bytes: u64,
    /// A strong entity tag, in its quotes: other bytes have another.
    pub tag: String,
}

impl Source {
    /// The file of that name, which has no slash in front and is as it came in the request.
    pub(super) async fn open(&self, name: &str) -> Option<Stored> {
        match self {
            Self::BuiltIn => built_in(name),
            Self::Folder(root) => stored_at(&root.join(inside(name)?)).await,
        }
    }

    pub(super) async fn has(&self, name: &str) -> bool {
        self.open(name).await.is_some()
    }

    /// Whether the content under that name can never be another.
    pub(super) fn is_fingerprinted(&self, name: &str) -> bool {
        // Nothing is known of how somebody's own client names its files.
        matches!(self, Self::BuiltIn) && name.starts_with(FINGERPRINTED_FOLDER)
    }
}

fn built_in(name: &str) -> Option<Stored> {
    let file = WebClient::get(name)?;
    let hash = file.metadata.sha256_hash();
    let bytes = match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    };
    Some(Stored {
        bytes: bytes.len() as u64,
        body: Body::from(bytes),
        tag: format!("\"{}\"", hex::encode(&hash[..16])),
    })
}

async fn stored_at(path: &Path) -> Option<Stored> {
    let file = File::open(path).await.ok()?;
    let facts = file.metadata().await.ok()?;
    if !facts.is_file() {
        return None;
    }
    // A file that is written anew has another time, to the nanosecond, or another size. The name
    // tells representations apart that were made in one go.
    let written = facts.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let kind = path.extension().unwrap_or_default().to_string_lossy();
    Some(Stored {
        bytes: facts.len(),
        body: Body::from_stream(ReaderStream::new(file)),
        tag: format!("\"{:x}-{:x}-{kind}\"", written.as_nanos(), facts.len()),
    })
}

/// The path below a folder that a request's path means; nothing for one that leads out of it.
fn inside(name: &str) -> Option<PathBuf> {
    let name = percent_decode_str(name).decode_utf8().ok()?;
    let is_plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    name.split('/').all(is_plain).then(|| name.as_ref().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_folder() {
        for (name, wanted) in [
            ("index.html", "index.html"),
            ("static/js/x%20y.js", "static/js/x y.js"),
            ("..hidden/...", "..hidden/..."),
        ] {
            assert_eq!(inside(name), Some(wanted.into()), "{name}");
        }
        for name in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../x",
            "x/../y",
            "x//y",
            "x/",
            "./x",
            "%2e%2e/x",
            "..%2fx",
            "%2fetc/passwd",
            "x%5c..%5cy",
            "x%00.js",
            "%ff",
        ] {
            assert_eq!(inside(name), None, "{name}");
        }
    }
}
