//! From the decision to embedders.

use std::sync::Arc;

use openclaw_config::MemorySearch;

use super::choose::{Around, Choice, Chosen, choose};
use super::local::LocalSpec;
use super::problem::ResolveProblem;
use crate::{EmbedError, Embedder, Means, RemoteEmbedder};

/// Makes embedders. One for a process, so that the model in it is there once and the budget is one.
pub trait Makers {
    /// The model inside the program.
    ///
    /// # Errors
    /// It cannot run on this machine.
    fn builtin(&self) -> Result<Arc<dyn Embedder>, EmbedError>;
    /// A model file on this machine.
    ///
    /// # Errors
    /// The program that runs it is missing.
    fn local(&self, spec: &LocalSpec) -> Result<Arc<dyn Embedder>, EmbedError>;
    /// What remote embedders share.
    fn means(&self) -> Means;
}

/// Embedders for one agent's memory.
pub struct Resolution {
    /// Who makes the vectors; without one search goes by words. See [`Chosen::primary`].
    pub primary: Option<Arc<dyn Embedder>>,
    /// Who steps in when the primary fails or is missing.
    pub fallback: Option<Arc<dyn Embedder>>,
    /// Why it is this one, for people.
    pub why: String,
    /// What does not work as configured, for the status.
    pub problems: Vec<ResolveProblem>,
}

/// Makes what was chosen. Nothing is sent and no model is loaded before the first text.
///
/// # Errors
/// The maker says why.
pub fn build(choice: &Choice, makers: &dyn Makers) -> Result<Arc<dyn Embedder>, ResolveProblem> {
    match choice {
        Choice::Builtin => makers.builtin().map_err(ResolveProblem::NotMade),
        Choice::Local(spec) => makers.local(spec).map_err(ResolveProblem::NotMade),
        Choice::Remote(spec) => match RemoteEmbedder::new(spec, makers.means()) {
            Ok(embedder) => Ok(Arc::new(embedder)),
            Err(error) => Err(ResolveProblem::BadEndpoint { dialect: spec.dialect, error }),
        },
    }
}

/// The way from the configuration to embedders, for everybody.
#[must_use]
pub fn resolve(search: &MemorySearch, around: &Around<'_>, makers: &dyn Makers) -> Resolution {
    let Chosen { primary, fallback, why, mut problems } = choose(search, around);
    let mut make = |choice: Option<Choice>| {
        let made = build(&choice?, makers).map_err(|problem| problems.push(problem));
        made.ok()
    };
    let (primary, fallback) = (make(primary), make(fallback));
    Resolution { primary, fallback, why, problems }
}
