//! Health is told on the admin port and never on the public one, and says whether Redis answers.

use std::net::SocketAddr;

use parlor_testkit::{Process, RedisServer, binary, http, wait_until};

use crate::common::{PATIENCE, TestGateway};

async fn get(address: SocketAddr, path: &str) -> http::Response {
    let url = format!("http://{address}{path}");
    http::get(&url).await.expect("an answer")
}

#[tokio::test]
async fn only_the_admin_port_tells_of_health_and_metrics() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    wait_until(PATIENCE, "ready", async || gateway.is_ready().await).await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        let told = get(gateway.admin_address, path).await;
        assert_eq!(told.status, 200, "{path}");
        // The public port has the client's page or nothing, whatever the path.
        let public = get(gateway.address, path).await;
        assert_ne!(public.body, told.body, "{path}");
        assert!(!public.body.contains("# TYPE"), "{path}");
        assert!(!public.body.contains("ready\n"), "{path}");
    }
    for path in ["/", "/ws", "/links"] {
        assert_eq!(get(gateway.admin_address, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_redis_that_stands_still_makes_it_unready_but_not_unhealthy() {
    let mut redis = RedisServer::start().await;
    let settings = ["--probe-interval=100ms"];
    let gateway = TestGateway::start_with(&redis, &settings).await;
    wait_until(PATIENCE, "ready", async || gateway.is_ready().await).await;
    redis.pause();
    wait_until(PATIENCE, "unready", async || !gateway.is_ready().await).await;
    let unready = get(gateway.admin_address, "/readyz").await;
    assert_eq!(unready.status, 503);
    assert!(unready.body.starts_with("redis: "), "{}", unready.body);
    assert_eq!(get(gateway.admin_address, "/healthz").await.status, 200);
    redis.resume();
    wait_until(PATIENCE, "ready again", async || gateway.is_ready().await).await;
}

#[tokio::test]
async fn a_program_can_be_asked_by_another_of_its_kind() {
    let mut redis = RedisServer::start().await;
    let settings = ["--probe-interval=100ms"];
    let gateway = TestGateway::start_with(&redis, &settings).await;
    wait_until(PATIENCE, "ready", async || gateway.is_ready().await).await;
    let ask = async |program: &str, question: &str| {
        let asking = Process::builder(binary(program))
            .env("ADMIN_ADDRESS", gateway.admin_address.to_string())
            .arg(format!("--health-check={question}"));
        let mut asking = asking.start();
        let status = asking.wait(PATIENCE).await;
        (status.code(), asking.log())
    };
    let yes = (Some(0), String::new());
    for program in ["gateway", "history-worker", "presence-worker"] {
        assert_eq!(ask(program, "live").await, yes, "{program}");
        assert_eq!(ask(program, "ready").await, yes, "{program}");
    }
    redis.pause();
    wait_until(PATIENCE, "unready", async || !gateway.is_ready().await).await;
    let (code, why) = ask("gateway", "ready").await;
    assert_eq!(code, Some(1));
    assert!(why.starts_with("redis: "), "{why}");
    assert_eq!(ask("gateway", "live").await, yes);
}
