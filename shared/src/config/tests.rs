//! The layers as a whole; the parsers have their own tests beside them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;

mod refusals;

#[derive(Default)]
struct Given<'a> {
    args: &'a [&'a str],
    environment: &'a [(&'a str, &'a str)],
    dotenv: Option<&'a str>,
    yaml: Option<&'a str>,
}

impl Given<'_> {
    fn environment(&self) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.environment.iter().map(owned).collect()
    }

    fn parse<T: Settings>(&self) -> T {
        parse_from(self.args, &self.environment(), self.dotenv, self.yaml).expect("accepted")
    }

    fn refusal<T: Settings>(&self) -> String {
        parse_from::<T>(self.args, &self.environment(), self.dotenv, self.yaml)
            .expect_err("refused")
            .to_string()
    }

    fn shown<T: Settings>(&self) -> String {
        match outcome_from::<T>(self.args, &self.environment(), self.dotenv, self.yaml) {
            Ok(Outcome::Show(text)) => text,
            Ok(Outcome::Run(settings)) => panic!("ran with {settings:?}"),
            Err(error) => panic!("refused: {error}"),
        }
    }
}

#[test]
fn defaults() {
    let gateway: GatewayConfig = Given::default().parse();
    assert_eq!(gateway.listen_address(), ":5555".parse().expect("valid"));
    assert_eq!(gateway.common.admin_address.to_string(), "127.0.0.1:9100");
    assert_eq!(
        gateway.common.redis().expect("valid").url,
        "redis://127.0.0.1:6379"
    );
    assert_eq!(gateway.limits.frame_bytes, 65_536);
    assert_eq!(gateway.limits.outbox_bytes, 1 << 20);
    assert_eq!(gateway.limits.ping_interval, Duration::from_secs(25));
    assert!(gateway.guests && gateway.create_rooms && gateway.sign_up);
    assert!(!gateway.allowed_origins.allows("https://example.org"));

    assert!(gateway.common.keyspace().prefix().is_empty());

    let history: HistoryConfig = Given::default().parse();
    assert_eq!(history.common.admin_address.to_string(), "127.0.0.1:9101");
    assert_eq!(history.history.history_max_messages, 10_000);
    let presence: PresenceConfig = Given::default().parse();
    assert_eq!(presence.common.admin_address.to_string(), "127.0.0.1:9102");
    assert_eq!(presence.presence.status_ttl, Duration::from_secs(60));
}

#[test]
fn each_layer_wins_over_those_below() {
    let mut given = Given {
        args: &["--frame-rate", "1/1s"],
        environment: &[("FRAME_RATE", "2/1s")],
        dotenv: Some("FRAME_RATE=3/1s"),
        yaml: Some("frame_rate: 4/1s"),
    };
    let rate = |given: &Given| {
        let gateway: GatewayConfig = given.parse();
        gateway.limits.frame_rate.rate().map(|rate| rate.count)
    };
    assert_eq!(rate(&given), Some(1));
    given.args = &[];
    assert_eq!(rate(&given), Some(2));
    given.environment = &[("FRAME_RATE", "")];
    assert_eq!(
        rate(&given),
        Some(3),
        "an empty variable counts as not given"
    );
    given.dotenv = None;
    assert_eq!(rate(&given), Some(4));
    given.yaml = Some("frame_rate:");
    assert_eq!(rate(&given), Some(60));
}

#[test]
fn the_demo_variables_work() {
    let given = Given {
        dotenv: Some(
            "SERVER_ADDRESS=:5555\nCLIENT_LOCATION=/api/public\nREDIS_HOST=chat-redis\n\
             REDIS_ADDRESS=:6379\nREDIS_PASSWORD=\n",
        ),
        environment: &[("PORT", "8080")],
        ..Given::default()
    };
    let gateway: GatewayConfig = given.parse();
    assert_eq!(gateway.listen_address().to_string(), ":8080");
    assert_eq!(
        gateway.client_dir.as_deref(),
        Some(Path::new("/api/public"))
    );
    assert_eq!(
        gateway.common.redis().expect("valid").url,
        "redis://chat-redis:6379"
    );
}

#[test]
fn one_file_serves_all_three_programs() {
    let given = Given {
        dotenv: Some("GATEWAYS=3\nSTATUS_TTL=90s\nRUST_LOG=debug"),
        yaml: Some(
            "partitions: 32\nguests: false\nhistory_max_age: 30d\nclient_location: /c\nallowed_origins: [https://a.org, https://b.org]",
        ),
        ..Given::default()
    };
    let gateway: GatewayConfig = given.parse();
    assert_eq!((gateway.common.partitions, gateway.guests), (32, false));
    assert_eq!(gateway.common.log, "debug");
    assert_eq!(gateway.client_dir.as_deref(), Some(Path::new("/c")));
    assert!(gateway.allowed_origins.allows("https://b.org"));
    let history: HistoryConfig = given.parse();
    assert_eq!(
        history.history.history_max_age,
        Duration::from_secs(30 * 86_400)
    );
    let presence: PresenceConfig = given.parse();
    assert_eq!(presence.presence.status_ttl, Duration::from_secs(90));
}

#[test]
fn log_wins_over_rust_log() {
    let environment = &[("RUST_LOG", "trace"), ("LOG", "warn")];
    let gateway: GatewayConfig = Given {
        environment,
        ..Given::default()
    }
    .parse();
    assert_eq!(gateway.common.log, "warn");
}

#[test]
fn print_config_can_be_fed_back_and_masks_secrets() {
    let given = Given {
        args: &[
            "--print-config",
            "--guests=false",
            "--allowed-origins=https://a.org",
        ],
        environment: &[("REDIS_PASSWORD", "hunter2"), ("PARTITIONS", "8")],
        dotenv: Some("REDIS_URL=redis://u:hunter2@h:1"),
        yaml: Some("frame_bytes: 32KiB"),
    };
    let text = given.shown::<GatewayConfig>();
    for line in [
        "guests: false # flag",
        "partitions: 8 # environment variable PARTITIONS",
        "frame_bytes: \"32KiB\" # file config.yaml",
        "ping_interval: \"25s\" # default",
        "# redis_url: \"redis://u:***@h:1\" # REDIS_URL in .env, line 1",
        "# redis_password: \"***\" # environment variable REDIS_PASSWORD",
        "port: null # default",
    ] {
        assert!(
            text.lines().any(|printed| printed == line),
            "{line} not in\n{text}"
        );
    }
    assert!(!text.contains("hunter2"));

    let again: GatewayConfig = Given {
        yaml: Some(&text),
        ..Given::default()
    }
    .parse();
    assert_eq!((again.guests, again.common.partitions), (false, 8));
    assert_eq!(again.limits.frame_bytes, 32 << 10);
    assert_eq!(
        again.common.redis().expect("valid").url,
        "redis://127.0.0.1:6379"
    );
}

#[test]
fn debug_output_of_settings_has_no_secret() {
    let environment = &[
        ("REDIS_PASSWORD", "hunter2"),
        ("REDIS_URL", "redis://:hunter2@h"),
    ];
    let gateway: GatewayConfig = Given {
        environment,
        ..Given::default()
    }
    .parse();
    assert!(!format!("{gateway:?}").contains("hunter2"));
}

#[test]
fn help_shows_default_and_variable_of_every_setting_even_when_files_are_broken() {
    let given = Given {
        args: &["--help"],
        yaml: Some("broken: ["),
        ..Given::default()
    };
    for text in [
        given.shown::<GatewayConfig>(),
        given.shown::<HistoryConfig>(),
        given.shown::<PresenceConfig>(),
    ] {
        // Lines break where the terminal ends.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("[env: REDIS_URL]"), "{text}");
        assert!(text.contains("[env: PARTITIONS] [default: 16]"), "{text}");
    }
    assert!(
        given
            .shown::<GatewayConfig>()
            .contains("[env: PING_INTERVAL] [default: 25s]")
    );
    let version = Given {
        args: &["--version"],
        ..Given::default()
    };
    assert!(version.shown::<GatewayConfig>().starts_with("gateway "));
}

#[test]
fn every_setting_has_a_flag_a_variable_and_a_help() {
    for command in [
        named_command::<GatewayConfig>(),
        named_command::<HistoryConfig>(),
        named_command::<PresenceConfig>(),
    ] {
        for arg in command.get_arguments().filter(|arg| {
            !["print_config", "health_check", "chat_check"].contains(&arg.get_id().as_str())
        }) {
            assert!(
                arg.get_long().is_some() && arg.get_help().is_some(),
                "{arg:?}"
            );
            assert!(arg.get_env().is_some(), "{} has no variable", arg.get_id());
        }
    }
}
