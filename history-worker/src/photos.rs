//! Forgets photos whose messages were deleted or trimmed. Their pictures are deleted by a gateway, which
//! has the store.

use std::time::Duration;

use parlor_shared::{clock, id::PhotoId};
use redis::{RedisResult, pipe};

use crate::{
    metrics::Metrics,
    watch::{Scope, Watch},
};

/// A deleted message's photo is shown this much longer, about.
const INTERVAL: Duration = Duration::from_millis(500);
/// Photos of one partition in one look.
const PHOTOS: usize = 200;

pub(crate) struct Photos(pub(crate) Scope);

impl Watch for Photos {
    const INTERVAL: Duration = INTERVAL;
    const FAILURE: &'static str = "can't forget the photos of deleted and trimmed messages";

    fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    async fn look(&mut self) -> RedisResult<()> {
        let owned: Vec<u16> = self.0.owned.borrow().keys().copied().collect();
        if owned.is_empty() {
            return Ok(());
        }
        let mut ask = pipe();
        for &partition in &owned {
            let gone = self.0.keyspace.photos_gone(partition);
            ask.srandmember_multiple(gone, PHOTOS as isize);
        }
        let found: Vec<Vec<String>> = ask.query_async(&mut self.0.commands).await?;
        for (partition, photos) in owned.into_iter().zip(found) {
            if !photos.is_empty() {
                self.forget(partition, &photos).await?;
            }
        }
        Ok(())
    }
}

impl Photos {
    /// Enters the photos as due before anything else, and takes them from the set last: whoever dies
    /// in between, they are found again. Doing it twice does nothing, so no lease is asked.
    async fn forget(&mut self, partition: u16, photos: &[String]) -> RedisResult<()> {
        let now = clock::now_ms();
        let mut forget = pipe();
        for photo in photos.iter().filter_map(|it| it.parse::<PhotoId>().ok()) {
            forget
                .zadd(self.0.keyspace.photos_due(), photo.to_string(), now)
                .del(self.0.keyspace.photo(photo));
        }
        forget.exec_async(&mut self.0.commands).await?;
        let gone = self.0.keyspace.photos_gone(partition);
        pipe()
            .srem(gone, photos)
            .exec_async(&mut self.0.commands)
            .await?;
        self.0.metrics.photos_forgotten.inc_by(photos.len() as u64);
        Ok(())
    }
}
