//! Mentions: noted for each user who is named, and told to their sessions.

use parlor_shared::{
    event::Position,
    id::{ChannelId, MessageId, UserId},
    limits,
    notice::{Notice, Sessions},
    protocol::{
        ServerFrame, people,
        server::Sys,
        value::{RoomRef, User},
    },
    redis::Commands,
};
use redis::{RedisResult, pipe};

/// How long the mentions of a user whom nobody names any more are kept, in seconds (90 days).
const MENTIONS_TTL_SECONDS: i64 = 90 * 24 * 3_600;

/// A message that names users and was published.
#[derive(Clone, Debug)]
pub struct Mention {
    /// At most [`limits::MENTIONS`] users who may read it.
    pub users: Vec<UserId>,
    pub channel: ChannelId,
    /// The room as those users address it.
    pub room: RoomRef,
    pub message: MessageId,
    pub sender: User,
    pub position: Position,
}

/// Notes mentions for those who are not connected, and for counting what is unread.
///
/// # Errors
/// When Redis can't be asked.
pub async fn note(commands: &mut Commands, mentions: &[Mention]) -> RedisResult<()> {
    if mentions.is_empty() {
        return Ok(());
    }
    let mut notes = pipe();
    for mention in mentions {
        let Position { epoch, seq, ms } = &mention.position;
        let place = format!("{} {epoch} {seq}", mention.channel);
        for user in &mention.users {
            let key = commands.keyspace().mentions(*user);
            let surplus = -(limits::KEPT_MENTIONS as isize) - 1;
            notes.zadd(&key, &place, *ms).ignore();
            notes.zremrangebyrank(&key, 0, surplus).ignore();
            notes.expire(&key, MENTIONS_TTL_SECONDS).ignore();
        }
    }
    notes.query_async(commands).await
}

/// What the sessions of those who are named are told.
pub fn notices(mention: &Mention) -> impl Iterator<Item = Notice> {
    let mut sender = mention.sender.clone();
    // Who writes is there.
    sender.online = Some(true);
    let frame = ServerFrame::Sys(Sys::Mention(people::Mention {
        room: mention.room.clone(),
        uuid: mention.message,
        seq: mention.position.seq,
        epoch: mention.position.epoch.to_string(),
        sender,
    }));
    let users = mention.users.iter();
    users.map(move |user| Notice::frame(*user, Sessions::All, frame.clone()))
}
