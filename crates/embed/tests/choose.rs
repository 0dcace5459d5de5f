//! From the configuration to a decision: every rule a row.

use std::path::PathBuf;
use std::sync::Arc;

use openclaw_config::{Config, Env};
use openclaw_embed::{
    Around, BatchApi, Choice, Chosen, EmbedError, Embedder, EnvKeys, Failure, LocalModel, LocalSpec, Makers,
    Means, ResolveProblem, choose, resolve,
};

#[allow(clippy::panic, reason = "a test stops at once when its own assumptions break")]
fn config(search: &str, providers: &str) -> Config {
    let file = format!(
        "{{ agents: {{ defaults: {{ memorySearch: {search} }} }}, models: {{ providers: {providers} }} }}"
    );
    let env = Env::from([]);
    openclaw_config::parse(&file, "openclaw.json", &env).unwrap_or_else(|bad| panic!("{bad:?}")).config
}

fn decide(search: &str, providers: &str, env: &[(&str, &str)]) -> Chosen {
    let config = config(search, providers);
    let env: Env = env.iter().map(|(name, value)| (*name, *value)).collect();
    let keys = EnvKeys(&env);
    let find_file = |path: &str| (path == "~/models/m.gguf").then(|| PathBuf::from("/home/u/models/m.gguf"));
    let around = Around { providers: &config.models.providers, keys: &keys, find_file: &find_file };
    choose(&config.agents.defaults.memory_search, &around)
}

/// A choice on one line: provider, address, model, key.
fn line(choice: Option<&Choice>) -> String {
    match choice {
        None => "nobody".to_owned(),
        Some(Choice::Builtin) => "builtin".to_owned(),
        Some(Choice::Local(spec)) => match &spec.model {
            LocalModel::File(path) => format!("local {}", path.display()),
            LocalModel::Address(address) => format!("local {address}"),
        },
        Some(Choice::Remote(spec)) => {
            let key = spec.key.as_ref().map_or("-", |key| key.expose());
            format!("{} {} {} {key}", spec.dialect.name(), spec.base_url, spec.model)
        }
    }
}

const OPENAI: (&str, &str) = ("OPENAI_API_KEY", "o");
const GEMINI: (&str, &str) = ("GEMINI_API_KEY", "g");
const GOOGLE: (&str, &str) = ("GOOGLE_API_KEY", "gg");
const VOYAGE: (&str, &str) = ("VOYAGE_API_KEY", "v");
const OPENAI_LINE: &str = "openai https://api.openai.com/v1 text-embedding-3-small o";
const GEMINI_LINE: &str = "gemini https://generativelanguage.googleapis.com/v1beta gemini-embedding-001 g";
const VOYAGE_LINE: &str = "voyage https://api.voyageai.com/v1 voyage-4-large v";
const DEFAULT_LOCAL: &str = "local hf:ggml-org/embeddinggemma-300M-GGUF/embeddinggemma-300M-Q8_0.gguf";

/// `memorySearch`, `models.providers`, environment, and who makes the vectors.
type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);

fn check(rows: &[Row<'_>]) {
    for (search, providers, env, expected) in rows {
        let chosen = decide(search, providers, env);
        assert_eq!(line(chosen.primary.as_ref()), *expected, "{search} {providers} {env:?}");
    }
}

#[test]
fn auto_takes_a_file_then_keys_in_order_then_what_is_built_in() {
    check(&[
        ("{}", "{}", &[], "builtin"),
        ("{}", "{}", &[OPENAI, GEMINI, VOYAGE], OPENAI_LINE),
        ("{}", "{}", &[GEMINI, VOYAGE], GEMINI_LINE),
        ("{}", "{}", &[VOYAGE], VOYAGE_LINE),
        ("{}", "{}", &[GOOGLE], "builtin"),
        ("{}", "{}", &[("OPENAI_API_KEY", "  ")], "builtin"),
        ("{}", "{}", &[OPENAI, ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")], "builtin"),
        ("{}", "{}", &[OPENAI, ("OPENAI_BASE_URL", "https://api.openai.com/v1/")], OPENAI_LINE),
        ("{ local: { modelPath: '~/models/m.gguf' } }", "{}", &[OPENAI], "local /home/u/models/m.gguf"),
        ("{ local: { modelPath: '~/models/gone.gguf' } }", "{}", &[OPENAI], OPENAI_LINE),
        ("{ local: { modelPath: 'hf:a/b/c.gguf' } }", "{}", &[OPENAI], OPENAI_LINE),
        (
            "{}",
            "{ google: { baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai', apiKey: 'c' } }",
            &[],
            "gemini https://generativelanguage.googleapis.com/v1beta gemini-embedding-001 c",
        ),
        (
            "{ model: 'voyage-4-lite' }",
            "{}",
            &[OPENAI, VOYAGE],
            "voyage https://api.voyageai.com/v1 voyage-4-lite v",
        ),
        (
            "{ remote: { apiKey: 'r' } }",
            "{}",
            &[VOYAGE],
            "openai https://api.openai.com/v1 text-embedding-3-small r",
        ),
        (
            "{ model: 'gemini-embedding-001', remote: { apiKey: 'r' } }",
            "{}",
            &[],
            "gemini https://generativelanguage.googleapis.com/v1beta gemini-embedding-001 r",
        ),
        (
            "{ model: 'nomic', remote: { baseUrl: 'http://127.0.0.1:11434/v1/' } }",
            "{}",
            &[],
            "openai http://127.0.0.1:11434/v1 nomic -",
        ),
        (
            "{ remote: { baseUrl: 'https://api.voyageai.com/v1', apiKey: 'r' } }",
            "{}",
            &[OPENAI],
            "voyage https://api.voyageai.com/v1 voyage-4-large r",
        ),
        ("{ remote: { baseUrl: 'no address', apiKey: 'r' } }", "{}", &[OPENAI, VOYAGE], "builtin"),
        ("{ provider: 'none' }", "{}", &[OPENAI], "nobody"),
    ]);
}

#[test]
fn a_provider_by_name_is_that_one_or_nobody() {
    check(&[
        ("{ provider: 'openai' }", "{}", &[OPENAI], OPENAI_LINE),
        ("{ provider: 'openai' }", "{}", &[GEMINI, VOYAGE], "nobody"),
        ("{ provider: 'gemini' }", "{}", &[GEMINI, GOOGLE], GEMINI_LINE),
        (
            "{ provider: 'gemini' }",
            "{}",
            &[GOOGLE],
            "gemini https://generativelanguage.googleapis.com/v1beta gemini-embedding-001 gg",
        ),
        ("{ provider: 'gemini', remote: { apiKey: 'GEMINI_API_KEY' } }", "{}", &[GEMINI], GEMINI_LINE),
        ("{ provider: 'gemini', model: 'models/gemini-embedding-001' }", "{}", &[GEMINI], GEMINI_LINE),
        ("{ provider: 'voyage' }", "{}", &[], "nobody"),
        (
            "{ provider: 'openai', model: 'openai/text-embedding-3-large' }",
            "{}",
            &[OPENAI],
            "openai https://api.openai.com/v1 text-embedding-3-large o",
        ),
        ("{ provider: 'local' }", "{}", &[OPENAI], DEFAULT_LOCAL),
        ("{ provider: 'local', local: { modelPath: 'hf:a/b/c.gguf' } }", "{}", &[], "local hf:a/b/c.gguf"),
        ("{ provider: 'local', local: { modelPath: '/gone.gguf' } }", "{}", &[OPENAI], "nobody"),
        (
            "{ provider: 'openai' }",
            "{}",
            &[OPENAI, ("OPENAI_BASE_URL", "https://p.example/v1")],
            "openai https://p.example/v1 text-embedding-3-small o",
        ),
    ]);
}

#[test]
fn a_key_goes_only_where_it_belongs() {
    let proxy = "{ provider: 'openai', remote: { baseUrl: 'https://p.example/v1' } }";
    let with_key = "{ provider: 'openai', remote: { baseUrl: 'https://p.example/v1', apiKey: 'r' } }";
    let same = "{ openai: { baseUrl: 'https://p.example/other', apiKey: 'c' } }";
    let other = "{ openai: { baseUrl: 'https://q.example/v1', apiKey: 'c' } }";
    let no_key = "{ openai: { baseUrl: 'https://q.example/v1' } }";
    let sent = |key: &str| format!("openai https://p.example/v1 text-embedding-3-small {key}");
    check(&[
        (proxy, "{}", &[OPENAI], &sent("-")),
        (with_key, "{}", &[OPENAI], &sent("r")),
        (with_key, other, &[OPENAI], &sent("r")),
        (proxy, same, &[OPENAI], &sent("c")),
        (proxy, other, &[OPENAI], &sent("-")),
        (proxy, "{}", &[OPENAI, ("OPENAI_BASE_URL", "https://p.example/v1")], &sent("o")),
        ("{ provider: 'openai' }", other, &[OPENAI], "openai https://q.example/v1 text-embedding-3-small c"),
        ("{ provider: 'openai' }", no_key, &[OPENAI], "openai https://q.example/v1 text-embedding-3-small -"),
        ("{}", no_key, &[OPENAI], "builtin"),
    ]);
    let problems: Vec<String> =
        decide(proxy, "{}", &[OPENAI]).problems.iter().map(ToString::to_string).collect();
    let expected = "memorySearch: the key in OPENAI_API_KEY belongs to another address and is not sent to p.example; \
        write it into memorySearch.remote.apiKey if p.example is to have it";
    assert_eq!(problems, [expected]);
}

#[test]
fn headers_merge_remote_wins_and_secrets_stay_at_home() {
    let names = |search: &str| {
        let providers = "{ openai: { baseUrl: 'https://api.openai.com/v1', apiKey: 'c',
            headers: { 'X-Org': 'one', 'X-Api-Key': 'secret', 'X-Both': 'theirs' } } }";
        let Some(Choice::Remote(spec)) = decide(search, providers, &[]).primary else { panic!("{search}") };
        let line = |(name, value): &(String, openclaw_guard::Secret)| format!("{name}={}", value.expose());
        spec.headers.iter().map(line).collect::<Vec<_>>()
    };
    let own = names("{ provider: 'openai', remote: { headers: { 'x-both': 'ours' } } }");
    assert_eq!(own, ["x-api-key=secret", "x-both=ours", "x-org=one"]);
    let other = names(
        "{ provider: 'openai', remote: { baseUrl: 'https://p.example/v1', headers: { 'x-both': 'ours' } } }",
    );
    assert_eq!(other, ["x-both=ours", "x-org=one"]);
}

#[test]
fn the_fallback_gets_nothing_of_the_primary() {
    let rows = [
        (
            "{ provider: 'openai', fallback: 'gemini', model: 'm', remote: { apiKey: 'r' } }",
            &[GEMINI][..],
            GEMINI_LINE,
        ),
        ("{ provider: 'openai', fallback: 'gemini', remote: { apiKey: 'r' } }", &[], "nobody"),
        ("{ provider: 'openai', fallback: 'openai' }", &[OPENAI], "nobody"),
        ("{ provider: 'openai', fallback: 'local' }", &[OPENAI], DEFAULT_LOCAL),
        ("{ provider: 'openai', fallback: 'voyage' }", &[VOYAGE], VOYAGE_LINE),
        ("{ provider: 'openai', fallback: 'none' }", &[OPENAI, VOYAGE], "nobody"),
        ("{ fallback: 'voyage' }", &[OPENAI, VOYAGE], VOYAGE_LINE),
        ("{ provider: 'none', fallback: 'voyage' }", &[VOYAGE], "nobody"),
    ];
    for (search, env, expected) in rows {
        assert_eq!(line(decide(search, "{}", env).fallback.as_ref()), expected, "{search}");
    }
}

#[test]
fn reasons_and_problems_name_the_place_and_the_next_step() {
    let said = |search: &str, env: &[(&str, &str)]| {
        let chosen = decide(search, "{}", env);
        let problems = chosen.problems.iter().map(|problem| format!("\n{problem}")).collect::<String>();
        format!("{}{problems}", chosen.why)
    };
    assert_eq!(said("{}", &[OPENAI]), "OPENAI_API_KEY is set");
    assert_eq!(
        said("{}", &[]),
        "there is no key of OpenAI, Gemini or Voyage, and the built-in model needs none"
    );
    assert_eq!(
        said("{ provider: 'voyage' }", &[OPENAI]),
        "memorySearch.provider is voyage\nmemorySearch: Voyage is asked for, and there is no key for it; set \
         VOYAGE_API_KEY, models.providers.voyage.apiKey or memorySearch.remote.apiKey"
    );
    assert_eq!(
        said("{ provider: 'local', local: { modelPath: '/gone.gguf' } }", &[]),
        "memorySearch.provider is local\nmemorySearch.local.modelPath: there is no file /gone.gguf; correct the \
         path, or use an address such as hf:..."
    );
    let bad = said("{ remote: { baseUrl: 'https://u:sk-canary@x/', apiKey: 'r' } }", &[OPENAI]);
    assert!(bad.starts_with("memorySearch.remote cannot be used\nmemorySearch: the address"), "{bad}");
    assert!(!bad.contains("canary"), "{bad}");
}

#[test]
fn jobs_are_used_where_the_service_has_them_and_the_configuration_wants_them() {
    let rows = [
        ("{ provider: 'openai' }", &[OPENAI][..], BatchApi::Offered),
        ("{ provider: 'gemini' }", &[GEMINI], BatchApi::Offered),
        ("{ provider: 'openai', remote: { batch: { enabled: false } } }", &[OPENAI], BatchApi::Absent),
        ("{ provider: 'openai', remote: { baseUrl: 'http://127.0.0.1:1/v1' } }", &[], BatchApi::Absent),
    ];
    for (search, env, expected) in rows {
        let Some(Choice::Remote(spec)) = decide(search, "{}", env).primary else { panic!("{search}") };
        assert_eq!(spec.batch, expected, "{search}");
    }
}

/// Makes a service's embedder and nothing else.
struct OnlyServices;

fn missing(what: &str) -> EmbedError {
    EmbedError {
        embedder: what.to_owned(),
        failure: Failure::Unavailable("it is not part of this test".into()),
    }
}

impl Makers for OnlyServices {
    fn builtin(&self) -> Result<Arc<dyn Embedder>, EmbedError> {
        Err(missing("builtin"))
    }

    fn local(&self, spec: &LocalSpec) -> Result<Arc<dyn Embedder>, EmbedError> {
        Err(missing(&format!("{:?}", spec.model)))
    }

    fn means(&self) -> Means {
        Means::system()
    }
}

#[test]
fn what_cannot_be_made_is_a_problem_and_the_rest_is_there() {
    let config = config("{ provider: 'local', fallback: 'voyage' }", "{}");
    let env = Env::from([VOYAGE]);
    let keys = EnvKeys(&env);
    let around = Around { providers: &config.models.providers, keys: &keys, find_file: &|_| None };
    let resolution = resolve(&config.agents.defaults.memory_search, &around, &OnlyServices);
    assert!(resolution.primary.is_none());
    let fallback = resolution.fallback.map(|embedder| embedder.identity().to_string());
    assert_eq!(fallback.as_deref(), Some("voyage/voyage-4-large"));
    assert!(matches!(resolution.problems[..], [ResolveProblem::NotMade(_)]), "{:?}", resolution.problems);
}
