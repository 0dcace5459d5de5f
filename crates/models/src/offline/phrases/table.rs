//! What is said in each language. `{}` stands for what is filled in, in order.

/// Everything said in one language.
pub(in crate::offline) struct Phrases {
    pub(in crate::offline) talk: Talk,
    pub(in crate::offline) noting: Noting,
    pub(in crate::offline) finding: Finding,
    pub(in crate::offline) forgetting: Forgetting,
}

/// About itself.
pub(in crate::offline) struct Talk {
    pub(in crate::offline) hello: &'static str,
    pub(in crate::offline) what_it_is: &'static str,
    pub(in crate::offline) configure: &'static str,
    pub(in crate::offline) welcome: &'static str,
    pub(in crate::offline) fine: &'static str,
    pub(in crate::offline) bye: &'static str,
    /// The command.
    pub(in crate::offline) no_command: &'static str,
    pub(in crate::offline) no_words: &'static str,
    /// Ends the first answer of a session.
    pub(in crate::offline) hint: &'static str,
}

/// About noting.
pub(in crate::offline) struct Noting {
    pub(in crate::offline) what: &'static str,
    /// The place, the fact.
    pub(in crate::offline) noted: &'static str,
    /// The same of a fact that stands there already.
    pub(in crate::offline) known: &'static str,
    /// Follows what was noted when a reminder was asked for.
    pub(in crate::offline) no_reminder: &'static str,
    /// The file, the reason.
    pub(in crate::offline) failed: &'static str,
}

/// About finding.
pub(in crate::offline) struct Finding {
    pub(in crate::offline) from_notes: &'static str,
    pub(in crate::offline) closest: &'static str,
    /// The same two before what was said in conversations, which is no note.
    pub(in crate::offline) from_talks: &'static str,
    pub(in crate::offline) closest_talks: &'static str,
    /// The question, what the search says about itself.
    pub(in crate::offline) nothing: &'static str,
    /// The reason.
    pub(in crate::offline) failed: &'static str,
    /// The tool.
    pub(in crate::offline) missing_tool: &'static str,
    pub(in crate::offline) gave_up: &'static str,
    /// Lines, files.
    pub(in crate::offline) count: &'static str,
    /// A number of which there may be more.
    pub(in crate::offline) at_least: &'static str,
    /// Lines shown; says as well that there may be more than were counted.
    pub(in crate::offline) part: &'static str,
    /// Where a list or a number of everything is asked for.
    pub(in crate::offline) all: &'static str,
}

/// About forgetting.
pub(in crate::offline) struct Forgetting {
    pub(in crate::offline) ask: &'static str,
    pub(in crate::offline) confirm: &'static str,
    pub(in crate::offline) which: &'static str,
    pub(in crate::offline) kept: &'static str,
    pub(in crate::offline) removed: &'static str,
    pub(in crate::offline) back: &'static str,
    pub(in crate::offline) changed: &'static str,
    /// Comes before the question when the lines are shown once more.
    pub(in crate::offline) anew: &'static str,
    /// The reason.
    pub(in crate::offline) failed: &'static str,
}
