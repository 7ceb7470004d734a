//! Members who talk through the front door of a Parlor that somebody else runs, scales, updates or
//! breaks meanwhile, and the same comparison at the end, with what clients can read.
//!
//! Their rooms and names have a prefix of their own, so other people are neither counted nor troubled.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use parlor_shared::{client::ClientError, id::UserId};

use crate::{
    checker::{Allowed, check_presence},
    ledger::{Kind, Violation},
    member::Names,
    people::{Crowd, People, in_time, of},
    progress::Progress,
    reader::{Read, Reader},
    stage::report::Report,
};

/// How long everything may take to settle, and presence to be the truth.
const SETTLE: Duration = Duration::from_secs(60);
/// How often progress is looked at.
const POLL: Duration = Duration::from_millis(200);

/// Who connects where.
#[derive(Clone, Debug)]
pub struct Visit {
    /// `ws://host:port/ws`
    pub url: String,
    pub crowd: Crowd,
    /// Messages per second.
    pub rate: u32,
    pub seed: u64,
    /// Of the members' names and rooms; nobody may have used it before.
    pub prefix: String,
    /// Messages that a room keeps: the history-workers' `HISTORY_MAX_MESSAGES`.
    pub history_limit: usize,
}

/// Talks until `end`, and compares.
pub async fn run(visit: Visit, end: impl Future<Output = ()>) -> Report {
    let names = Names::with_prefix(visit.prefix);
    let people = People::start(vec![visit.url.clone()], visit.crowd, names, visit.seed).await;
    eprintln!("{} members are in their rooms", people.members.len());
    let load = people.load(visit.rate);
    tokio::select! {
        () = end => {}
        () = show_progress(&people) => {}
    }
    eprintln!("the load ends");
    people.quiet(load).await;

    let mut found = Vec::new();
    if let Err(what) = people.settle(SETTLE).await {
        found.push(Violation::new(Kind::Unexpected, what));
    }
    let began = Instant::now();
    presence(&people, &visit.url, &mut found).await;
    let presence_took = began.elapsed();
    let allowed = Allowed {
        history_limit: visit.history_limit,
        ..Allowed::default()
    };
    if let Err(error) = rooms(&people, &visit.url, allowed, &mut found).await {
        let what = format!("the history can't be read: {error}");
        found.push(Violation::new(Kind::History, what));
    }
    told(&people, &mut found);
    for member in people.members.iter() {
        found.append(&mut member.record().violations);
    }
    let report = Report::new(visit.seed, &people.members, found, presence_took);
    for member in people.members.iter() {
        member.stop();
    }
    report
}

async fn show_progress(people: &People) {
    let mut progress = Progress::default();
    loop {
        tokio::time::sleep(POLL).await;
        progress.show(people, "");
    }
}

/// Waits until all members are shown as online, or tells who is not.
async fn presence(people: &People, url: &str, found: &mut Vec<Violation>) {
    let truth: BTreeMap<UserId, bool> =
        own_users(people).into_iter().map(|it| (it, true)).collect();
    let mut differences = Vec::new();
    let converged = in_time(SETTLE, async || {
        differences = match listed(people, url).await {
            Ok(mut listed) => {
                listed.retain(|user, _| truth.contains_key(user));
                check_presence("in the list of users", &truth, &listed)
            }
            Err(error) => {
                let what = format!("the users can't be listed: {error}");
                vec![Violation::new(Kind::Presence, what)]
            }
        };
        differences.is_empty()
    });
    if !converged.await {
        found.append(&mut differences);
    }
}

async fn listed(people: &People, url: &str) -> Result<BTreeMap<UserId, bool>, ClientError> {
    let mut reader = Reader::connect(url, &people.names).await?.paced();
    let listed = reader.users().await?;
    reader.close().await;
    Ok(listed)
}

async fn rooms(
    people: &People,
    url: &str,
    allowed: Allowed,
    found: &mut Vec<Violation>,
) -> Result<(), ClientError> {
    let mut reader = Reader::connect(url, &people.names).await?.paced();
    for room in 0..people.ledger.rooms() {
        let (epoch, seq, paged) = reader.room(&people.names.address(room), 0).await?;
        // What is missing after this is told by the comparison.
        in_time(SETTLE, async || people.have_all_until(room, &epoch, seq)).await;
        let read = Read {
            epoch,
            seq,
            list: paged.clone(),
            paged,
        };
        found.extend(people.compare(room, read, allowed).violations);
    }
    reader.close().await;
    Ok(())
}

/// Members come back within the grace, whatever happens to a gateway: nobody may hear that one of
/// them was gone.
fn told(people: &People, found: &mut Vec<Violation>) {
    let own = own_users(people);
    let times = |pick: fn(&crate::member::Record) -> &Vec<UserId>| -> usize {
        let of_own = |users: &Vec<UserId>| users.iter().filter(|it| own.contains(it)).count();
        let members = people.members.iter();
        members
            .map(|it| of(it, |record| of_own(pick(record))))
            .sum()
    };
    for (count, what) in [
        (times(|record| &record.told_offline), "gone offline"),
        (times(|record| &record.told_left), "left a room"),
    ] {
        if count > 0 {
            let what = format!("members were told {count} times that another had {what}");
            found.push(Violation::new(Kind::Presence, what));
        }
    }
}

fn own_users(people: &People) -> BTreeSet<UserId> {
    let members = people.members.iter();
    members
        .filter_map(|it| of(it, |record| record.user))
        .collect()
}
