//! What the demo's own page sends, letter by letter.

use super::{
    TestGateway,
    page::{Page, text},
};

pub const PASSWORD: &str = "password123";

pub fn sign_in(session: &str, name: &str, password: &str) -> String {
    format!(
        r#"{{"SUUID":"{session}","type":"signIn","signIn":{{"username":"{name}","password":"{password}"}}}}"#
    )
}

pub fn join(session: &str, user: &str, key: &str, recipient: &str) -> String {
    format!(
        r#"{{"SUUID":"{session}","type":"channelJoin","userUUID":"{user}","accessKey":"{key}","channelJoin":{{"recipientUUID":"{recipient}"}}}}"#
    )
}

pub fn say(who: &Who, recipient: &str, message: &str) -> String {
    format!(
        r#"{{"SUUID":"{}","type":"channelMessage","userUUID":"{}","accessKey":"{}","channelMessage":{{"recipientUUID":"{recipient}","message":"{message}"}}}}"#,
        who.session, who.user, who.key
    )
}

/// What the page remembers of its sign-in.
#[derive(Clone, Debug, Default)]
pub struct Who {
    pub session: String,
    pub user: String,
    pub key: String,
}

/// A page as after the click on "Sign in": three frames back to back, before any reply.
pub async fn enter(gateway: &TestGateway, name: &str) -> (Page, Who) {
    let mut page = Page::open(gateway).await;
    let before = Who::default();
    let who = click_sign_in(&mut page, name, &before).await;
    (page, who)
}

pub async fn click_sign_in(page: &mut Page, name: &str, before: &Who) -> Who {
    let users = format!(
        r#"{{"SSUID":"{}","type":"users","userUUID":"{}","accessKey":"{}"}}"#,
        before.session, before.user, before.key
    );
    page.send_all(&[
        &sign_in("", name, PASSWORD),
        &users,
        &join("", &before.user, &before.key, ""),
    ])
    .await;
    let mut frame = page.next().await;
    let mut session = before.session.clone();
    if frame["type"] == "ready" {
        session = text(&frame["ready"]["sessionUUID"]);
        frame = page.next().await;
    }
    // What happened in the room until the sign-in may still be on its way.
    while frame["type"] != "authorized" {
        assert_eq!(frame["type"], "sys", "{frame}");
        frame = page.next().await;
    }
    let own = page.next_is("sys").await;
    assert_eq!(own["sys"]["type"], "signIn");
    assert_eq!(own["sys"]["signIn"]["username"], name);
    page.next_is("users").await;
    let joined = page.next_is("channelJoin").await;
    assert_eq!(joined["channelJoin"]["recipientUUID"], "");
    Who {
        session,
        user: text(&frame["authorized"]["userUUID"]),
        key: text(&frame["authorized"]["accessKey"]),
    }
}
