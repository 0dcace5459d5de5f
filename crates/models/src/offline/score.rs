//! How well each line answers a question: the share of the question's words that it and its surroundings contain.

use super::evidence::Line;
use super::shape::{is_heading, label};
use super::tongue::Tongue;
use super::words::{Word, akin, begins, content_words, ends, words};

/// What a word counts when it is not in the line itself but near it. An answer often stands beside the line that
/// repeats the question: a heading above, the next speaker below.
const NEXT_LINE: f64 = 0.6;
const TWO_LINES_AWAY: f64 = 0.35;
const HEADING: f64 = 0.5;
const FILE_NAME: f64 = 0.3;
/// Extra for a line with a date when a date is asked for, and so on.
const EXPECTED_KIND: f64 = 0.15;
/// Extra for a line that begins with a label from the question: who said it, or what it is about.
const LABEL: f64 = 0.2;
/// What a line loses that asks something itself: the answer is more often in the lines after it.
const ASKS: f64 = 0.1;
/// Extra for the lines of the first result, falling with the rank.
const RETRIEVAL: f64 = 0.1;
/// A name counts double: what is said of one person does not answer a question about another.
const NAME_WEIGHT: f64 = 2.0;

/// What a word counts in a compound where the word itself stands somewhere else.
const BESIDE_THE_WORD: f64 = 0.6;

/// Shortest stem that may be written as two words, and the shortest of these.
const MIN_APART_CHARS: usize = 6;
const MIN_APART_PART: usize = 3;
/// What a stem lacks of its word.
const MAX_ENDING: usize = 3;

/// The kind of thing a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Time,
    Person,
    Place,
    Amount,
    Anything,
}

/// How each kind is asked for; "hvor mange" begins with a "where", so amounts come first.
const QUESTIONS: &[(Kind, &str)] = &[
    (
        Kind::Amount,
        "how many|how much|how old|how often|wie viele|wie viel|wieviel|hvor mange|hvor meget|hvor mye|cuánto|cuántos|\
cuánta|cuántas|combien|quanto|quanti|quanta|quante|quantos|quantas|hoeveel|hur många|hur mycket|ile|сколько",
    ),
    (
        Kind::Time,
        "when|what time|what date|what day|which day|how long|wann|hvornår|cuándo|quand|quando|wanneer|när|når|kiedy|когда",
    ),
    (Kind::Person, "who|whom|whose|wer|wem|hvem|quién|qui|chi|quem|wie is|vem|kto|кто"),
    (Kind::Place, "where|wo|hvor|dónde|où|dove|dov|onde|waar|var|gdzie|где"),
];

/// The same in scripts without spaces.
const UNSPACED_QUESTIONS: &[(Kind, &str)] = &[
    (Kind::Amount, "多少|几个|几条|いくら|いくつ|何個|何件"),
    (Kind::Time, "什么时候|何时|几点|いつ|何時|何日"),
    (Kind::Person, "谁|誰|だれ"),
    (Kind::Place, "哪里|哪儿|在哪|どこ"),
];

const TIME_WORDS: &str = "january february march april may june july august september october november december jan feb mar apr \
jun jul aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday yesterday today tomorrow \
tonight morning afternoon evening noon midnight week weeks month months year years ago januar februar märz mai juni \
juli oktober dezember montag dienstag mittwoch donnerstag freitag samstag sonntag gestern heute morgen \
janvier février mars avril juin juillet août septembre octobre novembre décembre lundi mardi mercredi jeudi vendredi \
samedi dimanche hier enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre lunes \
martes miércoles jueves viernes sábado domingo ayer gennaio febbraio aprile maggio giugno luglio settembre ottobre \
dicembre lunedì martedì mercoledì giovedì venerdì sabato domenica ieri janeiro fevereiro março maio junho julho setembro \
outubro dezembro maandag dinsdag woensdag donderdag vrijdag zaterdag zondag gisteren mandag tirsdag onsdag torsdag fredag \
lørdag søndag måndag tisdag lördag söndag poniedziałek wtorek środa czwartek piątek sobota niedziela wczoraj понедельник \
вторник среда четверг пятница суббота воскресенье вчера";
const PLACE_WORDS: &str = "in at on near under behind inside from beside above below between next bei im unter auf hinter \
sous dans chez sur sotto nella nel debajo bajo junto dentro onder op achter pod obok под в";
const NUMBER_WORDS: &str =
    "one two three four five six seven eight nine ten eleven twelve dozen hundred thousand once twice";

impl Kind {
    pub(super) fn of(question: &str) -> Self {
        let plain = format!(" {} ", question.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " "));
        let asks = |forms: &str| forms.split('|').any(|form| plain.contains(&format!(" {form} ")));
        let unspaced = |forms: &str| forms.split('|').any(|form| question.contains(form));
        let spaced = QUESTIONS.iter().find(|(_, forms)| asks(forms));
        let found = spaced.or_else(|| UNSPACED_QUESTIONS.iter().find(|(_, forms)| unspaced(forms)));
        found.map_or(Self::Anything, |(kind, _)| *kind)
    }

    /// Whether a line contains something of this kind.
    pub(super) fn is_in(self, text: &str) -> bool {
        let lower = text.to_lowercase();
        let one_of = |list: &str| {
            let mut found = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            found.any(|word| list.split_whitespace().any(|known| known == word))
        };
        let digits = || text.contains(|c: char| c.is_ascii_digit());
        match self {
            Self::Time => digits() || one_of(TIME_WORDS),
            Self::Amount => digits() || one_of(NUMBER_WORDS),
            Self::Place => one_of(PLACE_WORDS),
            Self::Person => words(text, Tongue::English).iter().any(|word| word.name),
            Self::Anything => false,
        }
    }
}

/// What a word of the question is found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The same word.
    Words,
    /// In languages that write compounds as one word, also those that begin or end with it, as the search does.
    Compounds,
    /// The same, but less than in the word itself.
    CompoundsBeside,
}

/// A question, read for scoring.
pub(super) struct Question {
    pub(super) words: Vec<Word>,
    pub(super) kind: Kind,
    pub(super) tongue: Tongue,
    pub(super) reach: Reach,
}

impl Question {
    pub(super) fn read(text: &str) -> Self {
        Self::read_in(text, Tongue::of(text))
    }

    /// The same of a piece of a message in a language that is known.
    pub(super) fn read_in(text: &str, tongue: Tongue) -> Self {
        let (words, kind) = (content_words(text, tongue), Kind::of(text));
        Self { words, kind, tongue, reach: Reach::Words }
    }

    /// The same, of which lists and counts are made: what the search found stays.
    pub(super) fn reaching(self) -> Self {
        self.reaching_as(Reach::Compounds)
    }

    /// The same, to be answered: what says the word itself goes before a compound.
    pub(super) fn reaching_beside(self) -> Self {
        self.reaching_as(Reach::CompoundsBeside)
    }

    fn reaching_as(self, compounds: Reach) -> Self {
        let reach = if self.tongue.compounds() { compounds } else { Reach::Words };
        Self { reach, ..self }
    }

    /// The question that follows another: it asks for its own kind of thing, about what both are about. A name takes
    /// the place of a name.
    pub(super) fn following(self, earlier: Self) -> Self {
        let renamed = self.words.iter().any(|word| word.name);
        let mut words = self.words.clone();
        for word in earlier.words.into_iter().filter(|word| !(renamed && word.name)) {
            if !words.iter().any(|known| known.stem == word.stem) {
                words.push(word);
            }
        }
        let kind = if self.kind == Kind::Anything { earlier.kind } else { self.kind };
        Self { words, kind, ..self }
    }

    /// Which of the question's words a text contains.
    pub(super) fn matches(&self, text: &str) -> Vec<bool> {
        self.matches_as(text, self.reach)
    }

    fn matches_as(&self, text: &str, reach: Reach) -> Vec<bool> {
        let found = words(text, self.tongue);
        let in_compound = |asked: &Word, word: &Word| match reach {
            Reach::Words => false,
            Reach::Compounds | Reach::CompoundsBeside => {
                begins(&asked.stem, &word.stem) || ends(asked, &word.stem)
            }
        };
        let is_in = |asked: &Word, word: &Word| akin(&asked.stem, &word.stem) || in_compound(asked, word);
        let is_known =
            |asked: &Word| found.iter().any(|word| is_in(asked, word)) || is_written_apart(&asked.stem, text);
        self.words.iter().map(is_known).collect()
    }

    /// Share of the question's words, 0 to 1, that a text contains.
    pub(super) fn share_in(&self, text: &str) -> f64 {
        let matches = self.matches(text);
        as_f64(matches.iter().filter(|found| **found).count()) / as_f64(matches.len().max(1))
    }

    /// What the form of a line adds to its score, or takes from it.
    fn fit(&self, text: &str) -> f64 {
        let kind = if self.kind.is_in(text) { EXPECTED_KIND } else { 0.0 };
        let labelled = label(text).is_some_and(|label| self.matches(label).contains(&true));
        let asks = if text.trim_end().ends_with('?') { ASKS } else { 0.0 };
        kind + if labelled { LABEL } else { 0.0 } - asks
    }
}

/// The scores of the lines for one question.
pub(super) struct Scores {
    /// Which of the question's words each line contains.
    pub(super) matches: Vec<Vec<bool>>,
    /// Share of the question, 0 to 1, found in each line itself.
    pub(super) own: Vec<f64>,
    /// Share of the question, 0 to 1, found in each line and around it; 0 when the line itself has none of it.
    pub(super) coverage: Vec<f64>,
    /// The order to quote in: coverage and the extras.
    pub(super) total: Vec<f64>,
    /// The heading each line stands under, if it is among the lines.
    pub(super) heading: Vec<Option<usize>>,
    /// What each word counts in each line that contains it.
    worth: Vec<Vec<f64>>,
}

impl Scores {
    pub(super) fn of(question: &Question, lines: &[Line], paths: &[String]) -> Self {
        let matches: Vec<Vec<bool>> = lines.iter().map(|line| question.matches(&line.text)).collect();
        let by_path: Vec<Vec<bool>> = paths.iter().map(|path| question.matches(path)).collect();
        let weights = weights(question, &matches);
        let heading = headings(lines);
        let all: f64 = weights.iter().sum::<f64>().max(f64::EPSILON);
        let worth = worth(question, lines, &matches);
        let (own, coverage, total) = (Vec::new(), Vec::new(), Vec::new());
        let mut scores = Self { matches, own, coverage, total, heading, worth };
        for at in 0..lines.len() {
            let own = weights.iter().zip(&scores.worth[at]).map(|(weight, worth)| weight * worth);
            let own = own.sum::<f64>() / all;
            let found: f64 = weights
                .iter()
                .enumerate()
                .map(|(word, weight)| weight * scores.nearness(lines, at, word, &by_path[lines[at].file]))
                .sum();
            let coverage = if own > 0.0 { found / all } else { 0.0 };
            let retrieval = RETRIEVAL / as_f64(1 + lines[at].rank);
            let form = if own > 0.0 { question.fit(&lines[at].text) } else { 0.0 };
            scores.own.push(own);
            scores.coverage.push(coverage);
            scores.total.push(coverage + form + retrieval);
        }
        scores
    }

    /// How near a word of the question is to a line: 1 in it, 0 nowhere.
    fn nearness(&self, lines: &[Line], at: usize, word: usize, in_path: &[bool]) -> f64 {
        let has = |offset: isize| neighbour(lines, at, offset).is_some_and(|other| self.matches[other][word]);
        if self.matches[at][word] {
            self.worth[at][word]
        } else if has(-1) || has(1) {
            NEXT_LINE
        } else if self.heading[at].is_some_and(|heading| self.matches[heading][word]) {
            HEADING
        } else if has(-2) || has(2) {
            TWO_LINES_AWAY
        } else if in_path[word] {
            FILE_NAME
        } else {
            0.0
        }
    }
}

/// The line `offset` lines further in the same file, if it is among the lines.
pub(super) fn neighbour(lines: &[Line], at: usize, offset: isize) -> Option<usize> {
    let other = at.checked_add_signed(offset)?;
    let (here, there) = (lines.get(at)?, lines.get(other)?);
    (there.file == here.file && here.number.checked_add_signed(offset) == Some(there.number)).then_some(other)
}

/// Whether two neighbouring words of a text make a long word: "cumple años" and "cumpleaños".
fn is_written_apart(stem: &str, text: &str) -> bool {
    let length = stem.chars().count();
    if length < MIN_APART_CHARS || stem.contains(char::is_numeric) {
        return false;
    }
    let mut before = String::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        let joined = before.chars().count() + word.chars().count();
        let each = before.chars().count().min(word.chars().count());
        if each >= MIN_APART_PART
            && joined <= length + MAX_ENDING
            && stem.strip_prefix(&*before).is_some_and(|rest| !rest.is_empty() && word.starts_with(rest))
        {
            return true;
        }
        before = word;
    }
    false
}

/// Rare words say more. The usual inverse document frequency, with lines as documents.
fn weights(question: &Question, matches: &[Vec<bool>]) -> Vec<f64> {
    let lines = as_f64(matches.len());
    let weight = |(at, word): (usize, &Word)| {
        let with = as_f64(matches.iter().filter(|line| line[at]).count());
        let rarity = (1.0 + lines / (1.0 + with)).ln();
        rarity * if word.name { NAME_WEIGHT } else { 1.0 }
    };
    question.words.iter().enumerate().map(weight).collect()
}

/// What each word counts in each line that contains it: all of it, unless it is in a compound while another line has the word.
fn worth(question: &Question, lines: &[Line], matches: &[Vec<bool>]) -> Vec<Vec<f64>> {
    let itself: Vec<Vec<bool>> = match question.reach {
        Reach::Words | Reach::Compounds => matches.to_vec(),
        Reach::CompoundsBeside => {
            lines.iter().map(|line| question.matches_as(&line.text, Reach::Words)).collect()
        }
    };
    let stands: Vec<bool> =
        (0..question.words.len()).map(|word| itself.iter().any(|line| line[word])).collect();
    let of = |line: usize, word: usize| match (matches[line][word], itself[line][word]) {
        (false, _) => 0.0,
        (true, false) if stands[word] => BESIDE_THE_WORD,
        (true, _) => 1.0,
    };
    (0..lines.len()).map(|line| (0..stands.len()).map(|word| of(line, word)).collect()).collect()
}

fn headings(lines: &[Line]) -> Vec<Option<usize>> {
    let mut current: Option<usize> = None;
    let mut headings = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        current = current.filter(|heading| lines[*heading].file == line.file);
        headings.push(current);
        if is_heading(&line.text) {
            current = Some(at);
        }
    }
    headings
}

#[allow(clippy::cast_precision_loss, reason = "counts of lines stay far below 2^52")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn kinds_of_questions_and_of_lines() {
        let rows = [
            ("When is the dentist?", Kind::Time, "on 3 December", "the dentist"),
            ("who gave me the book", Kind::Person, "- a gift from Anna", "- a gift"),
            ("Where's the key?", Kind::Place, "under the mat", "the key"),
            ("hvor mange børn?", Kind::Amount, "three of them", "some of them"),
            ("what is it", Kind::Anything, "", "anything 3"),
        ];
        for (question, kind, with, without) in rows {
            assert_eq!(Kind::of(question), kind, "{question}");
            assert_eq!(
                (kind.is_in(with), kind.is_in(without)),
                (kind != Kind::Anything, false),
                "{question}"
            );
        }
    }
}
