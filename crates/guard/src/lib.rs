//! Choke points every other room goes through: secrets that cannot be printed and are hidden in any text, paths that
//! cannot escape, files that are never half written, children that inherit nothing, and the clock.
//!
//! This crate may touch the file system and spawn processes; it knows nothing of the product above it.
//!
//! ```
//! use openclaw_guard::{Clock, ManualClock, PathComponent, Root, RootError, create_private_dir, write_atomic};
//! use std::path::Path;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let home = tempfile::tempdir()?;
//! let notes = home.path().join("workspace/memory");
//! create_private_dir(&notes)?; // every directory it makes is 0700
//! write_atomic(&notes.join("today.md"), b"tea, not coffee")?; // 0600, old or new, never half
//!
//! // Text from outside names one path component, or it is refused.
//! let day = PathComponent::parse("2026-11-20")?;
//! assert!(PathComponent::parse("../etc").is_err());
//!
//! // Everything a model asks for is opened beneath a root.
//! let root = Root::open(&home.path().join("workspace"))?;
//! root.replace(&Path::new("memory").join(format!("{}.md", day.as_str())), b"hello")?;
//! assert_eq!(root.read_capped(Path::new("memory/today.md"), 1024)?, b"tea, not coffee");
//! assert!(matches!(root.open_read(Path::new("../secret")), Err(RootError::Outside { .. })));
//!
//! let clock = ManualClock::new(1_000);
//! assert_eq!(clock.now_ms(), 1_000);
//! # Ok(())
//! # }
//! ```

mod atomic;
mod child;
mod clock;
mod group;
mod path_component;
mod random;
mod redact;
mod root;
mod secret;
mod staged;
mod supervise;
#[cfg(target_os = "linux")]
mod tree;
#[cfg(not(target_os = "linux"))]
#[path = "tree_none.rs"]
mod tree;

pub use atomic::{
    BeforeStep, Committed, FileError, PreparedFile, WriteStep, create_private_dir, is_own, sweep_temporary,
    write_atomic,
};
pub use child::{CHILD_ENV, CHILD_PATH, child_command, kill_group};
pub use clock::{Clock, ManualClock, SystemClock, iso_millis};
pub use group::{CHILD_MARK, kill_abandoned_children, kill_children};
pub use path_component::{MAX_COMPONENT_BYTES, PathComponent, PathComponentError};
pub use random::{RandomError, random_hex, random_token};
pub use redact::{
    HIDDEN, Hiding, MIN_SECRET_BYTES, Pattern, PatternError, RedactStream, Redactor, says_secret,
};
pub use root::{EntryKind, MAX_WALK_DEPTH, RelFile, Root, RootError, Walk};
pub use secret::Secret;
pub use staged::{Expected, StagedFile};
pub use supervise::{ChildEvent, ChildInput, Outputs, Supervised};
