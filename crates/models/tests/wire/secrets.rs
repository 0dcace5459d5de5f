//! Where the owner's secrets go, and that no error repeats them: the whole way from the files to a server (S-096).

use std::sync::Arc;

use openclaw_config::Env;
use openclaw_guard::Secret;
use openclaw_http::GuardedHttp;
use openclaw_models::catalog::{
    Catalog, Environment, Keyed, ModelEntry, ProviderEntry, Providers, Reference, read_models_file,
};
use openclaw_models::wire::{Access, Endpoint, RemoteChat};
use openclaw_models::{CallPolicy, ModelError, ModelRequest, Retries, Timeouts, WireApi};
use openclaw_testkit::model_server::{ModelServer, Reply};
use serde_json::{Value, json};

use crate::apis::{KEY, implementation, info, run};

const OWNER: &str = "sk-of-the-owner-1";

fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

/// Everything that a server hears of `provider` when an agent's `models.json` says this of it.
async fn heard(provider: &str, said: Value, configured: Option<ProviderEntry>) -> (String, Vec<String>) {
    let server = ModelServer::start();
    let said = said.to_string().replace("SERVER", &server.base_url());
    let folder = tempfile::tempdir().unwrap();
    let file = json!({"providers": {provider: serde_json::from_str::<Value>(&said).unwrap()}}).to_string();
    openclaw_guard::write_atomic(&folder.path().join("models.json"), file.as_bytes()).unwrap();

    let env = Env::from([("ANTHROPIC_API_KEY", OWNER), ("OPENAI_API_KEY", OWNER)]);
    let mut providers = Providers { entries: configured.into_iter().collect(), ..Providers::default() };
    let remarks = read_models_file(folder.path(), &mut providers, &env);
    let catalog = Catalog::new(providers, Environment::from_env(&env));
    let entry = catalog.entry(provider).unwrap();
    let keys = catalog.keys(entry);
    let key = keys.first().map_or(Keyed::Without, Keyed::With);
    let model = catalog.connect(&Reference::new(provider, "m"), key).unwrap();
    let mut stream = model.stream(ModelRequest::default(), Default::default());
    while futures_util::StreamExt::next(&mut stream).await.is_some() {}
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "{provider} was not asked");
    (format!("{:?}", requests[0]), remarks)
}

fn with_key(provider: &str) -> ProviderEntry {
    ProviderEntry { api_key: Some(secret(OWNER)), ..ProviderEntry::new(provider, "") }
}

#[tokio::test]
async fn an_address_that_only_models_json_names_hears_no_secret_of_the_owner() {
    let header = || vec![("x-key".to_owned(), secret(OWNER))];
    let with_header = |id| ProviderEntry { headers: header(), ..ProviderEntry::new(id, "") };
    let of_model = ModelEntry { headers: header(), ..ModelEntry::new("m") };
    let with_model_header = ProviderEntry { models: vec![of_model], ..ProviderEntry::new("openai", "") };
    let rows = [
        ("openai", json!({"baseUrl": "SERVER"}), Some(with_key("openai")), 1),
        ("mine", json!({"baseUrl": "SERVER"}), Some(with_key("mine")), 1),
        ("openai", json!({"baseUrl": "SERVER"}), Some(with_header("openai")), 1),
        ("openai", json!({"baseUrl": "SERVER"}), Some(with_model_header), 1),
        ("mine", json!({"baseUrl": "SERVER", "apiKey": "ANTHROPIC_API_KEY"}), None, 1),
        ("openai", json!({"baseUrl": "SERVER", "apiKey": "OPENAI_API_KEY"}), None, 0),
        ("openai", json!({"baseUrl": "SERVER"}), None, 0),
    ];
    for (provider, said, configured, remarks) in rows {
        let words = format!("{provider} {said}");
        let (heard, said) = heard(provider, said, configured).await;
        assert!(!heard.contains(OWNER), "{words}: {heard}");
        assert_eq!(said.len(), remarks, "{words}: {said:?}");
        assert!(said.iter().all(|line| line.contains(provider) && !line.contains(OWNER)), "{said:?}");
    }
}

#[tokio::test]
async fn a_key_of_models_json_goes_where_it_says() {
    let (heard, remarks) = heard("mine", json!({"baseUrl": "SERVER", "apiKey": "of-the-file"}), None).await;
    assert!(heard.contains("Bearer of-the-file") && remarks.is_empty(), "{heard} {remarks:?}");
}

/// The server repeats what it was sent, as some do.
#[tokio::test]
async fn no_error_repeats_a_secret_however_it_is_written() {
    let rows = [
        (Some(format!(" {KEY}\n")), None),
        (Some(KEY.to_owned()), None),
        (None, Some(("Authorization".to_owned(), secret(&format!("Bearer {KEY}"))))),
        (None, Some(("x-key".to_owned(), secret(&format!(" {KEY} "))))),
    ];
    for (key, header) in rows {
        let server = ModelServer::start();
        let body = json!({"error": {"message": format!("I know no key {KEY}.")}}).to_string();
        server.push(Reply::Status { code: 400, retry_after: None, body });
        let headers: Vec<(String, Secret)> = header.into_iter().collect();
        let key = key.map(|key| secret(&key));
        let api = implementation(WireApi::OpenAiCompletions);
        let info = info(WireApi::OpenAiCompletions);
        let base_url = server.base_url();
        let access = Access { base_url: &base_url, key, key_place: None, headers: &headers };
        let endpoint = Endpoint::new(api, &info, access).unwrap();
        let timeouts = Timeouts::local();
        let policy = CallPolicy { timeouts, retries: Retries::default() };
        let model =
            RemoteChat::new(api, info, endpoint, Arc::new(GuardedHttp::new(timeouts.connect)), policy);
        let (_, error) = run(&model, ModelRequest::default()).await;
        assert!(format!("{:?}", server.requests()[0].headers).contains(KEY), "it was sent");
        let Some(ModelError::BadRequest { message, .. }) = error else { panic!("{error:?}") };
        assert_eq!(message, "I know no key [redacted].");
    }
}
