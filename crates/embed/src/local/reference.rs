//! What `memorySearch.local.modelPath` names.

use std::path::{Path, PathBuf};

/// A model: a file, or a file of a repository on the hub.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ModelReference {
    /// A file of this machine.
    File(PathBuf),
    /// `hf:owner/repository/path/file.gguf`, and behind a `#` the revision.
    Hub(HubFile),
}

/// A file on the hub.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HubFile {
    owner: String,
    repository: String,
    /// The folders and the file.
    path: Vec<String>,
    revision: String,
}

/// Why a text names no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Another scheme.
    #[error("{0}: only files and hf:owner/repository/file.gguf can be used; download it and name the file")]
    Scheme(String),
    /// Not `owner/repository/file`.
    #[error("{0}: after hf: comes owner/repository/file.gguf, for example {example}", example = ModelReference::DEFAULT)]
    Shape(String),
    /// A part that is no name on the hub.
    #[error("{0}: \"{1}\" is no name on the hub; it has letters, digits, and . _ - between them")]
    Name(String, String),
    /// Nothing at all.
    #[error("the model's path is empty; name a .gguf file or hf:owner/repository/file.gguf")]
    Empty,
}

/// The schemes that name the hub (node-llama-cpp 3.15.1, `parseModelUri`).
const HUB_SCHEMES: [&str; 4] = ["hf://", "huggingface://", "hf:", "huggingface:"];
/// The revision when none is named.
const MAIN: &str = "main";
/// The hub allows 96 characters for a name; paths may be longer than that, files of a file system may not.
const MAX_NAME_CHARS: usize = 200;

impl ModelReference {
    /// The model that is used when none is named.
    pub const DEFAULT: &'static str = "hf:ggml-org/embeddinggemma-300M-GGUF/embeddinggemma-300M-Q8_0.gguf";

    /// Reads a configured text; `~/` stands for `home`.
    ///
    /// # Errors
    /// It names neither a file nor a file on the hub.
    pub fn parse(text: &str, home: Option<&Path>) -> Result<Self, ReferenceError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if let Some(rest) = HUB_SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)) {
            return HubFile::parse(rest, text).map(Self::Hub);
        }
        // `C:\models` is a drive and no scheme.
        if text.split_once("://").is_some_and(|(scheme, _)| scheme.len() > 1) {
            return Err(ReferenceError::Scheme(text.to_owned()));
        }
        Ok(Self::File(at_home(text, home)))
    }
}

impl HubFile {
    fn parse(rest: &str, whole: &str) -> Result<Self, ReferenceError> {
        let (rest, revision) = match rest.split_once('#') {
            Some((rest, revision)) if !revision.is_empty() => (rest, revision),
            Some((rest, _)) => (rest, MAIN),
            None => (rest, MAIN),
        };
        let mut parts = rest.split('/').map(str::to_owned);
        let shape = || ReferenceError::Shape(whole.to_owned());
        let (owner, repository) = parts.next().zip(parts.next()).ok_or_else(shape)?;
        let path: Vec<String> = parts.collect();
        let is_gguf = path.last().is_some_and(|file| file.to_ascii_lowercase().ends_with(".gguf"));
        if !is_gguf {
            return Err(shape());
        }
        let file = Self { owner, repository, path, revision: revision.to_owned() };
        let names = [&file.owner, &file.repository].into_iter().chain(&file.path);
        let bad = names
            .chain(file.revision.split('/').map(str::to_owned).collect::<Vec<_>>().iter())
            .find_map(|name| (!is_name(name)).then(|| name.clone()));
        match bad {
            Some(bad) => Err(ReferenceError::Name(whole.to_owned(), bad)),
            None => Ok(file),
        }
    }

    /// The segments of its address, behind that of the hub (Hugging Face, "Hub API": `resolve`).
    pub(super) fn segments(&self) -> impl Iterator<Item = &str> {
        [self.owner.as_str(), &self.repository, "resolve", &self.revision]
            .into_iter()
            .chain(self.path.iter().map(String::as_str))
    }

    /// The name of the file in the folder of models: that of node-llama-cpp 3.15.1 (`buildHuggingFaceFilePrefix`), so
    /// that what OpenClaw has downloaded is found.
    pub(super) fn file_name(&self) -> String {
        let (file, folders) = self.path.split_last().map_or(("", [].as_slice()), |(a, b)| (a.as_str(), b));
        let mut parts = vec!["hf", &self.owner];
        if !self.is_named_after_repository(file) || self.revision != MAIN {
            parts.push(&self.repository);
        }
        let revision = self.revision.replace('/', "!");
        if self.revision != MAIN {
            parts.push(&revision);
        }
        let stem = file.get(..file.len().saturating_sub(".gguf".len())).unwrap_or_default();
        let folders = match folders.split_last() {
            Some((last, rest)) if last.eq_ignore_ascii_case(stem) => rest,
            _ => folders,
        };
        let folders = folders.join("__");
        if !folders.is_empty() {
            parts.push(&folders);
        }
        parts.push(file);
        parts.join("_")
    }

    fn is_named_after_repository(&self, file: &str) -> bool {
        let repository = self.repository.to_ascii_lowercase();
        repository.strip_suffix("-gguf").is_some_and(|name| file.to_ascii_lowercase().starts_with(name))
    }
}

impl std::fmt::Display for HubFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "hf:{}/{}/{}", self.owner, self.repository, self.path.join("/"))?;
        if self.revision == MAIN { Ok(()) } else { write!(f, "#{}", self.revision) }
    }
}

impl std::fmt::Display for ModelReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Hub(file) => file.fmt(f),
        }
    }
}

/// A path in which `~/` may stand for the home directory.
pub(super) fn at_home(text: &str, home: Option<&Path>) -> PathBuf {
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        (Some(_) | None, _) => PathBuf::from(text),
    }
}

/// Nothing that leaves a folder, an address or a line.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
    text.chars().count() <= MAX_NAME_CHARS && text.chars().all(plain) && !text.chars().all(|c| c == '.')
}

#[cfg(test)]
mod tests {
    use super::{ModelReference, ReferenceError};
    use proptest::prelude::*;
    use std::path::{Component, Path};

    fn parse(text: &str) -> Result<ModelReference, ReferenceError> {
        ModelReference::parse(text, Some(Path::new("/home/eve")))
    }

    fn names(text: &str) -> (String, String) {
        match parse(text).unwrap() {
            ModelReference::File(path) => panic!("{}", path.display()),
            ModelReference::Hub(file) => (file.segments().collect::<Vec<_>>().join("/"), file.file_name()),
        }
    }

    #[test]
    fn addresses_and_names_are_those_of_node_llama_cpp() {
        // Both columns are what `parseModelUri` of node-llama-cpp 3.15.1 says when it is run.
        let table = [
            (
                ModelReference::DEFAULT,
                "ggml-org/embeddinggemma-300M-GGUF/resolve/main/embeddinggemma-300M-Q8_0.gguf",
                "hf_ggml-org_embeddinggemma-300M-Q8_0.gguf",
            ),
            ("hf://a/b/c.gguf", "a/b/resolve/main/c.gguf", "hf_a_b_c.gguf"),
            ("huggingface:a/b/x/y/c.gguf", "a/b/resolve/main/x/y/c.gguf", "hf_a_b_x__y_c.gguf"),
            ("hf:a/b-GGUF/b-q8/b-Q8.gguf", "a/b-GGUF/resolve/main/b-q8/b-Q8.gguf", "hf_a_b-Q8.gguf"),
            ("hf:a/b-GGUF/b-Q8.gguf#v2", "a/b-GGUF/resolve/v2/b-Q8.gguf", "hf_a_b-GGUF_v2_b-Q8.gguf"),
        ];
        for (text, address, name) in table {
            assert_eq!(names(text), (address.to_owned(), name.to_owned()), "{text}");
        }
    }

    #[test]
    fn files_are_files() {
        assert_eq!(parse(" ~/m.gguf "), Ok(ModelReference::File("/home/eve/m.gguf".into())));
        assert_eq!(parse("/m/hf:x.gguf"), Ok(ModelReference::File("/m/hf:x.gguf".into())));
        assert_eq!(ModelReference::parse("~/m", None), Ok(ModelReference::File("~/m".into())));
    }

    #[test]
    fn what_names_no_model_is_refused_in_words() {
        assert_eq!(parse("  "), Err(ReferenceError::Empty));
        assert!(matches!(parse("https://x/y.gguf"), Err(ReferenceError::Scheme(_))));
        for text in ["hf:a", "hf:a/b", "hf:a/b:Q8_0", "hf:a/b/c.bin", "hf:a/b/", "hf:a/b.gguf"] {
            assert!(matches!(parse(text), Err(ReferenceError::Shape(_))), "{text}");
        }
        for text in
            ["hf:../b/c.gguf", "hf:a/b/../c.gguf", "hf:a/b/c d.gguf", "hf:a/b/c.gguf#../x", "hf:a/b/?.gguf"]
        {
            assert!(matches!(parse(text), Err(ReferenceError::Name(..))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_escapes_the_folder_of_models(text in "hf:[a-z./#\\\\%? ~-]{0,40}(\\.gguf)?(#[a-z./]{0,8})?") {
            if let Ok(ModelReference::Hub(file)) = parse(&text) {
                let name = file.file_name();
                let components: Vec<_> = Path::new(&name).components().collect();
                prop_assert!(matches!(components.as_slice(), [Component::Normal(_)]), "{}", name);
                prop_assert!(file.segments().all(|part| part != ".." && !part.contains(['?', '#', '%', '\\'])));
            }
        }
    }
}
