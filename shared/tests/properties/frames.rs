//! Strategies that make every frame there is.

use std::collections::BTreeMap;

use parlor_shared::{
    id::{MessageId, PhotoId, RoomName, SessionId, UserId, Username},
    protocol::{
        ClientFrame, ErrorBody, ErrorCode, RequestId, ServerFrame,
        change::Mark,
        client::{
            ChannelJoin, ChannelMessage, ChannelMessages, Credentials, Page, Resume, ResumeRoom,
            Secret, SignIn,
        },
        server::{
            Ack, Authorized, ChannelJoined, Departure, History, PhotoLimits, Pong, Presence,
            PrivateMessage, PrivateRoom, PrivateRooms, Ready, Reconnect, Resumed, ResumedRoom,
            Resync, RoomInfo, Rooms, Sending, SignedOut, Sys, Users,
        },
        value::{Look, Message, Photo, Recipient, RoomRef, User},
    },
    roles::SiteRole,
};
use proptest::{
    collection::{btree_map, vec},
    option::of,
    prelude::*,
    sample::select,
};
use uuid::Uuid;

use super::{
    changes::{self, mark, message, message_change, new_poll, target},
    people,
};

/// Any text, with what JSON has to escape and what it need not.
pub const TEXT: &str = "(\\PC|[\"\\\\\n\t\0\u{7f}\u{2028}]){0,24}";

pub fn ids() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

pub fn username() -> impl Strategy<Value = Username> {
    "\\PC{1,32}".prop_filter_map("a name", |text| Username::new(&text).ok())
}

pub fn user() -> impl Strategy<Value = User> {
    let look = (of(TEXT), of(TEXT), of(TEXT)).prop_map(|(display_name, color, avatar)| Look {
        display_name,
        color,
        avatar,
    });
    let parts = (ids(), username(), any::<Option<bool>>(), any::<bool>());
    (parts, look).prop_map(|((uuid, username, online, guest), look)| User {
        uuid: UserId(uuid),
        username,
        online,
        guest,
        look: look.boxed(),
    })
}

fn recipient() -> impl Strategy<Value = Recipient> {
    let user = ids().prop_map(|uuid| Recipient::User(UserId(uuid)));
    prop_oneof![Just(Recipient::General), user]
}

/// Any reference to one room, as the gateway and well-behaved clients write it.
pub fn room() -> impl Strategy<Value = RoomRef> {
    let by_name = "[a-z ]{0,8}[a-z]".prop_map(|name| RoomRef {
        recipient_uuid: None,
        room: Some(name),
    });
    let by_user = of(recipient()).prop_map(|recipient_uuid| RoomRef {
        recipient_uuid,
        room: None,
    });
    prop_oneof![by_name, by_user]
}

/// A message as it is sent.
pub fn plain_message() -> impl Strategy<Value = Message> {
    let who = (ids(), user(), of(recipient()), of(user()));
    let room = of("[a-z]{1,8}".prop_map(|name| RoomName::new(&name).expect("a name")));
    let what = (room, TEXT, of(TEXT), "[0-9TZ:.-]{0,9}", any::<u64>(), TEXT);
    (who, what, of(photo())).prop_map(
        |((uuid, sender, recipient_uuid, recipient), (room, text, name, at, seq, epoch), photo)| {
            Message {
                uuid: MessageId(uuid),
                recipient_uuid,
                recipient,
                room,
                client_message_id: name,
                created_at: at,
                seq,
                epoch,
                photo,
                ..Message::new(sender, text)
            }
        },
    )
}

fn photo() -> impl Strategy<Value = Photo> {
    (ids(), any::<[u32; 2]>(), of((TEXT, TEXT))).prop_map(|(id, [width, height], urls)| {
        let (url, thumbnail_url) = urls.unzip();
        Photo {
            id: PhotoId(id),
            width,
            height,
            url,
            thumbnail_url,
        }
    })
}

fn error() -> impl Strategy<Value = ErrorBody> {
    let parts = (select(&ErrorCode::ALL), TEXT, any::<Option<u64>>());
    parts.prop_map(|(code, text, retry_after_ms)| ErrorBody {
        retry_after_ms,
        ..ErrorBody::new(code, text)
    })
}

fn ready() -> impl Strategy<Value = Ready> {
    let photos = of(any::<[u64; 2]>());
    let parts = (ids(), TEXT, any::<[u64; 4]>(), any::<[bool; 3]>(), photos);
    parts.prop_map(|(uuid, version, numbers, flags, photos)| Ready {
        session_uuid: SessionId(uuid),
        version,
        ping_interval_ms: numbers[0],
        frame_bytes: numbers[1],
        message_characters: numbers[2],
        history_page: numbers[3],
        guests: flags[0],
        sign_up: flags[1],
        create_rooms: flags[2],
        photos: photos.map(|[bytes, megapixels]| PhotoLimits { bytes, megapixels }),
    })
}

fn joined() -> impl Strategy<Value = ChannelJoined> {
    let who = (vec(message(), 0..3), vec(user(), 0..3), any::<u64>());
    let place = (TEXT, any::<u64>(), any::<bool>(), any::<Option<bool>>());
    let read = any::<Option<u64>>();
    let changed = (vec(message_change(), 0..3), marks());
    (room(), who, place, read, changed).prop_map(
        |(
            room,
            (messages, users, users_total),
            (epoch, seq, more, recovered),
            read,
            (changes, marks),
        )| {
            ChannelJoined {
                room,
                messages,
                users: users.into(),
                users_total,
                epoch,
                seq,
                read,
                more,
                recovered,
                changes,
                marks,
                role: None,
                topic: None,
                can_write: None,
                settings: None,
            }
        },
    )
}

fn marks() -> impl Strategy<Value = BTreeMap<MessageId, Mark>> {
    btree_map(ids().prop_map(MessageId), mark(), 0..3)
}

fn ack() -> impl Strategy<Value = Ack> {
    let parts = (room(), ids(), any::<u64>(), TEXT, TEXT, of(TEXT));
    parts.prop_map(|(room, uuid, seq, epoch, at, name)| Ack {
        room,
        uuid: MessageId(uuid),
        seq,
        epoch,
        created_at: at,
        client_message_id: name,
    })
}

fn resumed() -> impl Strategy<Value = Resumed> {
    let parts = (room(), any::<bool>(), TEXT, any::<u64>(), of(error()));
    let entry = parts.prop_map(|(room, recovered, epoch, seq, error)| ResumedRoom {
        room,
        recovered,
        epoch,
        seq,
        error,
    });
    vec(entry, 0..3).prop_map(|rooms| Resumed { rooms })
}

fn sys() -> impl Strategy<Value = Sys> {
    let presence = (room(), of(user()), any::<Option<bool>>(), any::<u64>());
    prop_oneof![
        user().prop_map(|user| Sys::SignIn {
            uuid: user.uuid,
            username: user.username
        }),
        (ids(), user(), room(), any::<Option<u64>>()).prop_map(
            |(session, user, room, users_total)| Sys::ChannelJoin {
                session: SessionId(session),
                user,
                room,
                users_total
            }
        ),
        people::sys(),
        presence.prop_map(|(room, user, online, users_total)| Sys::Presence(Presence {
            room,
            user_uuid: user.as_ref().map(|user| user.uuid),
            username: user.map(|user| user.username),
            online,
            users_total,
        })),
        (user(), TEXT, any::<u64>()).prop_map(|(user, epoch, seq)| Sys::PrivateMessage(
            PrivateMessage {
                recipient_uuid: user.uuid,
                user,
                epoch,
                seq
            }
        )),
        any::<bool>().prop_map(|paused| Sys::Sending(Sending { paused })),
        any::<u64>().prop_map(|delay_ms| Sys::Reconnect(Reconnect { delay_ms })),
        (room(), TEXT, any::<u64>()).prop_map(|(room, epoch, seq)| Sys::Resync(Resync {
            room,
            epoch,
            seq
        })),
    ]
}

fn lists() -> impl Strategy<Value = ServerFrame> {
    let named = (TEXT, any::<u64>()).prop_map(|(room, users)| RoomInfo {
        room,
        users,
        access: None,
    });
    let private = (user(), TEXT).prop_map(|(user, at)| PrivateRoom {
        recipient_uuid: user.uuid,
        user,
        last_message_at: at,
    });
    let total = any::<[u64; 2]>();
    prop_oneof![
        (total, vec(user(), 0..3)).prop_map(|([total, received], users)| {
            ServerFrame::Users(Users {
                total,
                received,
                users,
            })
        }),
        (total, vec(named, 0..3)).prop_map(|([total, received], rooms)| {
            ServerFrame::Rooms(Rooms {
                total,
                received,
                rooms,
            })
        }),
        (total, vec(private, 0..3)).prop_map(|([total, received], rooms)| {
            ServerFrame::PrivateRooms(PrivateRooms {
                total,
                received,
                rooms,
            })
        }),
    ]
}

pub fn server_frame() -> impl Strategy<Value = ServerFrame> {
    let authorized = (user(), TEXT).prop_map(|(user, key)| Authorized {
        user_uuid: user.uuid,
        access_key: Secret(key),
        username: user.username,
        guest: user.guest,
        role: SiteRole::default(),
    });
    let departure = (ids(), ids(), room(), any::<Option<u64>>());
    let departure = departure.prop_map(|(session, user, room, users_total)| Departure {
        session: SessionId(session),
        user: UserId(user),
        room,
        users_total,
    });
    let page = (
        room(),
        vec(message(), 0..3),
        TEXT,
        any::<u64>(),
        any::<bool>(),
        marks(),
    );
    let history = page.prop_map(|(room, messages, epoch, seq, more, marks)| History {
        room,
        messages,
        epoch,
        seq,
        more,
        marks,
    });
    prop_oneof![
        ready().prop_map(ServerFrame::Ready),
        authorized.prop_map(ServerFrame::Authorized),
        ids().prop_map(|uuid| ServerFrame::SignOut(SignedOut { uuid: UserId(uuid) })),
        lists(),
        joined().prop_map(|joined| ServerFrame::ChannelJoin(Box::new(joined))),
        departure.prop_map(ServerFrame::ChannelLeave),
        message().prop_map(|message| ServerFrame::ChannelMessage(Box::new(message))),
        history.prop_map(ServerFrame::ChannelMessages),
        ack().prop_map(ServerFrame::Ack),
        resumed().prop_map(ServerFrame::Resume),
        any::<u64>().prop_map(|time| ServerFrame::Pong(Pong { time })),
        sys().prop_map(ServerFrame::Sys),
        error().prop_map(ServerFrame::Error),
        changes::server_frame(),
        people::server_frame(),
    ]
}

pub fn client_frame() -> impl Strategy<Value = ClientFrame> {
    let credentials = (TEXT, TEXT).prop_map(|(username, password)| Credentials {
        username,
        password: Secret(password),
    });
    let page = (any::<u64>(), any::<Option<u32>>());
    let page = page
        .prop_map(|(offset, limit)| Page { offset, limit })
        .boxed();
    let join = (room(), any::<bool>(), any::<Option<u32>>());
    let said = (
        room(),
        TEXT,
        of("[a-z0-9]{1,64}"),
        of(target()),
        of(new_poll()),
        of(ids()),
    );
    let history = (room(), any::<[Option<u64>; 2]>(), any::<Option<u32>>());
    let resumed = (room(), TEXT, any::<u64>());
    let resumed = resumed.prop_map(|(room, epoch, seq)| ResumeRoom { room, epoch, seq });
    let resume = (ids(), TEXT, vec(resumed, 0..3));
    prop_oneof![
        credentials.clone().prop_map(ClientFrame::SignUp),
        credentials.prop_map(|it| ClientFrame::SignIn(SignIn::Password(it))),
        TEXT.prop_map(|nickname| ClientFrame::SignIn(SignIn::Guest { nickname })),
        Just(ClientFrame::SignOut),
        Just(ClientFrame::Ping),
        page.clone()
            .prop_map(|page| ClientFrame::Users(page.into())),
        people::client_frame(page.clone()),
        page.clone().prop_map(ClientFrame::Rooms),
        page.prop_map(ClientFrame::PrivateRooms),
        join.prop_map(
            |(room, keep_joined, limit)| ClientFrame::ChannelJoin(ChannelJoin {
                room,
                keep_joined,
                limit
            })
        ),
        room().prop_map(ClientFrame::ChannelLeave),
        said.prop_map(
            |(room, message, name, reply_to, poll, photo)| ClientFrame::ChannelMessage(
                ChannelMessage {
                    room,
                    message,
                    client_message_id: name,
                    reply_to,
                    poll,
                    photo: photo.map(PhotoId),
                }
            )
        ),
        history.prop_map(
            |(room, [before, after], limit)| ClientFrame::ChannelMessages(ChannelMessages {
                room,
                before,
                after,
                limit
            })
        ),
        resume.prop_map(|(user, key, rooms)| ClientFrame::Resume(Resume {
            user_uuid: UserId(user),
            access_key: Secret(key),
            rooms
        })),
        changes::client_frame(),
    ]
}

pub fn request_id() -> impl Strategy<Value = Option<RequestId>> {
    of(prop_oneof![
        any::<i64>().prop_map(RequestId::Number),
        "\\PC{0,16}".prop_map(RequestId::Text),
    ])
}
