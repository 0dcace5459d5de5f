//! The one way out: every HTTP request of the house is made by a [`GuardedHttp`].
//!
//! It never follows a redirect, because the credential would travel along; it never sends loopback traffic to a
//! proxy; and it reads the system's root certificates only when an `https` address is first used, because that takes
//! milliseconds that a first answer should not wait for.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::sync::{Once, OnceLock};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Url};

use crate::unreachable::Unreachable;

/// Idle connections kept per host: a gateway talks to few hosts, a few turns at a time.
const MAX_IDLE_PER_HOST: usize = 4;
/// How long an idle connection is kept. Servers and their proxies commonly close theirs after a minute.
const IDLE_CONNECTION: Duration = Duration::from_secs(50);
/// Interval of TCP keep-alive probes, so that a dead peer is noticed while a stream is silent.
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

/// Builds requests on clients that are made when first needed, one per kind of address.
pub struct GuardedHttp {
    connect_timeout: Duration,
    plain_direct: OnceLock<Client>,
    plain_proxied: OnceLock<Client>,
    tls_direct: OnceLock<Client>,
    tls_proxied: OnceLock<Client>,
}

/// Why no request could be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client could not be set up; is a package with root certificates installed?")]
pub struct SetupFailed;

/// Whether a client trusts anybody over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// The system's root certificates.
    SystemRoots,
    /// Nobody: for `http` addresses only.
    Nobody,
}

/// Whether a client asks the environment for a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Direct,
    SystemProxy,
}

impl GuardedHttp {
    /// Nothing is built yet. `connect_timeout` covers name resolution, TCP and TLS.
    #[must_use]
    pub const fn new(connect_timeout: Duration) -> Self {
        Self {
            connect_timeout,
            plain_direct: OnceLock::new(),
            plain_proxied: OnceLock::new(),
            tls_direct: OnceLock::new(),
            tls_proxied: OnceLock::new(),
        }
    }

    /// The limit that was given to [`GuardedHttp::new`].
    #[must_use]
    pub const fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// Begins a request to `url`.
    ///
    /// # Errors
    /// The client cannot be built, which happens only for `https` on a system without root certificates.
    pub async fn request(&self, method: Method, url: &Url) -> Result<RequestBuilder, SetupFailed> {
        let trust = if url.scheme() == "https" { Trust::SystemRoots } else { Trust::Nobody };
        let route = if is_loopback(url) { Route::Direct } else { Route::SystemProxy };
        Ok(self.client(trust, route).await?.request(method, url.clone()))
    }

    async fn client(&self, trust: Trust, route: Route) -> Result<&Client, SetupFailed> {
        let slot = match (trust, route) {
            (Trust::Nobody, Route::Direct) => &self.plain_direct,
            (Trust::Nobody, Route::SystemProxy) => &self.plain_proxied,
            (Trust::SystemRoots, Route::Direct) => &self.tls_direct,
            (Trust::SystemRoots, Route::SystemProxy) => &self.tls_proxied,
        };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let connect_timeout = self.connect_timeout;
        let built = match trust {
            Trust::Nobody => build(trust, route, connect_timeout)?,
            // Reads files.
            Trust::SystemRoots => tokio::task::spawn_blocking(move || build(trust, route, connect_timeout))
                .await
                .map_err(|_| SetupFailed)??,
        };
        Ok(slot.get_or_init(|| built))
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the place the ban points to")]
fn build(trust: Trust, route: Route, connect_timeout: Duration) -> Result<Client, SetupFailed> {
    install_crypto_provider();
    let mut builder = Client::builder()
        .user_agent(concat!("openclaw/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(connect_timeout)
        .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
        .pool_idle_timeout(IDLE_CONNECTION)
        .tcp_keepalive(TCP_KEEPALIVE)
        .tcp_nodelay(true)
        .http1_only();
    if trust == Trust::Nobody {
        builder = builder.tls_certs_only([]);
    }
    if route == Route::Direct {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|_| SetupFailed)
}

/// Makes `ring` the process's crypto provider, once.
pub fn install_crypto_provider() {
    static ONCE: Once = Once::new();
    // An error means that another part of the process installed a provider before; then that one serves.
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// Whether `url` points at this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let named = bare.eq_ignore_ascii_case("localhost") || bare.to_ascii_lowercase().ends_with(".localhost");
    named || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

const CLOSED: [ErrorKind; 4] = [
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::BrokenPipe,
    ErrorKind::UnexpectedEof,
];

/// Sorts a transport failure by the types in its chain of causes.
#[must_use]
pub fn why_unreachable(error: &reqwest::Error) -> Unreachable {
    if error.is_dns() {
        return Unreachable::NameNotFound;
    }
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = cause {
        if current.is::<rustls::Error>() {
            return Unreachable::Tls;
        }
        if let Some(io) = current.downcast_ref::<std::io::Error>() {
            if io.kind() == ErrorKind::ConnectionRefused {
                return Unreachable::Refused;
            }
            if CLOSED.contains(&io.kind()) {
                return Unreachable::Closed;
            }
            // An io::Error hides its inner error from `source`.
            if io.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
                return Unreachable::Tls;
            }
        }
        cause = current.source();
    }
    if error.is_connect() { Unreachable::Network } else { Unreachable::Closed }
}

#[cfg(test)]
mod tests {
    use super::{GuardedHttp, is_loopback};
    use reqwest::{Method, Url};
    use std::time::Duration;

    #[test]
    fn loopback_is_told_by_address_not_by_looks() {
        let rows = [
            ("http://127.0.0.1:8080/v1", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:1/", true),
            ("http://localhost:11434/v1", true),
            ("http://LOCALHOST/", true),
            ("http://localhost.example.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("https://api.openai.com/v1", false),
            ("http://192.168.1.5/", false),
        ];
        for (url, expected) in rows {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[tokio::test]
    async fn a_plain_address_builds_only_the_plain_client() {
        let http = GuardedHttp::new(Duration::from_secs(1));
        let request = http.request(Method::GET, &Url::parse("http://127.0.0.1:1/").unwrap()).await;
        assert!(request.is_ok());
        assert!(http.plain_direct.get().is_some());
        assert!(
            http.plain_proxied.get().is_none()
                && http.tls_direct.get().is_none()
                && http.tls_proxied.get().is_none()
        );
    }
}
