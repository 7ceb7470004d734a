//! Clients that send garbage, or nothing, or too much of it, while others talk: their connections
//! end, the gateway's memory stays bounded, and nobody else notices.

use std::time::Duration;

use parlor_chaos::{
    fleet::{PATIENCE, Plan},
    stage::{Crowd, Stage},
};
use parlor_shared::protocol::CloseCode;
use parlor_testkit::wait_until;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

/// Connections of each kind.
const OF_A_KIND: usize = 60;
/// What all of them together may cost the gateway.
const MEMORY_BYTES: u64 = 64 << 20;
/// Header and sign-in timeouts of the gateway here.
const TIMEOUT: &str = "2s";

#[derive(Clone, Copy, Debug)]
enum Nuisance {
    /// Bytes that are no HTTP.
    Noise,
    /// One byte of a header at a time, for ever.
    Loris,
    /// A WebSocket that never signs in.
    Silence,
    /// A frame that announces 8 EiB.
    Huge,
    /// JSON a thousand levels deep, unmasked, and not UTF-8.
    Deep,
    Unmasked,
    NotText,
}

const KINDS: [Nuisance; 7] = [
    Nuisance::Noise,
    Nuisance::Loris,
    Nuisance::Silence,
    Nuisance::Huge,
    Nuisance::Deep,
    Nuisance::Unmasked,
    Nuisance::NotText,
];

/// The gateway's close frame.
fn frame_of_close(code: CloseCode) -> Vec<u8> {
    let reason = code.reason().as_bytes();
    let length = u8::try_from(2 + reason.len()).expect("a short reason");
    let mut frame = vec![0x88, length];
    frame.extend(code.code().to_be_bytes());
    frame.extend(reason);
    frame
}

/// A text frame with a mask of zeros.
fn frame(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("a short frame");
    let mut frame = vec![0x81, 0xfe];
    frame.extend(length.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

impl Nuisance {
    /// How the gateway ends a WebSocket for it.
    fn close_code(self) -> Option<CloseCode> {
        match self {
            Self::Noise | Self::Loris => None,
            Self::Silence | Self::Deep => Some(CloseCode::SignInTimeout),
            Self::Huge => Some(CloseCode::TooBig),
            Self::Unmasked => Some(CloseCode::Protocol),
            Self::NotText => Some(CloseCode::InvalidUtf8),
        }
    }
}

/// Does its worst until the gateway ends the connection; gives what it was answered.
async fn bother(address: String, nuisance: Nuisance) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(&address).await?;
    let upgrade = format!(
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let websocket = !matches!(nuisance, Nuisance::Noise | Nuisance::Loris);
    if websocket {
        stream.write_all(upgrade.as_bytes()).await?;
    }
    match nuisance {
        Nuisance::Noise => stream.write_all(&vec![0xA5; 100_000]).await?,
        Nuisance::Loris => {
            for byte in upgrade.bytes().cycle() {
                if byte != b'\n' {
                    stream.write_all(&[byte]).await?;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Nuisance::Silence => {}
        Nuisance::Huge => {
            let header = [0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
            stream.write_all(&header).await?;
            stream.write_all(&vec![b'x'; 200_000]).await?;
        }
        Nuisance::Deep => {
            // Each is refused, until the gateway ends the connection that does not sign in.
            for _ in 0..50 {
                stream
                    .write_all(&frame("[".repeat(20_000).as_bytes()))
                    .await?;
            }
        }
        Nuisance::Unmasked => stream.write_all(b"\x81\x05hello").await?,
        Nuisance::NotText => stream.write_all(&frame(&vec![0xff; 40_000])).await?,
    }
    // Whatever is answered, the end comes.
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nuisances_end_and_cost_little_and_others_do_not_notice() {
    let plan = Plan {
        gateways: 1,
        ..Plan::default()
    };
    let plan = plan
        .gateway("HEADER_TIMEOUT", TIMEOUT)
        .gateway("SIGN_IN_TIMEOUT", TIMEOUT);
    let mut stage = Stage::start(plan, Crowd::default(), 51).await;
    let load = stage.load(100);
    stage.acknowledged(50).await;
    let before = stage.fleet.gateways[0].process().resident_bytes();
    let address = stage.fleet.gateways[0].entrance().address().to_string();
    let mut nuisances = JoinSet::new();
    for nuisance in KINDS {
        for _ in 0..OF_A_KIND {
            let address = address.clone();
            nuisances.spawn(async move {
                let ended = timeout(PATIENCE, bother(address, nuisance)).await;
                let Ok(answer) = ended else {
                    panic!("{nuisance:?} was never ended");
                };
                // A reset is an end as well.
                let (Ok(answer), Some(code)) = (answer, nuisance.close_code()) else {
                    return;
                };
                let close = frame_of_close(code);
                assert!(answer.ends_with(&close), "{nuisance:?} was ended otherwise");
            });
        }
    }
    let mut most = before;
    while let Some(ended) = nuisances.join_next().await {
        ended.expect("every one is ended");
        most = most.max(stage.fleet.gateways[0].process().resident_bytes());
    }
    eprintln!("memory grew from {before} by {}", most - before);
    assert!(most - before < MEMORY_BYTES, "{before} grew to {most}");
    let members = stage.members.len() as f64;
    wait_until(PATIENCE, "only members to be connected", async || {
        let metrics = stage.fleet.gateways[0].metrics().await;
        metrics.value("parlor_connections", &[]) == Some(members)
    })
    .await;
    stage.acknowledged(50).await;
    stage.quiet(load).await;
    let report = stage.finish().await;
    report.assert_clean();
    assert_eq!(report.reconnections, 0);
}
