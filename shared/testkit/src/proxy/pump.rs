//! Moves the bytes of one connection, as badly as it was told to.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Direction, Faults};

const CHUNK_BYTES: usize = 16 * 1024;

/// Chunks under way while a delay is set; then the sender is held back, as by a full window.
const CHUNKS_UNDER_WAY: usize = 64;

/// A throttled chunk takes this part of a second, so that the flow is even.
const CHUNKS_PER_SECOND: u32 = 50;

/// Moves bytes in both directions until both have ended or the token is cancelled.
pub(super) async fn run(
    mut client: TcpStream,
    mut server: TcpStream,
    faults: &watch::Receiver<Faults>,
    cut: &CancellationToken,
) {
    for stream in [&client, &server] {
        // Held-back small packets would be a delay that no test asked for.
        let _ = stream.set_nodelay(true);
    }
    let both = async {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        tokio::join!(
            one_way(from_client, to_server, faults.clone(), Direction::ToServer),
            one_way(from_server, to_client, faults.clone(), Direction::ToClient),
        )
    };
    let was_cut = tokio::select! {
        _ = both => false,
        () = cut.cancelled() => true,
    };
    if was_cut {
        for stream in [&client, &server] {
            // Makes a reset of the close: an orderly end would be a kinder network.
            let _ = stream.set_zero_linger();
        }
    }
}

/// One direction, as two halves with a queue between them: a delay must hold back each chunk and not
/// the ones behind it.
async fn one_way(
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    faults: watch::Receiver<Faults>,
    direction: Direction,
) {
    let (queue, chunks) = mpsc::channel(CHUNKS_UNDER_WAY);
    tokio::join!(
        read(from, queue, faults.clone(), direction),
        write(to, chunks, faults, direction)
    );
}

async fn read(
    mut from: ReadHalf<'_>,
    queue: mpsc::Sender<(Instant, Bytes)>,
    mut faults: watch::Receiver<Faults>,
    direction: Direction,
) {
    let mut buffer = BytesMut::new();
    let forgotten = faults.borrow().forgotten;
    loop {
        flowing(&mut faults).await;
        buffer.reserve(CHUNK_BYTES);
        let ended = matches!(from.read_buf(&mut buffer).await, Ok(0) | Err(_));
        if ended {
            return;
        }
        let now = faults.borrow().clone();
        let chunk = buffer.split().freeze();
        if now.dropped[direction as usize] || now.forgotten > forgotten {
            continue;
        }
        // The writer has gone when its peer has: what comes now has nowhere to go.
        if queue
            .send((Instant::now() + now.delays[direction as usize], chunk))
            .await
            .is_err()
        {
            return;
        }
    }
}

async fn write(
    mut to: WriteHalf<'_>,
    mut chunks: mpsc::Receiver<(Instant, Bytes)>,
    mut faults: watch::Receiver<Faults>,
    direction: Direction,
) {
    let half_closes = faults.borrow().half_closes[direction as usize];
    let mut told = faults.clone();
    let told_to_close =
        told.wait_for(|faults| faults.half_closes[direction as usize] > half_closes);
    let flow = async {
        while let Some((due, chunk)) = chunks.recv().await {
            sleep_until(due).await;
            flowing(&mut faults).await;
            if trickle(&mut to, chunk, &mut faults).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = flow => {}
        _ = told_to_close => {}
    }
    let _ = to.shutdown().await;
}

/// Writes at the rate that is set, which may change on the way.
async fn trickle(
    to: &mut WriteHalf<'_>,
    mut chunk: Bytes,
    faults: &mut watch::Receiver<Faults>,
) -> std::io::Result<()> {
    while !chunk.is_empty() {
        flowing(faults).await;
        let limit = faults.borrow().bytes_per_second;
        let Some(bytes_per_second) = limit else {
            return to.write_all(&chunk).await;
        };
        let part = chunk
            .len()
            .min((bytes_per_second / CHUNKS_PER_SECOND).max(1) as usize);
        let part = chunk.split_to(part);
        to.write_all(&part).await?;
        sleep(Duration::from_secs_f64(
            part.len() as f64 / f64::from(bytes_per_second),
        ))
        .await;
    }
    Ok(())
}

/// Waits while the network is stalled.
async fn flowing(faults: &mut watch::Receiver<Faults>) {
    // An error means that the proxy is gone, and with it this connection in a moment.
    let _ = faults.wait_for(|faults| !faults.stalled).await;
}
