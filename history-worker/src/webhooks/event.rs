//! An event as it waits, and what the endpoint is sent of it.

use parlor_shared::{clock, id::ChannelId};
use redis::streams::StreamId;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

/// One event that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// Of its entry in the stream, `<ms>-<n>`.
    pub entry: String,
    pub kind: String,
    pub channel: ChannelId,
    pub body: String,
    /// Users in the room, where somebody joined or left.
    pub users: Option<u64>,
}

/// Where it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(super) enum Room {
    General,
    Named {
        name: String,
    },
    /// Of two users; the channel tells one such room from another.
    Private {
        channel: String,
    },
}

/// The body of a request.
#[derive(Serialize)]
struct Payload<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'a str,
    /// RFC 3339.
    at: String,
    room: &'a Room,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a RawValue>,
}

impl Event {
    /// Reads an entry; `None` for one that Parlor did not write.
    pub fn read(entry: &StreamId) -> Option<Self> {
        Some(Self {
            entry: entry.id.clone(),
            kind: entry.get("e")?,
            channel: ChannelId::new(entry.get::<String>("c")?),
            body: entry.get("b")?,
            users: entry.get("u"),
        })
    }

    /// When it happened, in ms since 1970 by Redis' clock.
    pub fn ms(&self) -> u64 {
        let ms = self.entry.split_once('-').map_or("", |(ms, _)| ms);
        ms.parse().unwrap_or_default()
    }

    /// The id that the endpoint knows it by, however often it is sent: the stream's entry, and the
    /// partition whose stream it is.
    pub fn id(&self) -> String {
        format!("{}-{}", self.channel.tag().unwrap_or_default(), self.entry)
    }

    /// The JSON that the endpoint is sent. `None` when the body can't be read.
    pub fn payload(&self, room: &Room) -> Option<String> {
        let raw = || serde_json::from_str::<&RawValue>(&self.body).ok();
        let mut payload = Payload {
            id: self.id(),
            kind: &self.kind,
            at: clock::rfc3339(self.ms()),
            room,
            message: None,
            user: None,
            users: self.users,
            report: None,
        };
        match self.kind.as_str() {
            "message" => payload.message = Some(raw()?),
            "report" => payload.report = Some(raw()?),
            "join" | "leave" => {
                let mut who: Value = serde_json::from_str(&self.body).ok()?;
                payload.user = Some(who.get_mut("user")?.take());
            }
            _ => return None,
        }
        serde_json::to_string(&payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str, body: &str) -> Event {
        Event {
            entry: "1795277278457-3".to_owned(),
            kind: kind.to_owned(),
            channel: ChannelId::new("{7}public"),
            body: body.to_owned(),
            users: None,
        }
    }

    #[test]
    fn a_payload_tells_what_happened_where() {
        let join = Event {
            users: Some(2),
            ..event(
                "join",
                r#"{"session":"s","user":{"UUID":"u","Username":"Ann"}}"#,
            )
        };
        let name = "lobby".to_owned();
        let room = Room::Named { name };
        let payload: Value = serde_json::from_str(&join.payload(&room).unwrap()).unwrap();
        let expected = json!({
            "id": "7-1795277278457-3", "type": "join", "at": "2026-11-21T16:07:58.457Z",
            "room": {"kind": "named", "name": "lobby"}, "user": {"UUID": "u", "Username": "Ann"}, "users": 2,
        });
        assert_eq!(payload, expected);
        let message = event("message", r#"{"Message":"hi"}"#);
        let payload: Value =
            serde_json::from_str(&message.payload(&Room::General).unwrap()).unwrap();
        assert_eq!(
            (&payload["room"]["kind"], &payload["message"]["Message"]),
            (&json!("general"), &json!("hi"))
        );
    }

    #[test]
    fn what_parlor_did_not_write_has_no_payload() {
        for (kind, body) in [("message", "{"), ("join", "{}"), ("other", "{}")] {
            assert_eq!(event(kind, body).payload(&Room::General), None, "{kind}");
        }
    }
}
