//! What is known of the configuration beside its values: with what the gateway started, and how the files stand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openclaw_config::{Env, Loaded, carried};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::outcome::{self, Outcome};
use super::staging::Staging;
use crate::core::Core;
use crate::start::StartOptions;

/// Methods that wait for a look at the files. Each comes from a person who changes settings.
const MAX_ASKS: usize = 16;

/// With what a gateway started. What only a restart changes holds as it is written here.
pub(crate) struct Started {
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) port: u16,
    pub(crate) port_flag: Option<u16>,
    pub(crate) env: Env,
}

/// A configuration that was to start a gateway and could not.
#[derive(Clone)]
pub struct Refused {
    /// The configuration.
    pub loaded: Loaded,
    /// Why it could not, in one line.
    pub problem: String,
}

/// How the files on the disk stand to what runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// What keeps them from being applied.
    pub(super) problems: Vec<String>,
    /// Keys that wait for a restart.
    pub(super) pending: Vec<String>,
}

/// Somebody wants the files to be looked at now.
pub(crate) struct Ask {
    /// How long a restart that comes of it waits.
    pub(super) restart_delay: Duration,
    pub(super) outcome: oneshot::Sender<Outcome>,
}

/// The shared part of reloading; the work is done by the task of [`super::run`].
pub(crate) struct Reload {
    pub(super) started: Started,
    asks: mpsc::Sender<Ask>,
    standing: Mutex<Standing>,
    pub(super) staging: Staging,
}

impl Reload {
    pub(crate) fn new(started: Started) -> (Self, mpsc::Receiver<Ask>) {
        let (asks, receiver) = mpsc::channel(MAX_ASKS);
        (Self { started, asks, standing: Mutex::default(), staging: Staging::default() }, receiver)
    }

    /// The environment of the process, in which the configuration is read.
    pub(crate) fn env(&self) -> &Env {
        &self.started.env
    }

    /// For who has just written the configuration: applies it now, without waiting for the files to be quiet, and says
    /// what came of it: [`Outcome::Unchanged`] also when the watch was quicker. A restart that it asks for begins after
    /// `restart_delay`. `None` when the gateway is stopping.
    pub(crate) async fn written(&self, restart_delay: Duration) -> Option<Outcome> {
        let (outcome, answer) = oneshot::channel();
        self.asks.send(Ask { restart_delay, outcome }).await.ok()?;
        answer.await.ok()
    }

    /// The field `config` of the health summary; `loaded` is the configuration that runs.
    pub(crate) fn summary(&self, loaded: &Loaded) -> Value {
        let standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone();
        outcome::summary(&standing, loaded.hash.as_deref())
    }

    /// What keeps the files from being applied, for clients that may administrate.
    pub(crate) fn problems(&self) -> Value {
        outcome::problems(&self.standing.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes how things stand; whether that is otherwise than before.
    pub(super) fn stand(&self, change: impl FnOnce(&Standing) -> Standing) -> bool {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let after = change(&standing);
        let differs = *standing != after;
        *standing = after;
        differs
    }

    /// What this gateway runs with, to go back to: not what it started with, which may allow what was forbidden since.
    pub(crate) fn ran(&self, core: &Core) -> StartOptions {
        let Started { loaded, port, port_flag, env } = &self.started;
        let running = carried(loaded, &core.snapshot().loaded);
        let options = StartOptions::new(core.locations.clone(), running, *port, env.clone());
        StartOptions { port_flag: *port_flag, control: core.control.clone(), ..options }
    }
}
