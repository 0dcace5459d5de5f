//! The choice of models: once lists beside the model, now one table of models and the fallbacks in the model's object.

use serde_json::{Value, json};

use super::draft::{Draft, at};
use super::plan::Rule;
use crate::key_path::KeyPath;

/// Old keys that take another shape, and what they are now. They stood in `agent`, which has moved as a whole.
pub(super) const REPLACED: &[(&str, &str)] = &[
    ("agents.defaults.allowedModels", "\"agents.defaults.models\""),
    ("agents.defaults.modelAliases", "\"alias\" in \"agents.defaults.models\""),
    ("agents.defaults.modelFallbacks", "\"agents.defaults.model.fallbacks\""),
    ("agents.defaults.imageModelFallbacks", "\"agents.defaults.imageModel.fallbacks\""),
];

pub(super) fn drafts() -> &'static [Rule] {
    &[fallbacks, image_fallbacks, table]
}

fn defaults(name: &str) -> KeyPath {
    at(&["agents", "defaults", name])
}

fn fallbacks(value: &Value) -> Option<Draft> {
    into_choice(value, &defaults("modelFallbacks"), &defaults("model"))
}

fn image_fallbacks(value: &Value) -> Option<Draft> {
    into_choice(value, &defaults("imageModelFallbacks"), &defaults("imageModel"))
}

/// Moves a list of fallbacks into the object of the model.
fn into_choice(value: &Value, from: &KeyPath, choice: &KeyPath) -> Option<Draft> {
    from.find(value)?;
    let to = choice.key("fallbacks");
    let mut draft = Draft::new(value, from.clone(), format!("\"{from}\" moves to \"{to}\""));
    match draft.get(choice) {
        Some(Value::String(primary)) => {
            let object = json!({ "primary": primary });
            draft.set(choice.clone(), object);
        }
        Some(Value::Object(object)) if object.get("fallbacks") == Some(&json!([])) => {
            draft.remove(to.clone())
        }
        Some(_) | None => {}
    }
    draft.move_into(from, &to);
    Some(draft)
}

/// Writes the allowed models and the aliases into one table, and with them every model that is in use: a table is also
/// the list of the models that can be chosen.
fn table(value: &Value) -> Option<Draft> {
    let (allowed, aliases) = (defaults("allowedModels"), defaults("modelAliases"));
    let old: Vec<&KeyPath> =
        [&allowed, &aliases].into_iter().filter(|path| path.find(value).is_some()).collect();
    let first = *old.first()?;
    let about = format!("\"{first}\" moves into \"agents.defaults.models\"");
    let mut draft = Draft::new(value, first.clone(), about);
    let (Some(names), Some(pairs)) = (names(allowed.find(value)), pairs(aliases.find(value))) else {
        draft.block(first, "is not a list of model names or a table of aliases; move it by hand");
        return Some(draft);
    };
    if !(names.is_empty() && pairs.is_empty()) {
        let targets = pairs.iter().map(|(_, target)| target.clone());
        for model in names.iter().cloned().chain(targets).chain(in_use(value)) {
            allow(&mut draft, first, &model);
        }
    }
    for (alias, model) in &pairs {
        name(&mut draft, &aliases, alias, model);
    }
    for path in old {
        draft.remove(path.clone());
    }
    Some(draft)
}

fn allow(draft: &mut Draft, from: &KeyPath, model: &str) {
    if model.contains("${") {
        return draft.block(
            from,
            "a model comes from a variable, which cannot be a name in \"agents.defaults.models\"",
        );
    }
    let entry = defaults("models").key(model);
    if draft.get(&entry).is_none() {
        draft.set(entry, json!({}));
    }
}

fn name(draft: &mut Draft, from: &KeyPath, alias: &str, model: &str) {
    let place = defaults("models").key(model).key("alias");
    match draft.get(&place) {
        None => draft.set(place, alias.into()),
        Some(own) if own == alias => {}
        Some(_) => draft
            .block(&from.key(alias), format!("\"{place}\" is another alias already; keep one of the two")),
    }
}

/// The models that the defaults name.
fn in_use(value: &Value) -> Vec<String> {
    let choices = ["model", "imageModel"].map(defaults);
    let mut models = Vec::new();
    for choice in choices.iter().filter_map(|path| path.find(value)) {
        let primary = choice.as_str().or_else(|| choice.get("primary")?.as_str());
        models.extend(primary.map(str::to_owned));
        models.extend(names(choice.get("fallbacks")).unwrap_or_default());
    }
    models.iter().map(|model| model.trim().to_owned()).filter(|model| !model.is_empty()).collect()
}

/// A list of names; empty if there is none, `None` if it is something else.
fn names(list: Option<&Value>) -> Option<Vec<String>> {
    let Some(list) = list else { return Some(Vec::new()) };
    list.as_array()?.iter().map(|name| plain(name.as_str()?)).collect()
}

/// Aliases and the models they stand for, in the same way.
fn pairs(table: Option<&Value>) -> Option<Vec<(String, String)>> {
    let Some(table) = table else { return Some(Vec::new()) };
    table.as_object()?.iter().map(|(alias, model)| Some((alias.clone(), plain(model.as_str()?)?))).collect()
}

/// A name without white space around it; a blank one is none.
fn plain(name: &str) -> Option<String> {
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}
