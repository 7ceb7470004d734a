//! Every way to be wrong, with the sentence that tells it.

use super::*;

#[test]
fn unknown_keys_are_refused_by_name_and_place() {
    let yaml = Given {
        yaml: Some("ping_intervall: 25s"),
        ..Given::default()
    };
    assert_eq!(
        yaml.refusal::<GatewayConfig>(),
        "The key ping_intervall in config.yaml is not a setting, perhaps ping_interval was meant."
    );
    let dotenv = Given {
        dotenv: Some("A=1"),
        ..Given::default()
    };
    assert!(
        dotenv
            .refusal::<HistoryConfig>()
            .starts_with("The key A in .env (line 1) is not")
    );
    let flag = Given {
        args: &["--ping-intervall=25s"],
        ..Given::default()
    };
    assert_eq!(
        flag.refusal::<GatewayConfig>(),
        "The flag --ping-intervall is unknown, perhaps --ping-interval was meant (--help lists all)."
    );
    let in_file = Given {
        yaml: Some("print_config: true"),
        ..Given::default()
    };
    assert!(
        in_file
            .refusal::<GatewayConfig>()
            .contains("print_config in config.yaml")
    );
}

#[test]
fn bad_values_are_refused_with_key_place_and_expectation() {
    let refusals = [
        (
            Given {
                args: &["--ping-interval", "soon"],
                ..Given::default()
            },
            "ping_interval (from the flag --ping-interval) must be a duration such as 25s, 500ms or \
             2m, from 100ms to 1h, not \"soon\".",
        ),
        (
            Given {
                environment: &[("PARTITIONS", "0")],
                ..Given::default()
            },
            "partitions (from the environment variable PARTITIONS) must be a whole number from 1 to \
             1024, not \"0\".",
        ),
        (
            Given {
                yaml: Some("redis_prefix: 'team a:'"),
                ..Given::default()
            },
            "redis_prefix (from the file config.yaml) must be at most 32 letters, digits and : . _ - /, \
             such as team-a:, not \"team a:\".",
        ),
        (
            Given {
                dotenv: Some("\nGUESTS=maybe"),
                ..Given::default()
            },
            "guests (from GUESTS in .env, line 2) must be true or false, not \"maybe\".",
        ),
        (
            Given {
                yaml: Some("message_rate: 20"),
                ..Given::default()
            },
            "message_rate (from the file config.yaml) must be a count and a time such as 20/10s, or \
             off, not \"20\".",
        ),
        (
            Given {
                yaml: Some("frame_bytes: {a: 1}"),
                ..Given::default()
            },
            "The key frame_bytes in config.yaml must be a single value or a flat list, not a mapping.",
        ),
        (
            Given {
                args: &["--outbox-bytes=1KiB"],
                ..Given::default()
            },
            "outbox_bytes must be at least frame_bytes.",
        ),
    ];
    for (given, expected) in refusals {
        assert_eq!(given.refusal::<GatewayConfig>(), expected);
    }
    let value_missing = Given {
        args: &["--port"],
        ..Given::default()
    };
    assert!(value_missing.refusal::<GatewayConfig>().contains("--port"));
    let not_yaml = Given {
        yaml: Some("a: [hunter2"),
        ..Given::default()
    };
    let refusal = not_yaml.refusal::<GatewayConfig>();
    assert!(
        refusal.starts_with("The file config.yaml is not valid YAML"),
        "{refusal}"
    );
}

#[test]
fn no_error_shows_a_secret() {
    let cases = [
        Given {
            args: &["--redis-url=hunter2"],
            ..Given::default()
        },
        Given {
            args: &["--redis-pasword=hunter2"],
            ..Given::default()
        },
        Given {
            args: &["--redis-password", "a", "hunter2"],
            ..Given::default()
        },
        Given {
            environment: &[("REDIS_URL", "http://:hunter2@x")],
            ..Given::default()
        },
        Given {
            dotenv: Some("REDIS_URL=hunter2"),
            ..Given::default()
        },
        Given {
            yaml: Some("redis_url: hunter2"),
            ..Given::default()
        },
        Given {
            yaml: Some("redis_password: \"hunter2"),
            ..Given::default()
        },
        Given {
            yaml: Some("redis_password: {hunter2: 1}"),
            ..Given::default()
        },
        Given {
            args: &["--redis-url=unix:///s", "--redis-password=hunter2"],
            ..Given::default()
        },
    ];
    for given in cases {
        let refusal = given.refusal::<GatewayConfig>();
        assert!(!refusal.contains("hunter2"), "{refusal}");
        assert_eq!(refusal.lines().count(), 1, "{refusal}");
    }
}
