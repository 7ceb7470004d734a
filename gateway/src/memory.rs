//! The allocator, how memory is taken, and when it is given back.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use tokio::runtime::{Builder, Runtime};

/// Small allocations by the million, freed on other threads than they were made on: what mimalloc
/// is for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Between two times that a thread gives back what it does not use.
const INTERVAL: Duration = Duration::from_secs(2);

thread_local! {
    static GAVE_BACK: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The runtime that connections live on, one thread a core.
///
/// A thread's heap keeps what others have freed until the thread looks. After a rush of sign-ins that
/// is several MiB, which no idle connection needs: so a thread that has nothing to do looks.
///
/// # Errors
/// When the system has no threads for it.
pub fn runtime() -> std::io::Result<Runtime> {
    take_small_pages();
    Builder::new_multi_thread()
        .enable_all()
        .on_thread_park(give_back)
        .build()
}

/// A huge page is resident as a whole, however little of it is in use, and the allocator asks for
/// them: that is a third of the memory of a gateway before its first connection, and 0.4 KiB for each.
/// They would spare the processor 2 or 3 % (`gateway/BENCHMARKS.md`).
fn take_small_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        eprintln!("huge pages stay in use, so more memory will be: {error}");
    }
}

fn give_back() {
    let now = Instant::now();
    let due = GAVE_BACK.get().is_none_or(|last| now - last >= INTERVAL);
    if due {
        GAVE_BACK.set(Some(now));
        // SAFETY: it may be called by any thread at any time, and touches the caller's heap alone.
        #[allow(unsafe_code)]
        unsafe {
            libmimalloc_sys::mi_collect(true);
        }
    }
}
