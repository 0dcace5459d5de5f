//! Renewing tokens of subscriptions at their providers (RFC 6749, section 6).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use openclaw_credentials::{OAuth, RefreshError, Refreshed, Refresher};
use openclaw_guard::Secret;
use openclaw_http::{GuardedHttp, parse_address};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use crate::Timeouts;
use crate::catalog::table::canonical_provider;

/// How long a renewal may take: a turn waits for it.
const LIMIT: Duration = Duration::from_secs(20);
/// A token counts as ended so long before it does: clocks differ.
const EARLY_MS: i64 = 5 * 60_000;
/// An answer has two tokens and a number.
const MAX_BYTES: usize = 64 * 1024;

/// Where a provider renews tokens. A renewing token goes there and nowhere else (S-096).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenEndpoint {
    /// The provider.
    pub provider: String,
    /// The address.
    pub url: String,
    /// The client that the tokens were issued to, unless a profile names its own.
    pub client_id: Option<String>,
    /// How the provider reads the request.
    pub body: BodyKind,
}

/// How a token endpoint reads a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// As the standard has it.
    Form,
    /// As JSON.
    Json,
}

/// The providers whose tokens can be renewed. Sources: their public sign-in clients, February 2026.
#[must_use]
pub fn token_endpoints() -> Vec<TokenEndpoint> {
    let row = |provider: &str, url: &str, client_id: Option<&str>, body| TokenEndpoint {
        provider: provider.to_owned(),
        url: url.to_owned(),
        client_id: client_id.map(str::to_owned),
        body,
    };
    vec![
        row(
            "anthropic",
            "https://console.anthropic.com/v1/oauth/token",
            Some("9d1c250a-e61b-44d9-88ed-5944d1962f5e"),
            BodyKind::Json,
        ),
        row(
            "openai-codex",
            "https://auth.openai.com/oauth/token",
            Some("app_EMoamEEZ73f0CkXaXp7hrann"),
            BodyKind::Form,
        ),
        row(
            "qwen-portal",
            "https://chat.qwen.ai/api/v1/oauth2/token",
            Some("f0304373b74a44d2b584a3fb70ca9e56"),
            BodyKind::Form,
        ),
        row("chutes", "https://api.chutes.ai/idp/token", None, BodyKind::Form),
    ]
}

/// Renews tokens over HTTP.
pub struct TokenRefresher {
    http: Arc<GuardedHttp>,
    endpoints: Vec<TokenEndpoint>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<Secret>,
    refresh_token: Option<Secret>,
    expires_in: Option<f64>,
}

impl TokenRefresher {
    /// At these endpoints.
    #[must_use]
    pub fn new(endpoints: Vec<TokenEndpoint>) -> Self {
        Self { http: Arc::new(GuardedHttp::new(Timeouts::remote().connect)), endpoints }
    }

    async fn ask(&self, provider: &str, token: &OAuth, now_ms: i64) -> Result<Refreshed, RefreshError> {
        let unknown = || RefreshError::Unknown { provider: provider.to_owned() };
        let canonical = canonical_provider(provider);
        let endpoint = self.endpoints.iter().find(|it| it.provider == canonical).ok_or_else(unknown)?;
        let client = token.client_id.as_deref().or(endpoint.client_id.as_deref()).ok_or_else(unknown)?;
        let url = parse_address(&endpoint.url).map_err(|_| unknown())?;
        let (kind, body) = request(endpoint.body, client, &token.refresh);
        let unreachable = |_| RefreshError::Unreachable;
        let request = self.http.request(Method::POST, &url).await.map_err(|_| RefreshError::Unreachable)?;
        let request = request.header(CONTENT_TYPE, kind).header(ACCEPT, "application/json").body(body);
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        // Below, the provider says no; above, it says nothing about the token.
        if (400..500).contains(&status) && status != 429 {
            return Err(RefreshError::Refused { status });
        }
        if status != 200 {
            return Err(RefreshError::Unreachable);
        }
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(unreachable)? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > MAX_BYTES {
                return Err(RefreshError::Unreachable);
            }
        }
        read(&bytes, now_ms).ok_or(RefreshError::Unreachable)
    }
}

impl Default for TokenRefresher {
    fn default() -> Self {
        Self::new(token_endpoints())
    }
}

impl Refresher for TokenRefresher {
    fn refresh<'a>(
        &'a self,
        provider: &'a str,
        token: &'a OAuth,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<Refreshed, RefreshError>> {
        Box::pin(async move {
            let asked = timeout(LIMIT, self.ask(provider, token, now_ms)).await;
            asked.unwrap_or(Err(RefreshError::Unreachable))
        })
    }
}

fn request(kind: BodyKind, client: &str, refresh: &Secret) -> (&'static str, String) {
    match kind {
        BodyKind::Json => (
            "application/json",
            json!({"grant_type": "refresh_token", "client_id": client, "refresh_token": refresh.expose()})
                .to_string(),
        ),
        BodyKind::Form => {
            // Any address will do: only its query is written.
            let pairs =
                [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", refresh.expose())];
            let url = Url::parse_with_params("http://localhost/", pairs);
            let query = url.ok().and_then(|url| url.query().map(ToOwned::to_owned)).unwrap_or_default();
            ("application/x-www-form-urlencoded", query)
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "seconds until a token ends; the cast saturates")]
fn read(bytes: &[u8], now_ms: i64) -> Option<Refreshed> {
    let answer: Answer = serde_json::from_slice(bytes).ok()?;
    let lasts_ms = (answer.expires_in.filter(|seconds| *seconds > 0.0)? * 1000.0) as i64;
    // A short one must not count as ended at once.
    let expires = now_ms.saturating_add((lasts_ms - EARLY_MS).max(lasts_ms / 2));
    let access = answer.access_token.filter(|token| !token.is_blank())?;
    Some(Refreshed { access, refresh: answer.refresh_token.filter(|token| !token.is_blank()), expires })
}

#[cfg(test)]
mod tests {
    use super::{BodyKind, TokenEndpoint, TokenRefresher, read, request, token_endpoints};
    use openclaw_credentials::{OAuth, RefreshError, Refresher as _};
    use openclaw_guard::Secret;
    use openclaw_testkit::model_server::ModelServer;
    use serde_json::json;

    #[test]
    fn requests_are_written_as_the_provider_reads_them() {
        let refresh = Secret::new("r&1 ü".to_owned());
        let (kind, form) = request(BodyKind::Form, "c", &refresh);
        assert_eq!(kind, "application/x-www-form-urlencoded");
        assert_eq!(form, "grant_type=refresh_token&client_id=c&refresh_token=r%261+%C3%BC");
        let (_, text) = request(BodyKind::Json, "c", &refresh);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["refresh_token"], "r&1 ü");
    }

    #[test]
    fn answers_are_read_or_refused() {
        let whole = br#"{"access_token":"a","refresh_token":"r","expires_in":3600}"#;
        let token = read(whole, 1_000).unwrap();
        assert!(token.access.matches("a") && token.refresh.is_some_and(|token| token.matches("r")));
        assert_eq!(token.expires, 1_000 + 3_600_000 - 300_000);
        assert_eq!(read(br#"{"access_token":"a","expires_in":60}"#, 0).unwrap().expires, 30_000);
        for bad in
            [&b"{}"[..], br#"{"access_token":" ","expires_in":60}"#, br#"{"access_token":"a"}"#, b"<html>"]
        {
            assert!(read(bad, 0).is_none());
        }
    }

    fn token() -> OAuth {
        let (access, refresh) = (Secret::new("old".into()), Secret::new("r1".into()));
        OAuth { access, refresh, expires: 0, client_id: None }
    }

    #[tokio::test]
    async fn a_token_is_renewed_where_its_provider_is_and_nowhere_else() {
        let answer = json!({"access_token": "new", "refresh_token": "r2", "expires_in": 3600});
        let server = ModelServer::builder().route("/token", answer).start();
        let endpoint = |provider: &str, path: &str| TokenEndpoint {
            provider: provider.into(),
            url: format!("http://{}{path}", server.address()),
            client_id: Some("c".into()),
            body: BodyKind::Json,
        };
        let refresher =
            TokenRefresher::new(vec![endpoint("anthropic", "/token"), endpoint("chutes", "/gone")]);
        let fresh = refresher.refresh("Anthropic", &token(), 1_000).await.ok().unwrap();
        assert!(fresh.access.matches("new") && fresh.refresh.is_some_and(|it| it.matches("r2")));
        let asked = server.requests();
        assert_eq!(
            asked[0].body,
            json!({"grant_type": "refresh_token", "client_id": "c", "refresh_token": "r1"})
        );
        assert!(asked[0].header("authorization").is_none());

        let refused = refresher.refresh("chutes", &token(), 0).await.err();
        assert_eq!(refused, Some(RefreshError::Refused { status: 404 }));
        let unknown = refresher.refresh("elsewhere", &token(), 0).await.err();
        assert_eq!(unknown, Some(RefreshError::Unknown { provider: "elsewhere".into() }));
        assert_eq!(server.requests().len(), 1);
        let nobody = TokenEndpoint { url: "http://127.0.0.1:9/token".into(), ..endpoint("qwen-portal", "") };
        let absent = TokenRefresher::new(vec![nobody]).refresh("qwen-portal", &token(), 0).await.err();
        assert_eq!(absent, Some(RefreshError::Unreachable));
    }

    #[test]
    fn renewing_tokens_travel_encrypted() {
        assert!(token_endpoints().iter().all(|endpoint| endpoint.url.starts_with("https://")));
    }
}
