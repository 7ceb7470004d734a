use super::*;

const VALID: &str = r#"# HELP parlor_messages_total Messages, by "way" and C:\\path.\nSecond line.
# TYPE parlor_messages_total counter
parlor_messages_total{way="in",kind="a\"b\\c\nd}"} 3
parlor_messages_total{way="out",} 4.5e1 1700000000000
# a comment

# TYPE parlor_connections gauge
# HELP parlor_connections Open connections.
parlor_connections -0
# HELP parlor_fan_out_seconds Time.
# TYPE parlor_fan_out_seconds histogram
parlor_fan_out_seconds_bucket{le="0.1"} 1
parlor_fan_out_seconds_bucket{le="1"} 1
parlor_fan_out_seconds_bucket{le="+Inf"} 2
parlor_fan_out_seconds_sum 7
parlor_fan_out_seconds_count 2
# HELP parlor_none A family without series yet.
# TYPE parlor_none gauge
"#;

#[test]
fn reads_what_is_valid() {
    let families = parse(VALID).expect("valid");
    let messages = families.get("parlor_messages_total").expect("there");
    assert_eq!(messages.kind, Kind::Counter);
    assert_eq!(
        messages.help,
        "Messages, by \"way\" and C:\\path.\nSecond line."
    );
    let labels = [("kind", "a\"b\\c\nd}"), ("way", "in")];
    assert_eq!(families.value("parlor_messages_total", &labels), Some(3.0));
    assert_eq!(
        families.value("parlor_messages_total", &[("way", "in")]),
        None
    );
    assert!((families.sum("parlor_messages_total") - 48.0).abs() < 1e-9);
    assert_eq!(
        families.value("parlor_fan_out_seconds_count", &[]),
        Some(2.0)
    );
    assert_eq!(families.names().count(), 4);
    assert_eq!(parse("").expect("nothing is valid").names().count(), 0);
}

/// A gauge's head, to be followed by sample lines.
fn gauge(samples: &str) -> String {
    format!("# HELP g Help.\n# TYPE g gauge\n{samples}\n")
}

fn histogram(samples: &str) -> String {
    format!("# HELP h Help.\n# TYPE h histogram\n{samples}\n")
}

#[test]
fn refuses_what_is_not() {
    let cases = [
        ("g 1\n".to_owned(), "without HELP and TYPE"),
        ("# HELP g Help.\ng 1\n".to_owned(), "without HELP and TYPE"),
        ("# TYPE g gauge\ng 1\n".to_owned(), "without HELP and TYPE"),
        ("# TYPE g gauge\n".to_owned(), "no HELP"),
        ("# HELP g Help.\n".to_owned(), "no TYPE"),
        ("# HELP g  \n# TYPE g gauge\n".to_owned(), "empty HELP"),
        (
            "# HELP g Help.\n# TYPE g dial\n".to_owned(),
            "unknown type dial",
        ),
        ("# HELP g H\n# HELP g H\n".to_owned(), "second HELP"),
        ("# HELP g bad \\x\n".to_owned(), "bad escape"),
        (gauge("g 1").trim_end().to_owned(), "line feed"),
        (gauge("g 1\n# TYPE g gauge"), "after the first sample"),
        (gauge("g 1\ng 2"), "twice"),
        (gauge("g{a=\"1\",b=\"2\"} 1\ng{b=\"2\",a=\"1\"} 1"), "twice"),
        (
            gauge("g 1\n# HELP x H\n# TYPE x gauge\n# HELP g H"),
            "two places",
        ),
        (gauge("other 1"), "without HELP and TYPE"),
        (gauge("g"), "without a value"),
        (gauge("g "), "bad number"),
        (gauge("g one"), "bad number"),
        (gauge("g inf"), "bad number"),
        (gauge("g  1"), "bad number"),
        (gauge("g 1 soon"), "bad timestamp"),
        (gauge("g 1 2 3"), "after the value"),
        (gauge("g 1\r"), "carriage return"),
        (gauge("g{a=\"1\"}1"), "no space"),
        (gauge("g{a=1} 1"), "without a quoted value"),
        (gauge("g{a=\"1} 1"), "without an end"),
        (gauge("g{a=\"\\t\"} 1"), "bad escape"),
        (gauge("g{a=\"1\"b=\"2\"} 1"), "no comma"),
        (gauge("g{a=\"1\",a=\"2\"} 1"), "label a twice"),
        (gauge("g{1a=\"1\"} 1"), "bad name"),
        (gauge("g{__name__=\"1\"} 1"), "reserved"),
        (gauge("g-x 1"), "bad name"),
        ("# HELP c H\n# TYPE c counter\nc 1\n".to_owned(), "_total"),
        (
            "# HELP c_total H\n# TYPE c_total counter\nc_total -1\n".to_owned(),
            "negative",
        ),
        (histogram("h 1"), "without HELP and TYPE"),
        (histogram("h_sum 1\nh_count 1"), "no bucket"),
        (histogram("h_bucket 1"), "without le"),
        (histogram("h_bucket{le=\"x\"} 1"), "bad number"),
        (
            histogram("h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1"),
            "no bucket +Inf",
        ),
        (histogram("h_bucket{le=\"+Inf\"} 1\nh_count 1"), "no _sum"),
        (histogram("h_bucket{le=\"+Inf\"} 1\nh_sum 1"), "no _count"),
        (
            histogram("h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2"),
            "_count is 2",
        ),
        (
            histogram("h_bucket{le=\"+Inf\"} 1\nh_sum{le=\"1\"} 1"),
            "outside of a bucket",
        ),
        (
            histogram("h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1"),
            "not cumulative",
        ),
        (
            histogram("h_bucket{le=\"+Inf\"} 1\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1"),
            "out of order",
        ),
        (
            histogram(
                "h_bucket{a=\"1\",le=\"+Inf\"} 1\nh_sum{a=\"1\"} 1\nh_count{a=\"1\"} 1\nh_sum{a=\"2\"} 1",
            ),
            "no bucket",
        ),
    ];
    for (text, expected) in cases {
        let error = parse(&text).expect_err(&text);
        assert!(
            error.contains(expected),
            "{error:?} does not say {expected:?} for\n{text}"
        );
    }
}

#[test]
fn errors_name_the_line() {
    let error = parse(&gauge("g one")).expect_err("not a number");
    assert_eq!(error, "line 3: a bad number one: g one");
}
