//! Words, stems and stop words: what a question is about, and whether a line speaks of it.

use std::collections::HashSet;
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

use super::tongue::Tongue;

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case and without its ending.
    pub(super) stem: String,
    /// Whether it is written as a name: a capital or a digit inside a sentence.
    pub(super) name: bool,
}

/// Words that say how something is asked, not what: English, German, Danish, Spanish and French.
const STOP_WORDS: &str = "\
a about above after again ago all also am an and any anything are around as at be because been before being both but \
by can could did do does doing done down each else ever every find for from get give given go going got had has have \
having he her here hers him his how i if in into is it its itself just know last let like list look looked me mean \
memory memories mention mentioned mine more most much my myself next no nor not note noted notes now of off ok on \
once one only or other our ours out over please quote recall regarding remember remembered remind said same say says \
search she should show so some someone something still such tell than that the their theirs them then there these \
they thing things think this those through to too under until up us use used very want was we were what whatever when \
where whether which while who whom whose why will with would write you your yours yes \
aber als am an auch auf aus bei bin bist das dass dein dem den der des die dir doch du ein eine einem einen einer er \
es für gibt habe haben hat hatte ich ihm ihr im in ist ja kann mein meine mich mir mit nach nicht noch oder schon \
sie sind so über um und uns vom von war warum was weißt welche welcher welches wann wer wie wir wird wo worüber zu \
zum zur \
af at de den der det dig din du eller en er et fra for har havde hun hvad hvem hvilken hvilket hvor hvordan hvorfor \
hvornår han i ikke jeg kan man med mig min mit og om på sig som til vi \
al algo como cómo con cual cuál cuando cuándo de del dónde donde el ella en era es ese esta está fue hay la las lo \
los me mi mis o para pero por porque que qué quien quién se ser sin sobre su tengo tiene un una y yo \
au aux avec ce ces cette comment dans de des du elle en est et était il ils je la le les leur lui ma mais me mes moi \
mon ne nous on ou où par pas pour pourquoi quand que quel quelle qui quoi sa se ses son sur ta te tu un une vous";

/// The same for the other languages; they count only in a message of that language, because many of them are words of
/// a subject in another.
const MORE_STOP_WORDS: &[(Tongue, &str)] = &[
    (
        Tongue::German,
        "hatte hast seinem seiner meinem meiner meinen meines welchem welchen viel viele wie wo wann ist war notiert \
notiz notizen aufgeschrieben gemerkt gemacht alles alle etwas mal denn dann diese dieser dieses bitte zeig zeige mir",
    ),
    (
        Tongue::French,
        "ai as a ont avait notes note noté notée écrit combien quels quelles tout toutes tous moi s'il plaît montre liste \
est-ce ça cela à d l j qu n",
    ),
    (
        Tongue::Spanish,
        "he ha anoté apunté notas nota escribí cuánto cuántos cuánta cuántas todo todas todos muéstrame lista qué sobre al \
está están era eran hay lo",
    ),
    (
        Tongue::Italian,
        "il lo la i gli le l un uno una di del dello della dei degli delle a al alla ai in nel nella su sul sulla con per \
tra fra e o ma che chi cosa cos quando dove come quanto quanta quanti quante perché è sono era ho hai ha mio mia miei \
mie mi si non ci questo questa quello quella annotato scritto note nota appunti tutto tutte elenca mostra mostrami c dov",
    ),
    (
        Tongue::Portuguese,
        "o a os as um uma de do da dos das em no na nos nas por para com sem sobre e ou mas que quem quando onde como \
quanto quanta quantos quantas tenho tem é são era foi está estão eu meu minha meus minhas me se não este esta isso isto anotei \
escrevi notas nota tudo todas todos lista mostre qual quais",
    ),
    (
        Tongue::Dutch,
        "de het een en of maar van in op aan met voor bij uit naar over om te is zijn was waren heb hebt heeft had ik mij \
mijn je jouw hij zij ze wij we het dat die dit deze wat wie waar wanneer hoe hoeveel waarom welke welk niet geen er ook \
genoteerd notities notitie opgeschreven alles alle toon lijst",
    ),
    (
        Tongue::Danish,
        "hvad hvem hvor hvornår hvordan hvorfor hvilken hvilket hvilke mange meget mine dine jeg du vi det dette denne disse \
har havde noteret noterede noter note skrevet alt alle vis liste ved siger",
    ),
    (
        Tongue::Swedish,
        "och eller men att det den de en ett är var vad vem när hur varför vilken vilket vilka jag du han hon vi min mitt \
mina har hade i på till från med av om för som inte många mycket antecknat antecknade anteckningar anteckning skrivit \
allt alla visa lista där",
    ),
    (
        Tongue::Norwegian,
        "hva hvem hvor når hvordan hvorfor hvilken hvilket hvilke mange mye mine dine jeg du vi det dette denne disse har \
hadde notert noterte notater notat skrevet alt alle vis liste",
    ),
    (
        Tongue::Polish,
        "i w we z ze na do od o po za u przy dla czy co kto kiedy gdzie jak ile dlaczego jaki jaka jakie który która które \
jest są był była było mam masz ma mój moja moje mnie mi się nie to ten ta te tego tej tym zanotowałem zanotowałam \
notatki notatek notatka zapisałem zapisałam wszystko wszystkie pokaż",
    ),
    (
        Tongue::Russian,
        "и в во с со на до от о об по за у при для или но а что кто когда где как сколько почему какой какая какие который \
есть был была было были мой моя моё мои мне меня я ты он она мы не это этот эта эти записал записала заметки заметок \
заметка всё все покажи про ли",
    ),
];

/// What a question in a script without spaces is asked with; the rest is what it is about. Longer forms stand first.
const ASKING: &[(Tongue, &str)] = &[
    (
        Tongue::Chinese,
        "什么时候|有多少条|多少条|多少|几条|关于|在哪里|在哪儿|哪里|哪儿|在哪|什么|怎么|为什么|请问|我的|我|的笔记|笔记|记了|列出|所有|全部|谁|吗|呢|了|是|有",
    ),
    (
        Tongue::Japanese,
        "それで|について何をメモしましたか|について何をメモ|のメモは何件ですか|のメモは何件|のメモはいくつ|についてのメモを全部|についてのメモ|についてメモした|について|のことは|ください|教えて|見せて|でしたか|でした|ですか|です|ますか|ました|はいつ|はどこ|は誰|は何件|は何|はいくら|いつ|どこ|だれ|誰|いくら|いくつ|何件|何|全部|メモ|私の",
    ),
];

static STOP: LazyLock<HashSet<&'static str>> = LazyLock::new(|| STOP_WORDS.split_whitespace().collect());

/// A shared beginning shorter than this says nothing about kinship.
const MIN_SHARED_CHARS: usize = 5;

/// Whether a compound such as `wi-fi` stands for its parts as well.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compound {
    /// The parts and the whole: a line may be asked for by either.
    Both,
    /// The parts that mean something, or the whole if one of them is too short: a question must not ask twice.
    Once,
}

/// The longest article that loses its vowel: "dell'".
const MAX_ARTICLE_CHARS: usize = 5;
/// A part of a compound with fewer characters means nothing alone.
const MIN_PART_CHARS: usize = 3;

/// All words of a text. Scripts without spaces give overlapping pairs of characters.
pub(super) fn words(text: &str, tongue: Tongue) -> Vec<Word> {
    split(text, Compound::Both, tongue)
}

fn split(text: &str, compound: Compound, tongue: Tongue) -> Vec<Word> {
    let stemmer = Stemmer::create(algorithm(tongue));
    let mut words = Vec::new();
    let mut first = true;
    for raw in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '_' | '-'))) {
        let raw = raw.trim_matches(|c: char| !c.is_alphanumeric());
        if raw.is_empty() {
            continue;
        }
        if raw.chars().any(is_unspaced) {
            words.extend(pairs(raw));
        } else {
            let place = if std::mem::take(&mut first) { Place::First } else { Place::Later };
            words.extend(forms(raw, compound, tongue).iter().map(|form| word(form, place, &stemmer, tongue)));
        }
        first = false;
    }
    words
}

fn forms(raw: &str, compound: Compound, tongue: Tongue) -> Vec<String> {
    if !raw.contains('-') {
        return vec![raw.to_owned()];
    }
    let mut parts: Vec<String> =
        raw.split('-').filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect();
    match compound {
        Compound::Once => {
            let meant: Vec<String> = parts.iter().filter(|part| !is_stop(part, tongue)).cloned().collect();
            let short = meant.is_empty() || meant.iter().any(|part| part.chars().count() < MIN_PART_CHARS);
            if short { vec![parts.concat()] } else { meant }
        }
        Compound::Both => {
            parts.push(parts.concat());
            parts
        }
    }
}

/// Where in its text a word stands; the first one has a capital for no reason of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    Later,
}

/// Polish has no stemmer, and no stemmer has Chinese; the English one leaves what is not English mostly alone.
fn algorithm(tongue: Tongue) -> Algorithm {
    match tongue {
        Tongue::German => Algorithm::German,
        Tongue::French => Algorithm::French,
        Tongue::Spanish => Algorithm::Spanish,
        Tongue::Italian => Algorithm::Italian,
        Tongue::Portuguese => Algorithm::Portuguese,
        Tongue::Dutch => Algorithm::Dutch,
        Tongue::Danish => Algorithm::Danish,
        Tongue::Swedish => Algorithm::Swedish,
        Tongue::Norwegian => Algorithm::Norwegian,
        Tongue::Russian => Algorithm::Russian,
        Tongue::English | Tongue::Polish | Tongue::Chinese | Tongue::Japanese => Algorithm::English,
    }
}

fn word(raw: &str, place: Place, stemmer: &Stemmer, tongue: Tongue) -> Word {
    let lower = raw.to_lowercase();
    let bare = lower.strip_suffix("'s").or_else(|| lower.strip_suffix("’s")).unwrap_or(&lower);
    // "l'auto", "d'Anna", "dell'auto".
    let bare = match bare.split_once(['\'', '’']) {
        Some((article, rest)) if tongue.elides() && article.chars().count() <= MAX_ARTICLE_CHARS => rest,
        _ => bare,
    };
    // German writes every noun with a capital.
    let capital = place == Place::Later && tongue != Tongue::German && raw.starts_with(char::is_uppercase);
    let name = capital || raw.contains(|c: char| c.is_ascii_digit());
    Word { stem: stemmer.stem(bare).into_owned(), name }
}

/// The words a question is about, each once.
pub(super) fn content_words(text: &str, tongue: Tongue) -> Vec<Word> {
    let text = &without_asking(text, tongue);
    let mut seen = HashSet::new();
    let kept: Vec<&str> = text.split_whitespace().filter(|raw| !is_stop(raw, tongue)).collect();
    // When the first word was dropped, the capital of the next one is its own: a stand-in takes the first place.
    let dropped_first = text.split_whitespace().next().is_some_and(|first| is_stop(first, tongue));
    let stand_in = if dropped_first { "x " } else { "" };
    let mut words = split(&format!("{stand_in}{}", kept.join(" ")), Compound::Once, tongue);
    if dropped_first {
        words.remove(0);
    }
    words.retain(|word| word.stem.chars().count() > 1 || word.name);
    words.retain(|word| seen.insert(word.stem.clone()));
    words
}

/// A question without the words that only ask, where nothing separates them from the others.
fn without_asking(text: &str, tongue: Tongue) -> String {
    let forms = ASKING.iter().filter(|(of, _)| *of == tongue).flat_map(|(_, forms)| forms.split('|'));
    let less = forms.fold(text.to_owned(), |text, form| text.replace(form, " "));
    // What is left of "who?" is asked all the same; of a subject that sounds like asking, everything is kept.
    if less.chars().any(char::is_alphanumeric) { less } else { String::new() }
}

fn is_stop(raw: &str, tongue: Tongue) -> bool {
    let plain = raw.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace('’', "'");
    // "what's", "don't", "I'm": what stands before the apostrophe decides; "l'auto": what stands after it.
    let (head, tail) = plain.split_once('\'').unwrap_or((plain.as_str(), plain.as_str()));
    let deciding = if tongue.elides() { tail } else { head };
    let known = |word: &str| {
        STOP.contains(word)
            || MORE_STOP_WORDS
                .iter()
                .any(|(of, words)| *of == tongue && words.split_whitespace().any(|stop| stop == word))
    };
    // "ai-je": both parts only ask.
    let parts = plain.contains('-') && plain.split('-').all(|part| part.is_empty() || known(part));
    plain.is_empty() || known(&plain) || known(deciding) || parts || plain.ends_with("n't")
}

/// Whether two stems are the same word, or share a beginning that is most of both: endings that the English stemmer
/// does not know.
pub(super) fn akin(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let shared = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let longer = one.chars().count().max(other.chars().count());
    shared >= MIN_SHARED_CHARS && shared * 4 >= longer * 3
}

/// Chinese, Japanese kana and Thai are written without spaces.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0x0E00..=0x0E7F | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF)
}

fn pairs(raw: &str) -> Vec<Word> {
    let chars: Vec<char> = raw.chars().collect();
    let word = |pair: &[char]| Word { stem: pair.iter().collect(), name: false };
    if chars.len() < 2 { vec![word(&chars)] } else { chars.windows(2).map(word).collect() }
}

#[cfg(test)]
mod tests {
    use super::{Tongue, akin, content_words, words};
    use proptest::prelude::*;

    fn about(text: &str) -> Vec<String> {
        content_words(text, Tongue::of(text)).into_iter().map(|word| word.stem).collect()
    }

    #[test]
    fn a_question_keeps_what_it_is_about() {
        let rows: [(&str, &[&str]); 16] = [
            ("When does Project Falcon ship?", &["project", "falcon", "ship"]),
            ("what's my dog's name?", &["dog", "name"]),
            ("Do you remember where I parked?", &["park"]),
            ("Wie lautet das Passwort?", &["lautet", "passwort"]),
            ("hvornår er mødet?", &["mød"]),
            ("how are you?", &[]),
            ("猫的名字", &["猫的", "的名", "名字"]),
            ("Wi-Fi and check-in", &["wifi", "check"]),
            ("Où est la clé du garage ?", &["clé", "garag"]),
            ("¿Dónde está la llave?", &["llav"]),
            ("Quando scade l'assicurazione dell'auto?", &["scad", "assicur", "aut"]),
            ("Hoe laat begint de vergadering en wat heb ik genoteerd?", &["lat", "begint", "vergader"]),
            ("Где лежит ключ от гаража?", &["леж", "ключ", "гараж"]),
            ("钥匙在哪里？", &["钥匙"]),
            ("鍵はどこですか", &[]),
            ("", &[]),
        ];
        for (question, expected) in rows {
            assert_eq!(about(question), expected, "{question}");
        }
    }

    #[test]
    fn capitals_inside_a_sentence_are_names() {
        let names = |text: &str| -> Vec<bool> {
            content_words(text, Tongue::English).iter().map(|word| word.name).collect()
        };
        assert_eq!(names("Where is Bob's bicycle 42?"), [true, false, true]);
        assert_eq!(names("Bicycles of Bob"), [false, true]);
    }

    #[test]
    fn kin_share_most_of_both() {
        let rows = [
            ("passwort", "passwörter", false),
            ("passport", "passports", true),
            ("ship", "shop", false),
            ("hotelzimmer", "hotel", false),
        ];
        for (one, other, expected) in rows {
            assert_eq!(akin(one, other), expected, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_words(text in ".{0,60}") {
            let tongue = Tongue::of(&text);
            prop_assert!(content_words(&text, tongue).len() <= words(&text, tongue).len() + 1);
        }
    }
}
