//! Messages that can be told apart wherever they turn up.

use super::dice::Dice;

/// What a message carries so that it is recognised in a request, an answer and a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(String);

const START: &str = "tk";
/// Digits of a token; numbers of one length are never the beginning of another.
const DIGITS: usize = 7;

impl Token {
    pub(super) fn new(number: usize) -> Self {
        Self(format!("{START}{number:0DIGITS$}"))
    }

    /// The first token in a text.
    pub(super) fn find(text: &str) -> Option<Self> {
        let starts = text.match_indices(START).map(|(at, _)| at + START.len());
        let digits = |at: usize| text.get(at..at + DIGITS);
        let found = starts.filter_map(digits).find(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        found.map(|digits| Self(format!("{START}{digits}")))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the model does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Answer,
    /// Writes a file, reads it, looks into the memory, and then answers.
    Tools,
    /// Answers in many pieces that take their time.
    LongAnswer,
}

impl Wish {
    const ALL: [Self; 3] = [Self::Answer, Self::Tools, Self::LongAnswer];

    fn word(self) -> &'static str {
        match self {
            Self::Answer => "Tell",
            Self::Tools => "Look up",
            Self::LongAnswer => "Explain at length",
        }
    }

    pub(super) fn of(text: &str) -> Self {
        Self::ALL.into_iter().find(|wish| text.contains(&format!("{} ", wish.word()))).unwrap_or(Self::Answer)
    }
}

/// How often messages want more than an answer, of a hundred.
#[derive(Debug, Clone, Copy)]
pub struct Mix {
    /// Those that make the model use tools.
    pub tools: usize,
    /// Those that are answered slowly.
    pub long: usize,
    /// Those that come as `agent` instead of `chat.send`.
    pub agent: usize,
}

impl Default for Mix {
    fn default() -> Self {
        Self { tools: 20, long: 10, agent: 25 }
    }
}

/// Which method hands a message in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Chat,
    Agent,
}

/// A message of the platform.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) token: Token,
    pub(super) session: String,
    pub(super) method: Method,
    pub(super) text: String,
    pub(super) is_acknowledged: bool,
    pub(super) sent: usize,
    /// What the client heard of its end.
    pub(super) ends: usize,
}

impl Message {
    pub(super) fn compose(number: usize, session: String, mix: Mix, dice: &mut Dice) -> Self {
        let token = Token::new(number);
        let roll = dice.below(100);
        let wish = if roll < mix.tools {
            Wish::Tools
        } else if roll < mix.tools + mix.long {
            Wish::LongAnswer
        } else {
            Wish::Answer
        };
        let method = if dice.chance(mix.agent) { Method::Agent } else { Method::Chat };
        let text = format!("{} me about {}, please.", wish.word(), token.as_str());
        Self { token, session, method, text, is_acknowledged: false, sent: 0, ends: 0 }
    }

    /// The idempotency key.
    pub(super) fn key(&self) -> String {
        format!("event-{}", self.token.as_str())
    }
}

/// What the platform knows of a message at the end.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Which message.
    pub token: Token,
    /// Its session as the client named it.
    pub session: String,
    /// Whether the gateway said that it has it.
    pub is_acknowledged: bool,
}

#[cfg(test)]
mod tests {
    use super::{Message, Mix, Token, Wish};
    use crate::crash::Dice;

    #[test]
    fn tokens_are_found_in_any_text() {
        let token = Token::new(42);
        assert_eq!(Token::find("[x] Tell me about tk0000042, please.\n[message_id: 1]"), Some(token));
        assert_eq!(Token::find("tk12 and tkxxxxxxx tk000001"), None);
        assert_eq!(Token::find("tktk0000001"), Some(Token::new(1)));
    }

    #[test]
    fn wishes_survive_the_text() {
        for (mix, wish) in [
            (Mix { tools: 100, long: 0, agent: 0 }, Wish::Tools),
            (Mix { tools: 0, long: 100, agent: 0 }, Wish::LongAnswer),
            (Mix { tools: 0, long: 0, agent: 0 }, Wish::Answer),
        ] {
            let message = Message::compose(5, "s".into(), mix, &mut Dice::new(1));
            assert_eq!(Wish::of(&message.text), wish);
            assert_eq!(Token::find(&message.text), Some(message.token));
        }
    }
}
