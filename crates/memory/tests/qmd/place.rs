//! A workspace, the folder of `qmd` for its agent, and a fake `qmd`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openclaw_config::{Qmd, QmdUpdate};
use openclaw_guard::{
    Clock, Hiding, ManualClock, PathComponent, Redactor, Root, create_private_dir, write_atomic,
};
use openclaw_memory::{
    Engine, EngineOptions, LineRange, MemoryBackend as _, QmdBackend, QmdOptions, QmdPlaces, QmdRunner,
    Query, WithFallback,
};

/// Longer than any machine takes for what ends by itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Place {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) clock: Arc<ManualClock>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["workspace/memory", "fake", "user"] {
            create_private_dir(&dir.path().join(folder)).unwrap();
        }
        let clock = Arc::new(ManualClock::new(1_800_000_000_000));
        Self { dir, clock }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        create_private_dir(path.parent().unwrap()).unwrap();
        write_atomic(&path, text.as_bytes()).unwrap();
    }

    /// Writes the script that is `qmd` here.
    pub(crate) fn install(&self) {
        self.install_script(&super::fake::script(&self.path("fake")));
    }

    pub(crate) fn install_script(&self, text: &str) {
        self.write("bin/qmd", text);
        std::fs::set_permissions(self.path("bin/qmd"), std::fs::Permissions::from_mode(0o700)).unwrap();
    }

    /// How the fake behaves at a command from now on; empty for well.
    pub(crate) fn mode(&self, command: &str, mode: &str) {
        self.write(&format!("fake/mode-{command}"), mode);
    }

    /// The command lines so far.
    pub(crate) fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("fake/calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Notes that say how often a command ran.
    pub(crate) fn count(&self, command: &str) -> usize {
        self.calls().iter().filter(|call| call.split(' ').next() == Some(command)).count()
    }

    pub(crate) fn options(&self, config: &Qmd) -> QmdOptions {
        let command = Some(self.path("bin/qmd").to_string_lossy().into_owned());
        let config = Qmd { command: config.command.clone().or(command), ..config.clone() };
        let mut options = QmdOptions::resolve(&config, self.places());
        for limit in [&mut options.updates.command_limit, &mut options.updates.update_limit] {
            *limit = PATIENCE;
        }
        options.limits.query_limit = PATIENCE;
        options
    }

    fn places(&self) -> QmdPlaces {
        QmdPlaces {
            agent_id: agent(),
            workspace: self.workspace(),
            state_dir: self.path("state"),
            user_home: Some(self.path("user")),
            redactor: Arc::new(Redactor::new(&[], Hiding::Shapes { patterns: Vec::new() })),
        }
    }

    fn workspace(&self) -> Arc<Root> {
        Arc::new(Root::open(&self.path("workspace")).unwrap())
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    pub(crate) fn backend(&self, options: QmdOptions) -> Arc<QmdBackend> {
        let program = Arc::new(options.program());
        self.backend_on(options, program)
    }

    pub(crate) fn backend_on(&self, options: QmdOptions, runner: Arc<dyn QmdRunner>) -> Arc<QmdBackend> {
        Arc::new(QmdBackend::new(options, runner, self.clock()))
    }

    /// With the built-in engine behind it.
    pub(crate) fn with_fallback(&self, primary: Arc<QmdBackend>) -> WithFallback {
        let (workspace, clock) = (self.workspace(), self.clock());
        let engine = Engine::new(EngineOptions::new(agent(), workspace, &self.path("state"), clock));
        WithFallback::new(primary, Arc::new(engine), self.clock())
    }
}

fn agent() -> PathComponent {
    PathComponent::parse("main").unwrap()
}

/// Never at the start, never by itself, at once when asked.
pub(crate) fn on_demand() -> Qmd {
    let update = QmdUpdate {
        interval: Some("0".into()),
        debounce_ms: Some(0),
        on_boot: Some(false),
        ..QmdUpdate::default()
    };
    Qmd { update, ..Qmd::default() }
}

/// Path and lines of each result.
pub(crate) async fn found(memory: &QmdBackend, query: &str) -> Vec<String> {
    let answer = memory.search(Query::new(query)).await.unwrap();
    answer.results.into_iter().map(|hit| hit.citation).collect()
}

pub(crate) fn range(path: &str) -> LineRange {
    LineRange { path: path.into(), from: None, lines: None }
}
