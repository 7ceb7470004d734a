//! What a gateway puts aside for the webhook by itself; messages, joins and leaves are put aside by
//! the scripts that make them.

use redis::RedisResult;

use super::{commands::Commands, scripts};
use crate::id::ChannelId;

/// Puts a report of a message aside, if reports are wanted. `body` is JSON, passed on as it is.
///
/// # Errors
/// When Redis can't be asked.
pub async fn report(commands: &mut Commands, channel: &ChannelId, body: &str) -> RedisResult<()> {
    let _: u64 = scripts::WEBHOOK_ADD
        .key(commands.keyspace().channel_webhook_state(channel))
        .key(commands.keyspace().channel_webhooks(channel))
        .arg("report")
        .arg(channel.as_str())
        .arg(body)
        .invoke_async(commands)
        .await?;
    Ok(())
}
