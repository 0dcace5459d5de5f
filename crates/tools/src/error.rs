//! Why a tool call failed. The texts are for the model: what was wrong, and what to do instead.

use std::io;
use std::time::Duration;

use openclaw_guard::{PathComponentError, RootError};
use openclaw_memory::MemoryError;

use crate::arguments::ArgumentError;

/// Why a tool call failed.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// There is no such tool.
    #[error("there is no tool {name}; available: {available}")]
    Unknown {
        /// As the model wrote it.
        name: String,
        /// The names there are.
        available: String,
    },
    /// The policy does not allow it.
    #[error("the tool {name} is not allowed here")]
    Denied {
        /// The tool.
        name: &'static str,
    },
    /// The configuration keeps memory out of this chat.
    #[error("memory is not asked in this chat: memory.qmd.scope in the configuration does not allow it")]
    OutOfScope,
    /// The arguments do not fit.
    #[error(transparent)]
    Arguments(#[from] ArgumentError),
    /// A path cannot be used.
    #[error(transparent)]
    Path(#[from] RootError),
    /// A name that must not be written.
    #[error("{path} cannot be written: {source}")]
    Name {
        /// As the model wrote it.
        path: String,
        /// The rule it breaks.
        #[source]
        source: PathComponentError,
    },
    /// A file below too many folders: what walks the workspace would not find it again.
    #[error("{path} cannot be written: it is below more than {max} folders")]
    TooDeep {
        /// As the model wrote it.
        path: String,
        /// The limit.
        max: usize,
    },
    /// A file could not be read or written.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// As the model wrote it.
        path: String,
        /// What was being done.
        action: &'static str,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// A file is not text.
    #[error("{path} is not a text file")]
    NotText {
        /// As the model wrote it.
        path: String,
    },
    /// There is no such line.
    #[error("{path} has {lines} lines; offset {offset} is past the end")]
    PastEnd {
        /// As the model wrote it.
        path: String,
        /// Lines of the file.
        lines: usize,
        /// The first line asked for.
        offset: usize,
    },
    /// Nothing to append or to look for.
    #[error("\"{param}\" must not be empty")]
    Empty {
        /// The parameter.
        param: &'static str,
    },
    /// The text to replace is not there.
    #[error("oldText occurs 0 times in {path}; read the file and copy the text exactly, blanks included")]
    NoMatch {
        /// As the model wrote it.
        path: String,
    },
    /// The text to replace is there more than once.
    #[error("oldText occurs {count} times in {path}; add lines around it until it occurs once")]
    ManyMatches {
        /// As the model wrote it.
        path: String,
        /// How often.
        count: usize,
    },
    /// Other lines stand where the text to replace should begin.
    #[error("line {line} of {path} does not begin oldText; read the file again and copy whole lines")]
    OtherLines {
        /// As the model wrote it.
        path: String,
        /// Where the text should begin.
        line: usize,
    },
    /// The edited file would be larger than file tools handle.
    #[error("{path} would grow past {max_bytes} bytes; write a second file")]
    TooLarge {
        /// As the model wrote it.
        path: String,
        /// The limit.
        max_bytes: u64,
    },
    /// The memory cannot answer.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// A command could not be started or watched.
    #[error("cannot {action} the command: {source}")]
    Command {
        /// What was being done.
        action: &'static str,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// A command ran into its limit.
    #[error("the command was stopped after {} s, its limit; output until then:\n{output}", limit.as_secs())]
    CommandTimeout {
        /// The limit.
        limit: Duration,
        /// The end of its output.
        output: String,
    },
    /// The tool ran into the executor's limit.
    #[error("gave up after {} s", limit.as_secs())]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// The turn was stopped.
    #[error("stopped, because the turn was stopped")]
    Aborted,
    /// The session is not known.
    #[error("nothing is known about session {session_key}")]
    NoSession {
        /// The session.
        session_key: String,
    },
    /// A bug in the tool.
    #[error("the tool broke off because of a fault of its own; it is in the gateway's log")]
    Broken,
}
