//! `channelMessages`: a page of a joined room's history.

use parlor_shared::protocol::{ErrorBody, ErrorCode, RequestId, client::ChannelMessages};

use super::channel_leave::not_joined;
use crate::session::{
    Effects, Session, State,
    effect::{Effect, Work},
    error, not_signed_in,
};

pub fn history(session: &Session, id: Option<RequestId>, block: &ChannelMessages) -> Effects {
    let State::Identified(identified) = &session.state else {
        return not_signed_in(id);
    };
    let Ok(address) = block.room.address() else {
        return vec![not_joined(id)];
    };
    let Some(seat) = identified.seat(&address) else {
        return vec![not_joined(id)];
    };
    if block.before.is_some() && block.after.is_some() {
        let text = "history is asked for before a Seq or after one, not both";
        return vec![error(id, ErrorBody::new(ErrorCode::Malformed, text))];
    }
    let most = session.rules.history_page;
    vec![Effect::Perform(Work::History {
        id,
        channel: seat.channel.clone(),
        address,
        viewer: identified.user.uuid,
        before: block.before,
        after: block.after,
        count: block.limit.map_or(most, |limit| limit as usize).min(most),
    })]
}
