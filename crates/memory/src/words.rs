//! What a query asks for.

use crate::terms::query_terms;

/// One thing that a query asks for, in any of its forms.
pub(crate) struct Concept {
    /// Terms of the index that stand for it, and how well.
    pub(crate) forms: Vec<Form>,
    /// How much it counts beside the others.
    pub(crate) weight: f64,
}

/// A term that stands for a concept.
pub(crate) struct Form {
    pub(crate) term: String,
    pub(crate) weight: f32,
}

/// What a query asks for.
pub(crate) fn analyse(query: &str) -> Vec<Concept> {
    let one = |term| Concept { forms: vec![Form { term, weight: 1.0 }], weight: 1.0 };
    query_terms(query).into_iter().map(one).collect()
}
