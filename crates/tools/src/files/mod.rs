//! Tools over files of the workspace. Every path goes through the workspace root (S-080).

mod disk;
mod edit;
mod read;
mod write;
mod written;

pub use disk::FileLock;
pub use edit::EditTool;
pub use read::ReadTool;
pub use write::WriteTool;
