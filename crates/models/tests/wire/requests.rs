//! Any history, aborted anywhere, becomes a request that a strict validator accepts.

use openclaw_models::{InputKind, ModelInfo, ModelRequest, WireApi};
use proptest::prelude::*;

use crate::apis::{APIS, encoded, implementation, info, judge};
use crate::histories::any_request;

fn holds(info: &ModelInfo, request: &ModelRequest) -> Result<(), TestCaseError> {
    let body = encoded(info, request);
    prop_assert_eq!(judge(info, &body), Ok(()), "{}: {:#}", info.api.as_str(), body);
    let again = implementation(info.api).encode(&request.clone(), info).unwrap();
    prop_assert_eq!(implementation(info.api).encode(request, info).unwrap(), again);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_history_becomes_a_valid_request(request in any_request()) {
        for api in APIS {
            let info = info(api);
            holds(&info, &request)?;
            // A prefix is what an abort, or a crash, leaves behind.
            for end in 0..request.messages.len() {
                let messages = request.messages[..end].to_vec();
                holds(&info, &ModelRequest { messages, ..request.clone() })?;
            }
        }
    }

    #[test]
    fn other_models_of_an_api_take_it_as_well(request in any_request()) {
        let rows = [
            (WireApi::AnthropicMessages, "claude-opus-4-6"),
            (WireApi::AnthropicMessages, "MiniMax-M2.1"),
            (WireApi::GoogleGenerativeAi, "gemini-2.5-flash"),
            (WireApi::OpenAiCompletions, "gpt-4o"),
            (WireApi::OpenAiResponses, "gpt-4o"),
            (WireApi::OllamaChat, "llama3.2:3b"),
        ];
        for (api, id) in rows {
            let blind = ModelInfo { input: vec![InputKind::Text], reasoning: false, id: id.into(), ..info(api) };
            holds(&blind, &request)?;
            holds(&ModelInfo { id: id.into(), max_tokens: None, ..info(api) }, &request)?;
        }
    }
}
