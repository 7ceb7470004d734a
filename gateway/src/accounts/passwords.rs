//! Password hashing with argon2id, on a bounded pool: it takes tens of milliseconds and megabytes,
//! so it never runs on the event loop and never in unbounded numbers.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::{SaltString, rand_core::OsRng},
};
use parlor_shared::protocol::client::Secret;
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::Refusal;

/// How passwords are hashed.
#[derive(Clone, Copy, Debug)]
pub struct HashSettings {
    pub memory_kib: u32,
    pub iterations: u32,
    /// How many are hashed at once.
    pub concurrency: usize,
    /// How many may wait beside those.
    pub queue: usize,
}

/// The pool. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    params: Params,
    permits: Arc<Semaphore>,
    under_way: Arc<AtomicUsize>,
    under_way_limit: usize,
}

/// One that waits or is hashed; counted until dropped.
struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Passwords {
    /// # Errors
    /// When argon2 refuses the parameters.
    pub fn new(settings: HashSettings) -> Result<Self, argon2::Error> {
        Ok(Self {
            params: Params::new(settings.memory_kib, settings.iterations, 1, None)?,
            permits: Arc::new(Semaphore::new(settings.concurrency)),
            under_way: Arc::default(),
            under_way_limit: settings.concurrency + settings.queue,
        })
    }

    /// A password's hash, in the PHC string format.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] when too many wait.
    pub async fn hash(&self, password: Secret) -> Result<String, Refusal> {
        self.run(password, |argon2, password| {
            let salt = SaltString::generate(&mut OsRng);
            // The parameters were checked; what is left to fail is a password beyond 4 GiB.
            argon2
                .hash_password(password, &salt)
                .map(|hash| hash.to_string())
                .ok()
        })
        .await?
        .ok_or(Refusal::BadPassword)
    }

    /// Whether a password is the one that `hash` was made of.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] when too many wait.
    pub async fn verify(&self, password: Secret, hash: String) -> Result<bool, Refusal> {
        self.run(password, move |argon2, password| {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| argon2.verify_password(password, &hash).is_ok())
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        password: Secret,
        work: impl FnOnce(&Argon2<'_>, &[u8]) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let before = self.under_way.fetch_add(1, Ordering::AcqRel);
        let _under_way = UnderWay(Arc::clone(&self.under_way));
        if before >= self.under_way_limit {
            return Err(Refusal::Overloaded);
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| Refusal::Overloaded)?;
        let params = self.params.clone();
        let worked = spawn_blocking(move || {
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let outcome = work(&argon2, password.0.as_bytes());
            drop(permit);
            outcome
        });
        worked.await.map_err(|_| Refusal::Overloaded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords(concurrency: usize, queue: usize) -> Passwords {
        Passwords::new(HashSettings {
            memory_kib: 8,
            iterations: 1,
            concurrency,
            queue,
        })
        .unwrap()
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_and_no_other() {
        let passwords = passwords(2, 2);
        let hash = passwords
            .hash(Secret("correct horse".into()))
            .await
            .unwrap();
        assert!(hash.starts_with("$argon2id$") && !hash.contains("horse"));
        assert!(
            passwords
                .verify(Secret("correct horse".into()), hash.clone())
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(Secret("battery".into()), hash)
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(Secret("x".into()), "no hash".into())
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn who_finds_the_queue_full_is_refused() {
        let passwords = passwords(1, 0);
        let held = Arc::clone(&passwords.permits)
            .acquire_owned()
            .await
            .unwrap();
        let waiting = {
            let passwords = passwords.clone();
            tokio::spawn(async move { passwords.hash(Secret("first".into())).await })
        };
        while passwords.under_way.load(Ordering::Acquire) == 0 {
            tokio::task::yield_now().await;
        }
        let refused = passwords.hash(Secret("second".into())).await;
        assert_eq!(refused, Err(Refusal::Overloaded));
        drop(held);
        assert!(waiting.await.unwrap().is_ok());
    }
}
