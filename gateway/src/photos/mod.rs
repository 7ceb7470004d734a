//! Photos in messages: taken over HTTP, made anew and small, kept in a store that all gateways share,
//! and bound to one room and one sender until a message has them.
//!
//! A photo is uploaded first and named in a message then. One that no message has in time is deleted
//! by whichever gateway sees it first.

pub mod links;
mod metrics;
pub mod picture;
mod records;
mod refusal;
mod store;

use std::{
    future::pending,
    sync::Arc,
    time::{Duration, Instant},
};

use parlor_shared::{
    clock,
    config::PhotoConfig,
    id::{ChannelId, PhotoId, UserId},
    protocol::server::PhotoLimits,
    redis::Commands,
    telemetry::Metrics,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::sleep,
};
use tracing::{info, warn};

pub use metrics::PhotoMetrics;
pub use records::{Attached, Record};
pub use refusal::Refusal;
pub use store::{Content, Variant};

use crate::user_limits::UserLimits;
use picture::{Picture, Unfit};
use records::Records;
use store::Store;

/// Pictures decoded at once; a large one counts for all of them, so that what decoding takes is
/// bounded by the largest picture there may be.
const DECODERS: u32 = 2;
/// How often photos that are due are looked for, in parts of the time that they have.
const LOOKS_PER_UNUSED_TIME: u32 = 10;
const LOOK_AT_LEAST: Duration = Duration::from_millis(200);
const LOOK_AT_MOST: Duration = Duration::from_secs(60);

/// Photos of this gateway. Cheap to clone.
#[derive(Clone)]
pub struct Photos {
    config: Arc<PhotoConfig>,
    store: Store,
    records: Records,
    uploads: Arc<Semaphore>,
    decoders: Arc<Semaphore>,
    rates: UserLimits,
    pub metrics: PhotoMetrics,
}

/// The right to upload one photo now; dropping it lets another in.
#[derive(Debug)]
pub struct Upload {
    pub owner: UserId,
    began: Instant,
    _place: OwnedSemaphorePermit,
}

/// The room a photo is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    pub channel: ChannelId,
    /// The other one, in a private room.
    pub peer: Option<UserId>,
}

impl Photos {
    /// Opens the store; `None` when photos are switched off.
    ///
    /// # Errors
    /// A sentence when the store is of no use.
    pub fn open(
        config: &PhotoConfig,
        commands: Commands,
        metrics: &Metrics,
    ) -> anyhow::Result<Option<Self>> {
        let Some(store) = Store::open(&config.store)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            store,
            records: Records::new(commands),
            uploads: Arc::new(Semaphore::new(config.uploads)),
            decoders: Arc::new(Semaphore::new(DECODERS as usize)),
            rates: UserLimits::new(config.rate),
            metrics: PhotoMetrics::new(metrics)?,
            config: Arc::new(config.clone()),
        }))
    }

    /// What `ready` tells of them.
    pub fn limits(&self) -> PhotoLimits {
        PhotoLimits {
            bytes: self.config.bytes as u64,
            megapixels: u64::from(self.config.megapixels),
        }
    }

    pub fn config(&self) -> &PhotoConfig {
        &self.config
    }

    /// Lets somebody upload a photo, if it is not their turn later.
    ///
    /// # Errors
    /// When they have uploaded too many, or too many others are uploading.
    pub fn begin(&self, owner: UserId) -> Result<Upload, Refusal> {
        let place = Arc::clone(&self.uploads)
            .try_acquire_owned()
            .map_err(|_| Refusal::Busy)?;
        self.rates
            .of(owner)
            .take(Instant::now())
            .map_err(Refusal::RateLimited)?;
        Ok(Upload {
            owner,
            began: Instant::now(),
            _place: place,
        })
    }

    /// Where a photo for the room of two users belongs.
    ///
    /// # Errors
    /// When neither has opened the room yet, or Redis can't be asked.
    pub async fn private_room(&self, user: UserId, other: UserId) -> Result<Room, Refusal> {
        let channel = self.records.private_channel(user, other).await?;
        Ok(Room {
            channel: channel.ok_or(Refusal::Forbidden)?,
            peer: Some(other),
        })
    }

    /// Takes a photo: looks at what it claims to be, makes it anew, stores it.
    ///
    /// # Errors
    /// When it is no photo, or the storage is away.
    pub async fn take(
        &self,
        upload: Upload,
        room: Room,
        bytes: Vec<u8>,
    ) -> Result<(PhotoId, Record), Refusal> {
        let picture = self.render(bytes).await?;
        let photo = PhotoId::random();
        let due = clock::now_ms() + self.config.unused_time.as_millis() as u64;
        self.records.begin(photo, due).await?;
        let record = Record {
            owner: upload.owner,
            channel: room.channel,
            peer: room.peer,
            width: picture.width,
            height: picture.height,
            bytes: picture.full.len() as u64,
            thumbnail_bytes: picture.thumbnail.len() as u64,
            media_type: picture.encoding.media_type().to_owned(),
        };
        let stored = tokio::try_join!(
            self.store.put(photo, Variant::Full, picture.full),
            self.store.put(photo, Variant::Thumbnail, picture.thumbnail),
        );
        stored.map_err(|error| self.store_failed(&error))?;
        self.records.add(photo, &record).await?;
        self.metrics.uploads.inc();
        self.metrics
            .bytes_stored
            .inc_by(record.bytes + record.thumbnail_bytes);
        self.metrics
            .seconds
            .observe(upload.began.elapsed().as_secs_f64());
        Ok((photo, record))
    }

    async fn render(&self, bytes: Vec<u8>) -> Result<Picture, Refusal> {
        let megapixels = self.config.megapixels;
        let claim = picture::examine(&bytes, megapixels)?;
        let places = if claim.is_large() { DECODERS } else { 1 };
        let place = Arc::clone(&self.decoders).acquire_many_owned(places);
        let place = place.await.map_err(|_| Refusal::Busy)?;
        let rendered = spawn_blocking(move || {
            // Held until it is done, also when the client has gone.
            let _place = place;
            picture::render(&bytes, claim)
        });
        // A decoder that panics has met a picture that is none.
        let rendered = rendered.await.unwrap_or(Err(Unfit::Broken));
        rendered.map_err(Refusal::from)
    }

    fn store_failed(&self, error: &object_store::Error) -> Refusal {
        self.metrics.store_errors.inc();
        warn!(%error, "the photos' store does not answer well");
        Refusal::Unavailable
    }

    /// Gives a photo to a message of `sender` in the room `channel`. `name` is what the message is
    /// known by when it is sent again.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn attach(
        &self,
        photo: PhotoId,
        sender: UserId,
        channel: &ChannelId,
        name: &str,
    ) -> Result<Attached, Refusal> {
        Ok(self.records.attach(photo, sender, channel, name).await?)
    }

    /// Whether anybody who has its link may see a room's photos.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn is_open(&self, room: &Room) -> Result<bool, Refusal> {
        Ok(room.peer.is_none() && self.records.is_open(&room.channel).await?)
    }

    /// A photo's record.
    ///
    /// # Errors
    /// When there is none, or Redis can't be asked.
    pub async fn find(&self, photo: PhotoId) -> Result<Record, Refusal> {
        let found = self.records.find(photo).await?;
        found.ok_or(Refusal::NoSuchPhoto)
    }

    /// A picture's bytes and their number.
    ///
    /// # Errors
    /// When there is none, or the store can't be asked.
    pub async fn content(
        &self,
        photo: PhotoId,
        variant: Variant,
    ) -> Result<(u64, Content), Refusal> {
        let found = self.store.get(photo, variant).await;
        found
            .map_err(|error| self.store_failed(&error))?
            .ok_or(Refusal::NoSuchPhoto)
    }

    /// The key that links are signed with.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn link_key(&self) -> Result<Vec<u8>, Refusal> {
        Ok(self.records.link_key().await?)
    }

    /// Deletes what no message has in time, for ever.
    pub async fn sweep(self) {
        let pause =
            (self.config.unused_time / LOOKS_PER_UNUSED_TIME).clamp(LOOK_AT_LEAST, LOOK_AT_MOST);
        loop {
            sleep(pause).await;
            loop {
                let due = match self.records.claim_due().await {
                    Ok(due) => due,
                    Err(error) => {
                        warn!(%error, "unused photos can't be looked for");
                        break;
                    }
                };
                if due.is_empty() {
                    break;
                }
                for photo in due {
                    self.sweep_one(photo).await;
                }
            }
        }
    }

    async fn sweep_one(&self, photo: PhotoId) {
        let outcome = match self.records.discard(photo).await {
            Ok(true) => {
                info!(%photo, "a photo that no message has is deleted");
                self.delete(photo).await;
                return;
            }
            Ok(false) => self.records.done(photo).await,
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            warn!(%error, "an unused photo is looked at again later");
        }
    }

    /// Deletes a forgotten photo's pictures; on an error it stays due.
    async fn delete(&self, photo: PhotoId) {
        if let Err(error) = self.store.delete(photo).await {
            self.store_failed(&error);
            return;
        }
        self.metrics.deleted.inc();
        if let Err(error) = self.records.done(photo).await {
            warn!(%error, "a deleted photo is looked at again later");
        }
    }
}

/// What a gateway runs beside its connections: [`Photos::sweep`], or nothing when photos are off.
pub async fn sweep(photos: Option<Photos>) {
    match photos {
        Some(photos) => photos.sweep().await,
        None => pending().await,
    }
}

impl Record {
    /// Where it belongs.
    pub fn room(&self) -> Room {
        Room {
            channel: self.channel.clone(),
            peer: self.peer,
        }
    }

    /// Whether it is one of the two of a private room.
    pub fn concerns(&self, user: UserId) -> bool {
        self.owner == user || self.peer == Some(user)
    }
}
