//! Roles on the site and in rooms: who gives them, what they are good for, and that they count at
//! once on every gateway.

use parlor_shared::{
    client::Client,
    id::MessageId,
    protocol::{
        ErrorCode, ServerFrame,
        client::{Page, Secret},
        moderation::{
            AnyRole, AuditPage, MessageReport, Request, RoomGrade, SettingsPatch, UserDelete,
            UserGrant,
        },
        server::Sys,
        value::RoomRef,
    },
    roles::{Access, RoomRole, SiteRole},
};
use parlor_testkit::RedisServer;

use crate::common::{
    TestGateway, assert_refused,
    moderating::{ask, ban, does, error, grant, info, last_entry, make, page, patch, target, user},
    refusal, room,
};

struct Stage {
    _redis: RedisServer,
    here: TestGateway,
    there: TestGateway,
    admin: Client,
}

impl Stage {
    async fn new() -> Self {
        let redis = RedisServer::start().await;
        let here = TestGateway::start(&redis).await;
        let there = TestGateway::start(&redis).await;
        let mut admin = here.client().await;
        admin.sign_up("root", "secret").await.expect("signs up");
        make(&redis, admin.user(), SiteRole::Admin);
        admin.sign_in("root", "secret").await.expect("signs in");
        Self {
            _redis: redis,
            here,
            there,
            admin,
        }
    }

    async fn account(&self, name: &str) -> Client {
        let mut client = self.there.client().await;
        let me = client.sign_up(name, "secret").await.expect("signs up");
        assert_eq!(me.role, SiteRole::Member);
        client
    }
}

fn role(client: &Client, role: SiteRole) -> Request {
    let user_uuid = client.user();
    Request::UserRole(UserGrant { user_uuid, role })
}

async fn role_changed(client: &mut Client) -> (RoomRef, AnyRole) {
    let changed = client.expect(|frame| match frame {
        ServerFrame::Sys(Sys::RoleChanged(it)) => Some((it.room.clone(), it.role)),
        _ => None,
    });
    changed.await.expect("hears it")
}

#[tokio::test]
async fn a_role_on_the_site_counts_at_once_in_every_room() {
    let mut stage = Stage::new().await;
    let lobby = room("lobby");
    let mut owner = stage.here.guest_in("ann", &lobby).await;
    let mut bob = stage.account("bob").await;
    let kick = Request::RoomKick(ban(&lobby, owner.user(), None));
    assert_refused(ask(&mut bob, kick.clone()).await, ErrorCode::Forbidden);
    does(&mut stage.admin, role(&bob, SiteRole::Moderator)).await;
    let (of, now) = role_changed(&mut bob).await;
    assert_eq!((of, now), (RoomRef::default(), AnyRole::Moderator));
    does(&mut bob, kick).await;
    crate::common::moderating::removed(&mut owner).await;
    // They go where one has to be invited, too.
    let club = room("club");
    let create = SettingsPatch {
        access: Some(Access::Invite),
        ..SettingsPatch::default()
    };
    let create = Request::RoomCreate(patch(&club, create));
    info(&mut owner, create).await.expect("is made");
    bob.join(&club).await.expect("joins");

    // What they may not: give roles, or do to their like what they may do to others.
    let admin = role(&bob, SiteRole::Admin);
    assert_refused(ask(&mut bob, admin).await, ErrorCode::Forbidden);
    let root = parlor_shared::protocol::moderation::UserBan {
        user_uuid: stage.admin.user(),
        seconds: None,
        reason: None,
    };
    let ban_root = Request::UserBan(root);
    assert_refused(ask(&mut bob, ban_root).await, ErrorCode::Forbidden);

    does(&mut stage.admin, role(&bob, SiteRole::Member)).await;
    assert_eq!(role_changed(&mut bob).await.1, AnyRole::Member);
    // Out of where they were by that role alone, and not of other rooms.
    let out = crate::common::moderating::removed(&mut bob).await;
    assert_eq!(out.room.room.as_deref(), Some("club"));
    assert_refused(bob.join(&club).await, ErrorCode::InvitedOnly);
    let kick = Request::RoomKick(ban(&club, owner.user(), None));
    assert_refused(ask(&mut bob, kick).await, ErrorCode::Forbidden);
}

#[tokio::test]
async fn there_is_always_an_admin_and_guests_have_no_role() {
    let mut stage = Stage::new().await;
    let own = role(&stage.admin, SiteRole::Member);
    assert_refused(ask(&mut stage.admin, own).await, ErrorCode::Forbidden);
    let guest = stage.there.guest("guest").await;
    let promote = role(&guest, SiteRole::Admin);
    assert_refused(ask(&mut stage.admin, promote).await, ErrorCode::Forbidden);
    let bob = stage.account("bob").await;
    let demote = role(&bob, SiteRole::Guest);
    assert_refused(ask(&mut stage.admin, demote).await, ErrorCode::Malformed);
}

#[tokio::test]
async fn an_owner_gives_roles_and_the_room_away() {
    let stage = Stage::new().await;
    let lobby = room("lobby");
    let mut ann = stage.here.guest_in("ann", &lobby).await;
    let mut bob = stage.there.guest_in("bob", &lobby).await;
    let mut eve = stage.there.guest("eve").await;
    let give = |client: &Client, role| Request::RoomRole(grant(&lobby, client.user(), role));
    does(&mut ann, give(&bob, RoomGrade::Moderator)).await;
    let (of, now) = role_changed(&mut bob).await;
    assert_eq!(
        (of.room.as_deref(), now),
        (Some("lobby"), AnyRole::Moderator)
    );
    // A moderator makes members, no moderators.
    does(&mut bob, Request::RoomInvite(user(&lobby, eve.user()))).await;
    assert_eq!(role_changed(&mut eve).await.1, AnyRole::Member);
    let moderator = give(&eve, RoomGrade::Moderator);
    assert_refused(ask(&mut bob, moderator).await, ErrorCode::Forbidden);
    let owner = give(&bob, RoomGrade::Owner);
    assert_refused(ask(&mut bob, owner.clone()).await, ErrorCode::Forbidden);

    does(&mut ann, owner).await;
    assert_eq!(role_changed(&mut ann).await.1, AnyRole::Moderator);
    assert_eq!(role_changed(&mut bob).await.1, AnyRole::Owner);
    let details = info(&mut eve, Request::RoomInfo(target(&lobby))).await;
    let details = details.expect("is told");
    assert_eq!(details.owner_uuid, Some(bob.user()));
    assert_eq!((details.role, details.members), (Some(RoomRole::Member), 3));
    let members = ask(&mut eve, Request::RoomMembers(page(&lobby))).await;
    let Ok(ServerFrame::RoomMembers(members)) = members else {
        panic!("{members:?}")
    };
    let listed: Vec<_> = members
        .members
        .iter()
        .map(|member| (member.user.username.as_str(), member.role))
        .collect();
    let expected = [
        ("bob", Some(RoomRole::Owner)),
        ("ann", Some(RoomRole::Moderator)),
        ("eve", Some(RoomRole::Member)),
    ];
    assert_eq!(listed, expected);
    // Who was given a role may give it back.
    let none = give(&ann, RoomGrade::None);
    does(&mut ann, none).await;
    assert_eq!(role_changed(&mut ann).await.1, AnyRole::None);
}

#[tokio::test]
async fn what_was_done_is_in_the_log_and_pages() {
    let mut stage = Stage::new().await;
    let lobby = room("lobby");
    let mut ann = stage.here.guest_in("ann", &lobby).await;
    let mut bob = stage.there.guest_in("bob", &lobby).await;
    does(&mut ann, Request::RoomKick(ban(&lobby, bob.user(), None))).await;
    let entry = last_entry(&mut stage.admin).await;
    assert_eq!((&*entry.action, &*entry.by), ("roomKick", "ann"));
    assert_eq!(entry.by_uuid, Some(ann.user()));
    assert_eq!(entry.room.room.as_deref(), Some("lobby"));
    assert_eq!(entry.user.as_deref(), Some("bob"));
    assert_eq!(entry.detail, "spam");

    bob.join(&lobby).await.expect("comes back");
    let said = ann.say(&lobby, "rude").await.expect("says");
    let report = |room| {
        Request::MessageReport(MessageReport {
            room: RoomRef::from(&room),
            uuid: said.uuid,
            seq: said.seq,
            reason: "an insult".into(),
        })
    };
    does(&mut bob, report(lobby.clone())).await;
    let entry = last_entry(&mut stage.admin).await;
    assert_eq!((&*entry.action, &*entry.by), ("messageReport", "bob"));
    assert!(entry.detail.contains(&said.uuid.to_string()));
    assert_refused(
        ask(&mut bob, report(room("other"))).await,
        ErrorCode::NotJoined,
    );
    let long = Request::MessageReport(MessageReport {
        room: RoomRef::from(&lobby),
        uuid: MessageId::random(),
        seq: 1,
        reason: "x".repeat(501),
    });
    assert_refused(ask(&mut bob, long).await, ErrorCode::Malformed);

    // Pages go back in time, each entry once.
    for _ in 0..3 {
        does(&mut ann, Request::RoomMute(ban(&lobby, bob.user(), None))).await;
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let limit = Some(2);
        let request = Request::AuditLog(AuditPage { before, limit });
        let Ok(ServerFrame::AuditLog(page)) = ask(&mut stage.admin, request).await else {
            panic!("no log")
        };
        before = page.entries.last().map(|entry| entry.id.clone());
        seen.extend(page.entries.into_iter().map(|entry| entry.action));
        if !page.more {
            break;
        }
    }
    let expected = [
        "roomMute",
        "roomMute",
        "roomMute",
        "messageReport",
        "roomKick",
    ];
    assert_eq!(seen, expected);
    let bad = Request::AuditLog(AuditPage {
        before: Some("+ COUNT 1".into()),
        limit: None,
    });
    assert_refused(ask(&mut stage.admin, bad).await, ErrorCode::Malformed);
}

#[tokio::test]
async fn an_account_is_deleted_by_its_owner_with_the_password_and_the_name_is_free() {
    let mut stage = Stage::new().await;
    let lobby = room("lobby");
    let mut bob = stage.account("bob").await;
    let mut other = stage.here.client().await;
    other.sign_in("bob", "secret").await.expect("signs in");
    bob.join(&lobby).await.expect("joins");
    bob.say(&lobby, "I was here").await.expect("says");
    let id = bob.user();
    let delete = |password: Option<&str>| {
        Request::UserDelete(UserDelete {
            user_uuid: id,
            password: password.map(|it| Secret(it.into())),
        })
    };
    assert_refused(ask(&mut bob, delete(None)).await, ErrorCode::Forbidden);
    assert_refused(ask(&mut bob, delete(Some("x"))).await, ErrorCode::SignIn);
    let mut eve = stage.account("eve").await;
    assert_refused(
        ask(&mut eve, delete(Some("secret"))).await,
        ErrorCode::Forbidden,
    );
    let key = bob.me().clone();
    does(&mut bob, delete(Some("secret"))).await;
    for client in [&mut bob, &mut other] {
        let body = error(client).await;
        assert_eq!(body.code, ErrorCode::SessionExpired.number());
        assert_eq!(client.closed().await.expect("is closed"), 4003);
    }
    let mut again = stage.there.client().await;
    let body = refusal(again.resume(&key, Vec::new()).await);
    assert_eq!(body.code, ErrorCode::SessionExpired.number());
    // The name is free, and what was written stays under it.
    let me = again.sign_up("bob", "other").await.expect("signs up");
    assert_ne!(me.user_uuid, id);
    let joined = again.join(&lobby).await.expect("joins");
    assert_eq!(joined.messages[0].message, "I was here");
    assert_eq!(joined.messages[0].sender_uuid, id);
    assert_eq!(joined.role, None, "the room is not theirs");
    let users = again.users(Page::default()).await.expect("users");
    let names: Vec<_> = users
        .users
        .iter()
        .map(|user| user.username.as_str())
        .collect();
    assert_eq!(names, ["root", "eve", "bob"]);
    let entry = last_entry(&mut stage.admin).await;
    assert_eq!(
        (&*entry.action, entry.user.as_deref()),
        ("userDelete", Some("bob"))
    );
}
