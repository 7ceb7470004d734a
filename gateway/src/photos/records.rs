//! What Redis knows of photos.
//!
//! The record says whether there is a photo and which message has it; `photosDue` is only the list of
//! those to look at. So an upload enters the list before it stores anything, and leaves it when a
//! message has the photo: whatever dies in between, what was stored is found and deleted.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parlor_shared::{
    clock,
    id::{ChannelId, PhotoId, UserId},
    redis::{Commands, scripts},
};
use rand::RngCore as _;
use redis::{AsyncCommands as _, RedisResult};

use super::links;

/// How long one who deletes a photo has it for themselves, in milliseconds.
const CLAIM_MS: u64 = 60_000;
/// Photos claimed at once.
const CLAIM_PHOTOS: usize = 20;

/// A photo that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub owner: UserId,
    pub channel: ChannelId,
    /// The other one, in a private room.
    pub peer: Option<UserId>,
    /// In pixels, as it is shown.
    pub width: u32,
    pub height: u32,
    pub bytes: u64,
    pub thumbnail_bytes: u64,
    pub media_type: String,
}

/// Whether a message got its photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attached {
    Yes {
        width: u32,
        height: u32,
    },
    /// There is none of the sender's in the room.
    NoSuchPhoto,
    /// Another message has it.
    Taken,
}

/// The records. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Records {
    commands: Commands,
}

impl Records {
    pub fn new(commands: Commands) -> Self {
        Self { commands }
    }

    /// Enters a photo that is about to be stored.
    pub async fn begin(&self, photo: PhotoId, due_ms: u64) -> RedisResult<()> {
        let mut commands = self.commands.clone();
        let due = commands.keyspace().photos_due();
        commands.zadd(due, photo.to_string(), due_ms).await
    }

    /// Makes a stored photo known.
    pub async fn add(&self, photo: PhotoId, record: &Record) -> RedisResult<()> {
        let mut fields = vec![
            ("owner", record.owner.to_string()),
            ("channel", record.channel.to_string()),
            ("width", record.width.to_string()),
            ("height", record.height.to_string()),
            ("bytes", record.bytes.to_string()),
            ("thumbnailBytes", record.thumbnail_bytes.to_string()),
            ("type", record.media_type.clone()),
            ("at", clock::now_ms().to_string()),
        ];
        if let Some(peer) = record.peer {
            fields.push(("peer", peer.to_string()));
        }
        let mut commands = self.commands.clone();
        commands
            .hset_multiple(commands.keyspace().photo(photo), &fields)
            .await
    }

    /// A photo's record; `None` when there is no such photo.
    pub async fn find(&self, photo: PhotoId) -> RedisResult<Option<Record>> {
        let fields: Vec<Option<String>> = redis::cmd("HMGET")
            .arg(self.commands.keyspace().photo(photo))
            .arg(&["owner", "channel", "peer", "width", "height"])
            .arg(&["bytes", "thumbnailBytes", "type"])
            .query_async(&mut self.commands.clone())
            .await?;
        let Ok(
            [
                owner,
                channel,
                peer,
                width,
                height,
                bytes,
                thumbnail_bytes,
                media_type,
            ],
        ) = <[Option<String>; 8]>::try_from(fields)
        else {
            return Ok(None);
        };
        let record = || {
            Some(Record {
                owner: owner?.parse().ok()?,
                channel: ChannelId::new(channel?),
                peer: peer.and_then(|peer| peer.parse().ok()),
                width: width?.parse().ok()?,
                height: height?.parse().ok()?,
                bytes: bytes?.parse().ok()?,
                thumbnail_bytes: thumbnail_bytes?.parse().ok()?,
                media_type: media_type?,
            })
        };
        Ok(record())
    }

    /// Gives a photo to a message that `name` names: to the same one as often as it comes.
    pub async fn attach(
        &self,
        photo: PhotoId,
        sender: UserId,
        channel: &ChannelId,
        name: &str,
    ) -> RedisResult<Attached> {
        let mut commands = self.commands.clone();
        let (outcome, width, height): (u8, Option<u32>, Option<u32>) = scripts::PHOTO_ATTACH
            .key(commands.keyspace().photo(photo))
            .arg(sender.to_string())
            .arg(channel.as_str())
            .arg(name)
            .invoke_async(&mut commands)
            .await?;
        let attached = match (outcome, width, height) {
            (1, Some(width), Some(height)) => Attached::Yes { width, height },
            (2, ..) => Attached::Taken,
            _ => Attached::NoSuchPhoto,
        };
        if let Attached::Yes { .. } = attached {
            self.done(photo).await?;
        }
        Ok(attached)
    }

    /// Some of the photos that are due, taken from the other gateways for a while.
    pub async fn claim_due(&self) -> RedisResult<Vec<PhotoId>> {
        let now = clock::now_ms();
        let due: Vec<String> = scripts::PHOTOS_CLAIM
            .key(self.commands.keyspace().photos_due())
            .arg(now)
            .arg(now + CLAIM_MS)
            .arg(CLAIM_PHOTOS)
            .invoke_async(&mut self.commands.clone())
            .await?;
        Ok(due.iter().filter_map(|photo| photo.parse().ok()).collect())
    }

    /// Forgets a photo unless a message has it; `true` when its pictures are to be deleted.
    pub async fn discard(&self, photo: PhotoId) -> RedisResult<bool> {
        scripts::PHOTO_DISCARD
            .key(self.commands.keyspace().photo(photo))
            .invoke_async(&mut self.commands.clone())
            .await
    }

    /// Takes a photo from the list of those to look at.
    pub async fn done(&self, photo: PhotoId) -> RedisResult<()> {
        let mut commands = self.commands.clone();
        commands
            .zrem(commands.keyspace().photos_due(), photo.to_string())
            .await
    }

    /// The channel of two users' private room; `None` before one of them has opened it.
    pub async fn private_channel(
        &self,
        user: UserId,
        other: UserId,
    ) -> RedisResult<Option<ChannelId>> {
        let key = self
            .commands
            .keyspace()
            .channel_sender_recipient(user, other);
        let channel: Option<String> = self.commands.clone().get(key).await?;
        Ok(channel.map(ChannelId::new))
    }

    /// Whether anybody may come into a room that is not private.
    pub async fn is_open(&self, channel: &ChannelId) -> RedisResult<bool> {
        let key = self.commands.keyspace().channel_meta(channel);
        let access: Option<String> = self.commands.clone().hget(key, "access").await?;
        Ok(access.as_deref() != Some("invite"))
    }

    /// The key that links are signed with, the same for all gateways.
    pub async fn link_key(&self) -> RedisResult<Vec<u8>> {
        let mut commands = self.commands.clone();
        let known: Option<String> = commands.get(commands.keyspace().photo_key()).await?;
        let text = if let Some(known) = known {
            known
        } else {
            let mut bytes = [0_u8; links::KEY_BYTES];
            rand::rngs::ThreadRng::default().fill_bytes(&mut bytes);
            let made = URL_SAFE_NO_PAD.encode(bytes);
            let earlier: Option<String> = redis::cmd("SET")
                .arg(commands.keyspace().photo_key())
                .arg(&made)
                .arg("NX")
                .arg("GET")
                .query_async(&mut commands)
                .await?;
            earlier.unwrap_or(made)
        };
        // The text itself is the key: as random as its bytes.
        Ok(text.into_bytes())
    }
}
