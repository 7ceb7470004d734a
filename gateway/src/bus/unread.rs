//! What a user has not read, counted from where their cursors and the rooms stand: nothing is
//! written for it when a message is sent.

use std::collections::HashMap;

use parlor_shared::{
    clock,
    cursor::Cursor,
    id::{ChannelId, UserId},
    keyspace::Keyspace,
    protocol::{
        client::Page,
        people::{Unread, UnreadRoom},
        value::RoomRef,
    },
    redis::Commands,
};
use redis::{AsyncCommands as _, RedisResult, pipe};

use super::cursors;

/// A room with a cursor.
struct Room {
    channel: ChannelId,
    cursor: Cursor,
}

/// A page of the rooms in which a user has a cursor, in an order that reading does not change.
///
/// # Errors
/// When Redis can't be asked.
pub async fn unread(
    mut commands: Commands,
    keyspace: &Keyspace,
    reader: UserId,
    page: Page,
) -> RedisResult<Unread> {
    let cursors: HashMap<String, String> = commands
        .hgetall(commands.keyspace().read_cursors(reader))
        .await?;
    let room = |(channel, cursor): (String, String)| {
        let channel = ChannelId::new(channel);
        Some(Room {
            channel,
            cursor: Cursor::parse(&cursor)?,
        })
    };
    let mut rooms: Vec<Room> = cursors.into_iter().filter_map(room).collect();
    rooms.sort_unstable_by(|one, other| one.channel.cmp(&other.channel));
    let total = rooms.len() as u64;
    let from = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let rooms: Vec<Room> = rooms.into_iter().skip(from).take(page.limit()).collect();
    if rooms.is_empty() {
        return Ok(Unread {
            total,
            received: 0,
            rooms: Vec::new(),
        });
    }
    let channels: Vec<&ChannelId> = rooms.iter().map(|room| &room.channel).collect();
    let stands = cursors::stands(&mut commands, &channels).await?;
    let mentions: Vec<String> = commands
        .zrange(commands.keyspace().mentions(reader), 0, -1)
        .await?;
    let mentions = places(&mentions);
    let mut lookup = pipe();
    for (room, stand) in rooms.iter().zip(&stands) {
        let read = room.cursor.read(stand);
        let changes = commands.keyspace().channel_changes(&room.channel);
        lookup.zcount(changes, format!("({read}"), stand.seq);
        let partition = keyspace.partition_of(&room.channel).unwrap_or_default();
        lookup.zscore(keyspace.channels(partition), room.channel.as_str());
    }
    let facts: Vec<Option<f64>> = lookup.query_async(&mut commands).await?;
    let counted = rooms.iter().zip(&stands).zip(facts.chunks_exact(2));
    let rooms: Vec<UnreadRoom> = counted
        .map(|((room, stand), facts)| {
            let read = room.cursor.read(stand);
            let changes = facts[0].unwrap_or(0.0) as u64;
            let of_room = mentions.get(room.channel.as_str());
            let unread = |(epoch, seq): &&(&str, u64)| *seq > read && stand.has(epoch, *seq);
            UnreadRoom {
                room: RoomRef::from(&room.cursor.address),
                epoch: stand.epoch.clone(),
                seq: stand.seq,
                read,
                unread: (stand.seq - read).saturating_sub(changes),
                mentions: of_room.map_or(0, |all| all.iter().filter(unread).count() as u64),
                last_message_at: facts[1].map(|ms| clock::rfc3339(ms as u64)),
            }
        })
        .collect();
    Ok(Unread {
        total,
        received: rooms.len() as u64,
        rooms,
    })
}

/// The epochs and numbers of messages, by their channels.
fn places(mentions: &[String]) -> HashMap<&str, Vec<(&str, u64)>> {
    let mut places: HashMap<&str, Vec<(&str, u64)>> = HashMap::new();
    for mention in mentions {
        let mut fields = mention.split(' ');
        if let (Some(channel), Some(epoch), Some(seq)) =
            (fields.next(), fields.next(), fields.next())
            && let Ok(seq) = seq.parse()
        {
            places.entry(channel).or_default().push((epoch, seq));
        }
    }
    places
}
