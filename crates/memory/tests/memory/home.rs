//! A workspace in a temporary home, and the built-in engine over it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_guard::{PathComponent, Root, SystemClock, create_private_dir, write_atomic};
use openclaw_memory::{Embedders, Engine, EngineOptions, Fusion};

pub(crate) struct Home {
    pub(crate) dir: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        create_private_dir(&dir.path().join("workspace/memory")).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// Writes a file under the workspace.
    pub(crate) fn note(&self, below: &str, text: &str) {
        let path = self.path("workspace").join(below);
        create_private_dir(path.parent().unwrap()).unwrap();
        write_atomic(&path, text.as_bytes()).unwrap();
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path("memory/main.sqlite")
    }

    /// Every file below a folder of the home, with its content. An engine that was dropped may still be taking files away.
    pub(crate) fn contents(&self, below: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut open = vec![self.path(below)];
        while let Some(dir) = open.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                    continue;
                }
                match std::fs::read(&path) {
                    Ok(bytes) => found.push((path, bytes)),
                    Err(error) => {
                        assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{}", path.display())
                    }
                }
            }
        }
        found.sort();
        found
    }

    pub(crate) fn engine(&self) -> Engine {
        engine(self.dir.path(), &[])
    }

    /// An engine whose cache keeps so many vectors.
    pub(crate) fn engine_keeping(&self, embedders: Embedders, most: usize) -> Engine {
        let cache_entries = Some(most);
        Engine::new(EngineOptions { embedders, cache_entries, ..options(self.dir.path()) })
    }

    pub(crate) fn engine_with(&self, embedders: Embedders) -> Engine {
        Engine::new(EngineOptions { embedders, ..self.options() })
    }

    pub(crate) fn options(&self) -> EngineOptions {
        options(self.dir.path())
    }

    pub(crate) fn engine_by(&self, fusion: Fusion, embedders: Embedders) -> Engine {
        Engine::new(EngineOptions { embedders, fusion, ..options(self.dir.path()) })
    }
}

pub(crate) fn engine(home: &Path, extra_paths: &[PathBuf]) -> Engine {
    Engine::new(EngineOptions { extra_paths: extra_paths.to_vec(), ..options(home) })
}

pub(crate) fn options(home: &Path) -> EngineOptions {
    let agent_id = PathComponent::parse("main").unwrap();
    let workspace = Arc::new(Root::open(&home.join("workspace")).unwrap());
    EngineOptions::new(agent_id, workspace, home, Arc::new(SystemClock))
}
