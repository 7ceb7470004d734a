//! Accounts are found by how their names begin.

use parlor_shared::{
    client::Client,
    protocol::{ClientFrame, ErrorCode, client::Page, people::UserSearch, server::Users},
};
use parlor_testkit::{RedisServer, wait_until};

use crate::common::{PATIENCE, TestGateway, assert_refused};

async fn sign_up(gateway: &TestGateway, name: &str) -> Client {
    let mut client = gateway.client().await;
    client.sign_up(name, "a password").await.expect("signs up");
    client
}

fn search(prefix: &str, page: Page) -> UserSearch {
    UserSearch {
        page,
        prefix: Some(prefix.into()),
    }
}

async fn found(client: &mut Client, prefix: &str) -> Vec<String> {
    let users = client.users(search(prefix, Page::default())).await;
    names(&users.expect("a list"))
}

fn names(users: &Users) -> Vec<String> {
    let users = users.users.iter();
    users.map(|user| user.username.to_string()).collect()
}

#[tokio::test]
async fn names_are_found_by_their_beginning_in_whatever_case_and_by_pages() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let mut ann = sign_up(&one, "Ann").await;
    for name in ["annabel", "ANN lee", "Bob", "Änne", "an"] {
        sign_up(&two, name).await.close().await;
    }
    one.guest("anna the guest").await.close().await;
    assert_eq!(found(&mut ann, "ann").await, ["Ann", "ANN lee", "annabel"]);
    assert_eq!(found(&mut ann, "ANNA").await, ["annabel"]);
    assert_eq!(found(&mut ann, "änn").await, ["Änne"]);
    // The same letters, otherwise composed.
    assert_eq!(found(&mut ann, "A\u{308}nn").await, ["Änne"]);
    assert_eq!(found(&mut ann, "").await.len(), 6, "accounts, no guests");
    assert_eq!(found(&mut ann, "zoe").await, [""; 0]);
    for odd in ["\0", "[", "(", "\u{10ffff}", &"x".repeat(10_000)] {
        assert_eq!(found(&mut ann, odd).await, [""; 0], "{odd:?}");
    }

    let mut paged = Vec::new();
    for offset in 0..4 {
        let page = Page {
            offset,
            limit: Some(1),
        };
        let page = ann.users(search("ann", page)).await.expect("a page");
        assert_eq!(page.total, 3);
        paged.extend(names(&page));
    }
    assert_eq!(paged, ["Ann", "ANN lee", "annabel"]);
    let far = Page {
        offset: u64::MAX,
        limit: None,
    };
    let far = ann.users(search("ann", far)).await.expect("a page");
    assert_eq!((far.total, far.received), (3, 0));
    let online = ann.users(search("ann", Page::default())).await;
    let online: Vec<_> = online
        .expect("a list")
        .users
        .into_iter()
        .map(|it| it.online)
        .collect();
    assert_eq!(online[0], Some(true));
}

#[tokio::test]
async fn accounts_from_before_there_was_an_index_are_entered() {
    let redis = RedisServer::start().await;
    let first = TestGateway::start(&redis).await;
    for name in ["Ann", "Bob"] {
        sign_up(&first, name).await.close().await;
    }
    first.shut_down().await;
    redis.cli(&["DEL", "usersByName"]);
    redis.cli(&["DEL", "usersByNameFilled"]);
    // An entry that nobody can read, and one whose account is no more.
    let gone =
        r#"{"UUID":"7d3c7c54-3b0f-4d0e-9d3e-2f1a6f0b1c01","Username":"Anton","CreatedAt":""}"#;
    redis.cli(&["RPUSH", "users", "nonsense", gone]);
    for number in 0..1_200 {
        // The rest of the list is long enough for several steps.
        if number % 100 == 0 {
            let command = ["RPUSH", "users"].into_iter().chain([gone; 100]);
            redis.cli(&command.collect::<Vec<_>>());
        }
    }
    let gateway = TestGateway::start(&redis).await;
    wait_until(PATIENCE, "the index to be filled", async || {
        redis.cli(&["GET", "usersByNameFilled"]).trim() == "1204"
    })
    .await;
    let mut eve = gateway.guest("eve").await;
    assert_eq!(found(&mut eve, "a").await, ["Ann"]);
    assert_eq!(found(&mut eve, "b").await, ["Bob"]);
}

#[tokio::test]
async fn a_sign_up_that_fails_leaves_no_entry() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut ann = gateway.client().await;
    // The list of users can't be written to.
    redis.cli(&["SET", "users", "no list"]);
    let refused = ann.sign_up("Ann", "a password").await;
    assert_refused(refused, ErrorCode::Unavailable);
    redis.cli(&["DEL", "users"]);
    let mut eve = gateway.guest("eve").await;
    assert_eq!(found(&mut eve, "a").await, [""; 0]);
    ann.sign_up("Ann", "a password")
        .await
        .expect("the name is free");
    assert_eq!(found(&mut eve, "a").await, ["Ann"]);
}

#[tokio::test]
async fn who_is_not_there_finds_nobody() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let mut nobody = gateway.client().await;
    let search = ClientFrame::Users(search("a", Page::default()));
    assert_refused(nobody.request(search).await, ErrorCode::NotSignedIn);
}
