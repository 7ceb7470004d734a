//! Workers that die in the middle of ending a dead gateway's sessions: the next one goes on, and
//! nobody is told anything twice.

mod common;

use std::collections::BTreeSet;

use common::{Gateway, PATIENCE, Stage, Told, keys};
use parlor_shared::id::UserId;
use parlor_testkit::wait_until;

const USERS: usize = 2_000;

struct Crowd {
    stage: Stage,
    gateway: Gateway,
    users: BTreeSet<UserId>,
    told: Told,
}

impl Crowd {
    /// Many users of a gateway that has just died.
    async fn new() -> Self {
        let stage = Stage::new().await;
        let mut gateway = stage.gateway().await;
        let mut users = BTreeSet::new();
        for number in 0..USERS {
            let user = stage.person(&format!("user {number}"), "user").await;
            gateway.enter(&stage, &user).await;
            users.insert(user.uuid);
        }
        let told = stage.listen().await;
        gateway.die();
        Self {
            stage,
            gateway,
            users,
            told,
        }
    }

    /// How many sessions are not ended yet.
    fn left(&self) -> usize {
        let sessions = keys().gateway_sessions(self.gateway.id);
        let left = self.stage.server.cli(&["HLEN", &sessions]);
        left.parse().expect("a number")
    }

    async fn wait_until_some_are_ended(&self) {
        let target = self.left().saturating_sub(USERS / 10);
        let ended = async || self.left() <= target;
        wait_until(PATIENCE, "some are ended", ended).await;
    }

    async fn check(&self) {
        wait_until(PATIENCE, "all are ended", async || self.left() == 0).await;
        let members = keys().channel_users(&self.stage.room);
        assert!(!self.stage.exists(&members), "everyone left");
        // Rooms of more than a hundred are told counts, so only the last hundred are named.
        let named = self.told.left();
        let once: BTreeSet<_> = named.iter().copied().collect();
        assert_eq!(once.len(), named.len(), "nobody left twice");
        assert!(once.is_subset(&self.users));
        for user in &self.users {
            assert_eq!(self.stage.status_ttl_ms(*user), -2);
        }
    }
}

#[tokio::test]
async fn the_next_worker_goes_on_where_one_died() {
    let crowd = Crowd::new().await;
    for _ in 0..3 {
        let mut worker = crowd.stage.worker(&[]).await;
        crowd.wait_until_some_are_ended().await;
        worker.process.kill9();
        assert!(crowd.left() > 0, "it died in the middle");
    }
    let _last = crowd.stage.worker(&[]).await;
    crowd.check().await;
}

#[tokio::test]
async fn a_worker_that_wakes_up_late_tells_nothing_again() {
    let crowd = Crowd::new().await;
    let mut paused = crowd.stage.worker(&[]).await;
    crowd.wait_until_some_are_ended().await;
    paused.process.pause();
    assert!(crowd.left() > 0, "it sleeps in the middle");
    let other = crowd.stage.worker(&[]).await;
    let took_over = async || other.value("parlor_presence_gateways_owned").await == 1;
    wait_until(PATIENCE, "the other took over", took_over).await;
    paused.process.resume();
    let lost = async || paused.value("parlor_presence_leases_lost_total").await == 1;
    wait_until(PATIENCE, "the loss is counted", lost).await;
    crowd.check().await;
}
