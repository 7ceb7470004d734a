//! Redis's wire protocol, version 2, as far as tests need it.

use std::fmt::{self, Write as _};
use std::io::{BufRead, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

const TIMEOUT: Duration = Duration::from_secs(2);

/// One reply of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Simple(String),
    Error(String),
    Integer(i64),
    Text(String),
    Array(Vec<Self>),
    Nil,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simple(text) | Self::Error(text) | Self::Text(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Nil => Ok(()),
            Self::Array(replies) => {
                for (index, reply) in replies.iter().enumerate() {
                    let separator = if index == 0 { "" } else { "\n" };
                    write!(f, "{separator}{reply}")?;
                }
                Ok(())
            }
        }
    }
}

pub(super) fn command(port: u16, password: Option<&str>, args: &[&str]) -> anyhow::Result<Reply> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, TIMEOUT).context("no connection")?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut stream = BufReader::new(stream);
    if let Some(password) = password {
        let reply = exchange(&mut stream, &["AUTH", password])?;
        ensure!(
            reply == Reply::Simple("OK".to_owned()),
            "not let in: {reply}"
        );
    }
    exchange(&mut stream, args)
}

fn exchange(stream: &mut BufReader<TcpStream>, args: &[&str]) -> anyhow::Result<Reply> {
    let mut request = format!("*{}\r\n", args.len());
    for arg in args {
        write!(request, "${}\r\n{arg}\r\n", arg.len())?;
    }
    stream.get_mut().write_all(request.as_bytes())?;
    read(stream)
}

fn read(stream: &mut impl BufRead) -> anyhow::Result<Reply> {
    let mut line = String::new();
    stream.read_line(&mut line).context("no reply")?;
    let line = line.strip_suffix("\r\n").context("the reply was cut off")?;
    let kind = line.chars().next().context("the reply is an empty line")?;
    let rest = &line[kind.len_utf8()..];
    Ok(match kind {
        '+' => Reply::Simple(rest.to_owned()),
        '-' => Reply::Error(rest.to_owned()),
        ':' => Reply::Integer(rest.parse()?),
        '$' | '*' if rest == "-1" => Reply::Nil,
        '$' => {
            let mut bytes = vec![0; rest.parse::<usize>()? + 2];
            stream.read_exact(&mut bytes)?;
            bytes.truncate(bytes.len() - 2);
            Reply::Text(String::from_utf8_lossy(&bytes).into_owned())
        }
        '*' => {
            let count: usize = rest.parse()?;
            Reply::Array((0..count).map(|_| read(stream)).collect::<Result<_, _>>()?)
        }
        _ => bail!("a reply of an unknown kind: {line:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_of_reply() {
        let mut bytes: &[u8] = b"*5\r\n+OK\r\n-ERR no\r\n:-3\r\n$4\r\na\r\nb\r\n$-1\r\n";
        let reply = read(&mut bytes).expect("valid");
        let expected = Reply::Array(vec![
            Reply::Simple("OK".to_owned()),
            Reply::Error("ERR no".to_owned()),
            Reply::Integer(-3),
            Reply::Text("a\r\nb".to_owned()),
            Reply::Nil,
        ]);
        assert_eq!(reply, expected);
        assert_eq!(reply.to_string(), "OK\nERR no\n-3\na\r\nb\n");
        assert!(read(&mut &b"$5\r\nab"[..]).is_err());
        assert!(read(&mut &b""[..]).is_err());
    }
}
