//! `openclaw models set`, `set-image`, `aliases`, `fallbacks` and `image-fallbacks`: edits of the configuration that keep
//! its comments.

use std::cell::RefCell;
use std::path::PathBuf;

use anyhow::bail;
use openclaw_config::{Change, EditError, Editor, KeyPath, ModelChoice, Terms, edit};
use openclaw_models::catalog::Catalog;
use serde_json::{Map, Value, json};

use super::view::ModelsView;
use crate::args::{AliasesCommand, FallbacksCommand, InstanceArgs, ListForm};
use crate::instance::locate_to_use;
use crate::{copies, output};

/// Which of the two lists of models is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Model,
    ImageModel,
}

impl Route {
    fn path(self) -> KeyPath {
        defaults().key(match self {
            Self::Model => "model",
            Self::ImageModel => "imageModel",
        })
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Model => ("Default model", "Fallbacks"),
            Self::ImageModel => ("Image model", "Image fallbacks"),
        }
    }
}

fn defaults() -> KeyPath {
    KeyPath::default().key("agents").key("defaults")
}

pub(super) fn set(flags: &InstanceArgs, route: Route, model: &str) -> anyhow::Result<()> {
    let view = ModelsView::open(flags, None)?;
    let key = meant(&view, model)?;
    tell_of(choose(flags, &view.catalog, &[(route, key.clone())])?)?;
    if own_choice(&view, route).is_some_and(|own| own.primary.is_some()) {
        complain_of_own(&view, "model");
    }
    Ok(output::line(&format!("{}: {key}", route.words().0))?)
}

/// Writes choices, all of them or none; returns the file that changed.
pub(super) fn choose(
    flags: &InstanceArgs,
    catalog: &Catalog,
    choices: &[(Route, String)],
) -> anyhow::Result<Option<PathBuf>> {
    save(flags, |value| {
        let mut changes = Vec::new();
        for (route, key) in choices {
            let is_new =
                !changes.iter().any(|(known, _): &(Option<&str>, Change)| *known == Some(key.as_str()));
            changes.extend(listed(value, catalog, key).filter(|_| is_new).map(|it| (Some(key.as_str()), it)));
            let path = route.path();
            let change = match path.find(value) {
                Some(Value::Object(_)) => Change::Set { path: path.key("primary"), value: json!(key) },
                Some(_) | None => Change::Set { path, value: json!({"primary": key}) },
            };
            changes.push((None, change));
        }
        changes.into_iter().map(|(_, change)| change).collect()
    })
}

/// What happens to a list of fallbacks.
enum Edit {
    Add(String),
    Remove(String),
    Clear,
}

impl Edit {
    /// The list as it becomes; nothing if it stays.
    fn apply(&self, catalog: &Catalog, mut list: Vec<String>) -> Option<Vec<String>> {
        let is_it = |known: &String, key: &String| is_same(catalog, known, key);
        match self {
            Self::Add(key) => {
                let is_new = !list.iter().any(|known| is_it(known, key));
                list.push(key.clone());
                is_new.then_some(list)
            }
            Self::Remove(key) => {
                let before = list.len();
                list.retain(|known| !is_it(known, key));
                (list.len() < before).then_some(list)
            }
            Self::Clear => Some(Vec::new()),
        }
    }
}

pub(super) fn fallbacks(
    flags: &InstanceArgs,
    route: Route,
    command: &FallbacksCommand,
) -> anyhow::Result<()> {
    let view = ModelsView::open(flags, None)?;
    let title = route.words().1;
    let edit = match command {
        FallbacksCommand::List(form) => {
            let choice = match route {
                Route::Model => view.catalog.choice(),
                Route::ImageModel => view.catalog.image_model(),
            };
            return print_list(title, &choice.fallbacks, *form);
        }
        FallbacksCommand::Add(args) => Edit::Add(meant(&view, &args.model)?),
        // What is gone can be removed, too.
        FallbacksCommand::Remove(args) => {
            let found = view.catalog.find(&args.model);
            Edit::Remove(found.map_or_else(|_| args.model.clone(), |(found, _)| found.to_string()))
        }
        FallbacksCommand::Clear => Edit::Clear,
    };
    let (list, file) = edit_fallbacks(flags, (&view.catalog, route), &edit)?;
    match (&edit, list) {
        (Edit::Remove(key), Edited::As(_)) => bail!("{key} is not among the {}", title.to_lowercase()),
        (Edit::Clear, _) => {
            tell_of(file)?;
            output::line(&format!("{} list cleared.", title.trim_end_matches('s')))?;
        }
        (Edit::Add(_) | Edit::Remove(_), Edited::As(list) | Edited::To(list)) => {
            tell_of(file)?;
            output::line(&format!("{title}: {}", list.join(", ")))?;
        }
    }
    if own_choice(&view, route).is_some_and(|own| own.fallbacks.is_some()) {
        complain_of_own(&view, "fallbacks");
    }
    Ok(())
}

/// A list as it was or as it has become.
enum Edited {
    As(Vec<String>),
    To(Vec<String>),
}

/// What the default agent has in the place of `agents.defaults.model`.
fn own_choice(view: &ModelsView, route: Route) -> Option<&ModelChoice> {
    match route {
        Route::Model => view.instance.config().agents.find(&view.agent)?.model.as_ref(),
        Route::ImageModel => None,
    }
}

fn complain_of_own(view: &ModelsView, what: &str) {
    output::complain(&format!(
        "note: the agent {} has its own {what} in agents.list, before agents.defaults.model; change that there",
        view.agent
    ));
}

pub(super) fn aliases(flags: &InstanceArgs, command: &AliasesCommand) -> anyhow::Result<()> {
    let view = ModelsView::open(flags, None)?;
    let own: Vec<(String, String)> = view
        .catalog
        .allowed_models()
        .iter()
        .filter_map(|allowed| Some((allowed.alias.clone()?, allowed.reference.clone())))
        .collect();
    match command {
        AliasesCommand::List(form) => print_aliases(&view.catalog, &own, *form),
        AliasesCommand::Add { alias, model } => {
            let alias = alias.trim();
            if alias.is_empty() || alias.contains('/') || alias.chars().any(char::is_whitespace) {
                bail!("an alias is one word without a slash");
            }
            let key = meant(&view, model)?;
            if let Some((_, other)) = own.iter().find(|(known, target)| {
                known.eq_ignore_ascii_case(alias) && !is_same(&view.catalog, target, &key)
            }) {
                bail!("Alias {alias} already points to {other}.");
            }
            if view.catalog.allowed_models().is_empty() {
                output::complain(
                    "note: agents.defaults.models is also the list of models that a session may choose. From now on that is \
                     this model, the default one and its fallbacks; add others there.",
                );
            }
            change(flags, |value| {
                let path = model_path(value, &view.catalog, &key).key("alias");
                vec![Change::Set { path, value: json!(alias) }]
            })?;
            Ok(output::line(&format!("Alias {alias} -> {key}"))?)
        }
        AliasesCommand::Remove { alias } => {
            let Some((_, target)) = own.iter().find(|(known, _)| known.eq_ignore_ascii_case(alias)) else {
                bail!("Alias not found: {alias}");
            };
            let path = defaults().key("models").key(target).key("alias");
            change(flags, |_| vec![Change::Remove { path: path.clone() }])?;
            Ok(output::line(&format!("Alias {alias} removed."))?)
        }
    }
}

/// The reference that is written for what was typed.
fn meant(view: &ModelsView, text: &str) -> anyhow::Result<String> {
    let (reference, _) = view.catalog.find(text).map_err(|error| anyhow::anyhow!(error.plain_words()))?;
    view.warn_of(text);
    view.catalog.describe_found(&reference).map_err(|error| anyhow::anyhow!(error.plain_words()))?;
    Ok(reference.to_string())
}

fn is_same(catalog: &Catalog, one: &str, other: &str) -> bool {
    match (catalog.find(one), catalog.find(other)) {
        (Ok((one, _)), Ok((other, _))) => one == other,
        (Err(_), _) | (_, Err(_)) => one == other,
    }
}

/// The entry of a model in `agents.defaults.models`, under the spelling that is there.
fn model_path(value: &Value, catalog: &Catalog, key: &str) -> KeyPath {
    let models = defaults().key("models");
    let known = models.find(value).and_then(Value::as_object);
    let spelled = known.and_then(|known| known.keys().find(|name| is_same(catalog, name, key)));
    models.key(spelled.map_or(key, String::as_str))
}

/// A model that is chosen has to be on the list of allowed ones, where there is such a list. Where there is none, every
/// model is allowed, and one entry would forbid all the others.
fn listed(value: &Value, catalog: &Catalog, key: &str) -> Option<Change> {
    let models = defaults().key("models");
    let list = models.find(value)?.as_object()?;
    let is_new = !list.is_empty() && !list.keys().any(|known| is_same(catalog, known, key));
    is_new.then(|| Change::Set { path: models.key(key), value: Value::Object(Map::new()) })
}

/// Edits the list that is written, not the one that holds for some agent.
fn edit_fallbacks(
    flags: &InstanceArgs,
    (catalog, route): (&Catalog, Route),
    edit: &Edit,
) -> anyhow::Result<(Edited, Option<PathBuf>)> {
    let edited = RefCell::new(Edited::As(Vec::new()));
    let file = save(flags, |value| {
        let path = route.path();
        let written = path.key("fallbacks").find(value).and_then(Value::as_array);
        let before: Vec<String> =
            written.into_iter().flatten().filter_map(|it| Some(it.as_str()?.to_owned())).collect();
        let Some(list) = edit.apply(catalog, before.clone()) else {
            edited.replace(Edited::As(before));
            return Vec::new();
        };
        let mut changes: Vec<Change> = match edit {
            Edit::Add(key) => listed(value, catalog, key).into_iter().collect(),
            Edit::Remove(_) | Edit::Clear => Vec::new(),
        };
        changes.push(match path.find(value) {
            Some(Value::Object(_)) => Change::Set { path: path.key("fallbacks"), value: json!(list) },
            Some(Value::String(primary)) => {
                Change::Set { path, value: json!({"primary": primary, "fallbacks": list}) }
            }
            Some(_) | None => Change::Set { path, value: json!({"fallbacks": list}) },
        });
        edited.replace(Edited::To(list));
        changes
    })?;
    Ok((edited.into_inner(), file))
}

fn change(flags: &InstanceArgs, make: impl Fn(&Value) -> Vec<Change>) -> anyhow::Result<()> {
    tell_of(save(flags, make)?)
}

fn tell_of(file: Option<PathBuf>) -> anyhow::Result<()> {
    match file {
        Some(file) => Ok(output::line(&format!("Updated {}", file.display()))?),
        None => Ok(()),
    }
}

fn save(flags: &InstanceArgs, make: impl Fn(&Value) -> Vec<Change>) -> anyhow::Result<Option<PathBuf>> {
    let (at, env) = locate_to_use(flags)?;
    copies::no_stub_beside_copies(&at, &env)?;
    let apply = |editor: &mut Editor| -> Result<(), EditError> {
        let changes = make(&editor.value());
        editor.apply(&changes)
    };
    let (_, saved) = edit(&at, &env, &Terms::ANY_BASE, &apply)?;
    Ok(saved.files.into_iter().next())
}

fn print_list(title: &str, list: &[String], form: ListForm) -> anyhow::Result<()> {
    if form.json {
        return Ok(output::json(&json!({"fallbacks": list}))?);
    }
    if !form.plain {
        output::line(&format!("{title} ({}):", list.len()))?;
        if list.is_empty() {
            output::line("- none")?;
        }
    }
    for entry in list {
        output::line(&output::printable(&if form.plain { entry.clone() } else { format!("- {entry}") }))?;
    }
    Ok(())
}

fn print_aliases(catalog: &Catalog, own: &[(String, String)], form: ListForm) -> anyhow::Result<()> {
    if form.json {
        let aliases: Map<String, Value> =
            own.iter().map(|(alias, key)| (alias.clone(), json!(key))).collect();
        return Ok(output::json(&json!({"aliases": aliases}))?);
    }
    if form.plain {
        for (alias, key) in own {
            output::line(&output::printable(&format!("{alias} {key}")))?;
        }
        return Ok(());
    }
    output::line(&format!("Aliases ({}):", own.len()))?;
    if own.is_empty() {
        output::line("- none")?;
    }
    for (alias, key) in own {
        output::line(&output::printable(&format!("- {alias} -> {key}")))?;
    }
    let built_in: Vec<String> = catalog
        .aliases()
        .into_iter()
        .filter(|row| !own.contains(row))
        .map(|(alias, key)| format!("{alias} -> {key}"))
        .collect();
    Ok(output::line(&format!("Built in: {}", built_in.join(", ")))?)
}
