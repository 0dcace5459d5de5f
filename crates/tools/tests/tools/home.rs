//! A workspace in a temporary home, a memory over it, and a context for calls.

use std::path::PathBuf;
use std::sync::Arc;

use openclaw_guard::{ManualClock, PathComponent, Root, SystemClock, create_private_dir, write_atomic};
use openclaw_memory::{Engine, EngineOptions};
use openclaw_tools::{
    ChatKind, Exec, SessionInfo, SessionSnapshot, ToolCall, ToolContext, ToolOutcome, Toolbox, ToolboxOptions,
};
use serde_json::Value;

pub(crate) struct Home {
    dir: tempfile::TempDir,
    pub(crate) cx: ToolContext,
}

/// One direct and one group session.
struct Sessions;

impl SessionInfo for Sessions {
    fn snapshot(&self, session_key: &str) -> Option<SessionSnapshot> {
        let chat = match session_key {
            "agent:main:main" => ChatKind::Direct,
            "agent:main:telegram:group:1" => ChatKind::Group,
            _ => return None,
        };
        Some(SessionSnapshot {
            model: "openai/gpt-test".into(),
            context_tokens: Some(1_200),
            context_window: Some(128_000),
            chat,
            channel: if chat == ChatKind::Direct { "webchat" } else { "telegram" }.into(),
        })
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let workspace = dir.path().join("workspace");
        create_private_dir(&workspace.join("memory")).unwrap();
        let workspace = Arc::new(Root::open(&workspace).unwrap());
        let agent_id = PathComponent::parse("main").unwrap();
        let memory = Engine::new(EngineOptions::new(
            agent_id,
            Arc::clone(&workspace),
            dir.path(),
            Arc::new(SystemClock),
        ));
        let cx = ToolContext {
            abort: Default::default(),
            agent_id: "main".into(),
            session_key: "agent:main:main".into(),
            workspace,
            memory: Arc::new(memory),
            session: Arc::new(Sessions),
            clock: Arc::new(ManualClock::new(1_795_171_362_908)),
        };
        let home = Self { dir, cx };
        home.file("openclaw.json", "canary");
        home
    }

    /// A path under the home; the workspace is `workspace`.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn file(&self, below: &str, text: &str) {
        let path = self.path(below);
        create_private_dir(path.parent().unwrap()).unwrap();
        write_atomic(&path, text.as_bytes()).unwrap();
    }

    pub(crate) fn text(&self, below: &str) -> String {
        std::fs::read_to_string(self.path(below)).unwrap()
    }

    pub(crate) fn fifo(&self, below: &str) {
        let made = openclaw_guard::child_command("mkfifo").arg(self.path(below)).status().unwrap();
        assert!(made.success());
    }

    /// Every path below the home with its content, to see that nothing changed.
    pub(crate) fn contents(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut pending = vec![self.dir.path().to_owned()];
        while let Some(dir) = pending.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let (path, kind) = entry.map(|e| (e.path(), e.file_type().unwrap())).unwrap();
                if kind.is_dir() {
                    pending.push(path);
                } else if kind.is_file() {
                    let bytes = std::fs::read(&path).unwrap();
                    found.push((path, bytes));
                }
            }
        }
        found.sort();
        found
    }

    pub(crate) async fn run(&self, name: &str, arguments: Value) -> ToolOutcome {
        let toolbox = Toolbox::new(ToolboxOptions { exec: Exec::On, ..ToolboxOptions::default() });
        toolbox.run(call(name, arguments), self.cx.clone()).await
    }

    /// The text of a call that must succeed.
    pub(crate) async fn ok(&self, name: &str, arguments: Value) -> String {
        let outcome = self.run(name, arguments).await;
        assert!(!outcome.is_error, "{outcome:?}");
        text_of(&outcome)
    }

    /// The error of a call that must fail, in the form the release shows it.
    pub(crate) async fn err(&self, name: &str, arguments: Value) -> String {
        let outcome = self.run(name, arguments).await;
        assert!(outcome.is_error, "{outcome:?}");
        let shown: Value = serde_json::from_str(&text_of(&outcome)).unwrap();
        assert_eq!(Some(&shown), outcome.details.as_ref());
        assert_eq!((&shown["status"], &shown["tool"]), (&"error".into(), &name.into()));
        shown["error"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn call(name: &str, arguments: Value) -> ToolCall {
    ToolCall { id: "call_1".into(), name: name.into(), arguments }
}

pub(crate) fn text_of(outcome: &ToolOutcome) -> String {
    outcome.content.iter().filter_map(|part| part.as_text()).collect()
}
