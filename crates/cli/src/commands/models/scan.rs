//! `openclaw models scan`: what there is on this machine, and which free models OpenRouter offers. Nothing is changed.

use openclaw_guard::{Clock as _, SystemClock};
use openclaw_models::local::{Looked, look_around};
use openclaw_models::scan::{FreeModel, Wanted, free_models};
use serde_json::{Value, json};

use super::view::ModelsView;
use crate::args::{InstanceArgs, ModelsScanArgs};
use crate::{output, runtime};

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
            false => Some(free_models(&view.catalog, &wanted).await),
        };
        Ok((local, free))
    })?;
    if args.json {
        let (models, problem) = match &free {
            Some(Ok(models)) => (models.iter().map(free_json).collect::<Vec<_>>(), None),
            Some(Err(error)) => (Vec::new(), Some(error.to_string())),
            None => (Vec::new(), None),
        };
        return Ok(output::json(&json!({
            "local": local.iter().map(local_json).collect::<Vec<_>>(), "results": models, "problem": problem,
        }))?);
    }
    for looked in &local {
        output::line(&output::printable(&local_words(looked)))?;
    }
    match &free {
        None => {}
        Some(Err(error)) => output::complain(&format!("OpenRouter: {error}")),
        Some(Ok(models)) => {
            output::line(&format!("OpenRouter, free models ({}):", models.len()))?;
            for model in models {
                output::line(&output::printable(&free_words(model)))?;
            }
        }
    }
    let next = "`openclaw models set MODEL` chooses one, `openclaw models fallbacks add MODEL` keeps one in reserve.";
    Ok(output::line(&output::for_instance(next, flags))?)
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

fn free_json(model: &FreeModel) -> Value {
    json!({"id": model.id, "name": model.name, "provider": "openrouter", "modelRef": format!("openrouter/{}", model.id),
        "contextLength": model.context_length, "inferredParamB": model.params, "createdAtMs": model.created_at_ms,
        "tools": model.calls_tools, "image": model.sees_images})
}

fn free_words(model: &FreeModel) -> String {
    let mut can: Vec<String> = Vec::new();
    can.extend(model.context_length.map(|tokens| format!("{tokens} tokens")));
    can.extend(model.params.map(|params| format!("{params}B")));
    can.extend(model.calls_tools.then(|| "tools".to_owned()));
    can.extend(model.sees_images.then(|| "images".to_owned()));
    format!("- openrouter/{}  {}", model.id, can.join(", "))
}
