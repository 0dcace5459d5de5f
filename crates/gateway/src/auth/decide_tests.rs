//! The connect decision: a table over what the release answers, and properties over random parameters.

use std::cell::Cell;

use openclaw_guard::Secret;
use openclaw_protocol::connect::ConnectParams;
use openclaw_protocol::device::{DeviceKey, SignedConnect};
use openclaw_protocol::frame::ErrorCode;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{AuthMode, Credentials, Decision, Facts, Locality, OriginVerdict, UiPolicy, decide};
use crate::auth::devices::Standing;
use crate::auth::limiter::LockedOut;

const NOW: i64 = 1_795_170_466_104;
const TOKEN: &str = "gateway-secret";

struct Fake {
    standing: Standing,
    locked: bool,
    failures: Cell<u32>,
}

impl Credentials for Fake {
    fn may_guess(&self) -> Result<(), LockedOut> {
        if self.locked { Err(LockedOut { retry_after_ms: 1_500 }) } else { Ok(()) }
    }
    fn shared_matches(&self, candidate: &Secret) -> bool {
        candidate.matches(TOKEN)
    }
    fn device_token_matches(&self, _: &str, _: &str, token: &Secret, _: &[String]) -> bool {
        self.standing == Standing::Paired && token.matches("device-token")
    }
    fn redeem_code(&self, code: &Secret) -> Option<Vec<String>> {
        let scopes = match code.expose() {
            "code" => "operator.admin",
            "small" => "operator.pairing",
            _ => return None,
        };
        Some(vec![scopes.to_owned()])
    }
    fn standing(&self, _: &str, _: &str, _: &str, _: &[String]) -> Standing {
        self.standing
    }
    fn count_failure(&self) {
        self.failures.set(self.failures.get() + 1);
    }
}

fn fake(standing: Standing) -> Fake {
    Fake { standing, locked: false, failures: Cell::new(0) }
}

fn facts(locality: Locality, origin: OriginVerdict) -> Facts<'static> {
    Facts {
        nonce: "nonce",
        now_ms: NOW,
        locality,
        origin,
        ui: UiPolicy::DeviceRequired,
        mode: AuthMode::Token,
        remote_ip: None,
    }
}

fn local() -> Facts<'static> {
    facts(Locality::Local, OriginVerdict::Absent)
}

fn params(edit: Value) -> Value {
    let mut value = json!({"minProtocol":3,"maxProtocol":3,
        "client":{"id":"cli","version":"1","platform":"linux","mode":"cli"},
        "role":"operator","scopes":["operator.admin"]});
    merge(&mut value, edit);
    value
}

fn merge(value: &mut Value, edit: Value) {
    match (value, edit) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, item) in from {
                merge(into.entry(key).or_insert(Value::Null), item);
            }
        }
        (value, edit) => *value = edit,
    }
}

/// Adds a device that signs what the parameters say.
fn signed(mut value: Value, signed_at_ms: i64, nonce: Option<&str>) -> Value {
    let key = DeviceKey::from_seed(&[5; 32]).unwrap();
    let scopes: Vec<String> = serde_json::from_value(value["scopes"].clone()).unwrap_or_default();
    let auth = &value["auth"];
    let token = auth["token"].as_str().or(auth["pairingCode"].as_str()).unwrap_or_default().to_owned();
    let proof = key.prove(&SignedConnect {
        client_id: value["client"]["id"].as_str().unwrap(),
        client_mode: value["client"]["mode"].as_str().unwrap(),
        role: value["role"].as_str().unwrap_or("operator"),
        scopes: &scopes,
        signed_at_ms,
        token: &token,
        nonce,
    });
    value["device"] = serde_json::to_value(proof).unwrap();
    value
}

fn outcome(value: &Value, facts: &Facts<'_>, fake: &Fake) -> String {
    let params = ConnectParams::parse(Some(value)).unwrap();
    match decide(&params, facts, fake) {
        Decision::Accept(grant) => {
            let device = match grant.device {
                None => "no device",
                Some(device) if device.approve.is_some() => "approve",
                Some(_) => "paired",
            };
            format!("accept {} [{}] {device}", grant.role, grant.scopes.join(","))
        }
        Decision::NeedsPairing(_) => "pairing".into(),
        Decision::Refuse(refused) => format!("{} {}", refused.close_code, refused.error.message),
    }
}

#[test]
fn secrets() {
    let with = |auth: Value| params(json!({ "auth": auth }));
    let rows = [
        (with(json!({"token":TOKEN})), "accept operator [operator.admin] no device"),
        (
            with(json!({"token":"wrong"})),
            "1008 unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)",
        ),
        (with(json!({})), "1008 device identity required"),
        (with(json!({"token":""})), "1008 device identity required"),
        (
            with(json!({"token":TOKEN,"password":"wrong"})),
            "1008 unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)",
        ),
        (with(json!({"pairingCode":"code"})), "1008 device identity required"),
        (
            signed(with(json!({})), NOW, Some("nonce")),
            "1008 unauthorized: gateway token missing (set gateway.remote.token to match gateway.auth.token)",
        ),
        (
            signed(with(json!({"token":TOKEN})), NOW, Some("nonce")),
            "accept operator [operator.admin] approve",
        ),
        (signed(with(json!({"token":TOKEN})), NOW, None), "accept operator [operator.admin] approve"),
        (
            signed(with(json!({"token":"device-token"})), NOW, Some("nonce")),
            "1008 unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)",
        ),
        (
            signed(with(json!({"pairingCode":"code"})), NOW, Some("nonce")),
            "accept operator [operator.admin] approve",
        ),
        (
            signed(with(json!({"pairingCode":"used"})), NOW, Some("nonce")),
            "1008 pairing code used, expired or unknown; run `openclaw dashboard` for a new address",
        ),
        (
            signed(params(json!({"role":"node","scopes":[],"auth":{"token":TOKEN}})), NOW, Some("nonce")),
            "pairing",
        ),
        (params(json!({"role":"node","scopes":[],"auth":{"token":TOKEN}})), "1008 device identity required"),
    ];
    for (value, expected) in rows {
        assert_eq!(outcome(&value, &local(), &fake(Standing::Unknown)), expected, "{value}");
    }
}

#[test]
fn a_code_hands_on_no_more_than_its_maker_holds_and_helps_no_wrong_secret() {
    let with = |edit: Value| signed(params(edit), NOW, Some("nonce"));
    let rows = [
        (
            with(json!({"auth":{"pairingCode":"small"}})),
            "1008 the pairing code does not grant operator.admin",
        ),
        (
            with(json!({"auth":{"pairingCode":"small"},"scopes":["operator.pairing"]})),
            "accept operator [operator.pairing] approve",
        ),
        (with(json!({"auth":{"pairingCode":"code"},"role":"node"})), "1008 device identity required"),
        (
            with(json!({"auth":{"pairingCode":"code","token":"wrong"}})),
            "1008 unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)",
        ),
        (
            with(json!({"auth":{"pairingCode":"code","token":TOKEN}})),
            "accept operator [operator.admin] approve",
        ),
    ];
    for (value, expected) in rows {
        assert_eq!(outcome(&value, &local(), &fake(Standing::Unknown)), expected, "{value}");
    }
}

#[test]
fn a_wrong_secret_is_counted_and_a_missing_one_is_not() {
    let count = |auth: Value| {
        let fake = fake(Standing::Unknown);
        outcome(&params(json!({ "auth": auth })), &local(), &fake);
        fake.failures.get()
    };
    assert_eq!(count(json!({"token":"wrong"})), 1);
    assert_eq!(count(json!({"token":TOKEN,"password":"wrong"})), 1);
    assert_eq!(count(json!({})), 0);
    assert_eq!(count(json!({"token":TOKEN})), 0);
}

#[test]
fn a_lock_out_stops_guesses_but_not_a_paired_device() {
    let locked = |standing| Fake { standing, locked: true, failures: Cell::new(0) };
    let guess = params(json!({"auth":{"token":TOKEN}}));
    assert_eq!(
        outcome(&guess, &local(), &locked(Standing::Unknown)),
        "1008 unauthorized: too many failed attempts; try again in 2 s"
    );
    let owner = signed(params(json!({"auth":{"token":TOKEN}})), NOW, Some("nonce"));
    assert_eq!(
        outcome(&owner, &local(), &locked(Standing::Paired)),
        "accept operator [operator.admin] paired"
    );
    let fresh = signed(params(json!({"auth":{"pairingCode":"code"}})), NOW, Some("nonce"));
    assert_eq!(
        outcome(&fresh, &local(), &locked(Standing::Unknown)),
        "accept operator [operator.admin] approve"
    );
    let owner = signed(params(json!({"auth":{"token":"device-token"}})), NOW, Some("nonce"));
    assert_eq!(
        outcome(&owner, &local(), &locked(Standing::Paired)),
        "accept operator [operator.admin] paired"
    );
}

#[test]
fn devices() {
    let base = || params(json!({"auth":{"token":TOKEN}}));
    let remote = facts(Locality::Remote, OriginVerdict::Absent);
    let rows = [
        (
            signed(base(), NOW - 601_000, Some("nonce")),
            &local(),
            Standing::Paired,
            "1008 device signature expired",
        ),
        (signed(base(), NOW, Some("other")), &local(), Standing::Paired, "1008 device nonce mismatch"),
        (signed(base(), NOW, None), &remote, Standing::Paired, "1008 device nonce required"),
        (
            signed(base(), NOW, Some("nonce")),
            &remote,
            Standing::Paired,
            "accept operator [operator.admin] paired",
        ),
        (signed(base(), NOW, Some("nonce")), &remote, Standing::Unknown, "pairing"),
        (signed(base(), NOW, Some("nonce")), &remote, Standing::WantsMore, "pairing"),
    ];
    for (value, facts, standing, expected) in rows {
        assert_eq!(outcome(&value, facts, &fake(standing)), expected);
    }
    let mut other_id = signed(base(), NOW, Some("nonce"));
    other_id["device"]["id"] = json!("0".repeat(64));
    assert_eq!(outcome(&other_id, &local(), &fake(Standing::Paired)), "1008 device identity mismatch");
    let mut other_scope = signed(base(), NOW, Some("nonce"));
    other_scope["scopes"] = json!(["operator.admin", "operator.pairing"]);
    assert_eq!(outcome(&other_scope, &local(), &fake(Standing::Paired)), "1008 device signature invalid");
}

#[test]
fn pages() {
    let page =
        |auth: Value| params(json!({"client":{"id":"openclaw-control-ui","mode":"webchat"},"auth":auth}));
    let ours = facts(Locality::Local, OriginVerdict::Ours);
    let absent = local();
    let token = || json!({"token":TOKEN});
    assert!(
        outcome(&signed(page(token()), NOW, Some("nonce")), &absent, &fake(Standing::Paired))
            .contains("origin not allowed")
    );
    assert!(outcome(&page(token()), &ours, &fake(Standing::Paired)).contains("secure context"));
    assert_eq!(
        outcome(&signed(page(token()), NOW, None), &ours, &fake(Standing::Paired)),
        "1008 device nonce required"
    );
    let loose = Facts { ui: UiPolicy::SharedSecretSuffices, ..facts(Locality::Remote, OriginVerdict::Ours) };
    assert_eq!(
        outcome(&page(token()), &loose, &fake(Standing::Unknown)),
        "accept operator [operator.admin] no device"
    );
}

#[test]
fn versions_and_roles() {
    let base = json!({"token":TOKEN});
    let old = params(json!({"minProtocol":1,"maxProtocol":2,"auth":base}));
    assert_eq!(outcome(&old, &local(), &fake(Standing::Paired)), "1002 protocol mismatch");
    let wizard = params(json!({"role":"wizard","auth":base}));
    assert_eq!(outcome(&wizard, &local(), &fake(Standing::Paired)), "1008 invalid role");
}

proptest! {
    /// Without a right secret nothing gets in, whatever else the parameters say (S-003, S-004).
    #[test]
    fn presence_never_helps(
        token in proptest::option::of("[a-z]{0,6}"),
        password in proptest::option::of("[a-z]{0,6}"),
        code in proptest::option::of("[a-z]{5,8}"),
        id in prop_oneof![Just("cli"), Just("gateway-client"), Just("openclaw-control-ui"), Just("node-host")],
        mode in prop_oneof![Just("cli"), Just("backend"), Just("webchat"), Just("node")],
        role in prop_oneof![Just("operator"), Just("node")],
        scopes in proptest::collection::vec("operator\\.[a-z]{3,9}", 0..3),
        with_device in any::<bool>(),
        locality in prop_oneof![Just(Locality::Local), Just(Locality::Remote)],
        origin in prop_oneof![Just(OriginVerdict::Absent), Just(OriginVerdict::Ours)],
    ) {
        let mut auth = serde_json::Map::new();
        for (name, value) in [("token", token), ("password", password), ("pairingCode", code)] {
            if let Some(value) = value {
                auth.insert(name.into(), json!(value));
            }
        }
        let mut value = params(json!({"client":{"id":id,"mode":mode},"role":role,"auth":auth}));
        value["scopes"] = json!(scopes);
        if with_device {
            value = signed(value, NOW, Some("nonce"));
        }
        let fake = fake(Standing::Paired);
        let text = outcome(&value, &facts(locality, origin), &fake);
        prop_assert!(!text.starts_with("accept"), "{text}");
    }

    /// The grant never holds a scope that was not asked for, nor one that does not exist.
    #[test]
    fn granted_is_within_requested(scopes in proptest::collection::vec("operator\\.(admin|read|write|root)", 1..4)) {
        let mut value = params(json!({"auth":{"token":TOKEN}}));
        value["scopes"] = json!(scopes.clone());
        let parsed = ConnectParams::parse(Some(&value)).unwrap();
        if let Decision::Accept(grant) = decide(&parsed, &local(), &fake(Standing::Unknown)) {
            prop_assert!(grant.scopes.iter().all(|scope| scopes.contains(scope) && scope != "operator.root"));
        } else {
            prop_assert!(false, "the right token is accepted");
        }
    }
}

#[test]
fn a_missing_device_is_not_paired() {
    let parsed = ConnectParams::parse(Some(&params(json!({})))).unwrap();
    match decide(&parsed, &local(), &fake(Standing::Unknown)) {
        Decision::Refuse(refused) => assert_eq!(refused.error.code, ErrorCode::NotPaired),
        Decision::Accept(_) | Decision::NeedsPairing(_) => panic!("let in"),
    }
}
