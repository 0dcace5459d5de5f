//! The handshake: `connect` parameters and the `hello-ok` answer.

use openclaw_guard::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::device::DeviceProof;
use crate::frame::StateVersion;
use crate::limits;
use crate::methods::InvalidParams;
use crate::schema::{Field, Ty, optional, required, violations};

const MAX_INT: i64 = i64::MAX;

const CLIENT_IDS: &[&str] = &[
    "webchat-ui",
    "openclaw-control-ui",
    "webchat",
    "cli",
    "gateway-client",
    "openclaw-macos",
    "openclaw-ios",
    "openclaw-android",
    "node-host",
    "test",
    "fingerprint",
    "openclaw-probe",
];
const CLIENT_MODES: &[&str] = &["webchat", "cli", "ui", "backend", "node", "probe", "test"];

const CLIENT: &[Field] = &[
    required("id", Ty::OneOf(CLIENT_IDS)),
    required("version", Ty::NonEmptyStr),
    required("platform", Ty::NonEmptyStr),
    required("mode", Ty::OneOf(CLIENT_MODES)),
    optional("displayName", Ty::NonEmptyStr),
    optional("deviceFamily", Ty::NonEmptyStr),
    optional("modelIdentifier", Ty::NonEmptyStr),
    optional("instanceId", Ty::NonEmptyStr),
];
const DEVICE: &[Field] = &[
    required("id", Ty::NonEmptyStr),
    required("publicKey", Ty::NonEmptyStr),
    required("signature", Ty::NonEmptyStr),
    required("signedAt", Ty::Int(0, MAX_INT)),
    optional("nonce", Ty::NonEmptyStr),
];
const AUTH: &[Field] =
    &[optional("token", Ty::Str), optional("password", Ty::Str), optional("pairingCode", Ty::Str)];
const PARAMS: &[Field] = &[
    required("minProtocol", Ty::Int(1, MAX_INT)),
    required("maxProtocol", Ty::Int(1, MAX_INT)),
    required("client", Ty::Closed(CLIENT)),
    optional("caps", Ty::ArrayOf(&Ty::NonEmptyStr, 0)),
    optional("commands", Ty::ArrayOf(&Ty::NonEmptyStr, 0)),
    optional("permissions", Ty::MapOf(&Ty::Bool)),
    optional("pathEnv", Ty::Str),
    optional("role", Ty::NonEmptyStr),
    optional("scopes", Ty::ArrayOf(&Ty::NonEmptyStr, 0)),
    optional("device", Ty::Closed(DEVICE)),
    optional("auth", Ty::Closed(AUTH)),
    optional("locale", Ty::Str),
    optional("userAgent", Ty::Str),
];

/// Parameters of `connect`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectParams {
    /// Oldest protocol version the client speaks.
    pub min_protocol: u64,
    /// Newest protocol version the client speaks.
    pub max_protocol: u64,
    /// Who it says it is. Nothing here grants anything.
    pub client: ClientInfo,
    /// Capabilities, for example `tool-events`.
    #[serde(default)]
    pub caps: Vec<String>,
    /// `operator` (default) or `node`.
    #[serde(default)]
    pub role: Option<String>,
    /// Requested scopes, in the order in which they were signed.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// Proof of a device key.
    #[serde(default)]
    pub device: Option<DeviceProof>,
    /// Shared secrets and one-time codes.
    #[serde(default)]
    pub auth: Option<ConnectAuth>,
}

/// What the client says about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientInfo {
    /// One of the closed list of client ids.
    pub id: String,
    /// Its version.
    pub version: String,
    /// For example `linux`.
    pub platform: String,
    /// One of the closed list of modes.
    pub mode: String,
    /// For people.
    #[serde(default)]
    pub display_name: Option<String>,
    /// For example `Linux`.
    #[serde(default)]
    pub device_family: Option<String>,
    /// For example `x64`.
    #[serde(default)]
    pub model_identifier: Option<String>,
    /// Stable per installation.
    #[serde(default)]
    pub instance_id: Option<String>,
}

impl ClientInfo {
    /// A page in a browser: its `Origin` must be one of ours.
    #[must_use]
    pub fn is_browser_page(&self) -> bool {
        self.id == "openclaw-control-ui" || self.id == "webchat-ui" || self.mode == "webchat"
    }
}

/// Secrets of a `connect`.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectAuth {
    /// The gateway token, or the device token of this device.
    #[serde(default)]
    pub token: Option<Secret>,
    /// The gateway password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// Ours: a one-time code from `openclaw dashboard` that pairs this device's key.
    #[serde(default)]
    pub pairing_code: Option<Secret>,
}

impl ConnectParams {
    /// Checks and reads the parameters of `connect`.
    ///
    /// # Errors
    /// [`InvalidParams`] with every violation.
    pub fn parse(params: Option<&Value>) -> Result<Self, InvalidParams> {
        let value = params.unwrap_or(&Value::Null);
        if let Some(problems) = violations(Ty::Closed(PARAMS), value) {
            return Err(InvalidParams { method: "connect", problems });
        }
        serde_json::from_value(value.clone())
            .map_err(|error| InvalidParams { method: "connect", problems: error.to_string() })
    }

    /// Whether the two sides have a protocol version in common.
    #[must_use]
    pub fn speaks_our_protocol(&self) -> bool {
        let ours = u64::from(limits::PROTOCOL_VERSION);
        self.min_protocol <= ours && ours <= self.max_protocol
    }
}

/// The answer to a successful `connect`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HelloOk {
    /// Always `hello-ok`.
    pub r#type: &'static str,
    /// The agreed protocol version.
    pub protocol: u32,
    /// Who answers.
    pub server: ServerInfo,
    /// What can be called and what can happen.
    pub features: Features,
    /// The state at this moment.
    pub snapshot: Snapshot,
    /// The device token, when a device was presented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<DeviceAuth>,
    /// Limits the client should respect.
    pub policy: Policy,
}

/// The gateway's side of the connection.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerInfo {
    /// Version of this program.
    pub version: String,
    /// Host name.
    pub host: String,
    /// Id of this connection, for logs.
    pub conn_id: String,
}

/// Names of all methods and events.
#[derive(Debug, Clone, Serialize)]
pub struct Features {
    /// Methods.
    pub methods: Vec<&'static str>,
    /// Events.
    pub events: &'static [&'static str],
}

/// State at connect.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Everybody connected, the gateway first.
    pub presence: Value,
    /// The cached health summary, or `{}`.
    pub health: Value,
    /// Counters of the two above.
    pub state_version: StateVersion,
    /// Milliseconds since the gateway started.
    pub uptime_ms: u64,
    /// The config file.
    pub config_path: String,
    /// The state directory.
    pub state_dir: String,
    /// Names a client needs to find the main session.
    pub session_defaults: SessionDefaults,
}

/// Names a client needs to find the main session.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionDefaults {
    /// The agent that answers when none is named.
    pub default_agent_id: String,
    /// `main`, unless configured.
    pub main_key: String,
    /// The canonical key of the main session.
    pub main_session_key: String,
    /// `per-sender` or `global`.
    pub scope: String,
}

/// The device token of a paired device.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceAuth {
    /// 32 hex characters; the client stores it and sends it as `auth.token` from now on.
    pub device_token: String,
    /// Role it is good for.
    pub role: String,
    /// Scopes it is good for.
    pub scopes: Vec<String>,
    /// When it was made, in milliseconds since the epoch.
    pub issued_at_ms: i64,
}

/// Limits of this gateway.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Largest frame the client may send, in bytes.
    pub max_payload: usize,
    /// Bytes that may wait for this client.
    pub max_buffered_bytes: usize,
    /// Interval of `tick`, in milliseconds.
    pub tick_interval_ms: u64,
}

impl Policy {
    /// The limits of [`crate::limits`].
    pub const OURS: Self = Self {
        max_payload: limits::MAX_PAYLOAD_BYTES,
        max_buffered_bytes: limits::MAX_BUFFERED_BYTES,
        tick_interval_ms: 30_000,
    };
}

#[cfg(test)]
mod tests {
    use super::ConnectParams;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn lists_what_is_wrong() {
        let error = ConnectParams::parse(Some(&json!({"minProtocol":3,"maxProtocol":3,"bogus":1,
            "client":{"id":"who","version":"1","platform":"x","mode":"cli"}})))
        .err()
        .map(|error| error.to_string());
        assert_eq!(
            error.as_deref(),
            Some(
                "invalid connect params: at root: unexpected property 'bogus'; \
                 at /client/id: must be equal to constant; at /client/id: must match a schema in anyOf"
            )
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,200}") {
            let value = serde_json::from_str(&text).unwrap_or_else(|_| json!({"client": text}));
            drop(ConnectParams::parse(Some(&value)));
        }
    }
}
