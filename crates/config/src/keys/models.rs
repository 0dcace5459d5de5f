//! `models`

use openclaw_guard::Secret;

use super::not_yet;
use crate::declare::{choices, section};
use crate::read::Map;

choices! {
    /// What the file's providers do to the built-in ones.
    pub enum ModelsMode { Merge = "merge", Replace = "replace" }
}

choices! {
    /// The wire interface of a provider.
    pub enum ModelApi {
        OpenaiCompletions = "openai-completions",
        OpenaiResponses = "openai-responses",
        AnthropicMessages = "anthropic-messages",
        GoogleGenerativeAi = "google-generative-ai",
        GithubCopilot = "github-copilot",
        BedrockConverseStream = "bedrock-converse-stream",
    }
}

/// The wire interfaces that `openclaw-models` implements.
const SPOKEN_APIS: &[&str] =
    &["openai-completions", "openai-responses", "anthropic-messages", "google-generative-ai"];

choices! {
    /// How requests to a provider are signed.
    pub enum ProviderAuth { ApiKey = "api-key", AwsSdk = "aws-sdk", Oauth = "oauth", Token = "token" }
}

choices! {
    /// What a model can be given.
    pub enum ModelInput { Text = "text", Image = "image" }
}

choices! {
    /// The field that carries the limit on produced tokens.
    pub enum MaxTokensField { MaxCompletionTokens = "max_completion_tokens", MaxTokens = "max_tokens" }
}

section! {
    /// Model providers.
    pub struct Models {
        /// Added to the built-in providers, or instead of them.
        mode: ModelsMode = ModelsMode::Merge;
        /// Providers by name; the name is the part before `/` in `provider/model`.
        providers: Map<Provider>;
        /// What happens when a model does not answer.
        failover: ModelFailover, advanced();
        /// What answers may cost. Nothing is limited unless it is set here; what is set is hard.
        budgets: ModelBudgets;
        /// Writing down what models are asked and what they answer, for `openclaw replay`.
        recording: ModelRecording, advanced();
        /// Finding the models of an Amazon Bedrock account.
        bedrock_discovery: Option<BedrockDiscovery>, planned(not_yet::MODEL_APIS), advanced();
    }
}

section! {
    /// What happens when a model does not answer. Ours: OpenClaw 2026.2.9 does not know it.
    pub struct ModelFailover {
        /// Seconds that a model may be silent while another one could answer.
        wait_seconds: u64 = 60, min(1.0), max(3600.0);
    }
}

section! {
    /// Writing down what models are asked and what they answer; see `docs/replay.md`. Ours: OpenClaw 2026.2.9 does not
    /// know it.
    pub struct ModelRecording {
        /// Whether it is written down, secrets left out.
        enabled: bool = false;
        /// With requests and answers as they go over the wire.
        wire: bool = false;
        /// Megabytes of a session's recording; the one before it is kept as well.
        max_megabytes: u64 = 32, min(1.0), max(1024.0);
    }
}

section! {
    /// What answers may cost. Ours: OpenClaw 2026.2.9 does not know it.
    pub struct ModelBudgets {
        /// One answer, with all the model calls it takes.
        run: ModelBudget;
        /// One session, until it starts over.
        session: ModelBudget;
        /// One agent in a day.
        agent: ModelBudget;
        /// All agents in a day.
        day: ModelBudget;
    }
}

section! {
    /// The most of something.
    pub struct ModelBudget {
        /// Tokens of prompts and answers together.
        tokens: Option<u64>, min(1.0);
        /// US dollars, at the prices that are known of the models.
        usd: Option<f64>, above(0.0);
    }
}

section! {
    /// One model provider.
    pub struct Provider {
        /// The address that requests go to, up to and including the version; its models cannot be asked without.
        base_url: String, min(1.0), placeholder("https://api.example.com/v1");
        /// The key; `${NAME}` takes it from the environment.
        api_key: Option<Secret>;
        /// How requests are signed.
        auth: Option<ProviderAuth>, planned(not_yet::MODEL_REQUESTS), met_by(&["api-key", "oauth", "token"]);
        /// The wire interface of all its models.
        api: Option<ModelApi>, planned(not_yet::MODEL_APIS), met_by(SPOKEN_APIS);
        /// Headers added to each request.
        headers: Map<Secret>, may_be_blank(), advanced();
        /// Whether the key goes into the `Authorization` header.
        auth_header: Option<bool>, advanced();
        /// Its models.
        models: Vec<Model>;
    }
}

section! {
    /// One model.
    pub struct Model {
        /// The name that the provider knows.
        id: String, required(), min(1.0);
        /// The name that people see.
        name: String, required(), min(1.0);
        /// The wire interface, where it differs from the provider's.
        api: Option<ModelApi>, planned(not_yet::MODEL_APIS), met_by(SPOKEN_APIS);
        /// Whether it reasons before it answers.
        reasoning: bool = false;
        /// What it can be given.
        input: Vec<ModelInput> = vec![ModelInput::Text];
        /// Prices per million tokens in US dollars.
        cost: ModelCost, advanced();
        /// Tokens of its context window.
        context_window: Option<u64>, min(1.0);
        /// Most tokens it produces in one answer.
        max_tokens: Option<u64>, min(1.0);
        /// Headers added to each request.
        headers: Map<Secret>, may_be_blank(), advanced();
        /// Deviations of its interface.
        compat: ModelCompat, advanced();
    }
}

section! {
    /// Prices per million tokens in US dollars.
    pub struct ModelCost {
        /// Tokens given.
        input: f64 = 0.0;
        /// Tokens produced.
        output: f64 = 0.0;
        /// Tokens read from the provider's cache.
        cache_read: f64 = 0.0;
        /// Tokens written to the provider's cache.
        cache_write: f64 = 0.0;
    }
}

section! {
    /// Deviations of a model's interface.
    pub struct ModelCompat {
        /// Whether it takes `store`.
        supports_store: Option<bool>;
        /// Whether it takes the role `developer`.
        supports_developer_role: Option<bool>;
        /// Whether it takes `reasoning_effort`.
        supports_reasoning_effort: Option<bool>;
        /// The field that carries the limit on produced tokens.
        max_tokens_field: Option<MaxTokensField>;
    }
}

section! {
    /// Finding the models of an Amazon Bedrock account.
    pub struct BedrockDiscovery {
        /// Whether the account is asked.
        enabled: bool = false;
        /// The AWS region.
        region: Option<String>;
        /// Only models of these makers.
        provider_filter: Option<Vec<String>>;
        /// Seconds between two questions; 0 asks once.
        refresh_interval: u64 = 3600;
        /// Context window of models whose own is not known, in tokens.
        default_context_window: u64 = 32000, min(1.0);
        /// Most produced tokens of models whose own limit is not known.
        default_max_tokens: u64 = 4096, min(1.0);
    }
}
