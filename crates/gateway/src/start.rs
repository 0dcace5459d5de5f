//! Starting.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use openclaw_agent::Lanes;
use openclaw_channels::Courier;
use openclaw_config::{Env, Loaded, Locations};
use openclaw_guard::{Clock, FileError, RootError, SystemClock, create_private_dir};
use openclaw_models::cli::CliEnvironment;
use openclaw_store::{Ledger, LedgerError, LockError, SqliteLedger, StateLock, StateVersion, VersionError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::agents::AgentError;
use crate::auth::codes::PairingCodes;
use crate::auth::devices::{DeviceError, Devices};
use crate::auth::limiter::AuthLimiter;
use crate::control::Control;
use crate::core::{Access, Core, PreAuth};
use crate::doors::{Doors, allowed_names, listen};
use crate::gateway::Gateway;
use crate::health::HealthCache;
use crate::http::router::router;
use crate::inbound::recover;
use crate::live::{Kept, Live, Making, Snapshot};
use crate::log::{self, LogFileTaken};
use crate::net::accept::{Places, serve};
use crate::reload::{self, Refused, Reload, Started};
use crate::restart_note::RestartNote;
use crate::runs::Runs;
use crate::wake::wake;
use crate::ws::hub::Hub;

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a gateway needs to start.
#[derive(Clone)]
pub struct StartOptions {
    /// Where its files are.
    pub locations: Locations,
    /// Its configuration.
    pub loaded: Loaded,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// The port that the command line asked for, which no change of the configuration overrules.
    pub port_flag: Option<u16>,
    /// The environment as the process has it, to read the configuration again in.
    pub env: Env,
    /// From where it is stopped and told to start again.
    pub control: Control,
    /// A newer configuration that could not start; it is not tried again until it changes.
    pub refused: Option<Refused>,
}

impl StartOptions {
    /// A first start in this process.
    #[must_use]
    pub fn new(locations: Locations, loaded: Loaded, port: u16, env: Env) -> Self {
        let (port_flag, control, refused) = (None, Control::default(), None);
        Self { locations, loaded, port, port_flag, env, control, refused }
    }
}

/// Why a gateway did not start. Each is one line for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The config says this machine is a client.
    #[error("gateway.mode is not \"local\" in {path}; `openclaw config set gateway.mode local` lets the gateway run here", path = path.display())]
    Mode {
        /// The config file.
        path: PathBuf,
    },
    /// Nothing would keep strangers out.
    #[error("no gateway secret: set gateway.auth.token in {path} to a long text that nobody guesses, or OPENCLAW_GATEWAY_TOKEN", path = path.display())]
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
    #[error("gateway.trustedProxies[{index}] is not an IP address; name each proxy by its address")]
    Proxy {
        /// Its place in the list, counted from 0. What is written there may be anything.
        index: usize,
    },
    /// TLS was asked for and is not there.
    #[error(
        "gateway.tls.enabled: this build does not speak TLS; put a reverse proxy in front or switch it off"
    )]
    Tls,
    /// Another gateway has the state directory, or it cannot be used.
    #[error("{0}")]
    Lock(#[from] LockError),
    /// A newer program has used the state directory, or its version cannot be read or written.
    #[error(transparent)]
    Version(#[from] VersionError),
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
    /// What earlier runs left to do cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The paired devices cannot be read.
    #[error("devices: {0}")]
    Devices(String),
    /// The folder of the page cannot be used.
    #[error("gateway.controlUi.root: {0}")]
    Page(RootError),
    /// The log has the file of something else.
    #[error(transparent)]
    Log(#[from] LogFileTaken),
    /// A panic, which the log has.
    #[error("starting broke off: {0}")]
    BrokeOff(tokio::task::JoinError),
}

/// Starts a gateway; when this returns it accepts connections.
///
/// # Errors
/// [`StartError`], one line each.
pub async fn start(options: StartOptions) -> Result<Gateway, StartError> {
    // Folders and session indexes may lie on a disk that takes its time, and whoever waits here may be told to stop.
    let ready =
        tokio::task::spawn_blocking(move || start_now(options)).await.map_err(StartError::BrokeOff)??;
    // With `waitForBootSync` this takes as long as the first update of `qmd`; a stop ends it.
    ready.core.snapshot().agents.start_memories().await;
    tokio::task::spawn_blocking(move || ready.open()).await.map_err(StartError::BrokeOff)
}

/// A gateway to which the doors are still shut.
struct Ready {
    core: Arc<Core>,
    listeners: Vec<TcpListener>,
    lock: StateLock,
    asks: tokio::sync::mpsc::Receiver<reload::Ask>,
    refused: Option<Refused>,
}

impl Ready {
    fn open(self) -> Gateway {
        let Self { core, listeners, lock, asks, refused } = self;
        let accepting = accept(&core, listeners);
        crate::delivering::start(&core);
        tell_of_the_change(&core, refused.as_ref());
        tokio::spawn(reload::run(Arc::clone(&core), asks, refused));
        Gateway::new(core, accepting, lock)
    }
}

fn start_now(options: StartOptions) -> Result<Ready, StartError> {
    let doors = Doors::of(&options.loaded)?;
    let StartOptions { locations, loaded, port, port_flag, env, control, refused } = options;
    // A newer program's directory is left as it is, so this comes before the lock makes its file.
    StateVersion::check(&locations.state_dir)?;
    create_private_dir(&locations.state_dir)?;
    let lock = StateLock::acquire(&locations.state_dir)?;
    StateVersion::settle(&locations.state_dir, &lock, VERSION)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let listeners = listen(&doors.addresses, port)?;
    let address = listeners.first().and_then(|listener| listener.local_addr().ok());
    let address = address.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    log::check_file(&loaded, &locations)?;
    let log = log::init(&loaded, &locations, &clock);
    // Both wait for the disk, and neither for the other.
    let opening = {
        let (locations, clock) = (locations.clone(), Arc::clone(&clock));
        let programs = CliEnvironment::read(loaded.env.iter());
        std::thread::spawn(move || {
            // What an answer that a crash broke off has started would work beside the answer that is tried again.
            openclaw_guard::kill_abandoned_children();
            programs.sweep();
            open_ledger(&locations, &*clock)
        })
    };
    let host = host_name();
    let loaded = Arc::new(loaded);
    let access = access(doors, &loaded, &listeners, (&host, &locations, &*clock))?;
    let kept = Kept::default();
    let making = Making { locations: &locations, clock: &clock, kept: &kept, before: None };
    let snapshot = Snapshot::make(Arc::clone(&loaded), &making);
    // A panic of the thread has been logged.
    let ledger = opening.join().unwrap_or(Err(LedgerError::Closed))?;
    let snapshot = snapshot?;
    let (reload, asks) = Reload::new(Started { loaded, port, port_flag, env });
    let core = Arc::new(Core {
        hub: Hub::new(&host, crate::VERSION, Arc::clone(&clock)),
        host,
        address,
        clock,
        log,
        started: Instant::now(),
        lanes: Lanes::new(snapshot.max_turns(), Arc::clone(&ledger)),
        courier: Courier::new(Arc::clone(&ledger)),
        ledger,
        live: Live::new(snapshot, kept),
        runs: Runs::default(),
        access,
        health: HealthCache::default(),
        reload,
        control,
        stopping: CancellationToken::new(),
        locations,
    });
    tracing::info!(%address, "gateway started");
    recover(&core)?;
    Ok(Ready { core, listeners, lock, asks, refused })
}

/// Opens what earlier runs left to do. The caller has the state directory for itself.
fn open_ledger(locations: &Locations, clock: &dyn Clock) -> Result<Arc<dyn Ledger>, LedgerError> {
    let ledger = SqliteLedger::open(&locations.state_dir, clock.now_ms())?;
    if let Some(place) = ledger.quarantined() {
        tracing::error!(
            place = %place.display(),
            "the ledger was damaged and has been put aside; messages that were under way are in there"
        );
    }
    Ok(Arc::new(ledger))
}

/// Tells the session that changed the configuration what came of it.
fn tell_of_the_change(core: &Arc<Core>, refused: Option<&Refused>) {
    let Some(note) = RestartNote::take(&core.locations) else { return };
    wake(core, &note, refused.map(|refused| refused.problem.as_str()));
}

fn access(
    doors: Doors,
    loaded: &Loaded,
    listeners: &[TcpListener],
    (host, locations, clock): (&str, &Locations, &dyn Clock),
) -> Result<Access, StartError> {
    Ok(Access {
        mode: doors.mode,
        secret: doors.secret,
        ui: doors.ui,
        names: allowed_names(&loaded.config, listeners, host),
        trusted_proxies: doors.trusted_proxies,
        devices: Devices::load(&locations.state_dir, clock.now_ms())
            .map_err(|error: DeviceError| StartError::Devices(error.to_string()))?,
        codes: PairingCodes::default(),
        limiter: AuthLimiter::default(),
        pre_auth: PreAuth::default(),
    })
}

/// A task for each listener; they end, and give the port back, when the gateway begins to stop.
fn accept(core: &Arc<Core>, listeners: Vec<TcpListener>) -> Vec<tokio::task::JoinHandle<()>> {
    let router = router(Arc::clone(core));
    let places = Places::new(core.access.trusted_proxies.clone());
    let serving = |listener| serve(listener, router.clone(), Arc::clone(&places), core.stopping.clone());
    listeners.into_iter().map(|listener| tokio::spawn(serving(listener))).collect()
}

fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}
