//! The golden frames: each is read and written back unchanged, and no kind of frame lacks one.

use std::{collections::BTreeSet, fs, path::PathBuf};

use parlor_shared::protocol::{ClientEnvelope, ServerEnvelope, ServerFrame};
use serde_json::Value;

fn fixtures(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(folder);
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder of fixtures")
        .map(|entry| entry.expect("a file").path())
        .map(|path| (path.clone(), fs::read_to_string(path).expect("a text")))
        .collect();
    files.sort();
    files
}

#[test]
fn client_frames_are_read_and_written_back() {
    let mut kinds = BTreeSet::new();
    for (path, text) in fixtures("client") {
        let envelope =
            ClientEnvelope::decode(&text).unwrap_or_else(|bad| panic!("{path:?}: {bad:?}"));
        let golden: Value = serde_json::from_str(&text).expect("JSON");
        let mut written = serde_json::to_value(&envelope).expect("JSON");
        // A page that asks for nothing special may be left out.
        for optional in ["users", "rooms"] {
            if golden.get(optional).is_none() {
                written.as_object_mut().expect("an object").remove(optional);
            }
        }
        assert_eq!(written, golden, "{path:?}");
        kinds.insert(envelope.frame.kind());
    }
    let every = [
        "auditLog",
        "channelJoin",
        "channelLeave",
        "channelMessage",
        "channelMessages",
        "messageDelete",
        "messageEdit",
        "messageReact",
        "messageReport",
        "passwordChange",
        "ping",
        "pollClose",
        "pollVote",
        "privateRooms",
        "profile",
        "profileUpdate",
        "readTo",
        "resume",
        "roomBan",
        "roomBans",
        "roomClose",
        "roomCreate",
        "roomInfo",
        "roomInvite",
        "roomKick",
        "roomMembers",
        "roomMute",
        "roomReopen",
        "roomRole",
        "roomUnban",
        "roomUnmute",
        "roomUpdate",
        "rooms",
        "sessionEnd",
        "sessions",
        "signIn",
        "signOut",
        "signUp",
        "typing",
        "unread",
        "userBan",
        "userDelete",
        "userRole",
        "userUnban",
        "users",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), every);
}

#[test]
fn server_frames_are_read_and_written_back() {
    let mut kinds = BTreeSet::new();
    for (path, text) in fixtures("server") {
        let envelope: ServerEnvelope =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let golden: Value = serde_json::from_str(&text).expect("JSON");
        let written: Value = serde_json::from_str(&envelope.encode()).expect("JSON");
        assert_eq!(written, golden, "{path:?}");
        kinds.insert(match &envelope.frame {
            ServerFrame::Sys(sys) => format!("sys.{}", sys.kind()),
            frame => frame.kind().to_owned(),
        });
    }
    let every = [
        "ack",
        "auditLog",
        "authorized",
        "channelJoin",
        "channelLeave",
        "channelMessage",
        "channelMessages",
        "done",
        "error",
        "messageChange",
        "messageMark",
        "pong",
        "privateRooms",
        "profile",
        "ready",
        "resume",
        "roomBans",
        "roomInfo",
        "roomMembers",
        "rooms",
        "sessions",
        "signOut",
        "sys.channelJoin",
        "sys.mention",
        "sys.muted",
        "sys.presence",
        "sys.privateMessage",
        "sys.read",
        "sys.reconnect",
        "sys.removed",
        "sys.resync",
        "sys.roleChanged",
        "sys.roomChanged",
        "sys.sending",
        "sys.signIn",
        "sys.signedOut",
        "sys.typing",
        "unread",
        "users",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), every);
}
