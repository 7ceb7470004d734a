//! What breaks, what audits and repairs mend, and what has to be true in the end.

use std::collections::BTreeSet;

use parlor_shared::event::Membership;

use super::{
    gateway::Gateway,
    world::{DEAD_MS, Event, GRACE_MS, Repair, World},
};

impl World {
    /// Runs to the end and judges.
    pub fn run(&mut self) {
        while let Some(event) = self.take() {
            self.happen(event);
        }
        self.judge();
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tend(client) => self.tend(client),
            Event::Return(client) => self.come_back(client),
            Event::Text(id, text) => {
                self.say(|| format!("{id} says {text}"));
                self.text(id, text);
            }
            Event::Frame(id, frame) => self.frame(id, frame),
            Event::Outcome(id, outcome) => self.outcome(id, outcome),
            Event::Publish(id, publication) => self.publish_at_store(id, publication),
            Event::Published(id, publication, answer) => self.published(id, publication, answer),
            Event::Bus {
                gateway,
                line,
                generation,
                channel,
                event,
            } => {
                let listens = self.gateways[gateway].rooms.get(&channel);
                let listens = listens.is_some_and(|entry| entry.generation == generation);
                if listens && self.gateways[gateway].line == Some(line) {
                    self.say(|| format!("gateway {gateway} hears {event:?}"));
                    self.with_room(gateway, &channel, |room, out| room.event(event, out));
                } else if listens {
                    self.lost(gateway, &channel, &event);
                }
            }
            Event::Leave(id, channel, who) => {
                self.unseat(&channel, &who);
                let wait = self.delay();
                self.later(wait, Event::Outcome(id, None));
            }
            Event::End(who) => {
                for channel in self.channels.clone() {
                    self.unseat(&channel, &who);
                }
            }
            Event::Subscribe(gateway, channel, generation) => {
                self.subscribe(gateway, channel, generation);
            }
            Event::Subscribed(gateway, channel, generation) => {
                self.subscribed(gateway, &channel, generation);
            }
            Event::Join(joining) => self.join(joining),
            Event::Repair(repair) => self.repair(repair),
            Event::Repaired(repair, messages) => {
                let Repair {
                    gateway, channel, ..
                } = *repair;
                let entry = self.gateways[gateway].rooms.get(&channel);
                let same = entry.is_some_and(|entry| entry.generation == repair.generation);
                if same && self.gateways[gateway].life == repair.life {
                    self.say(|| format!("gateway {gateway} repaired by {}", messages.len()));
                    self.with_room(gateway, &channel, |room, out| {
                        room.repaired(Some(messages), out)
                    });
                }
            }
            Event::Audit(gateway) => {
                self.later(super::world::AUDIT_MS, Event::Audit(gateway));
                self.audit(gateway);
            }
            Event::AuditRead(gateway, life, asked) => {
                let found = asked
                    .into_iter()
                    .filter_map(|(channel, asked)| {
                        let found = self.store.audit(&channel)?;
                        Some((channel, asked, found))
                    })
                    .collect();
                let wait = self.late_delay();
                self.later(wait, Event::Audited(gateway, life, found));
            }
            Event::Audited(gateway, life, found) => {
                if self.gateways[gateway].life != life {
                    return;
                }
                for (channel, asked, found) in found {
                    self.with_room(gateway, &channel, |room, out| {
                        room.audit((&asked.0, asked.1), (&found.0, found.1), out)
                    });
                }
            }
            Event::Renew => {
                self.say(|| "a new era begins".into());
                self.store.renew();
            }
            Event::Line(gateway) => self.listen_again(gateway),
            Event::Breakage => self.breakage(),
            Event::Persist => {
                self.store.persist();
                let wait = self.random.between(20, 150);
                self.later(wait, Event::Persist);
            }
        }
    }

    fn repair(&mut self, mut repair: Box<Repair>) {
        let Some(tail) = repair.tail.clone() else {
            repair.tail = Some(self.store.tail(&repair.channel));
            let wait = self.delay();
            self.later(wait, Event::Repair(repair));
            return;
        };
        let Repair {
            channel,
            epoch,
            range,
            ..
        } = &*repair;
        let messages = self.store.between(channel, &tail, epoch, *range);
        let wait = self.late_delay();
        self.later(wait, Event::Repaired(repair, messages));
    }

    fn audit(&mut self, gateway: usize) {
        let settled: Vec<_> = self.gateways[gateway]
            .rooms
            .iter()
            .filter_map(|(channel, entry)| {
                let (epoch, seq) = entry.room.settled()?;
                Some((channel.clone(), (epoch.to_owned(), seq)))
            })
            .collect();
        if !settled.is_empty() {
            let (wait, life) = (self.delay(), self.gateways[gateway].life);
            self.later(wait, Event::AuditRead(gateway, life, settled));
        }
    }

    /// The subscriber's connection is back: what was subscribed is again, then all is audited.
    fn listen_again(&mut self, gateway: usize) {
        if self.gateways[gateway].line.is_some() {
            return;
        }
        let line = self.gateways[gateway].number();
        self.gateways[gateway].line = Some(line);
        let rooms: Vec<_> = self.gateways[gateway]
            .rooms
            .iter()
            .map(|(channel, entry)| (channel.clone(), entry.generation))
            .collect();
        for (channel, generation) in rooms {
            self.subscribe(gateway, channel, generation);
        }
        self.audit(gateway);
    }

    fn breakage(&mut self) {
        let gateway = self.random.below(self.gateways.len() as u64) as usize;
        let wait = self.random.between(20, 600);
        match self.random.below(if self.weather.forgets { 7 } else { 4 }) {
            0 | 1 => {
                self.say(|| format!("gateway {gateway} loses its subscriber"));
                self.gateways[gateway].line = None;
                self.listeners.retain(|(of, _), _| *of != gateway);
                self.later(wait, Event::Line(gateway));
            }
            2 => self.kill(gateway),
            3 => self.break_connections(),
            4 => {
                self.say(|| "the store is flushed".into());
                self.store.flush();
            }
            5 => self.store.replicate(),
            _ => {
                self.say(|| "a replica takes over".into());
                self.store.fail_over();
                // Some gateway has seen more, and says so when it is back.
                let wait = self.random.between(1, 300);
                self.later(wait, Event::Renew);
                // Nobody is connected to a store that is gone.
                for gateway in 0..self.gateways.len() {
                    self.gateways[gateway].line = None;
                    let wait = self.random.between(1, 100);
                    self.later(wait, Event::Line(gateway));
                }
                self.listeners.clear();
            }
        }
    }

    /// Half of all connections break, or all of them, and then everybody comes back at once.
    fn break_connections(&mut self) {
        let storm = self.random.percent(50);
        for id in self.routes.keys().copied().collect::<Vec<_>>() {
            if storm || self.random.percent(50) {
                self.hang_up(id);
            }
        }
        if storm {
            self.say(|| "all connections break".into());
            for client in 0..self.clients.len() {
                let wait = self.weather.delay_ms + self.random.below(30);
                self.later(wait, Event::Return(client));
            }
        }
    }

    /// A gateway dies and another comes in its place.
    fn kill(&mut self, gateway: usize) {
        self.say(|| format!("gateway {gateway} dies"));
        let dead = std::mem::take(&mut self.gateways[gateway]);
        self.gateways[gateway] = Gateway {
            life: dead.life + 1,
            line: dead.line,
            next: dead.next,
            ..Gateway::default()
        };
        self.listeners.retain(|(of, _), _| *of != gateway);
        for (id, connection) in dead.connections {
            if let Some(user) = connection.session.user().cloned() {
                let session = connection.session.id();
                let who = Membership { session, user };
                self.later(DEAD_MS + GRACE_MS, Event::End(who));
            }
            self.frame_to(id, None);
        }
    }

    fn judge(&mut self) {
        for (number, client) in self.clients.iter().enumerate() {
            assert!(
                client.ready,
                "client {number} is not back in the end: {client:?}"
            );
            assert!(
                client.pending.is_empty(),
                "client {number} has no acknowledgement: {client:?}"
            );
            for (channel, view) in client.rooms.iter().filter(|(_, view)| view.wanted) {
                assert!(
                    view.joined,
                    "client {number} is not in {channel}: {client:?}"
                );
                if let Some(stands) = self.store.stands(channel) {
                    assert_eq!(
                        view.place.as_ref(),
                        Some(&stands),
                        "client {number} has all of {channel}"
                    );
                }
                // News of who comes and goes may be lost, and then nobody tells.
                let in_order = !self.weather.reorders && !self.weather.forgets;
                if in_order && !view.stale {
                    assert_eq!(
                        view.users,
                        self.store.users(channel),
                        "client {number} knows who is in {channel}"
                    );
                    self.totals.rosters += 1;
                }
            }
        }
        let stored = self.store.named();
        for (number, client) in self.clients.iter().enumerate() {
            for (channel, view) in client.rooms.iter().filter(|(_, view)| view.wanted) {
                // A room that is gone without a trace tells nobody anything until it begins anew.
                let told = stored.contains_key(channel);
                for (seq, name) in view.has.iter().filter(|_| told) {
                    let there = stored.get(channel).and_then(|it| it.get(*seq as usize - 1));
                    assert_eq!(
                        there,
                        Some(&name.as_str()),
                        "client {number} has message {seq} of {channel}, and nobody told it otherwise"
                    );
                }
            }
        }
        for (channel, names) in stored {
            let once: BTreeSet<&str> = names.iter().copied().collect();
            assert_eq!(once.len(), names.len(), "{channel} holds a message twice");
        }
    }
}
