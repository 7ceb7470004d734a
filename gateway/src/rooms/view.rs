//! What a room looks like to those in it.
//!
//! In a private room each of the two calls the room by the other's UUID, so a frame is encoded for
//! each; everywhere else one encoding serves all.

use parlor_shared::{
    entry::{Changed, Entry},
    event::{Event, MessageEvent},
    id::{Address, RoomName, UserId},
    protocol::{
        ServerEnvelope, ServerFrame,
        change::MessageChange,
        moderation::RoomChanged,
        people::Typing,
        server::{Departure, Presence, Resync, Sys},
        value::{Message, Recipient, RoomRef},
    },
};

/// The room as such, whoever looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    General,
    Named(RoomName),
    /// The two users; the same one twice for notes to oneself.
    Private(UserId, UserId),
}

impl Kind {
    /// The room that `viewer` addresses by `address`.
    pub fn new(address: &Address, viewer: UserId) -> Self {
        match address {
            Address::General => Self::General,
            Address::Named(room) => Self::Named(room.clone()),
            Address::Private(other) => Self::Private(viewer.min(*other), viewer.max(*other)),
        }
    }

    /// How `viewer` addresses it.
    pub fn address(&self, viewer: UserId) -> Address {
        match self {
            Self::General => Address::General,
            Self::Named(room) => Address::Named(room.clone()),
            Self::Private(one, other) => {
                Address::Private(if viewer == *one { *other } else { *one })
            }
        }
    }

    /// The viewers for whom a frame differs: one stands for all where it does not.
    pub fn viewers(&self) -> Viewers {
        match self {
            Self::Private(one, other) => Viewers::Each(*one, *other),
            _ => Viewers::All,
        }
    }
}

/// For whom a frame has to be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewers {
    All,
    Each(UserId, UserId),
}

/// A message as `viewer` sees it: in a private room the other user is its recipient.
pub fn message_for(kind: &Kind, viewer: UserId, mut message: Message) -> Message {
    if let Kind::Private(..) = kind
        && let Address::Private(other) = kind.address(viewer)
    {
        if message.sender_uuid == other && other != viewer {
            let mut sender = message.sender.clone();
            sender.online = None;
            message.recipient = Some(sender);
        }
        message.recipient_uuid = Some(Recipient::User(other));
    }
    message
}

/// The JSON text for an event as `viewer` sees it; `None` for one that can't be read.
pub fn encode(kind: &Kind, viewer: UserId, event: &Event) -> Option<String> {
    let room = || RoomRef::from(&kind.address(viewer));
    let frame = match event {
        Event::Message(event) => live_entry(kind, viewer, event)?,
        Event::Joined { who, users } => {
            let mut user = who.user.clone();
            user.online = Some(true);
            ServerFrame::Sys(Sys::ChannelJoin {
                session: who.session,
                user,
                room: room(),
                users_total: Some(*users),
            })
        }
        Event::Left { who, users } => ServerFrame::ChannelLeave(Departure {
            session: who.session,
            user: who.user.uuid,
            room: room(),
            users_total: Some(*users),
        }),
        Event::Presence { users, online, who } => ServerFrame::Sys(Sys::Presence(Presence {
            room: room(),
            user_uuid: Some(who.user.uuid),
            username: Some(who.user.username.clone()),
            online: Some(*online),
            users_total: *users,
        })),
        Event::Occupancy { users } => ServerFrame::Sys(Sys::Presence(Presence {
            room: room(),
            user_uuid: None,
            username: None,
            online: None,
            users_total: *users,
        })),
        Event::Typing { on, who } => ServerFrame::Sys(Sys::Typing(Typing {
            room: room(),
            user_uuid: who.user.uuid,
            username: who.user.username.clone(),
            on: *on,
        })),
        Event::Settings { settings, .. } => ServerFrame::Sys(Sys::RoomChanged(RoomChanged {
            room: room(),
            settings: (**settings).clone(),
        })),
        // Told to that user's sessions alone.
        Event::User { .. } => return None,
    };
    Some(ServerEnvelope::from(frame).encode())
}

/// A change as `viewer` sees it.
pub fn change_for(kind: &Kind, viewer: UserId, changed: Changed) -> MessageChange {
    let Changed {
        mut change,
        created_at,
        seq,
        epoch,
    } = changed;
    let message = change.message.take();
    change.message = message.map(|message| Box::new(message_for(kind, viewer, *message)));
    MessageChange {
        room: RoomRef::from(&kind.address(viewer)),
        change,
        seq,
        epoch,
        created_at,
    }
}

fn live_entry(kind: &Kind, viewer: UserId, event: &MessageEvent) -> Option<ServerFrame> {
    Some(match event.entry().ok()? {
        Entry::Message(message) => {
            let mut message = message_for(kind, viewer, *message);
            // Who sends is there.
            message.sender.online = Some(true);
            ServerFrame::ChannelMessage(Box::new(message))
        }
        Entry::Change(changed) => {
            ServerFrame::MessageChange(Box::new(change_for(kind, viewer, *changed)))
        }
    })
}

/// Tells `viewer` to join the room again.
pub fn resync(kind: &Kind, viewer: UserId, epoch: &str, seq: u64) -> String {
    let room = RoomRef::from(&kind.address(viewer));
    let resync = Resync {
        room,
        epoch: epoch.to_owned(),
        seq,
    };
    ServerEnvelope::from(ServerFrame::Sys(Sys::Resync(resync))).encode()
}
