//! Frames around what people read, type and tell about themselves.

use parlor_shared::{
    id::{MessageId, SessionId, UserId},
    protocol::{
        ClientFrame, ServerFrame,
        client::{Page, Secret},
        people::{
            Done, Mention, PasswordChange, Profile, ProfileOf, ProfileUpdate, Read, ReadTo,
            SessionEnd, Sessions, SignedInSession, SignedOutBy, Typing, TypingNow, Unread,
            UnreadRoom, UserSearch,
        },
        server::Sys,
    },
};
use proptest::{collection::vec, option::of, prelude::*};

use super::frames::{TEXT, ids, room, user};

pub fn client_frame(page: BoxedStrategy<Page>) -> impl Strategy<Value = ClientFrame> {
    let looks = (of(TEXT), of(TEXT), of(TEXT));
    prop_oneof![
        (page.clone(), of(TEXT))
            .prop_map(|(page, prefix)| ClientFrame::Users(UserSearch { page, prefix })),
        (room(), any::<u64>()).prop_map(|(room, seq)| ClientFrame::ReadTo(ReadTo { room, seq })),
        page.prop_map(ClientFrame::Unread),
        (room(), any::<bool>()).prop_map(|(room, on)| ClientFrame::Typing(TypingNow { room, on })),
        ids().prop_map(|uuid| ClientFrame::Profile(ProfileOf {
            user_uuid: UserId(uuid)
        })),
        looks.prop_map(
            |(display_name, color, avatar)| ClientFrame::ProfileUpdate(ProfileUpdate {
                display_name,
                color,
                avatar
            })
        ),
        (TEXT, TEXT).prop_map(|(old, new)| ClientFrame::PasswordChange(PasswordChange {
            old: Secret(old),
            new: Secret(new)
        })),
        Just(ClientFrame::Sessions),
        ids().prop_map(|uuid| ClientFrame::SessionEnd(SessionEnd {
            session_uuid: SessionId(uuid)
        })),
    ]
}

pub fn server_frame() -> impl Strategy<Value = ServerFrame> {
    let counts = any::<[u64; 4]>();
    let unread = (room(), TEXT, counts, of(TEXT)).prop_map(
        |(room, epoch, [seq, read, unread, mentions], last_message_at)| UnreadRoom {
            room,
            epoch,
            seq,
            read,
            unread,
            mentions,
            last_message_at,
        },
    );
    let session = (ids(), TEXT, TEXT, any::<[bool; 2]>(), of(TEXT)).prop_map(
        |(uuid, created_at, last_seen_at, [current, online], client)| SignedInSession {
            session_uuid: SessionId(uuid),
            created_at,
            last_seen_at,
            current,
            online,
            client,
        },
    );
    let profile =
        (user(), TEXT, TEXT, any::<bool>()).prop_map(|(user, created_at, role, online)| Profile {
            user,
            created_at,
            role,
            online,
        });
    prop_oneof![
        Just(ServerFrame::Done(Done {})),
        (any::<[u64; 2]>(), vec(unread, 0..3)).prop_map(|([total, received], rooms)| {
            ServerFrame::Unread(Unread {
                total,
                received,
                rooms,
            })
        }),
        profile.prop_map(|profile| ServerFrame::Profile(Box::new(profile))),
        vec(session, 0..3).prop_map(|sessions| ServerFrame::Sessions(Sessions { sessions })),
    ]
}

pub fn sys() -> impl Strategy<Value = Sys> {
    let place = || (TEXT, any::<u64>());
    prop_oneof![
        (room(), place()).prop_map(|(room, (epoch, seq))| Sys::Read(Read { room, seq, epoch })),
        (room(), ids(), place(), user()).prop_map(|(room, uuid, (epoch, seq), sender)| {
            Sys::Mention(Mention {
                room,
                uuid: MessageId(uuid),
                seq,
                epoch,
                sender,
            })
        }),
        (room(), user(), any::<bool>()).prop_map(|(room, user, on)| Sys::Typing(Typing {
            room,
            user_uuid: user.uuid,
            username: user.username,
            on
        })),
        TEXT.prop_map(|why| Sys::SignedOut(SignedOutBy { why })),
    ]
}
