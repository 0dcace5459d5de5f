//! Everything the offline model says in its own words.

use super::intent::SmallTalk;

/// Longest foreign text repeated inside a sentence, in characters.
const MAX_REPEATED_CHARS: usize = 300;

/// What follows the first answer of a session.
pub(super) const HINT: &str = "(offline/recall, the built-in offline model: it quotes your notes. To use a language model, set OPENAI_API_KEY or models.providers in openclaw.json; see docs/models.md.)";

const WHAT_IT_IS: &str = "I am offline/recall, the offline model built into OpenClaw. I am not a language model: I cannot chat, reason or write. I do two things with the memory files in your workspace:\n\n- say \"remember that …\" and I write it into today's file;\n- ask a question and I quote the lines of your notes that fit best, with their place.";
const HOW_TO_CONFIGURE: &str = "To talk to a language model, set OPENAI_API_KEY before starting the gateway, or add a server under models.providers in openclaw.json and name its model in agents.defaults.model.primary. See docs/models.md.";

/// `text` on one line and short enough for a sentence.
pub(super) fn brief(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_REPEATED_CHARS) {
        Some((cut, _)) => format!("{}…", line[..cut].trim_end()),
        None => line,
    }
}

pub(super) fn small_talk(kind: SmallTalk) -> String {
    match kind {
        SmallTalk::Greeting => format!("Hello. {WHAT_IT_IS}"),
        SmallTalk::Help => format!("{WHAT_IT_IS}\n\n{HOW_TO_CONFIGURE}"),
        SmallTalk::Thanks => "You are welcome. Ask me about your notes at any time.".to_owned(),
        SmallTalk::NoWords => {
            "There is nothing in that I could look up in your notes. Ask about something by name, or say \"remember that …\". Say \"help\" to see what I am.".to_owned()
        }
    }
}

pub(super) fn note_what() -> String {
    "What should I note? Say it in one message, for example: remember that the spare key is with Anna."
        .to_owned()
}

pub(super) fn noted(path: &str, lines: &str, fact: &str) -> String {
    format!("Noted in {path}#{lines}: {}", brief(fact))
}

pub(super) fn note_failed(path: &str, error: &str) -> String {
    format!(
        "I could not write {path}: {}. Nothing was noted; correct the cause and say it again.",
        sentence(error)
    )
}

pub(super) fn missing_tool(tool: &str, purpose: &str) -> String {
    format!(
        "I cannot {purpose}: the tool \"{tool}\" is not available in this session. Check the tools section of openclaw.json."
    )
}

pub(super) fn search_failed(error: &str) -> String {
    format!(
        "Searching your notes failed: {}. Run `openclaw memory status` to see what is wrong.",
        sentence(error)
    )
}

/// `note` is what the search has to say about itself.
pub(super) fn nothing_found(question: &str, note: Option<&str>) -> String {
    let about = brief(question);
    let about = about.trim_end_matches(['?', '.', '!', ' ']);
    let note = note.map(|note| format!(" ({})", sentence(note))).unwrap_or_default();
    format!(
        "I found nothing about \"{about}\" in your notes{note}. Try other words, or tell me with \"remember that …\"."
    )
}

pub(super) fn gave_up() -> String {
    "I stopped after several tool calls without getting further. Ask again in other words.".to_owned()
}

pub(super) const FROM_NOTES: &str = "From your notes:";
pub(super) const CLOSEST: &str = "I did not find a clear answer. The closest in your notes:";

fn sentence(error: &str) -> String {
    let error = brief(error);
    let error = error.trim_end_matches(['.', ' ']);
    if error.is_empty() { "the tool gave no reason".to_owned() } else { error.to_owned() }
}
