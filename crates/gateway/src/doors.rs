//! The doors: what the configuration says about who may come in, and where.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use openclaw_config::{Bind, Config, GatewayAuthMode, GatewayMode, Loaded, TailscaleMode};
use openclaw_guard::Secret;
use tokio::net::{TcpListener, TcpSocket};

use crate::auth::decide::{AuthMode, UiPolicy};
use crate::auth::origin::AllowedNames;
use crate::start::StartError;

/// Connections the kernel may hold while we are busy.
const BACKLOG: u32 = 1024;

/// What is decided before a port is opened. A configuration without doors starts no gateway.
pub(crate) struct Doors {
    pub(crate) mode: AuthMode,
    pub(crate) secret: Secret,
    pub(crate) ui: UiPolicy,
    pub(crate) trusted_proxies: Vec<IpAddr>,
    pub(crate) addresses: Vec<IpAddr>,
}

impl Doors {
    /// Reads them, and refuses what cannot be.
    pub(crate) fn of(loaded: &Loaded) -> Result<Self, StartError> {
        let config = &loaded.config;
        if config.gateway.mode != Some(GatewayMode::Local) {
            return Err(StartError::Mode { path: loaded.path.clone() });
        }
        if config.gateway.tls.enabled {
            return Err(StartError::Tls);
        }
        let (mode, secret) = secret(loaded)?;
        let trusted_proxies = trusted_proxies(config)?;
        Ok(Self { mode, secret, ui: ui_policy(config), trusted_proxies, addresses: bind_addresses(config)? })
    }
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

/// Whether clients have something to prove themselves with: without it the gateway does not start.
#[must_use]
pub fn has_secret(loaded: &Loaded) -> bool {
    secret(loaded).is_ok()
}

fn trusted_proxies(config: &Config) -> Result<Vec<IpAddr>, StartError> {
    let entries = config.gateway.trusted_proxies.iter().enumerate();
    entries.map(|(index, text)| text.trim().parse().map_err(|_| StartError::Proxy { index })).collect()
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

/// Opens the port on each address.
pub(crate) fn listen(addresses: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, StartError> {
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

/// The names that a request may call us by.
pub(crate) fn allowed_names(config: &Config, listeners: &[TcpListener], host: &str) -> AllowedNames {
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
