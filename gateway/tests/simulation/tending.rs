//! What clients do, and what they hold against the gateways.

use parlor_shared::{
    id::{ChannelId, UserId},
    protocol::value::{Recipient, RoomRef},
};

use super::{
    client::{Light, Pending, View},
    gateway::ConnectionId,
    world::{Event, Route, TEND_MS, World},
};

/// What the ids of joins begin with; the room's number follows.
const JOIN: &str = "join ";

impl World {
    /// A client looks after itself: connects, joins what it wants, sends what is not acknowledged.
    pub fn tend(&mut self, number: usize) {
        let wait = TEND_MS / 2 + self.random.below(TEND_MS);
        self.later(wait, Event::Tend(number));
        if self.clients[number].connection.is_none() {
            self.connect(number);
            return;
        }
        if !self.clients[number].ready {
            return;
        }
        if self.trouble() {
            self.whim(number);
        }
        if self.clients[number].connection.is_some() {
            self.join_rooms(number);
            self.send_pending(number);
        }
    }

    /// Does not wait until it looks after itself the next time.
    pub fn come_back(&mut self, number: usize) {
        if self.clients[number].connection.is_none() {
            self.connect(number);
        }
    }

    fn connect(&mut self, number: usize) {
        let gateway = self.random.below(self.gateways.len() as u64) as usize;
        let id = 1 + self.routes.len() as u64;
        let route = Route {
            gateway,
            client: number,
            up: self.now,
            down: self.now,
        };
        self.routes.insert(id, route);
        self.clients[number].connection = Some(id);
        self.say(|| format!("client {number} connects as {id} to gateway {gateway}"));
        self.accept(id, gateway);
        let greeting = self.clients[number].greeting();
        self.text_to(id, greeting);
    }

    /// Something that people do.
    fn whim(&mut self, number: usize) {
        let chance = self.random.below(100);
        let rooms = self.clients[number].rooms.len();
        let channel = self.channels[self.random.below(rooms as u64) as usize].clone();
        let client = &mut self.clients[number];
        let view = client.rooms.get_mut(&channel).expect("a known room");
        match chance {
            0..60 => {
                for _ in 0..=chance % 3 {
                    client.sent += 1;
                    let pending = Pending {
                        channel: channel.clone(),
                        name: format!("{number}-{}", client.sent),
                        with_id: chance.is_multiple_of(2),
                        sent_at: None,
                    };
                    if view.wanted {
                        client.pending.push_back(pending);
                    }
                }
            }
            60..68 => self.drop_connection(number),
            // Again into a room that is joined: a fresh page.
            68..74 => view.lost |= view.joined,
            74..80 => view.wanted = true,
            80..86 if view.joined && view.asked.is_none() => {
                view.wanted = false;
                view.joined = false;
                view.place = None;
                let text = format!(
                    r#"{{"type":"channelLeave","channelLeave":{{{}}}}}"#,
                    view.field
                );
                client.pending.retain(|pending| pending.channel != channel);
                let id = client.connection.expect("it is connected");
                self.text_to(id, text);
            }
            _ => {}
        }
    }

    /// The network between client and gateway breaks; the gateway notices in its time.
    fn drop_connection(&mut self, number: usize) {
        if let Some(id) = self.clients[number].connection {
            self.say(|| format!("client {number} loses connection {id}"));
            self.clients[number].cut_off();
            let wait = self.random.below(300);
            self.later(wait, Event::Frame(id, None));
        }
    }

    fn join_rooms(&mut self, number: usize) {
        let now = self.now;
        let client = &mut self.clients[number];
        let id = client.connection.expect("it is connected");
        let mut texts = Vec::new();
        for (at, view) in client.rooms.values_mut().enumerate() {
            let due = view.wanted && (!view.joined || view.lost) && view.asked.is_none();
            if due {
                view.asked = Some(now);
                texts.push(format!(
                    r#"{{"id":"{JOIN}{at}","type":"channelJoin","channelJoin":{{{},"keepJoined":true}}}}"#,
                    view.field
                ));
            }
        }
        for text in texts {
            self.text_to(id, text);
        }
    }

    fn send_pending(&mut self, number: usize) {
        const AGAIN_MS: u64 = 900;
        let now = self.now;
        let client = &mut self.clients[number];
        let id = client.connection.expect("it is connected");
        let mut texts = Vec::new();
        for pending in &mut client.pending {
            let view = &client.rooms[&pending.channel];
            let due = pending.sent_at.is_none_or(|at| now > at + AGAIN_MS);
            if !view.joined || !due {
                continue;
            }
            pending.sent_at = Some(now);
            let id = if pending.with_id {
                format!(r#""id":"{}","#, pending.name)
            } else {
                String::new()
            };
            let (field, name) = (&view.field, &pending.name);
            texts.push(format!(
                r#"{{{id}"type":"channelMessage","channelMessage":{{{field},"message":"hi","clientMessageId":"{name}"}}}}"#
            ));
        }
        for text in texts {
            self.text_to(id, text);
        }
    }

    fn text_to(&mut self, id: ConnectionId, text: String) {
        let wait = self.delay();
        let now = self.now;
        if let Some(route) = self.routes.get_mut(&id) {
            route.up = route.up.max(now + wait);
            let at = route.up;
            self.at(at, Event::Text(id, text));
        }
    }

    /// A frame has come, or the connection's end.
    pub fn frame(&mut self, id: ConnectionId, frame: Option<bytes::Bytes>) {
        let number = self.routes[&id].client;
        let current = self.clients[number].connection == Some(id);
        let Some(frame) = frame else {
            // Whoever noticed first, the other side notices now.
            if current {
                self.clients[number].cut_off();
            }
            self.hang_up_silently(id);
            return;
        };
        if !current {
            return;
        }
        let light = self.read(&frame);
        self.say(|| format!("client {number} gets {light:?}"));
        self.understand(number, &light);
    }

    fn hang_up_silently(&mut self, id: ConnectionId) {
        let gateway = self.routes[&id].gateway;
        if self.gateways[gateway].connections.contains_key(&id) {
            self.hang_up(id);
        }
    }

    fn channel_named(&self, number: usize, room: &RoomRef) -> ChannelId {
        let address = room.address().expect("the gateway names one room");
        self.channel(number, &address)
    }

    fn view(&mut self, number: usize, room: &RoomRef) -> &mut View {
        let channel = self.channel_named(number, room);
        let view = self.clients[number].rooms.get_mut(&channel);
        view.expect("a known room")
    }

    /// Somebody came or went.
    fn roster(&mut self, number: usize, room: &RoomRef, user: UserId, is_there: bool) {
        let view = self.view(number, room);
        if !view.joined {
            // What was on its way when the room was left is no matter.
        } else if is_there {
            view.users.insert(user);
        } else {
            view.users.remove(&user);
        }
    }

    fn understand(&mut self, number: usize, light: &Light) {
        let mut wrong = None;
        match light.kind.as_str() {
            "authorized" => {
                let client = &mut self.clients[number];
                // Who resumes is ready when the rooms are answered.
                client.ready = !client.known;
                client.known = true;
            }
            "resume" => self.clients[number].ready = true,
            "channelJoin" => {
                let join = light.join.as_ref().expect("its block");
                let channel =
                    self.channel_named(number, &room_ref(join.room.as_deref(), join.recipient));
                match join.recovered {
                    Some(true) => self.totals.recovered += 1,
                    Some(false) => self.totals.unrecovered += 1,
                    None => {}
                }
                let client = &mut self.clients[number];
                let view = client.rooms.get_mut(&channel).expect("a known room");
                wrong = view.joined(join).err();
                for message in &join.messages {
                    client.acknowledged(&channel, &message.name);
                }
            }
            "channelMessage" => {
                let message = light.message.as_ref().expect("its block");
                let room = room_ref(message.room.as_deref(), message.recipient);
                let channel = self.channel_named(number, &room);
                let client = &mut self.clients[number];
                let view = client.rooms.get_mut(&channel).expect("a known room");
                // What was on its way when the room was left is no matter.
                if view.joined || view.place.is_some() {
                    wrong = view.message(message).err();
                }
                client.acknowledged(&channel, &message.name);
            }
            "ack" => {
                let name = &light.ack.as_ref().expect("its block").name;
                self.clients[number]
                    .pending
                    .retain(|pending| pending.name != *name);
            }
            "error" => self.refused(number, light),
            "channelLeave" => self.left(number, light),
            "sys" => {
                let sys = light.sys.as_ref().expect("its block");
                if let Some(resync) = &sys.resync {
                    let room = room_ref(resync.room.as_deref(), resync.recipient);
                    let view = self.view(number, &room);
                    if view.place.is_some() {
                        view.moved((resync.epoch.clone(), resync.seq));
                        view.lost = true;
                    }
                }
                if let Some(room) = &sys.join {
                    let user = light.user.expect("who came");
                    self.roster(number, room, user, true);
                }
            }
            _ => {}
        }
        if let Some(wrong) = wrong {
            panic!("client {number}, at {} ms: {wrong}", self.now);
        }
    }

    /// The answer to an own leave, or the news of another's, which has to be true.
    fn left(&mut self, number: usize, light: &Light) {
        let room = light.leave.as_ref().expect("its block");
        let user = light.user.expect("who left");
        if user != self.clients[number].user.uuid {
            let channel = self.channel_named(number, room);
            let departure = (channel, light.session.expect("the session that left"));
            assert!(
                self.departures.contains(&departure),
                "client {number} is told of a leave that never was: {departure:?}"
            );
        }
        self.roster(number, room, user, false);
    }

    fn refused(&mut self, number: usize, light: &Light) {
        let client = &mut self.clients[number];
        let reason = &light.error.as_ref().expect("its block").reason;
        let join = light.id.as_deref().and_then(|id| id.strip_prefix(JOIN));
        if let Some(at) = join.and_then(|at| at.parse().ok()) {
            if let Some(view) = client.rooms.values_mut().nth(at) {
                view.asked = None;
                view.joined = false;
            }
            return;
        }
        if let Some(name) = light.id.as_deref() {
            for pending in &mut client.pending {
                if pending.name == name {
                    pending.sent_at = None;
                    if reason == "notJoined"
                        && let Some(view) = client.rooms.get_mut(&pending.channel)
                    {
                        view.joined = false;
                    }
                }
            }
        } else if reason == "notJoined" {
            // A message without an id: it is sent again when its time has come, after a join.
            for view in client.rooms.values_mut() {
                view.joined = false;
            }
        }
    }
}

fn room_ref(room: Option<&str>, recipient_uuid: Option<Recipient>) -> RoomRef {
    RoomRef {
        recipient_uuid,
        room: room.map(str::to_owned),
    }
}
