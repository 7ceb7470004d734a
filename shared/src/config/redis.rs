//! Where Redis is: one URL, or the demo's three variables put together.

use std::fmt::{self, Write as _};
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;

use super::{ConfigError, servers::Servers};

const DEFAULT_HOST: &str = "127.0.0.1";
const DEFAULT_PORT: u16 = 6379;

const SCHEMES: [&str; 10] = [
    "redis",
    "rediss",
    "valkey",
    "valkeys",
    "redis+unix",
    "unix",
    "redis+cluster",
    "rediss+cluster",
    "redis+sentinel",
    "rediss+sentinel",
];

/// A value that is never printed, not even with `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

/// Shows a Redis URL with `***` for its password, for logs.
#[derive(Debug, Clone, Copy)]
pub struct RedactedUrl<'a>(pub &'a str);

impl fmt::Display for RedactedUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", self.0));
        if !scheme.is_empty() {
            write!(f, "{scheme}://")?;
        }
        // The last at sign, because an unescaped password may contain others.
        let rest = match rest.rsplit_once('@') {
            Some((user_info, rest)) => {
                let user = user_info.split_once(':').map_or("", |(user, _)| user);
                write!(f, "{user}:***@")?;
                rest
            }
            None => rest,
        };
        // A socket's URL carries the password as a parameter.
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        f.write_str(address)?;
        for (index, parameter) in query.split('&').filter(|text| !text.is_empty()).enumerate() {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = if name.starts_with("pass") {
                "***"
            } else {
                value
            };
            write!(f, "{}{name}={value}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

/// `:6379`, `redis.internal:6379`, `[::1]:6379` or a host alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisAddress {
    host: Option<String>,
    port: Option<u16>,
}

impl RedisAddress {
    /// Host and port, as far as they are given.
    pub(super) fn parts(self) -> (Option<String>, Option<u16>) {
        (self.host, self.port)
    }
}

impl FromStr for RedisAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (host, port) = match text.rsplit_once(':') {
                Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port > 0)?)),
                None => (text, None),
            };
            let host = match host {
                "" => None,
                bracketed if bracketed.starts_with('[') => {
                    Some(host_name(bracketed.strip_prefix('[')?.strip_suffix(']')?).ok()?)
                }
                name if name.contains(':') => return None,
                name => Some(host_name(name).ok()?),
            };
            (host.is_some() || port.is_some()).then_some(Self { host, port })
        };
        parse().ok_or_else(|| "an address such as :6379 or redis.internal:6379".to_owned())
    }
}

/// A host name or an IP address; IPv6 comes back in brackets, as URLs have it.
pub(super) fn host_name(text: &str) -> Result<String, String> {
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Ok(format!("[{address}]"));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if text.is_empty() || !text.chars().all(is_plain) {
        return Err("a host name or an IP address".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn url_value(text: &str) -> Result<Secret, String> {
    let valid = text
        .split_once("://")
        .is_some_and(|(scheme, rest)| SCHEMES.contains(&scheme) && !rest.is_empty());
    if !valid || text.contains(char::is_whitespace) {
        return Err("a URL such as redis://127.0.0.1:6379".to_owned());
    }
    Servers::of(text)?;
    Ok(Secret::from(text))
}

/// Where Redis is, and what it is spoken to with. Show the URL only through [`RedactedUrl`].
#[derive(Clone, PartialEq, Eq)]
pub struct RedisLocation {
    /// With user and password in it.
    pub url: String,
    pub tls: TlsFiles,
    /// What sentinels want to hear; without it the same as the servers.
    pub sentinel: Option<Login>,
}

/// Who one is to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Without a name the default user.
    pub username: Option<String>,
    pub password: Secret,
}

impl RedisLocation {
    /// The servers that the URL names.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn servers(&self) -> Result<Servers, String> {
        Servers::of(&self.url)
    }
}

impl fmt::Debug for RedisLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        RedactedUrl(&self.url).fmt(f)
    }
}

impl fmt::Display for RedisLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        RedactedUrl(&self.url).fmt(f)
    }
}

impl From<&str> for RedisLocation {
    fn from(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            tls: TlsFiles::default(),
            sentinel: None,
        }
    }
}

/// PEM files for a Redis behind TLS. Without an authority of one's own, those of the web count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// The authorities that may have signed the server's certificate.
    pub authority: Option<PathBuf>,
    /// The client's certificate, with what is between it and its authority, and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// What was set of where Redis is.
#[derive(Debug, Default)]
pub(super) struct Given<'a> {
    pub url: Option<&'a Secret>,
    pub host: Option<&'a str>,
    pub address: Option<&'a RedisAddress>,
    pub username: Option<&'a str>,
    pub password: Option<&'a Secret>,
    pub sentinel_username: Option<&'a str>,
    pub sentinel_password: Option<&'a Secret>,
    pub authority: Option<&'a PathBuf>,
    pub certificate: Option<&'a PathBuf>,
    pub key: Option<&'a PathBuf>,
}

pub(super) fn resolve(given: &Given<'_>) -> Result<RedisLocation, ConfigError> {
    let url = if let Some(url) = given.url {
        url.expose().to_owned()
    } else {
        let host = given
            .address
            .and_then(|address| address.host.as_deref())
            .or(given.host)
            .unwrap_or(DEFAULT_HOST);
        let port = given
            .address
            .and_then(|address| address.port)
            .unwrap_or(DEFAULT_PORT);
        format!("redis://{host}:{port}")
    };
    let client = match (given.certificate, given.key) {
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        (None, None) => None,
        _ => {
            return Err(ConfigError::new(
                "redis_tls_cert and redis_tls_key go together: set both or neither.",
            ));
        }
    };
    let tls = TlsFiles {
        authority: given.authority.cloned(),
        client,
    };
    let encrypted = ["rediss:", "rediss+", "valkeys:"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    if tls != TlsFiles::default() && !encrypted {
        return Err(ConfigError::new(
            "redis_tls_ca, redis_tls_cert and redis_tls_key need a redis_url that begins with rediss://.",
        ));
    }
    let sentinel = sentinel_credentials(&url, given)?;
    let url = with_credentials(&url, given.username, given.password)?;
    Ok(RedisLocation { url, tls, sentinel })
}

fn sentinel_credentials(url: &str, given: &Given<'_>) -> Result<Option<Login>, ConfigError> {
    let (username, password) = (given.sentinel_username, given.sentinel_password);
    let scheme = url.split("://").next().unwrap_or_default();
    if (username, password) != (None, None) && !scheme.ends_with("+sentinel") {
        return Err(ConfigError::new(
            "redis_sentinel_username and redis_sentinel_password need a redis_url that begins with \
             redis+sentinel:// or rediss+sentinel://.",
        ));
    }
    let username = username.map(str::to_owned);
    match password.cloned() {
        Some(password) => Ok(Some(Login { username, password })),
        None if username.is_none() => Ok(None),
        None => Err(ConfigError::new(
            "redis_sentinel_username needs redis_sentinel_password.",
        )),
    }
}

/// The URL with the user and the password, as far as it carries none itself: a chart often has the
/// address in one place and the password in another.
fn with_credentials(
    url: &str,
    username: Option<&str>,
    password: Option<&Secret>,
) -> Result<String, ConfigError> {
    if username.is_none() && password.is_none() {
        return Ok(url.to_owned());
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("redis", url));
    if scheme.ends_with("unix") {
        return Err(ConfigError::new(
            "redis_username and redis_password can't be combined with a socket in redis_url; give \
             them there as ?user= and &pass=.",
        ));
    }
    // The last at sign, because an unescaped password may contain others.
    let (own, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (own_user, own_password) = match own.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (own, None),
    };
    let user = match (own_user, username) {
        ("", Some(username)) => percent_encoded(username),
        (own, _) => own.to_owned(),
    };
    let password = match (own_password, password) {
        (Some(own), _) => format!(":{own}"),
        (None, Some(password)) => format!(":{}", percent_encoded(password.expose())),
        (None, None) => String::new(),
    };
    Ok(format!("{scheme}://{user}{password}@{rest}"))
}

/// Everything but RFC 3986's unreserved characters is escaped.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(
        url: Option<&str>,
        host: Option<&str>,
        address: Option<&str>,
        password: Option<&str>,
    ) -> String {
        let address = address.map(|text| text.parse().expect("a valid address"));
        let (url, password) = (url.map(Secret::from), password.map(Secret::from));
        let given = Given {
            url: url.as_ref(),
            host,
            address: address.as_ref(),
            password: password.as_ref(),
            ..Given::default()
        };
        resolve(&given).expect("resolves").url
    }

    #[test]
    fn the_demo_variables_make_a_url() {
        assert_eq!(resolved(None, None, None, None), "redis://127.0.0.1:6379");
        assert_eq!(
            resolved(None, Some("chat-redis"), Some(":6380"), None),
            "redis://chat-redis:6380"
        );
        assert_eq!(resolved(None, Some("a"), Some("b:1"), None), "redis://b:1");
        assert_eq!(
            resolved(None, None, Some("[::1]:1"), None),
            "redis://[::1]:1"
        );
        assert_eq!(
            resolved(None, Some("r"), None, Some("p@ss/w:rd é")),
            "redis://:p%40ss%2Fw%3Ard%20%C3%A9@r:6379"
        );
    }

    #[test]
    fn the_url_wins_and_takes_the_password_when_it_has_none() {
        assert_eq!(
            resolved(Some("redis://x:1/2"), Some("a"), None, None),
            "redis://x:1/2"
        );
        assert_eq!(
            resolved(Some("redis://x:1/2"), None, None, Some("p")),
            "redis://:p@x:1/2"
        );
        assert_eq!(
            resolved(Some("redis://u:q@x:1"), None, None, Some("p")),
            "redis://u:q@x:1"
        );
        assert_eq!(
            resolved(Some("redis://u@x:1"), None, None, Some("p@")),
            "redis://u:p%40@x:1"
        );
    }

    #[test]
    fn a_user_goes_where_the_url_has_none() {
        let with = |url, username| {
            let (url, password) = (Secret::from(url), Secret::from("p"));
            let given = Given {
                url: Some(&url),
                username,
                password: Some(&password),
                ..Given::default()
            };
            resolve(&given).map(|location| location.url)
        };
        assert_eq!(
            with("rediss://x:1", Some("a b")).unwrap(),
            "rediss://a%20b:p@x:1"
        );
        assert_eq!(with("redis://u@x:1", Some("a")).unwrap(), "redis://u:p@x:1");
        assert_eq!(
            with("redis+cluster://x:1,y", Some("a")).unwrap(),
            "redis+cluster://a:p@x:1,y"
        );
        assert!(with("unix:///s", Some("a")).is_err());
    }

    #[test]
    fn sentinels_may_want_other_credentials() {
        let with = |url, sentinel_username, password: Option<&str>| {
            let (url, password) = (Secret::from(url), password.map(Secret::from));
            let given = Given {
                url: Some(&url),
                sentinel_username,
                sentinel_password: password.as_ref(),
                ..Given::default()
            };
            resolve(&given).map(|location| location.sentinel)
        };
        let url = "rediss+sentinel://u:p@x/main";
        assert_eq!(with(url, None, None).unwrap(), None);
        let own = with(url, Some("watcher"), Some("q")).unwrap().unwrap();
        assert_eq!(own.username.as_deref(), Some("watcher"));
        assert_eq!(own.password.expose(), "q");
        assert!(
            with(url, None, Some("q"))
                .unwrap()
                .unwrap()
                .username
                .is_none()
        );
        assert!(with(url, Some("watcher"), None).is_err());
        assert!(with("redis://x", None, Some("q")).is_err());
        assert!(with("redis+cluster://x", None, Some("q")).is_err());
    }

    #[test]
    fn files_for_tls_need_tls_and_each_other() {
        let (plain, encrypted) = (Secret::from("redis://x"), Secret::from("rediss://x"));
        let file = PathBuf::from("a.pem");
        let authority = Given {
            url: Some(&plain),
            authority: Some(&file),
            ..Given::default()
        };
        assert!(resolve(&authority).is_err());
        let authority = Given {
            url: Some(&encrypted),
            ..authority
        };
        let found = resolve(&authority).unwrap();
        assert_eq!(found.tls.authority, Some(file.clone()));
        let half = Given {
            url: Some(&encrypted),
            key: Some(&file),
            ..Given::default()
        };
        assert!(resolve(&half).is_err());
    }

    #[test]
    fn wrong_addresses_are_refused() {
        for wrong in [
            "", ":", "a:b", "a:0", "a:70000", "a/b:1", "::1:1", "a@b:1", "[::1",
        ] {
            assert!(wrong.parse::<RedisAddress>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        for (url, shown) in [
            ("redis://h:1/0", "redis://h:1/0"),
            ("redis://:hunter2@h:1", "redis://:***@h:1"),
            ("redis://u:hun@ter2@h:1/0", "redis://u:***@h:1/0"),
            ("redis://hunter2@h", "redis://:***@h"),
            ("unix:///s?db=1&pass=hunter2", "unix:///s?db=1&pass=***"),
            ("redis+cluster://u:p@a,b:1", "redis+cluster://u:***@a,b:1"),
        ] {
            assert_eq!(RedactedUrl(url).to_string(), shown);
        }
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "***");
    }
}
