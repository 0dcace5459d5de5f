//! The hub that models come from, over HTTP.
//!
//! Sources: Hugging Face, "Hub API" and the Python package `huggingface_hub` 2.4.0, `file_download.py`
//! (`get_hf_file_metadata`): a file of git-lfs is answered with a redirect whose headers `X-Linked-Etag` and
//! `X-Linked-Size` are its SHA-256 and its size. The redirect leads to another host, which must not see the token.

use std::time::Duration;

use openclaw_guard::Secret;
use openclaw_http::{GuardedHttp, Unreachable, why_unreachable};
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, ETAG, HeaderMap, LOCATION, RANGE};
use reqwest::{Method, Response, StatusCode, Url};

use super::reference::HubFile;

/// Where models come from when nobody says otherwise.
const PUBLIC: &str = "https://huggingface.co/";
/// Variables that name another hub, the first that is set (node-llama-cpp 3.15.1, `resolveHuggingFaceEndpoint`).
const BASE_VARIABLES: [&str; 2] = ["MODEL_ENDPOINT", "HF_ENDPOINT"];
/// The variable that holds the owner's token, for models that want a login.
const TOKEN_VARIABLE: &str = "HF_TOKEN";
/// A renamed repository, a redirect to storage, a storage that moves: more is a loop.
const MAX_REDIRECTS: usize = 5;
/// Name resolution, TCP and TLS.
const CONNECT: Duration = Duration::from_secs(15);

/// A hub, and how patient we are with it.
pub struct Hub {
    base: Url,
    token: Option<Secret>,
    pub(super) http: GuardedHttp,
    /// Longest silence within an answer.
    pub(super) silence: Duration,
    /// Before the second try; the ones behind it wait longer.
    pub(super) pause: Duration,
}

/// What the hub says about a file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) size: Option<u64>,
    /// In small hex digits.
    pub(super) sha256: Option<String>,
}

/// Why the hub gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubError {
    /// The configured address is none.
    #[error("{0} is no http or https address; correct {1}")]
    Base(String, &'static str),
    /// There is no such file.
    #[error("the hub has no such file ({0}); check the spelling of local.modelPath")]
    NotFound(String),
    /// The hub wants a login.
    #[error("the hub wants a login for it (status {0}); accept the model's terms there and set HF_TOKEN")]
    Login(u16),
    /// Another status.
    #[error("the hub answered with status {0}")]
    Status(u16),
    /// The network.
    #[error("{0}: {1}")]
    Unreachable(String, Unreachable),
    /// No byte for too long.
    #[error("no answer for {} s", .0.as_secs())]
    Silent(Duration),
    /// A redirect that must not be followed.
    #[error("the hub sends us {0}")]
    Redirect(&'static str),
}

impl HubError {
    /// Whether the same request may succeed later.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(..) | Self::Silent(_) => true,
            // 206 and 416: the piece did not fit, and the next try begins elsewhere.
            Self::Status(status) => matches!(*status, 206 | 408 | 416 | 429 | 500..),
            Self::Base(..) | Self::NotFound(_) | Self::Login(_) | Self::Redirect(_) => false,
        }
    }
}

impl Hub {
    /// A hub at this address.
    ///
    /// # Errors
    /// The address is no `http` or `https` address.
    pub fn new(base: &str, token: Option<Secret>) -> Result<Self, HubError> {
        Self::named(base, token, "the address of the hub")
    }

    /// The public hub, or the one that the environment names, with the owner's token if there is one.
    ///
    /// # Errors
    /// The environment names something else than an address.
    pub fn from_environment(read: &dyn Fn(&str) -> Option<String>) -> Result<Self, HubError> {
        let token = read(TOKEN_VARIABLE).map(|text| Secret::new(text.trim().to_owned()));
        let token = token.filter(|token| !token.is_blank());
        let named = BASE_VARIABLES
            .into_iter()
            .find_map(|name| read(name).filter(|text| !text.trim().is_empty()).map(|text| (name, text)));
        match named {
            Some((name, base)) => Self::named(base.trim(), token, name),
            None => Self::named(PUBLIC, token, "the address of the hub"),
        }
    }

    fn named(base: &str, token: Option<Secret>, place: &'static str) -> Result<Self, HubError> {
        let parsed = Url::parse(base).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let base = parsed.ok_or_else(|| HubError::Base(base.to_owned(), place))?;
        Ok(Self {
            base,
            token,
            http: GuardedHttp::new(CONNECT),
            silence: Duration::from_secs(60),
            pause: Duration::from_secs(2),
        })
    }

    /// Other patience, for tests and odd networks.
    #[must_use]
    pub fn with_patience(mut self, silence: Duration, pause: Duration) -> Self {
        self.silence = silence;
        self.pause = pause;
        self
    }

    /// What tells it from other hubs: the address, and whose token it gets.
    pub(super) fn told_by(&self) -> [&[u8]; 2] {
        let token = self.token.as_ref().map_or(&[][..], |token| token.expose().as_bytes());
        [self.base.as_str().as_bytes(), token]
    }

    fn address(&self, file: &HubFile) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(file.segments());
        }
        url
    }

    /// Size and checksum, without the content.
    pub(super) async fn describe(&self, file: &HubFile) -> Result<Described, HubError> {
        let mut url = self.address(file);
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(Method::HEAD, &url, None).await?;
            let linked = linked(response.headers());
            if linked.sha256.is_some() || response.status().is_success() {
                return Ok(linked);
            }
            url = self.next(file, &url, &response)?;
        }
        Err(HubError::Redirect("in circles"))
    }

    /// The content from a byte on, or from the beginning: the caller looks at the status.
    pub(super) async fn open(&self, file: &HubFile, from: u64) -> Result<Response, HubError> {
        let mut url = self.address(file);
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(Method::GET, &url, Some(from).filter(|from| *from > 0)).await?;
            if response.status().is_success() || response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
                return Ok(response);
            }
            url = self.next(file, &url, &response)?;
        }
        Err(HubError::Redirect("in circles"))
    }

    async fn send(&self, method: Method, url: &Url, from: Option<u64>) -> Result<Response, HubError> {
        let host = || url.host_str().unwrap_or_default().to_owned();
        let request = self.http.request(method, url).await;
        let request = request.map_err(|_| HubError::Unreachable(host(), Unreachable::ClientSetup))?;
        // Compressed bytes could not be resumed.
        let mut request = request.header(ACCEPT_ENCODING, "identity");
        if let Some(from) = from {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        if let Some(token) = self.token.as_ref().filter(|_| url.origin() == self.base.origin()) {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        match tokio::time::timeout(self.silence, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(HubError::Unreachable(host(), why_unreachable(&error))),
            Err(_) => Err(HubError::Silent(self.silence)),
        }
    }

    /// Where a redirect leads; every other status is an error here.
    fn next(&self, file: &HubFile, from: &Url, response: &Response) -> Result<Url, HubError> {
        let status = response.status();
        if !status.is_redirection() {
            return Err(match status {
                StatusCode::NOT_FOUND | StatusCode::GONE => HubError::NotFound(file.to_string()),
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => HubError::Login(status.as_u16()),
                other => HubError::Status(other.as_u16()),
            });
        }
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let next = location.and_then(|location| from.join(location).ok());
        match next {
            Some(next) if next.scheme() == "https" || next.scheme() == self.base.scheme() => Ok(next),
            Some(_) => Err(HubError::Redirect("from https to an address that anybody could answer for")),
            None => Err(HubError::Redirect("nowhere")),
        }
    }
}

/// The headers of a file; those of git-lfs win over those of the answer itself.
fn linked(headers: &HeaderMap) -> Described {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let etag = text("x-linked-etag").or_else(|| text(ETAG.as_str()));
    let size = text("x-linked-size").or_else(|| text(CONTENT_LENGTH.as_str()));
    Described { size: size.and_then(|size| size.parse().ok()), sha256: etag.and_then(sha256_of) }
}

/// An ETag that is a SHA-256; others are of git and of storages.
fn sha256_of(etag: &str) -> Option<String> {
    let hex = etag.trim().trim_start_matches("W/").trim_matches('"').to_ascii_lowercase();
    (hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hex)
}

#[cfg(test)]
mod tests {
    use super::{Hub, HubError, sha256_of};
    use crate::local::reference::ModelReference;

    fn hub(pairs: &'static [(&str, &str)]) -> Result<Hub, HubError> {
        Hub::from_environment(&|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_may_name_a_hub_and_a_token() {
        let ModelReference::Hub(file) = ModelReference::parse(ModelReference::DEFAULT, None).unwrap() else {
            panic!("the default is on the hub")
        };
        let public = hub(&[("HF_ENDPOINT", " ")]).unwrap();
        assert_eq!(
            public.address(&file).as_str(),
            "https://huggingface.co/ggml-org/embeddinggemma-300M-GGUF/resolve/main/embeddinggemma-300M-Q8_0.gguf"
        );
        let mirror = hub(&[("HF_ENDPOINT", "http://mirror.example/hf"), ("HF_TOKEN", "t\n")]).unwrap();
        assert!(mirror.address(&file).as_str().starts_with("http://mirror.example/hf/ggml-org/"));
        assert_eq!(mirror.token.unwrap().expose(), "t");
        let wrong = hub(&[("MODEL_ENDPOINT", "file:///models")]).err().unwrap();
        assert_eq!(wrong.to_string(), "file:///models is no http or https address; correct MODEL_ENDPOINT");
    }

    #[test]
    fn only_a_checksum_is_a_checksum() {
        let hex = "ab".repeat(32);
        assert_eq!(sha256_of(&format!("\"{}\"", hex.to_uppercase())), Some(hex.clone()));
        assert_eq!(sha256_of(&format!("W/\"{hex}\"")), Some(hex.clone()));
        assert_eq!(sha256_of("\"d41d8cd98f00b204e9800998ecf8427e\""), None);
        assert_eq!(sha256_of(&format!("\"{}\"", "é".repeat(32))), None);
    }
}
