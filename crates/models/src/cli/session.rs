//! What a session remembers of the programs that answered in it.

use std::fmt::Debug;
use std::path::PathBuf;

/// A session, as a program needs to know it. Whoever runs the turn implements it.
pub trait CliSession: Debug + Send + Sync {
    /// Names the session among all.
    fn key(&self) -> &str;
    /// Where the program runs.
    fn place(&self) -> CliPlace;
    /// What holds for this answer alone, and stands in the system prompt besides.
    fn instructions(&self) -> Option<&str>;
    /// The conversation, as a program knows it.
    fn known(&self, provider: &str) -> Option<KnownConversation>;
    /// Remembers it for the next answer.
    fn keep(&self, provider: &str, known: &KnownConversation);
    /// The program does not know the conversation any more.
    fn forget(&self, provider: &str);
}

/// A folder that a program runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CliPlace {
    /// The agent's workspace.
    Workspace(PathBuf),
    /// A folder of this conversation alone, with nothing in it, because its owner's files are not for those who read along.
    /// It is made when it is needed and stays: some programs know their conversations by it.
    Apart(PathBuf),
}

/// A conversation that a program knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownConversation {
    /// Its id.
    pub id: String,
    /// The model that it goes on with; unknown where OpenClaw kept the id.
    pub model: Option<String>,
}
