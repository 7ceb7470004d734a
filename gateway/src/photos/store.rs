//! Where the pictures are: a folder, or a bucket.

use std::{path::Path as FilePath, sync::Arc, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream::BoxStream};
use object_store::{
    Error, ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig, aws::AmazonS3Builder,
    local::LocalFileSystem, path::Path,
};
use parlor_shared::{config::PhotoStore, id::PhotoId};

/// How long a request to a bucket is tried again: somebody waits for it.
const RETRY_TIME: Duration = Duration::from_secs(15);
const RETRIES: usize = 4;

/// Which of a photo's pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    Full,
    Thumbnail,
}

impl Variant {
    pub const ALL: [Self; 2] = [Self::Full, Self::Thumbnail];

    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Thumbnail => "thumbnail",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| variant.name() == name)
    }
}

/// A picture's bytes, as they come.
pub type Content = BoxStream<'static, object_store::Result<Bytes>>;

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Store {
    /// Opens the store; `None` when photos are switched off. A bucket is not asked yet: it may come
    /// later than the gateway.
    ///
    /// # Errors
    /// A sentence when the folder can't be written to or the bucket's settings are of no use.
    pub fn open(place: &PhotoStore) -> anyhow::Result<Option<Self>> {
        Ok(match place {
            PhotoStore::Off => None,
            PhotoStore::Folder(folder) => Some(Self {
                objects: Arc::new(open_folder(folder).with_context(|| {
                    format!(
                        "photos can't be kept in {}: make the folder writable, or set photo_store \
                         to another place or to off",
                        folder.display()
                    )
                })?),
                prefix: Path::default(),
            }),
            PhotoStore::S3(url) => Some(open_bucket(url).with_context(|| {
                format!("photos can't be kept in {url}: see the variables AWS_*")
            })?),
        })
    }

    /// Folders of 1/256 of all, so that none grows too long to list.
    fn path(&self, photo: PhotoId, variant: Variant) -> Path {
        let id = photo.to_string();
        self.prefix
            .clone()
            .join(&id[..2])
            .join(format!("{id}.{}", variant.name()))
    }

    /// Keeps a picture.
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn put(
        &self,
        photo: PhotoId,
        variant: Variant,
        bytes: Vec<u8>,
    ) -> object_store::Result<()> {
        let path = self.path(photo, variant);
        self.objects.put(&path, PutPayload::from(bytes)).await?;
        Ok(())
    }

    /// A picture, and its length in bytes; `None` when there is none.
    ///
    /// # Errors
    /// When the store can't be asked.
    pub async fn get(
        &self,
        photo: PhotoId,
        variant: Variant,
    ) -> object_store::Result<Option<(u64, Content)>> {
        match self.objects.get(&self.path(photo, variant)).await {
            Ok(found) => Ok(Some((found.meta.size, found.into_stream().boxed()))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes a photo's pictures, those that there are.
    ///
    /// # Errors
    /// When the store can't be asked.
    pub async fn delete(&self, photo: PhotoId) -> object_store::Result<()> {
        for variant in Variant::ALL {
            match self.objects.delete(&self.path(photo, variant)).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn open_folder(folder: &FilePath) -> anyhow::Result<LocalFileSystem> {
    std::fs::create_dir_all(folder)?;
    // Found out now, and not with the first photo.
    let trial = folder.join(format!(".trial-{}", PhotoId::random()));
    std::fs::write(&trial, [])?;
    std::fs::remove_file(&trial)?;
    Ok(LocalFileSystem::new_with_prefix(folder)?)
}

fn open_bucket(url: &str) -> anyhow::Result<Store> {
    let prefix = url::Url::parse(url)?.path().to_owned();
    let retries = RetryConfig {
        max_retries: RETRIES,
        retry_timeout: RETRY_TIME,
        ..RetryConfig::default()
    };
    let bucket = AmazonS3Builder::from_env()
        .with_url(url)
        .with_retry(retries)
        .build()?;
    Ok(Store {
        objects: Arc::new(bucket),
        prefix: Path::from_url_path(prefix)?,
    })
}
