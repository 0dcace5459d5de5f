//! Paired devices and pending requests: `devices/paired.json` and `devices/pending.json`, in the release's format.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use openclaw_guard::{FileError, RandomError, Secret, create_private_dir, random_hex, write_atomic};
use openclaw_protocol::connect::DeviceAuth;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Pending requests kept (S-015); the oldest gives way.
const MAX_PENDING: usize = 10;
/// A pending request lives this long, in milliseconds (release: five minutes).
const PENDING_TTL_MS: i64 = 5 * 60_000;
/// Paired devices kept. A pairing beyond it is refused: somebody must clean up first.
const MAX_PAIRED: usize = 1_000;
/// Random bytes of a device token: 32 hex characters, as the release makes them.
const TOKEN_BYTES: usize = 16;

/// A paired device. Unknown fields of other versions are kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PairedDevice {
    pub(crate) device_id: String,
    pub(crate) public_key: String,
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    #[serde(default)]
    tokens: BTreeMap<String, DeviceToken>,
    #[serde(default)]
    created_at_ms: i64,
    #[serde(default)]
    approved_at_ms: i64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeviceToken {
    token: String,
    role: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    created_at_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_at_ms: Option<i64>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// A device that asks to be paired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PairingRequest {
    pub(crate) request_id: String,
    pub(crate) device_id: String,
    pub(crate) public_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) platform: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) remote_ip: Option<String>,
    pub(crate) role: String,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    pub(crate) ts: i64,
}

/// What is known of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Paired with this key, for this role and all these scopes.
    Paired,
    /// Paired, but not for all that is asked.
    WantsMore,
    /// Not paired, or paired with another key.
    Unknown,
}

/// Why the device store could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeviceError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("cannot encode {path}: {source}", path = path.display())]
    Encode { path: PathBuf, source: serde_json::Error },
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("{MAX_PAIRED} devices are paired; remove some from devices/paired.json first")]
    TooMany,
}

/// The device store. One owner: the gateway process, which holds the state directory's lock.
pub(crate) struct Devices {
    dir: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    paired: BTreeMap<String, PairedDevice>,
    pending: BTreeMap<String, PairingRequest>,
}

impl Devices {
    /// Reads `<state>/devices`. A file that cannot be read is moved aside, never overwritten.
    pub(crate) fn load(state_dir: &Path, now_ms: i64) -> Result<Self, DeviceError> {
        let dir = state_dir.join("devices");
        create_private_dir(&dir)?;
        let paired = read_map(&dir.join("paired.json"), now_ms);
        let pending = read_map(&dir.join("pending.json"), now_ms);
        Ok(Self { dir, inner: Mutex::new(Inner { paired, pending }) })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of the device that proved `public_key` (wire form).
    pub(crate) fn standing(
        &self,
        device_id: &str,
        public_key: &str,
        role: &str,
        scopes: &[String],
    ) -> Standing {
        let inner = self.lock();
        match inner.paired.get(device_id) {
            Some(device) if device.public_key == public_key => {
                let covers =
                    device.roles.iter().any(|known| known == role) && is_subset(scopes, &device.scopes);
                if covers { Standing::Paired } else { Standing::WantsMore }
            }
            Some(_) | None => Standing::Unknown,
        }
    }

    /// Whether `token` is the device's own, unrevoked token for this role and covers the scopes.
    pub(crate) fn accepts_token(
        &self,
        device_id: &str,
        role: &str,
        token: &Secret,
        scopes: &[String],
    ) -> bool {
        let inner = self.lock();
        inner.paired.get(device_id).and_then(|device| device.tokens.get(role)).is_some_and(|known| {
            known.revoked_at_ms.is_none() && token.matches(&known.token) && is_subset(scopes, &known.scopes)
        })
    }

    /// Pairs a device, or widens what it is paired for, and writes the file before it returns.
    pub(crate) fn approve(&self, request: &PairingRequest, now_ms: i64) -> Result<(), DeviceError> {
        let mut inner = self.lock();
        if !inner.paired.contains_key(&request.device_id) && inner.paired.len() >= MAX_PAIRED {
            return Err(DeviceError::TooMany);
        }
        let mut paired = inner.paired.clone();
        let known =
            paired.remove(&request.device_id).filter(|device| device.public_key == request.public_key);
        let mut device = known.unwrap_or_else(|| PairedDevice::new(request, now_ms));
        device.approved_at_ms = now_ms;
        push_missing(&mut device.roles, std::slice::from_ref(&request.role));
        push_missing(&mut device.scopes, &request.scopes);
        paired.insert(request.device_id.clone(), device);
        self.write("paired.json", &paired)?;
        inner.paired = paired;
        let before = inner.pending.len();
        inner.pending.retain(|_, pending| pending.device_id != request.device_id);
        if inner.pending.len() != before {
            self.write("pending.json", &inner.pending)?;
        }
        Ok(())
    }

    /// Records that a device asks to be paired. Returns the request and whether it is new.
    pub(crate) fn request(
        &self,
        mut request: PairingRequest,
        now_ms: i64,
    ) -> Result<(PairingRequest, bool), DeviceError> {
        let mut inner = self.lock();
        inner.pending.retain(|_, pending| now_ms.saturating_sub(pending.ts) < PENDING_TTL_MS);
        let known = inner.pending.values().find(|pending| {
            pending.device_id == request.device_id
                && pending.role == request.role
                && pending.scopes == request.scopes
        });
        if let Some(known) = known {
            return Ok((known.clone(), false));
        }
        while inner.pending.len() >= MAX_PENDING {
            let oldest = inner.pending.iter().min_by_key(|(_, pending)| pending.ts).map(|(id, _)| id.clone());
            if let Some(oldest) = oldest {
                inner.pending.remove(&oldest);
            }
        }
        request.request_id = uuid::Uuid::new_v4().to_string();
        inner.pending.insert(request.request_id.clone(), request.clone());
        self.write("pending.json", &inner.pending)?;
        Ok((request, true))
    }

    /// The device's token for this role and these scopes: the one it has if it covers them, else a new one.
    pub(crate) fn token(
        &self,
        device_id: &str,
        role: &str,
        scopes: &[String],
        now_ms: i64,
    ) -> Result<Option<DeviceAuth>, DeviceError> {
        let mut inner = self.lock();
        let Some(device) = inner.paired.get(device_id) else { return Ok(None) };
        let usable = device
            .tokens
            .get(role)
            .filter(|known| known.revoked_at_ms.is_none() && is_subset(scopes, &known.scopes));
        if let Some(known) = usable {
            return Ok(Some(known.to_auth()));
        }
        let mut sorted = scopes.to_vec();
        sorted.sort();
        let token = DeviceToken {
            token: random_hex(TOKEN_BYTES)?,
            role: role.to_owned(),
            scopes: sorted,
            created_at_ms: now_ms,
            revoked_at_ms: None,
            rest: Map::new(),
        };
        let auth = token.to_auth();
        let mut paired = inner.paired.clone();
        if let Some(device) = paired.get_mut(device_id) {
            device.tokens.insert(role.to_owned(), token);
        }
        self.write("paired.json", &paired)?;
        inner.paired = paired;
        Ok(Some(auth))
    }

    /// Takes a pending request out; `None` when it is unknown or too old.
    pub(crate) fn take_request(
        &self,
        request_id: &str,
        now_ms: i64,
    ) -> Result<Option<PairingRequest>, DeviceError> {
        let mut inner = self.lock();
        inner.pending.retain(|_, pending| now_ms.saturating_sub(pending.ts) < PENDING_TTL_MS);
        let Some(request) = inner.pending.remove(request_id) else { return Ok(None) };
        self.write("pending.json", &inner.pending)?;
        Ok(Some(request))
    }

    /// A pending request, left where it is.
    pub(crate) fn pending_request(&self, request_id: &str, now_ms: i64) -> Option<PairingRequest> {
        let inner = self.lock();
        inner
            .pending
            .get(request_id)
            .filter(|pending| now_ms.saturating_sub(pending.ts) < PENDING_TTL_MS)
            .cloned()
    }

    /// Revokes a device's token of one role. Returns whether there was one.
    pub(crate) fn revoke(&self, device_id: &str, role: &str, now_ms: i64) -> Result<bool, DeviceError> {
        let mut inner = self.lock();
        let mut paired = inner.paired.clone();
        let Some(device) = paired.get_mut(device_id) else { return Ok(false) };
        let Some(token) = device.tokens.get_mut(role) else { return Ok(false) };
        token.revoked_at_ms = Some(now_ms);
        // Without its role the device cannot get a new token by showing the gateway's secret from elsewhere.
        device.roles.retain(|known| known != role);
        if device.roles.is_empty() {
            device.scopes.clear();
        }
        self.write("paired.json", &paired)?;
        inner.paired = paired;
        Ok(true)
    }

    /// All requests and devices, newest first, tokens without their secret.
    pub(crate) fn list(&self, now_ms: i64) -> Value {
        let inner = self.lock();
        let mut pending: Vec<&PairingRequest> = inner
            .pending
            .values()
            .filter(|pending| now_ms.saturating_sub(pending.ts) < PENDING_TTL_MS)
            .collect();
        pending.sort_by_key(|request| std::cmp::Reverse(request.ts));
        let mut paired: Vec<&PairedDevice> = inner.paired.values().collect();
        paired.sort_by_key(|device| std::cmp::Reverse(device.approved_at_ms));
        let paired: Vec<Value> = paired.into_iter().map(PairedDevice::summary).collect();
        json!({"pending": pending, "paired": paired})
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<(), DeviceError> {
        let path = self.dir.join(name);
        let text = serde_json::to_vec_pretty(value)
            .map_err(|source| DeviceError::Encode { path: path.clone(), source })?;
        Ok(write_atomic(&path, &text)?)
    }
}

impl PairedDevice {
    fn new(request: &PairingRequest, now_ms: i64) -> Self {
        let mut rest = Map::new();
        let mut put = |name: &str, value: Option<&String>| {
            if let Some(value) = value {
                rest.insert(name.to_owned(), Value::String(value.clone()));
            }
        };
        put("displayName", request.display_name.as_ref());
        put("platform", request.platform.as_ref());
        put("clientId", request.client_id.as_ref());
        put("clientMode", request.client_mode.as_ref());
        put("remoteIp", request.remote_ip.as_ref());
        put("role", Some(&request.role));
        Self {
            device_id: request.device_id.clone(),
            public_key: request.public_key.clone(),
            roles: Vec::new(),
            scopes: Vec::new(),
            tokens: BTreeMap::new(),
            created_at_ms: now_ms,
            approved_at_ms: now_ms,
            rest,
        }
    }
}

impl PairedDevice {
    /// The device as lists show it. (The flattened rest of the file may hold anything; it is not shown.)
    fn summary(&self) -> Value {
        let tokens: Vec<Value> = self
            .tokens
            .values()
            .map(|token| {
                json!({
                    "role": token.role, "scopes": token.scopes, "createdAtMs": token.created_at_ms,
                    "revokedAtMs": token.revoked_at_ms,
                })
            })
            .collect();
        json!({
            "deviceId": self.device_id, "publicKey": self.public_key, "roles": self.roles, "scopes": self.scopes,
            "tokens": tokens, "createdAtMs": self.created_at_ms, "approvedAtMs": self.approved_at_ms,
            "displayName": self.rest.get("displayName"), "platform": self.rest.get("platform"),
            "clientId": self.rest.get("clientId"), "clientMode": self.rest.get("clientMode"),
            "remoteIp": self.rest.get("remoteIp"),
        })
    }
}

impl DeviceToken {
    fn to_auth(&self) -> DeviceAuth {
        DeviceAuth {
            device_token: self.token.clone(),
            role: self.role.clone(),
            scopes: self.scopes.clone(),
            issued_at_ms: self.created_at_ms,
        }
    }
}

fn is_subset(wanted: &[String], held: &[String]) -> bool {
    wanted.iter().all(|scope| held.contains(scope))
}

fn push_missing(list: &mut Vec<String>, more: &[String]) {
    for item in more {
        if !list.contains(item) {
            list.push(item.clone());
        }
    }
}

fn read_map<T: DeserializeOwned>(path: &Path, now_ms: i64) -> BTreeMap<String, T> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return BTreeMap::new(),
        Err(error) => {
            tracing::error!(path = %path.display(), %error, "cannot read; no device of this file is known");
            return BTreeMap::new();
        }
    };
    match serde_json::from_slice(&bytes) {
        Ok(map) => map,
        Err(error) => {
            let aside = path.with_extension(format!("json.broken-{now_ms}"));
            let moved = std::fs::rename(path, &aside);
            tracing::error!(path = %path.display(), %error, kept_as = %aside.display(), ?moved, "broken device file set aside; devices must pair again");
            BTreeMap::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Devices, MAX_PENDING, PairingRequest, Standing};
    use openclaw_guard::Secret;

    fn request(device: &str, scopes: &[&str], ts: i64) -> PairingRequest {
        PairingRequest {
            request_id: String::new(),
            device_id: device.into(),
            public_key: format!("key-{device}"),
            display_name: None,
            platform: Some("linux".into()),
            client_id: Some("cli".into()),
            client_mode: Some("cli".into()),
            remote_ip: None,
            role: "operator".into(),
            scopes: scopes.iter().map(|&s| s.to_owned()).collect(),
            ts,
        }
    }

    #[test]
    fn pairing_and_its_token_survive_a_restart_and_never_grow_by_themselves() {
        let dir = tempfile::tempdir().unwrap();
        let read = vec!["operator.read".to_owned()];
        let admin = vec!["operator.admin".to_owned()];
        let devices = Devices::load(dir.path(), 0).unwrap();
        assert_eq!(devices.standing("d", "key-d", "operator", &read), Standing::Unknown);
        assert!(devices.token("d", "operator", &read, 1).unwrap().is_none(), "no token before approval");
        devices.approve(&request("d", &["operator.read"], 0), 1).unwrap();
        let auth = devices.token("d", "operator", &read, 1).unwrap().unwrap();
        assert_eq!(auth.device_token.len(), 32);

        let again = Devices::load(dir.path(), 2).unwrap();
        assert_eq!(again.standing("d", "key-d", "operator", &read), Standing::Paired);
        assert_eq!(again.standing("d", "key-d", "operator", &admin), Standing::WantsMore);
        assert_eq!(again.standing("d", "key-d", "node", &read), Standing::WantsMore);
        assert_eq!(again.standing("d", "other", "operator", &read), Standing::Unknown);
        let token = Secret::new(auth.device_token.clone());
        assert!(again.accepts_token("d", "operator", &token, &read));
        assert!(!again.accepts_token("d", "operator", &token, &admin));
        assert!(!again.accepts_token("e", "operator", &token, &read));
        assert_eq!(again.token("d", "operator", &read, 9).unwrap().unwrap().device_token, auth.device_token);
    }

    #[test]
    fn requests_are_bounded_and_repeat_as_one() {
        let dir = tempfile::tempdir().unwrap();
        let devices = Devices::load(dir.path(), 0).unwrap();
        let (first, created) = devices.request(request("d", &[], 1), 1).unwrap();
        assert!(created);
        assert_eq!(devices.request(request("d", &[], 2), 2).unwrap(), (first, false));
        for n in 0..30 {
            devices.request(request(&format!("x{n}"), &[], n), n).unwrap();
        }
        assert!(devices.lock().pending.len() <= MAX_PENDING);
    }

    #[test]
    fn a_revoked_device_is_out_and_lists_show_no_token() {
        let dir = tempfile::tempdir().unwrap();
        let devices = Devices::load(dir.path(), 0).unwrap();
        let read = vec!["operator.read".to_owned()];
        devices.approve(&request("d", &["operator.read"], 0), 1).unwrap();
        let auth = devices.token("d", "operator", &read, 1).unwrap().unwrap();
        assert!(!devices.list(1).to_string().contains(&auth.device_token));
        assert!(devices.revoke("d", "operator", 2).unwrap());
        assert!(!devices.revoke("e", "operator", 2).unwrap());
        let again = Devices::load(dir.path(), 3).unwrap();
        assert!(!again.accepts_token("d", "operator", &Secret::new(auth.device_token), &read));
        assert_eq!(again.standing("d", "key-d", "operator", &read), Standing::WantsMore);
    }

    #[test]
    fn a_request_is_taken_once_and_not_after_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let devices = Devices::load(dir.path(), 0).unwrap();
        let (asked, _) = devices.request(request("d", &[], 1), 1).unwrap();
        assert!(devices.pending_request(&asked.request_id, 2).is_some());
        assert!(devices.take_request(&asked.request_id, 2).unwrap().is_some());
        assert!(devices.take_request(&asked.request_id, 2).unwrap().is_none());
        let (late, _) = devices.request(request("e", &[], 1), 1).unwrap();
        assert!(devices.take_request(&late.request_id, 1 + super::PENDING_TTL_MS).unwrap().is_none());
    }

    #[test]
    fn a_broken_file_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        drop(Devices::load(dir.path(), 0).unwrap());
        let path = dir.path().join("devices/paired.json");
        openclaw_guard::write_atomic(&path, b"{oops").unwrap();
        let devices = Devices::load(dir.path(), 5).unwrap();
        assert_eq!(std::fs::read(dir.path().join("devices/paired.json.broken-5")).unwrap(), b"{oops");
        devices.approve(&request("d", &[], 0), 1).unwrap();
    }
}
