//! The file that a first start writes.

use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use openclaw_guard::{FileError, Secret, create_private_dir, write_atomic};
use serde_json::{Value, json};

/// What a first start may fix beside the token.
#[derive(Clone, Debug, Default)]
pub struct MinimalOptions {
    /// `agents.defaults.workspace`
    pub workspace: Option<String>,
    /// `gateway.port`
    pub port: Option<u16>,
    /// `agents.defaults.memorySearch.extraPaths`
    pub extra_paths: Vec<String>,
    /// `agents.defaults.model.primary`
    pub model: Option<String>,
}

/// The text of a configuration with which a gateway starts: local mode, loopback, a token, and the options. It is
/// JSON with two spaces, as the release writes it.
#[must_use]
pub fn minimal_config(token: &Secret, options: &MinimalOptions) -> String {
    let mut gateway = json!({
        "mode": "local",
        "bind": "loopback",
        "auth": {"mode": "token", "token": token.expose()},
    });
    if let Some(port) = options.port {
        gateway["port"] = port.into();
    }
    let mut config = json!({ "gateway": gateway });
    if let Some(model) = &options.model {
        config["agents"]["defaults"]["model"]["primary"] = literal(model);
    }
    if let Some(workspace) = &options.workspace {
        config["agents"]["defaults"]["workspace"] = literal(workspace);
    }
    if !options.extra_paths.is_empty() {
        let paths: Vec<Value> = options.extra_paths.iter().map(|path| literal(path)).collect();
        config["agents"]["defaults"]["memorySearch"]["extraPaths"] = paths.into();
    }
    format!("{config:#}\n")
}

/// A text that is read back as it is: `${NAME}` in it is not a variable.
fn literal(text: &str) -> Value {
    text.replace("${", "$${").into()
}

/// Writes a file that must not exist yet, 0600 in a directory that is made 0700 if it is missing.
///
/// # Errors
/// `AlreadyExists` as the source when there is a file, which is left as it is; or the step that failed.
pub fn write_new(path: &Path, text: &str) -> Result<(), FileError> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        create_private_dir(parent)?;
    }
    let claimed = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    claimed.map_err(|source: io::Error| FileError::new("create", path, source))?;
    write_atomic(path, text.as_bytes()).inspect_err(|_| {
        // Best effort: the name was claimed by us a moment ago, and the write error is the one worth reporting.
        std::fs::remove_file(path).ok();
    })
}

#[cfg(test)]
mod tests {
    use super::{MinimalOptions, minimal_config, write_new};
    use crate::env::Env;
    use crate::load::parse;
    use openclaw_guard::Secret;
    use std::os::unix::fs::MetadataExt as _;

    #[test]
    fn the_text_loads_and_means_what_was_asked() {
        let options = MinimalOptions {
            workspace: Some("/w/${X}".to_owned()),
            port: Some(1234),
            extra_paths: vec![".".to_owned()],
            model: Some("p/m".to_owned()),
        };
        let text = minimal_config(&Secret::new("t0ken".to_owned()), &options);
        assert!(text.starts_with("{\n  \"gateway\": {\n    \"mode\": \"local\","), "{text}");
        let config =
            parse(&text, "openclaw.json", &Env::default()).map_err(|p| p.len()).map(|p| p.config).unwrap();
        assert!(config.gateway.auth.token.as_ref().unwrap().matches("t0ken"));
        assert_eq!(config.gateway.port, Some(1234));
        assert_eq!(config.agents.defaults.files.workspace.as_deref(), Some("/w/${X}"));
        assert_eq!(config.agents.memory_search("main").extra_paths, ["."]);
        assert_eq!(config.agents.defaults.model.unwrap().primary.as_deref(), Some("p/m"));
    }

    #[test]
    fn never_replaces_a_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("new/openclaw.json");
        write_new(&path, "one").unwrap();
        let error = write_new(&path, "two").unwrap_err();
        assert_eq!(error.source.kind(), std::io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }
}
