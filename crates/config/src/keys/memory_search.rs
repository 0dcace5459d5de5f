//! `agents.defaults.memorySearch` and `agents.list[].memorySearch`: an agent's keys are laid over the defaults.

use openclaw_guard::Secret;

use super::not_yet;
use crate::declare::{choices, section};
use crate::read::Map;

choices! {
    /// What is searched.
    pub enum MemorySource { Memory = "memory", Sessions = "sessions" }
}

choices! {
    /// Who turns text into vectors.
    pub enum EmbeddingProvider {
        Auto = "auto",
        Openai = "openai",
        Gemini = "gemini",
        Voyage = "voyage",
        Local = "local",
        None = "none",
    }
}

choices! {
    /// Who steps in when the provider fails.
    pub enum EmbeddingFallback {
        Openai = "openai",
        Gemini = "gemini",
        Local = "local",
        Voyage = "voyage",
        None = "none",
    }
}

choices! {
    /// How words and vectors are brought together.
    pub enum HybridFusion { Measured = "measured", Weighted = "weighted" }
}

choices! {
    /// The engine of the index.
    pub enum IndexDriver { Sqlite = "sqlite" }
}

section! {
    /// Search in memory.
    pub struct MemorySearch {
        /// Whether agents can search at all.
        enabled: bool = true;
        /// What is searched; `sessions` also needs `experimental.sessionMemory`.
        sources: Vec<MemorySource> = vec![MemorySource::Memory];
        /// More files and folders of Markdown; those of an agent are added to those of the defaults.
        extra_paths: Vec<String>;
        /// Features that may change.
        experimental: MemoryExperimental, advanced();
        /// Who makes the vectors. `auto` takes the first one with a key, or the built-in model; `none` turns search off.
        provider: EmbeddingProvider = EmbeddingProvider::Auto;
        /// The embedding interface of the provider, where it differs from the usual one.
        remote: EmbeddingRemote;
        /// Who steps in when the provider fails.
        fallback: EmbeddingFallback = EmbeddingFallback::None, advanced();
        /// The embedding model; the provider's usual one if absent.
        model: Option<String>;
        /// The model on this machine.
        local: EmbeddingLocal, advanced();
        /// The index.
        store: IndexStore, advanced();
        /// How files are cut for `query.hybrid.fusion: "weighted"`; the other way of ranking has units of its own.
        chunking: Chunking, advanced();
        /// When the index is brought up to date.
        sync: MemorySync, advanced();
        /// How a search ranks.
        query: MemoryQuery;
        /// The cache of vectors.
        cache: EmbeddingCache, advanced();
    }
}

section! {
    /// Features that may change.
    pub struct MemoryExperimental {
        /// Whether transcripts of sessions are indexed.
        session_memory: bool = false;
    }
}

section! {
    /// An embedding interface.
    pub struct EmbeddingRemote {
        /// The address, up to and including the version.
        base_url: Option<String>, placeholder("https://api.example.com/v1");
        /// The key.
        api_key: Option<Secret>;
        /// Headers added to each request.
        headers: Map<Secret>, may_be_blank(), advanced();
        /// Many texts in one job.
        batch: EmbeddingBatch, advanced();
        /// Estimated tokens that a service which costs money gets at once without a person's word: above them,
        /// `openclaw memory index` asks, and the gateway waits until somebody has run it. 0 asks always.
        ask_above_tokens: u64 = 1_000_000, advanced();
    }
}

section! {
    /// Batch jobs at the provider.
    pub struct EmbeddingBatch {
        /// Whether they are used where the provider has them, for many passages at once.
        enabled: bool = true;
        /// Whether `openclaw memory index` waits for its jobs.
        wait: bool = true;
        /// Jobs at the same time.
        concurrency: u64 = 2, min(1.0);
        /// Milliseconds between two looks at a job.
        poll_interval_ms: u64 = 2000;
        /// Minutes after which a job is given up.
        timeout_minutes: u64 = 60, min(1.0);
    }
}

section! {
    /// The model on this machine.
    pub struct EmbeddingLocal {
        /// The model's file.
        model_path: Option<String>;
        /// Where models are kept.
        model_cache_dir: Option<String>;
    }
}

section! {
    /// The index.
    pub struct IndexStore {
        /// The engine.
        driver: IndexDriver = IndexDriver::Sqlite;
        /// The index file, beginning at the state directory if it is relative; `{agentId}` stands for the agent. `memory/<agent>.sqlite` if absent.
        path: Option<String>, index_file();
        /// The vector part of the index.
        vector: IndexVector, planned(not_yet::INDEX);
    }
}

section! {
    /// The vector part of the index.
    pub struct IndexVector {
        /// Whether sqlite-vec searches the vectors in the release. Here it changes nothing.
        enabled: bool = true;
        /// An extension library of the release. Read and not loaded: the vector search is built in.
        extension_path: Option<String>;
    }
}

section! {
    /// How files are cut.
    pub struct Chunking {
        /// Tokens of a chunk, about four characters each.
        tokens: u64 = 400, min(1.0);
        /// Tokens that two neighbours share, fewer than a chunk has.
        overlap: u64 = 80;
    }
}

section! {
    /// When the index is brought up to date.
    pub struct MemorySync {
        /// At the start of a session.
        on_session_start: bool = true;
        /// Before a search, if files have changed.
        on_search: bool = true;
        /// As files change. Folders that cannot be watched, on a network for instance, are looked at once a minute.
        watch: bool = true;
        /// Milliseconds without a further change before a sync.
        watch_debounce_ms: u64 = 1500;
        /// Minutes between syncs; 0 means no such rhythm.
        interval_minutes: u64 = 0;
        /// How much a transcript must grow.
        sessions: SessionSync;
    }
}

section! {
    /// How much a transcript must grow before it is indexed again; either is enough.
    pub struct SessionSync {
        /// Bytes; with 0 every growth is enough.
        delta_bytes: u64 = 100_000;
        /// Lines of the transcript, about as many as messages; with 0 every growth is enough.
        delta_messages: u64 = 50;
    }
}

section! {
    /// How a search ranks.
    pub struct MemoryQuery {
        /// Most results.
        max_results: u64 = 6, min(1.0);
        /// Results below this score are left out; none if absent. With `hybrid.fusion: "weighted"` it is OpenClaw's weighted sum
        /// and 0.35 if absent; otherwise it is a probability, for which 0.35 means nothing.
        min_score: Option<f64>, min(0.0), max(1.0);
        /// Vectors and words together.
        hybrid: HybridQuery;
    }
}

section! {
    /// Vectors and words together.
    pub struct HybridQuery {
        /// Whether words count beside vectors. Without vectors they do in any case.
        enabled: bool = true;
        /// How the two are brought together: in the way that finds most (`measured`), or exactly as OpenClaw 2026.2.9 does it
        /// (`weighted`), by the weights and candidates below.
        fusion: HybridFusion = HybridFusion::Measured;
        /// Weight of the vectors with `fusion: "weighted"`; the two weights are scaled to a sum of 1.
        vector_weight: f64 = 0.7, min(0.0), max(1.0);
        /// Weight of the words with `fusion: "weighted"`.
        text_weight: f64 = 0.3, min(0.0), max(1.0);
        /// Candidates per wanted result that each side hands in with `fusion: "weighted"`, 20 at most.
        candidate_multiplier: u64 = 4, min(1.0);
        /// Whether what is old counts less, with `fusion: "measured"`.
        temporal_decay: TemporalDecay;
    }
}

section! {
    /// A half-life of notes. It only decides between lines that fit nearly equally: what was told once is found however old.
    pub struct TemporalDecay {
        /// Whether there is one. Without it the newer of two such lines comes first, however old both are.
        enabled: bool = false;
        /// Days after which a line is half as new.
        half_life_days: u64 = 30, min(1.0);
    }
}

section! {
    /// The cache of vectors.
    pub struct EmbeddingCache {
        /// Whether vectors of unchanged text are kept.
        enabled: bool = true;
        /// Most vectors kept; those of other models go first, then the oldest.
        max_entries: u64 = 50_000, min(1.0);
    }
}

/// OpenClaw's least score of its weighted sum.
const LEAST_WEIGHTED: f64 = 0.35;

impl MemoryQuery {
    /// The least score of a result, by default of what `hybrid.fusion` says; every score is good enough if there is none.
    #[must_use]
    pub fn least_score(&self) -> Option<f64> {
        let usual = match self.hybrid.fusion {
            HybridFusion::Measured => None,
            HybridFusion::Weighted => Some(LEAST_WEIGHTED),
        };
        self.min_score.or(usual)
    }
}
