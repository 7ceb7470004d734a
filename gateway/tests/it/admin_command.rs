//! The whole life of an account by the operator's command, beside gateways that run.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

use parlor_shared::{
    client::Client,
    protocol::{
        ErrorCode, ServerFrame,
        moderation::{AnyRole, Request},
        server::Sys,
    },
    roles::SiteRole,
};
use parlor_testkit::RedisServer;

use crate::common::{
    TestGateway, assert_refused,
    moderating::{ask, ban, does, error, last_entry},
    room,
};

/// Runs `gateway admin …` and gives what it printed and how it ended.
fn run(redis: &RedisServer, words: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gateway"))
        .arg("admin")
        .args(words)
        // The gateway's settings, from the environment as in a container.
        .env("REDIS_URL", redis.url())
        .env("ARGON2_MEMORY_KIB", "64")
        .env("ARGON2_ITERATIONS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut stdin = child.stdin.take().expect("an input");
    // A command that does not read it may have ended by then.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("ends")
}

/// The same on a thread of its own, with success.
fn admin(redis: &RedisServer, words: &[&str]) -> String {
    let output = tokio::task::block_in_place(|| run(redis, words, ""));
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The same with failure.
fn fails(redis: &RedisServer, words: &[&str], code: i32) -> String {
    let output = tokio::task::block_in_place(|| run(redis, words, ""));
    assert_eq!(output.status.code(), Some(code), "{words:?}: {output:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).expect("text")
}

async fn role_changed(client: &mut Client) -> AnyRole {
    let changed = client.expect(|frame| match frame {
        ServerFrame::Sys(Sys::RoleChanged(changed)) => Some(changed.role),
        _ => None,
    });
    changed.await.expect("hears it")
}

async fn ended(client: &mut Client, code: ErrorCode) {
    assert_eq!(error(client).await.code, code.number());
    assert_eq!(client.closed().await.expect("is closed"), 4003);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_lives_its_whole_life_by_commands() {
    let redis = RedisServer::start().await;
    let here = TestGateway::start(&redis).await;
    let there = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let mut guest = here.guest_in("guest", &lobby).await;
    // Created as everybody is, promoted by the operator: it counts at once.
    let mut ada = there.client().await;
    ada.sign_up("Ada", "secret").await.expect("signs up");
    let told = admin(&redis, &["grant", "Ada"]);
    assert_eq!(told.trim(), "Ada has the role admin now.");
    assert_eq!(role_changed(&mut ada).await, AnyRole::Admin);
    let mute = Request::RoomMute(ban(&lobby, guest.user(), Some(600)));
    does(&mut ada, mute).await;
    let muted =
        guest.expect(|frame| matches!(frame, ServerFrame::Sys(Sys::Muted(_))).then_some(()));
    muted.await.expect("hears it");
    assert_refused(guest.say(&lobby, "hi").await, ErrorCode::Muted);
    let list = admin(&redis, &["list"]);
    assert!(list.lines().any(|line| line == "admin      Ada"), "{list}");
    admin(&redis, &["grant", "Ada", "--role", "moderator"]);
    assert_eq!(role_changed(&mut ada).await, AnyRole::Moderator);
    let told = admin(&redis, &["revoke", "Ada"]);
    assert_eq!(told.trim(), "Ada is a member now, and was: moderator.");
    assert_eq!(role_changed(&mut ada).await, AnyRole::Member);
    let kick = Request::RoomKick(ban(&lobby, guest.user(), None));
    assert_refused(ask(&mut ada, kick).await, ErrorCode::Forbidden);

    // Banned, and let in again.
    let words = ["ban", "Ada", "--seconds", "3600", "--reason", "spam"];
    admin(&redis, &words);
    ended(&mut ada, ErrorCode::Banned).await;
    let mut ada = here.client().await;
    assert_refused(ada.sign_in("Ada", "secret").await, ErrorCode::Banned);
    let list = admin(&redis, &["list"]);
    assert!(
        list.contains("Ada  banned until 2") && list.contains(": spam"),
        "{list}"
    );
    admin(&redis, &["unban", "Ada"]);
    ada.sign_in("Ada", "secret").await.expect("signs in");
    assert!(admin(&redis, &["list"]).starts_with("Nobody"));

    // A new password, made or given.
    let told = admin(&redis, &["reset-password", "Ada"]);
    let made = told
        .trim()
        .rsplit(' ')
        .next()
        .expect("a password")
        .to_owned();
    ended(&mut ada, ErrorCode::SessionExpired).await;
    let mut ada = there.client().await;
    assert_refused(ada.sign_in("Ada", "secret").await, ErrorCode::SignIn);
    ada.sign_in("Ada", &made).await.expect("signs in");
    let words = ["reset-password", "Ada", "--stdin"];
    let output = tokio::task::block_in_place(|| run(&redis, &words, "given by hand\n"));
    assert!(output.status.success());
    assert!(!String::from_utf8_lossy(&output.stdout).contains("given by hand"));
    ended(&mut ada, ErrorCode::SessionExpired).await;
    let mut ada = here.client().await;
    let me = ada.sign_in("Ada", "given by hand").await.expect("signs in");
    assert_eq!(me.role, SiteRole::Member);

    // Gone; somebody else may have the name. The log tells all of it.
    admin(&redis, &["delete", "Ada"]);
    ended(&mut ada, ErrorCode::SessionExpired).await;
    let mut next = there.client().await;
    next.sign_up("Ada", "another")
        .await
        .expect("the name is free");
    admin(&redis, &["grant", "Ada"]);
    role_changed(&mut next).await;
    let entry = last_entry(&mut next).await;
    assert_eq!((&*entry.by, entry.by_uuid), ("operator", None));
    assert_eq!((&*entry.action, &*entry.detail), ("userRole", "admin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_done_is_told_and_fails() {
    let mut redis = RedisServer::start().await;
    let told = fails(&redis, &["grant", "nobody"], 1);
    assert!(told.contains("There is no account named nobody"), "{told}");
    fails(&redis, &["grant"], 2);
    fails(&redis, &["promote", "Ada"], 2);
    fails(&redis, &["grant", "Ada", "--role", "king"], 2);
    fails(&redis, &[], 2);
    let help = admin(&redis, &["--help"]);
    assert!(help.contains("reset-password"), "{help}");
    let gateway = TestGateway::start(&redis).await;
    let mut ada = gateway.client().await;
    ada.sign_up("Ada", "secret").await.expect("signs up");
    let output =
        tokio::task::block_in_place(|| run(&redis, &["reset-password", "Ada", "--stdin"], ""));
    assert_eq!(output.status.code(), Some(1));
    redis.kill9();
    let told = fails(&redis, &["list"], 1);
    assert!(told.contains("Redis can't be reached"), "{told}");
}
