//! A home with a configured gateway in it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::brain::Brain;
use crate::home::TempHome;
use crate::process::GatewayProcess;

/// The shared secret of every site.
pub const TOKEN: &str = "crash-token-0123456789abcdef";
/// Ports that the system does not give to outgoing connections (Linux: from 32768 on): the gateway needs the same one
/// thousands of times, and a connection to the model must not sit on it meanwhile.
const PORTS: std::ops::Range<u16> = 12_000..32_000;
/// How far apart the ports of two programs begin.
const STRIDE: u32 = 7_919;

/// A home, and the port its gateway listens on.
pub struct Site {
    home: TempHome,
    port: u16,
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

impl Site {
    /// A new one, without a configuration yet.
    #[must_use]
    pub fn new() -> Self {
        Self { home: TempHome::new(), port: free_port() }
    }

    /// Its home.
    #[must_use]
    pub fn home(&self) -> &TempHome {
        &self.home
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the gateway keeps everything.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.home.state_dir()
    }

    /// Writes a configuration whose model is the brain, with more laid over it.
    pub fn configure(&self, brain: &Brain, extra: &Value) {
        let mut config = json!({
            "gateway": {"mode": "local", "port": self.port, "auth": {"mode": "token", "token": TOKEN}},
            "discovery": {"mdns": {"mode": "off"}},
            "update": {"checkOnStart": false},
            "agents": {"defaults": {"maxConcurrent": 32, "model": {"primary": "mock/mock-1"}}},
            "models": {"providers": {"mock": {
                "baseUrl": brain.base_url(), "apiKey": "k", "api": "openai-completions",
                "models": [{"id": "mock-1", "name": "Mock", "contextWindow": 200_000, "maxTokens": 4_096}],
            }}},
        });
        lay_over(&mut config, extra);
        self.home.write_config(&config);
    }

    /// Starts the gateway and waits until it listens.
    pub async fn start(&self, binary: &Path) -> GatewayProcess {
        GatewayProcess::start_with(binary, &self.home, self.port, &Self::ARGS).await
    }

    /// What starts a gateway here.
    pub const ARGS: [&str; 2] = ["gateway", "run"];
}

fn lay_over(value: &mut Value, extra: &Value) {
    match (value, extra) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, item) in over {
                lay_over(under.entry(key.clone()).or_insert(Value::Null), item);
            }
        }
        (value, extra) => *value = extra.clone(),
    }
}

/// A port that nobody listens on and no outgoing connection gets, another one for each call in this process.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = PORTS.end - PORTS.start;
    // Programs that start together have neighbouring numbers, and must not meet at one port.
    let first =
        u16::try_from(std::process::id().wrapping_mul(STRIDE) % u32::from(span)).expect("below a port");
    for _ in 0..span {
        let port = PORTS.start + (first + NEXT.fetch_add(1, Ordering::Relaxed) % span) % span;
        if std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("every port from {} to {} is taken", PORTS.start, PORTS.end);
}
