//! Which wire APIs this build speaks.

use super::Api;
use crate::WireApi;
use crate::anthropic::Messages;
use crate::ollama::Chat;
use crate::openai::Completions;

/// The implementation of a wire API, if there is one. [`WireApi::Offline`] has no wire.
#[must_use]
pub fn speaks(api: WireApi) -> Option<&'static dyn Api> {
    match api {
        WireApi::OpenAiCompletions => Some(&Completions),
        WireApi::AnthropicMessages => Some(&Messages),
        WireApi::OllamaChat => Some(&Chat),
        WireApi::OpenAiResponses | WireApi::GoogleGenerativeAi => None,
        WireApi::GithubCopilot | WireApi::BedrockConverseStream | WireApi::Offline => None,
    }
}
