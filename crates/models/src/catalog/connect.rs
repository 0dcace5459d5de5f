//! From a description and a key to a model that runs.

use std::sync::Arc;

use reqwest::Url;

use super::error::CatalogError;
use super::providers::{KeyHeader, ProviderEntry};
use super::resolve::{Catalog, Keyed, Patience};
use super::table::{BUILTIN_PROVIDERS, BuiltinProvider, COMMON, Origin};
use crate::local::PrintedCalls;
use crate::thinking::effect;
use crate::wire::{Access, Endpoint, KeyPlace, RemoteChat, speaks};
use crate::{
    CallPolicy, ChatModel, Compat, Effect, ModelInfo, ReasoningForm, Retries, ThinkingLevel, Timeouts,
    WireApi,
};
use openclaw_http::{is_loopback, parse_address};

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
        if info.api == WireApi::OpenAiCompletions {
            info.compat = info.compat.or(dialect(endpoint.url(), entry.builtin));
            info.compat.reasoning_form = Some(reasoning_form(endpoint.url(), &info));
        }
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

    /// What a level of thinking comes to with a model.
    #[must_use]
    pub fn effect_of(&self, info: &ModelInfo, level: ThinkingLevel) -> Effect {
        let mut info = info.clone();
        let address = self.entry(&info.provider).ok().and_then(|entry| parse_address(&entry.base_url).ok());
        if let Some(url) = address.filter(|_| info.api == WireApi::OpenAiCompletions) {
            info.compat.reasoning_form = Some(reasoning_form(&url, &info));
        }
        effect(&info, level)
    }
}

/// What the table says of the server at `url`: the address decides, so that it holds under any name of the provider; only
/// a server that people run themselves may be anywhere.
fn dialect(url: &Url, builtin: Option<&BuiltinProvider>) -> Compat {
    let own = builtin.filter(|builtin| builtin.origin != Origin::Remote);
    let at_home = || BUILTIN_PROVIDERS.iter().find(|provider| is_at(url, provider));
    own.or_else(at_home).map_or(COMMON, |provider| provider.dialect)
}

/// Whether `url` is in a provider's domain: `eu.api.openai.com` is OpenAI's, too.
fn is_at(url: &Url, provider: &BuiltinProvider) -> bool {
    let Ok(home) = parse_address(provider.base_url) else { return false };
    let (Some(host), Some(at_home)) = (url.host_str(), home.host_str()) else { return false };
    let domain = at_home.strip_prefix("api.").unwrap_or(at_home);
    let in_domain = host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    if provider.origin == Origin::Remote { in_domain } else { home.origin() == url.origin() }
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
    use super::{dialect, reasoning_form};
    use crate::MaxTokensField::{MaxCompletionTokens, MaxTokens};
    use crate::catalog::table::builtin_provider;
    use crate::{ModelInfo, ReasoningForm, WireApi};
    use reqwest::Url;

    #[test]
    fn the_address_decides() {
        // The address, and whether it knows `store` and the role, the field of the limit, whether usage is asked for.
        let rows = [
            ("https://api.openai.com/v1", true, MaxCompletionTokens, true),
            ("https://eu.api.openai.com/v1", true, MaxCompletionTokens, true),
            ("https://api.cerebras.ai/v1", false, MaxCompletionTokens, true),
            ("https://api.mistral.ai/v1", false, MaxTokens, false),
            ("https://notmistral.ai/v1", false, MaxCompletionTokens, true),
            ("https://api.z.ai/api/paas/v4", false, MaxTokens, true),
            ("https://llm.example.com/v1", false, MaxCompletionTokens, true),
            ("http://127.0.0.1:1234/v1", false, MaxTokens, true),
            ("http://127.0.0.1:1/v1", false, MaxCompletionTokens, true),
        ];
        for (url, is_openai, field, asks_for_usage) in rows {
            let compat = dialect(&Url::parse(url).unwrap(), None);
            assert_eq!(
                (compat.supports_store, compat.supports_developer_role),
                (Some(is_openai), Some(is_openai)),
                "{url}"
            );
            assert_eq!(compat.max_tokens_field, Some(field), "{url}");
            assert_eq!(compat.supports_usage_in_streaming, Some(asks_for_usage), "{url}");
        }
        let elsewhere = Url::parse("http://box:1/v1").unwrap();
        let of = |id: &str| dialect(&elsewhere, builtin_provider(id)).max_tokens_field;
        assert_eq!((of("lmstudio"), of("mistral")), (Some(MaxTokens), Some(MaxCompletionTokens)));
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
