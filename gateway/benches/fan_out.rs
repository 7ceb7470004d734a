//! The parts of a delivery, each by itself: `cargo bench -p parlor-gateway`.

mod stage;

use std::{hint::black_box, thread};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use parlor_gateway::{
    outbox::Outbox,
    rooms::{room::Deliver, writer::Writer},
    websocket::{Decoder, Frame, Input},
};
use tokio::{io::AsyncReadExt as _, runtime::Runtime, task::JoinSet};

/// A member who takes frames and does nothing with them.
struct Nobody;

struct Nowhere;

impl Deliver<Nobody> for Nowhere {
    fn deliver(&mut self, _: &Nobody, frame: &Frame) {
        black_box(frame.clone());
    }

    fn give_up(&mut self, _: &Nobody) {}
}

fn codec(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec");
    let text =
        r#"{"type":"channelMessage","channelMessage":{"message":"hello, everybody who is here"}}"#;
    let mask = [7, 1, 9, 3];
    let masked = text
        .bytes()
        .zip(mask.iter().cycle())
        .map(|(byte, mask)| byte ^ mask);
    let mut frame = vec![0x81, 0x80 | text.len() as u8];
    frame.extend(mask);
    frame.extend(masked);
    group.throughput(Throughput::Elements(1));
    group.bench_function("decode a frame", |bencher| {
        let mut decoder = Decoder::new(64 * 1_024, false);
        let mut inputs: Vec<Input> = Vec::new();
        let mut read = frame.clone();
        bencher.iter(|| {
            read.copy_from_slice(&frame);
            inputs.clear();
            decoder.feed(black_box(&mut read), &mut inputs)
        });
        assert_eq!(inputs, [Input::Text(text.to_owned())]);
    });
    group.bench_function("encode a frame", |bencher| {
        bencher.iter(|| Frame::text(black_box(text)));
    });
    group.finish();
}

fn room(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("room");
    for members in [8, 1_000] {
        group.throughput(Throughput::Elements(members));
        group.bench_with_input(
            BenchmarkId::new("deliver", members),
            &members,
            |bencher, members| {
                let sinks = (0..*members).map(|_| Nobody);
                let mut room = stage::room(sinks, &mut Nowhere);
                let (body, mut seq) = (stage::body(), 0);
                bencher.iter(|| {
                    seq += 1;
                    room.event(stage::event(&body, seq), &mut Nowhere)
                });
            },
        );
    }
    group.finish();
}

/// With real sockets, whose other ends a thread of its own reads.
fn outbox(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("outbox");
    let members = 100;
    let (outboxes, mut readers): (Vec<Outbox>, JoinSet<()>) = runtime.block_on(async {
        let (mut outboxes, mut readers) = (Vec::new(), JoinSet::new());
        for _ in 0..members {
            let (outbox, mut peer) = stage::outbox().await;
            outboxes.push(outbox);
            readers.spawn(async move {
                let mut buffer = vec![0; 64 * 1_024];
                while peer.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
            });
        }
        (outboxes, readers)
    });
    let frame = Frame::text(&"x".repeat(200));
    for gathered in [1, 16] {
        group.throughput(Throughput::Elements(members * gathered));
        let frames = vec![frame.clone(); gathered as usize];
        let row = Frame::row(frames.iter()).expect("one at least");
        group.bench_function(BenchmarkId::new("write", gathered), |bencher| {
            let mut writer = Writer::default();
            bencher.iter(|| {
                for outbox in &outboxes {
                    writer.deliver(outbox, &row);
                }
                runtime.block_on(writer.flush());
                thread::yield_now();
            });
        });
    }
    group.finish();
    readers.abort_all();
}

criterion_group!(benches, codec, room, outbox);
criterion_main!(benches);
