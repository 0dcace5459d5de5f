//! The method table: name, scope and parameters of every method, declared once.
//!
//! The gateway matches on [`Method`] without a wildcard arm, so a method without a handler, or a handler without a
//! declaration, does not compile (S-002). `hello-ok.features.methods`, the parameter check and the scope check all
//! read this table.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::schema::{Field, Ty, optional, required, violations};

/// What a caller must be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// Everything an operator can do.
    #[serde(rename = "operator.admin")]
    Admin,
    /// Look.
    #[serde(rename = "operator.read")]
    Read,
    /// Talk to the agent; implies read.
    #[serde(rename = "operator.write")]
    Write,
    /// Decide approvals.
    #[serde(rename = "operator.approvals")]
    Approvals,
    /// Pair devices.
    #[serde(rename = "operator.pairing")]
    Pairing,
}

impl Scope {
    /// The text on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "operator.admin",
            Self::Read => "operator.read",
            Self::Write => "operator.write",
            Self::Approvals => "operator.approvals",
            Self::Pairing => "operator.pairing",
        }
    }

    /// Whether a caller holding `granted` passes a check for this scope.
    #[must_use]
    pub fn is_satisfied_by(self, granted: &[String]) -> bool {
        let holds = |scope: Self| granted.iter().any(|text| text == scope.as_str());
        holds(Self::Admin) || holds(self) || (self == Self::Read && holds(Self::Write))
    }
}

/// Declaration of one method.
#[derive(Debug, Clone, Copy)]
pub struct MethodSpec {
    /// The method.
    pub method: Method,
    /// Name on the wire.
    pub name: &'static str,
    /// Scope it needs.
    pub scope: Scope,
    /// Its parameters.
    pub params: Params,
}

/// How parameters are checked.
#[derive(Debug, Clone, Copy)]
pub enum Params {
    /// No schema: unknown fields are tolerated, as in the release.
    Open,
    /// A closed object.
    Closed(&'static [Field]),
}

/// Parameters that do not fit the declaration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {method} params: {problems}")]
pub struct InvalidParams {
    /// The method.
    pub method: &'static str,
    /// All violations, in the validator's words.
    pub problems: String,
}

impl MethodSpec {
    /// Checks parameters; a missing object counts as `{}`.
    ///
    /// # Errors
    /// [`InvalidParams`] with every violation.
    pub fn check(&self, params: Option<&Value>) -> Result<(), InvalidParams> {
        let Params::Closed(fields) = self.params else { return Ok(()) };
        let empty = json!({});
        let value = params.filter(|value| !value.is_null()).unwrap_or(&empty);
        match violations(Ty::Closed(fields), value) {
            Some(problems) => Err(InvalidParams { method: self.name, problems }),
            None => Ok(()),
        }
    }
}

/// Looks a method up by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static MethodSpec> {
    METHODS.iter().find(|spec| spec.name == name)
}

macro_rules! methods {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $scope:ident, $params:expr;)*) => {
        /// Every method of this gateway.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Method { $($(#[doc = $doc])+ $variant,)* }

        /// The table.
        pub const METHODS: &[MethodSpec] = &[$(MethodSpec {
            method: Method::$variant, name: $name, scope: Scope::$scope, params: $params,
        },)*];
    };
}

const MAX_MS: i64 = 24 * 60 * 60 * 1000;
/// Each row may carry a message of hundreds of kilobytes from the disk.
const MAX_OUTBOX_ROWS: i64 = 200;
const LEVEL: Ty = Ty::OrNull(&Ty::NonEmptyStr);
const CONFIG_CHANGE: &[Field] = &[
    required("raw", Ty::NonEmptyStr),
    optional("baseHash", Ty::NonEmptyStr),
    optional("sessionKey", Ty::Str),
    optional("note", Ty::Str),
    optional("restartDelayMs", Ty::Int(0, MAX_MS)),
];
const ATTACHMENTS: Ty = Ty::ArrayOf(&Ty::Object, 0);

methods! {
    /// Health summary, cached for a minute.
    Health = "health", Read, Params::Open;
    /// What runs, with which model, and the newest sessions.
    Status = "status", Read, Params::Open;
    /// Everybody connected.
    SystemPresence = "system-presence", Read, Params::Open;
    /// The last heartbeat event, or null.
    LastHeartbeat = "last-heartbeat", Read, Params::Open;
    /// New lines of the log file.
    LogsTail = "logs.tail", Read, Params::Closed(&[
        optional("cursor", Ty::Int(0, i64::MAX)),
        optional("limit", Ty::Int(1, 5000)),
        optional("maxBytes", Ty::Int(1, 1_000_000)),
    ]);
    /// Configured agents.
    AgentsList = "agents.list", Read, Params::Closed(&[]);
    /// Name and avatar of an agent.
    AgentIdentityGet = "agent.identity.get", Read, Params::Closed(&[
        optional("agentId", Ty::NonEmptyStr),
        optional("sessionKey", Ty::Str),
    ]);
    /// Models that are known here.
    ModelsList = "models.list", Read, Params::Closed(&[]);
    /// The configuration, secrets redacted.
    ConfigGet = "config.get", Admin, Params::Closed(&[]);
    /// What the configuration may hold: JSON Schema and hints for forms.
    ConfigSchema = "config.schema", Admin, Params::Closed(&[]);
    /// Writes a whole configuration.
    ConfigSet = "config.set", Admin, Params::Closed(&[
        required("raw", Ty::NonEmptyStr),
        optional("baseHash", Ty::NonEmptyStr),
    ]);
    /// Merges a patch into the configuration, and starts again if that needs it.
    ConfigPatch = "config.patch", Admin, Params::Closed(CONFIG_CHANGE);
    /// Writes a whole configuration, and starts again if that needs it.
    ConfigApply = "config.apply", Admin, Params::Closed(CONFIG_CHANGE);
    /// Channels and their accounts: none run in this build.
    ChannelsStatus = "channels.status", Read, Params::Closed(&[
        optional("probe", Ty::Bool),
        optional("timeoutMs", Ty::Int(0, MAX_MS)),
    ]);
    /// Connected nodes: none connect to this build.
    NodeList = "node.list", Read, Params::Closed(&[]);
    /// Sessions, newest first.
    SessionsList = "sessions.list", Read, Params::Closed(&[
        optional("limit", Ty::Int(1, i64::MAX)),
        optional("activeMinutes", Ty::Int(1, i64::MAX)),
        optional("includeGlobal", Ty::Bool),
        optional("includeUnknown", Ty::Bool),
        optional("includeDerivedTitles", Ty::Bool),
        optional("includeLastMessage", Ty::Bool),
        optional("label", Ty::NonEmptyStr),
        optional("spawnedBy", Ty::NonEmptyStr),
        optional("agentId", Ty::NonEmptyStr),
        optional("search", Ty::Str),
    ]);
    /// The last few lines of some sessions.
    SessionsPreview = "sessions.preview", Read, Params::Closed(&[
        required("keys", Ty::ArrayOf(&Ty::NonEmptyStr, 1)),
        optional("limit", Ty::Int(1, i64::MAX)),
        optional("maxChars", Ty::Int(20, i64::MAX)),
    ]);
    /// Finds a session by key, id or label.
    SessionsResolve = "sessions.resolve", Admin, Params::Closed(&[
        optional("key", Ty::NonEmptyStr),
        optional("sessionId", Ty::NonEmptyStr),
        optional("label", Ty::NonEmptyStr),
        optional("agentId", Ty::NonEmptyStr),
        optional("spawnedBy", Ty::NonEmptyStr),
        optional("includeGlobal", Ty::Bool),
        optional("includeUnknown", Ty::Bool),
    ]);
    /// Changes settings of one session.
    SessionsPatch = "sessions.patch", Admin, Params::Closed(&[
        required("key", Ty::NonEmptyStr),
        optional("label", Ty::OrNull(&Ty::StrUpTo(64))),
        optional("thinkingLevel", LEVEL),
        optional("verboseLevel", LEVEL),
        optional("reasoningLevel", LEVEL),
        optional("responseUsage", Ty::OrNull(&Ty::OneOf(&["off", "tokens", "full", "on"]))),
        optional("elevatedLevel", LEVEL),
        optional("execHost", LEVEL),
        optional("execSecurity", LEVEL),
        optional("execAsk", LEVEL),
        optional("execNode", LEVEL),
        optional("model", LEVEL),
        optional("spawnedBy", LEVEL),
        optional("sendPolicy", Ty::OrNull(&Ty::OneOf(&["allow", "deny"]))),
        optional("groupActivation", Ty::OrNull(&Ty::OneOf(&["mention", "always"]))),
    ]);
    /// Starts a session over under a new id; the old transcript is kept.
    SessionsReset = "sessions.reset", Admin, Params::Closed(&[required("key", Ty::NonEmptyStr)]);
    /// Removes a session.
    SessionsDelete = "sessions.delete", Admin, Params::Closed(&[
        required("key", Ty::NonEmptyStr),
        optional("deleteTranscript", Ty::Bool),
    ]);
    /// Messages of a session.
    ChatHistory = "chat.history", Read, Params::Closed(&[
        required("sessionKey", Ty::NonEmptyStr),
        optional("limit", Ty::Int(1, 1000)),
    ]);
    /// Sends a message and streams the answer as events.
    ChatSend = "chat.send", Write, Params::Closed(&[
        required("sessionKey", Ty::NonEmptyStr),
        required("message", Ty::Str),
        required("idempotencyKey", Ty::Token(256)),
        optional("thinking", Ty::Str),
        optional("deliver", Ty::Bool),
        optional("attachments", ATTACHMENTS),
        optional("timeoutMs", Ty::Int(0, MAX_MS)),
    ]);
    /// Stops running answers of a session.
    ChatAbort = "chat.abort", Write, Params::Closed(&[
        required("sessionKey", Ty::NonEmptyStr),
        optional("runId", Ty::NonEmptyStr),
    ]);
    /// Appends an assistant message without a model.
    ChatInject = "chat.inject", Admin, Params::Closed(&[
        required("sessionKey", Ty::NonEmptyStr),
        required("message", Ty::NonEmptyStr),
        optional("label", Ty::StrUpTo(100)),
    ]);
    /// Sends a message to somebody, without a model.
    Send = "send", Write, Params::Closed(&[
        required("to", Ty::NonEmptyStr),
        required("message", Ty::NonEmptyStr),
        required("idempotencyKey", Ty::Token(256)),
        optional("mediaUrl", Ty::Str),
        optional("mediaUrls", Ty::ArrayOf(&Ty::Str, 0)),
        optional("gifPlayback", Ty::Bool),
        optional("channel", Ty::Str),
        optional("accountId", Ty::Str),
        optional("sessionKey", Ty::Str),
    ]);
    /// Ours: what waits to be delivered, and what could not be.
    OutboxList = "outbox.list", Read, Params::Closed(&[
        optional("state", Ty::NonEmptyStr),
        optional("limit", Ty::Int(1, MAX_OUTBOX_ROWS)),
    ]);
    /// Ours: has deliveries tried again.
    OutboxRetry = "outbox.retry", Admin, Params::Closed(&[
        optional("id", Ty::Int(1, i64::MAX)),
        optional("allDead", Ty::Bool),
    ]);
    /// Ours: forgets a delivery.
    OutboxDrop = "outbox.drop", Admin, Params::Closed(&[required("id", Ty::Int(1, i64::MAX))]);
    /// One turn, answered twice: `accepted`, then the result.
    Agent = "agent", Write, Params::Closed(&[
        required("message", Ty::NonEmptyStr),
        required("idempotencyKey", Ty::Token(256)),
        optional("agentId", Ty::NonEmptyStr),
        optional("to", Ty::Str),
        optional("replyTo", Ty::Str),
        optional("sessionId", Ty::Str),
        optional("sessionKey", Ty::Str),
        optional("thinking", Ty::Str),
        optional("deliver", Ty::Bool),
        optional("attachments", ATTACHMENTS),
        optional("channel", Ty::Str),
        optional("replyChannel", Ty::Str),
        optional("accountId", Ty::Str),
        optional("replyAccountId", Ty::Str),
        optional("threadId", Ty::Str),
        optional("groupId", Ty::Str),
        optional("groupChannel", Ty::Str),
        optional("groupSpace", Ty::Str),
        optional("timeout", Ty::Int(0, MAX_MS / 1000)),
        optional("lane", Ty::Str),
        optional("extraSystemPrompt", Ty::Str),
        optional("label", Ty::StrUpTo(64)),
        optional("spawnedBy", Ty::Str),
    ]);
    /// Waits for the end of a run.
    AgentWait = "agent.wait", Write, Params::Closed(&[
        required("runId", Ty::NonEmptyStr),
        optional("timeoutMs", Ty::Int(0, MAX_MS)),
    ]);
    /// Devices that are paired, and those that ask to be.
    DevicePairList = "device.pair.list", Pairing, Params::Closed(&[]);
    /// Pairs a device that asked.
    DevicePairApprove = "device.pair.approve", Pairing, Params::Closed(&[required("requestId", Ty::NonEmptyStr)]);
    /// Turns a device down.
    DevicePairReject = "device.pair.reject", Pairing, Params::Closed(&[required("requestId", Ty::NonEmptyStr)]);
    /// Takes a device's token back; its connections are closed.
    DeviceTokenRevoke = "device.token.revoke", Pairing, Params::Closed(&[
        required("deviceId", Ty::NonEmptyStr),
        required("role", Ty::NonEmptyStr),
    ]);
    /// Ours: makes a one-time code that pairs a browser's device key.
    DevicePairCode = "device.pair.code", Pairing, Params::Closed(&[]);
}

#[cfg(test)]
mod tests {
    use super::{METHODS, Scope, find};
    use serde_json::json;

    #[test]
    fn names_are_unique() {
        for (index, spec) in METHODS.iter().enumerate() {
            assert!(METHODS.iter().skip(index + 1).all(|other| other.name != spec.name), "{}", spec.name);
        }
    }

    #[test]
    fn parameter_errors_are_the_release_s() {
        let rows = [
            (
                "chat.send",
                json!({"sessionKey":"main"}),
                Some(
                    "invalid chat.send params: must have required property 'message'; \
                     must have required property 'idempotencyKey'",
                ),
            ),
            (
                "sessions.list",
                json!({"bogus":true}),
                Some("invalid sessions.list params: at root: unexpected property 'bogus'"),
            ),
            (
                "chat.history",
                json!({"sessionKey":5}),
                Some("invalid chat.history params: at /sessionKey: must be string"),
            ),
            ("health", json!({"whatever":1}), None),
            ("agents.list", json!(null), None),
        ];
        for (name, params, expected) in rows {
            let error = find(name).unwrap().check(Some(&params)).err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn scopes_imply_what_they_should() {
        let has = |granted: &[&str], scope: Scope| {
            scope.is_satisfied_by(&granted.iter().map(|&s| s.to_owned()).collect::<Vec<_>>())
        };
        let all = [Scope::Admin, Scope::Read, Scope::Write, Scope::Approvals, Scope::Pairing];
        assert!(all.iter().all(|&scope| has(&["operator.admin"], scope)));
        assert!(has(&["operator.write"], Scope::Read));
        assert!(!has(&["operator.read"], Scope::Write));
        assert!(!has(&["operator.pairing"], Scope::Read));
        assert!(all.iter().all(|&scope| !has(&[], scope)));
        assert!(all.iter().all(|&scope| !has(&["operator.admin.x", "admin"], scope)));
    }
}
