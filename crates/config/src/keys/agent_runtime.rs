//! What an agent does with its context, its time and its words.

use openclaw_guard::Secret;

use crate::declare::{choices, section};
use crate::read::Map;

choices! {
    /// When old tool results leave the context. `adaptive` and `aggressive` are the names of earlier releases.
    pub enum PruningMode {
        Off = "off",
        CacheTtl = "cache-ttl",
        Adaptive = "adaptive",
        Aggressive = "aggressive",
    }
}

section! {
    /// Removing old tool results from the context.
    pub struct ContextPruning {
        /// Never, when the provider's cache has expired, by fill, or always.
        mode: PruningMode = PruningMode::Off;
        /// How long the provider's cache lives, such as `5m`.
        ttl: Option<String>;
        /// Answers at the end that are left alone.
        keep_last_assistants: u64 = 3;
        /// Fill from which long results are trimmed.
        soft_trim_ratio: f64 = 0.3, min(0.0), max(1.0);
        /// Fill from which results are removed.
        hard_clear_ratio: f64 = 0.5, min(0.0), max(1.0);
        /// Below this many characters of removable results nothing is removed.
        min_prunable_tool_chars: u64 = 50000;
        /// Tools whose results may go.
        tools: PrunableTools;
        /// Trimming.
        soft_trim: SoftTrim;
        /// Removing.
        hard_clear: HardClear;
    }
}

section! {
    /// Tools whose results may leave the context; `*` stands for any text.
    pub struct PrunableTools {
        /// Only these.
        allow: Option<Vec<String>>;
        /// None of these.
        deny: Option<Vec<String>>;
    }
}

section! {
    /// Trimming a long tool result.
    pub struct SoftTrim {
        /// Characters above which a result is trimmed.
        max_chars: u64 = 4000;
        /// Characters kept from its beginning.
        head_chars: u64 = 1500;
        /// Characters kept from its end.
        tail_chars: u64 = 1500;
    }
}

section! {
    /// Removing a tool result.
    pub struct HardClear {
        /// Whether results are removed.
        enabled: bool = true;
        /// What stands in their place.
        placeholder: Option<String>;
    }
}

choices! {
    /// How a long conversation is shortened.
    pub enum CompactionMode { Default = "default", Safeguard = "safeguard" }
}

section! {
    /// Shortening a long conversation.
    pub struct Compaction {
        /// One summary, or a summary of parts for very long ones.
        mode: CompactionMode = CompactionMode::Default;
        /// Tokens that stay free for the answer; 0 removes this floor.
        reserve_tokens_floor: u64 = 20000;
        /// Most of the context that old messages may fill after it.
        max_history_share: Option<f64>, min(0.1), max(0.9);
        /// A silent turn before it, in which the agent saves what matters.
        memory_flush: MemoryFlush;
    }
}

section! {
    /// The silent turn before a conversation is shortened.
    pub struct MemoryFlush {
        /// Whether it happens.
        enabled: bool = true;
        /// Tokens before the limit at which it happens.
        soft_threshold_tokens: u64 = 4000;
        /// What the agent is asked.
        prompt: Option<String>;
        /// What is added to the system prompt.
        system_prompt: Option<String>;
    }
}

section! {
    /// A turn from time to time without a message.
    pub struct Heartbeat {
        /// How often, such as `30m`; `0m` means never.
        every: Option<String>, placeholder("30m");
        /// The hours in which it happens.
        active_hours: Option<ActiveHours>, label("Active hours");
        /// Its model.
        model: Option<String>;
        /// Its session; the main one if absent.
        session: Option<String>;
        /// Whether the model's thoughts are sent too.
        include_reasoning: bool = false;
        /// The channel that replies go to: `last`, `none`, or a channel's name.
        target: Option<String>;
        /// The chat that replies go to.
        to: Option<String>;
        /// The account that sends.
        account_id: Option<String>;
        /// What the agent is asked.
        prompt: Option<String>;
        /// Most characters beside `HEARTBEAT_OK` that count as nothing to say.
        ack_max_chars: u64 = 300;
    }
}

section! {
    /// The hours of the heartbeat.
    pub struct ActiveHours {
        /// From, as `HH:MM`.
        start: Option<String>, placeholder("08:00");
        /// To, as `HH:MM`; `24:00` is the end of the day.
        end: Option<String>, placeholder("24:00");
        /// The zone: `user`, `local`, or a name.
        timezone: Option<String>;
    }
}

choices! {
    /// When a part of a reply ends.
    pub enum BlockStreamingBreak { TextEnd = "text_end", MessageEnd = "message_end" }
}

choices! {
    /// Where a long part is cut.
    pub enum BreakPreference { Paragraph = "paragraph", Newline = "newline", Sentence = "sentence" }
}

section! {
    /// How long a part of a reply is.
    pub struct BlockStreamingChunk {
        /// Least characters.
        min_chars: Option<u64>, min(1.0);
        /// Most characters.
        max_chars: Option<u64>, min(1.0);
        /// Where it is cut.
        break_preference: Option<BreakPreference>;
    }
}

section! {
    /// When short parts of a reply are joined.
    pub struct BlockStreamingCoalesce {
        /// Least characters to send.
        min_chars: Option<u64>, min(1.0);
        /// Most characters to join.
        max_chars: Option<u64>, min(1.0);
        /// Milliseconds of silence after which it is sent anyway.
        idle_ms: Option<u64>;
    }
}

choices! {
    /// Pauses between the parts of a reply.
    pub enum HumanDelayMode { Off = "off", Natural = "natural", Custom = "custom" }
}

section! {
    /// Pauses between the parts of a reply.
    pub struct HumanDelay {
        /// None, 800 to 2500 milliseconds, or as below.
        mode: HumanDelayMode = HumanDelayMode::Off;
        /// Least milliseconds.
        min_ms: Option<u64>;
        /// Most milliseconds.
        max_ms: Option<u64>;
    }
}

choices! {
    /// When the typing signal starts.
    pub enum TypingMode { Never = "never", Instant = "instant", Thinking = "thinking", Message = "message" }
}

choices! {
    /// What a program prints.
    pub enum CliOutput { Json = "json", Text = "text", Jsonl = "jsonl" }
}

choices! {
    /// How a program is given the prompt.
    pub enum CliInput { Arg = "arg", Stdin = "stdin" }
}

choices! {
    /// When a program is given a session.
    pub enum CliSessionMode { Always = "always", Existing = "existing", None = "none" }
}

choices! {
    /// What a given system prompt does to the program's own.
    pub enum CliPromptMode { Append = "append", Replace = "replace" }
}

choices! {
    /// When the system prompt is given.
    pub enum CliPromptWhen { First = "first", Always = "always", Never = "never" }
}

choices! {
    /// How several images are given.
    pub enum CliImageMode { Repeat = "repeat", List = "list" }
}

section! {
    /// A command-line program that acts as a model.
    pub struct CliBackend {
        /// The program.
        command: String, required();
        /// Its arguments.
        args: Option<Vec<String>>;
        /// What it prints.
        output: Option<CliOutput>;
        /// How it is given the prompt.
        input: Option<CliInput>;
        /// Prompts longer than this go to its standard input.
        max_prompt_arg_chars: Option<u64>, min(1.0);
        /// Variables added to its environment.
        env: Map<Secret>, may_be_blank();
        /// Variables removed from its environment.
        clear_env: Vec<String>;
        /// The argument before the model's name.
        model_arg: Option<String>;
        /// Names of models as the program knows them.
        model_aliases: Map<String>;
        /// Whether its runs wait for one another.
        serialize: Option<bool>;
    }
    groups {
        /// Sessions.
        session: CliSession;
        /// Prompts and images.
        prompt: CliPrompt;
    }
}

section! {
    /// Sessions of a program.
    pub struct CliSession {
        /// The argument before the session's id.
        session_arg: Option<String>;
        /// Arguments for a session; `{sessionId}` stands for its id.
        session_args: Option<Vec<String>>;
        /// Arguments to go on with a session, instead of the usual ones.
        resume_args: Option<Vec<String>>;
        /// What it prints when it goes on with a session.
        resume_output: Option<CliOutput>;
        /// When it is given a session.
        session_mode: Option<CliSessionMode>;
        /// Fields of its output that hold the session's id.
        session_id_fields: Option<Vec<String>>;
    }
}

section! {
    /// Prompts and images of a program.
    pub struct CliPrompt {
        /// The argument before the system prompt.
        system_prompt_arg: Option<String>;
        /// Whether it is added to the program's own or replaces it.
        system_prompt_mode: Option<CliPromptMode>;
        /// When it is given.
        system_prompt_when: Option<CliPromptWhen>;
        /// The argument before an image's path.
        image_arg: Option<String>;
        /// One argument per image, or all in one.
        image_mode: Option<CliImageMode>;
    }
}
