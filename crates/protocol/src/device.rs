//! Device identity: an Ed25519 key whose hash is the device's name, and the signature over a `connect`.
//!
//! Source: OpenClaw 2026.2.9 protocol page, section 1.4; Ed25519 is RFC 8032.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

const PUBLIC_KEY_BYTES: usize = 32;

/// Proof that the client holds a device key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceProof {
    /// Lower-case hex SHA-256 of the raw public key.
    pub id: String,
    /// The raw 32 bytes in unpadded base64url, or an SPKI PEM.
    pub public_key: String,
    /// Unpadded base64url of the 64-byte signature over [`SignedConnect::payload`].
    pub signature: String,
    /// Milliseconds since the epoch.
    pub signed_at: i64,
    /// The nonce of `connect.challenge`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

/// A device's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey([u8; PUBLIC_KEY_BYTES]);

/// Why a text is not a public key or a signature.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    /// Neither base64url nor PEM of the right length.
    #[error("not an Ed25519 public key of 32 bytes")]
    Malformed,
    /// The key material was refused.
    #[error("not a usable Ed25519 private key")]
    Rejected,
}

/// The fixed bytes in front of the raw key in an SPKI structure (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The fixed bytes in front of the seed in a PKCS#8 v1 structure (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

impl PublicKey {
    /// Reads the wire form: unpadded base64url of the raw key, or an SPKI PEM.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for anything else.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let bytes = if text.contains("BEGIN") {
            let der = pem_body(text)?;
            der.strip_prefix(&SPKI_PREFIX).ok_or(KeyError::Malformed)?.to_vec()
        } else {
            URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| KeyError::Malformed)?
        };
        Ok(Self(bytes.try_into().map_err(|_| KeyError::Malformed)?))
    }

    /// The wire form.
    #[must_use]
    pub fn to_wire(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The SPKI PEM, as `identity/device.json` stores it.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem("PUBLIC KEY", &[SPKI_PREFIX.as_slice(), &self.0].concat())
    }

    /// Lower-case hex SHA-256 of the raw key: the device's id.
    #[must_use]
    pub fn device_id(&self) -> String {
        hex(ring::digest::digest(&ring::digest::SHA256, &self.0).as_ref())
    }

    /// Whether `signature` (unpadded base64url) signs `payload` under this key.
    #[must_use]
    pub fn verifies(&self, payload: &str, signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature.trim_end_matches('=')) else {
            return false;
        };
        UnparsedPublicKey::new(&ED25519, self.0).verify(payload.as_bytes(), &signature).is_ok()
    }
}

/// A device's key pair, for the side that connects.
pub struct DeviceKey {
    pair: Ed25519KeyPair,
}

impl DeviceKey {
    /// Makes the key pair of a 32-byte random seed.
    ///
    /// # Errors
    /// [`KeyError::Rejected`] if the seed has another length.
    pub fn from_seed(seed: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Rejected)?;
        Ok(Self { pair })
    }

    /// Reads the PKCS#8 PEM of `identity/device.json`.
    ///
    /// # Errors
    /// [`KeyError`] when it is no such PEM.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let pair =
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pem_body(text)?).map_err(|_| KeyError::Rejected)?;
        Ok(Self { pair })
    }

    /// The PKCS#8 PEM of a seed, as `identity/device.json` stores it.
    #[must_use]
    pub fn seed_to_pem(seed: &[u8]) -> String {
        pem("PRIVATE KEY", &[PKCS8_PREFIX.as_slice(), seed].concat())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut raw = [0; PUBLIC_KEY_BYTES];
        raw.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(raw)
    }

    /// Signs one connect.
    #[must_use]
    pub fn prove(&self, connect: &SignedConnect<'_>) -> DeviceProof {
        let public = self.public();
        let id = public.device_id();
        let signature = self.pair.sign(connect.payload(&id).as_bytes());
        DeviceProof {
            id,
            public_key: public.to_wire(),
            signature: URL_SAFE_NO_PAD.encode(signature.as_ref()),
            signed_at: connect.signed_at_ms,
            nonce: connect.nonce.map(ToOwned::to_owned),
        }
    }
}

/// The fields of a connect that the device signs.
#[derive(Clone, Copy)]
pub struct SignedConnect<'a> {
    /// `client.id`.
    pub client_id: &'a str,
    /// `client.mode`.
    pub client_mode: &'a str,
    /// The role, `operator` when none was sent.
    pub role: &'a str,
    /// The scopes as requested, in order.
    pub scopes: &'a [String],
    /// Milliseconds since the epoch.
    pub signed_at_ms: i64,
    /// The secret of the request: token, one-time code, or empty.
    pub token: &'a str,
    /// The challenge's nonce; without one the old form is signed.
    pub nonce: Option<&'a str>,
}

impl SignedConnect<'_> {
    /// The signed text: fields joined by `|`, `v2` with a nonce and `v1` without.
    #[must_use]
    pub fn payload(&self, device_id: &str) -> String {
        let version = if self.nonce.is_some() { "v2" } else { "v1" };
        let signed_at = self.signed_at_ms.to_string();
        let scopes = self.scopes.join(",");
        let mut fields = vec![
            version,
            device_id,
            self.client_id,
            self.client_mode,
            self.role,
            &scopes,
            &signed_at,
            self.token,
        ];
        fields.extend(self.nonce);
        fields.join("|")
    }
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn pem_body(text: &str) -> Result<Vec<u8>, KeyError> {
    let body: String = text
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .flat_map(str::chars)
        .filter(|c| !c.is_whitespace())
        .collect();
    STANDARD.decode(body).map_err(|_| KeyError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::{DeviceKey, PublicKey, SignedConnect};

    fn connect(token: &str) -> SignedConnect<'_> {
        SignedConnect {
            client_id: "cli",
            client_mode: "cli",
            role: "operator",
            scopes: &[],
            signed_at_ms: 1,
            token,
            nonce: Some("n"),
        }
    }

    #[test]
    fn signs_and_verifies_and_names_itself() {
        let key = DeviceKey::from_seed(&[7; 32]).unwrap();
        let proof = key.prove(&connect("t"));
        let public = PublicKey::parse(&proof.public_key).unwrap();
        assert_eq!(public.device_id(), proof.id);
        assert_eq!(connect("t").payload(&proof.id), format!("v2|{}|cli|cli|operator||1|t|n", proof.id));
        assert!(public.verifies(&connect("t").payload(&proof.id), &proof.signature));
        assert!(!public.verifies(&connect("u").payload(&proof.id), &proof.signature));
    }

    #[test]
    fn pem_round_trips() {
        let key = DeviceKey::from_pem(&DeviceKey::seed_to_pem(&[9; 32])).unwrap();
        assert_eq!(PublicKey::parse(&key.public().to_pem()).unwrap(), key.public());
        assert!(PublicKey::parse("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----").is_err());
    }

    #[test]
    fn every_flipped_byte_is_refused() {
        let key = DeviceKey::from_seed(&[3; 32]).unwrap();
        let proof = key.prove(&connect("t"));
        let payload = connect("t").payload(&proof.id);
        for index in 0..payload.len() {
            let mut bytes = payload.clone().into_bytes();
            bytes[index] ^= 1;
            let Ok(flipped) = String::from_utf8(bytes) else { continue };
            assert!(!key.public().verifies(&flipped, &proof.signature), "byte {index}");
        }
    }
}
