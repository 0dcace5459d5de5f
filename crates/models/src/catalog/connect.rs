//! From a description and a key to a model that runs.

use std::sync::Arc;

use reqwest::Url;

use super::error::CatalogError;
use super::providers::{KeyHeader, ProviderEntry};
use super::resolve::{Catalog, Keyed, Patience};
use crate::local::PrintedCalls;
use crate::wire::{Access, Endpoint, KeyPlace, RemoteChat, speaks};
use crate::{CallPolicy, ChatModel, Compat, MaxTokensField, ModelInfo, ReasoningForm, Retries, Timeouts};
use openclaw_http::is_loopback;

impl Catalog {
    pub(super) fn connect_entry(
        &self,
        entry: &ProviderEntry,
        mut info: ModelInfo,
        (key, patience): (Keyed<'_>, Patience),
    ) -> Result<Arc<dyn ChatModel>, CatalogError> {
        let api = speaks(info.api)
            .ok_or_else(|| CatalogError::UnsupportedApi { reference: info.reference(), api: info.api })?;
        let bad = |why| CatalogError::BadEndpoint { provider: entry.id.clone(), why };
        let headers = entry.headers_for(&info.id);
        let key = match key {
            Keyed::With(key) if self.may_have(entry, key) => Some(key.secret.clone()),
            Keyed::With(_) | Keyed::Without => None,
        };
        let keyless = key.is_none() && headers.is_empty();
        let (key, key_place) = match entry.key_header {
            KeyHeader::OfTheApi => (key, None),
            KeyHeader::Authorization => (key, Some(KeyPlace::Bearer)),
            KeyHeader::None => (None, None),
        };
        let access = Access { base_url: &entry.base_url, key, key_place, headers: &headers };
        let endpoint = Endpoint::new(api, &info, access).map_err(bad)?;
        let local = is_loopback(endpoint.url());
        // A server on this machine may need no key; any other without key or header is a mistake.
        if keyless && !local {
            return Err(CatalogError::MissingKey { provider: entry.id.clone() });
        }
        info.compat = by_host(endpoint.url(), info.compat);
        info.compat.reasoning_form = Some(reasoning_form(endpoint.url(), &info));
        let timeouts = if local { Timeouts::local() } else { Timeouts::remote() };
        let retries = match patience {
            Patience::Alone => Retries::default(),
            Patience::OthersWait => Retries::impatient(),
        };
        let policy = CallPolicy { timeouts, retries };
        let chat = RemoteChat::new(api, info, endpoint, Arc::clone(&self.http), policy);
        // Small models, and servers that do not know their templates, print their calls as text.
        if local { Ok(Arc::new(PrintedCalls::new(Arc::new(chat)))) } else { Ok(Arc::new(chat)) }
    }
}

/// Servers that answer 422 to `store` and `max_completion_tokens`, with the older `max_tokens` in its place. Source:
/// Mistral's own answers, for example in partITech/php-mistral issue 76 and openclaw/openclaw pull request 47301.
const OLD_FIELDS_ONLY: &[&str] = &["mistral.ai"];

/// Fills what the configuration leaves open. Only OpenAI itself is known to accept the role `developer`.
fn by_host(url: &Url, configured: Compat) -> Compat {
    let on = |domains: &[&str]| is_on(url, domains);
    let field =
        if on(OLD_FIELDS_ONLY) { MaxTokensField::MaxTokens } else { MaxTokensField::MaxCompletionTokens };
    Compat {
        supports_store: configured.supports_store.or(Some(!on(OLD_FIELDS_ONLY))),
        supports_developer_role: configured.supports_developer_role.or(Some(on(&["openai.com"]))),
        supports_reasoning_effort: configured.supports_reasoning_effort,
        reasoning_form: configured.reasoning_form,
        max_tokens_field: configured.max_tokens_field.or(Some(field)),
    }
}

fn is_on(url: &Url, domains: &[&str]) -> bool {
    let host = url.host_str().unwrap_or_default();
    domains
        .iter()
        .any(|domain| host == *domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

/// Servers whose models refuse `reasoning_effort`: xAI for all but one, Mistral for any, and Groq for those that are not
/// OpenAI's own. Sources: xAI guide "Reasoning", Mistral's 422 as above, Groq guide "Reasoning".
const NO_EFFORT: &[&str] = &["x.ai", "mistral.ai", "groq.com"];

/// The form in which a server with chat completions takes the level of thinking. What is configured decides; a provider
/// behind another address keeps its own form.
fn reasoning_form(url: &Url, info: &ModelInfo) -> ReasoningForm {
    match (info.compat.supports_reasoning_effort, &*info.provider) {
        (Some(true), _) => ReasoningForm::Effort,
        (_, "zai") => ReasoningForm::Type,
        (_, _) if is_on(url, &["z.ai", "bigmodel.cn"]) => ReasoningForm::Type,
        (Some(false), _) => ReasoningForm::Untold,
        (None, "openrouter") => ReasoningForm::Object,
        (None, _) if is_on(url, &["openrouter.ai"]) => ReasoningForm::Object,
        (None, _) if is_on(url, NO_EFFORT) && !info.id.contains("gpt-oss") => ReasoningForm::Untold,
        (None, _) => ReasoningForm::Effort,
    }
}

#[cfg(test)]
mod tests {
    use super::{by_host, reasoning_form};
    use crate::{Compat, MaxTokensField, ModelInfo, ReasoningForm, WireApi};
    use reqwest::Url;

    #[test]
    fn the_host_fills_what_is_left_open() {
        let compat = |url: &str, configured| by_host(&Url::parse(url).unwrap(), configured);
        let local = compat("http://127.0.0.1:1/v1", Compat::default());
        assert_eq!((local.supports_store, local.supports_developer_role), (Some(true), Some(false)));
        let openai = compat("https://api.openai.com/v1", Compat::default());
        assert_eq!(openai.supports_developer_role, Some(true));
        let mistral = compat("https://api.mistral.ai/v1", Compat::default());
        assert_eq!(
            (mistral.supports_store, mistral.max_tokens_field),
            (Some(false), Some(MaxTokensField::MaxTokens))
        );
        assert_eq!(compat("https://notmistral.ai/v1", Compat::default()).supports_store, Some(true));
        let told =
            compat("https://api.mistral.ai/v1", Compat { supports_store: Some(true), ..Compat::default() });
        assert_eq!(told.supports_store, Some(true));
    }

    #[test]
    fn each_server_is_told_to_think_in_its_own_form() {
        let rows = [
            ("https://api.z.ai/api/paas/v4", "zai", "glm-4.7", None, ReasoningForm::Type),
            ("http://127.0.0.1:1/v1", "zai", "glm-4.7", None, ReasoningForm::Type),
            ("https://open.bigmodel.cn/v4", "mine", "glm-4.7", Some(false), ReasoningForm::Type),
            ("https://openrouter.ai/api/v1", "openrouter", "x/y", None, ReasoningForm::Object),
            ("https://api.x.ai/v1", "xai", "grok-4", None, ReasoningForm::Untold),
            ("https://api.x.ai/v1", "xai", "grok-3-mini", Some(true), ReasoningForm::Effort),
            ("https://api.groq.com/openai/v1", "groq", "qwen3-32b", None, ReasoningForm::Untold),
            ("https://api.groq.com/openai/v1", "groq", "openai/gpt-oss-20b", None, ReasoningForm::Effort),
            ("https://api.openai.com/v1", "openai", "gpt-5", None, ReasoningForm::Effort),
            ("http://127.0.0.1:1/v1", "mine", "m", Some(false), ReasoningForm::Untold),
        ];
        for (url, provider, id, supports_reasoning_effort, expected) in rows {
            let mut info = ModelInfo::new(provider, id, WireApi::OpenAiCompletions);
            info.compat.supports_reasoning_effort = supports_reasoning_effort;
            assert_eq!(reasoning_form(&Url::parse(url).unwrap(), &info), expected, "{url} {id}");
        }
    }
}
