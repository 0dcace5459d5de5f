//! What must be true of every answer of the offline model, for tests: written apart from the code that it judges.

use std::collections::{BTreeMap, HashSet};

use super::double::{STALE, sameness};
use super::phrases::{LANGUAGES, Phrases, plain};
use super::tongue::Tongue;

/// Reasons that the tools of the tests give.
const REASONS: &[&str] =
    &["the line reads differently", "the file is shorter", "no such file", "the tool gave no reason"];
/// Whole messages that agree in English; those of other languages end the stories.
const YES: &[&str] = &["yes", "Yes, please.", "y", "ok", "OK", "yes, go ahead"];

/// Files by path.
pub(super) type Files = BTreeMap<String, String>;

/// Quoted lines and the place that is named for them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub(super) path: String,
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) quotes: Vec<String>,
}

/// What is not in order in an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Disorder {
    /// A place that names no file and lines.
    NoPlace(String),
    /// A place without a quote above it.
    NoQuote(String),
    /// Quotes without a place below them.
    Unplaced(Vec<String>),
}

/// An answer, taken apart.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) blocks: Vec<Block>,
    /// The lines that are neither quotes nor places.
    said: Vec<String>,
}

impl Answer {
    /// Reads an answer; what is not in order is told.
    pub(super) fn read(answer: &str) -> Result<Self, Disorder> {
        let (mut blocks, mut said, mut quotes) = (Vec::new(), Vec::new(), Vec::new());
        for line in answer.lines() {
            if let Some(quote) = line.strip_prefix("> ") {
                quotes.push(quote.to_owned());
                continue;
            }
            let place = line.strip_prefix("Source: ");
            let bracketed = line.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
            let place = place.or(bracketed.filter(|_| !quotes.is_empty()));
            match place {
                Some(place) => {
                    let (path, first, last) =
                        range(place).ok_or_else(|| Disorder::NoPlace(place.to_owned()))?;
                    let quotes = std::mem::take(&mut quotes);
                    if quotes.is_empty() {
                        return Err(Disorder::NoQuote(place.to_owned()));
                    }
                    blocks.push(Block { path, first, last, quotes });
                }
                None if !quotes.is_empty() => return Err(Disorder::Unplaced(quotes)),
                None if line.is_empty() => {}
                None => said.push(line.to_owned()),
            }
        }
        if quotes.is_empty() { Ok(Self { blocks, said }) } else { Err(Disorder::Unplaced(quotes)) }
    }

    /// The languages in which everything is said that is no quote.
    pub(super) fn tongues(&self, message: &str) -> Vec<Tongue> {
        let is_said = |tongue: &Tongue| self.said.iter().all(|line| may_say(*tongue, line, message));
        Tongue::ALL.into_iter().filter(is_said).collect()
    }

    fn says(&self, line: impl Fn(&'static Phrases) -> &'static str) -> Option<Tongue> {
        let is_said = |tongue: &Tongue| {
            let wanted = line(tongue.phrases());
            self.said.iter().any(|said| fills(wanted, said).is_some())
        };
        Tongue::ALL.into_iter().find(is_said)
    }

    /// The language in which it asks whether the lines shall go.
    pub(super) fn asks(&self) -> Option<Tongue> {
        self.says(|phrases| phrases.forgetting.ask)
    }

    /// Whether it says that there may be more.
    pub(super) fn is_part(&self) -> bool {
        self.says(|phrases| phrases.finding.part).is_some()
    }

    pub(super) fn counts(&self) -> Option<(usize, usize)> {
        let count = |tongue: Tongue| {
            self.said.iter().find_map(|line| {
                let numbers = fills(tongue.phrases().finding.count, line)?;
                // "At least 50" is a number too.
                let number =
                    |text: &&str| text.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok();
                Some((numbers.first().and_then(number)?, numbers.get(1).and_then(number)?))
            })
        };
        Tongue::ALL.into_iter().find_map(count)
    }

    pub(super) fn is_behind(&self) -> bool {
        self.said.iter().any(|line| line.contains(STALE))
    }

    /// Whether it tells what became of a question before, whose quotes it repeats.
    pub(super) fn reports(&self) -> bool {
        let of = |line: fn(&'static Phrases) -> &'static str| self.says(line).is_some();
        of(|phrases| phrases.forgetting.removed)
            || of(|phrases| phrases.forgetting.kept)
            || of(|phrases| phrases.forgetting.changed)
    }

    /// Whether it says that something was noted before.
    pub(super) fn knows(&self) -> bool {
        self.says(|phrases| phrases.noting.known).is_some()
    }

    /// Where something was noted, and what.
    pub(super) fn noted(&self) -> Option<(String, usize, usize)> {
        let noted = |tongue: Tongue| {
            let noted = tongue.phrases().noting.noted;
            self.said.iter().find_map(|line| range(fills(noted, line)?.first()?))
        };
        Tongue::ALL.into_iter().find_map(noted)
    }
}

/// A path and its lines.
fn range(place: &str) -> Option<(String, usize, usize)> {
    let (path, lines) = place.rsplit_once("#L")?;
    let (first, last) = lines.split_once("-L").unwrap_or((lines, lines));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first >= 1 && last >= first).then(|| (path.to_owned(), first, last))
}

/// What fills the places of a phrase, if a line is that phrase.
fn fills<'a>(phrase: &str, line: &'a str) -> Option<Vec<&'a str>> {
    filled_with(phrase, line, &|_| true)
}

/// The same, when only some texts may fill a place. A text may contain what follows the place, so every end is tried.
fn filled_with<'a>(phrase: &str, line: &'a str, may: &dyn Fn(&str) -> bool) -> Option<Vec<&'a str>> {
    let Some((before, after)) = phrase.split_once("{}") else { return (phrase == line).then(Vec::new) };
    let rest = line.strip_prefix(before)?;
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.filter(|end| may(&rest[..*end])).find_map(|end| {
        let mut found = vec![&rest[..end]];
        found.extend(filled_with(after, &rest[end..], may)?);
        Some(found)
    })
}

/// Whether a line is one of the phrases of a language, filled with nothing but numbers, what the message says, a place, the
/// note of the search or the reason of a tool.
fn may_say(tongue: Tongue, line: &str, message: &str) -> bool {
    let one_line = |text: &str| plain(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let message = one_line(message);
    let is_known = |fill: &str| {
        let bare = fill.trim_end_matches('…').trim_end();
        bare.is_empty()
            || bare.parse::<usize>().is_ok()
            || message.contains(bare)
            || range(bare).is_some()
            || bare == format!(" ({STALE})")
            || REASONS.contains(&bare)
    };
    if line == format!("({STALE})") {
        return true;
    }
    phrases_of(tongue).iter().any(|phrase| filled_with(phrase, line, &is_known).is_some())
}

/// Every line that a language may say.
fn phrases_of(tongue: Tongue) -> Vec<String> {
    let Phrases { talk, noting, finding, forgetting } = tongue.phrases();
    let whole = [
        talk.configure,
        talk.welcome,
        talk.fine,
        talk.bye,
        talk.no_command,
        talk.no_words,
        talk.hint,
        talk.what_it_is,
        noting.what,
        noting.noted,
        noting.known,
        noting.no_reminder,
        noting.failed,
        finding.from_notes,
        finding.closest,
        finding.from_talks,
        finding.closest_talks,
        finding.nothing,
        finding.failed,
        finding.missing_tool,
        finding.gave_up,
        finding.count,
        finding.part,
        finding.all,
        LANGUAGES,
        forgetting.ask,
        forgetting.confirm,
        forgetting.which,
        forgetting.kept,
        forgetting.removed,
        forgetting.back,
        forgetting.changed,
        forgetting.anew,
        forgetting.failed,
    ];
    let hello = format!("{} {}", talk.hello, talk.what_it_is);
    let all = whole.into_iter().map(ToOwned::to_owned).chain([hello]);
    let at_least = finding.count.replace("{}", finding.at_least);
    let lines = all.flat_map(|phrase| phrase.lines().map(ToOwned::to_owned).collect::<Vec<_>>());
    lines.chain([at_least]).collect()
}

/// Quotes that are not the lines they cite. A whole line is quoted as it is; of a part the missing side is marked; "…" stands
/// for lines that are left out.
pub(super) fn unfounded(block: &Block, files: &Files) -> Option<String> {
    let Some(text) = files.get(&block.path) else { return Some(format!("no file {}", block.path)) };
    let lines: Vec<String> = text.split('\n').map(|line| plain(line.trim_end())).collect();
    let cited = lines.get(block.first - 1..block.last);
    let is_founded = cited.is_some_and(|cited| are_quotes(&block.quotes, cited));
    (!is_founded).then(|| format!("{:?} of {}#L{}-L{}", block.quotes, block.path, block.first, block.last))
}

fn are_quotes(quotes: &[String], lines: &[String]) -> bool {
    match quotes {
        [] => lines.is_empty(),
        [quote, rest @ ..] => {
            let is_gap = quote == "…" && !rest.is_empty();
            let is_line = lines.first().is_some_and(|line| is_quote(quote, line));
            (is_line && are_quotes(rest, &lines[1..]))
                || (is_gap && (1..lines.len()).any(|left_out| are_quotes(rest, &lines[left_out..])))
        }
    }
}

fn is_quote(quote: &str, line: &str) -> bool {
    if quote == line {
        return true;
    }
    let inside = quote.strip_prefix("… ");
    let cut = quote.strip_suffix(" …");
    let both = inside.and_then(|inside| inside.strip_suffix(" …"));
    inside.is_some_and(|part| line.ends_with(part))
        || cut.is_some_and(|part| line.starts_with(part))
        || both.is_some_and(|part| line.contains(part))
}

/// A line equal to a quoted one that stands in a note and is not quoted. Only lines that have a word of the message count: others
/// are quoted for what they stand below.
pub(super) fn missed(answer: &Answer, message: &str, notes: &Files) -> Option<String> {
    let mut cited: HashSet<(&str, usize)> = HashSet::new();
    for block in &answer.blocks {
        cited.extend((block.first..=block.last).map(|line| (block.path.as_str(), line)));
    }
    let message = message.to_lowercase();
    let words: Vec<&str> =
        message.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 2).collect();
    let is_about = |quote: &&String| {
        let quote = quote.to_lowercase();
        !quote.starts_with(' ') && words.iter().any(|word| quote.contains(word))
    };
    let quotes = answer.blocks.iter().flat_map(|block| &block.quotes).filter(is_about);
    let quoted: HashSet<String> = quotes.filter_map(|quote| sameness(quote)).collect();
    notes.iter().find_map(|(path, text)| {
        let mut lines = text.split('\n').enumerate();
        let is_missed = |(at, line): &(usize, &str)| {
            sameness(line).is_some_and(|same| quoted.contains(&same))
                && !cited.contains(&(path.as_str(), at + 1))
        };
        lines.find(is_missed).map(|(at, line)| format!("{path}#L{}: {line}", at + 1))
    })
}

/// An item of which only a part is in a block.
pub(super) fn halved(block: &Block, files: &Files) -> Option<String> {
    let text = files.get(&block.path)?;
    let lines: Vec<&str> = text.split('\n').map(str::trim_end).collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let head = |at: &usize| lines[*at].trim_start().starts_with(['-', '*', '+']);
    let next = lines.get(block.last).filter(|line| !line.trim().is_empty())?;
    // The item that the line behind the block belongs to, if it is in the block.
    let item = (block.first - 1..block.last).rev().filter(head).find(|at| {
        (*at + 1..block.last).all(|line| indent(lines[line]) > indent(lines[*at]))
            && indent(next) > indent(lines[*at])
    });
    item.map(|at| lines[at].to_owned())
}

/// The files after exactly these blocks went; nothing if one of them is not there as it was quoted.
pub(super) fn without(blocks: &[Block], files: &Files) -> Option<Files> {
    let mut left = files.clone();
    let mut sorted: Vec<&Block> = blocks.iter().collect();
    sorted.sort_by_key(|block| std::cmp::Reverse(block.first));
    for block in sorted {
        let text = left.get_mut(&block.path)?;
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        let gone = lines.get(block.first - 1..block.last)?;
        let reads = |(line, quote): (&&str, &String)| plain(line.trim_end()) == *quote;
        if gone.len() != block.quotes.len() || !gone.iter().zip(&block.quotes).all(reads) {
            return None;
        }
        lines.drain(block.first - 1..block.last);
        *text = lines.concat();
    }
    Some(left)
}

/// Whether a message agrees to a question in a language: its own yes, or the English one.
pub(super) fn agrees(message: &str, tongue: Tongue) -> bool {
    let own = super::stories::STORIES.iter().any(|story| story.tongue == tongue && story.said[6] == message);
    // The same word agrees in all of these.
    let nordic = [Tongue::Danish, Tongue::Swedish, Tongue::Norwegian, Tongue::German, Tongue::Dutch];
    own || YES.contains(&message) || (matches!(message, "ja" | "Ja.") && nordic.contains(&tongue))
}
