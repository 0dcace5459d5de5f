//! What every connection and every method shares.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use openclaw_agent::Lanes;
use openclaw_config::Locations;
use openclaw_guard::{Clock, Secret};
use openclaw_store::Ledger;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::auth::client_key::ClientKey;
use crate::auth::codes::PairingCodes;
use crate::auth::decide::{AuthMode, UiPolicy};
use crate::auth::devices::Devices;
use crate::auth::limiter::AuthLimiter;
use crate::auth::origin::AllowedNames;
use crate::control::{Asker, Control};
use crate::live::{Live, Snapshot};
use crate::reload::Reload;
use crate::runs::Runs;
use crate::ws::hub::Hub;

/// Sockets that have not finished the handshake, over all clients (S-012).
const MAX_PRE_AUTH: usize = 256;
/// The same for one client (S-012).
const MAX_PRE_AUTH_PER_CLIENT: usize = 32;

/// The gateway's shared state.
pub(crate) struct Core {
    /// What changes while the gateway runs.
    pub(crate) live: Live,
    pub(crate) locations: Locations,
    pub(crate) host: String,
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: crate::log::LogHandle,
    pub(crate) started: Instant,
    pub(crate) hub: Hub,
    /// What was asked of the gateway, and what it owes others.
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) lanes: Lanes,
    pub(crate) runs: Runs,
    pub(crate) access: Access,
    pub(crate) health: crate::health::HealthCache,
    pub(crate) reload: Reload,
    /// From where it is stopped, and told to start again.
    pub(crate) control: Control,
    /// Cancelled when the gateway begins to stop: nothing new is accepted.
    pub(crate) stopping: CancellationToken,
}

/// The doors and who guards them.
pub(crate) struct Access {
    pub(crate) mode: AuthMode,
    pub(crate) secret: Secret,
    pub(crate) ui: UiPolicy,
    pub(crate) names: AllowedNames,
    pub(crate) trusted_proxies: Vec<IpAddr>,
    pub(crate) devices: Devices,
    pub(crate) codes: PairingCodes,
    pub(crate) limiter: AuthLimiter,
    pub(crate) pre_auth: PreAuth,
}

impl Core {
    /// Configuration and agents as they are now. Whoever does more than one thing with them takes this once.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.live.now()
    }

    /// Lets the gateway start again inside its process, with the files as they are then: a change of the configuration
    /// needs it. The earliest of several requests counts.
    pub(crate) fn request_restart(&self, delay: Duration, reason: &str) {
        self.control.restart(Asker::Change, delay, reason);
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    pub(crate) fn uptime_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The presence list, the gateway first.
    pub(crate) fn presence(&self) -> Value {
        self.hub.presence()
    }

    pub(crate) fn log_file(&self) -> PathBuf {
        self.log.file()
    }
}

/// Sockets that have not finished the handshake.
pub(crate) struct PreAuth {
    total: Arc<Semaphore>,
    clients: Arc<Mutex<HashMap<ClientKey, usize>>>,
}

impl Default for PreAuth {
    fn default() -> Self {
        Self { total: Arc::new(Semaphore::new(MAX_PRE_AUTH)), clients: Arc::default() }
    }
}

/// A place among the unauthenticated sockets; given back when dropped.
pub(crate) struct PreAuthSlot {
    _total: tokio::sync::OwnedSemaphorePermit,
    clients: Arc<Mutex<HashMap<ClientKey, usize>>>,
    client: ClientKey,
}

impl PreAuth {
    /// Takes a place, if there is one for this client.
    pub(crate) fn enter(&self, client: ClientKey) -> Option<PreAuthSlot> {
        let total = Arc::clone(&self.total).try_acquire_owned().ok()?;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let count = clients.entry(client).or_insert(0);
        if *count >= MAX_PRE_AUTH_PER_CLIENT {
            return None;
        }
        *count += 1;
        Some(PreAuthSlot { _total: total, clients: Arc::clone(&self.clients), client })
    }
}

impl Drop for PreAuthSlot {
    fn drop(&mut self) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = clients.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                clients.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_PRE_AUTH, MAX_PRE_AUTH_PER_CLIENT, PreAuth};
    use crate::auth::client_key::ClientKey;
    use std::net::{IpAddr, Ipv4Addr};

    #[test]
    fn strangers_take_a_bounded_number_of_places() {
        let client = |n: u32| ClientKey::of(IpAddr::V4(Ipv4Addr::from_bits(n)));
        let places = PreAuth::default();
        let mut held: Vec<_> =
            (0..MAX_PRE_AUTH_PER_CLIENT).map(|_| places.enter(client(1)).unwrap()).collect();
        assert!(places.enter(client(1)).is_none());
        held.pop();
        held.push(places.enter(client(1)).unwrap());
        for n in 2..100 {
            held.extend((0..MAX_PRE_AUTH_PER_CLIENT).filter_map(|_| places.enter(client(n))));
        }
        assert_eq!(held.len(), MAX_PRE_AUTH);
        drop(held);
        assert!(places.enter(client(1)).is_some());
        assert_eq!(places.clients.lock().unwrap().len(), 0, "an empty client is forgotten");
    }
}
