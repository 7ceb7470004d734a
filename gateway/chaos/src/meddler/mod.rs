//! People who change what was said: they edit, delete, react and vote beside the members' talk, each
//! act repeated until it is answered for good. So at the end it is known how every message of theirs
//! has to stand.

mod ending;
mod line;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parlor_shared::{
    id::{Address, MessageId},
    protocol::{
        ClientFrame, ServerFrame,
        change::{
            ChangeKind, Mark, MessageEdit, MessageReact, MessageRef, MessageTarget, NewPoll,
            PollVote,
        },
        client::ChannelMessage,
        value::RoomRef,
    },
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tokio::{task::JoinHandle, time::sleep};

use crate::{
    ledger::{Held, Said},
    member::Names,
};
use line::{Answer, Line};

/// Their numbers begin here, so that their messages are told from members'.
const FIRST_NUMBER: u32 = 1_000_000;
/// Between two acts, in milliseconds.
const PAUSE_MS: std::ops::Range<u64> = 10..80;
const EMOJI: &[&str] = &["👍", "❤️", "👩‍👩‍👧", "\""];
const OPTIONS: u8 = 4;

/// A message that somebody here has sent, for all to react to.
#[derive(Clone, Debug)]
struct Posted {
    room: usize,
    target: MessageRef,
    owner: u32,
    is_poll: bool,
}

/// What one of them knows in the end.
#[derive(Debug, Default)]
struct Done {
    /// By message: its room, its place, and its text; none if it is deleted.
    texts: BTreeMap<MessageId, (usize, u64, Option<String>)>,
    /// What they have chosen on whose message.
    marks: BTreeMap<MessageId, Mark>,
    /// What was acknowledged: room, what it is, epoch and place.
    acknowledged: Vec<(usize, Held, String, u64)>,
    acts: u64,
}

/// All of them.
#[derive(Debug)]
pub struct Meddlers {
    urls: Vec<String>,
    names: Names,
    rooms: usize,
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Done>>,
}

impl Meddlers {
    /// `count` of them in all rooms.
    pub fn start(urls: &[String], names: &Names, rooms: usize, count: u32, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let board = Arc::new(Mutex::default());
        let start = |number: u32| {
            let name = names.meddler(number);
            let addresses: Vec<Address> = (0..rooms).map(|room| names.address(room)).collect();
            let rng = StdRng::seed_from_u64(seed ^ u64::from(FIRST_NUMBER + number));
            let meddler = Meddler {
                number: FIRST_NUMBER + number,
                line: Line::new(urls.to_vec(), name, addresses.clone(), number as usize),
                addresses,
                rng,
                board: Arc::clone(&board),
                sent: 0,
                done: Done::default(),
            };
            tokio::spawn(meddler.run(Arc::clone(&stop)))
        };
        Self {
            urls: urls.to_vec(),
            names: names.clone(),
            rooms,
            tasks: (0..count).map(start).collect(),
            stop,
        }
    }
}

struct Meddler {
    number: u32,
    line: Line,
    addresses: Vec<Address>,
    rng: StdRng,
    board: Arc<Mutex<Vec<Posted>>>,
    sent: u32,
    done: Done,
}

impl Meddler {
    async fn run(mut self, stop: Arc<AtomicBool>) -> Done {
        while !stop.load(Ordering::Relaxed) {
            self.act().await;
            self.done.acts += 1;
            let pause = self.rng.random_range(PAUSE_MS);
            sleep(Duration::from_millis(pause)).await;
        }
        self.line.leave().await;
        self.done
    }

    fn board(&self) -> MutexGuard<'_, Vec<Posted>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn act(&mut self) {
        let any = self.board().choose(&mut self.rng.clone()).cloned();
        let drawn = self.rng.random_range(0..10);
        match any {
            Some(posted) if drawn < 4 && posted.is_poll => self.vote(posted).await,
            Some(posted) if drawn < 4 => self.react(posted).await,
            Some(posted) if drawn < 7 && posted.owner == self.number => self.edit(posted).await,
            Some(posted) if drawn < 8 && posted.owner == self.number && !posted.is_poll => {
                self.delete(posted).await;
            }
            _ if drawn >= 8 || self.sent == 0 => self.post().await,
            _ => {}
        }
    }

    fn room(&self, room: usize) -> RoomRef {
        RoomRef::from(&self.addresses[room])
    }

    async fn post(&mut self) {
        self.sent += 1;
        let said = Said {
            member: self.number,
            number: self.sent,
        };
        let room = self.rng.random_range(0..self.addresses.len());
        let is_poll = self.sent % 4 == 1;
        let poll = is_poll.then(|| NewPoll {
            options: (0..OPTIONS).map(|option| option.to_string()).collect(),
            multiple: true,
            anonymous: false,
            closes_in_seconds: None,
        });
        let text = said.text(0);
        let frame = ClientFrame::ChannelMessage(ChannelMessage {
            room: self.room(room),
            message: text.clone(),
            client_message_id: Some(said.id()),
            poll,
            ..ChannelMessage::default()
        });
        let Answer::Taken(ServerFrame::Ack(ack)) = self.line.ask(frame).await else {
            panic!("a message is taken");
        };
        let target = MessageRef::from(&ack);
        let held = Held::Said(said);
        self.done
            .acknowledged
            .push((room, held, ack.epoch, ack.seq));
        let state = (room, target.seq, Some(text));
        self.done.texts.insert(target.uuid, state);
        let posted = Posted {
            room,
            target,
            owner: self.number,
            is_poll,
        };
        self.board().push(posted);
    }

    async fn edit(&mut self, posted: Posted) {
        let Posted { room, target, .. } = posted;
        let Some((_, _, Some(text))) = self.done.texts.get(&target.uuid) else {
            return;
        };
        let said = Said::parse(text).expect("an own text");
        let edited = format!("{} edit {}", said.id(), self.done.acts);
        let frame = ClientFrame::MessageEdit(MessageEdit {
            room: self.room(room),
            target,
            message: edited.clone(),
            client_message_id: Some(format!("{} e{}", said.id(), self.done.acts)),
        });
        let Answer::Taken(ServerFrame::Ack(ack)) = self.line.ask(frame).await else {
            panic!("an edit of an own message is taken");
        };
        let held = Held::Change(target.uuid, ChangeKind::Edit);
        self.done
            .acknowledged
            .push((room, held, ack.epoch, ack.seq));
        let state = (room, target.seq, Some(edited));
        self.done.texts.insert(target.uuid, state);
    }

    async fn delete(&mut self, posted: Posted) {
        let Posted { room, target, .. } = posted;
        let (room_ref, uuid) = (self.room(room), target.uuid);
        let frame = ClientFrame::MessageDelete(MessageTarget {
            room: room_ref,
            target,
        });
        match self.line.ask(frame).await {
            Answer::Taken(ServerFrame::Ack(ack)) => {
                let held = Held::Change(uuid, ChangeKind::Delete);
                self.done
                    .acknowledged
                    .push((room, held, ack.epoch, ack.seq));
            }
            // It was done the first time, and the answer was lost.
            Answer::Gone => {}
            Answer::Taken(other) => panic!("a deletion was answered by {other:?}"),
        }
        self.done.texts.insert(uuid, (room, target.seq, None));
        self.board().retain(|it| it.target.uuid != uuid);
    }

    async fn react(&mut self, posted: Posted) {
        let emoji = *EMOJI.choose(&mut self.rng).expect("there are some");
        let frame = ClientFrame::MessageReact(MessageReact {
            room: self.room(posted.room),
            target: posted.target,
            emoji: emoji.to_owned(),
            on: self.rng.random_bool(0.6),
        });
        self.choose(posted.target.uuid, frame).await;
    }

    async fn vote(&mut self, posted: Posted) {
        let options = (0..OPTIONS).filter(|_| self.rng.random_bool(0.4)).collect();
        let frame = ClientFrame::PollVote(PollVote {
            room: self.room(posted.room),
            target: posted.target,
            options,
        });
        self.choose(posted.target.uuid, frame).await;
    }

    async fn choose(&mut self, uuid: MessageId, frame: ClientFrame) {
        match self.line.ask(frame).await {
            Answer::Taken(ServerFrame::MessageMark(mark)) => {
                self.done.marks.insert(uuid, mark.mark);
            }
            // Its owner was faster.
            Answer::Gone => drop(self.done.marks.remove(&uuid)),
            Answer::Taken(other) => panic!("a choice was answered by {other:?}"),
        }
    }
}
