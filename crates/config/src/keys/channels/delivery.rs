//! What is read and sent, and in which form.

use super::super::BlockStreamingCoalesce;
use crate::declare::{choices, section};
use crate::read::{Map, Toggle};

choices! {
    /// Where a long text is cut.
    pub enum ChunkMode { Length = "length", Newline = "newline" }
}

choices! {
    /// What becomes of tables where the service cannot show them.
    pub enum MarkdownTables { Off = "off", Bullets = "bullets", Code = "code" }
}

choices! {
    /// Which messages of a reply quote the message they answer.
    pub enum ReplyToMode { Off = "off", First = "first", All = "all" }
}

section! {
    /// What most channels are told.
    pub struct ChannelManner {
        /// Formatting.
        markdown: Option<ChannelMarkdown>;
        /// Whether events and commands in chats may change this file.
        config_writes: Option<bool>;
        /// Text before each reply; `auto` is the agent's name.
        response_prefix: Option<String>;
        /// What chats and clients see of heartbeats.
        heartbeat: Option<HeartbeatDisplay>;
    }
}

section! {
    /// Formatting.
    pub struct ChannelMarkdown {
        /// Tables stay as they are, become lists, or become code.
        tables: Option<MarkdownTables>;
    }
}

section! {
    /// What is seen of heartbeats.
    pub struct HeartbeatDisplay {
        /// Whether a heartbeat without news is told in the chat; not if absent.
        show_ok: Option<bool>;
        /// Whether a heartbeat with news is told in the chat; it is if absent.
        show_alerts: Option<bool>;
        /// Whether clients of the gateway are told; they are if absent.
        use_indicator: Option<bool>;
    }
}

section! {
    /// Earlier messages that the agent sees as context.
    pub struct ChannelHistory {
        /// Earlier messages of a group that the agent sees as context; 0 for none.
        history_limit: Option<u64>;
        /// Earlier turns of a direct chat that it sees.
        dm_history_limit: Option<u64>;
        /// Single direct chats, by the sender's id.
        dms: Option<Map<DmHistory>>;
    }
}

section! {
    /// Earlier messages of one direct chat.
    pub struct DmHistory {
        /// Earlier turns that the agent sees as context.
        history_limit: Option<u64>;
    }
}

section! {
    /// Long replies.
    pub struct ReplyChunks {
        /// Most characters of a message.
        text_chunk_limit: Option<u64>, min(1.0);
        /// A longer text is cut at the limit, or at empty lines first.
        chunk_mode: Option<ChunkMode>;
    }
}

section! {
    /// Parts of a reply sent while the model still writes.
    pub struct ReplyBlocks {
        /// Whether parts of a reply are sent while the model still writes.
        block_streaming: Option<bool>;
        /// When short parts of a reply are joined.
        block_streaming_coalesce: Option<BlockStreamingCoalesce>;
    }
}

section! {
    /// Trying again after a failure.
    pub struct ChannelRetry {
        /// How often.
        attempts: Option<u64>, min(1.0);
        /// Shortest pause in milliseconds.
        min_delay_ms: Option<u64>;
        /// Longest pause in milliseconds.
        max_delay_ms: Option<u64>;
        /// Random share of the pause.
        jitter: Option<f64>, min(0.0), max(1.0);
    }
}

section! {
    /// Slash commands in the menus of one service.
    pub struct NativeCommands {
        /// Whether commands are offered.
        native: Option<Toggle>;
        /// Whether skills are offered.
        native_skills: Option<Toggle>;
    }
}
