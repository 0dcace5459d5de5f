//! Which wire APIs this build speaks.

use super::Api;
use crate::WireApi;
use crate::anthropic::Messages;
use crate::google::Gemini;
use crate::ollama::Chat;
use crate::openai::Completions;
use crate::responses::Responses;

/// The implementation of a wire API, if there is one. [`WireApi::Offline`] and [`WireApi::Cli`]
/// have no wire.
#[must_use]
pub fn speaks(api: WireApi) -> Option<&'static dyn Api> {
    match api {
        WireApi::OpenAiCompletions => Some(&Completions),
        WireApi::AnthropicMessages => Some(&Messages),
        WireApi::OllamaChat => Some(&Chat),
        WireApi::OpenAiResponses => Some(&Responses),
        WireApi::GoogleGenerativeAi => Some(&Gemini),
        WireApi::GithubCopilot | WireApi::BedrockConverseStream | WireApi::Cli | WireApi::Offline => None,
    }
}
