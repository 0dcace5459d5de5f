//! Starting and stopping.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_agent::Lanes;
use openclaw_agent::turn::AbortReason;
use openclaw_config::{Bind, Config, GatewayAuthMode, GatewayMode, Loaded, Locations, TailscaleMode};
use openclaw_guard::{
    Clock, FileError, RandomError, Root, RootError, Secret, SystemClock, create_private_dir,
};
use openclaw_protocol::limits::TICK_INTERVAL;
use openclaw_protocol::methods::Scope;
use openclaw_store::{LockError, StateLock};
use serde_json::json;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;

use crate::agents::{self, AgentError};
use crate::auth::codes::PairingCodes;
use crate::auth::decide::{AuthMode, UiPolicy};
use crate::auth::devices::{DeviceError, Devices};
use crate::auth::limiter::AuthLimiter;
use crate::auth::origin::AllowedNames;
use crate::core::{Access, Core, PreAuth};
use crate::health::HealthCache;
use crate::http::page::{Identity, Page};
use crate::http::router::{Site, router};
use crate::log;
use crate::net::accept::{Places, serve};
use crate::runs::Runs;
use crate::ws::hub::{Broadcast, Hub};
use crate::ws::outbox::IfSlow;

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Connections the kernel may hold while we are busy.
const BACKLOG: u32 = 1024;
/// Changed session counters are written this often; new sessions are written at once.
const FLUSH_INTERVAL: Duration = Duration::from_millis(250);
/// Health is refreshed this often (release: one minute).
const HEALTH_INTERVAL: Duration = Duration::from_secs(60);
/// Running answers get this long to finish when the gateway stops; then they are told to stop.
const DRAIN: Duration = Duration::from_secs(5);
/// And this long to say that they were stopped.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What a gateway needs to start.
pub struct StartOptions {
    /// Where its files are.
    pub locations: Locations,
    /// Its configuration.
    pub loaded: Loaded,
    /// The port; 0 lets the system choose.
    pub port: u16,
}

/// Why a gateway did not start. Each is one line for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The config says this machine is a client.
    #[error("gateway.mode is not \"local\" in {path}; set it to run the gateway here, or run `openclaw quickstart`", path = path.display())]
    Mode {
        /// The config file.
        path: PathBuf,
    },
    /// Nothing would keep strangers out.
    #[error("no gateway secret: set gateway.auth.token in {path} or OPENCLAW_GATEWAY_TOKEN, or run `openclaw quickstart`", path = path.display())]
    NoSecret {
        /// The config file.
        path: PathBuf,
    },
    /// An address that cannot be listened on.
    #[error("gateway.bind: {reason}")]
    Bind {
        /// Why, and what to do.
        reason: String,
    },
    /// A proxy that is not named by its address.
    #[error("gateway.trustedProxies: {entry:?} is not an IP address; name each proxy by its address")]
    Proxy {
        /// As written.
        entry: String,
    },
    /// TLS was asked for and is not there.
    #[error(
        "gateway.tls.enabled: this build does not speak TLS; put a reverse proxy in front or switch it off"
    )]
    Tls,
    /// Another gateway has the state directory, or it cannot be used.
    #[error("{0}")]
    Lock(#[from] LockError),
    /// The state directory cannot be made.
    #[error("the state directory cannot be used: {0}")]
    StateDir(#[from] FileError),
    /// The port is taken.
    #[error("port {port} is in use; stop what listens there, or choose another with --port or gateway.port")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The port cannot be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// An agent cannot be set up.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The paired devices cannot be read.
    #[error("devices: {0}")]
    Devices(String),
    /// The folder of the page cannot be used.
    #[error("gateway.controlUi.root: {0}")]
    Page(RootError),
}

/// A running gateway.
pub struct Gateway {
    core: Arc<Core>,
    stop: CancellationToken,
    /// Held until the end: nobody else may write here meanwhile.
    _lock: StateLock,
}

/// Stops a gateway from elsewhere.
#[derive(Clone)]
pub struct StopHandle(CancellationToken);

impl StopHandle {
    /// Begins an orderly stop.
    pub fn stop(&self) {
        self.0.cancel();
    }
}

/// Starts a gateway; when this returns it accepts connections.
///
/// # Errors
/// [`StartError`], one line each.
pub async fn start(options: StartOptions) -> Result<Gateway, StartError> {
    let StartOptions { locations, loaded, port } = options;
    let config = &loaded.config;
    if config.gateway.mode != Some(GatewayMode::Local) {
        return Err(StartError::Mode { path: loaded.path.clone() });
    }
    if config.gateway.tls.enabled {
        return Err(StartError::Tls);
    }
    let (mode, secret) = secret(&loaded)?;
    create_private_dir(&locations.state_dir)?;
    let lock = StateLock::acquire(&locations.state_dir)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let listeners = listen(&bind_addresses(config)?, port)?;
    let address = listeners.first().and_then(|listener| listener.local_addr().ok());
    let address = address.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    let log = log::init(&loaded, &locations, &clock);
    let host = host_name();
    let access = Access {
        mode,
        secret,
        ui: ui_policy(config),
        names: allowed_names(config, &listeners, &host),
        trusted_proxies: trusted_proxies(config)?,
        devices: Devices::load(&locations.state_dir, clock.now_ms())
            .map_err(|error: DeviceError| StartError::Devices(error.to_string()))?,
        codes: PairingCodes::default(),
        limiter: AuthLimiter::default(),
        pre_auth: PreAuth::default(),
    };
    let agents = agents::build(&loaded, &locations, &clock)?;
    let page = page(config, &locations)?;
    let identity = Identity { base_path: base_path(config), assistant: assistant_name(config) };
    let turns = usize::try_from(config.agents.defaults.turn.max_concurrent).unwrap_or(usize::MAX);
    let core = Arc::new(Core {
        hub: Hub::new(&host, crate::VERSION, Arc::clone(&clock)),
        host,
        address,
        clock,
        log,
        started: Instant::now(),
        agents,
        lanes: Lanes::new(turns.min(tokio::sync::Semaphore::MAX_PERMITS)),
        runs: Runs::default(),
        access,
        health: HealthCache::default(),
        stopping: CancellationToken::new(),
        loaded,
        locations,
    });
    let router = router(Arc::new(Site { core: Arc::clone(&core), page, identity }));
    tracing::info!(%address, "gateway started");
    let places = Places::new(core.access.trusted_proxies.clone());
    for listener in listeners {
        tokio::spawn(serve(listener, router.clone(), Arc::clone(&places), core.stopping.clone()));
    }
    tokio::spawn(tick(Arc::clone(&core)));
    tokio::spawn(refresh_health(Arc::clone(&core)));
    tokio::spawn(flush_sessions(Arc::clone(&core)));
    Ok(Gateway { core, stop: CancellationToken::new(), _lock: lock })
}

impl Gateway {
    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.core.address
    }

    /// A one-time code that pairs a browser: single use, five minutes.
    ///
    /// # Errors
    /// No random bytes could be had.
    pub fn pairing_code(&self) -> Result<String, RandomError> {
        // Whoever runs the process is the owner.
        let owner = [Scope::Admin.as_str().to_owned()];
        let (code, _) = self.core.access.codes.issue(&owner, self.core.now_ms())?;
        Ok(code.expose().to_owned())
    }

    /// Stops it from elsewhere.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        StopHandle(self.stop.clone())
    }

    /// Runs until it is stopped: tells everybody, lets running answers finish for a moment, closes every socket,
    /// writes what is not yet written.
    pub async fn wait(self) {
        self.stop.cancelled().await;
        let core = &self.core;
        core.stopping.cancel();
        let payload = json!({"reason": "gateway stopping", "restartExpectedMs": null});
        core.hub.broadcast(&Broadcast::new("shutdown", &payload, IfSlow::Close));
        if !until(DRAIN, || core.runs.active_count() == 0).await {
            core.runs.abort_all(AbortReason::Shutdown);
            until(LAST_WORDS, || core.runs.active_count() == 0).await;
        }
        core.hub.close_all();
        until(LAST_WORDS, || core.hub.client_count() == 0).await;
        let last = Arc::clone(core);
        // A panic while flushing was logged by the task.
        tokio::task::spawn_blocking(move || flush(&last)).await.ok();
        tracing::info!("gateway stopped");
    }
}

/// Waits until `done`, but not longer than `limit`.
async fn until(limit: Duration, done: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !done() {
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    true
}

/// The secret clients must know, and which of the two it is: the configured mode, else the password if there is one,
/// else the token; the environment's token when the config has none.
fn secret(loaded: &Loaded) -> Result<(AuthMode, Secret), StartError> {
    let auth = &loaded.config.gateway.auth;
    let from_env = |name: &str| loaded.env.non_blank(name).map(|text| Secret::new(text.to_owned()));
    let token = || auth.token.clone().or_else(|| from_env("OPENCLAW_GATEWAY_TOKEN"));
    let password = || auth.password.clone().or_else(|| from_env("OPENCLAW_GATEWAY_PASSWORD"));
    let mode = match auth.mode {
        Some(GatewayAuthMode::Token) => AuthMode::Token,
        Some(GatewayAuthMode::Password) => AuthMode::Password,
        None if password().is_some() => AuthMode::Password,
        None => AuthMode::Token,
    };
    let secret = match mode {
        AuthMode::Token => token(),
        AuthMode::Password => password(),
    };
    let secret = secret.filter(|secret| !secret.is_blank());
    secret.map(|secret| (mode, secret)).ok_or_else(|| StartError::NoSecret { path: loaded.path.clone() })
}

fn trusted_proxies(config: &Config) -> Result<Vec<IpAddr>, StartError> {
    let entries = config.gateway.trusted_proxies.iter();
    entries.map(|text| text.trim().parse().map_err(|_| StartError::Proxy { entry: text.clone() })).collect()
}

fn ui_policy(config: &Config) -> UiPolicy {
    let ui = &config.gateway.control_ui;
    if ui.allow_insecure_auth || ui.dangerously_disable_device_auth {
        UiPolicy::SharedSecretSuffices
    } else {
        UiPolicy::DeviceRequired
    }
}

/// The addresses of `gateway.bind`. Loopback also tries the IPv6 one, and goes on without it.
fn bind_addresses(config: &Config) -> Result<Vec<IpAddr>, StartError> {
    let custom = config.gateway.custom_bind_host.as_deref();
    match config.gateway.bind {
        Bind::Loopback | Bind::Auto => Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
        Bind::Lan => Ok(vec![Ipv4Addr::UNSPECIFIED.into()]),
        Bind::Custom => match custom.and_then(|text| text.parse().ok()) {
            Some(address) => Ok(vec![address]),
            None => Err(StartError::Bind {
                reason: "\"custom\" needs gateway.customBindHost with an IP address".to_owned(),
            }),
        },
        Bind::Tailnet => Err(StartError::Bind {
            reason: "\"tailnet\" is not part of this build yet; use \"custom\" with the tailnet address"
                .to_owned(),
        }),
    }
}

fn listen(addresses: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    for address in addresses {
        // The IPv6 listener takes the port the system chose for the first one.
        let port =
            listeners.first().and_then(|first| first.local_addr().ok()).map_or(port, |first| first.port());
        match listen_on(SocketAddr::new(*address, port)) {
            Ok(listener) => listeners.push(listener),
            Err(error) if listeners.is_empty() => return Err(error),
            Err(error) => tracing::debug!(%error, "second loopback address unavailable"),
        }
    }
    Ok(listeners)
}

fn listen_on(address: SocketAddr) -> Result<TcpListener, StartError> {
    let open = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    open().map_err(|source: std::io::Error| {
        if source.kind() == std::io::ErrorKind::AddrInUse {
            StartError::PortInUse { port: address.port() }
        } else {
            StartError::Listen { address, source }
        }
    })
}

fn allowed_names(config: &Config, listeners: &[TcpListener], host: &str) -> AllowedNames {
    let addresses: Vec<IpAddr> = listeners
        .iter()
        .filter_map(|listener| listener.local_addr().ok())
        .map(|address| address.ip())
        .collect();
    let is_public = addresses.iter().any(|address| !address.is_loopback());
    let host = host.to_ascii_lowercase();
    let names = if is_public { vec![format!("{host}.local"), host] } else { Vec::new() };
    AllowedNames {
        addresses,
        names,
        origins: config.gateway.control_ui.allowed_origins.clone(),
        behind_proxy: !config.gateway.trusted_proxies.is_empty()
            || config.gateway.tailscale.mode != TailscaleMode::Off,
    }
}

fn page(config: &Config, locations: &Locations) -> Result<Page, StartError> {
    let ui = &config.gateway.control_ui;
    match ui.root.as_deref().filter(|_| ui.enabled) {
        None if ui.enabled => Ok(Page::BuiltIn),
        None => Ok(Page::Off),
        Some(folder) => {
            let shown = locations.expand(folder);
            let root = Root::open(&shown).map_err(StartError::Page)?;
            Ok(Page::Folder { root, shown })
        }
    }
}

/// `/openclaw/` and `openclaw` mean `/openclaw`; `/` means none.
fn base_path(config: &Config) -> String {
    let path = config.gateway.control_ui.base_path.as_deref().unwrap_or_default().trim_matches('/');
    if path.is_empty() { String::new() } else { format!("/{path}") }
}

fn assistant_name(config: &Config) -> String {
    config.system.ui.assistant.name.clone().unwrap_or_else(|| "Assistant".to_owned())
}

fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

async fn tick(core: Arc<Core>) {
    while sleep_unless_stopping(&core, TICK_INTERVAL).await {
        let payload = json!({"ts": core.now_ms()});
        core.hub.broadcast(&Broadcast::new("tick", &payload, IfSlow::Drop));
    }
}

async fn refresh_health(core: Arc<Core>) {
    while sleep_unless_stopping(&core, HEALTH_INTERVAL).await {
        if core.hub.client_count() > 0 {
            core.health.renew(&core);
        }
    }
}

async fn flush_sessions(core: Arc<Core>) {
    while sleep_unless_stopping(&core, FLUSH_INTERVAL).await {
        let core = Arc::clone(&core);
        // A panic while flushing was logged; the next round tries again.
        tokio::task::spawn_blocking(move || flush(&core)).await.ok();
    }
}

fn flush(core: &Core) {
    for agent in core.agents.all.values() {
        if let Err(error) = agent.sessions.flush_if_dirty() {
            tracing::error!(agent = %agent.id, %error, "cannot write the session index; it is tried again");
        }
    }
}

/// Whether the gateway still runs after the pause.
async fn sleep_unless_stopping(core: &Core, pause: Duration) -> bool {
    tokio::select! {
        () = core.stopping.cancelled() => false,
        () = tokio::time::sleep(pause) => true,
    }
}
