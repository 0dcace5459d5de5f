//! What a session remembers of the programs that answered in it.

use std::fmt::Debug;
use std::path::PathBuf;

/// A session, as a program needs to know it. Whoever runs the turn implements it.
pub trait CliSession: Debug + Send + Sync {
    /// Names the session among all.
    fn key(&self) -> &str;
    /// Where the program runs: the agent's workspace. None where its owner's files are not for those who read along;
    /// the program then runs in an empty folder.
    fn folder(&self) -> Option<PathBuf>;
    /// The id under which a program knows the conversation.
    fn id(&self, provider: &str) -> Option<String>;
    /// Remembers the id for the next answer.
    fn keep(&self, provider: &str, id: &str);
    /// The program does not know the conversation any more.
    fn forget(&self, provider: &str);
}
