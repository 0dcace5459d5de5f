//! Runs a program for one answer.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;

use openclaw_guard::{ChildEvent, ChildInput, Outputs, Supervised, child_command, create_private_dir};
use openclaw_protocol::message::StopReason;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::chat::Shared;
use super::classify::{Failure, classify, is_lost};
use super::fault::CliFault;
use super::images::PrivateFolder;
use super::invocation::{Asking, Invocation, SessionUse, goes_on_with, is_session_id};
use super::output::{MAX_OUTPUT_BYTES, Reader, Said};
use super::prompt::{Prompt, unseen, whole};
use super::reason::reason;
use super::session::{CliPlace, CliSession, KnownConversation};
use super::settings::{Output, SessionMode};
use crate::{ModelError, ModelEvent, ModelRequest, TimeoutKind};

/// Pieces of output on their way; a program that prints faster is held up.
const PIECES: usize = 64;
/// What is kept of a program's remarks, in bytes: the reason of a failure is at their end.
const MAX_REMARKS_BYTES: usize = 64 * 1024;

/// Answers, and tells how. Dropping the future kills the program.
pub(super) async fn answer(
    chat: Arc<Shared>,
    request: ModelRequest,
    events: mpsc::Sender<ModelEvent>,
) -> Result<(), ModelError> {
    let session = request.session.clone();
    let (id, settings) = (&chat.program.id, &chat.program.settings);
    let mut run =
        Run { chat: &chat, request: &request, session: session.as_deref(), events: &events, end: None };
    let place = session.as_ref().map(|session| session.place());
    if settings.reads_anything && matches!(place, Some(CliPlace::Apart(_))) {
        return Err(run.fault(CliFault::NotForGroups));
    }
    // Two answers in one conversation would not know of each other, whatever is configured.
    let _in_session = match &session {
        Some(session) => chat.queues.turn(&format!("{id} {}", session.key())).await,
        None => None,
    };
    let _in_program = if settings.serialize { chat.queues.turn(id).await } else { None };
    run.end = Some(Instant::now() + chat.limits.total);
    let kept = session.as_ref().and_then(|session| session.known(id));
    let kept = kept.filter(|known| goes_on_with(settings, known, &chat.info.id)).map(|known| known.id);
    // Without anybody who remembers it, a session would be left behind in the program's own list.
    let fresh = || match &session {
        Some(_) => SessionUse::decide(settings, None::<&str>, || Uuid::new_v4().to_string()),
        None => SessionUse::Without,
    };
    let known = kept.map(|kept| SessionUse::decide(settings, Some(&kept), String::new));
    let known = known.filter(SessionUse::is_known).zip(unseen(&request, &chat.info));
    if let Some((known, prompt)) = known {
        match run.attempt(&known, prompt).await {
            Ok(()) => return Ok(()),
            Err(Broken::Error(error)) => return Err(error),
            Err(Broken::StartOver(error)) => {
                tracing::info!(%error, program = %id, "the conversation is told to the program anew");
                session.iter().for_each(|session| session.forget(id));
            }
        }
    }
    run.attempt(&fresh(), whole(&request, &chat.info)).await.map_err(Broken::into_error)
}

/// Why an attempt brought nothing.
enum Broken {
    /// The conversation that the program was to go on with may be the reason.
    StartOver(ModelError),
    Error(ModelError),
}

impl Broken {
    fn into_error(self) -> ModelError {
        match self {
            Self::StartOver(error) | Self::Error(error) => error,
        }
    }
}

/// What happens during a run.
enum Piece {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    Ended(io::Result<ExitStatus>),
}

/// A program that runs. The first field goes first: its files go when it is dead.
struct Running {
    _child: Supervised,
    pieces: mpsc::Receiver<Piece>,
    output: Output,
    _folder: Option<PrivateFolder>,
}

struct Run<'a> {
    chat: &'a Arc<Shared>,
    request: &'a ModelRequest,
    session: Option<&'a dyn CliSession>,
    events: &'a mpsc::Sender<ModelEvent>,
    /// When time is up for all attempts.
    end: Option<Instant>,
}

impl Run<'_> {
    async fn attempt(&self, session: &SessionUse, prompt: Prompt) -> Result<(), Broken> {
        let started = Instant::now();
        let asked = prompt.text.clone();
        let running = self.start(session.clone(), prompt).await.map_err(Broken::Error)?;
        let mut reading = Reading {
            reader: Reader::new(running.output, &self.chat.program.settings.session.id_fields),
            remarks: Vec::new(),
            is_told: false,
        };
        let status = self.follow(running, &mut reading).await.map_err(Broken::Error)?;
        let Reading { reader, remarks, is_told } = reading;
        let said = reader.finish();
        if let Some(reason) = reason(&status, &said, (&remarks, &asked)) {
            let failure = Failure {
                code: status.code(),
                said: &reason.shown,
                telling: &reason.telling,
                command: &self.chat.program.settings.command,
                now_ms: self.request.now_ms,
            };
            let error = classify(&failure, &self.chat.info, &self.chat.redactor);
            let is_early = started.elapsed() < self.chat.limits.early;
            let may_be_session = session.is_known()
                && !is_told
                && (is_lost(&reason.telling) || is_own_failure(&error, is_early));
            return Err(if may_be_session { Broken::StartOver(error) } else { Broken::Error(error) });
        }
        if said.is_strange || !said.is_answer {
            let fault = if said.is_strange { CliFault::NotUnderstood } else { CliFault::Silent };
            return Err(Broken::Error(self.fault(fault)));
        }
        self.tell(said, session).await;
        Ok(())
    }

    /// Starts the program where that may block.
    async fn start(&self, session: SessionUse, prompt: Prompt) -> Result<Running, ModelError> {
        let chat = Arc::clone(self.chat);
        let system = Arc::clone(&self.request.system);
        // Without a session nobody says where: in a folder where there is nothing.
        let place = self.session.map(CliSession::place);
        let instructions = self.session.and_then(CliSession::instructions).unwrap_or_default().to_owned();
        let work = move || start(&chat, (&system, &instructions, prompt), (&session, place.as_ref()));
        let started =
            tokio::task::spawn_blocking(work).await.unwrap_or_else(|gone| Err(io::Error::other(gone)));
        started.map_err(|error| {
            tracing::warn!(%error, program = %self.chat.program.path.display(), "a program cannot be started");
            self.fault(CliFault::Start { why: error.kind().to_string() })
        })
    }

    /// Tells what the program prints until it ends.
    async fn follow(&self, mut running: Running, reading: &mut Reading) -> Result<ExitStatus, ModelError> {
        let limits = self.chat.limits;
        let end = self.end.unwrap_or_else(|| Instant::now() + limits.total);
        loop {
            let silent = Instant::now() + limits.silent;
            let piece = match timeout_at(silent.min(end), running.pieces.recv()).await {
                Ok(piece) => piece,
                Err(_) if Instant::now() >= end => {
                    return Err(self.fault(CliFault::TooLong { after: limits.total }));
                }
                Err(_) => {
                    let kind = if reading.is_told { TimeoutKind::Idle } else { TimeoutKind::FirstByte };
                    let provider = Arc::clone(&self.chat.info.provider);
                    return Err(ModelError::Timeout { provider, kind, after: limits.silent });
                }
            };
            match piece {
                Some(Piece::Stdout(bytes)) => {
                    let max_bytes = MAX_OUTPUT_BYTES;
                    let more = reading.reader.push(&bytes);
                    for delta in more.map_err(|_| self.fault(CliFault::TooMuch { max_bytes }))? {
                        reading.is_told = true;
                        self.event(ModelEvent::TextDelta(delta)).await;
                    }
                    let written = u64::try_from(reading.reader.written()).unwrap_or(u64::MAX);
                    if let Some(max_bytes) = self.request.max_bytes.filter(|most| written > *most) {
                        return Err(self.fault(CliFault::OverBudget { max_bytes }));
                    }
                }
                Some(Piece::Stderr(bytes)) => reading.remark(&bytes),
                Some(Piece::Ended(Ok(status))) => return Ok(status),
                Some(Piece::Ended(Err(error))) => {
                    return Err(self.fault(CliFault::Start { why: error.kind().to_string() }));
                }
                // Its threads are gone without a word, which only a panic in one of them does.
                None => {
                    return Err(self.fault(CliFault::Start { why: io::ErrorKind::BrokenPipe.to_string() }));
                }
            }
        }
    }

    /// The end of an answer: what is left of it, and what is to be remembered.
    async fn tell(&self, said: Said, session: &SessionUse) {
        if !said.rest.is_empty() {
            self.event(ModelEvent::TextDelta(said.rest)).await;
        }
        if let Some(mut usage) = said.usage {
            usage.cost = self.chat.info.prices.cost_of(&usage);
            self.event(ModelEvent::Usage(usage)).await;
        }
        let program = &self.chat.program;
        let id = said.session.or_else(|| session.id().map(str::to_owned));
        let id = id.filter(|id| program.settings.session.mode != SessionMode::Never && is_session_id(id));
        if let (Some(kept), Some(id)) = (self.session, id) {
            kept.keep(&program.id, &KnownConversation { id, model: Some(self.chat.info.id.clone()) });
        }
        self.event(ModelEvent::Done(StopReason::Stop)).await;
    }

    async fn event(&self, event: ModelEvent) {
        // Whoever listens holds this future as well: when they are gone, so is this.
        self.events.send(event).await.ok();
    }

    fn fault(&self, fault: CliFault) -> ModelError {
        let (provider, command) =
            (Arc::clone(&self.chat.info.provider), self.chat.program.settings.command.clone());
        ModelError::Program { provider, command, fault }
    }
}

/// What is read of a run.
struct Reading {
    reader: Reader,
    remarks: Vec<u8>,
    /// Whether a part of the answer was told.
    is_told: bool,
}

impl Reading {
    /// Keeps the end.
    fn remark(&mut self, bytes: &[u8]) {
        self.remarks.extend_from_slice(bytes);
        if self.remarks.len() > 2 * MAX_REMARKS_BYTES {
            self.remarks.drain(..self.remarks.len() - MAX_REMARKS_BYTES);
        }
    }
}

/// Whether a failure may come from a conversation that the program cannot go on with, and not from its account or the
/// provider: one that has grown too long there, or an early one that it says nothing precise of.
fn is_own_failure(error: &ModelError, is_early: bool) -> bool {
    match error {
        ModelError::Program { fault, .. } => match fault {
            // Who killed it had a reason that has nothing to do with what was said.
            CliFault::Failed { code, .. } => is_early && code.is_some(),
            CliFault::Start { .. }
            | CliFault::SignIn { .. }
            | CliFault::NotForGroups
            | CliFault::Silent
            | CliFault::NotUnderstood
            | CliFault::TooMuch { .. }
            | CliFault::OverBudget { .. }
            | CliFault::TooLong { .. } => false,
        },
        ModelError::ContextOverflow { .. } => true,
        ModelError::Auth { .. }
        | ModelError::RateLimited { .. }
        | ModelError::Overloaded { .. }
        | ModelError::Billing { .. }
        | ModelError::ModelNotFound { .. }
        | ModelError::Timeout { .. }
        | ModelError::Unreachable { .. }
        | ModelError::Server { .. }
        | ModelError::Redirected { .. }
        | ModelError::BadRequest { .. }
        | ModelError::Filtered { .. }
        | ModelError::Malformed { .. }
        | ModelError::Unavailable(_)
        | ModelError::Aborted => false,
    }
}

fn start(
    chat: &Shared,
    (system, instructions, prompt): (&str, &str, Prompt),
    (session, place): (&SessionUse, Option<&CliPlace>),
) -> io::Result<Running> {
    let program = &chat.program;
    let needs_folder = place.is_none() || !prompt.images.is_empty();
    let folder = needs_folder.then(|| PrivateFolder::with(&prompt.images, &program.environment.temporary()));
    let folder = folder.transpose()?;
    let images = folder.as_ref().map_or(&[][..], PrivateFolder::images);
    let runs_in = match place {
        Some(CliPlace::Workspace(place)) => Some(place.as_path()),
        Some(CliPlace::Apart(place)) => {
            create_private_dir(place).map_err(io::Error::other)?;
            Some(place.as_path())
        }
        None => folder.as_ref().map(PrivateFolder::path),
    };
    // Programs see it without the links that lead to it.
    let runs_in = runs_in.map(Path::canonicalize).transpose()?;
    let asking = Asking {
        model: &chat.info.id,
        system,
        prompt: &prompt.text,
        instructions,
        images,
        folder: runs_in.as_deref(),
    };
    let Invocation { args, stdin, output } = Invocation::of(&program.settings, asking, session);
    let mut command = child_command(&program.path);
    command.args(&args).env_clear().env("NO_COLOR", "1");
    command.env("PATH", program.environment.search_path(&program.path));
    for (name, value) in program.environment.of(&program.settings) {
        command.env(name, value.expose());
    }
    if let Some(place) = &runs_in {
        command.current_dir(place);
    }
    let (sender, pieces) = mpsc::channel(PIECES);
    let tell = move |event: ChildEvent<'_>| {
        let piece = match event {
            ChildEvent::Stdout(bytes) => Piece::Stdout(bytes.to_vec()),
            ChildEvent::Stderr(bytes) => Piece::Stderr(bytes.to_vec()),
            ChildEvent::Ended(status) => Piece::Ended(status),
        };
        if sender.blocking_send(piece).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let input = stdin.map_or(ChildInput::Nothing, |text| ChildInput::Bytes(text.into_bytes()));
    let child = Supervised::start(command, (Outputs::Apart, input), tell)?;
    Ok(Running { _child: child, pieces, output, _folder: folder })
}
