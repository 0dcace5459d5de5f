//! What a form calls a key, from its name.

/// Words that are written in their own way; the first spelling is a name's part in lower case.
const WORDS: &[(&str, &str)] = &[
    ("api", "API"),
    ("bluebubbles", "BlueBubbles"),
    ("ca", "CA"),
    ("cdp", "CDP"),
    ("cli", "CLI"),
    ("cors", "CORS"),
    ("cpus", "CPUs"),
    ("deepgram", "Deepgram"),
    ("discord", "Discord"),
    ("dm", "DM"),
    ("dms", "DMs"),
    ("dns", "DNS"),
    ("docker", "Docker"),
    ("elevenlabs", "ElevenLabs"),
    ("gmail", "Gmail"),
    ("googlechat", "Google Chat"),
    ("http", "HTTP"),
    ("id", "ID"),
    ("ids", "IDs"),
    ("imessage", "iMessage"),
    ("mattermost", "Mattermost"),
    ("mdns", "mDNS"),
    ("mimes", "media types"),
    ("msteams", "Microsoft Teams"),
    ("openai", "OpenAI"),
    ("pdf", "PDF"),
    ("pids", "PIDs"),
    ("pluralkit", "PluralKit"),
    ("qmd", "QMD"),
    ("signal", "Signal"),
    ("slack", "Slack"),
    ("ssh", "SSH"),
    ("tailscale", "Tailscale"),
    ("telegram", "Telegram"),
    ("tls", "TLS"),
    ("ttl", "TTL"),
    ("tts", "TTS"),
    ("ui", "UI"),
    ("url", "URL"),
    ("urls", "URLs"),
    ("vnc", "VNC"),
    ("whatsapp", "WhatsApp"),
];

/// Units at the end of a name.
const UNITS: &[(&str, &str)] = &[
    ("bytes", "bytes"),
    ("chars", "characters"),
    ("days", "days"),
    ("hours", "hours"),
    ("mb", "MB"),
    ("minutes", "minutes"),
    ("ms", "ms"),
    ("sec", "seconds"),
    ("seconds", "seconds"),
];

/// `debounceMs` is called "Debounce (ms)", `dmPolicy` "DM policy".
pub(crate) fn label(name: &str) -> String {
    let words = words(name);
    let (unit, words) = match words.split_last() {
        Some((last, before)) if !before.is_empty() => match find(UNITS, last) {
            Some(unit) => (Some(unit), before),
            None => (None, &words[..]),
        },
        Some(_) | None => (None, &words[..]),
    };
    let spelt: Vec<&str> = words.iter().map(|word| find(WORDS, word).unwrap_or(word)).collect();
    let mut label = spelt.join(" ");
    // A word with a spelling of its own begins as it is spelt: "iMessage".
    if words.first().is_some_and(|first| find(WORDS, first).is_none()) {
        label = upper_first(&label);
    }
    unit.map_or(label.clone(), |unit| format!("{label} ({unit})"))
}

fn find(table: &[(&'static str, &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(name, _)| *name == word).map(|(_, spelling)| *spelling)
}

fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The words of a camel-case name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        let begins = c.is_uppercase() || c == '-';
        if begins && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c != '-') {
            word.extend(c.to_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn names_become_labels() {
        for (name, expected) in [
            ("port", "Port"),
            ("debounceMs", "Debounce (ms)"),
            ("timeoutSec", "Timeout (seconds)"),
            ("mediaMaxMb", "Media max (MB)"),
            ("bootstrapMaxChars", "Bootstrap max (characters)"),
            ("allowFrom", "Allow from"),
            ("apiKey", "API key"),
            ("baseUrl", "Base URL"),
            ("dmPolicy", "DM policy"),
            ("cacheTtlMinutes", "Cache TTL (minutes)"),
            ("mdns", "mDNS"),
            ("tts", "TTS"),
            ("imessage", "iMessage"),
            ("nextcloud-talk", "Nextcloud talk"),
            ("seconds", "Seconds"),
        ] {
            assert_eq!(label(name), expected, "{name}");
        }
    }
}
