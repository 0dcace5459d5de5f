//! Small talk, and what the gateway says itself.

use crate::offline::intent::SmallTalk;

/// Whole messages, in lower case and without punctuation.
pub(in crate::offline) const SMALL_TALK: &[(SmallTalk, &str)] = &[
    (
        SmallTalk::Greeting,
        "hi|hello|hey|yo|hiya|hello there|hi there|good morning|good afternoon|good evening|good night",
    ),
    (
        SmallTalk::Greeting,
        "hallo|guten tag|hei|goedendag|ciao|buongiorno|olá|bom dia|cześć|dzień dobry|привет|здравствуйте|你好|您好|こんにちは|guten morgen|moin|servus|hej|hejsa|goddag|hola|buenos días|bonjour|salut|test|ping",
    ),
    (
        SmallTalk::Help,
        "help|help me|what are you|who are you|what is this|what can you do|what do you do|how do you work",
    ),
    (
        SmallTalk::Help,
        "are you a language model|are you an ai|are you an llm|what model are you|which model are you|how does this work",
    ),
    (
        SmallTalk::Help,
        "aiuto|ajuda|hjälp|hjelp|pomoc|помощь|帮助|ヘルプ|chi sei|quem é você|wie ben je|vem är du|hvem er du|kim jesteś|кто ты|你是谁|hilfe|wer bist du|was kannst du|hjælp|hvem er du|hvad kan du|ayuda|quién eres|aide|qui es-tu",
    ),
    (
        SmallTalk::Thanks,
        "thanks|thank you|thanks a lot|thank you very much|thx|ty|great thanks|ok thanks|cheers|cool|great|nice|ok|okay",
    ),
    (
        SmallTalk::Thanks,
        "grazie|grazie mille|obrigado|obrigada|dank je|dankjewel|bedankt|tack|takk|tusen takk|dzięki|dziękuję|спасибо|谢谢|ありがとう|danke|vielen dank|danke schön|tak|mange tak|gracias|muchas gracias|merci|merci beaucoup|bye|goodbye",
    ),
];

/// How the gateway's own prompts ask for a token when nothing is to be said. Source: OpenClaw 2026.2.9, heartbeat and
/// memory flush prompts. A message that only mentions a token asks for nothing.
pub(in crate::offline) const TOKEN_REQUESTS: &[&str] =
    &["reply", "reply with", "answer with exactly", "respond with"];
/// Those tokens.
pub(in crate::offline) const TOKENS: &[&str] = &["HEARTBEAT_OK", "NO_REPLY"];
/// How the gateway begins the prompt of a session that `/new` or `/reset` started.
pub(in crate::offline) const NEW_SESSION: &str = "A new session was started";
