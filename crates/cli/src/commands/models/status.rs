//! `openclaw models status`

use std::collections::BTreeSet;

use anyhow::bail;
use openclaw_credentials::{Credential, Rest, rest_of};
use openclaw_models::catalog::{KeySource, Reference};
use serde_json::{Map, Value, json};

use super::probe::{self, Report, Target};
use super::programs::{Program, programs};
use super::view::ModelsView;
use crate::args::{InstanceArgs, ModelsStatusArgs};
use crate::format;
use crate::output::{self, AlreadyTold, CannotLook};
use crate::runtime;

/// What there is of credentials, the providers without, and the programs.
type Seen<'a> = (&'a [ProviderAuth], &'a [String], &'a [Program<'a>]);

/// A token that ends so soon is worth a warning: a day.
const WARN_MS: i64 = 24 * 3_600_000;

/// How a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Health {
    Ok,
    Static,
    Expiring,
    Expired,
}

impl Health {
    fn of(credential: &Credential, now_ms: i64) -> Self {
        match credential {
            Credential::ApiKey { .. } => Self::Static,
            // It is renewed by itself.
            Credential::OAuth(token) if !token.refresh.is_blank() => Self::Ok,
            Credential::OAuth(_) | Credential::Token { .. } => match credential.expires() {
                None => Self::Static,
                Some(at) if at <= now_ms => Self::Expired,
                Some(at) if at - now_ms <= WARN_MS => Self::Expiring,
                Some(_) => Self::Ok,
            },
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Static => "static",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
        }
    }
}

/// What there is of credentials at one provider.
struct ProviderAuth {
    provider: String,
    profiles: Vec<(String, Credential, Option<Rest>)>,
    env: Option<&'static str>,
    config: bool,
}

impl ProviderAuth {
    /// Who is asked first.
    fn effective(&self) -> &'static str {
        match (self.profiles.is_empty(), self.config, self.env) {
            (false, _, _) => "profiles",
            (true, true, _) => "models.json",
            (true, false, Some(_)) => "env",
            (true, false, None) => "missing",
        }
    }

    fn count(&self, kind: &str) -> usize {
        self.profiles.iter().filter(|(_, credential, _)| credential.kind() == kind).count()
    }

    fn labels(&self, now_ms: i64) -> Vec<String> {
        let label = |(id, credential, rest): &(String, Credential, Option<Rest>)| {
            let rests = rest.map(|rest| {
                format!(
                    " [{} {}]",
                    rest.reason.as_str(),
                    format::ago(rest.until - now_ms).replace(" ago", " left")
                )
            });
            format!("{id}={}{}", credential.kind(), rests.unwrap_or_default())
        };
        self.profiles.iter().map(label).collect()
    }
}

pub(super) fn run(flags: &InstanceArgs, args: &ModelsStatusArgs) -> anyhow::Result<()> {
    let view = ModelsView::open(flags, args.agent.as_deref())?;
    let default = view.catalog.default_reference();
    if let Some(written) = &view.catalog.choice().primary {
        view.warn_of(written);
    }
    let in_use = in_use(&view, &default);
    let auth = providers(&view, &in_use);
    let programs = programs(&view, &in_use);
    let is_program = |reference: &&Reference| view.catalog.cli_backend(&reference.provider).is_some();
    let missing: Vec<String> = in_use
        .iter()
        .filter(|reference| !is_program(reference) && !view.has_auth(reference))
        .map(|reference| reference.provider.clone())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let probed = if args.probe.probe { Some(probe_all(&view, args, (&auth, &in_use))?) } else { None };
    if args.form.json {
        let mut report = report(&view, &default, (&auth, &missing, &programs));
        if let Some(probed) = &probed {
            report["auth"]["probes"] = probed.json(&args.probe);
        }
        output::json(&report)?;
    } else if args.form.plain {
        output::line(&default)?;
    } else {
        let text = words(&view, &default, (&auth, &missing, &programs));
        output::line(&output::for_instance(&text, flags))?;
        for line in probed.iter().flat_map(Report::lines) {
            output::line(&line)?;
        }
    }
    let worst = auth.iter().flat_map(|it| &it.profiles).map(|(_, it, _)| Health::of(it, view.now_ms)).max();
    match (args.check, worst) {
        (true, _) if !missing.is_empty() || programs.iter().any(Program::is_missed) => {
            Err(AlreadyTold.into())
        }
        (true, _) if probed.as_ref().is_some_and(|probed| !probed.all_work()) => Err(AlreadyTold.into()),
        (true, Some(Health::Expired)) => Err(AlreadyTold.into()),
        (true, Some(Health::Expiring)) => Err(CannotLook(AlreadyTold.into()).into()),
        (true, Some(Health::Ok | Health::Static) | None) | (false, _) => Ok(()),
    }
}

/// Asks with every credential, each for a model that is in use or else for the first one that its provider has.
fn probe_all(
    view: &ModelsView,
    args: &ModelsStatusArgs,
    (auth, in_use): (&[ProviderAuth], &[Reference]),
) -> anyhow::Result<Report> {
    let all = view.catalog.all_models();
    let model_of = |provider: &str| {
        let mut known = in_use.iter().chain(all.iter().map(|model| &model.reference));
        known.find(|reference| reference.provider == provider).cloned()
    };
    let mut targets = Vec::new();
    for auth in auth {
        let target = |source, mode| Target {
            provider: auth.provider.clone(),
            source,
            mode,
            model: model_of(&auth.provider),
        };
        for (id, credential, _) in &auth.profiles {
            targets.push(target(KeySource::Profile(id.clone()), credential.kind()));
        }
        if auth.config {
            targets.push(target(KeySource::Config, "api_key"));
        }
        targets.extend(auth.env.map(|name| target(KeySource::Environment(name), "api_key")));
    }
    let report = runtime::block_on(async { Ok(probe::run(view, &args.probe, targets).await) })?;
    // A filter that fits nothing is a slip, and must not look as if all were well.
    if let Some(filter) = args.probe.filter().filter(|_| report.is_empty()) {
        bail!("no credential fits {filter}; `openclaw models status` lists those that there are");
    }
    Ok(report)
}

/// The models that can be asked for an answer.
fn in_use(view: &ModelsView, default: &str) -> Vec<Reference> {
    let image = view.catalog.image_model();
    let texts = [default].into_iter().chain(view.catalog.fallbacks().iter().map(String::as_str));
    let texts = texts.chain(image.primary.as_deref()).chain(image.fallbacks.iter().map(String::as_str));
    texts.filter_map(|text| Some(view.catalog.find(text).ok()?.0)).collect()
}

fn providers(view: &ModelsView, in_use: &[Reference]) -> Vec<ProviderAuth> {
    let settings = view.auth.settings();
    let all = view.credentials.profiles();
    let mut ids: BTreeSet<String> = in_use.iter().map(|reference| reference.provider.clone()).collect();
    ids.extend(all.iter().map(|profile| (settings.canonical)(&profile.provider)));
    ids.extend(view.catalog.providers().iter().map(|entry| entry.id.clone()));
    let of = |provider: String| {
        let profiles = all.iter().filter(|profile| settings.same_provider(&profile.provider, &provider));
        let profiles = profiles.map(|profile| {
            let usage = view.credentials.usage(&profile.id);
            let models = [""].into_iter().chain(usage.models.keys().map(String::as_str));
            let rest =
                models.filter_map(|model| rest_of(&usage, model, view.now_ms)).max_by_key(|rest| rest.until);
            (profile.id.clone(), profile.credential.clone(), rest)
        });
        let keys = view.catalog.entry(&provider).map(|entry| view.catalog.keys(entry)).unwrap_or_default();
        let env = keys.iter().find_map(|key| match &key.source {
            KeySource::Environment(name) => Some(*name),
            KeySource::Config | KeySource::Profile(_) => None,
        });
        let config = keys.iter().any(|key| key.source == KeySource::Config);
        ProviderAuth { profiles: profiles.collect(), env, config, provider }
    };
    ids.into_iter().map(of).filter(|auth| auth.effective() != "missing").collect()
}

fn report(view: &ModelsView, default: &str, (auth, missing, programs): Seen<'_>) -> Value {
    let choice = view.catalog.choice();
    let image = view.catalog.image_model();
    let aliases: Map<String, Value> = view
        .catalog
        .allowed_models()
        .iter()
        .filter_map(|allowed| Some((allowed.alias.clone()?, json!(allowed.reference))))
        .collect();
    let allowed: Vec<&str> = view.catalog.allowed_models().iter().map(|it| it.reference.as_str()).collect();
    let own = view.instance.config().agents.find(&view.agent).and_then(|agent| agent.model.as_ref());
    let source = |is_own: bool| if is_own { "agent" } else { "defaults" };
    json!({
        "configPath": view.instance.loaded.path,
        "agentId": view.agent,
        "agentDir": view.agent_dir,
        "defaultModel": choice.primary.as_deref().unwrap_or(default),
        "resolvedDefault": default,
        "fallbacks": choice.fallbacks,
        "imageModel": image.primary,
        "imageFallbacks": image.fallbacks,
        "modelConfig": {
            "defaultSource": source(own.is_some_and(|own| own.primary.is_some())),
            "fallbacksSource": source(own.is_some_and(|own| own.fallbacks.is_some())),
        },
        "aliases": aliases,
        "allowed": allowed,
        "cliBackends": programs.iter().map(Program::json).collect::<Vec<_>>(),
        "auth": {
            "storePath": view.auth.places().file(),
            "providersWithOAuth": with_tokens(auth),
            "missingProvidersInUse": missing,
            "providers": auth.iter().map(|it| provider_json(it, view.now_ms)).collect::<Vec<_>>(),
            "unusableProfiles": auth.iter().flat_map(|it| unusable(it, view.now_ms)).collect::<Vec<_>>(),
            "oauth": {"warnAfterMs": WARN_MS, "profiles": tokens(auth, view.now_ms)},
        },
    })
}

fn with_tokens(auth: &[ProviderAuth]) -> Vec<String> {
    let counted = auth.iter().map(|it| (&it.provider, it.count("oauth") + it.count("token")));
    counted.filter(|(_, count)| *count > 0).map(|(provider, count)| format!("{provider} ({count})")).collect()
}

/// The fields of OpenClaw, but no part of a key: it shows the ends of keys and short ones whole.
fn provider_json(auth: &ProviderAuth, now_ms: i64) -> Value {
    let mut value = json!({
        "provider": auth.provider,
        "effective": {"kind": auth.effective(), "detail": auth.env.unwrap_or_default()},
        "profiles": {
            "count": auth.profiles.len(), "oauth": auth.count("oauth"), "token": auth.count("token"),
            "apiKey": auth.count("api_key"), "labels": auth.labels(now_ms),
        },
    });
    if let (Some(value), Some(name)) = (value.as_object_mut(), auth.env) {
        value.insert("env".to_owned(), json!({"source": format!("env: {name}")}));
    }
    if let (Some(value), true) = (value.as_object_mut(), auth.config) {
        value.insert(
            "modelsJson".to_owned(),
            json!({"source": format!("models.providers.{}", auth.provider)}),
        );
    }
    value
}

fn unusable(auth: &ProviderAuth, now_ms: i64) -> Vec<Value> {
    let resting = auth.profiles.iter().filter_map(|(id, _, rest)| Some((id, (*rest)?)));
    let row = |(id, rest): (&String, Rest)| {
        let kind = if rest.reason == openclaw_credentials::Reason::Billing { "disabled" } else { "cooldown" };
        json!({"profileId": id, "provider": auth.provider, "kind": kind, "reason": rest.reason.as_str(),
            "until": rest.until, "remainingMs": rest.until - now_ms})
    };
    resting.map(row).collect()
}

fn tokens(auth: &[ProviderAuth], now_ms: i64) -> Vec<Value> {
    let all = auth.iter().flat_map(|it| it.profiles.iter().map(move |profile| (it, profile)));
    let tokens = all.filter(|(_, (_, credential, _))| credential.kind() != "api_key");
    let row = |(auth, (id, credential, _)): (&ProviderAuth, &(String, Credential, Option<Rest>))| {
        json!({"profileId": id, "provider": auth.provider, "type": credential.kind(),
            "status": Health::of(credential, now_ms).as_str(), "expiresAt": credential.expires(),
            "remainingMs": credential.expires().map(|at| at - now_ms)})
    };
    tokens.map(row).collect()
}

fn words(view: &ModelsView, default: &str, (auth, missing, programs): Seen<'_>) -> String {
    let home = &view.instance.at.home;
    let choice = view.catalog.choice();
    let image = view.catalog.image_model();
    let list = |items: &[String]| if items.is_empty() { "-".to_owned() } else { items.join(", ") };
    let written = choice.primary.as_deref().filter(|written| *written != default);
    let named = written.map_or_else(|| default.to_owned(), |written| format!("{default} (from {written})"));
    let aliases: Vec<String> =
        view.catalog.aliases().iter().map(|(alias, key)| format!("{alias} -> {key}")).collect();
    let allowed: Vec<String> =
        view.catalog.allowed_models().iter().map(|allowed| allowed.reference.clone()).collect();
    let mut rows = vec![
        ("Config", format::short_path(&view.instance.loaded.path, home)),
        ("Agent", format!("{} in {}", view.agent, format::short_path(&view.agent_dir, home))),
        ("Default", named),
        ("Fallbacks", list(&choice.fallbacks)),
        ("Image model", image.primary.clone().unwrap_or_else(|| "-".to_owned())),
        ("Image fallbacks", list(&image.fallbacks)),
        ("Aliases", aliases.join("\n")),
        ("Allowed", if allowed.is_empty() { "all".to_owned() } else { allowed.join("\n") }),
        ("Credentials", format::short_path(&view.auth.places().file(), home)),
    ];
    rows.extend(auth.iter().map(|it| ("", provider_words(it, view.now_ms))));
    for (id, credential, _) in auth.iter().flat_map(|it| &it.profiles) {
        match Health::of(credential, view.now_ms) {
            Health::Ok | Health::Static => {}
            Health::Expiring => rows.push(("Ends soon", format!("the token of {id}"))),
            Health::Expired => rows.push(("Has ended", format!("the token of {id}; it is not used"))),
        }
    }
    for provider in missing {
        let next = format!("{provider}: run `openclaw models auth add --provider {provider}`");
        rows.push(("Missing", next));
    }
    for (at, program) in programs.iter().enumerate() {
        rows.push((if at == 0 { "Programs" } else { "" }, program.words()));
    }
    for path in view.catalog.unsent_params() {
        rows.push(("Not sent", path));
    }
    output::table(&rows)
}

fn provider_words(auth: &ProviderAuth, now_ms: i64) -> String {
    let mut parts = auth.labels(now_ms);
    if auth.config {
        parts.push(format!("models.providers.{}.apiKey", auth.provider));
    }
    parts.extend(auth.env.map(str::to_owned));
    format!("{}: {}", auth.provider, parts.join(", "))
}
