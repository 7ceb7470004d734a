//! A room whose bus loses, doubles and reorders, whose repairs come late or find a part, and whose
//! members come and go at any moment: who is in it gets all that follows its history, once and in
//! order, or is told where it did not.

use std::collections::{BTreeMap, VecDeque};

use parlor_gateway::rooms::{
    room::{Deliver, Need, Room},
    view::Kind,
};
use parlor_gateway::websocket::{Frame, payloads};
use parlor_shared::{
    id::{SessionId, UserId},
    protocol::{ServerEnvelope, ServerFrame, server::Sys},
};
use proptest::{collection::vec, prelude::*, sample::Index};
use uuid::Uuid;

use super::message;

/// Members that come and go.
const MEMBERS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    /// A message is stored; nobody hears of it yet.
    Publish,
    /// The bus brings any messages there are at once, however often and late.
    Hear(Vec<Index>),
    /// An answer to the repair that waits: all that is asked for.
    Repair,
    /// The same from a store that has trimmed what is older.
    RepairTrimmed(Index),
    Audit,
    /// A member is let in; it reads its history only when it is released.
    Attach(usize),
    /// A member has read history up to any place at or behind where the room stood when it was let
    /// in.
    Release(usize, Index),
    Detach(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let any_index = any::<Index>;
    prop_oneof![
        4 => Just(Step::Publish),
        6 => vec(any_index(), 1..4).prop_map(Step::Hear),
        3 => Just(Step::Repair),
        1 => any_index().prop_map(Step::RepairTrimmed),
        1 => Just(Step::Audit),
        2 => (0..MEMBERS).prop_map(Step::Attach),
        3 => (0..MEMBERS, any_index()).prop_map(|(member, at)| Step::Release(member, at)),
        1 => (0..MEMBERS).prop_map(Step::Detach),
    ]
}

/// What a member has been given since it was released.
#[derive(Debug)]
struct Member {
    /// Where the store stood when it was let in.
    attached_at: u64,
    released: bool,
    /// The last message it has, or was told to have missed.
    seq: u64,
}

/// Members by number, held to the contract with each frame.
#[derive(Debug, Default)]
struct Members(BTreeMap<usize, Member>);

impl Deliver<usize> for Members {
    fn deliver(&mut self, sink: &usize, frames: &Frame) {
        for payload in payloads(frames.plain()) {
            let envelope: ServerEnvelope = serde_json::from_slice(payload).expect("a frame");
            self.take(*sink, envelope.frame);
        }
    }

    fn give_up(&mut self, _: &usize) {
        panic!("nobody is slow here")
    }
}

impl Members {
    fn take(&mut self, number: usize, frame: ServerFrame) {
        let member = self.0.get_mut(&number).expect("only members get frames");
        assert!(member.released, "nothing comes before the history");
        match frame {
            ServerFrame::ChannelMessage(message) => {
                assert!(
                    message.seq == member.seq + 1,
                    "{number} has {} and gets {}",
                    member.seq,
                    message.seq
                );
                member.seq = message.seq;
            }
            ServerFrame::Sys(Sys::Resync(resync)) => {
                member.seq = resync.seq;
            }
            other => panic!("nobody sends {other:?} here"),
        }
    }
}

/// The room, its store and its members.
struct World {
    room: Room<usize>,
    members: Members,
    /// The last message in the store.
    stored: u64,
    /// Older messages are trimmed.
    trimmed: u64,
    repairs: VecDeque<Need>,
}

impl World {
    fn step(&mut self, step: &Step) {
        let needs = match step {
            Step::Publish => {
                self.stored += 1;
                Vec::new()
            }
            Step::Hear(at) if self.stored > 0 => {
                let stored = self.stored as usize;
                let heard = at.iter().map(|at| message(1 + at.index(stored) as u64));
                self.room.messages(heard, &mut self.members)
            }
            Step::Hear(_) => Vec::new(),
            Step::Repair => self.repair(),
            Step::RepairTrimmed(at) => {
                let trimmed = at.index(self.stored as usize + 1) as u64;
                self.trimmed = self.trimmed.max(trimmed);
                self.repair()
            }
            Step::Audit => self.audit(),
            Step::Attach(member) => {
                self.attach(*member);
                Vec::new()
            }
            Step::Release(member, at) => self.release(*member, |behind| at.index(behind)),
            Step::Detach(member) => {
                self.room.detach(session(*member));
                self.members.0.remove(member);
                Vec::new()
            }
        };
        self.repairs.extend(needs);
    }

    fn repair(&mut self) -> Vec<Need> {
        let Some(Need::Repair { from, to, .. }) = self.repairs.pop_front() else {
            return Vec::new();
        };
        let found = (from.max(self.trimmed + 1)..=to).map(message).collect();
        self.room.repaired(Some(found), &mut self.members)
    }

    fn audit(&mut self) -> Vec<Need> {
        let Some((epoch, seq)) = self.room.settled() else {
            return Vec::new();
        };
        let (epoch, stored) = (epoch.to_owned(), self.stored);
        self.room
            .audit((&epoch, seq), (&epoch, stored), &mut self.members)
    }

    fn attach(&mut self, member: usize) {
        let user = UserId(Uuid::from_u128(member as u128));
        self.room.attach(session(member), user, member, None);
        let state = Member {
            attached_at: self.stored,
            released: false,
            seq: 0,
        };
        self.members.0.insert(member, state);
    }

    /// The history was read after the member was let in, so it reaches at least that far.
    fn release(&mut self, member: usize, choose: impl FnOnce(usize) -> usize) -> Vec<Need> {
        let Some(state) = self.members.0.get_mut(&member) else {
            return Vec::new();
        };
        if state.released {
            return Vec::new();
        }
        let behind = choose((self.stored - state.attached_at) as usize + 1) as u64;
        state.seq = self.stored - behind;
        state.released = true;
        let seq = state.seq;
        self.room
            .release(session(member), "e", seq, &mut self.members)
    }

    /// All answers come, and an audit finds what the bus has not brought.
    fn settle(&mut self) {
        for member in 0..MEMBERS {
            let needs = self.release(member, |_| 0);
            self.repairs.extend(needs);
        }
        for _ in 0..4 {
            let mut answers = 0;
            while !self.repairs.is_empty() {
                let needs = self.repair();
                self.repairs.extend(needs);
                answers += 1;
                assert!(answers < 1_000, "repairs come to an end");
            }
            let needs = self.audit();
            self.repairs.extend(needs);
        }
        assert!(self.repairs.is_empty(), "audits come to rest");
    }
}

fn session(member: usize) -> SessionId {
    SessionId(Uuid::from_u128(100 + member as u128))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn members_have_everything_or_were_told(
        ring_messages in prop_oneof![Just(1_usize), Just(4), Just(64)],
        steps in vec(step(), 1..80),
    ) {
        let mut world = World {
            room: Room::new(Kind::General, ring_messages),
            members: Members::default(),
            stored: 0,
            trimmed: 0,
            repairs: VecDeque::new(),
        };
        for step in &steps {
            world.step(step);
        }
        world.settle();
        for (number, member) in &world.members.0 {
            prop_assert_eq!(member.seq, world.stored, "{} has all", number);
        }
    }
}
