//! Where a provider is and how it knows us.

use openclaw_guard::Secret;
use openclaw_http::{EndpointError, parse_address, sensitive_header};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::api::{Api, KeyPlace};
use super::redact::Redactor;
use crate::ModelInfo;

/// One model's address with the headers of every request, the credential among them.
pub struct Endpoint {
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) redactor: Redactor,
}

/// How an endpoint is reached, as configuration and credentials say.
pub struct Access<'a> {
    /// What `models.providers.<id>.baseUrl` says.
    pub base_url: &'a str,
    /// The key, if the provider needs one.
    pub key: Option<Secret>,
    /// Where the key goes when configuration decides it (`authHeader`); by the API's rule when absent.
    pub key_place: Option<KeyPlace>,
    /// More headers; they win over the API's own.
    pub headers: &'a [(String, Secret)],
}

impl Endpoint {
    /// The address of a model behind an API.
    ///
    /// # Errors
    /// The address or a header cannot be used.
    pub fn new(api: &dyn Api, info: &ModelInfo, access: Access<'_>) -> Result<Self, EndpointError> {
        let Access { base_url, key, key_place, headers } = access;
        // What is sent is what the redactor has to know.
        let key = key.map(|key| Secret::new(key.expose().trim().to_owned()));
        let url = parse_address(&api.address(base_url.trim().trim_end_matches('/'), info))?;
        let mut map = HeaderMap::new();
        map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in api.headers(key.as_ref().map(Secret::expose), info) {
            map.insert(*name, HeaderValue::from_static(value));
        }
        if let Some(key) = &key {
            let key = key.expose();
            match key_place.unwrap_or_else(|| api.key_place(key)) {
                KeyPlace::Bearer => map.insert(AUTHORIZATION, sensitive_header(&format!("Bearer {key}"))?),
                KeyPlace::Header(name) => map.insert(name, sensitive_header(key)?),
            };
        }
        for (name, value) in headers {
            let name = HeaderName::try_from(name).map_err(|_| EndpointError::BadHeader)?;
            map.insert(name, sensitive_header(value.expose().trim())?);
        }
        let secrets = key.into_iter().chain(headers.iter().map(|(_, value)| value.clone())).collect();
        Ok(Self { url, headers: map, redactor: Redactor::new(secrets) })
    }

    /// The address requests go to.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }
}
