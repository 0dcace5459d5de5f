//! The port of whoever answers a turn: the models that could ([`Speaker`]), or a recording of those that did.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use openclaw_models::{ChatModel, ModelError, ModelInfo, ModelRequest, WireApi};

use crate::speaker::Speaker;
use crate::spending::Unpaid;
use crate::turn::Input;

/// A program that works on an answer of usual length is done by then.
const PROGRAM_PATIENCE: Duration = Duration::from_secs(300);

/// What the driver asks of whoever answers.
pub(crate) trait Voice: Send {
    /// The model that is asked.
    fn model(&self) -> &Arc<dyn ChatModel>;
    /// Sets aside what a call can cost.
    fn pay_for<'a>(&'a mut self, request: &'a mut ModelRequest) -> BoxFuture<'a, Result<(), Unpaid>>;
    /// Counts what a call cost, when it says so and when it is over. An error ends the turn.
    fn count(&mut self, input: &Input) -> Result<(), Unpaid>;
    /// Whether somebody else could be asked.
    fn has_others(&self) -> bool;
    /// Notes that the model failed in the middle of its answer.
    fn broke_off<'a>(&'a mut self, error: &'a ModelError) -> BoxFuture<'a, ()>;
    /// The model failed before it said anything. Returns the one to ask now, if there is one.
    fn next_after<'a>(&'a mut self, error: &'a ModelError) -> BoxFuture<'a, Option<ModelInfo>>;
    /// The error of a turn that nobody answered.
    fn words(&self, error: &ModelError) -> String;
    /// The model said something. Returns what the user has to hear of it, once.
    fn notice(&mut self) -> Option<String>;

    /// What the model is.
    fn info(&self) -> &ModelInfo {
        self.model().describe()
    }

    /// How long the model may be silent while another one could answer: a program tells its answer when it is whole.
    fn patience(&self, configured: Duration) -> Duration {
        if self.info().api == WireApi::Cli { configured.max(PROGRAM_PATIENCE) } else { configured }
    }
}

impl Voice for Speaker {
    fn model(&self) -> &Arc<dyn ChatModel> {
        Self::model(self)
    }

    fn pay_for<'a>(&'a mut self, request: &'a mut ModelRequest) -> BoxFuture<'a, Result<(), Unpaid>> {
        Box::pin(Self::pay_for(self, request))
    }

    fn count(&mut self, input: &Input) -> Result<(), Unpaid> {
        Self::count(self, input)
    }

    fn has_others(&self) -> bool {
        Self::has_others(self)
    }

    fn broke_off<'a>(&'a mut self, error: &'a ModelError) -> BoxFuture<'a, ()> {
        Box::pin(Self::broke_off(self, error))
    }

    fn next_after<'a>(&'a mut self, error: &'a ModelError) -> BoxFuture<'a, Option<ModelInfo>> {
        Box::pin(Self::next_after(self, error))
    }

    fn words(&self, error: &ModelError) -> String {
        Self::words(self, error)
    }

    fn notice(&mut self) -> Option<String> {
        Self::notice(self)
    }
}
