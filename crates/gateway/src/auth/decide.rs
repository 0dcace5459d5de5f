//! What a `connect` request gets: the order of checks of the protocol page (1.5), as a decision over values.
//!
//! Nothing a client says about itself grants anything (S-003); a credential that is present and wrong refuses the
//! connection even when another would do (S-004).

use openclaw_guard::Secret;
use openclaw_protocol::connect::ConnectParams;
use openclaw_protocol::device::{PublicKey, SignedConnect};
use openclaw_protocol::frame::{ErrorCode, ErrorShape};
use openclaw_protocol::limits::{DEVICE_SIGNATURE_WINDOW_MS, PROTOCOL_VERSION, close};
use openclaw_protocol::methods::Scope;
use serde_json::json;

use super::devices::{PairingRequest, Standing};
use super::limiter::LockedOut;

/// Everything the decision looks at besides the parameters.
pub(crate) struct Facts<'a> {
    /// The challenge sent on this connection.
    pub(crate) nonce: &'a str,
    pub(crate) now_ms: i64,
    pub(crate) locality: Locality,
    pub(crate) origin: OriginVerdict,
    pub(crate) ui: UiPolicy,
    pub(crate) mode: AuthMode,
    /// For the pairing request of a device.
    pub(crate) remote_ip: Option<String>,
}

/// Where the peer is. Local: loopback peer, loopback `Host`, no forwarding headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locality {
    Local,
    Remote,
}

/// What the `Origin` header says. A refused origin never gets this far: the upgrade is answered 403.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OriginVerdict {
    Absent,
    Ours,
}

/// `gateway.controlUi` switches that loosen the device rule for the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum UiPolicy {
    /// The page needs a device key.
    #[default]
    DeviceRequired,
    /// `allowInsecureAuth` or `dangerouslyDisableDeviceAuth`: the shared secret alone is enough.
    SharedSecretSuffices,
}

/// `gateway.auth.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthMode {
    Token,
    Password,
}

/// Where the decision looks credentials up. Comparing is the implementor's; so is counting failures.
pub(crate) trait Credentials {
    /// Whether further guesses are allowed from this client.
    fn may_guess(&self) -> Result<(), LockedOut>;
    /// Compares with the gateway's own secret; counts nothing.
    fn shared_matches(&self, candidate: &Secret) -> bool;
    /// Looks the device's own token up; counts nothing.
    fn device_token_matches(&self, device_id: &str, role: &str, token: &Secret, scopes: &[String]) -> bool;
    /// Uses a one-time code up: the scopes it may hand on, or nothing. Counts nothing.
    fn redeem_code(&self, code: &Secret) -> Option<Vec<String>>;
    /// What is known of the device.
    fn standing(&self, device_id: &str, public_key: &str, role: &str, scopes: &[String]) -> Standing;
    /// Counts a wrong credential.
    fn count_failure(&self);
}

/// The result.
pub(crate) enum Decision {
    Accept(Grant),
    Refuse(Refused),
    /// The device must be approved by somebody who may.
    NeedsPairing(Box<PairingRequest>),
}

/// What the connection may do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grant {
    pub(crate) role: &'static str,
    pub(crate) scopes: Vec<String>,
    pub(crate) device: Option<GrantedDevice>,
}

/// The device of a connection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GrantedDevice {
    pub(crate) id: String,
    /// To be approved now: its owner showed the gateway's secret or a one-time code.
    pub(crate) approve: Option<Box<PairingRequest>>,
}

/// A refusal: the error of the response, and the code the socket is closed with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    pub(crate) error: Box<ErrorShape>,
    pub(crate) close_code: u16,
}

impl Refused {
    pub(crate) fn new(error: ErrorShape, close_code: u16) -> Self {
        Self { error: Box::new(error), close_code }
    }
}

type Step<T> = Result<T, Refused>;

fn refuse<T>(code: ErrorCode, message: impl Into<String>) -> Step<T> {
    Err(Refused::new(ErrorShape::new(code, message), close::POLICY))
}

fn invalid<T>(message: impl Into<String>) -> Step<T> {
    refuse(ErrorCode::InvalidRequest, message)
}

/// Decides one connect.
pub(crate) fn decide(params: &ConnectParams, facts: &Facts<'_>, credentials: &impl Credentials) -> Decision {
    match decide_inner(params, facts, credentials) {
        Ok(decision) => decision,
        Err(refused) => Decision::Refuse(refused),
    }
}

/// A connect on its way through the checks: what was sent, what is known, and what it comes down to.
#[derive(Clone, Copy)]
struct Ask<'a> {
    params: &'a ConnectParams,
    facts: &'a Facts<'a>,
    role: &'static str,
    scopes: &'a [String],
}

fn decide_inner(params: &ConnectParams, facts: &Facts<'_>, credentials: &impl Credentials) -> Step<Decision> {
    check_protocol(params)?;
    let role = check_role(params)?;
    let scopes = effective_scopes(params, role);
    check_origin(params, facts)?;
    check_page_has_device(params, facts)?;
    let device = check_device(params, facts, role)?;
    let ask = Ask { params, facts, role, scopes: &scopes };
    let proof = check_credentials(ask, credentials, device.as_ref())?;
    let Some(device) = device else {
        return match (role, proof) {
            ("operator", Proof::SharedSecret) => Ok(Decision::Accept(Grant { role, scopes, device: None })),
            _ => refuse(ErrorCode::NotPaired, "device identity required"),
        };
    };
    let wire_key = device.key.to_wire();
    let request = Box::new(pairing_request(ask, &device, &wire_key));
    let approve = match (credentials.standing(&device.id, &wire_key, role, &scopes), proof) {
        (Standing::Paired, _) => None,
        (_, Proof::OneTimeCode) => Some(request),
        // The gateway's own secret, shown on this machine, is the owner's word; a node still needs approval.
        (_, Proof::SharedSecret) if facts.locality == Locality::Local && role == "operator" => Some(request),
        (_, Proof::SharedSecret)
            if facts.ui == UiPolicy::SharedSecretSuffices && params.client.is_browser_page() =>
        {
            return Ok(Decision::Accept(Grant { role, scopes, device: None }));
        }
        (Standing::WantsMore | Standing::Unknown, Proof::SharedSecret | Proof::DeviceToken) => {
            return Ok(Decision::NeedsPairing(request));
        }
    };
    Ok(Decision::Accept(Grant { role, scopes, device: Some(GrantedDevice { id: device.id, approve }) }))
}

fn check_protocol(params: &ConnectParams) -> Step<()> {
    if params.speaks_our_protocol() {
        return Ok(());
    }
    let error =
        ErrorShape::invalid("protocol mismatch").with_details(json!({"expectedProtocol": PROTOCOL_VERSION}));
    Err(Refused::new(error, close::PROTOCOL_ERROR))
}

fn check_role(params: &ConnectParams) -> Step<&'static str> {
    match params.role.as_deref() {
        None | Some("operator") => Ok("operator"),
        Some("node") => Ok("node"),
        Some(_) => invalid("invalid role"),
    }
}

/// Requested scopes that exist; an operator that names none asks for everything, a node for nothing.
fn effective_scopes(params: &ConnectParams, role: &str) -> Vec<String> {
    let known = [Scope::Admin, Scope::Read, Scope::Write, Scope::Approvals, Scope::Pairing];
    let requested = params.scopes.as_deref().unwrap_or_default();
    if requested.is_empty() && role == "operator" {
        return vec![Scope::Admin.as_str().to_owned()];
    }
    requested
        .iter()
        .filter(|text| known.iter().any(|scope| scope.as_str() == text.as_str()))
        .cloned()
        .collect()
}

fn check_origin(params: &ConnectParams, facts: &Facts<'_>) -> Step<()> {
    if params.client.is_browser_page() && facts.origin == OriginVerdict::Absent {
        return invalid(
            "origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)",
        );
    }
    Ok(())
}

/// Without a device the page has no identity of its own: it must say so loudly in the config to be let in.
fn check_page_has_device(params: &ConnectParams, facts: &Facts<'_>) -> Step<()> {
    let page_without_device = params.device.is_none() && params.client.id == "openclaw-control-ui";
    if page_without_device && facts.ui == UiPolicy::DeviceRequired {
        return invalid("control ui requires HTTPS or localhost (secure context)");
    }
    Ok(())
}

/// A device that proved its key.
struct ProvenDevice {
    id: String,
    key: PublicKey,
}

fn check_device(params: &ConnectParams, facts: &Facts<'_>, role: &str) -> Step<Option<ProvenDevice>> {
    let Some(device) = &params.device else { return Ok(None) };
    let Ok(key) = PublicKey::parse(&device.public_key) else { return invalid("device public key invalid") };
    if key.device_id() != device.id {
        return invalid("device identity mismatch");
    }
    if (facts.now_ms - device.signed_at).abs() > DEVICE_SIGNATURE_WINDOW_MS {
        return invalid("device signature expired");
    }
    match device.nonce.as_deref() {
        Some(nonce) if nonce == facts.nonce => {}
        Some(_) => return invalid("device nonce mismatch"),
        None if facts.locality == Locality::Local && facts.origin == OriginVerdict::Absent => {}
        None => return invalid("device nonce required"),
    }
    let auth = params.auth.as_ref();
    let secret = auth.and_then(|auth| auth.token.as_ref().or(auth.pairing_code.as_ref()));
    let signed = SignedConnect {
        client_id: &params.client.id,
        client_mode: &params.client.mode,
        role,
        scopes: params.scopes.as_deref().unwrap_or_default(),
        signed_at_ms: device.signed_at,
        token: secret.map_or("", Secret::expose),
        nonce: device.nonce.as_deref(),
    };
    if !key.verifies(&signed.payload(&device.id), &device.signature) {
        return invalid("device signature invalid");
    }
    Ok(Some(ProvenDevice { id: device.id.clone(), key }))
}

/// What a connection has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    SharedSecret,
    DeviceToken,
    OneTimeCode,
}

fn check_credentials(
    ask: Ask<'_>,
    credentials: &impl Credentials,
    device: Option<&ProvenDevice>,
) -> Step<Proof> {
    let Ask { params, role, scopes, .. } = ask;
    let auth = params.auth.clone().unwrap_or_default();
    let token = auth.token.as_ref().filter(|token| !token.is_blank());
    let password = auth.password.as_ref().filter(|password| !password.is_blank());
    let code = auth.pairing_code.as_ref().filter(|code| !code.is_blank());
    if let (Some(device), Some(token), None, None) = (device, token, password, code)
        && credentials.device_token_matches(&device.id, role, token, scopes)
    {
        return Ok(Proof::DeviceToken);
    }
    if code.is_none() || token.is_some() || password.is_some() {
        check_guess(ask, credentials, device)?;
        check_shared(ask, credentials, [token, password], device)?;
    }
    match code {
        None => Ok(Proof::SharedSecret),
        // A code of 160 random bits is not guessed: it works during a lock-out too, and a wrong one is counted.
        Some(code) => check_code(ask, credentials, code, device),
    }
}

/// Refuses a client that guessed too often. A device that is paired and proved its key is nobody who guesses: the
/// owner is not locked out by somebody else on the same address (S-007).
fn check_guess(ask: Ask<'_>, credentials: &impl Credentials, device: Option<&ProvenDevice>) -> Step<()> {
    let is_known = device.is_some_and(|device| {
        credentials.standing(&device.id, &device.key.to_wire(), ask.role, ask.scopes) == Standing::Paired
    });
    match credentials.may_guess() {
        Err(locked) if !is_known => {
            let wait = u64::try_from(locked.retry_after_ms).unwrap_or(0);
            let seconds = wait.div_ceil(1000);
            let words = format!("unauthorized: too many failed attempts; try again in {seconds} s");
            Err(Refused::new(ErrorShape::invalid(words).retry_after(wait), close::POLICY))
        }
        Err(_) | Ok(()) => Ok(()),
    }
}

/// Every secret that is presented must be right: presence never helps, and a wrong one beside a right one refuses.
fn check_shared(
    ask: Ask<'_>,
    credentials: &impl Credentials,
    presented: [Option<&Secret>; 2],
    device: Option<&ProvenDevice>,
) -> Step<()> {
    let kind = match ask.facts.mode {
        AuthMode::Token => "token",
        AuthMode::Password => "password",
    };
    let mut presented = presented.into_iter().flatten().peekable();
    if presented.peek().is_none() {
        return match device {
            None => refuse(ErrorCode::NotPaired, "device identity required"),
            Some(_) => invalid(format!("unauthorized: gateway {kind} missing ({})", hint(ask.params))),
        };
    }
    if presented.all(|secret| credentials.shared_matches(secret)) {
        return Ok(());
    }
    credentials.count_failure();
    invalid(format!("unauthorized: gateway {kind} mismatch ({})", hint(ask.params)))
}

/// A one-time code pairs an operator's device for at most the scopes of whoever had it made (S-016).
fn check_code(
    ask: Ask<'_>,
    credentials: &impl Credentials,
    code: &Secret,
    device: Option<&ProvenDevice>,
) -> Step<Proof> {
    if device.is_none() || ask.role != "operator" {
        return refuse(ErrorCode::NotPaired, "device identity required");
    }
    let Some(held) = credentials.redeem_code(code) else {
        credentials.count_failure();
        return invalid("pairing code used, expired or unknown; run `openclaw dashboard` for a new address");
    };
    let is_admin = Scope::Admin.is_satisfied_by(&held);
    match ask.scopes.iter().find(|scope| !is_admin && !held.contains(scope)) {
        None => Ok(Proof::OneTimeCode),
        Some(scope) => invalid(format!("the pairing code does not grant {scope}")),
    }
}

fn hint(params: &ConnectParams) -> &'static str {
    if params.client.id == "cli" {
        "set gateway.remote.token to match gateway.auth.token"
    } else if params.client.is_browser_page() {
        "open the dashboard URL and paste the token in Control UI settings"
    } else {
        "provide gateway auth token"
    }
}

fn pairing_request(ask: Ask<'_>, device: &ProvenDevice, wire_key: &str) -> PairingRequest {
    let Ask { params, facts, role, scopes } = ask;
    PairingRequest {
        request_id: String::new(),
        device_id: device.id.clone(),
        public_key: wire_key.to_owned(),
        display_name: params.client.display_name.clone(),
        platform: Some(params.client.platform.clone()),
        client_id: Some(params.client.id.clone()),
        client_mode: Some(params.client.mode.clone()),
        remote_ip: facts.remote_ip.clone(),
        role: role.to_owned(),
        scopes: scopes.to_vec(),
        ts: facts.now_ms,
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
