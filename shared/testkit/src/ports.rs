//! Ports for servers that tests start.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;

/// Below the range from which Linux takes ports for outgoing connections, so that none of those sits
/// on a server's port while the server is being restarted.
const FIRST_PORT: u16 = 11_000;
const LAST_PORT: u16 = 31_999;

/// The ports that this process was given, with the locks that keep other test processes off them
/// until this one ends.
static TAKEN: Mutex<Vec<(u16, File)>> = Mutex::new(Vec::new());

/// A loopback port that nothing listens on and that no other test is given.
pub fn free_port() -> u16 {
    let mut taken = TAKEN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = std::env::temp_dir().join("parlor-test-ports");
    fs::create_dir_all(&folder).expect("the folder for port locks can be made");
    // Processes begin at different places, so that they rarely try the same ports.
    let span = u32::from(LAST_PORT - FIRST_PORT) + 1;
    let begin = std::process::id().wrapping_mul(97) % span;
    for step in 0..span {
        // In range: the remainder is below the span of 16-bit ports.
        let port = FIRST_PORT + u16::try_from((begin + step) % span).unwrap_or(0);
        if taken.iter().any(|(other, _)| *other == port) {
            continue;
        }
        let Ok(file) = File::create(folder.join(port.to_string())) else {
            continue;
        };
        if file.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            taken.push((port, file));
            return port;
        }
    }
    panic!("no free port from {FIRST_PORT} to {LAST_PORT}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice_or_while_it_is_used() {
        let first = free_port();
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, first + 1));
        let mut ports: Vec<_> = (0..50).map(|_| free_port()).collect();
        assert!(!ports.contains(&(first + 1)));
        ports.push(first);
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 51);
    }
}
