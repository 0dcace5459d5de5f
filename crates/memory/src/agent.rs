//! The memory of one agent as it is configured: one way for the gateway, the command line and the tools.

use std::sync::Arc;
use std::time::Instant;

use openclaw_config::{MemoryBackend as Wanted, Qmd};
use openclaw_guard::{Clock, Hiding, PathComponent, Pattern, Redactor, Root};

use crate::backend::{MemoryBackend, Query};
use crate::configured::Surroundings;
use crate::engine::{Engine, EngineOptions};
use crate::probe::{Probe, QUESTION, Role};
use crate::qmd::{QmdBackend, QmdOptions, QmdPlaces, Scope, WithFallback};

/// Who answers for one agent. The built-in engine is always there; `qmd` comes before it when the configuration says so
/// (`memory.backend`).
pub struct AgentMemory {
    engine: Arc<Engine>,
    qmd: Option<Arc<QmdBackend>>,
    backend: Arc<dyn MemoryBackend>,
}

impl AgentMemory {
    /// The memory as it is configured. Nothing is opened or started before somebody asks, or
    /// [`MemoryBackend::start`] is called.
    #[must_use]
    pub fn configured(
        around: Surroundings<'_>,
        agent_id: PathComponent,
        workspace: Arc<Root>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let options = EngineOptions::configured(around, agent_id, workspace, clock);
        for ignored in &options.ignored {
            tracing::warn!(agent = %options.agent_id, "{ignored}");
        }
        Self::with(around, options)
    }

    /// The same for one command: nothing is watched, and nothing is done by itself.
    #[must_use]
    pub fn for_a_moment(
        around: Surroundings<'_>,
        agent_id: PathComponent,
        workspace: Arc<Root>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let options = EngineOptions::configured(around, agent_id, workspace, clock);
        Self::with(around, EngineOptions { sync: options.sync.for_a_moment(), ..options })
    }

    fn with(around: Surroundings<'_>, options: EngineOptions) -> Self {
        let (agent_id, workspace) = (options.agent_id.clone(), Arc::clone(&options.workspace));
        let clock = Arc::clone(&options.clock);
        let watches = options.sync.watch;
        let engine = Arc::new(Engine::new(options));
        let memory = &around.loaded.config.memory;
        match memory.backend {
            Wanted::Builtin => Self { qmd: None, backend: Arc::clone(&engine) as _, engine },
            Wanted::Qmd => {
                let places = places(around, agent_id, workspace);
                let mut options = QmdOptions::resolve(&memory.qmd, places);
                options.updates.on_change = watches;
                let program = Arc::new(options.program());
                let qmd = Arc::new(QmdBackend::new(options, program, Arc::clone(&clock)));
                let backend = WithFallback::new(Arc::clone(&qmd) as _, Arc::clone(&engine) as _, clock);
                Self { engine, qmd: Some(qmd), backend: Arc::new(backend) }
            }
        }
    }

    /// Who is to be asked.
    #[must_use]
    pub fn backend(&self) -> &Arc<dyn MemoryBackend> {
        &self.backend
    }

    /// The built-in engine, whoever is asked first.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// `qmd`, when it is asked first.
    #[must_use]
    pub fn qmd(&self) -> Option<&Arc<QmdBackend>> {
        self.qmd.as_ref()
    }
}

impl AgentMemory {
    /// Asks `qmd` a question, to see whether and how fast it answers; nothing when it is not asked first. It makes its
    /// index for that if it has none.
    pub async fn probe_qmd(&self) -> Option<Probe> {
        let qmd = self.qmd.as_ref()?;
        let begun = Instant::now();
        let asked = qmd.search(Query::new(QUESTION)).await;
        let ms = begun.elapsed().as_secs_f64() * 1_000.0;
        let error = asked.err().map(|error| error.to_string());
        Some(Probe { embedder: "qmd".into(), role: Role::Primary, ms, dimensions: None, error })
    }
}

/// In which chats memory may be asked: in all that have its tools when there is nothing here.
#[must_use]
pub fn scope(memory: &openclaw_config::Memory) -> Option<Scope> {
    match memory.backend {
        Wanted::Builtin => None,
        Wanted::Qmd => Some(Scope::of(memory.qmd.scope.as_ref())),
    }
}

/// Whether conversations are written down for `qmd`.
#[must_use]
pub fn exports_conversations(memory: &openclaw_config::Memory) -> bool {
    match (memory.backend, &memory.qmd) {
        (Wanted::Builtin, _) => false,
        (Wanted::Qmd, Qmd { sessions, .. }) => sessions.enabled,
    }
}

fn places(around: Surroundings<'_>, agent_id: PathComponent, workspace: Arc<Root>) -> QmdPlaces {
    let Surroundings { loaded, at, .. } = around;
    let patterns = loaded.config.system.logging.redact_patterns.iter().flatten();
    // The check of the configuration has refused what is no expression. What `logging.redactSensitive` leaves open for
    // the log is closed here: nobody asked for secrets to be found by search.
    let hiding = Hiding::Shapes { patterns: patterns.filter_map(|text| Pattern::parse(text).ok()).collect() };
    QmdPlaces {
        agent_id,
        workspace,
        state_dir: at.state_dir.clone(),
        user_home: Some(at.home.clone()),
        redactor: Arc::new(Redactor::new(&loaded.secrets(), hiding)),
    }
}
