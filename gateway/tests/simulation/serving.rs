//! What gateways do: carry effects out as the real connection does, with the store's answers on
//! their way for a while.

use std::collections::BTreeMap;

use bytes::Bytes;
use parlor_gateway::{
    accounts::Identity,
    bus::history::Range,
    connection::pages,
    rooms::room::Need,
    session::{
        Effect, Outcome, Session, Work,
        effect::{
            AuthenticationOutcome, Join, JoinOutcome, Kind, Publication, RegistrationOutcome, Room,
        },
        rate::SharedBucket,
    },
    websocket::{Frame, payloads},
};
use parlor_shared::{
    config::RateLimit,
    event::{self, Membership},
    id::{Address, ChannelId, MessageId, UserId},
    protocol::{
        ErrorBody, ErrorCode, ServerEnvelope, ServerFrame,
        client::{ConnectQuery, Secret},
        server::Ack,
        value::{RoomRef, User},
    },
    roles::SiteRole,
};

use super::{
    gateway::{Connection, ConnectionId, JoinStep, Joining, Out},
    store::{Place, Published},
    world::{Event, GRACE_MS, World, session},
};

/// Messages that a resume brings at most.
const RESUME_MESSAGES: usize = 20;

impl World {
    /// A client's connection to a gateway.
    pub fn accept(&mut self, id: ConnectionId, gateway: usize) {
        let mut session = Session::new(session(id), self.rules.clone(), self.instant());
        let effects = session.on_connect(ConnectQuery::default());
        let mut connection = Connection::new(session);
        connection.effects.extend(effects);
        self.gateways[gateway].connections.insert(id, connection);
        self.carry_on(id);
    }

    fn connection(&mut self, id: ConnectionId) -> Option<(usize, &mut Connection)> {
        let gateway = self.routes.get(&id)?.gateway;
        let connection = self.gateways[gateway].connections.get_mut(&id)?;
        Some((gateway, connection))
    }

    pub fn text(&mut self, id: ConnectionId, text: String) {
        if let Some((_, connection)) = self.connection(id) {
            connection.texts.push_back(text);
            self.carry_on(id);
        }
    }

    pub fn outcome(&mut self, id: ConnectionId, outcome: Option<Outcome>) {
        let now = self.instant();
        if let Some((_, connection)) = self.connection(id) {
            connection.busy = false;
            if let Some(outcome) = outcome {
                let effects = connection.session.on_outcome(outcome, now);
                connection.put_first(effects);
            }
            self.carry_on(id);
        }
    }

    /// Carries effects out until one takes time or none is left.
    fn carry_on(&mut self, id: ConnectionId) {
        let now = self.instant();
        while let Some((gateway, connection)) = self.connection(id) {
            if connection.busy {
                return;
            }
            let Some(effect) = connection.effects.pop_front() else {
                let Some(text) = connection.texts.pop_front() else {
                    return;
                };
                let effects = connection.session.on_text(&text, now);
                connection.effects.extend(effects);
                continue;
            };
            if connection.in_flight > 0 && !matches!(effect, Effect::Publish(_)) {
                connection.effects.push_front(effect);
                return;
            }
            self.carry_out(id, gateway, effect);
        }
    }

    fn carry_out(&mut self, id: ConnectionId, gateway: usize, effect: Effect) {
        match effect {
            Effect::Publish(publication) => self.publish(id, gateway, publication),
            Effect::Send(envelope) => {
                self.frame_to(id, Some(Frame::text(&envelope.encode()).plain().clone()))
            }
            Effect::Perform(work) => {
                if let Some((_, connection)) = self.connection(id) {
                    connection.busy = true;
                }
                self.perform(id, gateway, work);
            }
            Effect::Release {
                channel,
                epoch,
                seq,
            } => {
                let session = session(id);
                self.say(|| format!("{id} released in {channel} at {epoch} {seq}"));
                self.with_room(gateway, &channel, |room, out| {
                    room.release(session, &epoch, seq, out)
                });
            }
            Effect::Leave { channel } => {
                self.leave(id, &channel);
                if let Some(who) = self.who(id) {
                    self.connection(id).expect("it is there").1.busy = true;
                    let wait = self.delay();
                    self.later(wait, Event::Leave(id, channel, who));
                }
            }
            Effect::Close(_) => self.hang_up(id),
            Effect::Pong { .. }
            | Effect::CountRefused
            | Effect::CountRateLimited
            | Effect::CountAuthFailure => {}
        }
    }

    fn publish(&mut self, id: ConnectionId, gateway: usize, publication: Box<Publication>) {
        if let Some((_, connection)) = self.connection(id) {
            connection.in_flight += 1;
        }
        // One pipeline a gateway: messages arrive in the order in which they were sent.
        let at = (self.now + self.delay()).max(self.publisher_arrival[gateway]);
        self.publisher_arrival[gateway] = at;
        self.at(at, Event::Publish(id, publication));
    }

    pub fn publish_at_store(&mut self, id: ConnectionId, publication: Box<Publication>) {
        let refused = self.trouble() && self.random.percent(2);
        let mut answer = Err(());
        if !refused {
            let knows = !self.trouble() || self.random.percent(60);
            let published = self.store.publish(&publication, self.now, knows);
            self.totals.messages += 1;
            match &published.event {
                Some(event) => {
                    let event = event::Event::Message(event.clone());
                    self.spread(&publication.channel, &event);
                }
                None => self.totals.repeated += 1,
            }
            // The script may have run and its answer be lost all the same.
            if !(self.trouble() && self.random.percent(3)) {
                answer = Ok(published);
            }
        }
        let wait = self.delay();
        self.later(wait, Event::Published(id, publication, answer));
    }

    /// Pub/sub: to every gateway that listens, as the weather has it.
    pub fn spread(&mut self, channel: &ChannelId, event: &event::Event) {
        for gateway in 0..self.gateways.len() {
            let trouble = self.trouble();
            let dropped = trouble && self.random.percent(self.weather.drop_percent);
            let listener = self.listeners.get(&(gateway, channel.clone()));
            let Some(&(line, generation)) = listener.filter(|_| !dropped) else {
                self.lost(gateway, channel, event);
                continue;
            };
            let copies = 1 + u64::from(trouble && self.random.percent(self.weather.double_percent));
            for _ in 0..copies {
                let mut at = self.now + self.delay();
                if !self.weather.reorders {
                    at = at.max(self.bus_arrival[gateway]);
                    self.bus_arrival[gateway] = at;
                }
                let event = Event::Bus {
                    gateway,
                    line,
                    generation,
                    channel: channel.clone(),
                    event: event.clone(),
                };
                self.at(at, event);
            }
        }
    }

    pub fn published(
        &mut self,
        id: ConnectionId,
        publication: Box<Publication>,
        answer: Result<Published, ()>,
    ) {
        let Some((_, connection)) = self.connection(id) else {
            return;
        };
        connection.in_flight -= 1;
        let request = publication.id;
        let frame = match answer {
            // The sender's own copy is the answer; a repeated message has none.
            Ok(published) if request.is_none() && published.event.is_some() => None,
            Ok(Published {
                place: (epoch, seq),
                ..
            }) => Some(ServerFrame::Ack(Ack {
                room: RoomRef::default(),
                uuid: MessageId::default(),
                seq,
                epoch,
                created_at: String::new(),
                client_message_id: publication.message.client_message_id,
            })),
            Err(()) => Some(ServerFrame::Error(ErrorBody::new(
                ErrorCode::Unavailable,
                "away",
            ))),
        };
        if let Some(frame) = frame {
            let envelope = ServerEnvelope { id: request, frame };
            self.frame_to(id, Some(Frame::text(&envelope.encode()).plain().clone()));
        }
        self.carry_on(id);
    }

    fn perform(&mut self, id: ConnectionId, gateway: usize, work: Work) {
        let client = self.routes[&id].client;
        let identity = Identity {
            user: self.clients[client].user.clone(),
            access_key: Secret("k".into()),
            grant: None,
            role: SiteRole::default(),
        };
        let authenticated = |id, kind| {
            Outcome::Authenticated(Box::new(AuthenticationOutcome {
                id,
                kind,
                identity: Ok(identity),
            }))
        };
        let outcome = match work {
            Work::SignInGuest { id, .. } => Some(authenticated(id, Kind::SignIn)),
            Work::Resume { id, rooms, .. } => Some(authenticated(id, Kind::Resume { rooms })),
            Work::Register(authenticated) => {
                Some(Outcome::Registered(Box::new(RegistrationOutcome {
                    authenticated: *authenticated,
                    messages: Ok(SharedBucket::new(RateLimit::Off)),
                })))
            }
            Work::FinishResume { id } => Some(Outcome::Resumed { id }),
            Work::Join(join) => {
                self.attach(id, gateway, *join);
                return;
            }
            // What people have read is no part of the model.
            Work::People { .. } => None,
            other => panic!("no client asks for {other:?}"),
        };
        let wait = self.delay();
        self.later(wait, Event::Outcome(id, outcome));
    }

    fn attach(&mut self, id: ConnectionId, gateway: usize, join: Join) {
        let client = self.routes[&id].client;
        let channel = self.channel(client, &join.address);
        let view = self.clients[client].rooms.get_mut(&channel);
        view.expect("a known room").stale = false;
        let mut joining = Joining {
            connection: id,
            join,
            channel: channel.clone(),
            backlog: None,
            stands: Place::default(),
            tail: Place::default(),
            found: None,
            step: JoinStep::Script,
        };
        let ring = self.weather.ring_messages;
        if let Some(generation) = self.gateways[gateway].attach(&mut joining, ring) {
            let wait = self.delay();
            self.later(wait, Event::Subscribe(gateway, channel.clone(), generation));
        }
        let Some(entry) = self.gateways[gateway].rooms.get_mut(&channel) else {
            return;
        };
        if entry.subscribed {
            let wait = self.delay();
            self.later(wait, Event::Join(Box::new(joining)));
        } else {
            entry.waiting.push(joining);
        }
    }

    pub fn subscribe(&mut self, gateway: usize, channel: ChannelId, generation: u64) {
        let Some(line) = self.gateways[gateway].line else {
            return;
        };
        let known = self.gateways[gateway].rooms.get(&channel);
        if known.is_some_and(|entry| entry.generation == generation) {
            let key = (gateway, channel.clone());
            self.listeners.insert(key, (line, generation));
            let wait = self.delay();
            self.later(wait, Event::Subscribed(gateway, channel, generation));
        }
    }

    pub fn subscribed(&mut self, gateway: usize, channel: &ChannelId, generation: u64) {
        let Some(entry) = self.gateways[gateway].rooms.get_mut(channel) else {
            return;
        };
        if entry.generation != generation {
            return;
        }
        entry.subscribed = true;
        for joining in std::mem::take(&mut entry.waiting) {
            let wait = self.delay();
            self.later(wait, Event::Join(Box::new(joining)));
        }
    }

    /// The next step of a join, at the store.
    pub fn join(&mut self, mut joining: Box<Joining>) {
        if self.connection(joining.connection).is_none() {
            return;
        }
        if self.trouble() && self.random.percent(1) {
            let away = ErrorBody::new(ErrorCode::Unavailable, "away");
            self.leave(joining.connection, &joining.channel.clone());
            self.joined(&joining, Err(away));
            return;
        }
        let backlog = joining.backlog.clone();
        let since = backlog.as_ref().map(|it| (it.epoch.as_str(), it.seq));
        let channel = joining.channel.clone();
        let stands = joining.stands.clone();
        let stands = (stands.0.as_str(), stands.1);
        joining.step = match joining.step {
            JoinStep::Script => {
                let place = self.enter(&joining);
                joining.stands = place.clone();
                let stands = (place.0.as_str(), place.1);
                if let (Some(since), Some(missed)) =
                    (since, backlog.as_ref().and_then(|it| it.messages.as_ref()))
                    && let Some(found) = pages::from_ring(since, stands, missed)
                {
                    joining.found = Some(found);
                }
                match since {
                    _ if joining.found.is_some() => JoinStep::Roster,
                    Some(since) if pages::may_follow(since, stands) => JoinStep::TailBehind,
                    _ => JoinStep::TailFresh,
                }
            }
            JoinStep::TailBehind => {
                joining.tail = self.store.tail(&channel);
                JoinStep::ListBehind
            }
            JoinStep::ListBehind => {
                let since = since.expect("only who resumes reads behind a place");
                let range = Range::After(since.1);
                let page = self
                    .store
                    .page(&channel, &joining.tail, range, RESUME_MESSAGES);
                joining.found = pages::recovered(since, stands, page);
                match joining.found {
                    Some(_) => JoinStep::Roster,
                    None => JoinStep::TailFresh,
                }
            }
            JoinStep::TailFresh => {
                joining.tail = self.store.tail(&channel);
                JoinStep::ListFresh
            }
            JoinStep::ListFresh => {
                let count = joining.join.count;
                let page = self.store.page(&channel, &joining.tail, Range::Last, count);
                joining.found = Some(pages::fresh(stands, page));
                JoinStep::Roster
            }
            JoinStep::Roster => {
                let found = joining.found.take().expect("the history was read");
                self.joined(&joining, Ok(found));
                return;
            }
        };
        let wait = self.delay();
        self.later(wait, Event::Join(joining));
    }

    /// The join script, which tells the room of a user who is new there.
    fn enter(&mut self, joining: &Joining) -> Place {
        let Joining { channel, join, .. } = joining;
        let session = session(joining.connection);
        let (place, first) = self.store.join(channel, session, join.user.uuid);
        if first {
            let users = self.store.users(channel).len() as u64;
            let user = join.user.clone();
            let who = Membership { session, user };
            self.spread(channel, &event::Event::Joined { users, who });
        }
        place
    }

    fn user(&self, uuid: UserId) -> User {
        let mut users = self.clients.iter().map(|client| &client.user);
        let found = users.find(|user| user.uuid == uuid);
        found.expect("a client's user").clone()
    }

    fn joined(&mut self, joining: &Joining, found: Result<pages::Pages, ErrorBody>) {
        let peer = match joining.join.address {
            Address::Private(other) => Some(self.user(other)),
            _ => None,
        };
        let users = self.store.users(&joining.channel);
        let users: Vec<User> = users.into_iter().map(|uuid| self.user(uuid)).collect();
        let result = found.map(|found| Room {
            channel: joining.channel.clone(),
            peer,
            messages: found.messages,
            changes: Vec::new(),
            marks: BTreeMap::new(),
            users_total: users.len() as u64,
            users: users.into(),
            epoch: found.epoch,
            seq: found.seq,
            read: None,
            more: found.more,
            recovered: found.recovered,
            standing: None,
        });
        let join = joining.join.clone();
        let outcome = Outcome::Joined(Box::new(JoinOutcome { join, result }));
        let wait = self.delay();
        self.later(wait, Event::Outcome(joining.connection, Some(outcome)));
    }

    /// A membership ends.
    fn leave(&mut self, id: ConnectionId, channel: &ChannelId) {
        let Some((gateway, connection)) = self.connection(id) else {
            return;
        };
        if let Some(attachment) = connection.memberships.remove(channel)
            && self.gateways[gateway].detach(channel, session(id), attachment)
        {
            self.listeners.remove(&(gateway, channel.clone()));
        }
    }

    /// The gateway's end of a connection goes: out of all rooms.
    pub fn hang_up(&mut self, id: ConnectionId) {
        let Some((gateway, connection)) = self.connection(id) else {
            return;
        };
        let channels: Vec<ChannelId> = connection.memberships.keys().cloned().collect();
        for channel in channels {
            self.leave(id, &channel);
        }
        self.depart(id, GRACE_MS);
        self.gateways[gateway].connections.remove(&id);
        self.frame_to(id, None);
    }

    /// Lets a room decide and does what it needs.
    pub fn with_room(
        &mut self,
        gateway: usize,
        channel: &ChannelId,
        decide: impl FnOnce(&mut parlor_gateway::rooms::room::Room<ConnectionId>, &mut Out) -> Vec<Need>,
    ) {
        let Some(entry) = self.gateways[gateway].rooms.get_mut(channel) else {
            return;
        };
        let mut out = Out::default();
        let needs = decide(&mut entry.room, &mut out);
        let stats = std::mem::take(&mut entry.room.stats);
        self.totals.deliveries += stats.deliveries;
        self.totals.gaps += stats.gaps;
        self.totals.repaired += stats.repaired_messages;
        self.totals.duplicates += stats.duplicates;
        self.totals.resyncs += stats.resyncs;
        for (id, frame) in out.frames {
            self.frame_to(id, Some(frame));
        }
        for id in out.given_up {
            self.hang_up(id);
        }
        self.needs(gateway, channel, needs);
    }

    /// Puts a row of frames, or the connection's end, on the way to the client.
    pub fn frame_to(&mut self, id: ConnectionId, frames: Option<Bytes>) {
        let wait = self.delay();
        let now = self.now;
        let Some(route) = self.routes.get_mut(&id) else {
            return;
        };
        route.down = route.down.max(now + wait);
        let at = route.down;
        let Some(row) = frames else {
            self.at(at, Event::Frame(id, None));
            return;
        };
        for payload in payloads(&row) {
            self.at(at, Event::Frame(id, Some(row.slice_ref(payload))));
        }
    }
}
