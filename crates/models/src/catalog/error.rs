//! Why a configured model cannot run.

use super::programs::NoProgram;
use crate::WireApi;
use crate::error::key_places;
use openclaw_http::EndpointError;

/// Why a model reference does not lead to a model that runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// Not `provider/model`, not an alias, and not the id of one configured model.
    #[error("unknown model reference {reference:?}")]
    UnknownReference {
        /// What was asked for.
        reference: String,
    },
    /// No such provider is configured.
    #[error("provider {provider:?} is not configured")]
    UnknownProvider {
        /// Provider id.
        provider: String,
        /// The providers there are.
        known: Vec<String>,
    },
    /// The built-in provider has one model only.
    #[error("offline has no model {model:?}")]
    UnknownOfflineModel {
        /// Model id.
        model: String,
    },
    /// `agents.defaults.models` leaves the model out.
    #[error("{reference} is not allowed")]
    NotAllowed {
        /// `provider/model`.
        reference: String,
        /// The models that are.
        allowed: Vec<String>,
    },
    /// This build does not speak the wire API.
    #[error("{reference}: wire API {} is not supported by this build", api.as_str())]
    UnsupportedApi {
        /// `provider/model`.
        reference: String,
        /// The configured API.
        api: WireApi,
    },
    /// The provider needs a key and none is set.
    #[error("provider {provider:?} has no API key")]
    MissingKey {
        /// Provider id.
        provider: String,
    },
    /// The provider's credential cannot be used.
    #[error("provider {provider:?}: {why}")]
    Credential {
        /// Provider id.
        provider: String,
        /// What is wrong, in words.
        why: String,
    },
    /// The program of a command-line backend cannot be found.
    #[error("{provider}: the program {command:?} {why}")]
    NoProgram {
        /// Provider id.
        provider: String,
        /// The program as it is configured.
        command: String,
        /// Where it was looked for.
        why: NoProgram,
    },
    /// The provider's address or headers cannot be used.
    #[error("models.providers.{provider}: {why}")]
    BadEndpoint {
        /// Provider id.
        provider: String,
        /// What is wrong.
        why: EndpointError,
    },
    /// A recording is played, and it has no further answer.
    #[error("{reference}: the recording has no further answer")]
    RecordingOver {
        /// `provider/model`.
        reference: String,
    },
}

impl CatalogError {
    /// One or two sentences for the user: what is wrong, where, what to do next.
    #[must_use]
    pub fn plain_words(&self) -> String {
        match self {
            Self::UnknownReference { reference } => format!(
                "The model \"{reference}\" is not known. Set agents.defaults.model.primary to provider/model, for example openai/gpt-5-mini or offline/recall."
            ),
            Self::UnknownProvider { provider, known } => format!(
                "The model provider \"{provider}\" is not configured (there are: {}). Add models.providers.{provider} with a baseUrl, or choose another model.",
                known.join(", ")
            ),
            Self::UnknownOfflineModel { model } => {
                format!("There is no model \"offline/{model}\". The built-in model is offline/recall.")
            }
            Self::NotAllowed { reference, allowed } => format!(
                "Model \"{reference}\" is not allowed: agents.defaults.models has only {}. Add it there, or choose one of them.",
                allowed.join(", ")
            ),
            Self::UnsupportedApi { reference, api } => format!(
                "{reference} uses the wire API {}, which this build does not speak. It speaks openai-completions, openai-responses, anthropic-messages and google-generative-ai: set models.providers.<id>.api to one of them if the server offers it, or choose another model.",
                api.as_str()
            ),
            Self::MissingKey { provider } => {
                format!(
                    "There is no API key for {provider}. Set {}, or run `openclaw models auth add --provider {provider}`.",
                    key_places(provider)
                )
            }
            Self::Credential { provider, why } => {
                format!(
                    "The credential for {provider} cannot be used: {why}. `openclaw models status` shows what there is."
                )
            }
            Self::NoProgram { provider, command, why } => format!(
                "{provider}: the program \"{command}\" {why}. Install it, or set agents.defaults.cliBackends.{provider}.command to its full path."
            ),
            Self::BadEndpoint { provider, why } => {
                format!(
                    "models.providers.{provider}.baseUrl cannot be used: {why}. Correct it in openclaw.json."
                )
            }
            Self::RecordingOver { reference } => {
                format!(
                    "The recording has no further answer of {reference}: it was not asked again when this was recorded."
                )
            }
        }
    }
}
