//! The faults there are, how each begins and how it ends.

use std::time::Duration;

use parlor_testkit::{Direction, Proxy};
use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};

use crate::{
    fleet::{Fleet, Part},
    member::Member,
};

/// What may break. Numbers are those of the part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Kill(Target),
    /// Ended with SIGTERM and started again.
    Replace(usize),
    Pause(Target),
    /// All connections between a part and Redis are reset.
    CutFromRedis(Target),
    /// And can't be made again for a while.
    KeepFromRedis(Target),
    DelayRedis(Target),
    StallRedis(Target),
    LoseToRedis(Target),
    LoseFromRedis(Target),
    CutClients(usize),
    RefuseClients(usize),
    DelayClients(usize),
    ThrottleClients(usize),
    StallClients(usize),
    HalfCloseClients(usize),
    KillRedis,
    PauseRedis,
    /// Every fifth member closes the page for a while.
    CloseMembers,
}

/// One of the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Gateway(usize),
    HistoryWorker(usize),
    PresenceWorker(usize),
}

impl Target {
    fn any(rng: &mut StdRng, fleet: &Fleet) -> Self {
        // Gateways as often as both kinds of workers together.
        match rng.random_range(0..4) {
            0 | 1 => Self::Gateway(rng.random_range(0..fleet.gateways.len())),
            2 => Self::HistoryWorker(rng.random_range(0..fleet.history_workers.len())),
            _ => Self::PresenceWorker(rng.random_range(0..fleet.presence_workers.len())),
        }
    }

    fn of(self, fleet: &mut Fleet) -> &mut Part {
        match self {
            Self::Gateway(at) => &mut fleet.gateways[at],
            Self::HistoryWorker(at) => &mut fleet.history_workers[at],
            Self::PresenceWorker(at) => &mut fleet.presence_workers[at],
        }
    }
}

/// The longest that a fault lasts, in milliseconds: beyond every lease, and the time after which a
/// silent gateway is taken for dead.
const LONGEST_MS: u64 = 20_000;
const DELAY: Duration = Duration::from_millis(150);
const THROTTLE_BYTES_PER_SECOND: u32 = 20_000;
/// One member in so many closes the page.
const CLOSING_SHARE: usize = 5;

impl Fault {
    /// A fault, and how long it lasts.
    pub fn draw(rng: &mut StdRng, fleet: &Fleet) -> (Self, Duration) {
        let target = Target::any(rng, fleet);
        let gateway = rng.random_range(0..fleet.gateways.len());
        let all = [
            Self::Kill(target),
            Self::Kill(target),
            Self::Replace(gateway),
            Self::Pause(target),
            Self::CutFromRedis(target),
            Self::KeepFromRedis(target),
            Self::DelayRedis(target),
            Self::StallRedis(target),
            Self::LoseToRedis(target),
            Self::LoseFromRedis(target),
            Self::CutClients(gateway),
            Self::RefuseClients(gateway),
            Self::DelayClients(gateway),
            Self::ThrottleClients(gateway),
            Self::StallClients(gateway),
            Self::HalfCloseClients(gateway),
            Self::KillRedis,
            Self::PauseRedis,
            Self::CloseMembers,
        ];
        let fault = *all.choose(rng).expect("there are some");
        // Short ones are more frequent, and find other things.
        let share: f64 = rng.random();
        let lasts = Duration::from_millis((share.powi(3) * LONGEST_MS as f64) as u64);
        (fault, lasts)
    }

    /// The name to count it by.
    pub fn name(self) -> String {
        let shown = format!("{self:?}");
        let end = shown.find(char::is_numeric).unwrap_or(shown.len());
        shown[..end].trim_end_matches('(').replace('(', " ")
    }

    /// The program that it is about; two faults of one program can't be undone separately.
    pub fn target(self) -> Option<Target> {
        match self {
            Self::Kill(target)
            | Self::Pause(target)
            | Self::CutFromRedis(target)
            | Self::KeepFromRedis(target)
            | Self::DelayRedis(target)
            | Self::StallRedis(target)
            | Self::LoseToRedis(target)
            | Self::LoseFromRedis(target) => Some(target),
            Self::Replace(at)
            | Self::CutClients(at)
            | Self::RefuseClients(at)
            | Self::DelayClients(at)
            | Self::ThrottleClients(at)
            | Self::StallClients(at)
            | Self::HalfCloseClients(at) => Some(Target::Gateway(at)),
            Self::KillRedis | Self::PauseRedis | Self::CloseMembers => None,
        }
    }

    pub async fn begin(self, fleet: &mut Fleet, members: &[Member]) {
        match self {
            Self::Kill(target) => target.of(fleet).kill9(),
            Self::Replace(at) => fleet.gateways[at].terminate(),
            Self::Pause(target) => target.of(fleet).pause(),
            Self::CutFromRedis(target) => target.of(fleet).redis.cut().await,
            Self::KeepFromRedis(target) => keep_away(&target.of(fleet).redis).await,
            Self::DelayRedis(target) => target.of(fleet).redis.delay(DELAY),
            Self::StallRedis(target) => target.of(fleet).redis.stall(true),
            Self::LoseToRedis(target) => {
                let network = &target.of(fleet).redis;
                network.drop_direction(Direction::ToServer, true);
            }
            Self::LoseFromRedis(target) => {
                let network = &target.of(fleet).redis;
                network.drop_direction(Direction::ToClient, true);
            }
            Self::CutClients(at) => fleet.gateways[at].entrance().cut().await,
            Self::RefuseClients(at) => keep_away(fleet.gateways[at].entrance()).await,
            Self::DelayClients(at) => fleet.gateways[at].entrance().delay(DELAY),
            Self::ThrottleClients(at) => {
                let limit = Some(THROTTLE_BYTES_PER_SECOND);
                fleet.gateways[at].entrance().throttle(limit);
            }
            Self::StallClients(at) => fleet.gateways[at].entrance().stall(true),
            Self::HalfCloseClients(at) => {
                let entrance = fleet.gateways[at].entrance();
                entrance.half_close(Direction::ToServer);
            }
            Self::KillRedis => fleet.redis.kill9(),
            Self::PauseRedis => fleet.redis.pause(),
            Self::CloseMembers => {
                for member in members.iter().step_by(CLOSING_SHARE) {
                    member.set_online(false);
                }
            }
        }
    }

    /// Undoes it. Redis is to be undone first, because others need it to become ready.
    pub async fn end(self, fleet: &mut Fleet, members: &[Member]) {
        match self {
            Self::Kill(target) => target.of(fleet).launch(),
            Self::Replace(at) => {
                fleet.gateways[at].ended().await;
                fleet.gateways[at].launch();
            }
            Self::Pause(target) => target.of(fleet).resume(),
            Self::KeepFromRedis(target) => target.of(fleet).redis.refuse(false).await,
            Self::DelayRedis(target) => target.of(fleet).redis.delay(Duration::ZERO),
            Self::StallRedis(target) => target.of(fleet).redis.stall(false),
            Self::LoseToRedis(target) | Self::LoseFromRedis(target) => {
                target.of(fleet).heal_loss().await;
            }
            Self::RefuseClients(at) => fleet.gateways[at].entrance().refuse(false).await,
            Self::DelayClients(at) => fleet.gateways[at].entrance().delay(Duration::ZERO),
            Self::ThrottleClients(at) => fleet.gateways[at].entrance().throttle(None),
            Self::StallClients(at) => fleet.gateways[at].entrance().stall(false),
            Self::KillRedis => fleet.redis.restart().await,
            Self::PauseRedis => fleet.redis.resume(),
            Self::CloseMembers => {
                for member in members.iter().step_by(CLOSING_SHARE) {
                    member.set_online(true);
                }
            }
            Self::CutFromRedis(_) | Self::CutClients(_) | Self::HalfCloseClients(_) => {}
        }
    }

    pub fn is_of_redis(self) -> bool {
        matches!(self, Self::KillRedis | Self::PauseRedis)
    }
}

async fn keep_away(network: &Proxy) {
    network.refuse(true).await;
    network.cut().await;
}
