//! This machine as a client: its device key and the tokens that gateways gave it.
//!
//! `device.json` and `device-auth.json` have OpenClaw's format (protocol page, section 6.7).

use std::io;
use std::path::Path;

use openclaw_guard::{RandomError, Secret, create_private_dir, write_atomic};
use openclaw_protocol::device::DeviceKey;
use openclaw_store::StateVersion;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Map, Value, json};

use super::ClientError;

const KEY_FILE: &str = "device.json";
const TOKEN_FILE: &str = "device-auth.json";
/// Bytes of an Ed25519 seed (RFC 8032, section 5.1.5).
const SEED_BYTES: usize = 32;
/// The only role this program connects in.
pub(super) const ROLE: &str = "operator";

/// The device key in a directory of the state directory; made when there is none. In the state of a newer program
/// nothing is made.
///
/// # Errors
/// A damaged or unreadable file, or the step that failed.
pub(super) fn load_or_create(dir: &Path, now_ms: i64) -> Result<DeviceKey, ClientError> {
    StateVersion::check(dir.parent().unwrap_or(dir))?;
    if let Some(key) = load(dir)? {
        return Ok(key);
    }
    let mut seed = [0; SEED_BYTES];
    SystemRandom::new().fill(&mut seed).map_err(|_unspecified| RandomError)?;
    let key = DeviceKey::from_seed(&seed)?;
    let file = json!({
        "version": 1,
        "deviceId": key.public().device_id(),
        "publicKeyPem": key.public().to_pem(),
        "privateKeyPem": DeviceKey::seed_to_pem(&seed),
        "createdAtMs": now_ms,
    });
    create_private_dir(dir)?;
    // Of two commands that get here at the same moment the later one's key stays; the gateway knows both.
    write_atomic(&dir.join(KEY_FILE), format!("{file:#}\n").as_bytes())?;
    Ok(key)
}

fn load(dir: &Path) -> Result<Option<DeviceKey>, ClientError> {
    let path = dir.join(KEY_FILE);
    let Some(file) = read_json(&path)? else { return Ok(None) };
    let pem = file.get("privateKeyPem").and_then(Value::as_str).unwrap_or_default();
    let damaged = |error: openclaw_protocol::device::KeyError| ClientError::BadIdentity {
        path: path.clone(),
        detail: error.to_string(),
    };
    DeviceKey::from_pem(pem).map(Some).map_err(damaged)
}

/// The token that the gateway gave this device, if one is stored for it.
///
/// # Errors
/// A damaged or unreadable file.
pub(super) fn stored_token(dir: &Path, device_id: &str) -> Result<Option<Secret>, ClientError> {
    let file = read_json(&dir.join(TOKEN_FILE))?.unwrap_or_default();
    if file.get("deviceId").and_then(Value::as_str) != Some(device_id) {
        return Ok(None);
    }
    let token = file.pointer(&format!("/tokens/{ROLE}/token")).and_then(Value::as_str);
    Ok(token.filter(|token| !token.is_empty()).map(|token| Secret::new(token.to_owned())))
}

/// Keeps the token of a `hello-ok.auth`. Nothing is written when it is the stored one.
///
/// # Errors
/// A damaged file, or the step that failed.
pub(super) fn store_token(dir: &Path, device_id: &str, auth: &Value, now_ms: i64) -> Result<(), ClientError> {
    let Some(token) = auth.get("deviceToken").and_then(Value::as_str) else { return Ok(()) };
    let path = dir.join(TOKEN_FILE);
    let file = read_json(&path)?.unwrap_or_default();
    let is_ours = file.get("deviceId").and_then(Value::as_str) == Some(device_id);
    let mut tokens = match file.get("tokens") {
        Some(Value::Object(tokens)) if is_ours => tokens.clone(),
        _ => Map::new(),
    };
    let scopes = auth.get("scopes").cloned().unwrap_or_else(|| json!([]));
    let known = tokens.get(ROLE);
    let is_same = |known: &Value| {
        known.get("token").and_then(Value::as_str) == Some(token) && known.get("scopes") == Some(&scopes)
    };
    if known.is_some_and(is_same) {
        return Ok(());
    }
    let entry = json!({"token": token, "role": ROLE, "scopes": scopes, "updatedAtMs": now_ms});
    tokens.insert(ROLE.to_owned(), entry);
    let file = json!({"version": 1, "deviceId": device_id, "tokens": tokens});
    create_private_dir(dir)?;
    write_atomic(&path, format!("{file:#}\n").as_bytes())?;
    Ok(())
}

/// Reads a small JSON file of ours; `None` if there is none.
fn read_json(path: &Path) -> Result<Option<Value>, ClientError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ClientError::UnreadableIdentity { path: path.to_owned(), source }),
    };
    let damaged = |error: serde_json::Error| ClientError::BadIdentity {
        path: path.to_owned(),
        detail: error.to_string(),
    };
    serde_json::from_str(&text).map(Some).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::{ClientError, KEY_FILE, TOKEN_FILE, load_or_create, store_token, stored_token};
    use openclaw_guard::write_atomic;
    use serde_json::{Value, json};
    use std::os::unix::fs::MetadataExt as _;

    fn read(path: &std::path::Path) -> Value {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn the_key_is_made_once_and_read_afterwards() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("identity");
        let first = load_or_create(&dir, 7).unwrap();
        let second = load_or_create(&dir, 8).unwrap();
        assert_eq!(first.public(), second.public());
        let path = dir.join(KEY_FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
        let file = read(&path);
        let names: Vec<&String> = file.as_object().unwrap().keys().collect();
        assert_eq!(names, ["version", "deviceId", "publicKeyPem", "privateKeyPem", "createdAtMs"]);
        assert_eq!((&file["version"], &file["createdAtMs"]), (&json!(1), &json!(7)));
        assert_eq!(file["deviceId"], first.public().device_id());
        let public = openclaw_protocol::device::PublicKey::parse(file["publicKeyPem"].as_str().unwrap());
        assert_eq!(public.unwrap(), first.public());
    }

    #[test]
    fn a_damaged_key_is_named_and_left_alone() {
        let home = tempfile::tempdir().unwrap();
        for text in ["{", "{}", r#"{"privateKeyPem":"x"}"#] {
            write_atomic(&home.path().join(KEY_FILE), text.as_bytes()).unwrap();
            let error = load_or_create(home.path(), 0).err().unwrap();
            assert!(matches!(error, ClientError::BadIdentity { .. }), "{error}");
            assert_eq!(std::fs::read_to_string(home.path().join(KEY_FILE)).unwrap(), text);
        }
    }

    #[test]
    fn a_token_is_kept_for_its_device_and_rewritten_only_when_it_changed() {
        let home = tempfile::tempdir().unwrap();
        let token = |id| stored_token(home.path(), id).unwrap().map(|token| token.expose().to_owned());
        assert_eq!(token("dev"), None);
        let auth = |token| json!({"deviceToken": token, "role": "operator", "scopes": ["operator.admin"]});
        store_token(home.path(), "dev", &auth("one"), 1).unwrap();
        store_token(home.path(), "dev", &auth("one"), 2).unwrap();
        assert_eq!(read(&home.path().join(TOKEN_FILE))["tokens"]["operator"]["updatedAtMs"], 1);
        assert_eq!((token("dev").as_deref(), token("other")), (Some("one"), None));
        store_token(home.path(), "dev", &auth("two"), 3).unwrap();
        assert_eq!(read(&home.path().join(TOKEN_FILE))["tokens"]["operator"]["updatedAtMs"], 3);
        store_token(home.path(), "dev", &json!({}), 4).unwrap();
        assert_eq!(token("dev").as_deref(), Some("two"));
        store_token(home.path(), "new", &auth("three"), 5).unwrap();
        assert_eq!((token("dev"), token("new").as_deref()), (None, Some("three")));
    }
}
