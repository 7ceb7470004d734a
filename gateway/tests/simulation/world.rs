//! The world: time, what happens when, and the weather.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use parlor_gateway::{
    rooms::room::Need,
    session::{Outcome, Rules, effect::Publication},
};
use parlor_shared::{
    config::RateLimit,
    event::{self, MessageEvent},
    id::{Address, ChannelId, SessionId, UserId},
    protocol::server::Ready,
};
use uuid::Uuid;

use super::{
    client::{Client, Light, View},
    gateway::{ConnectionId, Gateway, Joining},
    random::Random,
    store::{Place, Published, Store},
};

/// How long faults go on, in ms of the world's time.
pub const TROUBLE_MS: u64 = 1_500;
/// When all is judged: late answers, audits and reconnections have had their time.
pub const END_MS: u64 = 5_500;
pub const AUDIT_MS: u64 = 400;
/// How long a session may be gone before it is ended.
pub const GRACE_MS: u64 = 300;
/// How long a gateway is silent before it is taken for dead.
pub const DEAD_MS: u64 = 400;
/// How often a client looks after its rooms and messages.
pub const TEND_MS: u64 = 120;

/// What can go wrong in one run, drawn from its seed.
#[derive(Clone, Debug)]
pub struct Weather {
    pub drop_percent: u64,
    pub double_percent: u64,
    pub delay_ms: u64,
    /// Events overtake each other.
    pub reorders: bool,
    /// Answers to repairs and audits come late, in percent.
    pub late_percent: u64,
    /// Things that break in the run.
    pub breakages: u64,
    /// The store forgets: it is flushed, or a replica that was behind takes over.
    pub forgets: bool,
    /// Messages that a room's list keeps.
    pub keep: u64,
    pub ring_messages: usize,
}

#[derive(Debug)]
pub enum Event {
    Tend(usize),
    /// A client that has lost its connection comes back at once.
    Return(usize),
    /// At the gateway.
    Text(ConnectionId, String),
    /// At the client; `None`: the connection has ended.
    Frame(ConnectionId, Option<Bytes>),
    Outcome(ConnectionId, Option<Outcome>),
    Publish(ConnectionId, Box<Publication>),
    Published(ConnectionId, Box<Publication>, Result<Published, ()>),
    Bus {
        gateway: usize,
        line: u64,
        generation: u64,
        channel: ChannelId,
        event: event::Event,
    },
    /// A session leaves a room, at the store; its connection waits for it.
    Leave(ConnectionId, ChannelId, event::Membership),
    /// A session that went without a word is ended.
    End(event::Membership),
    Subscribe(usize, ChannelId, u64),
    Subscribed(usize, ChannelId, u64),
    Join(Box<Joining>),
    Repair(Box<Repair>),
    Repaired(Box<Repair>, Vec<MessageEvent>),
    Audit(usize),
    AuditRead(usize, u64, Vec<(ChannelId, Place)>),
    Audited(usize, u64, Vec<(ChannelId, Place, Place)>),
    Line(usize),
    Renew,
    Breakage,
    Persist,
}

/// A repair on its way.
#[derive(Clone, Debug)]
pub struct Repair {
    pub gateway: usize,
    pub life: u64,
    pub channel: ChannelId,
    pub generation: u64,
    pub epoch: Box<str>,
    pub range: (u64, u64),
    pub tail: Option<Place>,
}

#[derive(Debug)]
pub struct World {
    pub now: u64,
    began: Instant,
    queue: BinaryHeap<Reverse<(u64, usize)>>,
    /// By number; taken when they happen.
    events: Vec<Option<Event>>,
    pub random: Random,
    pub weather: Weather,
    pub store: Store,
    pub gateways: Vec<Gateway>,
    pub clients: Vec<Client>,
    /// Where connections lead, for as long as frames may be on their way.
    pub routes: BTreeMap<ConnectionId, Route>,
    /// Who listens at the store: by gateway and channel, line and generation.
    pub listeners: BTreeMap<(usize, ChannelId), (u64, u64)>,
    pub bus_arrival: Vec<u64>,
    pub publisher_arrival: Vec<u64>,
    pub rules: Arc<Rules>,
    /// General, a named room, and the private room of the first two clients.
    pub channels: [ChannelId; 3],
    frames: BTreeMap<usize, (Bytes, Rc<Light>)>,
    /// Sessions with which their users left a room, whoever heard of it.
    pub departures: BTreeSet<(ChannelId, SessionId)>,
    pub totals: Totals,
    pub trace: bool,
}

/// A connection's two directions keep their order.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub gateway: usize,
    pub client: usize,
    pub up: u64,
    pub down: u64,
}

/// What a run has seen, to know that it saw something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub events: u64,
    pub messages: u64,
    pub deliveries: u64,
    pub gaps: u64,
    pub repaired: u64,
    pub duplicates: u64,
    pub resyncs: u64,
    pub recovered: u64,
    pub unrecovered: u64,
    pub repeated: u64,
    pub left: u64,
    /// Views of who is in a room that were found right in the end.
    pub rosters: u64,
}

impl World {
    pub fn new(seed: u64, trace: bool) -> Self {
        let mut random = Random::new(seed);
        let weather = Weather {
            drop_percent: random.pick(&[0, 0, 2, 10, 40]),
            double_percent: random.pick(&[0, 0, 5, 30]),
            delay_ms: random.pick(&[2, 10, 60, 250]),
            reorders: random.percent(40),
            late_percent: random.pick(&[0, 10, 40]),
            breakages: random.pick(&[0, 2, 5, 9]),
            forgets: random.percent(30),
            keep: random.pick(&[4, 1_000, 1_000, 1_000]),
            ring_messages: random.pick(&[2, 8, 64]),
        };
        let channels = ["{1}public", "{2}tea", "{3}private"].map(ChannelId::new);
        let gateways = random.between(1, 3) as usize;
        let clients = random.between(2, 4) as usize;
        let mut world = Self {
            now: 0,
            began: Instant::now(),
            queue: BinaryHeap::new(),
            events: Vec::new(),
            store: Store::new(weather.keep),
            gateways: Vec::new(),
            clients: Vec::new(),
            routes: BTreeMap::new(),
            listeners: BTreeMap::new(),
            bus_arrival: vec![0; gateways],
            publisher_arrival: vec![0; gateways],
            rules: Arc::new(rules()),
            channels,
            frames: BTreeMap::new(),
            departures: BTreeSet::new(),
            totals: Totals::default(),
            random,
            weather,
            trace,
        };
        for number in 0..gateways {
            let gateway = Gateway {
                line: Some(0),
                ..Gateway::default()
            };
            world.gateways.push(gateway);
            world.later(AUDIT_MS + 7 * number as u64, Event::Audit(number));
        }
        for number in 0..clients {
            world.add_client(number);
        }
        for _ in 0..world.weather.breakages {
            let at = world.random.below(TROUBLE_MS);
            world.later(at, Event::Breakage);
        }
        world.later(50, Event::Persist);
        world
    }

    fn add_client(&mut self, number: usize) {
        let mut client = Client::new(&format!("client{number}"), user(number));
        let mut fields = vec![
            r#""recipientUUID":"""#.to_owned(),
            r#""room":"tea""#.to_owned(),
        ];
        if number < 2 {
            fields.push(format!(r#""recipientUUID":"{}""#, user(1 - number)));
        }
        for (at, field) in fields.into_iter().enumerate() {
            let view = View {
                field,
                wanted: at == 0 || self.random.percent(60),
                ..View::default()
            };
            client.rooms.insert(self.channels[at].clone(), view);
        }
        self.clients.push(client);
        let at = self.random.below(200);
        self.later(at, Event::Tend(number));
    }

    /// The channel of a room as a client addresses it.
    ///
    /// # Panics
    /// When the client knows no such room: it was shown another's.
    pub fn channel(&self, number: usize, address: &Address) -> ChannelId {
        let at = match address {
            Address::General => 0,
            Address::Named(room) if room.as_str() == "tea" => 1,
            Address::Private(other) if number < 2 && *other == user(1 - number) => 2,
            other => panic!("client {number} knows no {other:?}"),
        };
        self.channels[at].clone()
    }

    /// The world's time as the session knows it.
    pub fn instant(&self) -> Instant {
        self.began + Duration::from_millis(self.now)
    }

    pub fn at(&mut self, time: u64, event: Event) {
        let number = self.events.len();
        self.queue.push(Reverse((time.max(self.now), number)));
        self.events.push(Some(event));
    }

    pub fn later(&mut self, wait: u64, event: Event) {
        self.at(self.now + wait, event);
    }

    /// The next event, until the end.
    pub fn take(&mut self) -> Option<Event> {
        let Reverse((time, number)) = self.queue.pop()?;
        if time > END_MS {
            return None;
        }
        self.now = time;
        self.totals.events += 1;
        self.events[number].take()
    }

    /// Whether things still go wrong.
    pub fn trouble(&self) -> bool {
        self.now < TROUBLE_MS
    }

    /// A way's length.
    pub fn delay(&mut self) -> u64 {
        let most = if self.trouble() {
            self.weather.delay_ms
        } else {
            10
        };
        1 + self.random.below(most)
    }

    /// The same for an answer that may come very late.
    pub fn late_delay(&mut self) -> u64 {
        if self.trouble() && self.random.percent(self.weather.late_percent) {
            return self.random.between(100, 1_500);
        }
        self.delay()
    }

    /// Reads a frame; one that was encoded once for many is read once.
    pub fn read(&mut self, frame: &Bytes) -> Rc<Light> {
        let key = frame.as_ptr() as usize;
        if let Some((_, light)) = self.frames.get(&key) {
            return Rc::clone(light);
        }
        let light = serde_json::from_slice(frame).expect("a frame of the protocol");
        let light = Rc::new(light);
        self.frames.insert(key, (frame.clone(), Rc::clone(&light)));
        light
    }

    pub fn needs(&mut self, gateway: usize, channel: &ChannelId, needs: Vec<Need>) {
        for need in needs {
            let Need::Repair { epoch, from, to } = need else {
                assert!(self.weather.forgets, "this store has not gone back");
                let wait = self.delay();
                self.later(wait, Event::Renew);
                continue;
            };
            let Some(entry) = self.gateways[gateway].rooms.get(channel) else {
                return;
            };
            let repair = Repair {
                gateway,
                life: self.gateways[gateway].life,
                channel: channel.clone(),
                generation: entry.generation,
                epoch,
                range: (from, to),
                tail: None,
            };
            let wait = self.delay();
            self.later(wait, Event::Repair(Box::new(repair)));
        }
    }

    pub fn say(&self, text: impl FnOnce() -> String) {
        if self.trace {
            println!("{:5} {}", self.now, text());
        }
    }
}

/// A client's user.
fn user(number: usize) -> UserId {
    UserId(Uuid::from_u128(1 + number as u128))
}

/// A connection's session.
pub fn session(id: ConnectionId) -> SessionId {
    SessionId(Uuid::from_u128(u128::from(id)))
}

fn rules() -> Rules {
    Rules {
        message_characters: 4_000,
        rooms_per_connection: 10,
        frame_rate: RateLimit::Off,
        history_page: 100,
        join_history: 3,
        sign_in_timeout: Duration::from_secs(30),
        ready: Ready {
            session_uuid: SessionId::default(),
            version: String::new(),
            ping_interval_ms: 25_000,
            frame_bytes: 65_536,
            message_characters: 4_000,
            history_page: 100,
            guests: true,
            sign_up: true,
            create_rooms: true,
            photos: None,
        },
    }
}
