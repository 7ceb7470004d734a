//! Two people who chat beside whatever a test does: as long as they can, the gateway goes on.

use parlor_shared::{client::Client, id::Address};

use super::TestGateway;

pub struct Witnesses {
    speaker: Client,
    listener: Client,
    said: u64,
}

impl Witnesses {
    /// Two guests in General.
    pub async fn arrive(gateway: &TestGateway) -> Self {
        Self {
            speaker: gateway.guest_in("speaker", &Address::General).await,
            listener: gateway.guest_in("listener", &Address::General).await,
            said: 0,
        }
    }

    /// One speaks and the other hears it, and nothing else.
    pub async fn chat(&mut self) {
        self.said += 1;
        let text = format!("still here {}", self.said);
        let sent = self.speaker.say(&Address::General, &text).await;
        sent.expect("the gateway takes messages");
        let heard = self.listener.message().await.expect("is delivered");
        assert_eq!(heard.message, text);
    }
}
