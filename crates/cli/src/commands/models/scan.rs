//! `openclaw models scan`: what there is on this machine, which free models OpenRouter offers, and what they show when they
//! are asked to call a tool and to look at an image. Nothing is changed unless a flag says so.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use openclaw_guard::{Clock as _, SystemClock};
use openclaw_models::InputKind;
use openclaw_models::catalog::Reference;
use openclaw_models::failover::{Asked, Candidate, Description, candidates};
use openclaw_models::local::{Looked, look_around};
use openclaw_models::probe::{Bounds, Heard, Probed, Unheard, probe};
use openclaw_models::scan::{FreeModel, ScanError, Wanted, free_models};
use serde_json::{Value, json};

use super::ask::{Silence, connect};
use super::choice::{self, Route};
use super::view::ModelsView;
use crate::args::{InstanceArgs, ModelsScanArgs};
use crate::output::{self, AlreadyTold};
use crate::runtime;

const PROVIDER: &str = "openrouter";
/// Enough for a model that thinks before it calls.
const MAX_TOKENS: u32 = 256;

/// A free model and what it showed.
struct Tried {
    model: FreeModel,
    /// Nothing when it was not asked.
    shown: Option<Result<Probed, Silence>>,
}

impl Tried {
    fn tool(&self) -> Option<&Heard> {
        self.shown.as_ref()?.as_ref().ok()?.tool.as_ref().ok()
    }

    fn image(&self) -> Option<&Heard> {
        self.shown.as_ref()?.as_ref().ok()?.image.as_ref()?.as_ref().ok()
    }
}

pub(super) fn run(flags: &InstanceArgs, args: &ModelsScanArgs) -> anyhow::Result<()> {
    let view = ModelsView::open(flags, None)?;
    let wanted = Wanted {
        min_params: args.min_params,
        max_age_ms: args.max_age_days.map(|days| i64::from(days) * 86_400_000),
        maker: args.provider.clone(),
        most: usize::from(args.max_candidates),
        now_ms: SystemClock.now_ms(),
    };
    let (local, free) = runtime::block_on(async {
        let local = look_around(&view.catalog).await;
        let free = match args.local {
            true => None,
            false => Some(match free_models(&view.catalog, &wanted).await {
                Ok(models) => Ok(try_all(&view, args, models).await),
                Err(error) => Err(error),
            }),
        };
        Ok((local, free))
    })?;
    let outcome = match &free {
        Some(Ok(tried)) => choose(flags, args, (&view, tried)),
        Some(Err(_)) | None => Ok(Vec::new()),
    };
    let chosen: &[(Route, String)] = outcome.as_deref().unwrap_or_default();
    show(flags, args, (&local, free.as_ref(), chosen))?;
    outcome?;
    // Whoever asked for the list did not get it, and nothing was set.
    if matches!(free, Some(Err(_))) { Err(AlreadyTold.into()) } else { Ok(()) }
}

/// What was found: on this machine, at OpenRouter, and what was chosen of it.
type Found<'a> = (&'a [Looked], Option<&'a Result<Vec<Tried>, ScanError>>, &'a [(Route, String)]);

fn show(flags: &InstanceArgs, args: &ModelsScanArgs, (local, free, chosen): Found<'_>) -> anyhow::Result<()> {
    if args.json {
        let (models, problem) = match free {
            Some(Ok(models)) => (models.iter().map(free_json).collect::<Vec<_>>(), None),
            Some(Err(error)) => (Vec::new(), Some(error.to_string())),
            None => (Vec::new(), None),
        };
        return Ok(output::json(&json!({
            "local": local.iter().map(local_json).collect::<Vec<_>>(), "results": models, "problem": problem,
            "chosen": chosen.iter().map(|(what, model)| json!({"key": path(*what), "model": model})).collect::<Vec<_>>(),
        }))?);
    }
    for looked in local {
        output::line(&output::printable(&local_words(looked)))?;
    }
    match free {
        None => {}
        Some(Err(error)) => output::complain(&format!("OpenRouter: {error}")),
        Some(Ok(models)) => {
            output::line(&format!("OpenRouter, free models ({}):", models.len()))?;
            for tried in models {
                output::line(&output::printable(&free_words(tried)))?;
            }
        }
    }
    for (route, model) in chosen {
        output::line(&output::printable(&format!("{}: {model}", path(*route))))?;
    }
    let next = "`openclaw models set MODEL` chooses one, `openclaw models fallbacks add MODEL` keeps one in reserve.";
    Ok(output::line(&output::for_instance(next, flags))?)
}

/// Asks each model, some at a time. What calls tools comes first then, the quick ones before the slow ones.
async fn try_all(view: &ModelsView, args: &ModelsScanArgs, models: Vec<FreeModel>) -> Vec<Tried> {
    let untried =
        |models: Vec<FreeModel>| models.into_iter().map(|model| Tried { model, shown: None }).collect();
    if args.no_probe || models.is_empty() {
        return untried(models);
    }
    let Some(credential) = credential(view) else {
        output::complain(
            "OpenRouter: no key, so no model was asked; run `openclaw models auth add --provider openrouter`, set \
             OPENROUTER_API_KEY, or add --no-probe",
        );
        return untried(models);
    };
    let bounds = Bounds {
        time: Duration::from_millis(args.timeout),
        tokens: MAX_TOKENS,
        thinking: Some(view.thinking()),
        now_ms: view.now_ms,
    };
    let asked = models.into_iter().map(|model| try_one(view, &credential, (model, bounds)));
    let mut tried: Vec<Tried> = stream::iter(asked).buffered(usize::from(args.concurrency)).collect().await;
    tried.sort_by_key(|tried| {
        let tool = tried.tool().map_or(Duration::MAX, |heard| heard.took);
        let size = (tried.model.context_length.unwrap_or(0), tried.model.params.unwrap_or(0));
        (tried.image().is_none(), tool, std::cmp::Reverse(size))
    });
    tried
}

/// The first credential that turns would try.
fn credential(view: &ModelsView) -> Option<Candidate> {
    let models = [Reference { provider: PROVIDER.to_owned(), model: String::new() }];
    let asked = Asked { models: &models, pinned: None, now_ms: view.now_ms };
    let mut all = candidates(&view.catalog, &view.credentials, view.auth.settings(), &asked).into_iter();
    all.find(|candidate| candidate.credential.is_some())
}

async fn try_one(view: &ModelsView, credential: &Candidate, (model, bounds): (FreeModel, Bounds)) -> Tried {
    let reference = Reference { provider: PROVIDER.to_owned(), model: model.id.clone() };
    let described = view.catalog.describe_found(&reference).ok().map(|mut info| {
        if model.sees_images && !info.sees_images() {
            info.input.push(InputKind::Image);
        }
        info
    });
    let description = described.map_or(Description::Known, |info| Description::Given(Box::new(info)));
    let candidate = Candidate { reference, credential: credential.credential.clone(), rest: None };
    let shown = match connect(view, &candidate, description).await {
        Ok(connected) => Ok(probe(&*connected, bounds).await),
        Err(why) => Err(why),
    };
    Tried { model, shown: Some(shown) }
}

fn path(route: Route) -> &'static str {
    match route {
        Route::Model => "agents.defaults.model",
        Route::ImageModel => "agents.defaults.imageModel",
    }
}

/// Sets what the flags ask for, all of it or nothing.
fn choose(
    flags: &InstanceArgs,
    args: &ModelsScanArgs,
    (view, tried): (&ModelsView, &[Tried]),
) -> anyhow::Result<Vec<(Route, String)>> {
    let mut chosen = Vec::new();
    let wishes = [
        (args.set_default, Route::Model, "calls tools", tried.iter().find(|tried| tried.tool().is_some())),
        (
            args.set_image,
            Route::ImageModel,
            "looks at images",
            tried.iter().find(|tried| tried.image().is_some()),
        ),
    ];
    for (_, route, what, found) in wishes.into_iter().filter(|(wanted, ..)| *wanted) {
        let found = found.ok_or_else(|| {
            anyhow::anyhow!(
                "no model showed that it {what}, so nothing is set; `openclaw models scan` lists what each of them did"
            )
        })?;
        chosen.push((route, format!("{PROVIDER}/{}", found.model.id)));
    }
    if !chosen.is_empty() {
        choice::choose(flags, &view.catalog, &chosen)?;
    }
    Ok(chosen)
}

fn local_json(looked: &Looked) -> Value {
    let models: Vec<Value> = looked
        .found
        .iter()
        .flatten()
        .map(|model| {
            json!({"modelRef": format!("{}/{}", looked.provider, model.id), "contextLength": model.context_window,
                "runningContext": model.running_window, "tools": model.calls_tools, "image": model.sees_images,
                "reasoning": model.reasoning, "chat": model.converses})
        })
        .collect();
    json!({"provider": looked.provider, "baseUrl": looked.base_url, "models": models,
        "problem": looked.found.as_ref().err().map(ToString::to_string)})
}

fn local_words(looked: &Looked) -> String {
    let models = match &looked.found {
        Ok(models) => models,
        Err(error) => return format!("{} at {}: {error}", looked.provider, looked.base_url),
    };
    let mut lines = vec![format!("{} at {} ({}):", looked.provider, looked.base_url, models.len())];
    for model in models {
        let mut can: Vec<String> = Vec::new();
        can.extend(model.context_window.map(|tokens| format!("{tokens} tokens")));
        can.extend(model.running_window.map(|tokens| format!("runs with {tokens}")));
        can.push(if model.converses { "chat" } else { "vectors only" }.to_owned());
        can.extend(model.calls_tools.then(|| "tools".to_owned()));
        can.extend(model.sees_images.then(|| "images".to_owned()));
        can.extend(model.reasoning.then(|| "reasoning".to_owned()));
        lines.push(format!("- {}/{}  {}", looked.provider, model.id, can.join(", ")));
    }
    lines.join("\n")
}

fn free_json(tried: &Tried) -> Value {
    let model = &tried.model;
    json!({"id": model.id, "name": model.name, "provider": "openrouter", "modelRef": format!("openrouter/{}", model.id),
        "contextLength": model.context_length, "inferredParamB": model.params, "createdAtMs": model.created_at_ms,
        "supportsToolsMeta": model.calls_tools, "supportsImagesMeta": model.sees_images,
        "tool": shown_json(tried, |probed| Some(&probed.tool)),
        "image": shown_json(tried, |probed| probed.image.as_ref())})
}

type Outcome = Result<Heard, Unheard>;

fn shown_json(tried: &Tried, of: impl Fn(&Probed) -> Option<&Outcome>) -> Value {
    let outcome = match &tried.shown {
        None => None,
        Some(Err(why)) => {
            return json!({"ok": false, "latencyMs": null, "error": why.to_string(), "skipped": false});
        }
        Some(Ok(probed)) => of(probed),
    };
    match outcome {
        None => json!({"ok": false, "latencyMs": null, "skipped": true}),
        Some(Ok(heard)) => {
            let took = u64::try_from(heard.took.as_millis()).ok();
            json!({"ok": true, "latencyMs": took, "skipped": false})
        }
        Some(Err(why)) => json!({"ok": false, "latencyMs": null, "error": why.to_string(), "skipped": false}),
    }
}

fn shown_words(what: &str, outcome: &Outcome) -> String {
    match outcome {
        Ok(heard) => format!("{what}: works, {} ms", heard.took.as_millis()),
        Err(why) => format!("{what}: {why}"),
    }
}

fn free_words(tried: &Tried) -> String {
    let model = &tried.model;
    let mut can: Vec<String> = Vec::new();
    can.extend(model.context_length.map(|tokens| format!("{tokens} tokens")));
    can.extend(model.params.map(|params| format!("{params}B")));
    match &tried.shown {
        None => {
            can.extend(model.calls_tools.then(|| "tools".to_owned()));
            can.extend(model.sees_images.then(|| "images".to_owned()));
        }
        Some(Err(why)) => can.push(why.to_string()),
        Some(Ok(probed)) => {
            can.push(shown_words("tools", &probed.tool));
            can.extend(probed.image.as_ref().map(|outcome| shown_words("images", outcome)));
        }
    }
    format!("- openrouter/{}  {}", model.id, can.join(", "))
}
