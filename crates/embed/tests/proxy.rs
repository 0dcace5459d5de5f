//! Downloads and calls go through the proxy that the environment names, and not where `NO_PROXY` forbids it.
//!
//! What the environment says is read once in a process, so that each case is a process of its own.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at once, with the place")]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openclaw_embed::local::{Hub, ModelReference, ModelSource, Progress};
use openclaw_embed::{Embedder as _, Failure, Purpose, RemoteEmbedder, RemoteSpec};
use openclaw_testkit::embeddings::{Api, EmbeddingServer};
use openclaw_testkit::hub::{Claims, FakeHub};
use tokio::sync::watch;

/// Tells a child of these tests what to ask: the hub, a service, and perhaps one with TLS.
const ASKED: &str = "OPENCLAW_TEST_ASKED";
/// A megabyte and a bit.
const SIZE: usize = 1_100_000;

/// A proxy that knows where some names lead, and writes down what it is asked for. What is to be tunnelled it refuses.
struct Proxy {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start(names: Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, names) = (Arc::clone(&asked), Arc::new(names));
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (log, names) = (Arc::clone(&log), Arc::clone(&names));
                // A client that goes away is not what is tested.
                std::thread::spawn(move || pass_on(socket?, &names, &log));
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn pass_on(client: TcpStream, names: &[(&str, String)], log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut client = client;
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let [method, target, version] = words[..] else { return Ok(()) };
    log.lock().unwrap().push(format!("{method} {target}"));
    let known = names.iter().find_map(|(name, address)| {
        let path = target.strip_prefix("http://")?.strip_prefix(name)?;
        path.starts_with('/').then_some((address, path))
    });
    let Some((address, path)) = known else {
        return client.write_all(b"HTTP/1.1 502 Not here\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    };
    let server = TcpStream::connect(address.as_str())?;
    let mut request = server.try_clone()?;
    write!(request, "{method} {path} {version}\r\nconnection: close\r\n")?;
    std::thread::spawn(move || std::io::copy(&mut reader, &mut request));
    std::io::copy(&mut &server, &mut client)?;
    client.shutdown(std::net::Shutdown::Write)
}

/// Runs the child with an environment; it must go well.
fn run(asked: [&str; 3], env: &[(&str, &str)]) {
    let mut child = openclaw_guard::child_command(std::env::current_exe().unwrap());
    child.args(["--exact", "what_a_child_asks"]).env(ASKED, asked.join(" "));
    let output = child.envs(env.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Does nothing in an ordinary run; see [`run`].
#[tokio::test]
async fn what_a_child_asks() {
    let Ok(asked) = std::env::var(ASKED) else { return };
    let mut asked = asked.split(' ');
    let (hub, service, tls) = (asked.next().unwrap(), asked.next().unwrap(), asked.next().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let source = ModelSource {
        reference: ModelReference::parse("hf:a/b/c.gguf", None).unwrap(),
        cache: folder.path().join("models"),
        also: Vec::new(),
        hub: Hub::new(hub, None).unwrap().with_patience(Duration::from_secs(20), Duration::ZERO),
    };
    let (progress, _) = watch::channel(Progress::default());
    let path = source.fetch(&progress).await.unwrap().unwrap();
    assert_eq!(path.metadata().unwrap().len(), SIZE as u64);

    let nobody = EmbeddingServer::start(Api::OpenAi);
    let means = support::turned().means;
    let embedder = |base_url: &str| {
        let spec = RemoteSpec { base_url: base_url.to_owned(), ..support::spec(Api::OpenAi, &nobody) };
        RemoteEmbedder::new(&spec, means.clone()).unwrap()
    };
    let texts = || vec!["green tea".to_owned()];
    assert_eq!(embedder(service).embed(Purpose::Document, texts()).await.unwrap().len(), 1);
    if tls != "-" {
        let error = embedder(tls).embed(Purpose::Query, texts()).await.unwrap_err();
        assert!(matches!(error.failure, Failure::Unreachable(_)), "{error}");
    }
    // Nothing of this machine goes through a proxy.
    assert_eq!(embedder(&nobody.base_url()).embed(Purpose::Query, texts()).await.unwrap().len(), 1);
}

fn port(url: &str) -> &str {
    url.trim_start_matches("http://").split('/').next().unwrap().rsplit(':').next().unwrap()
}

fn content() -> Vec<u8> {
    (0..SIZE).map(|at| (at % 251) as u8).collect()
}

#[test]
fn a_download_and_a_call_go_through_the_proxy_of_the_environment() {
    let (hub, service) = (FakeHub::start("a/b/c.gguf", content()), EmbeddingServer::start(Api::OpenAi));
    hub.claim(Claims { location: Some("http://storage.test/blob".to_owned()), ..Claims::default() });
    let at = |url: &str| format!("127.0.0.1:{}", port(url));
    let proxy = Proxy::start(vec![
        ("hub.test", at(&hub.base_url())),
        ("storage.test", at(&hub.storage_url())),
        ("embed.test", at(&service.base_url())),
    ]);
    let env = [("HTTP_PROXY", proxy.address.as_str()), ("HTTPS_PROXY", proxy.address.as_str())];
    run(["http://hub.test/", "http://embed.test/v1", "https://tls.test/v1"], &env);
    let asked = proxy.asked();
    let file = "http://hub.test/a/b/resolve/main/c.gguf";
    let expected = [
        &format!("HEAD {file}"),
        &format!("GET {file}"),
        "GET http://storage.test/blob",
        "POST http://embed.test/v1/embeddings",
        "CONNECT tls.test:443",
    ];
    for line in expected {
        assert!(asked.iter().any(|asked| asked == line), "{line}: {asked:?}");
    }
    assert!(!asked.iter().any(|asked| asked.contains("127.0.0.1")), "{asked:?}");
    assert_eq!(service.asked().len(), 1);
}

/// This address is this machine on Linux, and does not look like it.
#[cfg(target_os = "linux")]
#[test]
fn what_no_proxy_names_goes_there_directly() {
    let (hub, service) = (FakeHub::start("a/b/c.gguf", content()), EmbeddingServer::start(Api::OpenAi));
    let proxy = Proxy::start(Vec::new());
    let direct = |url: &str, path: &str| format!("http://0.0.0.0:{}{path}", port(url));
    let (hub_at, service_at) = (direct(&hub.base_url(), "/"), direct(&service.base_url(), "/v1"));
    let proxies = [("HTTP_PROXY", proxy.address.as_str()), ("HTTPS_PROXY", proxy.address.as_str())];
    run([&hub_at, &service_at, "-"], &[proxies[0], proxies[1], ("NO_PROXY", "example.com,0.0.0.0")]);
    assert_eq!((proxy.asked(), service.asked().len()), (Vec::new(), 1));
}
