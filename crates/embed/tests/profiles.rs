//! Keys of an agent's profiles: before the configuration and the environment, and only where they belong.

use openclaw_config::{Config, Env};
use openclaw_credentials::{AuthPlaces, AuthSettings, AuthStore, Credential, Profile};
use openclaw_embed::{Around, Choice, Chosen, OwnKeys, choose};
use openclaw_guard::Secret;

/// Profiles: provider, and `key` or `token`.
type Profiles<'a> = &'a [(&'a str, &'a str)];

#[allow(clippy::panic, reason = "a test stops at once when its own assumptions break")]
fn config(search: &str, providers: &str) -> Config {
    let file = format!(
        "{{ agents: {{ defaults: {{ memorySearch: {search} }} }}, models: {{ providers: {providers} }} }}"
    );
    openclaw_config::parse(&file, "openclaw.json", &Env::from([]))
        .unwrap_or_else(|bad| panic!("{bad:?}"))
        .config
}

#[allow(clippy::unwrap_used, reason = "a test stops at once when its own assumptions break")]
fn decide(search: &str, providers: &str, profiles: Profiles<'_>, env: &[(&str, &str)]) -> Chosen {
    let home = tempfile::tempdir().unwrap();
    let store =
        AuthStore::new(AuthPlaces::new(home.path(), &home.path().join("agent")), AuthSettings::default());
    for (provider, kind) in profiles {
        let text = || Secret::new(format!("{provider}-{kind}"));
        let credential = match *kind {
            "key" => Credential::ApiKey { key: text() },
            _ => Credential::Token { token: text(), expires: None },
        };
        let profile = Profile {
            id: format!("{provider}:default"),
            provider: (*provider).into(),
            credential,
            email: None,
        };
        store.update(|file| file.put(&profile)).unwrap();
    }
    let config = config(search, providers);
    let env: Env = env.iter().map(|(name, value)| (*name, *value)).collect();
    let keys = OwnKeys::new(&env, &store, 0);
    let around = Around { providers: &config.models.providers, keys: &keys, find_file: &|_| None };
    choose(&config.agents.defaults.memory_search, &around)
}

/// Provider, address and key.
fn line(chosen: &Chosen) -> String {
    match &chosen.primary {
        None => "nobody".to_owned(),
        Some(Choice::Builtin) => "builtin".to_owned(),
        Some(Choice::Local(_)) => "local".to_owned(),
        Some(Choice::Remote(spec)) => {
            let key = spec.key.as_ref().map_or("-", |key| key.expose());
            format!("{} {} {key}", spec.dialect.name(), spec.base_url)
        }
    }
}

#[test]
fn a_profile_comes_before_the_configuration_and_the_environment() {
    let (openai, gemini, voyage) = (
        "openai https://api.openai.com/v1",
        "gemini https://generativelanguage.googleapis.com/v1beta",
        "voyage https://api.voyageai.com/v1",
    );
    let env: &[_] = &[("OPENAI_API_KEY", "e")];
    let config = "{ openai: { baseUrl: 'https://api.openai.com/v1', apiKey: 'c' } }";
    let rows: [(&str, &str, Profiles<'_>, &[_], String); 8] = [
        ("{}", "{}", &[], env, format!("{openai} e")),
        ("{}", config, &[], env, format!("{openai} c")),
        ("{}", config, &[("openai", "key")], env, format!("{openai} openai-key")),
        ("{ remote: { apiKey: 'r' } }", config, &[("openai", "key")], env, format!("{openai} r")),
        ("{}", "{}", &[("openai", "token")], &[], format!("{openai} openai-token")),
        ("{}", "{}", &[("google", "key"), ("voyage", "key")], &[], format!("{gemini} google-key")),
        ("{}", "{}", &[("voyage", "key")], &[], format!("{voyage} voyage-key")),
        ("{}", "{}", &[("anthropic", "key")], &[], "builtin".to_owned()),
    ];
    for (search, providers, profiles, env, expected) in rows {
        let chosen = decide(search, providers, profiles, env);
        assert_eq!(line(&chosen), expected, "{search} {providers} {profiles:?}");
    }
    let chosen = decide("{}", "{}", &[("openai", "key")], &[]);
    assert_eq!(chosen.why, "the profile openai:default is set");
}

#[test]
fn a_profile_goes_only_where_it_belongs() {
    let there = "{ provider: 'openai', remote: { baseUrl: 'https://p.example/v1' } }";
    let section = "{ openai: { baseUrl: 'https://p.example/v1' } }";
    let with_key = "{ openai: { baseUrl: 'https://p.example/v1', apiKey: 'c' } }";
    let named: &[_] = &[("OPENAI_API_KEY", "e"), ("OPENAI_BASE_URL", "https://p.example/v1")];
    let key: Profiles<'_> = &[("openai", "key")];
    let token: Profiles<'_> = &[("openai", "token")];
    let asked = "{ provider: 'openai' }";
    let rows: [(&str, &str, Profiles<'_>, &[_], &str); 7] = [
        // Nobody said that this is OpenAI's.
        (there, "{}", key, &[], "-"),
        (there, section, key, &[], "-"),
        // The owner said where OpenAI is.
        (asked, section, key, &[], "openai-key"),
        (asked, "{}", key, named, "openai-key"),
        // A subscription's token is for its own address alone.
        (asked, section, token, &[], "-"),
        (asked, with_key, token, &[], "c"),
        (asked, "{}", token, named, "e"),
    ];
    for (search, providers, profiles, env, expected) in rows {
        let chosen = decide(search, providers, profiles, env);
        let expected = format!("openai https://p.example/v1 {expected}");
        assert_eq!(line(&chosen), expected, "{search} {providers} {profiles:?}");
    }
    let said = decide(there, "{}", key, &[]).problems.iter().map(ToString::to_string).collect::<String>();
    assert!(said.contains("the key in the profile openai:default belongs to another address"), "{said}");
    assert!(said.contains("is not sent to p.example"), "{said}");
}

#[test]
fn profiles_that_cannot_be_read_are_as_if_there_were_none() {
    let home = tempfile::tempdir().unwrap();
    let places = AuthPlaces::new(home.path(), &home.path().join("agent"));
    openclaw_guard::create_private_dir(&places.agent_dir).unwrap();
    openclaw_guard::write_atomic(&places.file(), b"{ no").unwrap();
    let store = AuthStore::new(places, AuthSettings::default());
    let env = Env::from([]);
    let keys = OwnKeys::new(&env, &store, 0);
    let config = config("{}", "{}");
    let around = Around { providers: &config.models.providers, keys: &keys, find_file: &|_| None };
    assert_eq!(line(&choose(&config.agents.defaults.memory_search, &around)), "builtin");
}
