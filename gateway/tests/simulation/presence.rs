//! Who is in which room: sessions that come, leave, or go without a word and are ended after a
//! grace, as the presence-worker does it.

use parlor_shared::{
    event::{Event as BusEvent, Membership},
    id::ChannelId,
};

use super::{
    gateway::ConnectionId,
    world::{Event, World, session},
};

impl World {
    /// A connection's session and its user, if somebody is signed in.
    pub fn who(&self, id: ConnectionId) -> Option<Membership> {
        let gateway = self.routes.get(&id)?.gateway;
        let connection = self.gateways[gateway].connections.get(&id)?;
        let user = connection.session.user()?.clone();
        let session = session(id);
        Some(Membership { session, user })
    }

    /// A session goes without a word.
    pub fn depart(&mut self, id: ConnectionId, grace_ms: u64) {
        if let Some(who) = self.who(id) {
            self.later(grace_ms, Event::End(who));
        }
    }

    /// The leave script, which tells the room when its user is out of it.
    pub fn unseat(&mut self, channel: &ChannelId, who: &Membership) {
        if !self.store.leave(channel, who.session) {
            return;
        }
        self.say(|| format!("{} is out of {channel}", who.user.username));
        self.totals.left += 1;
        self.departures.insert((channel.clone(), who.session));
        let users = self.store.users(channel).len() as u64;
        let who = who.clone();
        self.spread(channel, &BusEvent::Left { users, who });
    }

    /// An event does not reach a gateway that listens. Messages are missed and repaired; who comes
    /// and goes is told at most once, so views in that room may be wrong until they are had anew.
    pub fn lost(&mut self, gateway: usize, channel: &ChannelId, event: &BusEvent) {
        let listens = self.gateways[gateway].rooms.get(channel);
        if matches!(event, BusEvent::Message(_)) || !listens.is_some_and(|it| it.subscribed) {
            return;
        }
        let connections = &self.gateways[gateway].connections;
        let there = connections
            .iter()
            .filter(|(_, connection)| connection.memberships.contains_key(channel));
        for (id, _) in there {
            let client = &mut self.clients[self.routes[id].client];
            if client.connection == Some(*id)
                && let Some(view) = client.rooms.get_mut(channel)
            {
                view.stale = true;
            }
        }
    }
}
