//! Where a model is, and how it gets there.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use ring::digest;
use tokio::sync::watch;

use super::download::{Download, DownloadError, Progress};
use super::hub::Hub;
use super::protocol::PROMPTS;
use super::reference::{ModelReference, ReferenceError, at_home};

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

/// The folder of models in the state directory.
const MODELS: &str = "models";
/// Where OpenClaw's node-llama-cpp keeps its models, in the home directory (3.15.1, `cliModelsDirectory`).
const OPENCLAW_MODELS: &str = ".node-llama-cpp/models";

/// What the configuration and the machine say about models.
#[derive(Debug, Clone, Copy)]
pub struct ModelSettings<'s> {
    /// `memorySearch.local.modelPath`.
    pub model_path: Option<&'s str>,
    /// `memorySearch.local.modelCacheDir`.
    pub model_cache_dir: Option<&'s str>,
    /// The state directory.
    pub state: &'s Path,
    /// The home directory.
    pub home: Option<&'s Path>,
}

impl ModelSource {
    /// The model that is configured, in the folders that it may be in.
    ///
    /// # Errors
    /// The configured text names no model.
    pub fn configured(settings: ModelSettings<'_>, hub: Hub) -> Result<Self, ReferenceError> {
        let ModelSettings { model_path, model_cache_dir, state, home } = settings;
        let filled =
            |text: Option<&'_ str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let path = filled(model_path).unwrap_or_else(|| ModelReference::DEFAULT.to_owned());
        Ok(Self {
            reference: ModelReference::parse(&path, home)?,
            cache: filled(model_cache_dir)
                .map_or_else(|| state.join(MODELS), |folder| at_home(&folder, home)),
            also: home.map(|home| home.join(OPENCLAW_MODELS)).into_iter().collect(),
            hub,
        })
    }

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

impl ModelSource {
    /// Hex digest of all that matters to who uses the model. Two sources with the same are one.
    pub(crate) fn told_by(&self) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut tell = |part: &[u8]| {
            context.update(&part.len().to_le_bytes());
            context.update(part);
        };
        tell(self.fingerprint().as_bytes());
        tell(self.reference.to_string().as_bytes());
        for folder in std::iter::once(&self.cache).chain(&self.also) {
            tell(folder.as_os_str().as_encoded_bytes());
        }
        self.hub.told_by().into_iter().for_each(tell);
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

#[cfg(test)]
mod tests {
    use super::{ModelSettings, ModelSource};
    use crate::local::{Hub, ModelReference};
    use std::path::Path;

    fn configured(model_path: Option<&str>, model_cache_dir: Option<&str>) -> ModelSource {
        let hub = Hub::new("http://127.0.0.1:9/", None).unwrap();
        let (state, home) = (Path::new("/state"), Some(Path::new("/home/eve")));
        ModelSource::configured(ModelSettings { model_path, model_cache_dir, state, home }, hub).unwrap()
    }

    #[test]
    fn without_configuration_it_is_the_default_model_in_the_state_directory() {
        for blank in [None, Some(" ")] {
            let source = configured(blank, blank);
            assert_eq!(source.reference.to_string(), ModelReference::DEFAULT);
            assert_eq!(source.cache, Path::new("/state/models"));
            assert_eq!(source.also, [Path::new("/home/eve/.node-llama-cpp/models")]);
        }
        let source = configured(Some("~/m.gguf"), Some("~/models"));
        assert_eq!(source.reference, ModelReference::File("/home/eve/m.gguf".into()));
        assert_eq!(source.cache, Path::new("/home/eve/models"));
    }
}
