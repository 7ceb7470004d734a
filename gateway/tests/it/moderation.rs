//! Kicks, bans and mutes act on every session of the user, on whichever gateway, and stay.

use std::time::{Duration, Instant};

use parlor_shared::{
    client::{Client, ClientError},
    event::Removal,
    id::{Address, RoomName},
    protocol::{
        ClientFrame, ErrorCode, ServerFrame,
        client::{ChannelMessages, Resume, ResumeRoom, Secret},
        moderation::{AuditPage, Request, RoomGrade, UserBan, UserTarget, Why},
        server::Sys,
        value::RoomRef,
    },
    roles::SiteRole,
};
use parlor_testkit::{RedisServer, wait_until};

use crate::common::{
    PATIENCE, TestGateway, assert_refused, keys,
    moderating::{ask, ban, does, error, grant, has_message, make, page, removed, user},
    refusal, room,
};

/// A ban is felt within a second. A busy machine may take longer, but nothing like the 30 s of the
/// audit, which would find it otherwise.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Two gateways on one Redis; the owner of a room on the first, and somebody on both.
struct Stage {
    redis: RedisServer,
    here: TestGateway,
    there: TestGateway,
    lobby: Address,
    owner: Client,
    /// One user's session on each gateway.
    bob: [Client; 2],
}

impl Stage {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(settings: &[&str]) -> Self {
        let redis = RedisServer::start().await;
        let here = TestGateway::start_with(&redis, settings).await;
        let there = TestGateway::start_with(&redis, settings).await;
        let lobby = room("lobby");
        let owner = here.guest_in("ann", &lobby).await;
        let mut one = there.client().await;
        one.sign_up("bob", "secret").await.expect("signs up");
        let mut other = here.client().await;
        other.sign_in("bob", "secret").await.expect("signs in");
        for bob in [&mut one, &mut other] {
            bob.join(&lobby).await.expect("joins");
        }
        Self {
            redis,
            here,
            there,
            lobby,
            owner,
            bob: [one, other],
        }
    }

    async fn owner_does(&mut self, request: Request) {
        does(&mut self.owner, request).await;
    }
}

fn channel() -> parlor_shared::id::ChannelId {
    keys().named_room(&RoomName::new("lobby").expect("a name"))
}

#[tokio::test]
async fn who_is_banned_is_out_on_every_gateway_and_stays_out() {
    let mut stage = Stage::new().await;
    let (lobby, bob) = (stage.lobby.clone(), stage.bob[0].user());
    let began = Instant::now();
    stage
        .owner_does(Request::RoomBan(ban(&lobby, bob, None)))
        .await;
    for bob in &mut stage.bob {
        let removed = removed(bob).await;
        assert_eq!((removed.why, removed.until), (Why::Banned, None));
        assert_eq!(removed.reason.as_deref(), Some("spam"));
    }
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    // The others see them go, once, and nobody lists them any more.
    let left = stage.owner.expect(|frame| match frame {
        ServerFrame::ChannelLeave(left) => Some(left.user),
        _ => None,
    });
    assert_eq!(left.await.expect("hears it"), bob);
    let users = keys().channel_users(&channel());
    assert_eq!(stage.redis.cli(&["HLEN", &users]), "1");

    stage.owner.say(&lobby, "after").await.expect("says");
    stage.owner.settle().await.expect("settles");
    let gone_again = |frame: &ServerFrame| matches!(frame, ServerFrame::ChannelLeave(_));
    assert!(!stage.owner.inbox().any(gone_again));
    for bob in &mut stage.bob {
        // Behind whatever the gateway had for them.
        bob.settle().await.expect("settles");
        assert!(!has_message(bob, "after"));
        assert_refused(bob.say(&lobby, "hi").await, ErrorCode::NotJoined);
        let history = ChannelMessages {
            room: RoomRef::from(&lobby),
            ..ChannelMessages::default()
        };
        assert_refused(bob.history(history).await, ErrorCode::NotJoined);
        let body = refusal(bob.join(&lobby).await);
        assert_eq!(body.code, ErrorCode::Banned.number());
        assert!(
            body.until.is_none() && body.error.contains("spam"),
            "{body:?}"
        );
    }

    // A new connection to the other gateway, and what a resume asks for, change nothing.
    let me = stage.bob[1].me().clone();
    let mut again = stage.there.client().await;
    let rooms = vec![ResumeRoom {
        room: RoomRef::from(&lobby),
        epoch: String::new(),
        seq: 0,
    }];
    let (joined, resumed) = again.resume(&me, rooms).await.expect("resumes");
    assert!(joined.is_empty());
    let error = resumed.rooms[0].error.as_ref().expect("refused");
    assert_eq!(error.code, ErrorCode::Banned.number());

    // The list names them, until the ban is lifted.
    let bans = ask(&mut stage.owner, Request::RoomBans(page(&lobby))).await;
    let Ok(ServerFrame::RoomBans(bans)) = bans else {
        panic!("{bans:?}")
    };
    assert_eq!((bans.total, bans.bans[0].user.uuid), (1, bob));
    stage
        .owner_does(Request::RoomUnban(user(&lobby, bob)))
        .await;
    again.join(&lobby).await.expect("is let in again");
    again.say(&lobby, "back").await.expect("may write");
}

#[tokio::test]
async fn a_ban_with_an_end_ends() {
    let mut stage = Stage::new().await;
    let (lobby, bob) = (stage.lobby.clone(), stage.bob[0].user());
    stage
        .owner_does(Request::RoomBan(ban(&lobby, bob, Some(2))))
        .await;
    let until = removed(&mut stage.bob[0]).await.until;
    assert!(until.is_some());
    let body = refusal(stage.bob[0].join(&lobby).await);
    assert_eq!((body.code, body.until), (ErrorCode::Banned.number(), until));
    let joins = async || stage.bob[0].join(&lobby).await.is_ok();
    let mut joins = joins;
    wait_until(PATIENCE, "the ban is over", async || joins().await).await;
}

#[tokio::test]
async fn who_is_kicked_may_come_back() {
    let mut stage = Stage::new().await;
    let (lobby, bob) = (stage.lobby.clone(), stage.bob[0].user());
    stage
        .owner_does(Request::RoomKick(ban(&lobby, bob, None)))
        .await;
    for bob in &mut stage.bob {
        assert_eq!(removed(bob).await.why, Why::Kicked);
        bob.join(&lobby).await.expect("comes back");
        bob.say(&lobby, "hello again").await.expect("may write");
    }
    stage.owner.say(&lobby, "hello").await.expect("says");
    for bob in &mut stage.bob {
        let heard = bob.expect(|frame| match frame {
            ServerFrame::ChannelMessage(it) if it.message == "hello" => Some(()),
            _ => None,
        });
        heard.await.expect("is in the room");
    }
}

#[tokio::test]
async fn who_is_muted_reads_and_does_not_write() {
    let mut stage = Stage::new().await;
    let (lobby, bob) = (stage.lobby.clone(), stage.bob[0].user());
    stage
        .owner_does(Request::RoomMute(ban(&lobby, bob, Some(600))))
        .await;
    for bob in &mut stage.bob {
        assert!(muted(bob).await);
        let body = refusal(bob.say(&lobby, "hi").await);
        assert_eq!(body.code, ErrorCode::Muted.number());
        assert!(body.retry_after_ms.is_some_and(|ms| ms <= 600_000));
    }
    stage.owner.say(&lobby, "listen").await.expect("says");
    for bob in &mut stage.bob {
        assert_eq!(bob.message().await.expect("reads").message, "listen");
    }
    // Leaving and coming back elsewhere does not help.
    let mut again = stage.there.client().await;
    again.sign_in("bob", "secret").await.expect("signs in");
    let joined = again.join(&lobby).await.expect("may read");
    assert_eq!(joined.can_write, Some(false));
    assert_refused(again.say(&lobby, "hi").await, ErrorCode::Muted);

    stage
        .owner_does(Request::RoomUnmute(user(&lobby, bob)))
        .await;
    for bob in &mut stage.bob {
        assert!(!muted(bob).await);
        bob.say(&lobby, "hi").await.expect("may write");
    }
}

async fn muted(client: &mut Client) -> bool {
    let muted = client.expect(|frame| match frame {
        ServerFrame::Sys(Sys::Muted(muted)) => Some(muted.muted),
        _ => None,
    });
    muted.await.expect("hears it")
}

#[tokio::test]
async fn a_member_who_tries_is_refused() {
    let mut stage = Stage::new().await;
    let (lobby, ann) = (stage.lobby.clone(), stage.owner.user());
    let bob = stage.bob[0].user();
    for request in [
        Request::RoomKick(ban(&lobby, ann, None)),
        Request::RoomBan(ban(&lobby, ann, None)),
        Request::RoomMute(ban(&lobby, ann, None)),
        Request::RoomUnban(user(&lobby, ann)),
        Request::RoomUnmute(user(&lobby, ann)),
        Request::RoomInvite(user(&lobby, ann)),
        Request::RoomRole(grant(&lobby, bob, RoomGrade::Owner)),
        Request::RoomBans(page(&lobby)),
        Request::UserBan(UserBan {
            user_uuid: ann,
            seconds: None,
            reason: None,
        }),
        Request::UserUnban(UserTarget { user_uuid: ann }),
        Request::AuditLog(AuditPage::default()),
    ] {
        let kind = request.kind();
        let body = refusal(ask(&mut stage.bob[0], request).await);
        assert_eq!(body.code, ErrorCode::Forbidden.number(), "{kind}: {body:?}");
    }
    // Nor may a moderator do to the owner, nor to themselves, what they may do to others.
    let role = grant(&lobby, bob, RoomGrade::Moderator);
    stage.owner_does(Request::RoomRole(role)).await;
    for other in [ann, bob] {
        let kick = Request::RoomKick(ban(&lobby, other, None));
        assert_refused(ask(&mut stage.bob[0], kick).await, ErrorCode::Forbidden);
    }
    // And there are rooms where nobody has a role.
    let private = Request::RoomKick(ban(&Address::Private(ann), ann, None));
    assert_refused(ask(&mut stage.bob[0], private).await, ErrorCode::Forbidden);
    let nobody = Request::RoomKick(ban(&lobby, parlor_shared::id::UserId::random(), None));
    assert_refused(ask(&mut stage.owner, nobody).await, ErrorCode::NoSuchUser);
    let nowhere = Request::RoomKick(ban(&room("nowhere"), bob, None));
    assert_refused(ask(&mut stage.owner, nowhere).await, ErrorCode::Join);
    let too_long = Request::RoomBan(ban(&lobby, bob, Some(u64::MAX)));
    assert_refused(ask(&mut stage.owner, too_long).await, ErrorCode::Malformed);
}

#[tokio::test]
async fn a_decision_whose_event_was_lost_is_found_by_the_audit() {
    let mut stage = Stage::with(&["--audit-interval=300ms"]).await;
    let (lobby, bob) = (stage.lobby.clone(), stage.bob[0].user());
    let (meta, id) = (keys().channel_meta(&channel()), bob.to_string());
    // As the script leaves it, without what it publishes.
    stage.redis.cli(&["HINCRBY", &meta, "policy", "1"]);
    let mutes = keys().channel_mutes(&channel());
    stage.redis.cli(&["HSET", &mutes, &id, "0"]);
    for bob in &mut stage.bob {
        assert!(muted(bob).await);
        assert_refused(bob.say(&lobby, "hi").await, ErrorCode::Muted);
    }
    let removal = Removal {
        version: 2,
        why: Why::Banned,
        until: 0,
        reason: String::new(),
        by: None,
        at: 1,
    };
    let removal = serde_json::to_string(&removal).expect("JSON");
    let bans = keys().channel_bans(&channel());
    stage.redis.cli(&["HSET", &bans, &id, &removal]);
    stage.redis.cli(&["HINCRBY", &meta, "policy", "1"]);
    for bob in &mut stage.bob {
        assert_eq!(removed(bob).await.why, Why::Banned);
        assert_refused(bob.say(&lobby, "hi").await, ErrorCode::NotJoined);
    }
    // Settings as well.
    stage.redis.cli(&["HSET", &meta, "topic", "Found"]);
    stage.redis.cli(&["HINCRBY", &meta, "policy", "1"]);
    let changed = stage.owner.expect(|frame| match frame {
        ServerFrame::Sys(Sys::RoomChanged(changed)) => Some(changed.settings.topic.clone()),
        _ => None,
    });
    assert_eq!(changed.await.expect("hears it"), "Found");
}

#[tokio::test]
async fn a_ban_from_the_site_ends_every_session_and_keeps_out() {
    let mut stage = Stage::new().await;
    let mut admin = stage.here.client().await;
    admin.sign_up("root", "secret").await.expect("signs up");
    make(&stage.redis, admin.user(), SiteRole::Admin);
    let me = admin.sign_in("root", "secret").await.expect("signs in");
    assert_eq!(me.role, SiteRole::Admin);
    let bob = stage.bob[0].user();
    let banned = |seconds| {
        Request::UserBan(UserBan {
            user_uuid: bob,
            seconds,
            reason: Some("spam".into()),
        })
    };
    let began = Instant::now();
    does(&mut admin, banned(Some(3_600))).await;
    let key = stage.bob[0].me().access_key.clone();
    for bob in &mut stage.bob {
        let body = error(bob).await;
        assert_eq!(body.code, ErrorCode::Banned.number());
        assert!(body.until.is_some());
        assert_eq!(bob.closed().await.expect("is closed"), 4003);
    }
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    for gateway in [&stage.here, &stage.there] {
        let mut again = gateway.client().await;
        let body = refusal(again.sign_in("bob", "secret").await);
        assert_eq!(body.code, ErrorCode::Banned.number());
        assert!(body.until.is_some());
        assert_refused(resume(&mut again, bob, &key).await, ErrorCode::Banned);
    }
    does(
        &mut admin,
        Request::UserUnban(UserTarget { user_uuid: bob }),
    )
    .await;
    let mut again = stage.there.client().await;
    resume(&mut again, bob, &key).await.expect("comes back");
}

#[tokio::test]
async fn a_ban_of_which_no_gateway_was_told_is_found_by_following_the_log() {
    let mut stage = Stage::with(&["--audit-interval=300ms"]).await;
    let bob = stage.bob[0].user();
    let account = keys().user_account(bob);
    stage.redis.cli(&["HSET", &account, "BannedUntil", "0"]);
    let entry = format!(r#"{{"by":"operator","action":"userBan","userUUID":"{bob}"}}"#);
    let log = keys().audit_log();
    stage.redis.cli(&["XADD", &log, "*", "e", &entry]);
    for bob in &mut stage.bob {
        assert_eq!(error(bob).await.code, ErrorCode::Banned.number());
        assert_eq!(bob.closed().await.expect("is closed"), 4003);
    }
}

async fn resume(
    client: &mut Client,
    user_uuid: parlor_shared::id::UserId,
    key: &Secret,
) -> Result<ServerFrame, ClientError> {
    let block = Resume {
        user_uuid,
        access_key: key.clone(),
        rooms: Vec::new(),
    };
    client.request(ClientFrame::Resume(block)).await
}

#[tokio::test]
async fn a_ban_is_not_outrun_by_a_join() {
    let mut stage = Stage::new().await;
    let (lobby, bob) = (stage.lobby.clone(), stage.bob[0].user());
    let users = keys().channel_users(&channel());
    for _ in 0..20 {
        stage
            .owner_does(Request::RoomUnban(user(&lobby, bob)))
            .await;
        let ban = Request::RoomBan(ban(&lobby, bob, None));
        let [one, other] = &mut stage.bob;
        // Whichever comes first: let in and put out, or not let in.
        let (..) = tokio::join!(
            one.join(&lobby),
            does(&mut stage.owner, ban),
            other.join(&lobby)
        );
        stage.owner.say(&lobby, "after").await.expect("says");
        assert_eq!(stage.redis.cli(&["HEXISTS", &users, &bob.to_string()]), "0");
        for bob in &mut stage.bob {
            // Until it has heard, if it was let in.
            let out = async || matches!(bob.say(&lobby, "x").await, Err(ClientError::Refused(_)));
            let mut out = out;
            wait_until(PATIENCE, "bob is out", async || out().await).await;
            assert_refused(bob.say(&lobby, "x").await, ErrorCode::NotJoined);
        }
    }
}
