//! `tools.media`, `tools.links` and `media`: understanding what is sent to an agent.

use openclaw_guard::Secret;

use super::ChatRules;
use crate::declare::{choices, section};
use crate::read::{Map, Scalar};

choices! {
    /// What a model understands.
    pub enum MediaCapability { Image = "image", Audio = "audio", Video = "video" }
}

choices! {
    /// Whether a model is a provider's or a program.
    pub enum MediaModelType { Provider = "provider", Cli = "cli" }
}

choices! {
    /// How many attachments of a message are understood.
    pub enum AttachmentMode { First = "first", All = "all" }
}

choices! {
    /// Which attachments come first.
    pub enum AttachmentOrder { First = "first", Last = "last", Path = "path", Url = "url" }
}

choices! {
    /// What reads a link.
    pub enum LinkModelType { Cli = "cli" }
}

section! {
    /// Images, sound and video.
    pub struct MediaTools {
        /// Models for all three.
        models: Vec<MediaModel>;
        /// How many are worked on at the same time.
        concurrency: u64 = 2, min(1.0);
        /// Images.
        image: MediaTool;
        /// Sound.
        audio: MediaTool;
        /// Video.
        video: MediaTool;
    }
}

section! {
    /// Understanding one kind of media.
    pub struct MediaTool {
        /// Whether it is done.
        enabled: Option<bool>;
        /// In which chats.
        scope: ChatRules;
        /// Which attachments of a message.
        attachments: MediaAttachments;
        /// Models to try in this order.
        models: Vec<MediaModel>;
    }
    groups {
        /// Limits of a request.
        limits: MediaLimits;
        /// What a provider needs to know.
        provider_settings: MediaProviderSettings;
    }
}

section! {
    /// Limits of a request.
    pub struct MediaLimits {
        /// Largest file in bytes.
        max_bytes: Option<u64>, min(1.0);
        /// Most characters of the answer.
        max_chars: Option<u64>, min(1.0);
        /// What the model is asked.
        prompt: Option<String>;
        /// Seconds after which it is given up.
        timeout_seconds: Option<u64>, min(1.0);
        /// The language spoken, as ISO 639-1.
        language: Option<String>;
    }
}

section! {
    /// What a provider needs to know.
    pub struct MediaProviderSettings {
        /// Parameters of the request, by provider.
        provider_options: Map<Map<Scalar>>;
        /// Earlier form of the parameters for Deepgram.
        deepgram: Deepgram;
        /// The address.
        base_url: Option<String>;
        /// Headers added to each request.
        headers: Map<Secret>, may_be_blank();
    }
}

section! {
    /// Parameters for Deepgram.
    pub struct Deepgram {
        /// Whether it finds the language out.
        detect_language: Option<bool>;
        /// Whether it adds punctuation.
        punctuate: Option<bool>;
        /// Whether it formats numbers and dates.
        smart_format: Option<bool>;
    }
}

section! {
    /// Which attachments of a message are understood.
    pub struct MediaAttachments {
        /// The first, or all.
        mode: Option<AttachmentMode>;
        /// Most of them.
        max_attachments: Option<u64>, min(1.0);
        /// Which come first.
        prefer: Option<AttachmentOrder>;
    }
}

section! {
    /// A model that understands media.
    pub struct MediaModel {
        /// The provider.
        provider: Option<String>;
        /// The model.
        model: Option<String>;
        /// What it understands.
        capabilities: Vec<MediaCapability>;
        /// A provider's, or a program.
        kind as "type": Option<MediaModelType>;
        /// The program.
        command: Option<String>;
        /// Its arguments.
        args: Vec<String>;
        /// The credential profile.
        profile: Option<String>;
        /// The credential profile to try first.
        preferred_profile: Option<String>;
    }
    groups {
        /// Limits of a request.
        limits: MediaLimits;
        /// What a provider needs to know.
        provider_settings: MediaProviderSettings;
    }
}

section! {
    /// Links that are sent to an agent.
    pub struct LinkTools {
        /// Whether they are read.
        enabled: Option<bool>;
        /// In which chats.
        scope: ChatRules;
        /// Most links of a message.
        max_links: Option<u64>, min(1.0);
        /// Seconds after which a link is given up.
        timeout_seconds: Option<u64>, min(1.0);
        /// Programs to try in this order.
        models: Vec<LinkModel>;
    }
}

section! {
    /// A program that reads a link.
    pub struct LinkModel {
        /// A program; there is nothing else.
        kind as "type": Option<LinkModelType>;
        /// The program.
        command: String, required(), min(1.0);
        /// Its arguments.
        args: Vec<String>;
        /// Seconds after which it is given up.
        timeout_seconds: Option<u64>, min(1.0);
    }
}

section! {
    /// Files sent and received.
    pub struct MediaFiles {
        /// Whether files keep their names.
        preserve_filenames: bool = false;
    }
}
