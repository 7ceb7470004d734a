//! Answers come in the order of the requests, also those that need nothing from Redis.

use parlor_shared::protocol::{ClientFrame, client::ChannelMessage, value::RoomRef};
use parlor_testkit::RedisServer;

use crate::common::{TestGateway, room};

#[tokio::test]
async fn what_is_answered_at_once_waits_for_the_messages_before_it() {
    let redis = RedisServer::start().await;
    let gateway = TestGateway::start(&redis).await;
    let lobby = room("lobby");
    let mut ann = gateway.guest_in("ann", &lobby).await;
    let mut asked = Vec::new();
    for number in 0..40 {
        let message = ClientFrame::ChannelMessage(ChannelMessage {
            room: RoomRef::from(&lobby),
            message: number.to_string(),
            ..Default::default()
        });
        asked.push(ann.send(message).await.expect("sent"));
        asked.push(ann.send(ClientFrame::Ping).await.expect("sent"));
    }
    let mut answered = Vec::new();
    while answered.len() < asked.len() {
        let envelope = ann.next().await.expect("an answer");
        answered.extend(envelope.id);
    }
    assert_eq!(answered, asked);
}
