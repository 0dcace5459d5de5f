//! Transcription of voice messages, and speech.

use serde_json::{Map as JsonMap, Value, json};

use super::draft::{Draft, above, at};
use super::plan::Rule;
use crate::key_path::KeyPath;

/// Old keys that take another shape, and what they are now.
pub(super) const REPLACED: &[(&str, &str)] = &[("routing.transcribeAudio", "\"tools.media.audio.models\"")];

pub(super) fn drafts() -> &'static [Rule] {
    &[routing_transcription, audio_transcription, spoken]
}

fn routing_transcription(value: &Value) -> Option<Draft> {
    transcription(value, &at(&["routing", "transcribeAudio"]))
}

fn audio_transcription(value: &Value) -> Option<Draft> {
    let from = at(&["audio", "transcription"]);
    let mut draft = transcription(value, &from)?;
    if let Some(audio) = above(&from)
        && draft.object(&audio).is_some_and(JsonMap::is_empty)
    {
        draft.remove(audio);
    }
    Some(draft)
}

/// A program that writes voice messages down becomes a model of the media tools.
fn transcription(value: &Value, from: &KeyPath) -> Option<Draft> {
    let old = from.find(value)?;
    let audio = at(&["tools", "media", "audio"]);
    let models = audio.key("models");
    let mut draft = Draft::new(value, from.clone(), format!("\"{from}\" becomes a model of \"{models}\""));
    let Some(model) = cli_model(old) else {
        draft.block(
            from,
            "is not a program with arguments; write it as a model of \"tools.media.audio\" by hand",
        );
        return Some(draft);
    };
    match draft.get(&models) {
        None => draft.set(models, json!([model])),
        Some(Value::Array(list)) if list.contains(&model) => {}
        Some(Value::Array(list)) if list.is_empty() => draft.set(models, json!([model])),
        Some(_) => draft.block(from, format!("\"{models}\" is set already; add the program to it by hand")),
    }
    if draft.get(&audio.key("enabled")).is_none() {
        draft.set(audio.key("enabled"), true.into());
    }
    draft.remove(from.clone());
    draft.prune(from);
    Some(draft)
}

/// `{command: [program, arguments…], timeoutSeconds}` as a media model; `None` for anything else.
fn cli_model(old: &Value) -> Option<Value> {
    let old = old.as_object()?;
    let command: Option<Vec<&str>> = old.get("command")?.as_array()?.iter().map(Value::as_str).collect();
    let command = command?;
    let (program, args) = command.split_first().filter(|(program, _)| !program.trim().is_empty())?;
    let mut model = JsonMap::new();
    model.insert("type".to_owned(), "cli".into());
    model.insert("command".to_owned(), (*program).into());
    if !args.is_empty() {
        model.insert("args".to_owned(), json!(args));
    }
    for (name, value) in old.iter().filter(|(name, _)| *name != "command") {
        if name != "timeoutSeconds" || !value.is_u64() {
            return None;
        }
        model.insert(name.clone(), value.clone());
    }
    Some(Value::Object(model))
}

/// `enabled` becomes `auto`. Beside `auto` it has no meaning, and stays.
fn spoken(value: &Value) -> Option<Draft> {
    let tts = at(&["messages", "tts"]);
    let (enabled, auto) = (tts.key("enabled"), tts.key("auto"));
    let is_on = enabled.find(value)?.as_bool()?;
    if auto.find(value).is_some() {
        return None;
    }
    let word = if is_on { "always" } else { "off" };
    let mut draft =
        Draft::new(value, enabled.clone(), format!("\"{enabled}\" becomes \"{auto}\": \"{word}\""));
    draft.set(auto, word.into());
    draft.remove(enabled);
    Some(draft)
}
