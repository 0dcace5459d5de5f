//! `openclaw replay`: a recorded session, run again on its files; no gateway is needed and nothing is asked.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use openclaw_agent::exchanges::{Hider, SessionRecording, folder_beside, read_session};
use openclaw_agent::replay::{
    CallReplay, Compared, Ended, RecordedTurn, Replay, Speed, ToolReplay, TurnReplay, scratch_history,
    turns_of,
};
use openclaw_credentials::{AuthPlaces, AuthSettings, AuthStore, agent_dir};
use openclaw_gateway::recording_redactor;
use openclaw_guard::{Clock as _, SystemClock, iso_millis};
use openclaw_models::catalog::table::canonical_provider;
use openclaw_models::catalog::{Providers, read_models_file};
use openclaw_protocol::session_key::{SessionKey, main_key};
use openclaw_store::{IndexView, SessionId};
use serde::Serialize;

use crate::agents::{self, AgentPlaces};
use crate::args::{InstanceArgs, ReplayArgs, ReplaySpeed};
use crate::instance::Instance;
use crate::output::{self, AlreadyTold, CannotLook, Incomplete};
use crate::{format, runtime};

/// What follows the name of a transcript that was put aside: here, and by OpenClaw when a session began anew.
const ASIDE: [&str; 2] = [".deleted.", ".reset."];

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
    complete: bool,
}

pub(super) fn run(flags: &InstanceArgs, args: &ReplayArgs) -> anyhow::Result<()> {
    let instance = Instance::open(flags).map_err(CannotLook)?;
    let looked = prepare(&instance, args).map_err(CannotLook)?;
    let turns = runtime::block_on(looked.play(flags, args))?;
    let run = turns.iter().filter(|turn| turn.is_run()).count();
    if run == 0 {
        return Err(CannotLook(anyhow::anyhow!(
            "no turn of the recording is there from its beginning to its end, so none was run"
        ))
        .into());
    }
    let different = turns.iter().filter(|turn| !turn.differences.is_empty()).count();
    let complete = looked.is_whole && turns.iter().all(TurnReplay::is_complete);
    if args.json {
        looked.print(&turns, (different == 0, complete))?;
    } else {
        let run = format::count(run, "turn");
        output::line(&match (different, complete) {
            (0, true) => format!("The same as then: {run}."),
            (0, false) => format!(
                "The same as then, as far as it could be compared: {run} of {}. What could not be is told above.",
                turns.len()
            ),
            (_, _) => format!("Different from then: {different} of {run}."),
        })?;
    }
    match (different, complete) {
        (0, true) => Ok(()),
        (0, false) => Err(Incomplete.into()),
        (_, _) => Err(AlreadyTold.into()),
    }
}

/// Everything that is needed to run the turns.
struct Looked {
    found: Found,
    files: Vec<PathBuf>,
    turns: Vec<RecordedTurn>,
    /// Whether nothing is missing between the recorded calls.
    is_whole: bool,
    remarks: Vec<String>,
    replay: Replay,
}

fn prepare(instance: &Instance, args: &ReplayArgs) -> anyhow::Result<Looked> {
    let found = find(instance, args)?;
    let folder = recordings(&found.agent.sessions);
    let recording = read_session(&folder, &found.id)?;
    let remark = |(path, remark): &(PathBuf, _)| format!("{}: {remark}", path.display());
    let mut remarks: Vec<String> = recording.remarks.iter().map(remark).collect();
    remarks.extend(lost(&recording));
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
    let mut providers = Providers::of_agent(config, &found.agent.id);
    // What is to be said of the file is said by whoever asks the models.
    drop(read_models_file(&agent_dir(config, at, env, &found.agent.id), &mut providers, env));
    let hider = Hider::new(auth, Box::new(recording_redactor(&instance.loaded, providers.secrets())));
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
    let is_whole = recording.is_whole();
    let turns = turns_of(recording.exchanges, recording.rest);
    Ok(Looked { found, files: recording.files, turns, is_whole, remarks, replay })
}

/// What the recording itself says is missing.
fn lost(recording: &SessionRecording) -> Option<String> {
    let unread = u32::try_from(recording.remarks.len()).unwrap_or(u32::MAX);
    let lost: u32 = recording.exchanges.iter().map(|exchange| exchange.lost).sum();
    let lost = lost.saturating_sub(unread);
    (lost > 0).then(|| {
        let calls = format::count(usize::try_from(lost).unwrap_or(usize::MAX), "call");
        format!("{calls} could not be written when they were made; the log of the gateway says why")
    })
}

/// The recordings of an agent, beside the folder of its session index.
fn recordings(index: &Path) -> PathBuf {
    folder_beside(index.parent().unwrap_or(index))
}

/// The transcript, or the file that it was put aside as when its session was deleted.
fn transcript_of(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    if path.exists() {
        return path;
    }
    let aside = |entry: &str| {
        let rest = entry.strip_prefix(name);
        rest.is_some_and(|rest| ASIDE.iter().any(|aside| rest.starts_with(aside)))
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    // Their times are such that the newest comes last.
    names.filter(|name| aside(name)).max().map_or(path, |name| folder.join(name))
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
        let transcript = transcript_of(&folder, &entry.transcript_file_name());
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
    let transcript = transcript_of(&folder, &id.transcript_file_name());
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
        let files = self.files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>();
        tell(&format!("Session {} ({key}), recorded in {}", self.found.id, files.join(" and ")))?;
        for remark in &self.remarks {
            tell(&format!("  {remark}"))?;
        }
        let mut played = Vec::new();
        for at in 0..self.turns.len() {
            let Some(turn) = self.replay.turn(&self.turns, at).await else { continue };
            tell(&words(&turn))?;
            played.push(turn);
        }
        Ok(played)
    }

    fn print(&self, turns: &[TurnReplay], (same, complete): (bool, bool)) -> anyhow::Result<()> {
        let report = Report {
            session_id: self.found.id.as_str(),
            key: self.found.key.as_deref(),
            files: &self.files,
            remarks: &self.remarks,
            turns,
            same,
            complete,
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
        [] => text.push_str(match turn.compared {
            Compared::Nothing => "  not run",
            Compared::Requests => "  = what was asked is as then; what it wrote was not compared",
            Compared::Beginning => "  = as then, as far as it came",
            Compared::Whole => "  = as then",
        }),
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
