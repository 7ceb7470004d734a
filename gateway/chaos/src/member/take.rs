//! What a member makes of the frames it gets.

use std::time::{Duration, Instant};

use parlor_shared::protocol::{
    ErrorBody, ErrorCode, RequestId, ServerEnvelope, ServerFrame,
    change::MessageChange,
    server::{Authorized, ChannelJoined, Resumed, Sys},
    value::{Message, RoomRef},
};

use super::{
    life::Life,
    link::{End, Link, Request},
    place::Phase,
};
use crate::{
    ledger::{Held, Said},
    record::Why,
};

impl Life {
    pub(super) async fn take(
        &mut self,
        link: &mut Link,
        envelope: ServerEnvelope,
    ) -> Result<(), End> {
        let ServerEnvelope { id, frame } = envelope;
        let is_last = matches!(frame, ServerFrame::Resume(_) | ServerFrame::Error(_));
        let request = link.answered(id.as_ref(), is_last);
        match frame {
            ServerFrame::Authorized(authorized) => {
                self.signed_in(link, authorized, request).await?;
            }
            ServerFrame::ChannelJoin(joined) => self.joined(&joined),
            ServerFrame::Resume(resumed) => self.resumed(link, &resumed),
            ServerFrame::ChannelMessage(message) => self.message(&message),
            ServerFrame::MessageChange(change) => self.change(&change),
            ServerFrame::Ack(ack) => {
                let said = ack.client_message_id.as_deref().and_then(Said::parse);
                if let (Some(at), Some(said)) = (self.place_of(&ack.room), said) {
                    self.settle(at, said, &ack.epoch, ack.seq);
                }
            }
            ServerFrame::Error(body) => self.refused(link, id.as_ref(), &body, request).await?,
            ServerFrame::ChannelLeave(departure) => {
                self.record().told_left.push(departure.user);
            }
            ServerFrame::Sys(sys) => self.told(link, sys).await?,
            _ => {}
        }
        self.check_ready(link);
        Ok(())
    }

    fn place_of(&self, room: &RoomRef) -> Option<usize> {
        let address = room.address().ok()?;
        self.places
            .iter()
            .position(|place| place.address == address)
    }

    async fn signed_in(
        &mut self,
        link: &mut Link,
        authorized: Authorized,
        request: Option<Request>,
    ) -> Result<(), End> {
        self.record().user = Some(authorized.user_uuid);
        self.identity = Some(authorized);
        link.signed_in = true;
        if !matches!(request, Some(Request::Resume)) {
            for at in 0..self.places.len() {
                self.join(link, at).await?;
            }
        }
        Ok(())
    }

    fn joined(&mut self, joined: &ChannelJoined) {
        let Some(at) = self.place_of(&joined.room) else {
            self.unexpected("was let into a room that it did not ask for");
            return;
        };
        let place = &mut self.places[at];
        place.phase = Phase::Joined;
        let first = place.position.is_none();
        match joined.recovered {
            Some(true) => {
                self.record().recovered += 1;
                // Messages and changes are one sequence.
                let mut changes = joined.changes.iter().peekable();
                for message in &joined.messages {
                    while let Some(change) = changes.next_if(|it| it.seq < message.seq) {
                        self.change(change);
                    }
                    self.message(message);
                }
                changes.for_each(|change| self.change(change));
                // Without a message it stands where it stood, which the room may have said first.
                self.places[at]
                    .position
                    .get_or_insert((joined.epoch.clone(), joined.seq));
                return;
            }
            Some(false) if !first => self.record().not_recovered += 1,
            _ => {}
        }
        let why = if first { Why::Joined } else { Why::Told };
        self.move_to(at, &joined.epoch, joined.seq, why);
        for message in &joined.messages {
            self.note(at, message);
        }
    }

    /// Goes on behind a position that does not follow from the last one.
    fn move_to(&mut self, at: usize, epoch: &str, seq: u64, why: Why) {
        let room = self.places[at].room;
        let number = self.plan.ledger.room(room).epoch(epoch);
        let mut record = self.record();
        record
            .rooms
            .entry(room)
            .or_default()
            .moved(number, seq, why);
        drop(record);
        self.places[at].position = Some((epoch.to_owned(), seq));
    }

    fn resumed(&mut self, link: &mut Link, resumed: &Resumed) {
        let mut wait = None;
        for room in &resumed.rooms {
            match &room.error {
                None => {}
                Some(error) if error.retryable => {
                    self.count(error);
                    let hint = error.retry_after_ms.map(Duration::from_millis);
                    wait = Some(hint.unwrap_or_else(|| self.pause()));
                }
                Some(error) => self.unexpected(format!("can't resume a room: {error:?}")),
            }
        }
        if let Some(wait) = wait {
            self.refusals += 1;
            link.retry = Some(Instant::now() + wait);
        }
    }

    fn message(&mut self, message: &Message) {
        let reference = RoomRef {
            recipient_uuid: message.recipient_uuid,
            room: message.room.as_ref().map(ToString::to_string),
        };
        let Some(at) = self.place_of(&reference) else {
            self.unexpected("got a message of a room that it is not in");
            return;
        };
        self.note(at, message);
        self.delivered(at, &message.epoch, message.seq);
    }

    fn change(&mut self, change: &MessageChange) {
        let Some(at) = self.place_of(&change.room) else {
            self.unexpected("got a change of a room that it is not in");
            return;
        };
        {
            let mut log = self.plan.ledger.room(self.places[at].room);
            let epoch = log.epoch(&change.epoch);
            log.note(epoch, change.seq, &change.change);
        }
        self.delivered(at, &change.epoch, change.seq);
    }

    fn delivered(&mut self, at: usize, epoch: &str, seq: u64) {
        let room = self.places[at].room;
        let number = self.plan.ledger.room(room).epoch(epoch);
        let mut record = self.record();
        record.rooms.entry(room).or_default().delivered(number, seq);
        drop(record);
        self.places[at].position = Some((epoch.to_owned(), seq));
    }

    /// Takes note of a message's place; an own one is acknowledged by it.
    fn note(&mut self, at: usize, message: &Message) {
        let Some(said) = Held::of(message).and_then(Held::said) else {
            let id = &message.client_message_id;
            self.unexpected(format!("got a message that nobody sent, named {id:?}"));
            return;
        };
        {
            let mut log = self.plan.ledger.room(self.places[at].room);
            let epoch = log.epoch(&message.epoch);
            log.note(epoch, message.seq, said);
        }
        if said.member == self.plan.number {
            self.settle(at, said, &message.epoch, message.seq);
        }
    }

    /// An own message is stored, at this place.
    fn settle(&mut self, at: usize, said: Said, epoch: &str, seq: u64) {
        self.refusals = 0;
        let room = self.places[at].room;
        let epoch = {
            let mut log = self.plan.ledger.room(room);
            let epoch = log.epoch(epoch);
            log.note(epoch, seq, said);
            epoch
        };
        if let Some(took) = self.places[at].settle(said) {
            let mut record = self.record();
            record.pending -= 1;
            record.slowest_acknowledgement = record.slowest_acknowledgement.max(took);
            let room = record.rooms.entry(room).or_default();
            room.acknowledged.push((said, epoch, seq));
        }
    }

    fn count(&self, body: &ErrorBody) {
        *self
            .record()
            .refusals
            .entry(body.reason.clone())
            .or_default() += 1;
    }

    async fn refused(
        &mut self,
        link: &mut Link,
        id: Option<&RequestId>,
        body: &ErrorBody,
        request: Option<Request>,
    ) -> Result<(), End> {
        self.count(body);
        let is = |code: ErrorCode| body.code == code.number();
        let wait = body.retry_after_ms.map(Duration::from_millis);
        match request {
            Some(Request::Say(at)) if is(ErrorCode::NotJoined) => {
                self.places[at].requeue();
                self.join(link, at).await
            }
            Some(Request::Say(at)) if body.retryable => {
                self.places[at].requeue();
                let wait = wait.unwrap_or_else(|| self.pause());
                self.refusals += 1;
                link.hold = Some(Instant::now() + wait);
                Ok(())
            }
            Some(Request::Resume) if is(ErrorCode::SessionExpired) => {
                self.identity = None;
                self.authenticate(link).await
            }
            Some(Request::SignUp) if is(ErrorCode::NameTaken) => self.sign_in(link).await,
            Some(Request::SignUp | Request::SignIn | Request::Resume | Request::Join)
                if body.retryable =>
            {
                let wait = wait.unwrap_or_else(|| self.pause());
                self.refusals += 1;
                link.retry = Some(Instant::now() + wait);
                Ok(())
            }
            // An error without an id comes before a close, which says the rest.
            None if id.is_none() => Ok(()),
            _ => {
                self.unexpected(format!("{request:?} was refused: {body:?}"));
                Ok(())
            }
        }
    }

    async fn told(&mut self, link: &mut Link, sys: Sys) -> Result<(), End> {
        match sys {
            Sys::Sending(sending) => {
                link.paused = sending.paused;
                let mut record = self.record();
                if sending.paused {
                    record.paused_notices += 1;
                } else {
                    record.resumed_notices += 1;
                }
            }
            Sys::Reconnect(reconnect) => {
                return Err(End::Draining(Duration::from_millis(reconnect.delay_ms)));
            }
            Sys::Resync(resync) => {
                self.record().resyncs += 1;
                if let Some(at) = self.place_of(&resync.room) {
                    self.move_to(at, &resync.epoch, resync.seq, Why::Told);
                    self.join(link, at).await?;
                }
            }
            Sys::Presence(presence) if presence.online == Some(false) => {
                let user = presence.user_uuid;
                self.record().told_offline.extend(user);
            }
            _ => {}
        }
        Ok(())
    }
}
