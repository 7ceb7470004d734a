//! Wrong passwords are counted, by name and by address, for all gateways together.

use parlor_shared::protocol::ErrorCode;
use parlor_testkit::{RedisServer, wait_until};

use crate::common::{PATIENCE, TestGateway, assert_refused, refusal};

const PASSWORD: &str = "correct horse";

#[tokio::test]
async fn wrong_passwords_are_counted_across_gateways() {
    let redis = RedisServer::start().await;
    let (one, two) = (
        TestGateway::start(&redis).await,
        TestGateway::start(&redis).await,
    );
    let mut ann = one.client().await;
    ann.sign_up("Ann", PASSWORD).await.expect("signs up");
    let (mut here, mut there) = (one.client().await, two.client().await);
    for attempt in 0..5 {
        let client = if attempt % 2 == 0 {
            &mut here
        } else {
            &mut there
        };
        let body = refusal(client.sign_in("Ann", "wrong").await);
        assert_eq!((body.code, body.retryable), (4, false), "{body:?}");
    }
    // The sixth, on either gateway and with any password.
    for (is_here, password) in [(true, "wrong"), (false, "wrong"), (true, PASSWORD)] {
        let client = if is_here { &mut here } else { &mut there };
        let body = refusal(client.sign_in("Ann", password).await);
        assert_eq!(body.code, ErrorCode::TooManyAttempts.number(), "{body:?}");
        let wait = body.retry_after_ms.expect("a time to wait");
        assert!(body.retryable && (1..=60_000).contains(&wait), "{body:?}");
    }
    // The address has failed too often as well, whatever the name.
    assert_refused(
        there.sign_in("Bob", PASSWORD).await,
        ErrorCode::TooManyAttempts,
    );
    // Who is signed in stays, and comes back by key.
    ann.settle().await.expect("alive");
    let me = ann.me().clone();
    here.resume(&me, vec![]).await.expect("is back");
}

#[tokio::test]
async fn a_right_password_in_time_starts_the_count_anew() {
    let redis = RedisServer::start().await;
    let settings = ["--sign-in-failures=2/3s"];
    let gateway = TestGateway::start_with(&redis, &settings).await;
    let mut ann = gateway.client().await;
    ann.sign_up("Ann", PASSWORD).await.expect("signs up");
    for _ in 0..2 {
        assert_refused(ann.sign_in("Ann", "wrong").await, ErrorCode::SignIn);
    }
    let body = refusal(ann.sign_in("Ann", PASSWORD).await);
    assert_eq!(body.code, ErrorCode::TooManyAttempts.number());
    wait_until(PATIENCE, "the time is over", async || {
        ann.sign_in("Ann", PASSWORD).await.is_ok()
    })
    .await;
}
