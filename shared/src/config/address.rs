//! Addresses in settings: where to listen, whom to believe, whose pages may connect.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;

/// `:5555` (all interfaces), `127.0.0.1:5555`, `[::1]:5555` or `localhost:5555`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenAddress {
    /// `None` means all interfaces.
    pub ip: Option<IpAddr>,
    pub port: u16,
}

impl ListenAddress {
    /// What to bind, the first that works. All interfaces means IPv6 and IPv4 in one socket, and IPv4
    /// alone on a machine without IPv6; peers of the former have IPv4 addresses in IPv6 form, see
    /// [`IpAddr::to_canonical`].
    pub fn candidates(&self) -> Vec<SocketAddr> {
        match self.ip {
            Some(ip) => vec![SocketAddr::new(ip, self.port)],
            None => vec![
                SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), self.port),
                SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), self.port),
            ],
        }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (host, port) = text.rsplit_once(':')?;
            let port = port.parse().ok()?;
            let ip = match host {
                "" => None,
                "localhost" => Some(Ipv4Addr::LOCALHOST.into()),
                _ => Some(text.parse::<SocketAddr>().ok()?.ip()),
            };
            Some(Self { ip, port })
        };
        parse().ok_or_else(|| "an address such as :5555 or 127.0.0.1:5555".to_owned())
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip {
            Some(ip) => SocketAddr::new(ip, self.port).fmt(f),
            None => write!(f, ":{}", self.port),
        }
    }
}

/// Networks, such as those of proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Whether the address is in one of the networks; an IPv4 address in IPv6 form counts as IPv4.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.0.iter().any(|network| network.contains(&ip))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        items(text)
            .map(|item| {
                item.parse()
                    .ok()
                    .or_else(|| item.parse::<IpAddr>().ok().map(IpNet::from))
            })
            .collect::<Option<Vec<_>>>()
            .map(Self)
            .ok_or_else(|| "a comma list of networks such as 10.0.0.0/8,127.0.0.1".to_owned())
    }
}

/// The origins of pages that may connect beside the gateway's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedOrigins {
    any: bool,
    origins: Vec<String>,
}

impl AllowedOrigins {
    /// Whether a page of this origin (the header `Origin`) may connect though it is another's.
    pub fn allows(&self, origin: &str) -> bool {
        self.any
            || self
                .origins
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }

    pub fn allows_any(&self) -> bool {
        self.any
    }
}

impl FromStr for AllowedOrigins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || "a comma list of origins such as https://chat.example.org, or *".to_owned();
        let mut allowed = Self::default();
        for item in items(text) {
            if item == "*" {
                allowed.any = true;
                continue;
            }
            let item = item.trim_end_matches('/');
            let (scheme, host) = item.split_once("://").ok_or_else(expected)?;
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
            if scheme.is_empty() || host.is_empty() || !host.chars().all(is_plain) {
                return Err(expected());
            }
            allowed.origins.push(item.to_ascii_lowercase());
        }
        Ok(allowed)
    }
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses() {
        let any: ListenAddress = ":5555".parse().expect("valid");
        assert_eq!(
            any,
            ListenAddress {
                ip: None,
                port: 5555
            }
        );
        assert_eq!(any.candidates().len(), 2);
        assert_eq!(any.to_string(), ":5555");
        let one: ListenAddress = "[::1]:80".parse().expect("valid");
        assert_eq!(one.candidates(), ["[::1]:80".parse().expect("valid")]);
        assert_eq!(
            "localhost:1"
                .parse::<ListenAddress>()
                .expect("valid")
                .to_string(),
            "127.0.0.1:1"
        );
        for wrong in [
            "",
            "5555",
            ":",
            ":x",
            ":65536",
            "::1:80",
            "chat:80",
            "127.0.0.1",
        ] {
            assert!(wrong.parse::<ListenAddress>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn networks() {
        let networks: Networks = "10.0.0.0/8, 127.0.0.1,fd00::/8".parse().expect("valid");
        for inside in ["10.1.2.3", "127.0.0.1", "::ffff:127.0.0.1", "fd00::1"] {
            assert!(
                networks.contains(inside.parse().expect("an address")),
                "{inside}"
            );
        }
        assert!(!networks.contains("127.0.0.2".parse().expect("an address")));
        assert!("".parse::<Networks>().expect("valid").is_empty());
        assert!("10.0.0.0/33".parse::<Networks>().is_err());
    }

    #[test]
    fn origins() {
        let origins: AllowedOrigins = "https://Chat.example.org, http://localhost:5173/"
            .parse()
            .expect("valid");
        assert!(origins.allows("https://chat.example.org"));
        assert!(origins.allows("http://localhost:5173"));
        assert!(!origins.allows("https://chat.example.org.evil.net"));
        assert!(!origins.allows("null"));
        assert!("*".parse::<AllowedOrigins>().expect("valid").allows("null"));
        assert!("chat.example.org".parse::<AllowedOrigins>().is_err());
        assert!(
            "https://chat.example.org/path"
                .parse::<AllowedOrigins>()
                .is_err()
        );
    }
}
