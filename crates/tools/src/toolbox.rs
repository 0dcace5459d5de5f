//! The tools of an agent, and the one executor of all of them (S-060).

use std::sync::Arc;

use openclaw_memory::Scope;
use openclaw_protocol::message::{KnownPart, Part};
use tokio::task::JoinSet;

use crate::arguments::Arguments;
use crate::error::ToolError;
use crate::exec::ExecTool;
use crate::files::{EditTool, FileLock, ReadTool, WriteTool};
use crate::memory::{Citations, MemoryGetTool, MemorySearchTool, SearchDefaults};
use crate::policy::Policy;
use crate::session_status::SessionStatusTool;
use crate::spec::Definition;
use crate::tool::{Tool, ToolCall, ToolContext, ToolOutcome};

/// Bytes of text in one outcome: above every tool's own bound, so that it only ever cuts a tool that forgot one.
const MAX_OUTCOME_BYTES: usize = 256 * 1024;

/// Whether commands are offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Exec {
    /// There is no `exec`.
    #[default]
    Off,
    /// `exec` runs shell commands as the user of the gateway.
    On,
}

/// Whether memory tools are offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MemoryTools {
    /// There are no `memory_search` and `memory_get`.
    Off,
    /// Both are there.
    #[default]
    On,
}

/// What a toolbox holds.
#[derive(Debug, Clone, Default)]
pub struct ToolboxOptions {
    /// Which of the tools may be used.
    pub policy: Policy,
    /// Commands; off unless asked for.
    pub exec: Exec,
    /// Memory; on unless switched off.
    pub memory: MemoryTools,
    /// Sources in search results.
    pub citations: Citations,
    /// What a search returns when the model does not say.
    pub search: SearchDefaults,
    /// In which chats memory may be asked; in all that have its tools when absent.
    pub scope: Option<Scope>,
    /// Shared by all toolboxes of a process.
    pub lock: FileLock,
}

/// The tools of an agent.
pub struct Toolbox {
    policy: Policy,
    tools: Vec<Arc<dyn Tool>>,
}

impl Toolbox {
    /// The built-in tools.
    #[must_use]
    pub fn new(options: ToolboxOptions) -> Self {
        let mut tools: Vec<Arc<dyn Tool>> = vec![
            Arc::new(ReadTool),
            Arc::new(WriteTool::new(options.lock.clone())),
            Arc::new(EditTool::new(options.lock)),
        ];
        match options.exec {
            Exec::On => tools.push(Arc::new(ExecTool)),
            Exec::Off => {}
        }
        match options.memory {
            MemoryTools::On => {
                let scope = options.scope.map(Arc::new);
                let search = MemorySearchTool::new(options.citations, options.search);
                tools.push(Arc::new(search.within(scope.clone())));
                tools.push(Arc::new(MemoryGetTool::default().within(scope)));
            }
            MemoryTools::Off => {}
        }
        tools.push(Arc::new(SessionStatusTool));
        Self::with_tools(options.policy, tools)
    }

    /// Tools of somebody's choice, in this order.
    #[must_use]
    pub fn with_tools(policy: Policy, tools: Vec<Arc<dyn Tool>>) -> Self {
        Self { policy, tools }
    }

    /// What a model may use, always in the same order and the same bytes, so that prompts stay cacheable.
    #[must_use]
    pub fn definitions(&self) -> Vec<Definition> {
        self.permitted().map(|tool| tool.spec().definition()).collect()
    }

    /// A short label for the events of a call: the path, the query, the command.
    #[must_use]
    pub fn label(&self, call: &ToolCall) -> Option<String> {
        self.find(&call.name).ok()?.spec().label_of(&call.arguments)
    }

    /// Runs a call: policy, arguments, the tool, its time, its output. Every way to fail is an outcome.
    pub async fn run(&self, mut call: ToolCall, cx: ToolContext) -> ToolOutcome {
        let name = call.name.clone();
        let tool = match self.find(&name) {
            Ok(tool) => tool,
            Err(error) => return ToolOutcome::error(&name, &error),
        };
        match Arguments::check(tool.spec(), &call.arguments) {
            Ok(arguments) => call.arguments = arguments.into_value(),
            Err(error) => return ToolOutcome::error(&name, &error.into()),
        }
        match supervise(Arc::clone(tool), call, cx).await {
            Ok(outcome) => bounded(outcome),
            Err(error) => ToolOutcome::error(&name, &error),
        }
    }

    fn permitted(&self) -> impl Iterator<Item = &Arc<dyn Tool>> {
        self.tools.iter().filter(|tool| self.policy.permits(tool.spec().name))
    }

    fn find(&self, name: &str) -> Result<&Arc<dyn Tool>, ToolError> {
        let found = self.tools.iter().find(|tool| tool.spec().name == name);
        let tool = found.ok_or_else(|| {
            let names: Vec<&str> = self.permitted().map(|tool| tool.spec().name).collect();
            ToolError::Unknown { name: name.to_owned(), available: names.join(", ") }
        })?;
        if self.policy.permits(tool.spec().name) {
            Ok(tool)
        } else {
            Err(ToolError::Denied { name: tool.spec().name })
        }
    }
}

/// Runs the tool in a task of its own, so that a panic stays there. When this returns, or is dropped, the tool's future is
/// gone, and with it what it started.
async fn supervise(tool: Arc<dyn Tool>, call: ToolCall, cx: ToolContext) -> Result<ToolOutcome, ToolError> {
    let limit = tool.spec().timeout;
    let abort = cx.abort.clone();
    let name = tool.spec().name;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { tool.run(call, cx).await });
    let result = tokio::select! {
        biased;
        () = abort.cancelled() => Err(ToolError::Aborted),
        joined = tasks.join_next() => match joined {
            Some(Ok(outcome)) => Ok(outcome),
            Some(Err(error)) => {
                tracing::error!(tool = name, %error, "a tool broke off");
                Err(ToolError::Broken)
            }
            None => Err(ToolError::Broken),
        },
        () = tokio::time::sleep(limit) => Err(ToolError::Timeout { limit }),
    };
    tasks.shutdown().await;
    result
}

/// Cuts text beyond the bound; the details, which clients get, go when they are as large.
fn bounded(mut outcome: ToolOutcome) -> ToolOutcome {
    let mut left = MAX_OUTCOME_BYTES;
    for part in &mut outcome.content {
        if let Part::Known(KnownPart::Text { text, .. }) = part {
            if text.len() > left {
                text.truncate(text.floor_char_boundary(left));
                text.push_str("\n[cut: the tool returned too much]");
                outcome.details = None;
            }
            left = left.saturating_sub(text.len());
        }
    }
    outcome
}
