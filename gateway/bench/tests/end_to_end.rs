//! The tool measures real programs, small.
//!
//! The programs are the caller's to build: cargo build --workspace --bins.

use std::process::Command;

use parlor_testkit::binary;
use serde_json::Value;

/// Runs the tool beside the programs that it starts, and gives its figures.
fn measure(args: &[&str]) -> Value {
    // Missing programs are told by name.
    binary("gateway");
    let output = Command::new(binary("parlor-bench"))
        .args(args)
        .arg("--json")
        .output()
        .expect("the tool starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{args:?}: {said}{printed}");
    let report: Value = serde_json::from_str(&printed).expect("JSON is printed, and nothing else");
    assert_eq!(report["ok"], true, "{report:#}");
    report["figures"].clone()
}

fn number(figures: &Value, key: &str) -> f64 {
    let figure = &figures[key];
    figure
        .as_f64()
        .unwrap_or_else(|| panic!("{key} is a number, not {figure}"))
}

#[test]
fn two_gateways_deliver_everything() {
    let figures = measure(&[
        "two-gateways",
        "--members=10",
        "--rate=20",
        "--seconds=2",
        "--warm-up=0.5",
        "--floor",
    ]);
    // 20 messages a second for 2 s, each to 10 members on each of two gateways; a few of the
    // warm-up's may be counted with them, which had not arrived at its end.
    let deliveries = number(&figures, "deliveries");
    let expected = 20.0 * 2.0 * 20.0;
    assert!(
        (expected..1.2 * expected).contains(&deliveries),
        "{deliveries}"
    );
    for key in [
        "lost",
        "doubled",
        "reordered",
        "seq_breaks",
        "errors",
        "ended",
    ] {
        assert_eq!(figures[key], 0, "{key}");
    }
    let median = number(&figures, "latency_p50_ms");
    assert!(median > 0.0 && median <= number(&figures, "latency_p99_ms"));
    assert!(number(&figures, "bytes_per_delivery") > 100.0);
    assert!(number(&figures, "gateway_cpu_us_per_delivery") > 0.0);
    assert!(number(&figures, "floor_latency_p99_ms") > 0.0);
}

#[test]
fn idle_connections_are_weighed() {
    let figures = measure(&["idle", "--connections=200", "--settle=1"]);
    assert_eq!(
        (&figures["errors"], &figures["ended"]),
        (&0.into(), &0.into())
    );
    assert!(number(&figures, "resident_after_kib") > 0.0);
    assert!(number(&figures, "cpu_us_per_sign_in") > 0.0);
    // A debug build has no bar to meet, but a gateway that wastes memory shows even here.
    let each = number(&figures, "kib_per_connection");
    assert!(each < 64.0, "{each} KiB a connection");
}

#[test]
fn everybody_may_come_at_once() {
    for way in ["--in-flight=50", "--one-step"] {
        let figures = measure(&["join-storm", "--connections=200", way]);
        assert_eq!(
            (&figures["errors"], &figures["ended"]),
            (&0.into(), &0.into())
        );
        assert!(number(&figures, "cpu_us_per_join") > 0.0);
    }
}

#[test]
fn what_makes_no_sense_is_refused_in_a_sentence() {
    let output = Command::new(binary("parlor-bench"))
        .args(["idle", "--connections=100000000"])
        .output()
        .expect("the tool starts");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the hard limit here is"), "{said}");
}

#[test]
fn votes_and_typing_cost_a_room_less_than_messages() {
    let figures = measure(&[
        "lively-room",
        "--members=120",
        "--votes=120",
        "--typists=10",
        "--seconds=3",
    ]);
    assert_eq!(figures["uncounted"], 0);
    let (told, typing) = (
        number(&figures, "tallies_each"),
        number(&figures, "typing_each"),
    );
    assert!(0.0 < told && told < 5.0, "{told}");
    assert!(0.0 < typing && typing < 5.0, "{typing}");
    assert!(number(&figures, "deliveries_ratio") < 1.0);
    assert!(number(&figures, "bytes_ratio") < 1.0);
}

#[test]
fn a_saturated_gateway_delivers_everything() {
    let figures = measure(&[
        "saturation",
        "--members=20",
        "--in-flight=16",
        "--read-every=5",
        "--seconds=2",
        "--warm-up=0.5",
        "--floor",
        "--compress",
        "--set",
        "COMPRESSION=true",
        "--set",
        "BATCH_DELAY=10ms",
    ]);
    for key in ["lost", "doubled", "reordered", "seq_breaks", "errors"] {
        assert_eq!(figures[key], 0, "{key}");
    }
    assert!(number(&figures, "deliveries_per_second") > 0.0);
    assert!(number(&figures, "deliveries_ratio") > 0.0);
    // Of 100 bytes that repeat little, and some 380 of the same names each time.
    assert!(number(&figures, "bytes_per_delivery") < 400.0);
}

#[test]
fn a_backlog_is_persisted_and_everybody_comes_back() {
    let figures = measure(&["history", "--rooms=20", "--in-flight=200", "--seconds=2"]);
    assert!(number(&figures, "persisted_ratio") > 0.0);
    assert_eq!(figures["lost"], 0);
    let figures = measure(&["reconnect-storm", "--connections=100"]);
    assert_eq!(figures["unrecovered"], 0);
    assert!(number(&figures, "cpu_us_per_reconnect") > 0.0);
}
