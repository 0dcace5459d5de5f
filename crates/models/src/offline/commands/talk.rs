//! Small talk, and what the gateway says itself.

use crate::offline::intent::SmallTalk;

/// Whole messages, in lower case and without punctuation.
pub(in crate::offline) const SMALL_TALK: &[(SmallTalk, &str)] = &[
    (SmallTalk::Greeting, "test|ping"),
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
        "thanks|thank you|thanks a lot|thank you very much|thx|ty|great thanks|ok thanks|cheers",
    ),
    (
        SmallTalk::Thanks,
        "grazie|grazie mille|obrigado|obrigada|dank je|dankjewel|bedankt|tack|takk|tusen takk|dzięki|dziękuję|спасибо|谢谢|ありがとう|danke|vielen dank|danke schön|tak|mange tak|gracias|muchas gracias|merci|merci beaucoup",
    ),
    (
        SmallTalk::Fine,
        "ok|okay|ok then|okay then|k|no|nope|no thanks|no thank you|n|fine|alright|all right|cool|great|nice|good|got it|i see|never mind",
    ),
    (
        SmallTalk::Fine,
        "gut|nein|nein danke|alles klar|in ordnung|d'accord|non|vale|de acuerdo|va bene|não|certo|goed|prima|nee|fint|nej|nej tak|okej|bra|nej tack|greit|nei|nei takk|dobrze|nie|хорошо|нет|ладно|好的|好|不|いいえ|わかりました",
    ),
    // A yes to nothing: whatever sounds like agreement would sound like something done.
    (SmallTalk::NoWords, "y|yes|yes please|yep|yeah|sure|go ahead|do it|ja|oui|sí|si|sì|sim|да|是|是的|はい"),
    (SmallTalk::Bye, "bye|goodbye|bye bye|see you|see you later|cu|exit|quit"),
    (
        SmallTalk::Bye,
        "tschüss|tschüs|auf wiedersehen|bis später|au revoir|à bientôt|adiós|hasta luego|arrivederci|a dopo|adeus|tchau|até logo|doei|tot ziens|farvel|vi ses|hej hej|hej då|hejdå|ha det|ha det bra|do widzenia|na razie|пока|до свидания|再见|拜拜|さようなら|またね",
    ),
];
/// Whole questions that only a clock or a calendar answers.
pub(in crate::offline) const CLOCK: &str = "what time is it|what time is it now|what's the time|what is the time|what day is it|what day is today|\
what day is it today|what is today's date|what's today's date|what date is it|what is the date today|wie spät ist es|wie viel uhr ist es|\
welcher tag ist heute|quelle heure est-il|il est quelle heure|quel jour sommes-nous|qué hora es|qué día es hoy|che ora è|che ore sono|\
che giorno è oggi|que horas são|que dia é hoje|hoe laat is het|welke dag is het|welke dag is het vandaag|hvad er klokken|hvor meget er klokken|\
hvilken dag er det|hvilken dag er det i dag|vad är klockan|hur mycket är klockan|vilken dag är det|vilken dag är det idag|hva er klokka|\
hva er klokken|hvor mye er klokka|która godzina|która jest godzina|jaki jest dzisiaj dzień|который час|сколько времени|какой сегодня день|\
какое сегодня число|现在几点|现在几点了|几点了|今天几号|今天星期几|今何時|今何時ですか|今日は何日ですか|今日は何曜日ですか";

/// How the gateway's own prompts ask for a token when nothing is to be said. Source: OpenClaw 2026.2.9, heartbeat and
/// memory flush prompts. A message that only mentions a token asks for nothing.
pub(in crate::offline) const TOKEN_REQUESTS: &[&str] =
    &["reply", "reply with", "answer with exactly", "respond with"];
/// Those tokens.
pub(in crate::offline) const TOKENS: &[&str] = &["HEARTBEAT_OK", "NO_REPLY"];
/// How the gateway begins the prompt of a session that `/new` or `/reset` started.
pub(in crate::offline) const NEW_SESSION: &str = "A new session was started";
