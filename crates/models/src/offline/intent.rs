//! What the user wants, told from the words by tables.

use super::commands::{
    ASKING_WORDS, CLOCK, COUNT, COUNT_WITHIN, FORGET, FORGET_LAST, GREETINGS, Keep, LEAD_INS, LEAD_INS_OF,
    LIST, LIST_WITHIN, NEW_SESSION, NOT, PLEASE, POINTING, POLITE_END, POLITE_QUESTIONS, PRAISE, REMEMBER,
    REMEMBER_LAST, SMALL_TALK, SOMEBODY, THANKS, THAT, TO, TOKEN_REQUESTS, TOKENS,
};
use super::tongue::Tongue;
use super::words::{content_words, is_unspaced};

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Intent {
    /// Note this.
    Remember(String),
    /// The same, and be reminded of it.
    Remind(String),
    /// Note something, without saying what.
    RememberNothing,
    /// Find this.
    Ask(String),
    /// Show all there is about this.
    List(String),
    /// How much is there about this.
    Count(String),
    /// Remove what is noted about this.
    Forget(String),
    /// Remove something, without saying what.
    ForgetNothing,
    /// A greeting, thanks, a question about the model itself.
    SmallTalk(SmallTalk),
    /// A command of the chat that there is none of.
    NoCommand(String),
    /// The gateway asks for this exact token when there is nothing to do.
    Token(&'static str),
}

/// Kinds of small talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SmallTalk {
    /// Hello, or a new session.
    Greeting,
    /// What are you, what can you do.
    Help,
    /// Thanks.
    Thanks,
    /// Taking note, or a no to nothing.
    Fine,
    /// Goodbye.
    Bye,
    /// Nothing that could be looked up.
    NoWords,
}

/// Reads the intent of the user's own words.
pub(super) fn intent(text: &str) -> Intent {
    if let Some(token) = token(text) {
        return Intent::Token(token);
    }
    if text.starts_with(NEW_SESSION) {
        return Intent::SmallTalk(SmallTalk::Greeting);
    }
    if let Some(command) = no_command(text) {
        return Intent::NoCommand(command.to_owned());
    }
    if let Some(remember) = remember(text) {
        return remember;
    }
    let text = greeted(text);
    if let Some(kind) = small_talk(text) {
        return Intent::SmallTalk(kind);
    }
    if let Some(forget) = forget(text) {
        return forget;
    }
    if asks_with(text, COUNT) || COUNT_WITHIN.iter().any(|form| text.contains(form)) {
        return Intent::Count(text.to_owned());
    }
    if asks_with(text, LIST) || LIST_WITHIN.iter().any(|form| text.contains(form)) {
        return Intent::List(text.to_owned());
    }
    if content_words(text, Tongue::of(text)).is_empty() || is_sum(text) {
        return Intent::SmallTalk(SmallTalk::NoWords);
    }
    Intent::Ask(text.to_owned())
}

/// A message of one word with a slash in front. What the gateway knows never comes here; a path has more slashes.
fn no_command(text: &str) -> Option<&str> {
    let word = text.trim().strip_prefix('/')?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    (word.starts_with(char::is_alphabetic) && word.chars().all(is_name)).then_some(text.trim())
}

/// A message without the greeting in front of it, if something follows. Without a mark between them it may be one name:
/// "Hello Kitty".
pub(super) fn greeted(text: &str) -> &str {
    let ends = [',', '!', '.', ':', ';', '…', '\n', '-', '–', '—', '，', '、', '！', '。', '：'];
    let mut rest = text.trim_start();
    // Each turn takes at least one word away.
    while let Some(behind) = after_greeting(rest) {
        let shorter = behind.trim_start_matches(|c: char| c.is_whitespace() || ends.contains(&c));
        if shorter.is_empty() || !behind.trim_start().starts_with(ends) {
            return rest;
        }
        rest = shorter;
    }
    rest
}

/// What follows the longest greeting that a text begins with.
fn after_greeting(text: &str) -> Option<&str> {
    let forms = GREETINGS.iter().flat_map(|(_, forms)| forms.split('|'));
    forms.filter_map(|form| after(text, form)).min_by_key(|rest| rest.len())
}

/// A question for nothing but a result: "what is 12*7?". A dash and a stroke stand in dates as well.
fn is_sum(text: &str) -> bool {
    let words = content_words(text, Tongue::of(text));
    let digits = |text: &str| text.ends_with(|c: char| c.is_ascii_digit());
    let computes = |(at, sign): (usize, char)| {
        let behind = text[at + sign.len_utf8()..].trim_start();
        digits(text[..at].trim_end()) && behind.starts_with(|c: char| c.is_ascii_digit())
    };
    words.iter().all(|word| word.stem.chars().all(|c| c.is_ascii_digit() || c == 'x'))
        && text.char_indices().filter(|(_, c)| matches!(c, '*' | '+' | 'x' | '×' | '÷' | '^')).any(computes)
}

/// The token that a prompt of the gateway asks for.
fn token(text: &str) -> Option<&'static str> {
    let asks = |token: &&&str| {
        text.match_indices(**token).any(|(at, _)| {
            let before = text[..at].trim_end_matches(['"', '`', '\'', '“', '‘', ' ', ':']).to_lowercase();
            TOKEN_REQUESTS.iter().any(|request| before.ends_with(request))
        })
    };
    TOKENS.iter().find(asks).copied()
}

/// What may stand between a greeting, or politeness, and a request.
const LEAD_IN_MARKS: [char; 15] =
    [',', '!', ' ', '.', ';', ':', '…', '\n', '-', '–', '—', '，', '、', '！', '。'];

/// What ends the clause that thanks for something, and how long that may be.
const CLAUSE_ENDS: [char; 9] = [',', '!', '.', ';', '\n', '，', '、', '！', '。'];
const MAX_THANKS_CHARS: usize = 60;

/// A request without the greeting and the politeness in front of it, and whether that was the form of a question.
fn bare(text: &str) -> (&str, bool) {
    let tongue = Tongue::of(text);
    let own = LEAD_INS_OF.iter().filter(|(of, _)| *of == tongue).flat_map(|(_, words)| words.iter());
    let lead_ins: Vec<&str> = LEAD_INS.iter().chain(own).copied().collect();
    let (mut rest, mut polite) = (text, false);
    // Each turn takes at least one word away.
    loop {
        let lead_in = lead_ins.iter().find_map(|lead| after(rest, lead)).or_else(|| after_greeting(rest));
        let shorter = lead_in.or_else(|| {
            let question = POLITE_QUESTIONS.iter().find_map(|lead| after(rest, lead))?;
            polite = true;
            Some(question)
        });
        match shorter {
            Some(shorter) => rest = shorter.trim_start_matches(LEAD_IN_MARKS),
            None => return (rest, polite),
        }
    }
}

/// The same without thanks and praise in front of it: "Danke, merk dir, dass …".
fn behind_praise(text: &str) -> (&str, bool) {
    let (mut rest, mut polite) = bare(text.trim_start_matches(['¿', '¡', ' ']));
    // Each turn takes at least one word away.
    while let Some(shorter) = after_praise(rest) {
        (rest, polite) = bare(shorter);
    }
    (rest, polite)
}

/// What follows the thanks or the praise that a text begins with. Without a mark between them only a request of several
/// words does: a "thank you note" is none.
fn after_praise(text: &str) -> Option<&str> {
    let thanks = begun(text, THANKS);
    let longest = [begun(text, PRAISE), thanks.clone()].into_iter().flatten();
    let behind = longest.max_by_key(|begun| begun.form.chars().count())?.rest;
    let next = behind.trim_start_matches(LEAD_IN_MARKS);
    let requests = || Request::read(bare(next).0).is_some_and(|request| request.begun.form.contains(' '));
    if behind.trim_start().starts_with(LEAD_IN_MARKS) || behind.starts_with(is_unspaced) || requests() {
        return Some(next);
    }
    // "Thanks for the tip, remember that …".
    let what_for = thanks?.rest;
    let end = what_for.char_indices().take(MAX_THANKS_CHARS).find(|(_, c)| CLAUSE_ENDS.contains(c))?.0;
    Some(what_for[end..].trim_start_matches(LEAD_IN_MARKS))
}

/// What the message goes on with after the longest of the forms that it begins with.
#[derive(Clone)]
struct Begun<'a> {
    rest: &'a str,
    form: &'static str,
}

fn begun<'a>(text: &'a str, forms: &'static str) -> Option<Begun<'a>> {
    let found = forms.split('|').filter_map(|form| after(text, form).map(|rest| Begun { rest, form }));
    found.max_by_key(|begun| begun.form.chars().count())
}

fn without_end(text: &str) -> &str {
    text.trim_end().trim_end_matches(['.', '!', '。', '！'])
}

fn forget(text: &str) -> Option<Intent> {
    let (rest, polite) = behind_praise(text);
    let rest = without_end(rest);
    // "Forget the milk again?" wonders; "can you forget the code?" asks.
    if rest.ends_with(['?', '？']) && !polite {
        return None;
    }
    let rest = rest.trim_end_matches(['?', '？']);
    let polite_end = rest.strip_suffix(POLITE_END).unwrap_or(rest);
    let first = FORGET.iter().filter_map(|(of, forms)| begun(rest, forms).map(|begun| (*of, begun)));
    let first = first.max_by_key(|(_, begun)| begun.form.chars().count()).filter(|(_, begun)| {
        begun.rest.is_empty()
            || begun.rest.starts_with([' ', ':', ','])
            || begun.rest.starts_with(is_unspaced)
    });
    let last = || FORGET_LAST.iter().find_map(|words| polite_end.strip_suffix(words));
    let found = first.as_ref().map(|(_, begun)| begun.rest);
    let wanted = found.or_else(last)?.trim_matches([':', ',', '-', ' ']);
    let plain = plain_words(wanted);
    let tongue = Tongue::of(text);
    let empty = POINTING.split('|').any(|form| form == plain) || content_words(wanted, tongue).is_empty();
    if first.is_some_and(|(of, begun)| is_turned_round(of, &begun)) {
        return Some(if empty { Intent::RememberNothing } else { Intent::Remember(rest.to_owned()) });
    }
    Some(if empty { Intent::ForgetNothing } else { Intent::Forget(wanted.to_owned()) })
}

/// Whether what follows a wish to forget makes it a wish not to: "glem ikke mælken", "vergiss die Milch nicht". In a clause
/// such a word is about something else, unless it ends the message: "vergeet dat boek niet", where "dat" begins none.
fn is_turned_round(tongue: Tongue, begun: &Begun<'_>) -> bool {
    let plain = plain_words(begun.rest);
    let words: Vec<&str> = plain.split(' ').filter(|word| !PLEASE.contains(word)).collect();
    let not = NOT.iter().find(|(of, _)| *of == tongue).map_or("", |(_, words)| words);
    let is_not = |word: &&str| !word.is_empty() && not.split(' ').any(|not| not == *word);
    let is_verb = !begun.form.contains(' ');
    let near = is_verb && words.iter().take(2).any(is_not);
    let before = is_verb && words.windows(2).any(|pair| is_not(&pair[0]) && TO.contains(&pair[1]));
    // French and English clauses may end so.
    let ends = (is_verb || tongue == Tongue::Dutch) && words.last().is_some_and(is_not);
    near || before || ends
}

fn asks_with(text: &str, table: &[(&str, &str)]) -> bool {
    let text = text.trim_start_matches(['¿', ' ']);
    let (rest, _) = bare(text);
    let plain = plain_words(rest);
    let has = |word: &&str| {
        plain.split(' ').any(|known| known == *word)
            || (word.starts_with(is_unspaced) && plain.contains(word))
    };
    let matches = |(words, also): &(&str, &str)| {
        // "y", "e" and "i" in front are politeness in one language and the beginning of a form in another.
        [text, rest].iter().any(|text| after(text, words).is_some())
            && (also.is_empty() || also.split('|').any(|word| has(&word)))
    };
    table.iter().any(matches)
}

/// A request to note something, as it begins.
struct Request<'a> {
    keep: Keep,
    begun: Begun<'a>,
}

impl<'a> Request<'a> {
    fn read(rest: &'a str) -> Option<Self> {
        let requests = REMEMBER
            .iter()
            .filter_map(|(_, keep, forms)| begun(rest, forms).map(|begun| Self { keep: *keep, begun }));
        requests.max_by_key(|request| request.begun.form.chars().count())
    }

    /// What is to be noted of `rest`, which it begins.
    fn noted(&self, rest: &'a str) -> &'a str {
        match self.keep {
            Keep::Rest => said_behind(self.begun.rest),
            Keep::Whole | Keep::Reminder => rest,
        }
    }
}

fn remember(text: &str) -> Option<Intent> {
    let (rest, polite) = behind_praise(text);
    let question = rest.trim_end().ends_with(['?', '？']);
    // "Remember when we met?" asks; "can you remember that we met?" tells.
    if question && !polite {
        return None;
    }
    let Some(request) = Request::read(rest) else { return remember_last(rest) };
    let noted = request.noted(rest).trim();
    let behind = request.begun.rest.trim_start_matches([':', ',', ' ']);
    let asks = || ASKING_WORDS.split('|').any(|word| after(behind, word).is_some());
    let names_what = request.begun.form.ends_with(':') || request.begun.form.contains(' ');
    // "Can you remember where I parked?" asks; so does whoever wants to be reminded of an answer.
    if ((question && !names_what) || request.keep == Keep::Reminder) && asks() {
        return None;
    }
    let noted = if question { noted.trim_end_matches(['?', '？']).trim_end() } else { noted };
    let plain = plain_words(noted);
    let points = [POINTING, SOMEBODY].iter().any(|list| list.split('|').any(|form| form == plain));
    let empty = match request.keep {
        Keep::Rest => noted.trim_end_matches(['!', '.', '…', '。', '！']).is_empty() || points,
        Keep::Whole | Keep::Reminder => request.begun.rest.trim().is_empty(),
    };
    Some(told(request.keep, if empty { "" } else { noted }))
}

fn told(keep: Keep, noted: &str) -> Intent {
    match (noted.is_empty(), keep) {
        (true, _) => Intent::RememberNothing,
        (false, Keep::Reminder) => Intent::Remind(noted.to_owned()),
        (false, Keep::Rest | Keep::Whole) => Intent::Remember(noted.to_owned()),
    }
}

/// The facts of a message that asks more than once: "remember that A. Remember that B."
pub(super) fn facts(noted: &str) -> Vec<&str> {
    let ends = ['.', '!', ';', '\n', '。', '！', '；'];
    let mut facts = Vec::new();
    let mut from = 0;
    for (at, end) in noted.char_indices().filter(|(_, c)| ends.contains(c)) {
        let behind = &noted[at + end.len_utf8()..];
        let next = behind.trim_start();
        let is_apart = end == '\n' || next.len() < behind.len() || next.starts_with(is_unspaced);
        let Some(request) = Request::read(next).filter(|_| is_apart && at >= from) else { continue };
        let fact = request.noted(next);
        if !fact.trim().is_empty() && !request.begun.rest.trim().is_empty() {
            facts.push(noted[from..at + end.len_utf8()].trim_end_matches([' ', ';', '；', '\n']));
            from = noted.len() - fact.len();
        }
    }
    facts.push(&noted[from..]);
    facts
}

/// What follows the words that ask to note it, without politeness between: "Merk dir bitte, dass …".
fn said_behind(found: &str) -> &str {
    let marks = [':', '：', ',', '，', '-', '–', ' ', '\n', '\t'];
    let mut rest = found.trim_start_matches(marks);
    let mut polite = false;
    // Each turn takes at least one word away.
    while let Some(shorter) = PLEASE.iter().find_map(|word| after(rest, word)) {
        rest = shorter.trim_start_matches(marks);
        polite = true;
    }
    let that = THAT.iter().find_map(|word| after(rest, word)).filter(|_| polite);
    that.map_or(rest, str::trim_start)
}

fn remember_last(rest: &str) -> Option<Intent> {
    let rest = without_end(rest);
    let polite_end = rest.strip_suffix(POLITE_END).unwrap_or(rest);
    let found = |(keep, forms): &(Keep, &'static str)| {
        let before = forms.split('|').find_map(|form| polite_end.strip_suffix(form))?;
        Some((*keep, before.trim()))
    };
    let (keep, before) = REMEMBER_LAST.iter().find_map(found)?;
    let noted = match keep {
        Keep::Rest => before,
        Keep::Whole | Keep::Reminder => rest,
    };
    Some(told(keep, if before.is_empty() { "" } else { noted }))
}

/// Lower case, without punctuation, one space between words.
pub(super) fn plain_words(text: &str) -> String {
    let text = text.to_lowercase().replace('’', "'");
    let kept = text.chars().map(|c| match c {
        c if c.is_alphanumeric() || matches!(c, '-' | '\'') => c,
        _ => ' ',
    });
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn small_talk(text: &str) -> Option<SmallTalk> {
    let plain = plain_words(text);
    let one_of = |forms: &str| forms.split('|').any(|form| form == plain);
    if plain.is_empty() || one_of(CLOCK) {
        return Some(SmallTalk::NoWords);
    }
    if GREETINGS.iter().any(|(_, forms)| one_of(forms)) {
        return Some(SmallTalk::Greeting);
    }
    SMALL_TALK.iter().find(|(_, forms)| one_of(forms)).map(|(kind, _)| *kind)
}

/// What follows `words` at the start of `text`, if it starts with them as whole words. Case, kinds of apostrophe and
/// the amount of space make no difference.
pub(super) fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let mut rest = text.trim_start();
    for (position, word) in words.split(' ').enumerate() {
        if position > 0 {
            let trimmed = rest.trim_start();
            if trimmed.len() == rest.len() {
                return None;
            }
            rest = trimmed;
        }
        for expected in word.chars() {
            let found = rest.chars().next()?;
            let alike = if expected == '\'' {
                matches!(found, '\'' | '’')
            } else {
                found.to_lowercase().eq(expected.to_lowercase())
            };
            if !alike {
                return None;
            }
            rest = &rest[found.len_utf8()..];
        }
    }
    let last = words.chars().last();
    let open_word = last.is_some_and(|last| last.is_alphanumeric() && !is_unspaced(last))
        && rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (!open_word).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{Intent, SmallTalk, intent};
    use proptest::prelude::*;

    #[test]
    fn what_is_to_be_noted() {
        let rows = [
            ("remember that my dog is called Rex", "my dog is called Rex"),
            ("Please remember: the code is 42.", "the code is 42."),
            ("Remember I like tea", "I like tea"),
            ("hey, can you please remember that I parked on level 3?", "I parked on level 3"),
            ("Could you remember my locker is 12?", "my locker is 12"),
            ("Remember to buy milk", "Remember to buy milk"),
            ("Don’t  forget that Anna comes", "Anna comes"),
            ("don't forget to call Bo", "don't forget to call Bo"),
            ("NOTE: x", "x"),
            ("note that a\nb", "a\nb"),
            ("Keep in mind that it rains", "it rains"),
            ("save this: https://a.example/?q=1", "https://a.example/?q=1"),
            ("Merk dir, dass der Schlüssel unter der Matte liegt", "der Schlüssel unter der Matte liegt"),
            ("Husk at Bo har nøglen", "Bo har nøglen"),
            ("recuerda que el wifi es casa", "el wifi es casa"),
            ("N’oublie pas que Luc arrive lundi", "Luc arrive lundi"),
            ("dont forget the milk", "the milk"),
            ("Merk dir bitte, dass der Code 42 ist", "der Code 42 ist"),
            ("Remember, please, that Bo is here", "Bo is here"),
            ("remember that that tea is green", "that tea is green"),
        ];
        for (text, noted) in rows {
            assert_eq!(intent(text), Intent::Remember(noted.into()), "{text}");
        }
    }

    #[test]
    fn what_is_to_be_noted_behind_thanks_and_praise() {
        let rows = [
            ("Danke, merk dir, dass der Code 42 ist", "der Code 42 ist"),
            ("Super, und merk dir bitte: Code 42", "Code 42"),
            ("Vielen Dank für den Tipp! Merk dir, dass Bo kommt", "Bo kommt"),
            ("danke merk dir dass Bo kommt", "Bo kommt"),
            ("tak, husk at Bo har nøglen", "Bo har nøglen"),
            ("Gracias, recuerda que el wifi es casa", "el wifi es casa"),
            ("Merci, retiens que Luc arrive", "Luc arrive"),
            ("Great, now remember that tea is green", "tea is green"),
            ("Perfect. Please remember that tea is green", "tea is green"),
            ("By the way, remember that tea is green", "tea is green"),
            ("Thanks for the help, that's great! Remember that tea is green.", "tea is green."),
            ("Great, thanks! Don't forget to call Bo", "Don't forget to call Bo"),
            ("谢谢，记住密码42", "密码42"),
            ("Bitte merken: Code 42", "Code 42"),
            ("Notiz: Code 42", "Code 42"),
            ("Kannst du dir merken, dass der Code 42 ist?", "der Code 42 ist"),
            ("Kannst du dir bitte merken, dass der Code 42 ist?", "der Code 42 ist"),
            ("¿Puedes recordar que el código es 42?", "el código es 42"),
            ("Peux-tu retenir que le code est 42 ?", "le code est 42"),
        ];
        for (text, noted) in rows {
            assert_eq!(intent(text), Intent::Remember(noted.into()), "{text}");
        }
        assert_eq!(intent("Danke, vergiss den Code"), Intent::Forget("den Code".into()));
        let asks = [
            "Super! Remember when we met?",
            "Thank you note: what did I write to Anna?",
            "Kannst du dir merken, wo ich geparkt habe?",
            "Great forget-me-nots, where were they?",
            "Danke, wo ist der Schlüssel?",
        ];
        for text in asks {
            assert_eq!(intent(text), Intent::Ask(text.into()), "{text}");
        }
    }

    #[test]
    fn what_is_asked_and_what_is_talk() {
        let ask = |text: &str| Intent::Ask(text.into());
        let talk = Intent::SmallTalk;
        let rows = [
            ("Do you remember where I parked?", ask("Do you remember where I parked?")),
            ("remember when we went to Rome?", ask("remember when we went to Rome?")),
            ("remembering things is hard", ask("remembering things is hard")),
            ("notebook price", ask("notebook price")),
            ("Help me find my keys", ask("Help me find my keys")),
            ("remember", Intent::RememberNothing),
            ("please remember that", Intent::RememberNothing),
            ("remember to", Intent::RememberNothing),
            ("Hello!", talk(SmallTalk::Greeting)),
            ("What are you?", talk(SmallTalk::Help)),
            ("thanks!!", talk(SmallTalk::Thanks)),
            ("how are you?", talk(SmallTalk::NoWords)),
            ("…", talk(SmallTalk::NoWords)),
            ("", talk(SmallTalk::NoWords)),
            ("A new session was started via /new. Greet the user.", talk(SmallTalk::Greeting)),
            ("If nothing needs attention, reply HEARTBEAT_OK.", Intent::Token("HEARTBEAT_OK")),
        ];
        for (text, expected) in rows {
            assert_eq!(intent(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_to_be_noted_in_other_languages() {
        let rows = [
            ("Ricordati che l'auto è in garage", "l'auto è in garage"),
            ("Por favor, lembre que o gás acabou", "o gás acabou"),
            ("Onthoud dat Jan de sleutel heeft", "Jan de sleutel heeft"),
            ("Kom ihåg att Anna har nyckeln", "Anna har nyckeln"),
            ("Husk at bilen står i garasjen", "bilen står i garasjen"),
            ("Zapamiętaj, że kod to 42", "kod to 42"),
            ("Запомни, что код 42", "код 42"),
            ("记住车库密码是42", "车库密码是42"),
            ("メモ：鍵は玄関にある", "鍵は玄関にある"),
            ("Merk dir den Code 42", "den Code 42"),
            ("Retiens le code 42", "le code 42"),
            ("Recuerda el código 42", "el código 42"),
            ("Ricorda il codice 42", "il codice 42"),
            ("Lembre o código 42", "o código 42"),
            ("Onthoud de code 42", "de code 42"),
            ("Husk koden 42", "koden 42"),
            ("Kom ihåg koden 42", "koden 42"),
            ("Zapamiętaj kod 42", "kod 42"),
            ("Запомни код 42", "код 42"),
            ("请记住密码42", "密码42"),
            ("鍵は玄関にあると覚えておいてください", "鍵は玄関にある"),
        ];
        for (text, noted) in rows {
            assert_eq!(intent(text), Intent::Remember(noted.into()), "{text}");
        }
    }

    #[test]
    fn what_is_not_to_be_forgotten_is_noted() {
        let whole = [
            "Glem ikke mælken",
            "Glem nu ikke mælken",
            "Glem ikke å kjøpe melk",
            "Glöm inte mjölken",
            "Vergeet de melk niet",
            "Vergeet niet de melk te kopen",
            "Vergeet dat boek niet",
            "Vergiss die Milch nicht!",
            "Vergiss bitte nicht die Milch",
            "Vergiss die Milch nicht zu kaufen",
            "Oublie pas le lait",
            "N'oublie pas le lait",
            "No olvides la leche",
            "Non dimenticare il latte",
            "Não esqueças o leite",
            "Nie zapomnij o mleku",
            "Не забудь молоко",
            "牛乳を忘れないで",
        ];
        for text in whole {
            let noted = text.trim_end_matches('!');
            let Intent::Remember(found) = intent(text) else { panic!("{text}: {:?}", intent(text)) };
            assert_eq!(found.trim_end_matches('!'), noted, "{text}");
        }
        for (text, noted) in
            [("Don't forget the milk", "the milk"), ("别忘了牛奶", "牛奶"), ("不要忘记牛奶", "牛奶")]
        {
            assert_eq!(intent(text), Intent::Remember(noted.into()), "{text}");
        }
        for text in ["Vergiss das nicht", "Vergeet het niet!", "Glem det ikke"] {
            assert_eq!(intent(text), Intent::RememberNothing, "{text}");
        }
        // Here the word is about something else.
        let forgotten = [
            ("Forget that Anna does not come", "Anna does not come"),
            ("Vergiss, dass Anna nicht kommt", "Anna nicht kommt"),
            ("Oublie que Luc ne vient pas", "Luc ne vient pas"),
            ("Glem mit pas", "mit pas"),
        ];
        for (text, what) in forgotten {
            assert_eq!(intent(text), Intent::Forget(what.into()), "{text}");
        }
    }

    #[test]
    fn an_english_i_is_no_politeness() {
        for text in ["I forget where I parked the car", "I remember when I was young", "A note: the sea"] {
            assert_eq!(intent(text), Intent::Ask(text.into()), "{text}");
        }
        let own = [
            ("i zapomnij o kluczu do łodzi", "kluczu do łodzi"),
            ("y olvida la llave", "la llave"),
            ("e dimentica la chiave", "la chiave"),
            ("en vergeet de sleutel", "de sleutel"),
            ("et oublie la clé", "la clé"),
        ];
        for (text, what) in own {
            assert_eq!(intent(text), Intent::Forget(what.into()), "{text}");
        }
    }

    #[test]
    fn a_token_is_given_only_to_a_prompt_that_asks_for_it() {
        for text in ["What did I note about HEARTBEAT_OK?", "remember that NO_REPLY is a token", "NO_REPLY"] {
            assert!(!matches!(intent(text), Intent::Token(_)), "{text}");
        }
        let asked = "Pre-compaction memory flush. If nothing to store, reply with NO_REPLY.";
        assert_eq!(intent(asked), Intent::Token("NO_REPLY"));
        assert_eq!(intent("If nothing is due, reply \"HEARTBEAT_OK\""), Intent::Token("HEARTBEAT_OK"));
    }

    #[test]
    fn what_is_to_be_forgotten() {
        let rows = [
            ("forget the garage code", "the garage code"),
            ("Can you please forget about the boat?", "the boat"),
            ("Please delete my notes about Bob.", "Bob"),
            ("Vergiss den Code der Garage", "den Code der Garage"),
            ("Lösche die Notizen über das Boot!", "das Boot"),
            ("Oublie le code du garage", "le code du garage"),
            ("Olvida el código del garaje", "el código del garaje"),
            ("Dimentica il codice del garage", "il codice del garage"),
            ("Esqueça o código da garagem", "o código da garagem"),
            ("Vergeet de code van de garage", "de code van de garage"),
            ("Glem koden til garagen", "koden til garagen"),
            ("Glöm koden till garaget", "koden till garaget"),
            ("Zapomnij o kodzie do garażu", "kodzie do garażu"),
            ("Забудь код от гаража", "код от гаража"),
            ("忘记车库密码", "车库密码"),
            ("車庫の暗証番号を忘れてください", "車庫の暗証番号"),
        ];
        for (text, what) in rows {
            assert_eq!(intent(text), Intent::Forget(what.into()), "{text}");
        }
        for text in ["forget it", "Forget everything!", "vergiss es", "oublie ça", "olvida todo", "忘记一切"]
        {
            assert_eq!(intent(text), Intent::ForgetNothing, "{text}");
        }
        let asks = ["Did I forget the milk?", "forgetting things is human", "forget-me-nots in the garden"];
        for text in asks {
            assert_eq!(intent(text), Intent::Ask(text.into()), "{text}");
        }
        for text in ["don't forget the milk", "Vergiss nicht, dass Anna kommt", "N'oublie pas que Luc arrive"]
        {
            assert!(matches!(intent(text), Intent::Remember(_)), "{text}");
        }
    }

    #[test]
    fn what_is_to_be_listed_and_counted() {
        let lists = [
            "What did I note about the boat?",
            "what did I note last week?",
            "Please list my notes about the boat",
            "Was habe ich über das Boot notiert?",
            "Qu'est-ce que j'ai noté sur le bateau ?",
            "¿Qué anoté sobre el barco?",
            "Che cosa ho annotato sulla barca?",
            "O que anotei sobre o barco?",
            "Wat heb ik over de boot genoteerd?",
            "Hvad har jeg noteret om båden?",
            "Vad har jag antecknat om båten?",
            "Hva har jeg notert om båten?",
            "Co zanotowałem o łodzi?",
            "Что я записал о лодке?",
            "列出关于船的笔记",
            "船についてのメモを全部見せて",
        ];
        for text in lists {
            assert_eq!(intent(text), Intent::List(text.into()), "{text}");
        }
        let counts = [
            "How many notes do I have about the boat?",
            "Wie viele Notizen habe ich über das Boot?",
            "Combien de notes sur le bateau ?",
            "¿Cuántas notas tengo sobre el barco?",
            "Quante note ho sulla barca?",
            "Quantas notas tenho sobre o barco?",
            "Hoeveel notities heb ik over de boot?",
            "Hvor mange noter har jeg om båden?",
            "Hur många anteckningar har jag om båten?",
            "Hvor mange notater har jeg om båten?",
            "Ile notatek mam o łodzi?",
            "Сколько заметок о лодке?",
            "有多少条关于船的笔记？",
            "船についてのメモは何件ありますか",
        ];
        for text in counts {
            assert_eq!(intent(text), Intent::Count(text.into()), "{text}");
        }
        for text in ["How many cats does Bob have?", "What did Anna write?", "Listen to this song title"] {
            assert_eq!(intent(text), Intent::Ask(text.into()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_an_intent(text in "(please |can you |remember |note: |so, ){0,4}.{0,40}") {
            if let Intent::Remember(noted) = intent(&text) {
                prop_assert!(!noted.trim().is_empty());
                prop_assert!(text.contains(&noted));
            }
        }
    }
}
