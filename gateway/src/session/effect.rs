//! What a session wants done, and what came of it.

use std::collections::BTreeMap;

use parlor_shared::{
    id::{Address, ChannelId, MessageId, PhotoId, UserId},
    protocol::{
        CloseCode, ErrorBody, RequestId, ServerEnvelope, ServerFrame,
        change::{Mark, MessageChange, MessageRef, NewPoll},
        client::{Credentials, Page, ResumeRoom, Secret},
        moderation::Request,
        people::{Profile, UserSearch},
        roster::Roster,
        value::{Message, Photo, User},
    },
    roles::{RoomRole, RoomSettings, SiteRole, Writer},
};

use super::{people::PeopleWork, rate::SharedBucket};
use crate::accounts::{Identity, Refusal};

/// Effects in the order in which they are carried out.
pub type Effects = Vec<Effect>;

/// One thing to do.
#[derive(Debug)]
pub enum Effect {
    /// Put a frame into the connection's own outbox.
    Send(ServerEnvelope),
    /// Publish a message, without waiting for it.
    Publish(Box<Publication>),
    /// Do the work and come back with its [`Outcome`], before the next effect.
    Perform(Work),
    /// Let live frames of a joined room through, from behind this position.
    Release {
        channel: ChannelId,
        epoch: String,
        seq: u64,
    },
    /// Leave a room.
    Leave {
        channel: ChannelId,
    },
    /// Answer a `ping` with the time.
    Pong {
        id: Option<RequestId>,
    },
    /// End the connection.
    Close(CloseCode),
    CountRefused,
    CountRateLimited,
    CountAuthFailure,
}

/// A message on its way to its room.
#[derive(Debug)]
pub struct Publication {
    pub id: Option<RequestId>,
    pub address: Address,
    pub channel: ChannelId,
    pub writer: Writer,
    /// Without UUID and position.
    pub message: Message,
    /// The message that it answers.
    pub reply_to: Option<MessageRef>,
    pub poll: Option<NewPoll>,
}

/// An edit or a deletion on its way.
#[derive(Debug)]
pub struct Alteration {
    pub id: Option<RequestId>,
    pub user: User,
    pub writer: Writer,
    pub address: Address,
    pub channel: ChannelId,
    pub target: MessageRef,
    pub act: Altering,
}

#[derive(Debug)]
pub enum Altering {
    Edit {
        text: String,
        client_message_id: Option<String>,
    },
    Delete,
}

/// A reaction or a vote on its way.
#[derive(Debug)]
pub struct Choice {
    pub id: Option<RequestId>,
    pub user: User,
    pub writer: Writer,
    pub address: Address,
    pub channel: ChannelId,
    pub target: MessageRef,
    pub act: Choosing,
}

#[derive(Debug)]
pub enum Choosing {
    React {
        emoji: String,
        on: bool,
    },
    Vote {
        options: Vec<u8>,
    },
    /// Ends the poll.
    Close,
}

/// What takes time.
#[derive(Debug)]
pub enum Work {
    SignUp {
        id: Option<RequestId>,
        credentials: Credentials,
    },
    SignIn {
        id: Option<RequestId>,
        credentials: Credentials,
    },
    SignInToken {
        id: Option<RequestId>,
        token: Secret,
    },
    /// `join`: as `GET /ws?nickname=…&room=…` asks, where a refusal ends the connection.
    SignInGuest {
        id: Option<RequestId>,
        nickname: String,
        join: Option<Address>,
    },
    Resume {
        id: Option<RequestId>,
        user: UserId,
        access_key: Secret,
        rooms: Vec<ResumeRoom>,
    },
    /// Makes a user's session known.
    Register(Box<Authenticated>),
    /// Takes the session from its user; also ends the access key, if one is given.
    Unregister {
        user: User,
        revoke: Option<Secret>,
    },
    Join(Box<Join>),
    /// Marks the end of a resume.
    FinishResume {
        id: Option<RequestId>,
    },
    Users {
        id: Option<RequestId>,
        search: UserSearch,
    },
    PrivateRooms {
        id: Option<RequestId>,
        user: UserId,
        page: Page,
    },
    Rooms {
        id: Option<RequestId>,
        user: UserId,
        page: Page,
    },
    History {
        id: Option<RequestId>,
        address: Address,
        channel: ChannelId,
        viewer: UserId,
        before: Option<u64>,
        after: Option<u64>,
        count: usize,
    },
    Alter(Box<Alteration>),
    Choose(Box<Choice>),
    People {
        id: Option<RequestId>,
        work: Box<PeopleWork>,
    },
    /// A request about roles, rooms' settings or moderation.
    Moderate(Box<Moderate>),
    /// Looks whether the user may still be here, and as what.
    Verify {
        user: UserId,
        access_key: Secret,
    },
    Photo(PhotoWork),
}

/// Who asks for what.
#[derive(Debug)]
pub struct Moderate {
    pub id: Option<RequestId>,
    pub user: User,
    pub role: SiteRole,
    pub request: Request,
}

/// Work around photos.
#[derive(Debug)]
pub enum PhotoWork {
    /// Gives the photo to the message, which is published then.
    Attach {
        photo: PhotoId,
        publication: Box<Publication>,
    },
}

/// A room to join.
#[derive(Clone, Debug)]
pub struct Join {
    pub id: Option<RequestId>,
    pub user: User,
    /// The user's role on the site.
    pub role: SiteRole,
    pub address: Address,
    pub keep_joined: bool,
    /// Messages of history.
    pub count: usize,
    /// Epoch and seq of the last message that one who resumes has.
    pub resume: Option<(String, u64)>,
}

/// What came of work.
#[derive(Debug)]
pub enum Outcome {
    /// The session has nothing to add.
    Answer {
        id: Option<RequestId>,
        answer: Result<ServerFrame, ErrorBody>,
    },
    Authenticated(Box<AuthenticationOutcome>),
    Registered(Box<RegistrationOutcome>),
    Joined(Box<JoinOutcome>),
    Resumed {
        id: Option<RequestId>,
    },
    /// The session's user is shown otherwise.
    ProfileChanged {
        id: Option<RequestId>,
        profile: Box<Profile>,
    },
    Verified(Verified),
    Photo(Box<PhotoOutcome>),
}

/// What looking again at the user has found.
#[derive(Debug)]
pub struct Verified {
    /// The user's role, or why they may not be here any more.
    pub role: Result<SiteRole, Refusal>,
    /// What the session's rooms are set to that have been moderated.
    pub rooms: Vec<(ChannelId, RoomSettings)>,
}

/// A message, and the photo it was given.
#[derive(Debug)]
pub struct PhotoOutcome {
    pub publication: Publication,
    pub photo: Result<Photo, ErrorBody>,
}

#[derive(Debug)]
pub struct AuthenticationOutcome {
    pub id: Option<RequestId>,
    pub kind: Kind,
    pub identity: Result<Identity, Refusal>,
}

/// Which request an authentication answers.
#[derive(Debug)]
pub enum Kind {
    SignUp,
    SignIn,
    Token,
    Query { join: Address },
    Resume { rooms: Vec<ResumeRoom> },
}

/// Somebody who has shown who they are and is not registered yet.
#[derive(Debug)]
pub struct Authenticated {
    pub id: Option<RequestId>,
    pub kind: Kind,
    pub identity: Identity,
}

#[derive(Debug)]
pub struct RegistrationOutcome {
    pub authenticated: Authenticated,
    /// The user's message limit on this gateway; an error if Redis could not be told.
    pub messages: Result<SharedBucket, ErrorBody>,
}

#[derive(Debug)]
pub struct JoinOutcome {
    pub join: Join,
    pub result: Result<Room, ErrorBody>,
}

/// A room that was joined.
#[derive(Debug)]
pub struct Room {
    pub channel: ChannelId,
    pub peer: Option<User>,
    /// As the joiner sees them, oldest first.
    pub messages: Vec<Message>,
    /// For one who resumes: the changes that were missed.
    pub changes: Vec<MessageChange>,
    /// What the joiner has chosen on messages.
    pub marks: BTreeMap<MessageId, Mark>,
    pub users: Roster,
    pub users_total: u64,
    pub epoch: String,
    pub seq: u64,
    /// Where the joiner's read cursor stands.
    pub read: Option<u64>,
    pub more: bool,
    /// For one who resumes: whether `messages` are all that was missed.
    pub recovered: bool,
    /// What the joiner is there; `None` in private rooms, where there are no roles.
    pub standing: Option<Box<Standing>>,
}

/// What somebody found themselves to be in a room that they joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub role: Option<RoomRole>,
    /// As in [`Writer`].
    pub muted: Option<u64>,
    /// How often the room had been moderated.
    pub version: u64,
    pub settings: RoomSettings,
    pub can_write: bool,
}
