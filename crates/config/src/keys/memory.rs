//! `memory`

use super::ChatRules;
use crate::declare::{choices, section};

choices! {
    /// The engine behind memory search.
    pub enum MemoryBackend { Builtin = "builtin", Qmd = "qmd" }
}

choices! {
    /// Whether results name their file and lines.
    pub enum Citations { Auto = "auto", On = "on", Off = "off" }
}

section! {
    /// The engine behind memory search.
    pub struct Memory {
        /// The built-in one, or the program `qmd`.
        backend: MemoryBackend = MemoryBackend::Builtin;
        /// Whether results name their file and lines; `auto` does so in direct chats only.
        citations: Citations = Citations::Auto;
        /// The program `qmd`.
        qmd: Qmd, advanced();
    }
}

section! {
    /// The program `qmd`.
    pub struct Qmd {
        /// Its path.
        command: Option<String>;
        /// Whether it indexes the workspace's memory.
        include_default_memory: bool = true;
        /// What else it indexes.
        paths: Vec<QmdPath>;
        /// Transcripts of sessions.
        sessions: QmdSessions;
        /// When it brings its index up to date.
        update: QmdUpdate;
        /// Limits of a search.
        limits: QmdLimits;
        /// In which chats it may be used.
        scope: Option<ChatRules>;
    }
}

section! {
    /// A folder that `qmd` indexes.
    pub struct QmdPath {
        /// The folder.
        path: String, required();
        /// The name of the collection.
        name: Option<String>;
        /// Which files, as a glob.
        pattern: Option<String>;
    }
}

section! {
    /// Transcripts for `qmd`.
    pub struct QmdSessions {
        /// Whether they are indexed.
        enabled: bool = false;
        /// The folder they are written to.
        export_dir: Option<String>;
        /// Days for which they are kept.
        retention_days: Option<u64>;
    }
}

section! {
    /// When `qmd` brings its index up to date.
    pub struct QmdUpdate {
        /// How often, such as `5m`.
        interval: Option<String>;
        /// Milliseconds between two updates at least.
        debounce_ms: Option<u64>;
        /// Whether it does so at the start.
        on_boot: Option<bool>;
        /// Whether the start waits for it.
        wait_for_boot_sync: Option<bool>;
        /// How often it makes vectors, such as `60m`.
        embed_interval: Option<String>;
        /// Milliseconds for a command.
        command_timeout_ms: Option<u64>;
        /// Milliseconds for an update.
        update_timeout_ms: Option<u64>;
        /// Milliseconds for making vectors.
        embed_timeout_ms: Option<u64>;
    }
}

section! {
    /// Limits of a search with `qmd`.
    pub struct QmdLimits {
        /// Most results.
        max_results: Option<u64>, min(1.0);
        /// Most characters of a result.
        max_snippet_chars: Option<u64>, min(1.0);
        /// Most characters of all results.
        max_injected_chars: Option<u64>, min(1.0);
        /// Milliseconds for a search.
        timeout_ms: Option<u64>;
    }
}
