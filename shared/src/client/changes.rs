//! Changes of messages: requests with their answers.

use super::{Client, ClientError, unexpected};
use crate::{
    id::Address,
    protocol::{
        ClientFrame, ServerFrame,
        change::{
            MessageChange, MessageEdit, MessageMark, MessageReact, MessageRef, MessageTarget,
            NewPoll, PollVote,
        },
        client::ChannelMessage,
        server::Ack,
        value::RoomRef,
    },
};

impl From<&Ack> for MessageRef {
    fn from(ack: &Ack) -> Self {
        Self {
            uuid: ack.uuid,
            seq: ack.seq,
        }
    }
}

impl Client {
    /// Sends a message with whatever it has and waits for its `ack`.
    pub async fn say_block(&mut self, block: ChannelMessage) -> Result<Ack, ClientError> {
        self.acknowledged(ClientFrame::ChannelMessage(block)).await
    }

    /// Answers a message.
    pub async fn reply(
        &mut self,
        address: &Address,
        reply_to: MessageRef,
        text: &str,
    ) -> Result<Ack, ClientError> {
        self.say_block(ChannelMessage {
            room: RoomRef::from(address),
            message: text.into(),
            reply_to: Some(reply_to),
            ..ChannelMessage::default()
        })
        .await
    }

    /// Asks a question with options.
    pub async fn poll(
        &mut self,
        address: &Address,
        question: &str,
        poll: NewPoll,
    ) -> Result<Ack, ClientError> {
        self.say_block(ChannelMessage {
            room: RoomRef::from(address),
            message: question.into(),
            poll: Some(poll),
            ..ChannelMessage::default()
        })
        .await
    }

    pub async fn edit(
        &mut self,
        address: &Address,
        target: MessageRef,
        text: &str,
    ) -> Result<Ack, ClientError> {
        let block = MessageEdit {
            room: RoomRef::from(address),
            target,
            message: text.into(),
            client_message_id: None,
        };
        self.acknowledged(ClientFrame::MessageEdit(block)).await
    }

    pub async fn delete(
        &mut self,
        address: &Address,
        target: MessageRef,
    ) -> Result<Ack, ClientError> {
        let room = RoomRef::from(address);
        let block = MessageTarget { room, target };
        self.acknowledged(ClientFrame::MessageDelete(block)).await
    }

    /// Puts an emoji to a message, or takes it away.
    pub async fn react(
        &mut self,
        address: &Address,
        target: MessageRef,
        emoji: &str,
        on: bool,
    ) -> Result<MessageMark, ClientError> {
        let block = MessageReact {
            room: RoomRef::from(address),
            target,
            emoji: emoji.into(),
            on,
        };
        self.marked(ClientFrame::MessageReact(block)).await
    }

    pub async fn vote(
        &mut self,
        address: &Address,
        target: MessageRef,
        options: &[u8],
    ) -> Result<MessageMark, ClientError> {
        let block = PollVote {
            room: RoomRef::from(address),
            target,
            options: options.to_vec(),
        };
        self.marked(ClientFrame::PollVote(block)).await
    }

    pub async fn close_poll(
        &mut self,
        address: &Address,
        target: MessageRef,
    ) -> Result<MessageMark, ClientError> {
        let room = RoomRef::from(address);
        let block = MessageTarget { room, target };
        self.marked(ClientFrame::PollClose(block)).await
    }

    /// Waits for the next change of a message.
    pub async fn change(&mut self) -> Result<MessageChange, ClientError> {
        self.expect(|frame| match frame {
            ServerFrame::MessageChange(change) => Some((**change).clone()),
            _ => None,
        })
        .await
    }

    async fn acknowledged(&mut self, frame: ClientFrame) -> Result<Ack, ClientError> {
        match self.request(frame).await? {
            ServerFrame::Ack(ack) => Ok(ack),
            other => Err(unexpected(&other)),
        }
    }

    async fn marked(&mut self, frame: ClientFrame) -> Result<MessageMark, ClientError> {
        match self.request(frame).await? {
            ServerFrame::MessageMark(mark) => Ok(mark),
            other => Err(unexpected(&other)),
        }
    }
}
