//! Model providers that cost next to nothing, so that what is measured is the gateway. They speak just enough of
//! HTTP/1.1 (RFC 9112) and of streamed chat completions (OpenAI API reference, "Chat streaming").

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What [`Probe`] says; found again in the events of the gateway.
pub(crate) const MARK: &str = "probe-delta-mark";
/// A pause in which everything the start of an answer causes comes to rest.
const REST: Duration = Duration::from_millis(5);
/// Larger requests are a mistake of the benchmark.
const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// A provider on a loopback port. Dropping it ends it.
pub(crate) struct Provider {
    port: u16,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The moments of one request.
pub(crate) struct Probe {
    /// When its first byte arrived.
    pub(crate) first_byte: Instant,
    /// Just before the first words of the answer were sent.
    pub(crate) delta_sent: Instant,
}

impl Provider {
    /// Answers every request with the same few words, made beforehand.
    pub(crate) async fn instant() -> Result<Self> {
        let answer: std::sync::Arc<[u8]> = instant_answer().into();
        Self::serve(move |stream| answer_instantly(stream, answer.clone())).await
    }

    /// Answers with [`MARK`] after a rest and reports the moments.
    pub(crate) async fn probing() -> Result<(Self, mpsc::UnboundedReceiver<Probe>)> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let provider = Self::serve(move |stream| answer_probing(stream, sender.clone())).await?;
        Ok((provider, receiver))
    }

    /// The base URL with the version, as the configuration wants it.
    pub(crate) fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    async fn serve<F>(handle: impl Fn(TcpStream) -> F + Send + 'static) -> Result<Self>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let accept = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let handled = handle(stream);
                // A gateway that hangs up is not our business; the row that waits for the answer fails.
                tokio::spawn(async move { handled.await.ok() });
            }
        };
        Ok(Self { port, task: tokio::spawn(accept) })
    }
}

async fn answer_instantly(mut stream: TcpStream, answer: std::sync::Arc<[u8]>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while read_request(&mut stream, &mut buffer).await?.is_some() {
        stream.write_all(&answer).await?;
    }
    Ok(())
}

async fn answer_probing(mut stream: TcpStream, probes: mpsc::UnboundedSender<Probe>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    while let Some((first_byte, _)) = read_request(&mut stream, &mut buffer).await? {
        let opening = event(&chunk(&json!({"role": "assistant", "content": ""}), &Value::Null));
        stream.write_all(format!("{head}{}", http_chunk(&opening)).as_bytes()).await?;
        tokio::time::sleep(REST).await;
        let delta = http_chunk(&event(&chunk(&json!({"content": MARK}), &Value::Null)));
        let delta_sent = Instant::now();
        stream.write_all(delta.as_bytes()).await?;
        // Nobody listens any more when the row is over.
        probes.send(Probe { first_byte, delta_sent }).ok();
        tokio::time::sleep(REST).await;
        let last = format!("{}{}", http_chunk(&ending()), "0\r\n\r\n");
        stream.write_all(last.as_bytes()).await?;
    }
    Ok(())
}

/// Reads one whole request and says when its first byte arrived and what it was; `None` at the end of the connection.
/// `buffer` keeps what was read beyond it.
pub(crate) async fn read_request(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> Result<Option<(Instant, Vec<u8>)>> {
    let mut first_byte = None;
    loop {
        if let Some(length) = request_length(buffer)?
            && buffer.len() >= length
        {
            let request = buffer.drain(..length).collect();
            return Ok(Some((first_byte.unwrap_or_else(Instant::now), request)));
        }
        if buffer.len() > MAX_REQUEST_BYTES {
            bail!("a request of over {MAX_REQUEST_BYTES} bytes");
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
        first_byte.get_or_insert_with(Instant::now);
    }
}

/// Bytes of the request at the start of `buffer`, head and body; `None` until the head is complete.
fn request_length(buffer: &[u8]) -> Result<Option<usize>> {
    let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let body: usize = match length {
        Some(length) => length.trim().parse().context("content-length")?,
        None if head.contains("transfer-encoding:") => bail!("a chunked request"),
        None => 0,
    };
    Ok(Some(end + 4 + body))
}

pub(crate) fn chunk(delta: &Value, finish: &Value) -> Value {
    json!({
        "id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_795_168_800, "model": "instant",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    })
}

pub(crate) fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// The finish reason, the usage, and the end of the stream.
pub(crate) fn ending() -> String {
    let mut usage = chunk(&json!({}), &Value::Null);
    usage["choices"] = json!([]);
    usage["usage"] = json!({"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105});
    format!("{}{}data: [DONE]\n\n", event(&chunk(&json!({}), &json!("stop"))), event(&usage))
}

/// A piece of a chunked body (RFC 9112, 7.1).
pub(crate) fn http_chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

fn instant_answer() -> Vec<u8> {
    let opening = event(&chunk(&json!({"role": "assistant", "content": ""}), &Value::Null));
    let words = event(&chunk(&json!({"content": "Noted, and done."}), &Value::Null));
    let body = format!("{opening}{words}{}", ending());
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    format!("{head}{body}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{Provider, http_chunk, request_length};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[test]
    fn knows_where_a_request_ends() {
        let rows: [(&[u8], Option<usize>); 4] = [
            (b"POST / HTTP/1.1\r\ncontent-le", None),
            (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", Some(27)),
            (b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", Some(40)),
            (b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\n{", Some(47)),
        ];
        for (bytes, expected) in rows {
            assert_eq!(request_length(bytes).unwrap(), expected, "{}", String::from_utf8_lossy(bytes));
        }
        assert!(request_length(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert_eq!(http_chunk("data"), "4\r\ndata\r\n");
    }

    #[tokio::test]
    async fn answers_requests_one_after_the_other() {
        let provider = Provider::instant().await.unwrap();
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", provider.port)).await.unwrap();
        let request = "POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(format!("{request}{request}").as_bytes()).await.unwrap();
        let mut text = String::new();
        while text.matches("[DONE]").count() < 2 {
            let mut part = [0; 4096];
            let count = stream.read(&mut part).await.unwrap();
            assert_ne!(count, 0, "{text}");
            text.push_str(std::str::from_utf8(&part[..count]).unwrap());
        }
        assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2);
    }
}
