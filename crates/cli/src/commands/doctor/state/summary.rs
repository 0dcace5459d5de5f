//! The numbers of a state directory.

use serde::Serialize;

use super::{Agent, State};

/// What is there, for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Summary {
    /// The state version; `null` before this program has used the directory, or when it cannot be known.
    version: Option<u32>,
    /// Which program brought it to that version.
    written_by: Option<String>,
    free_bytes: Option<u64>,
    agents: Vec<AgentSummary>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AgentSummary {
    pub(super) id: String,
    pub(super) sessions: usize,
    pub(super) transcripts: usize,
    /// Bytes of the transcripts.
    pub(super) bytes: u64,
    /// Transcripts with lines that are no records.
    pub(super) damaged: usize,
    pub(super) without_transcript: usize,
    pub(super) without_session: usize,
    pub(super) archived: usize,
    pub(super) quarantined: usize,
}

impl Summary {
    pub(super) fn of(state: &State) -> Option<Self> {
        let version = state.version.as_ref().ok().and_then(Option::as_ref);
        let agents: Vec<AgentSummary> = state.agents.iter().map(AgentSummary::of).collect();
        (version.is_some() || agents.iter().any(|agent| !agent.is_empty())).then(|| Self {
            version: version.map(|version| version.version),
            written_by: version.map(|version| version.written_by.clone()),
            free_bytes: state.free_bytes,
            agents,
        })
    }
}

impl AgentSummary {
    pub(super) fn of(agent: &Agent) -> Self {
        Self {
            id: agent.id.clone(),
            sessions: agent.index.entries.len(),
            transcripts: agent.transcripts.len(),
            bytes: agent.transcripts.iter().map(|transcript| transcript.bytes).sum(),
            damaged: agent
                .transcripts
                .iter()
                .filter(|transcript| transcript.damaged + transcript.known_damage > 0)
                .count(),
            without_transcript: agent.without_transcript().count(),
            without_session: agent.without_session().len(),
            archived: agent.archived,
            quarantined: agent.quarantined,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sessions + self.transcripts + self.archived + self.quarantined == 0
    }
}
