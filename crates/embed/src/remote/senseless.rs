//! What is wrong with an answer.

/// An answer, or a part of it, that gives no vector.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Senseless {
    /// Not the documented JSON.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// More or fewer vectors than texts.
    #[error("{found} vectors for {texts} texts")]
    Count { found: usize, texts: usize },
    /// Some vectors have an index and this one has none.
    #[error("a vector without its index")]
    NoIndex,
    /// An index that no text has.
    #[error("a vector with the index {0}")]
    Index(usize),
    /// One text has two vectors.
    #[error("two vectors with the index {0}")]
    SameIndex(usize),
    /// Numbers that are no direction.
    #[error("a vector that is empty, zero or not finite")]
    NoDirection,
    /// Vectors that cannot be compared.
    #[error("a vector of {found} numbers, where there were {known} before")]
    Dimensions { found: usize, known: usize },
    /// A job that does not say how far it is.
    #[error("a job without a state")]
    NoState,
    /// A job in a state that nobody documented.
    #[error("a job in the state {0}")]
    State(String),
    /// What the service says about one text of a job.
    #[error("{0}")]
    Said(String),
    /// A line of a result that says nothing.
    #[error("neither a vector nor an error")]
    Nothing,
}
