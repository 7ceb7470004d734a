//! Asks a running program for its health from outside: a container's image has neither a shell nor
//! an HTTP client, so the program is its own.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use crate::config::{HealthQuestion, ListenAddress};

/// For each of connecting, asking and hearing. A program that takes longer is in no health.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The answer is one line, which names what does not hold.
const ANSWER_BYTES: u64 = 4 * 1_024;

/// Asks the program that serves this admin address; tells on standard error why it is not well.
pub fn ask(admin: &ListenAddress, question: HealthQuestion) -> ExitCode {
    match answer(admin, question) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn answer(admin: &ListenAddress, question: HealthQuestion) -> Result<(), String> {
    let path = match question {
        HealthQuestion::Live => "/healthz",
        HealthQuestion::Ready => "/readyz",
    };
    let text = get(reachable(admin), path)
        .map_err(|error| format!("the admin address {admin} does not answer: {error}"))?;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    match head.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => Err(body.trim_end().to_owned()),
    }
}

/// Where to connect for what listens there: all interfaces include the loopback one.
fn reachable(admin: &ListenAddress) -> SocketAddr {
    let ip = match admin.ip {
        None => Ipv4Addr::LOCALHOST.into(),
        Some(IpAddr::V4(ip)) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        Some(IpAddr::V6(ip)) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        Some(ip) => ip,
    };
    SocketAddr::new(ip, admin.port)
}

fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut text = String::new();
    stream.take(ANSWER_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::telemetry::{AdminServer, Metrics, Readiness};

    #[tokio::test]
    async fn tells_what_the_admin_port_tells() {
        let metrics = Metrics::new("test").expect("valid");
        let readiness = Readiness::new(&metrics).expect("once");
        let redis = readiness.condition("redis");
        // All interfaces, as in a container.
        let any_port = ":0".parse().expect("valid");
        let server = AdminServer::bind(any_port, metrics, readiness).await;
        let server = server.expect("binds");
        let port = server.local_addr().expect("bound").port();
        let stop = CancellationToken::new();
        let running = tokio::spawn(server.run(stop.clone()));
        let ask = async |address: &str, question| {
            let address: ListenAddress = format!("{address}:{port}").parse().expect("valid");
            let asked = tokio::task::spawn_blocking(move || answer(&address, question));
            asked.await.expect("no panic")
        };

        redis.fails("connection refused");
        let unready = Err("redis: connection refused".to_owned());
        assert_eq!(ask("", HealthQuestion::Ready).await, unready);
        assert_eq!(ask("", HealthQuestion::Live).await, Ok(()));
        redis.holds();
        for address in ["", "0.0.0.0", "127.0.0.1", "localhost"] {
            assert_eq!(ask(address, HealthQuestion::Ready).await, Ok(()));
        }

        stop.cancel();
        running.await.expect("no panic").expect("no error");
        let gone = ask("", HealthQuestion::Live).await.expect_err("nobody");
        assert!(gone.contains(&format!(":{port} does not answer")), "{gone}");
    }
}
