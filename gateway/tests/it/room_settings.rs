//! Rooms are as their owners set them: who enters, who writes and how often; on every gateway.

use parlor_shared::{
    client::Client,
    id::Address,
    protocol::{
        ErrorCode, ServerFrame,
        client::{ChannelMessages, Page, ResumeRoom},
        moderation::{Request, RoomGrade, SettingsPatch, Why},
        server::Sys,
        value::RoomRef,
    },
    roles::{Access, RoomRole, RoomSettings, Write},
};
use parlor_testkit::RedisServer;

use crate::common::{
    TestGateway, assert_refused,
    moderating::{ask, ban, does, grant, info, page, patch, removed, target, user},
    refusal, room,
};

struct Stage {
    _redis: RedisServer,
    here: TestGateway,
    there: TestGateway,
}

impl Stage {
    async fn new() -> Self {
        let redis = RedisServer::start().await;
        let here = TestGateway::start(&redis).await;
        let there = TestGateway::start(&redis).await;
        Self {
            _redis: redis,
            here,
            there,
        }
    }
}

/// Waits until the client hears what its room is set to.
async fn changed(client: &mut Client) -> RoomSettings {
    let changed = client.expect(|frame| match frame {
        ServerFrame::Sys(Sys::RoomChanged(changed)) => Some(changed.settings.clone()),
        _ => None,
    });
    changed.await.expect("hears it")
}

async fn names(client: &mut Client) -> Vec<String> {
    let rooms = client.rooms(Page::default()).await.expect("rooms");
    assert_eq!(rooms.total as usize, rooms.rooms.len());
    rooms.rooms.into_iter().map(|room| room.room).collect()
}

fn access(access: Access) -> SettingsPatch {
    SettingsPatch {
        access: Some(access),
        ..SettingsPatch::default()
    }
}

#[tokio::test]
async fn who_makes_a_room_owns_it_and_sets_it() {
    let stage = Stage::new().await;
    let mut ann = stage.here.guest("ann").await;
    let mut bob = stage.there.guest("bob").await;
    let club = room("club");
    let settings = SettingsPatch {
        write: Some(Write::Members),
        topic: Some("Welcome".into()),
        ..access(Access::Unlisted)
    };
    let made = info(
        &mut ann,
        Request::RoomCreate(patch(&club, settings.clone())),
    )
    .await;
    let made = made.expect("is made");
    assert_eq!(made.owner_uuid, Some(ann.user()));
    assert_eq!(made.role, Some(RoomRole::Owner));
    assert_eq!(made.settings.topic, "Welcome");
    let again = Request::RoomCreate(patch(&club, settings));
    assert_refused(ask(&mut bob, again).await, ErrorCode::NameTaken);

    // Who knows the name comes in, and finds the room as it is set.
    let joined = bob.join(&club).await.expect("joins");
    assert_eq!((joined.role, joined.can_write), (None, Some(false)));
    assert_eq!(joined.topic.as_deref(), Some("Welcome"));
    assert_eq!(joined.settings.expect("settings").write, Write::Members);
    assert_refused(bob.say(&club, "hi").await, ErrorCode::Forbidden);
    let joined = ann.join(&club).await.expect("joins");
    assert_eq!(
        (joined.role, joined.can_write),
        (Some(RoomRole::Owner), Some(true))
    );

    // What is changed, those in it hear, on the other gateway too; and it counts at once.
    let open = SettingsPatch {
        write: Some(Write::Everyone),
        ..SettingsPatch::default()
    };
    let updated = Request::RoomUpdate(patch(&club, open.clone()));
    let updated = info(&mut ann, updated).await.expect("is changed");
    assert_eq!(updated.settings.topic, "Welcome", "what is left out stays");
    assert_eq!(changed(&mut bob).await, updated.settings);
    bob.say(&club, "hi").await.expect("may write");

    // Only the owner changes who it is for; a moderator its topic; others nothing.
    let topic = SettingsPatch {
        topic: Some("Mine".into()),
        ..SettingsPatch::default()
    };
    let topic = Request::RoomUpdate(patch(&club, topic));
    assert_refused(ask(&mut bob, topic.clone()).await, ErrorCode::Forbidden);
    let moderator = grant(&club, bob.user(), RoomGrade::Moderator);
    does(&mut ann, Request::RoomRole(moderator)).await;
    info(&mut bob, topic).await.expect("a moderator may");
    let open = Request::RoomUpdate(patch(&club, open));
    assert_refused(ask(&mut bob, open).await, ErrorCode::Forbidden);
    let close = Request::RoomClose(target(&club));
    assert_refused(ask(&mut bob, close).await, ErrorCode::Forbidden);

    let bad = SettingsPatch {
        slow_seconds: Some(1_000_000),
        ..SettingsPatch::default()
    };
    let bad = Request::RoomUpdate(patch(&club, bad));
    assert_refused(ask(&mut ann, bad).await, ErrorCode::Malformed);
    let nowhere = Request::RoomUpdate(patch(&room("nowhere"), access(Access::Public)));
    assert_refused(ask(&mut ann, nowhere).await, ErrorCode::Join);
    let general = Request::RoomUpdate(patch(&Address::General, access(Access::Invite)));
    assert_refused(ask(&mut ann, general).await, ErrorCode::Forbidden);
    let nameless = Request::RoomCreate(patch(&Address::General, SettingsPatch::default()));
    assert_refused(ask(&mut ann, nameless).await, ErrorCode::Malformed);
}

#[tokio::test]
async fn a_room_that_is_joined_first_belongs_to_who_joined() {
    let stage = Stage::new().await;
    let lobby = room("lobby");
    let mut ann = stage.here.guest("ann").await;
    let joined = ann.join(&lobby).await.expect("joins");
    assert_eq!(joined.role, Some(RoomRole::Owner));
    let mut bob = stage.there.guest_in("bob", &lobby).await;
    let details = info(&mut bob, Request::RoomInfo(target(&lobby))).await;
    let details = details.expect("is told");
    assert_eq!(details.owner_uuid, Some(ann.user()));
    assert_eq!((details.role, details.users_total), (None, 2));
    assert_eq!(details.settings, RoomSettings::default());
    let general = bob.join(&Address::General).await.expect("joins");
    assert_eq!((general.role, general.can_write), (None, Some(true)));
}

#[tokio::test]
async fn hidden_rooms_are_listed_to_those_in_them_alone() {
    let stage = Stage::new().await;
    let mut ann = stage.here.guest("ann").await;
    let mut bob = stage.there.guest("bob").await;
    for (name, kind) in [
        ("public", Access::Public),
        ("unlisted", Access::Unlisted),
        ("invite", Access::Invite),
    ] {
        let create = Request::RoomCreate(patch(&room(name), access(kind)));
        info(&mut ann, create).await.expect("is made");
    }
    assert_eq!(names(&mut ann).await, ["invite", "unlisted", "public"]);
    assert_eq!(names(&mut bob).await, ["public"]);
    does(
        &mut ann,
        Request::RoomInvite(user(&room("invite"), bob.user())),
    )
    .await;
    assert_eq!(names(&mut bob).await, ["invite", "public"]);
    // Pages go over both.
    let second = Page {
        offset: 1,
        limit: Some(1),
    };
    let rooms = bob.rooms(second).await.expect("rooms");
    assert_eq!((rooms.total, &*rooms.rooms[0].room), (2, "public"));
    // A room that is hidden later goes from the list, and comes again.
    for (kind, listed) in [(Access::Unlisted, false), (Access::Public, true)] {
        let update = Request::RoomUpdate(patch(&room("public"), access(kind)));
        info(&mut ann, update).await.expect("is changed");
        let names = names(&mut bob).await;
        assert_eq!(names.contains(&"public".to_owned()), listed);
    }
}

#[tokio::test]
async fn a_room_for_the_invited_tells_others_nothing() {
    let stage = Stage::new().await;
    let club = room("club");
    let mut ann = stage.here.guest("ann").await;
    let mut bob = stage.there.guest("bob").await;
    let create = Request::RoomCreate(patch(&club, access(Access::Invite)));
    info(&mut ann, create).await.expect("is made");
    let place = ann.join(&club).await.expect("joins");
    ann.say(&club, "secret").await.expect("says");

    assert_refused(bob.join(&club).await, ErrorCode::InvitedOnly);
    let history = ChannelMessages {
        room: RoomRef::from(&club),
        ..ChannelMessages::default()
    };
    assert_refused(bob.history(history.clone()).await, ErrorCode::NotJoined);
    for request in [
        Request::RoomInfo(target(&club)),
        Request::RoomMembers(page(&club)),
    ] {
        assert_refused(ask(&mut bob, request).await, ErrorCode::InvitedOnly);
    }
    let rooms = vec![ResumeRoom {
        room: RoomRef::from(&club),
        epoch: place.epoch.clone(),
        seq: 0,
    }];
    let me = bob.me().clone();
    let (joined, resumed) = bob.resume(&me, rooms).await.expect("resumes");
    assert!(joined.is_empty());
    let refused = &resumed.rooms[0];
    assert_eq!((&*refused.epoch, refused.seq), ("", 0));
    let error = refused.error.as_ref().expect("refused");
    assert_eq!(error.code, ErrorCode::InvitedOnly.number());

    // Invited, they come in, and hear of it wherever they are.
    does(&mut ann, Request::RoomInvite(user(&club, bob.user()))).await;
    let heard = bob.expect(|frame| match frame {
        ServerFrame::Sys(Sys::RoleChanged(changed)) => changed.room.room.clone(),
        _ => None,
    });
    assert_eq!(heard.await.expect("hears it"), "club");
    let joined = bob.join(&club).await.expect("joins");
    assert_eq!(joined.role, Some(RoomRole::Member));
    assert_eq!(joined.messages[0].message, "secret");

    // Put out, they are not invited any more.
    does(&mut ann, Request::RoomKick(ban(&club, bob.user(), None))).await;
    assert_eq!(removed(&mut bob).await.why, Why::Kicked);
    assert_refused(bob.join(&club).await, ErrorCode::InvitedOnly);
    assert!(names(&mut bob).await.is_empty());
    // So are those whose role is taken.
    does(&mut ann, Request::RoomInvite(user(&club, bob.user()))).await;
    bob.join(&club).await.expect("joins");
    let none = grant(&club, bob.user(), RoomGrade::None);
    does(&mut ann, Request::RoomRole(none)).await;
    assert_eq!(removed(&mut bob).await.why, Why::Kicked);
    ann.say(&club, "among us").await.expect("says");
    bob.settle().await.expect("settles");
    assert!(!crate::common::moderating::has_message(&bob, "among us"));
}

#[tokio::test]
async fn who_is_in_a_room_when_its_door_is_shut_belongs_to_it() {
    let stage = Stage::new().await;
    let lobby = room("lobby");
    let mut ann = stage.here.guest_in("ann", &lobby).await;
    let mut bob = stage.there.guest_in("bob", &lobby).await;
    let mut eve = stage.there.guest("eve").await;
    let shut = Request::RoomUpdate(patch(&lobby, access(Access::Invite)));
    info(&mut ann, shut).await.expect("is changed");
    assert_eq!(changed(&mut bob).await.access, Access::Invite);
    bob.say(&lobby, "still here").await.expect("says");
    bob.leave(&lobby).await.expect("leaves");
    let joined = bob.join(&lobby).await.expect("comes back");
    assert_eq!(joined.role, Some(RoomRole::Member));
    assert_eq!(names(&mut bob).await, ["lobby"]);
    assert_refused(eve.join(&lobby).await, ErrorCode::InvitedOnly);
}

#[tokio::test]
async fn a_closed_room_is_its_moderators_alone() {
    let stage = Stage::new().await;
    let lobby = room("lobby");
    let mut ann = stage.here.guest_in("ann", &lobby).await;
    let mut bob = stage.there.guest_in("bob", &lobby).await;
    let mut mod_ = stage.there.guest_in("mod", &lobby).await;
    let moderator = grant(&lobby, mod_.user(), RoomGrade::Moderator);
    does(&mut ann, Request::RoomRole(moderator)).await;
    let told =
        mod_.expect(|frame| matches!(frame, ServerFrame::Sys(Sys::RoleChanged(_))).then_some(()));
    told.await.expect("hears it");
    does(&mut ann, Request::RoomClose(target(&lobby))).await;
    assert_eq!(removed(&mut bob).await.why, Why::Closed);
    assert_refused(bob.say(&lobby, "hi").await, ErrorCode::NotJoined);
    assert_refused(bob.join(&lobby).await, ErrorCode::RoomClosed);
    mod_.say(&lobby, "tidying up").await.expect("may write");
    assert!(changed(&mut mod_).await.closed);
    // One who is no moderator any more is out as well.
    let member = grant(&lobby, mod_.user(), RoomGrade::Member);
    does(&mut ann, Request::RoomRole(member)).await;
    assert_eq!(removed(&mut mod_).await.why, Why::Closed);
    does(&mut ann, Request::RoomReopen(target(&lobby))).await;
    bob.join(&lobby).await.expect("is open");
    bob.say(&lobby, "hi").await.expect("may write");
}

#[tokio::test]
async fn slow_mode_holds_across_gateways_and_reconnections() {
    let stage = Stage::new().await;
    let lobby = room("lobby");
    let mut ann = stage.here.guest_in("ann", &lobby).await;
    let mut bob = stage.here.client().await;
    bob.sign_up("bob", "secret").await.expect("signs up");
    bob.join(&lobby).await.expect("joins");
    let slow = SettingsPatch {
        slow_seconds: Some(600),
        ..SettingsPatch::default()
    };
    let slow = Request::RoomUpdate(patch(&lobby, slow));
    info(&mut ann, slow).await.expect("is changed");
    changed(&mut bob).await;
    let first = bob.say_as(&lobby, "one", Some("m1")).await.expect("says");
    let body = refusal(bob.say(&lobby, "two").await);
    assert_eq!(body.code, ErrorCode::SlowMode.number());
    assert!(body.retryable);
    let wait = body.retry_after_ms.expect("a wait");
    assert!((590_000..=600_000).contains(&wait), "{wait}");
    // The same message again is the same message, not a second one.
    let again = bob.say_as(&lobby, "one", Some("m1")).await.expect("acks");
    assert_eq!(again.seq, first.seq);
    let mut elsewhere = stage.there.client().await;
    elsewhere.sign_in("bob", "secret").await.expect("signs in");
    elsewhere.join(&lobby).await.expect("joins");
    for id in [None, Some("m2")] {
        let refused = elsewhere.say_as(&lobby, "two", id).await;
        assert_refused(refused, ErrorCode::SlowMode);
    }
    // Others have their own time, and moderators none.
    let mut eve = stage.there.guest_in("eve", &lobby).await;
    eve.say(&lobby, "mine").await.expect("says");
    for text in ["one", "two", "three"] {
        ann.say(&lobby, text).await.expect("an owner may");
    }
    let off = SettingsPatch {
        slow_seconds: Some(0),
        ..SettingsPatch::default()
    };
    let off = Request::RoomUpdate(patch(&lobby, off));
    info(&mut ann, off).await.expect("is changed");
    assert_eq!(changed(&mut elsewhere).await.slow_seconds, 0);
    elsewhere.say(&lobby, "two").await.expect("says");
}
