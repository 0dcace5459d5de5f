//! `openclaw replay`: a recorded session, run again on its files; no gateway is needed and nothing is asked.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use openclaw_agent::exchanges::{FOLDER, Hider, SessionRecording, read_session};
use openclaw_agent::replay::{
    CallReplay, Ended, Replay, Speed, ToolReplay, TurnReplay, scratch_history, turns_of,
};
use openclaw_credentials::{AuthPlaces, AuthSettings, AuthStore};
use openclaw_gateway::recording_redactor;
use openclaw_guard::{Clock as _, SystemClock, iso_millis};
use openclaw_models::catalog::table::canonical_provider;
use openclaw_protocol::session_key::{SessionKey, main_key};
use openclaw_store::{IndexView, SessionId};
use serde::Serialize;

use crate::agents::{self, AgentPlaces};
use crate::args::{InstanceArgs, ReplayArgs, ReplaySpeed};
use crate::instance::Instance;
use crate::output::{self, AlreadyTold, CannotLook};
use crate::{format, runtime};

/// A session that was found.
struct Found {
    agent: AgentPlaces,
    id: SessionId,
    /// Absent for one that its key has left behind.
    key: Option<String>,
    transcript: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    session_id: &'a str,
    key: Option<&'a str>,
    files: &'a [PathBuf],
    remarks: &'a [String],
    turns: &'a [TurnReplay],
    same: bool,
}

pub(super) fn run(flags: &InstanceArgs, args: &ReplayArgs) -> anyhow::Result<()> {
    let instance = Instance::open(flags).map_err(CannotLook)?;
    let looked = prepare(&instance, args).map_err(CannotLook)?;
    let turns = runtime::block_on(looked.play(flags, args))?;
    let run = turns.iter().filter(|turn| turn.is_run()).count();
    if run == 0 {
        return Err(CannotLook(anyhow::anyhow!(
            "no turn of the recording has its beginning, so none was run"
        ))
        .into());
    }
    let different = turns.iter().filter(|turn| !turn.differences.is_empty()).count();
    if args.json {
        looked.print(&turns, different == 0)?;
    } else {
        let words = match different {
            0 => format!("The same as then: {}.", format::count(run, "turn")),
            _ => format!("Different from then: {different} of {}.", format::count(run, "turn")),
        };
        output::line(&words)?;
    }
    if different == 0 { Ok(()) } else { Err(AlreadyTold.into()) }
}

/// Everything that is needed to run the turns.
struct Looked {
    found: Found,
    recording: SessionRecording,
    remarks: Vec<String>,
    replay: Replay,
}

fn prepare(instance: &Instance, args: &ReplayArgs) -> anyhow::Result<Looked> {
    let found = find(instance, args)?;
    let folder = recordings(&found.agent.sessions);
    let recording = read_session(&folder, &found.id)?;
    let remark = |(path, remark): &(PathBuf, _)| format!("{}: {remark}", path.display());
    let remarks: Vec<String> = recording.remarks.iter().map(remark).collect();
    if recording.files.is_empty() {
        bail!(
            "nothing is recorded of session {} in {}. `openclaw config set models.recording.enabled true` has what is \
             said from then on recorded",
            found.id,
            folder.display()
        );
    }
    if recording.exchanges.is_empty() {
        bail!("nothing in the recording can be run again. {}", remarks.join(". "));
    }
    let clock = Arc::new(SystemClock);
    let history = scratch_history(&found.transcript, &found.id, clock)?;
    let (config, at, env) = (instance.config(), &instance.at, &instance.loaded.env);
    let places = AuthPlaces::of_agent(config, at, env, &found.agent.id);
    let auth = Arc::new(AuthStore::new(places, AuthSettings::from_config(config, canonical_provider)));
    let hider = Hider::new(auth, Box::new(recording_redactor(&instance.loaded)));
    let replay = Replay {
        history,
        redactor: hider.redactor()?,
        speed: match args.speed {
            ReplaySpeed::Original => Speed::Original,
            ReplaySpeed::None => Speed::AtOnce,
        },
        context_tokens: config
            .agents
            .defaults
            .turn
            .context_tokens
            .map(|tokens| usize::try_from(tokens).unwrap_or(usize::MAX)),
    };
    Ok(Looked { found, recording, remarks, replay })
}

/// The recordings of an agent, beside the folder of its session index.
fn recordings(index: &Path) -> PathBuf {
    let agent = index.parent().and_then(Path::parent);
    agent.map_or_else(|| PathBuf::from(FOLDER), |agent| agent.join(FOLDER))
}

fn find(instance: &Instance, args: &ReplayArgs) -> anyhow::Result<Found> {
    let text = args.session.as_str();
    let default = agents::find(instance, args.agent.as_deref())?;
    let key = SessionKey::canonical(text, &default.id, &main_key(&instance.config().session.main_key));
    let agent = match (key.agent(), &args.agent) {
        (Some(named), None) => agents::find(instance, Some(named))?,
        (Some(_) | None, _) => default,
    };
    let folder = agent.sessions.parent().map(Path::to_path_buf).unwrap_or_default();
    let view = IndexView::read(&folder, SystemClock.now_ms())?;
    let is_it = |key_there: &str, id: &str| key_there == key.as_str() || key_there == text || id == text;
    let entry = view.entries.iter().find(|(key, entry)| is_it(key, entry.session_id().as_str()));
    if let Some((key, entry)) = entry {
        let transcript = folder.join(entry.transcript_file_name());
        return Ok(Found { agent, id: entry.session_id(), key: Some(key.clone()), transcript });
    }
    // A conversation that its key has left behind has its files under its id.
    let former = SessionId::parse(text).ok();
    let former = former.filter(|id| {
        read_session(&recordings(&agent.sessions), id).is_ok_and(|recording| !recording.files.is_empty())
    });
    let Some(id) = former else {
        bail!("agent {} has no session {text:?}; `openclaw sessions` lists them", agent.id);
    };
    let transcript = folder.join(id.transcript_file_name());
    Ok(Found { agent, id, key: None, transcript })
}

impl Looked {
    /// Runs the turns, and tells each as soon as it is run.
    async fn play(&self, flags: &InstanceArgs, args: &ReplayArgs) -> anyhow::Result<Vec<TurnReplay>> {
        let tell = |text: &str| match args.json {
            true => Ok(()),
            false => output::line(&output::printable(&output::for_instance(text, flags))),
        };
        let key = self.found.key.as_deref().unwrap_or("no key any more");
        let files = self.recording.files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>();
        tell(&format!("Session {} ({key}), recorded in {}", self.found.id, files.join(" and ")))?;
        for remark in &self.remarks {
            tell(&format!("  {remark}"))?;
        }
        let turns = turns_of(self.recording.exchanges.clone());
        let mut played = Vec::new();
        for at in 0..turns.len() {
            let Some(turn) = self.replay.turn(&turns, at).await else { continue };
            tell(&words(&turn))?;
            played.push(turn);
        }
        Ok(played)
    }

    fn print(&self, turns: &[TurnReplay], same: bool) -> anyhow::Result<()> {
        let report = Report {
            session_id: self.found.id.as_str(),
            key: self.found.key.as_deref(),
            files: &self.recording.files,
            remarks: &self.remarks,
            turns,
            same,
        };
        Ok(output::json(&report)?)
    }
}

/// A turn for people.
fn words(turn: &TurnReplay) -> String {
    let mut text = format!("\nTurn {}, {}\n", turn.number, iso_millis(turn.at_ms));
    push(&mut text, "you", &turn.said);
    let mut results = turn.tools.iter();
    for call in &turn.calls {
        push_call(&mut text, call);
        for ToolReplay { name, is_error, text: result } in results.by_ref().take(call.tool_calls.len()) {
            let what = if *is_error { format!("{name} failed") } else { name.clone() };
            push(&mut text, &what, result);
        }
    }
    for remark in &turn.remarks {
        push(&mut text, "note", remark);
    }
    match turn.outcome {
        Ended::Stopped => push(&mut text, "stopped", &turn.answer),
        Ended::Failed => push(&mut text, "failed", &turn.answer),
        Ended::NotRun | Ended::Replied | Ended::Silent => {}
    }
    match turn.differences.as_slice() {
        [] if turn.is_run() => text.push_str("  = as then"),
        [] => text.push_str("  not run"),
        differences => {
            for difference in differences {
                push(&mut text, "!", &difference.to_string());
            }
            text.truncate(text.trim_end().len());
        }
    }
    text
}

fn push_call(text: &mut String, call: &CallReplay) {
    let first = call.first_ms.map(|ms| format!("first word after {ms} ms, "));
    let usage = call.usage.map(|usage| {
        let cached =
            if usage.cache_read > 0 { format!(" ({} cached)", usage.cache_read) } else { String::new() };
        format!(
            ", {} tokens in{cached}, {} out",
            usage.input + usage.cache_read + usage.cache_write,
            usage.output
        )
    });
    let head = format!(
        "{} messages, {}end after {} ms{}",
        call.messages,
        first.unwrap_or_default(),
        call.took_ms,
        usage.unwrap_or_default()
    );
    push(text, &call.model, &head);
    for (what, said) in [("  thinking", &call.thinking), ("  says", &call.text)] {
        if !said.is_empty() {
            push(text, what, said);
        }
    }
    for tool in &call.tool_calls {
        push(text, "  calls", &format!("{} {}", tool.name, tool.arguments));
    }
    if let Some(error) = &call.error {
        push(text, "  error", error);
    }
}

/// Adds a name and what belongs to it, further lines under the first.
fn push(text: &mut String, name: &str, value: &str) {
    let value = value.trim_end().replace('\n', &format!("\n{}", " ".repeat(name.chars().count() + 4)));
    // Writing to a string cannot fail.
    writeln!(text, "  {name}: {value}").ok();
}
