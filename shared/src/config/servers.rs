//! Which servers a Redis URL names: one, some nodes of a cluster, or the sentinels that know which
//! server is the primary.

use super::redis::RedisAddress;

/// The port of a sentinel whose address has none.
const SENTINEL_PORT: u16 = 26_379;
const REDIS_PORT: u16 = 6_379;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// A name or an IP address; IPv6 without brackets.
    pub host: String,
    pub port: u16,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// What a URL leads to.
#[derive(Clone, PartialEq, Eq)]
pub enum Servers {
    /// One server, at the URL as it is.
    One,
    /// A Redis Cluster: some of its nodes, of which any one is enough to find the others. `first`
    /// is the URL of the first, with the credentials of all.
    Cluster { first: String, nodes: Vec<Address> },
    /// A primary that sentinels know under a name. `first` is the URL of the first sentinel, with
    /// the credentials of the servers.
    Sentinel {
        first: String,
        sentinels: Vec<Address>,
        name: String,
    },
}

impl Servers {
    /// Reads a URL. One that names several servers is `redis+cluster://` or `redis+sentinel://`,
    /// or begins with `rediss+` for TLS.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn of(url: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Ok(Self::One);
        };
        let Some((plain, kind)) = scheme.split_once('+') else {
            return Ok(Self::One);
        };
        // The last at sign, because an unescaped password may contain others.
        let (credentials, rest) = match rest.rsplit_once('@') {
            Some((credentials, rest)) => (format!("{credentials}@"), rest),
            None => (String::new(), rest),
        };
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let first = |address: &Address| format!("{plain}://{credentials}{address}");
        match kind {
            "cluster" => {
                let nodes = addresses(hosts, REDIS_PORT).ok_or(CLUSTER)?;
                if !path.is_empty() {
                    return Err(format!(
                        "{CLUSTER}, without a path: a cluster has one database"
                    ));
                }
                let first = first(&nodes[0]);
                Ok(Self::Cluster { first, nodes })
            }
            "sentinel" => {
                let sentinels = addresses(hosts, SENTINEL_PORT).ok_or(SENTINEL)?;
                if path.is_empty() || path.contains(['/', '?', '#']) {
                    return Err(SENTINEL.to_owned());
                }
                Ok(Self::Sentinel {
                    first: first(&sentinels[0]),
                    sentinels,
                    name: path.to_owned(),
                })
            }
            _ => Ok(Self::One),
        }
    }
}

const CLUSTER: &str = "a URL such as redis+cluster://10.0.0.1:6379,10.0.0.2:6379";
const SENTINEL: &str = "a URL such as redis+sentinel://10.0.0.1:26379,10.0.0.2:26379/mymaster";

fn addresses(hosts: &str, port: u16) -> Option<Vec<Address>> {
    hosts
        .split(',')
        .map(|text| {
            let (host, own_port) = text.parse::<RedisAddress>().ok()?.parts();
            let host = host?;
            let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
            Some(Address {
                host: bare.unwrap_or(&host).to_owned(),
                port: own_port.unwrap_or(port),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(host: &str, port: u16) -> Address {
        let host = host.to_owned();
        Address { host, port }
    }

    #[test]
    fn one_server_is_left_as_it_is() {
        for url in ["redis://h:1", "rediss://h", "redis+unix:///s", "unix:///s"] {
            assert!(Servers::of(url) == Ok(Servers::One), "{url}");
        }
    }

    #[test]
    fn a_cluster_is_a_list_of_nodes_with_the_same_credentials() {
        let found = Servers::of("rediss+cluster://u:p@b@a:1,[::1]:2,c").unwrap();
        let nodes = vec![address("a", 1), address("::1", 2), address("c", 6_379)];
        let first = "rediss://u:p@b@a:1".to_owned();
        assert!(found == Servers::Cluster { first, nodes });
        assert_eq!(address("::1", 2).to_string(), "[::1]:2");
    }

    #[test]
    fn sentinels_know_a_primary_by_name() {
        let found = Servers::of("redis+sentinel://:p@a,b:2/mymaster").unwrap();
        let expected = Servers::Sentinel {
            first: "redis://:p@a:26379".to_owned(),
            sentinels: vec![address("a", 26_379), address("b", 2)],
            name: "mymaster".to_owned(),
        };
        assert!(found == expected);
    }

    #[test]
    fn what_is_wrong_is_told_with_an_example() {
        for (url, example) in [
            ("redis+cluster://", CLUSTER),
            ("redis+cluster://a,,b", CLUSTER),
            ("redis+cluster://a:1/2", CLUSTER),
            ("redis+sentinel://a:1", SENTINEL),
            ("redis+sentinel://a:1/", SENTINEL),
            ("redis+sentinel://a:1/x/0", SENTINEL),
            ("redis+sentinel:///x", SENTINEL),
        ] {
            let Err(error) = Servers::of(url) else {
                panic!("{url} is taken");
            };
            assert!(error.starts_with(example), "{url}: {error}");
        }
    }
}
