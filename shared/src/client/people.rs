//! Requests around what people read and tell about themselves.

use super::{Client, ClientError, unexpected};
use crate::{
    id::{Address, UserId},
    protocol::{
        ClientFrame, ServerFrame,
        client::Page,
        people::{Profile, ProfileOf, ReadTo, SignedInSession, Unread},
        value::RoomRef,
    },
};

impl Client {
    /// Sends a request that `done` answers.
    ///
    /// # Errors
    /// As [`Client::request`], as for all functions here.
    pub async fn have_done(&mut self, frame: ClientFrame) -> Result<(), ClientError> {
        match self.request(frame).await? {
            ServerFrame::Done(_) => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Moves the read cursor of a joined room.
    pub async fn read_to(&mut self, address: &Address, seq: u64) -> Result<(), ClientError> {
        let room = RoomRef::from(address);
        self.have_done(ClientFrame::ReadTo(ReadTo { room, seq }))
            .await
    }

    pub async fn unread(&mut self, page: Page) -> Result<Unread, ClientError> {
        match self.request(ClientFrame::Unread(page)).await? {
            ServerFrame::Unread(unread) => Ok(unread),
            other => Err(unexpected(&other)),
        }
    }

    /// Asks for a profile, or changes one's own.
    pub async fn profile_by(&mut self, frame: ClientFrame) -> Result<Profile, ClientError> {
        match self.request(frame).await? {
            ServerFrame::Profile(profile) => Ok(*profile),
            other => Err(unexpected(&other)),
        }
    }

    pub async fn profile(&mut self, user_uuid: UserId) -> Result<Profile, ClientError> {
        let frame = ClientFrame::Profile(ProfileOf { user_uuid });
        self.profile_by(frame).await
    }

    pub async fn sessions(&mut self) -> Result<Vec<SignedInSession>, ClientError> {
        match self.request(ClientFrame::Sessions).await? {
            ServerFrame::Sessions(sessions) => Ok(sessions.sessions),
            other => Err(unexpected(&other)),
        }
    }
}
