//! What can be wrong with a configuration, in types and in words. No message ever holds a value from a file; where a
//! file is included, the message may name it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use openclaw_guard::PatternError;

use crate::include::IncludeFault;
use crate::key_path::KeyPath;
use crate::shell_env::ShellEnvFault;

/// Problems reported at once; a file with more of them is not a configuration.
pub const MAX_PROBLEMS: usize = 100;

/// A position in a text file. Both count from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

/// A file that includes another, and where it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncludedFrom {
    /// The including file as the user named it.
    pub file: String,
    /// The name of the included file in it.
    pub place: Place,
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as the user named it.
    pub file: String,
    /// The position in the file; `None` for a value that came without text.
    pub place: Option<Place>,
    /// For a problem of an included file: the file that includes it, the one that includes that, up to the main file.
    pub included_from: Vec<IncludedFrom>,
    /// The key; the root for a problem of the whole file.
    pub key: KeyPath,
    /// What is wrong.
    pub kind: ProblemKind,
}

impl Problem {
    /// What is wrong and what to do, without the place.
    #[must_use]
    pub fn message(&self) -> String {
        self.kind.to_string()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        if self.key.is_root() {
            write!(f, ": {}", self.kind)?;
        } else {
            write!(f, " {}: {}", self.key, self.kind)?;
        }
        if self.included_from.is_empty() {
            return Ok(());
        }
        let name = |from: &IncludedFrom| format!("{}:{}:{}", from.file, from.place.line, from.place.column);
        let chain: Vec<String> = self.included_from.iter().map(name).collect();
        write!(f, " (included from {})", chain.join(", from "))
    }
}

/// The kinds of problems.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// The file has no bytes, or nothing but white space.
    #[error(
        "the file is empty; restore it from a backup (`openclaw doctor --fix` does if there is one), or remove it to start with the defaults"
    )]
    EmptyFile,
    /// The file is over the limit.
    #[error("the file is larger than {limit} bytes")]
    FileTooLarge {
        /// The most bytes that are read.
        limit: u64,
    },
    /// The file holds a NUL byte, as after a power cut.
    #[error("the file holds a NUL byte and is probably damaged; restore it from a backup")]
    NulByte,
    /// The file is text of another encoding.
    #[error("the file looks like UTF-16; save it as UTF-8")]
    Utf16,
    /// The file is not text.
    #[error("the file is not UTF-8 text; save it as UTF-8")]
    NotUtf8,
    /// The text is not JSON5.
    #[error("{0}")]
    Syntax(String),
    /// Comments and white space only.
    #[error("the file holds no value; write {{}} for the defaults")]
    NoValue,
    /// A key stands twice in one object (a warning: the last one counts).
    #[error(
        "stands twice in this object (first on line {first_line}); only the last one counts, remove the other"
    )]
    Duplicate {
        /// Where the key stood before.
        first_line: usize,
    },
    /// A number that JSON cannot carry.
    #[error("is not a number that can be used; write an ordinary decimal number")]
    BadNumber,
    /// A key that no section declares.
    #[error("unknown key{}", instead(.suggestion.as_deref(), .known))]
    UnknownKey {
        /// The declared key that is nearest in spelling, or the place that the key has moved to.
        suggestion: Option<String>,
        /// The keys that may stand here, where they are few.
        known: Vec<&'static str>,
    },
    /// A key of earlier releases.
    #[error("was renamed to {now}; \"openclaw doctor --fix\" moves it")]
    RetiredKey {
        /// What has taken its place, each name in quotes.
        now: String,
    },
    /// A file that is not included.
    #[error(transparent)]
    Include(#[from] IncludeFault),
    /// An object lacks a key it needs.
    #[error("is missing and required; add it")]
    Missing,
    /// A value of another type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// The declared shape in words.
        expected: String,
        /// The JSON type found.
        found: &'static str,
    },
    /// A string that is not one of the choices.
    #[error("expected {}{}", one_of(.expected), did_you_mean(.suggestion.as_deref()))]
    NotAChoice {
        /// What may stand here.
        expected: &'static [&'static str],
        /// The choice that is nearest in spelling.
        suggestion: Option<String>,
    },
    /// A number or a text length out of its bounds.
    #[error("{0}")]
    OutOfRange(String),
    /// A color that is not one.
    #[error("expected a color of six hexadecimal digits such as \"#FF4500\"")]
    NotAColor,
    /// A regular expression that is not one, or not one that runs in linear time.
    #[error("is no regular expression that can be used: {0}")]
    NotAPattern(PatternError),
    /// A file that may hold something else than the index.
    #[error("is no name of an index, and may be that of a note; let it end in .sqlite, .sqlite3 or .db")]
    NotAnIndexFile,
    /// A credential without content.
    #[error("is blank; give it a value or remove the key")]
    BlankSecret,
    /// The mark that replaces secrets in output, written back as a value.
    #[error("holds the mark that replaces hidden values, not a value; write the value itself")]
    RedactionMark,
    /// A `${NAME}` without a value.
    #[error(
        "${{{name}}} is not set or empty; set it in the environment or in the .env file of the state directory"
    )]
    UnsetVariable {
        /// The variable.
        name: String,
    },
    /// A line of an environment file that is not `NAME=value` (a warning).
    #[error("is not NAME=value and is skipped")]
    BadEnvLine,
    /// The variables of the login shell are not there (a warning).
    #[error("no variables are taken from the login shell: {0}")]
    ShellEnv(ShellEnvFault),
    /// A value that passed the check and could not be read: a fault in the declarations.
    #[error("passed the check and could not be read; please report this")]
    Unreadable,
    /// There are more problems than fit.
    #[error("there are more problems; only the first {MAX_PROBLEMS} are listed")]
    TooMany,
}

fn did_you_mean(word: Option<&str>) -> String {
    word.map_or_else(String::new, |word| format!(", did you mean \"{word}\"?"))
}

fn instead(suggestion: Option<&str>, known: &[&str]) -> String {
    match suggestion {
        None if !known.is_empty() => format!("; known here: {}", quoted(known)),
        _ => did_you_mean(suggestion),
    }
}

fn one_of(words: &[&str]) -> String {
    if words.len() == 1 { quoted(words) } else { format!("one of {}", quoted(words)) }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

/// A configuration that cannot be used. Printed, it is one problem per line.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file system refused; nothing is known about the content.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The content is wrong. The file is left as it is.
    #[error("{}", lines(.problems))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong, in the order of the file's keys.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    /// Everything that is wrong with the content.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Unreadable { .. } => &[],
            Self::Invalid { problems, .. } => problems,
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
