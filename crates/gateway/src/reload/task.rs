//! The task that looks after the configuration: one change after the other.

use std::sync::Arc;
use std::time::Duration;

use openclaw_config::{Action, Loaded, Plan, ReloadMode};
use tokio::sync::mpsc;

use super::apply::{apply, keep};
use super::check::{startable, tell_not_in_force};
use super::compare::{Changes, compare};
use super::outcome::{Outcome, report};
use super::read::{Found, always_watched};
use super::state::{Ask, Refused};
use super::watch::Watch;
use crate::core::Core;

/// A file that looks cut off is looked at again after this long, before it is called wrong: some editors empty a file
/// first and fill it in a second step.
const SECOND_LOOK: Duration = Duration::from_secs(1);
/// Second looks at a file that keeps changing and keeps looking cut off.
const MAX_LOOKS: usize = 5;
/// Readings in a row because the list of files changed.
const MAX_READINGS: usize = 3;
/// What a debounce may be at most; more would look like a gateway that does not see changes.
const MAX_DEBOUNCE: Duration = Duration::from_secs(60);

struct Task {
    core: Arc<Core>,
    watch: Watch,
    refused: Option<Refused>,
}

/// Why the files are looked at.
#[derive(Clone, Copy)]
enum Cause {
    /// The watch saw a change, or the gateway has just started.
    Files,
    /// Somebody wrote them on purpose and waits; a restart may be a little later.
    Asked(Duration),
}

/// Looks after the configuration until the gateway stops.
pub(crate) async fn run(core: Arc<Core>, asks: mpsc::Receiver<Ask>, refused: Option<Refused>) {
    let watch = Watch::new(always_watched(&core));
    let stopping = core.stopping.clone();
    if refused.is_none() {
        keep(Arc::clone(&core.reload.started.loaded)).await;
    }
    let task = Task { core, watch, refused };
    tokio::select! {
        () = stopping.cancelled() => {}
        () = task.serve(asks) => {}
    }
}

impl Task {
    async fn serve(mut self, mut asks: mpsc::Receiver<Ask>) {
        // Between reading the configuration and here the files may have changed.
        if self.mode() != ReloadMode::Off {
            self.look(Cause::Files).await;
        }
        loop {
            let debounce = Duration::from_millis(self.core.snapshot().config().gateway.reload.debounce_ms);
            let is_watching = self.mode() != ReloadMode::Off;
            tokio::select! {
                biased;
                Some(ask) = asks.recv() => {
                    let outcome = self.look(Cause::Asked(ask.restart_delay)).await;
                    // Who asked may have gone; the outcome holds all the same.
                    ask.outcome.send(outcome).ok();
                }
                () = self.watch.settled(debounce.min(MAX_DEBOUNCE)), if is_watching => {
                    self.look(Cause::Files).await;
                }
            }
        }
    }

    fn mode(&self) -> ReloadMode {
        self.core.snapshot().config().gateway.reload.mode
    }

    /// Reads, judges, acts and reports.
    async fn look(&mut self, cause: Cause) -> Outcome {
        if self.mode() == ReloadMode::Off {
            return Outcome::Ignored;
        }
        let Some(found) = self.read(cause).await else { return Outcome::Unchanged };
        let outcome = self.judge(found, cause).await;
        report(&self.core, &outcome);
        outcome
    }

    /// Reads the files, patiently when they look unfinished.
    async fn read(&mut self, cause: Cause) -> Option<Found> {
        let mut found = self.read_once().await?;
        for _ in 0..MAX_LOOKS {
            let running = self.core.snapshot();
            if matches!(cause, Cause::Asked(_)) || !found.looks_unfinished(&running.loaded) {
                break;
            }
            drop(running);
            tokio::time::sleep(SECOND_LOOK).await;
            if !self.watch.has_moved().await {
                break;
            }
            found = self.read_once().await?;
        }
        Some(found)
    }

    async fn read_once(&mut self) -> Option<Found> {
        let mut found = None;
        for _ in 0..MAX_READINGS {
            self.watch.about_to_read().await;
            let read = Found::read(&self.core).await?;
            let has_new = self.watch.retarget(read.files.clone());
            found = Some(read);
            if !has_new {
                break;
            }
        }
        found
    }

    async fn judge(&mut self, found: Found, cause: Cause) -> Outcome {
        let running = Arc::clone(&self.core.snapshot().loaded);
        let invalid = |problem: String| Outcome::Invalid { problems: vec![problem] };
        let loaded = match found.loaded {
            Ok(loaded) if running.exists && !loaded.exists => {
                let path = loaded.path.display();
                return invalid(format!("{path}: the file is gone; the gateway goes on with what it held"));
            }
            Ok(loaded) => loaded,
            Err(error) => return Outcome::invalid(&error),
        };
        let Some((loss, changes)) = compare(&self.core, &loaded).await else { return Outcome::Unchanged };
        let staging = &self.core.reload.staging;
        if let Some(loss) = staging.unconfirmed(loss, (&running, &loaded), &found.last_good) {
            return Outcome::Staged { reason: loss.to_string() };
        }
        let is_refused = |refused: &&Refused| Plan::between(&refused.loaded, &loaded).changed.is_empty();
        if let Some(refused) = self.refused.as_ref().filter(is_refused) {
            return invalid(refused.problem.clone());
        }
        self.refused = None;
        let is_rewritten = loaded.raw != running.raw;
        let outcome = self.act(Arc::clone(&loaded), changes, cause).await;
        let needs_no_restart = matches!(outcome, Outcome::Unchanged | Outcome::Applied { .. });
        if needs_no_restart && self.core.control.withdraw() {
            tracing::info!("the change that asked for a restart was taken back");
            tell_not_in_force(&self.core, &Outcome::Unchanged.words()).await;
        }
        let is_applied =
            matches!(outcome, Outcome::Unchanged | Outcome::Applied { .. } | Outcome::RestartNeeded { .. });
        if is_applied && is_rewritten {
            keep(loaded).await;
        }
        outcome
    }

    async fn act(&mut self, loaded: Arc<Loaded>, changes: Changes, cause: Cause) -> Outcome {
        // The mode that the new file asks for, but a file that switches reloading off is itself still taken.
        let mode = match loaded.config.gateway.reload.mode {
            ReloadMode::Off => self.mode(),
            mode @ (ReloadMode::Restart | ReloadMode::Hot | ReloadMode::Hybrid) => mode,
        };
        match changes.plan.action(mode) {
            Action::Restart => self.restart(loaded, changes, cause).await,
            action @ (Action::Nothing | Action::Apply | Action::ApplySome) => {
                if let Err(error) = apply(&self.core, loaded).await {
                    return Outcome::Invalid { problems: vec![error.to_string()] };
                }
                let Changes { paths, pending, .. } = changes;
                match action {
                    Action::Nothing => Outcome::Unchanged,
                    Action::ApplySome => Outcome::RestartNeeded { paths, pending },
                    Action::Apply | Action::Restart => Outcome::Applied { paths },
                }
            }
        }
    }

    async fn restart(&self, loaded: Arc<Loaded>, changes: Changes, cause: Cause) -> Outcome {
        if let Err(error) = startable(&self.core, loaded).await {
            return Outcome::Invalid { problems: vec![error.to_string()] };
        }
        let delay = match cause {
            Cause::Files => Duration::ZERO,
            Cause::Asked(delay) => delay,
        };
        self.core.request_restart(delay, "configuration changed");
        Outcome::Restarting { paths: changes.paths }
    }
}
