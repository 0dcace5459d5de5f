//! Where a service is, and how it knows us.

use std::sync::Arc;

use openclaw_guard::{Hiding, Redactor, Secret, says_secret};
use openclaw_http::{EndpointError, host_and_port, is_loopback, one_line, parse_address, sensitive_header};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName};
use ring::digest;

/// An address with its credentials, which go nowhere else.
#[derive(Clone)]
pub struct Endpoint {
    base: Url,
    headers: HeaderMap,
    redactor: Arc<Redactor>,
}

/// How a key is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyHeader {
    /// `Authorization: Bearer <key>`.
    Bearer,
    /// `x-goog-api-key: <key>`.
    Google,
}

impl Endpoint {
    /// `base_url` goes up to and including the version, with or without a slash at its end.
    pub(crate) fn new(
        base_url: &str,
        key: Option<(KeyHeader, &Secret)>,
        headers: &[(String, Secret)],
    ) -> Result<Self, EndpointError> {
        let base = parse_address(base_url)?;
        let mut map = HeaderMap::new();
        let mut secrets = Vec::new();
        if let Some((kind, key)) = key.filter(|(_, key)| !key.is_blank()) {
            let (name, value) = match kind {
                KeyHeader::Bearer => ("authorization", format!("Bearer {}", key.expose().trim())),
                KeyHeader::Google => ("x-goog-api-key", key.expose().trim().to_owned()),
            };
            map.insert(HeaderName::from_static(name), sensitive_header(&value)?);
            secrets.push(Secret::new(key.expose().trim().to_owned()));
        }
        for (name, value) in headers {
            let known = HeaderName::try_from(name).map_err(|_| EndpointError::BadHeader)?;
            map.insert(known, sensitive_header(value.expose())?);
            // A plain header such as a version is no secret; hiding it would blank out ordinary words.
            if is_secret_header(name) {
                secrets.push(value.clone());
            }
        }
        let redactor = Arc::new(Redactor::new(&secrets, Hiding::Shapes { patterns: Vec::new() }));
        Ok(Self { base, headers: map, redactor })
    }

    /// The address of a resource below the base; `tail` may end in a query.
    pub(crate) fn url(&self, tail: &str) -> Option<Url> {
        self.join(self.base.path().trim_end_matches('/'), tail)
    }

    /// The same with other words before the base's path, as Google's uploads and downloads have them.
    pub(crate) fn url_under(&self, prefix: &str, tail: &str) -> Option<Url> {
        self.join(&format!("/{prefix}{}", self.base.path().trim_end_matches('/')), tail)
    }

    /// Built from text, because a path segment of Google's such as `model:verb` is no relative reference. What comes
    /// out has the base's origin or is refused: parts of `tail` come from the service.
    fn join(&self, path: &str, tail: &str) -> Option<Url> {
        let mut url = self.base.clone();
        let (tail, query) = tail.split_once('?').map_or((tail, None), |(tail, query)| (tail, Some(query)));
        if tail.split('/').any(|part| part == "..") {
            return None;
        }
        url.set_path(&format!("{path}/{tail}"));
        url.set_query(query);
        (url.origin() == self.base.origin()).then_some(url)
    }

    /// What every request carries.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.base)
    }

    /// Host and port, for messages.
    #[must_use]
    pub fn host(&self) -> String {
        host_and_port(&self.base)
    }

    /// Foreign text on one line, without secrets and control characters, at most 300 characters.
    #[must_use]
    pub(crate) fn clean(&self, text: &str) -> String {
        one_line(&self.redactor.redact(text))
    }

    /// Hex digest of address, interface, model and the headers that are no secrets.
    pub(crate) fn fingerprint(&self, interface: &str, model: &str) -> String {
        let mut plain: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, _)| !is_secret_header(name.as_str()))
            .map(|(name, value)| format!("{name}\n{}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        plain.sort();
        let base = self.base.as_str().trim_end_matches('/');
        hex_digest(&[interface, base, model, &plain.join("\n")].join("\n"))
    }
}

/// Whether a header of this name carries a credential.
pub(crate) fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    says_secret(&name) || ["authorization", "cookie", "api-key"].iter().any(|word| name.contains(word))
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn hex_digest(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let nibbles = digest.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, EndpointError, KeyHeader};
    use openclaw_guard::Secret;

    fn at(base: &str) -> Endpoint {
        Endpoint::new(base, None, &[]).unwrap()
    }

    #[test]
    fn resources_lie_below_the_base_with_or_without_a_slash() {
        for base in
            ["https://api.example.com/v1", "https://api.example.com/v1/", " https://api.example.com/v1// "]
        {
            let endpoint = at(base);
            assert_eq!(endpoint.url("embeddings").unwrap().as_str(), "https://api.example.com/v1/embeddings");
            let url = endpoint.url("models/m:batchEmbedContents").unwrap();
            assert_eq!(url.as_str(), "https://api.example.com/v1/models/m:batchEmbedContents");
            let url = endpoint.url_under("download", "files/x:download?alt=media").unwrap();
            assert_eq!(url.as_str(), "https://api.example.com/download/v1/files/x:download?alt=media");
            assert_eq!(endpoint.url("files/../../admin"), None);
        }
        assert_eq!(at("http://127.0.0.1:11434").url("embeddings").unwrap().path(), "/embeddings");
    }

    #[test]
    fn what_a_service_names_stays_on_its_origin() {
        for tail in ["//evil.example/x", "@evil.example", "http://evil.example/", "files/a#b"] {
            let url = at("https://api.example.com/v1").url(tail).unwrap();
            assert_eq!((url.scheme(), url.host_str()), ("https", Some("api.example.com")), "{tail}");
        }
    }

    #[test]
    fn bad_addresses_are_refused_without_being_repeated() {
        let rows = [
            ("ftp://x/", EndpointError::NotHttp),
            ("api.example.com/v1", EndpointError::NotHttp),
            ("", EndpointError::NotHttp),
            ("https://me:sk-canary@x/", EndpointError::Credentials),
        ];
        for (base, expected) in rows {
            let error = Endpoint::new(base, None, &[]).err().unwrap();
            assert_eq!(error, expected, "{base}");
            assert!(!error.to_string().contains("canary"));
        }
        let key = Secret::new("two\nlines".into());
        let error = Endpoint::new("https://x/", Some((KeyHeader::Bearer, &key)), &[]).err();
        assert_eq!(error, Some(EndpointError::BadHeader));
    }

    #[test]
    fn only_what_changes_the_vectors_is_in_the_fingerprint() {
        let print = |base: &str, key: &str, headers: &[(&str, &str)], model: &str| {
            let headers: Vec<(String, Secret)> =
                headers.iter().map(|(name, value)| ((*name).into(), Secret::new((*value).into()))).collect();
            let key = Secret::new(key.into());
            Endpoint::new(base, Some((KeyHeader::Bearer, &key)), &headers)
                .unwrap()
                .fingerprint("openai", model)
        };
        let one = print("https://x/v1", "k1", &[("x-version", "1")], "m");
        assert_eq!(one, print("https://x/v1/", "k2", &[("X-Version", "1"), ("x-api-key", "k")], "m"));
        for other in [
            print("https://y/v1", "k1", &[("x-version", "1")], "m"),
            print("https://x/v1", "k1", &[("x-version", "2")], "m"),
            print("https://x/v1", "k1", &[("x-version", "1")], "n"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn foreign_text_is_short_and_without_secrets() {
        let key = Secret::new("canary-of-the-test".into());
        let endpoint = Endpoint::new("https://x/", Some((KeyHeader::Google, &key)), &[]).unwrap();
        assert_eq!(endpoint.clean("bad\n\u{1b}[1m canary-of-the-test"), "bad [1m ***");
        assert_eq!(endpoint.clean(&"ä".repeat(400)).chars().count(), 301);
    }
}
