//! Just enough of an HTTP client for health checks and metrics.

use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    /// The first header of that name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// GETs `http://host:port/path`; fails after five seconds.
pub async fn get(url: &str) -> anyhow::Result<Response> {
    get_with(url, &[]).await
}

/// As [`get`], with further request headers.
pub async fn get_with(url: &str, headers: &[(&str, &str)]) -> anyhow::Result<Response> {
    request("GET", url, headers, "").await
}

/// Any request, with a body.
pub async fn request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> anyhow::Result<Response> {
    let rest = url
        .strip_prefix("http://")
        .context("only http:// is spoken here")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut request =
        format!("{method} /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    let length = body.len().to_string();
    let own = (!body.is_empty()).then_some(("Content-Length", length.as_str()));
    for (name, value) in headers.iter().copied().chain(own) {
        request.push_str(name);
        request.push_str(": ");
        request.push_str(value);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    request.push_str(body);
    let exchange = async {
        let mut stream = TcpStream::connect(authority).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        anyhow::Ok(bytes)
    };
    let bytes = timeout(TIMEOUT, exchange)
        .await
        .context("no answer in time")??;
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> anyhow::Result<Response> {
    let split = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let split = split.context("the answer has no end of its headers")?;
    let head = std::str::from_utf8(&bytes[..split])?;
    let body = &bytes[split + 4..];
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let is = |name: &str, value: &str| headers.iter().any(|(n, v)| n == name && v == value);
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let body = if is("transfer-encoding", "chunked") {
        unchunk(body)?
    } else {
        body.to_vec()
    };
    if let Some((_, length)) = length
        && length.parse::<usize>()? != body.len()
    {
        bail!("the body has {} bytes in place of {length}", body.len());
    }
    let body = String::from_utf8(body)?;
    Ok(Response {
        status: status.context("the answer has no status")?,
        headers,
        body,
    })
}

/// RFC 9112, section 7.1.
fn unchunk(mut bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes
            .windows(2)
            .position(|window| window == b"\r\n")
            .context("cut chunk")?;
        let size = std::str::from_utf8(&bytes[..end])?;
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)?;
        bytes = &bytes[end + 2..];
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(bytes.get(..size).context("cut chunk")?);
        bytes = bytes.get(size + 2..).context("cut chunk")?;
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn gets_over_a_socket() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("bound");
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("accepts");
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.expect("reads");
            stream
                .write_all(b"HTTP/1.1 503 No\r\nContent-Length: 3\r\nX-A: b\r\n\r\nno\n")
                .await
                .expect("writes");
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let response = get_with(&format!("http://{address}/readyz?x"), &[("Origin", "o")]).await;
        let response = response.expect("answers");
        assert_eq!((response.status, response.body.as_str()), (503, "no\n"));
        assert_eq!(response.header("x-a"), Some("b"));
        let request = server.await.expect("served");
        assert!(
            request.starts_with("GET /readyz?x HTTP/1.1\r\nHost: 127.0.0.1:"),
            "{request}"
        );
        assert!(request.contains("Origin: o\r\n"));
    }

    #[test]
    fn reads_chunks_and_refuses_cut_bodies() {
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
        assert_eq!(parse(chunked).expect("valid").body, "abc");
        assert!(parse(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\n").is_err());
    }
}
