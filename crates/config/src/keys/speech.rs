//! `messages.tts`, `talk` and `audio`

use openclaw_guard::Secret;

use crate::declare::{choices, section};
use crate::read::Map;

choices! {
    /// Which replies are spoken.
    pub enum TtsAuto { Off = "off", Always = "always", Inbound = "inbound", Tagged = "tagged" }
}

choices! {
    /// Which parts of a reply are spoken.
    pub enum TtsMode { Final = "final", All = "all" }
}

choices! {
    /// Who speaks.
    pub enum TtsProvider { Elevenlabs = "elevenlabs", Openai = "openai", Edge = "edge" }
}

choices! {
    /// Whether numbers and the like are written out before speaking.
    pub enum TextNormalization { Auto = "auto", On = "on", Off = "off" }
}

section! {
    /// Replies as speech.
    pub struct Tts {
        /// None, all, replies to voice messages, or those that the model marks.
        auto: Option<TtsAuto>;
        /// Earlier form of `auto`: true is `always`.
        enabled: Option<bool>;
        /// The last part, or all parts.
        mode: Option<TtsMode>;
        /// Who speaks.
        provider: Option<TtsProvider>;
        /// The model that shortens long replies before they are spoken.
        summary_model: Option<String>;
        /// What the model may change.
        model_overrides: TtsOverrides;
        /// ElevenLabs.
        elevenlabs: Elevenlabs;
        /// OpenAI.
        openai: OpenaiSpeech;
        /// Microsoft Edge.
        edge: EdgeSpeech;
        /// The file of the users' choices.
        prefs_path: Option<String>;
        /// Most characters that are spoken.
        max_text_length: Option<u64>, min(1.0);
        /// Milliseconds for making the sound.
        timeout_ms: Option<u64>, min(1000.0), max(120_000.0);
    }
}

section! {
    /// What the model may change with marks in its reply.
    pub struct TtsOverrides {
        /// Whether it may change anything.
        enabled: Option<bool>;
        /// The spoken text.
        allow_text: Option<bool>;
        /// Who speaks.
        allow_provider: Option<bool>;
        /// The voice.
        allow_voice: Option<bool>;
        /// The speech model.
        allow_model_id: Option<bool>;
        /// Settings of the voice.
        allow_voice_settings: Option<bool>;
        /// Writing out of numbers.
        allow_normalization: Option<bool>;
        /// The seed.
        allow_seed: Option<bool>;
    }
}

section! {
    /// ElevenLabs.
    pub struct Elevenlabs {
        /// The key.
        api_key: Option<Secret>;
        /// The address.
        base_url: Option<String>;
        /// The voice.
        voice_id: Option<String>;
        /// The speech model.
        model_id: Option<String>;
        /// A number that makes the sound repeatable.
        seed: Option<u64>, max(4_294_967_295.0);
        /// Whether numbers are written out.
        apply_text_normalization: Option<TextNormalization>;
        /// The language, as ISO 639-1.
        language_code: Option<String>;
        /// Settings of the voice.
        voice_settings: VoiceSettings;
    }
}

section! {
    /// Settings of a voice.
    pub struct VoiceSettings {
        /// Evenness.
        stability: Option<f64>, min(0.0), max(1.0);
        /// Likeness to the original.
        similarity_boost: Option<f64>, min(0.0), max(1.0);
        /// Exaggeration.
        style: Option<f64>, min(0.0), max(1.0);
        /// Whether likeness is boosted.
        use_speaker_boost: Option<bool>;
        /// Speed; 1 is normal.
        speed: Option<f64>, min(0.5), max(2.0);
    }
}

section! {
    /// Speech of OpenAI.
    pub struct OpenaiSpeech {
        /// The key.
        api_key: Option<Secret>;
        /// The speech model.
        model: Option<String>;
        /// The voice.
        voice: Option<String>;
    }
}

section! {
    /// Speech of Microsoft Edge.
    pub struct EdgeSpeech {
        /// Whether it is used.
        enabled: Option<bool>;
        /// The voice.
        voice: Option<String>;
        /// The language.
        lang: Option<String>;
        /// The sound format.
        output_format: Option<String>;
        /// Change of pitch.
        pitch: Option<String>;
        /// Change of speed.
        rate: Option<String>;
        /// Change of loudness.
        volume: Option<String>;
        /// Whether subtitles are kept.
        save_subtitles: Option<bool>;
        /// A proxy's address, which may hold a password.
        proxy: Option<Secret>, may_be_blank();
        /// Milliseconds for making the sound.
        timeout_ms: Option<u64>, min(1000.0), max(120_000.0);
    }
}

section! {
    /// Talk mode of the apps.
    pub struct Talk {
        /// The voice.
        voice_id: Option<String>;
        /// Names of voices.
        voice_aliases: Map<String>;
        /// The speech model.
        model_id: Option<String>;
        /// The sound format.
        output_format: Option<String>;
        /// The key.
        api_key: Option<Secret>;
        /// Whether speaking interrupts the agent.
        interrupt_on_speech: bool = true;
    }
}

section! {
    /// Voice messages.
    pub struct Audio {
        /// A program that writes them down. Earlier form of `tools.media.audio`.
        transcription: Option<Transcription>;
    }
}

section! {
    /// A program that writes voice messages down.
    pub struct Transcription {
        /// The program and its arguments.
        command: Vec<String>, required();
        /// Seconds after which it is given up.
        timeout_seconds: Option<u64>, min(1.0);
    }
}
