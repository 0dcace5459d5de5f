//! Where a model is, and how it gets there.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use ring::digest;
use tokio::sync::watch;

use super::download::{Download, DownloadError, Progress};
use super::hub::Hub;
use super::protocol::PROMPTS;
use super::reference::ModelReference;

/// Bytes at both ends of a file that tell models apart: keys at the beginning, weights at the end.
const SAMPLE_BYTES: u64 = 64 * 1024;

/// A model, and where it may be found.
pub struct ModelSource {
    /// What is wanted.
    pub reference: ModelReference,
    /// Where downloads go.
    pub cache: PathBuf,
    /// Where else a downloaded file may be already: OpenClaw kept its own in `~/.node-llama-cpp/models`.
    pub also: Vec<PathBuf>,
    /// Where downloads come from.
    pub hub: Hub,
}

impl ModelSource {
    /// The file, if it is there. A file named without its folder may be in the folders of models.
    #[must_use]
    pub fn present(&self) -> Option<PathBuf> {
        let folders = || std::iter::once(&self.cache).chain(&self.also);
        let candidates: Vec<PathBuf> = match &self.reference {
            ModelReference::File(path) => {
                std::iter::once(path.clone()).chain(folders().map(|folder| folder.join(path))).collect()
            }
            ModelReference::Hub(file) => folders().map(|folder| folder.join(file.file_name())).collect(),
        };
        candidates.into_iter().find(|path| path.is_file())
    }

    /// The file, downloaded if need be; nothing when a file was named that does not exist. `progress` hears of every
    /// megabyte. Needs a runtime of tokio with time and network. Dropped, it stops; called again, it goes on.
    ///
    /// # Errors
    /// Why the download failed.
    pub async fn fetch(&self, progress: &watch::Sender<Progress>) -> Result<Option<PathBuf>, DownloadError> {
        if let Some(path) = self.present() {
            return Ok(Some(path));
        }
        let ModelReference::Hub(file) = &self.reference else { return Ok(None) };
        Download { hub: &self.hub, file, folder: &self.cache, progress }.run().await.map(Some)
    }

    /// What changes when vectors do: the model and its prompts. A file on the hub is told by its name, which is known
    /// before it is here; a file of this machine by its size and its ends, so that it may be moved.
    pub(super) fn fingerprint(&self) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(format!("prompts {PROMPTS}\n").as_bytes());
        match &self.reference {
            ModelReference::Hub(file) => context.update(file.to_string().as_bytes()),
            ModelReference::File(path) => match self.present().and_then(|found| ends(&found)) {
                Some(bytes) => context.update(&bytes),
                // It cannot be used either; when it appears, it is another model.
                None => context.update(path.as_os_str().as_encoded_bytes()),
            },
        }
        hex(context.finish().as_ref())
    }
}

fn ends(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    let mut bytes = size.to_le_bytes().to_vec();
    file.by_ref().take(SAMPLE_BYTES).read_to_end(&mut bytes).ok()?;
    file.seek(SeekFrom::Start(size.saturating_sub(SAMPLE_BYTES))).ok()?;
    file.take(SAMPLE_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Small hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
