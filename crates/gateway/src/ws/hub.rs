//! Everybody connected, and everything that is told to all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_guard::Clock;
use openclaw_protocol::connect::ClientInfo;
use openclaw_protocol::frame::{StateVersion, encode_event};
use openclaw_protocol::limits::close;
use openclaw_protocol::methods::Scope;
use serde::Serialize;
use serde_json::{Value, json};

use super::outbox::{IfSlow, Outbox};
use super::presence::{self, Presence};

/// Names a connection within this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ConnId(u64);

/// An authenticated connection.
pub(crate) struct Client {
    pub(crate) id: ConnId,
    /// For logs and `hello-ok`.
    pub(crate) name: String,
    pub(crate) info: ClientInfo,
    pub(crate) role: &'static str,
    pub(crate) scopes: Vec<String>,
    pub(crate) device: Option<String>,
    /// Whether it announced the capability `tool-events`.
    pub(crate) wants_tool_events: bool,
    pub(crate) outbox: Arc<Outbox>,
}

impl Client {
    fn presence_key(&self) -> &str {
        self.device.as_deref().or(self.info.instance_id.as_deref()).unwrap_or(&self.name)
    }

    /// CLI calls come and go too fast to be shown.
    fn is_shown(&self) -> bool {
        self.info.mode != "cli"
    }
}

/// One event for everybody.
pub(crate) struct Broadcast<'a, P> {
    pub(crate) event: &'static str,
    pub(crate) payload: &'a P,
    pub(crate) if_slow: IfSlow,
    /// Only for clients that hold this scope.
    pub(crate) only_for: Option<Scope>,
    /// Whether the state counters travel along.
    pub(crate) stateful: bool,
    /// One client that gets another payload instead.
    pub(crate) except: Option<(ConnId, &'a P)>,
}

impl<'a, P> Broadcast<'a, P> {
    pub(crate) fn new(event: &'static str, payload: &'a P, if_slow: IfSlow) -> Self {
        Self { event, payload, if_slow, only_for: None, stateful: false, except: None }
    }
}

/// The hub.
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    clock: Arc<dyn Clock>,
    /// Requests that are being answered; each holds a copy.
    answering: Arc<()>,
}

struct Inner {
    clients: HashMap<ConnId, Arc<Client>>,
    next_id: u64,
    seq: u64,
    health_version: u64,
    presence: Presence,
}

impl Hub {
    pub(crate) fn new(host: &str, version: &str, clock: Arc<dyn Clock>) -> Self {
        let presence = Presence::new(host, version, clock.now_ms());
        let inner = Inner { clients: HashMap::new(), next_id: 1, seq: 0, health_version: 1, presence };
        Self { inner: Mutex::new(inner), clock, answering: Arc::new(()) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reserve_id(&self) -> ConnId {
        let mut inner = self.lock();
        inner.next_id += 1;
        ConnId(inner.next_id)
    }

    /// Adds a client; from now on it gets broadcasts.
    pub(crate) fn join(&self, client: Arc<Client>) {
        let now = self.clock.now_ms();
        let mut inner = self.lock();
        if client.is_shown() {
            let entry =
                presence::entry(&client.info, client.device.as_deref(), client.role, &client.scopes, now);
            inner.presence.connected(client.presence_key(), entry, now);
        }
        inner.clients.insert(client.id, client);
    }

    /// Removes a client and tells the others.
    pub(crate) fn leave(&self, id: ConnId) {
        let now = self.clock.now_ms();
        let shown = {
            let mut inner = self.lock();
            let Some(client) = inner.clients.remove(&id) else { return };
            if client.is_shown() {
                inner.presence.disconnected(client.presence_key(), now);
            }
            client.is_shown()
        };
        if shown {
            let payload = json!({ "presence": self.presence() });
            self.broadcast(&Broadcast {
                stateful: true,
                ..Broadcast::new("presence", &payload, IfSlow::Drop)
            });
        }
    }

    pub(crate) fn presence(&self) -> Value {
        self.lock().presence.list(self.clock.now_ms())
    }

    pub(crate) fn state_version(&self) -> StateVersion {
        let inner = self.lock();
        StateVersion { presence: inner.presence.version, health: inner.health_version }
    }

    pub(crate) fn health_changed(&self) {
        self.lock().health_version += 1;
    }

    /// Held while a request is being answered.
    pub(crate) fn answering(&self) -> Arc<()> {
        Arc::clone(&self.answering)
    }

    /// Requests that are being answered.
    pub(crate) fn answering_count(&self) -> usize {
        Arc::strong_count(&self.answering) - 1
    }

    pub(crate) fn client_count(&self) -> usize {
        self.lock().clients.len()
    }

    /// Sends an event to everybody it is meant for. The frame is encoded once, whatever the number of clients; the
    /// counter and the queues move together, so that every client sees events in the order of their numbers.
    pub(crate) fn broadcast<P: Serialize>(&self, message: &Broadcast<'_, P>) {
        let mut inner = self.lock();
        inner.seq += 1;
        let state = message
            .stateful
            .then(|| StateVersion { presence: inner.presence.version, health: inner.health_version });
        if inner.clients.is_empty() {
            return;
        }
        let encode = |payload: &P| {
            axum::extract::ws::Utf8Bytes::from(encode_event(message.event, payload, Some(inner.seq), state))
        };
        let frame = encode(message.payload);
        let special = message.except.map(|(id, payload)| (id, encode(payload)));
        for client in inner.clients.values() {
            if message
                .only_for
                .is_some_and(|scope| client.role == "node" || !scope.is_satisfied_by(&client.scopes))
            {
                continue;
            }
            let frame = match &special {
                Some((id, frame)) if *id == client.id => frame,
                Some(_) | None => &frame,
            };
            client.outbox.push(frame.clone(), message.if_slow);
        }
    }

    /// Sends an event, without a number, to one client.
    pub(crate) fn send_to<P: Serialize>(&self, id: ConnId, event: &'static str, payload: &P) {
        let client = self.lock().clients.get(&id).cloned();
        if let Some(client) = client {
            client.outbox.push(encode_event(event, payload, None, None).into(), IfSlow::Close);
        }
    }

    /// Closes the connections of a device in one role: what it was granted has been taken back.
    pub(crate) fn close_device(&self, device: &str, role: &str) {
        for client in self.lock().clients.values() {
            if client.device.as_deref() == Some(device) && client.role == role {
                client.outbox.close(close::POLICY, "device token revoked");
            }
        }
    }

    /// Closes every connection after what is queued has been sent.
    pub(crate) fn close_all(&self) {
        for client in self.lock().clients.values() {
            client.outbox.close(close::SERVICE_RESTART, "service restart");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Broadcast, Client, Hub};
    use crate::ws::outbox::{IfSlow, Next, Outbox};
    use openclaw_guard::SystemClock;
    use openclaw_protocol::connect::ClientInfo;
    use openclaw_protocol::methods::Scope;
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn client(hub: &Hub, role: &'static str, scopes: &[&str]) -> Arc<Client> {
        let client = Arc::new(Client {
            id: hub.reserve_id(),
            name: "c".into(),
            info: ClientInfo {
                id: "test".into(),
                version: "1".into(),
                platform: "x".into(),
                mode: "test".into(),
                display_name: None,
                device_family: None,
                model_identifier: None,
                instance_id: None,
            },
            role,
            scopes: scopes.iter().map(|&s| s.to_owned()).collect(),
            device: None,
            wants_tool_events: false,
            outbox: Arc::new(Outbox::default()),
        });
        hub.join(Arc::clone(&client));
        client
    }

    fn received(client: &Client) -> Vec<Value> {
        let mut frames = Vec::new();
        while let Next::Send(frame) = client.outbox.next() {
            frames.push(serde_json::from_str(&frame).unwrap());
        }
        frames
    }

    #[test]
    fn guarded_events_reach_only_those_who_may() {
        let hub = Hub::new("h", "1", Arc::new(SystemClock));
        let reader = client(&hub, "operator", &["operator.read"]);
        let admin = client(&hub, "operator", &["operator.admin"]);
        let node = client(&hub, "node", &["operator.admin"]);
        let payload = json!({});
        hub.broadcast(&Broadcast {
            only_for: Some(Scope::Pairing),
            ..Broadcast::new("device.pair.requested", &payload, IfSlow::Drop)
        });
        hub.broadcast(&Broadcast::new("tick", &payload, IfSlow::Drop));
        let seqs =
            |client: &Client| received(client).iter().map(|f| f["seq"].as_u64().unwrap()).collect::<Vec<_>>();
        assert_eq!((seqs(&reader), seqs(&admin), seqs(&node)), (vec![2], vec![1, 2], vec![2]));
    }

    #[test]
    fn one_client_may_get_its_own_wording() {
        let hub = Hub::new("h", "1", Arc::new(SystemClock));
        let a = client(&hub, "operator", &[]);
        let b = client(&hub, "operator", &[]);
        let (canonical, alias) = (json!({"sessionKey":"agent:main:main"}), json!({"sessionKey":"main"}));
        hub.broadcast(&Broadcast {
            except: Some((a.id, &alias)),
            ..Broadcast::new("chat", &canonical, IfSlow::Close)
        });
        assert_eq!(received(&a)[0]["payload"], alias);
        assert_eq!(received(&b)[0]["payload"], canonical);
    }
}
