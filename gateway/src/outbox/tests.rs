use futures_util::FutureExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;

const TIMEOUT: Duration = Duration::from_millis(300);

/// An outbox, and the other end of its socket.
async fn pair(limit_bytes: usize) -> (Outbox, TcpStream) {
    pair_within(limit_bytes, Duration::from_secs(20)).await
}

async fn pair_within(limit_bytes: usize, write_timeout: Duration) -> (Outbox, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connect = TcpStream::connect(listener.local_addr().unwrap());
    let (accepted, connected) = tokio::join!(listener.accept(), connect);
    let socket = accepted.unwrap().0;
    socket.writable().await.unwrap();
    let (alarms, clock) = Alarms::new();
    tokio::spawn(clock);
    let rules = Rules {
        limit_bytes,
        write_timeout,
        alarms,
    };
    let outbox = Outbox::new(socket, false, Arc::new(rules));
    (outbox, connected.unwrap())
}

fn frame(number: usize) -> Frame {
    Frame::text(&format!("frame {number:04}"))
}

fn large() -> Frame {
    Frame::text(&"x".repeat(100_000))
}

/// As they are written.
fn row(frames: impl IntoIterator<Item = Frame>) -> Vec<u8> {
    let frames = frames.into_iter();
    frames.flat_map(|frame| frame.plain().to_vec()).collect()
}

#[tokio::test]
async fn what_waits_leaves_in_one_write() {
    let (outbox, mut peer) = pair(1 << 20).await;
    assert_eq!(outbox.push(&frame(0)), Pushed::Flush);
    for number in 1..50 {
        assert_eq!(outbox.push(&frame(number)), Pushed::Queued);
    }
    outbox.flush();
    assert_eq!(outbox.state().writes, 1);
    let expected = row((0..50).map(frame));
    let mut read = vec![0; expected.len()];
    peer.read_exact(&mut read).await.unwrap();
    assert_eq!(read, expected);
}

#[tokio::test]
async fn what_is_sent_goes_behind_what_waits_and_straight_where_nothing_does() {
    let (outbox, mut peer) = pair(1 << 20).await;
    assert_eq!(outbox.send(&frame(0)), Pushed::Written);
    outbox.push(&frame(1));
    assert_eq!(outbox.send(&frame(2)), Pushed::Queued);
    outbox.flush();
    assert_eq!(outbox.state().writes, 2, "the second took two frames");
    let expected = row((0..=2).map(frame));
    let mut read = vec![0; expected.len()];
    peer.read_exact(&mut read).await.unwrap();
    assert_eq!(read, expected);
    outbox.close(CloseCode::Normal);
    assert_eq!(outbox.send(&frame(3)), Pushed::Refused);
}

#[tokio::test]
async fn a_reader_that_stops_and_goes_on_gets_everything_in_order() {
    let (outbox, mut peer) = pair(64 << 20).await;
    let large = |number: u32| {
        let letter = char::from_digit(number % 36, 36).unwrap();
        Frame::text(&letter.to_string().repeat(100_000))
    };
    for number in 0..200 {
        outbox.send(&large(number));
    }
    assert!(
        outbox.state().blocked.is_some(),
        "20 MB do not fit into the kernel's buffers"
    );
    outbox.close(CloseCode::Normal);
    let writer = {
        let outbox = outbox.clone();
        tokio::spawn(async move { outbox.finish().await })
    };
    let expected = row((0..200).map(large));
    let mut read = vec![0; expected.len()];
    peer.read_exact(&mut read).await.unwrap();
    assert!(read == expected, "20 MB are not printed");
    assert!(
        writer.await.unwrap().is_ok(),
        "it ends once the close frame is out"
    );
    let mut close = [0; 4];
    peer.read_exact(&mut close).await.unwrap();
    assert_eq!(close[2..], 1000_u16.to_be_bytes());
}

#[tokio::test]
async fn a_full_outbox_ends_the_connection_and_takes_no_more() {
    let (outbox, _peer) = pair_within(1_000_000, TIMEOUT).await;
    let mut pushed = Pushed::Queued;
    for _ in 0..1_000 {
        pushed = outbox.push(&large());
        outbox.flush();
        if pushed == Pushed::Overflow {
            break;
        }
    }
    assert_eq!(pushed, Pushed::Overflow);
    assert_eq!(outbox.closing(), Some(CloseCode::SlowConsumer));
    assert!(
        outbox.state().queued_bytes <= 201_000,
        "what waited is given up"
    );
    assert_eq!(outbox.push(&frame(0)), Pushed::Refused);
    assert!(outbox.finish().await.is_err(), "the reader never reads");
}

#[tokio::test]
async fn answers_wait_for_room() {
    let (outbox, mut peer) = pair(1_000_000).await;
    while outbox.state().blocked.is_none() {
        outbox.send(&large());
    }
    while outbox.state().queued_bytes <= 600_000 {
        outbox.push(&large());
    }
    assert!(
        outbox.room_for(1_000).now_or_never().is_none(),
        "more than half is queued"
    );
    let reader = tokio::spawn(async move { peer.read_to_end(&mut Vec::new()).await });
    let written = outbox.while_writing(outbox.room_for(1_000)).await;
    assert!(written.is_ok());
    assert!(outbox.state().queued_bytes < 500_000);
    outbox.close(CloseCode::Normal);
    assert!(outbox.finish().await.is_ok());
    drop(outbox);
    assert!(reader.await.unwrap().is_ok());
}

#[tokio::test]
async fn what_one_step_says_leaves_in_one_write() {
    let (outbox, mut peer) = pair(1 << 20).await;
    let work = async {
        outbox.push(&frame(1));
        outbox.push(&frame(2));
        tokio::task::yield_now().await;
        let writes = outbox.state().writes;
        outbox.push(&frame(3));
        writes
    };
    let writes = outbox.while_writing(work).await;
    assert!(matches!(writes, Ok(1)), "{writes:?}");
    outbox.close(CloseCode::Normal);
    assert!(outbox.finish().await.is_ok());
    assert_eq!(outbox.state().writes, 2);
    let expected = row((1..=3).map(frame));
    let mut read = vec![0; expected.len()];
    peer.read_exact(&mut read).await.unwrap();
    assert_eq!(read, expected);
}

#[tokio::test]
async fn the_earliest_alarm_rings_and_once() {
    let (outbox, _peer) = pair(1 << 20).await;
    let began = Instant::now();
    outbox.ring_at(began + Duration::from_mins(1));
    outbox.ring_at(began + TIMEOUT);
    outbox.ring_at(began + Duration::from_mins(2));
    let signals = loop {
        match outbox.wait().await {
            Wake::Signals(signals) => break signals,
            // A fresh socket may seem readable until it is tried.
            Wake::Readable => assert!(outbox.socket().try_read(&mut [0]).is_err()),
            written @ Wake::Written(_) => panic!("{written:?}"),
        }
    };
    assert!(signals.has(Signal::Alarm) && !signals.has(Signal::Orders));
    let late = began.elapsed();
    assert!(late >= TIMEOUT, "{late:?}");
    // Of the two that were set beside it none counts any more.
    assert!(outbox.inner.bell.take().is_empty());
    assert!(outbox.inner.bell.set_alarm(u32::MAX - 1));
}

#[tokio::test]
async fn others_wake_a_connection_that_waits() {
    let (outbox, mut peer) = pair(1 << 20).await;
    let waiting = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.wait().await }
    });
    outbox.signal(Signal::Orders);
    let woken = waiting.await.unwrap();
    assert!(matches!(woken, Wake::Signals(signals) if signals.has(Signal::Orders)));
    peer.write_all(b"x").await.unwrap();
    assert!(matches!(outbox.wait().await, Wake::Readable));
}
