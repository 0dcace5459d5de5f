//! `openclaw models list`

use openclaw_models::catalog::table::canonical_provider;
use openclaw_models::catalog::{Catalog, Reference};
use openclaw_models::local;
use openclaw_models::{InputKind, ModelInfo};
use serde::Serialize;
use serde_json::json;

use super::view::ModelsView;
use crate::args::{InstanceArgs, ListForm, ModelsListArgs};
use crate::{output, runtime};

/// A row, with the fields of OpenClaw 2026.2.9.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    key: String,
    name: String,
    input: String,
    context_window: Option<u32>,
    local: Option<bool>,
    available: Option<bool>,
    tags: Vec<String>,
    missing: bool,
}

pub(super) fn run(flags: &InstanceArgs, args: &ModelsListArgs) -> anyhow::Result<()> {
    let view = ModelsView::open(flags, args.agent.as_deref())?;
    if args.local {
        runtime::block_on(async { Ok(local::look_around(&view.catalog).await) })?;
    }
    let configured = configured(&view.catalog);
    let known = view.catalog.all_models();
    let keys: Vec<Reference> = if args.all || args.local {
        known.iter().map(|model| model.reference.clone()).collect()
    } else {
        configured.iter().map(|(reference, _)| reference.clone()).collect()
    };
    let provider = args.provider.as_deref().map(canonical_provider);
    let fits = |reference: &&Reference| {
        provider.as_ref().is_none_or(|wanted| canonical_provider(&reference.provider) == *wanted)
    };
    let rows = keys.iter().filter(fits).map(|reference| {
        let known = known.iter().find(|model| model.reference == *reference);
        let tags = configured.iter().find(|(key, _)| key == reference).map(|(_, tags)| tags.clone());
        let info =
            known.map(|model| model.info.clone()).or_else(|| view.catalog.describe_found(reference).ok());
        row(&view, reference, (info, known.map(|model| model.is_local)), tags.unwrap_or_default())
    });
    let rows: Vec<Row> = rows.filter(|row| !args.local || row.local == Some(true)).collect();
    print(&rows, args.form)
}

fn row(
    view: &ModelsView,
    reference: &Reference,
    (info, is_local): (Option<ModelInfo>, Option<bool>),
    mut tags: Vec<String>,
) -> Row {
    let Some(info) = info else {
        tags.push("missing".to_owned());
        let key = reference.to_string();
        return Row {
            name: key.clone(),
            key,
            input: "-".to_owned(),
            context_window: None,
            local: None,
            available: None,
            tags,
            missing: true,
        };
    };
    let aliases = view.catalog.allowed_models().iter().filter(|allowed| {
        allowed.alias.is_some()
            && view.catalog.find(&allowed.reference).is_ok_and(|(found, _)| found == *reference)
    });
    let aliases: Vec<&str> = aliases.filter_map(|allowed| allowed.alias.as_deref()).collect();
    if !aliases.is_empty() {
        tags.push(format!("alias:{}", aliases.join(",")));
    }
    Row {
        key: reference.to_string(),
        name: info.name.clone(),
        input: input(&info),
        context_window: Some(info.context_window),
        local: is_local,
        available: Some(view.has_auth(reference)),
        tags,
        missing: false,
    }
}

fn input(info: &ModelInfo) -> String {
    let kinds = info.input.iter().map(|kind| match kind {
        InputKind::Text => "text",
        InputKind::Image => "image",
    });
    kinds.collect::<Vec<_>>().join("+")
}

/// The models that the configuration names, in the order of OpenClaw, with what they are for.
fn configured(catalog: &Catalog) -> Vec<(Reference, Vec<String>)> {
    let mut all: Vec<(Reference, Vec<String>)> = Vec::new();
    let mut add = |text: &str, tag: String| {
        let Ok((found, _)) = catalog.find(text) else { return };
        match all.iter_mut().find(|(known, _)| *known == found) {
            Some((_, tags)) => tags.push(tag),
            None => all.push((found, vec![tag])),
        }
    };
    add(&catalog.default_reference(), "default".to_owned());
    for (at, text) in catalog.fallbacks().iter().enumerate() {
        add(text, format!("fallback#{}", at + 1));
    }
    let image = catalog.image_model();
    if let Some(text) = &image.primary {
        add(text, "image".to_owned());
    }
    for (at, text) in image.fallbacks.iter().enumerate() {
        add(text, format!("img-fallback#{}", at + 1));
    }
    for allowed in catalog.allowed_models() {
        add(&allowed.reference, "configured".to_owned());
    }
    all
}

fn print(rows: &[Row], form: ListForm) -> anyhow::Result<()> {
    if form.json {
        return Ok(output::json(&json!({"count": rows.len(), "models": rows}))?);
    }
    if form.plain {
        for row in rows {
            output::line(&row.key)?;
        }
        return Ok(());
    }
    if rows.is_empty() {
        return Ok(output::line("No models found.")?);
    }
    let yes = |is: Option<bool>| match is {
        None => "-",
        Some(true) => "yes",
        Some(false) => "no",
    };
    let line = |cells: [&str; 6]| {
        let [key, input, context, local, auth, tags] = cells;
        let text = format!("{key:<42} {input:<10} {context:<8} {local:<5} {auth:<5} {tags}");
        output::printable(text.trim_end())
    };
    output::line(&line(["Model", "Input", "Ctx", "Local", "Auth", "Tags"]))?;
    for row in rows {
        let context = row.context_window.map_or_else(|| "-".to_owned(), thousands);
        let tags = row.tags.join(",");
        output::line(&line([&row.key, &row.input, &context, yes(row.local), yes(row.available), &tags]))?;
    }
    Ok(())
}

/// `195k`: of 1024 tokens each, as OpenClaw counts.
fn thousands(tokens: u32) -> String {
    if tokens < 1_024 { tokens.to_string() } else { format!("{}k", (f64::from(tokens) / 1_024.0).round()) }
}
