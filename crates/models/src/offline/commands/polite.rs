//! What stands around a request, and what stands for something said before.

use crate::offline::tongue::Tongue;

/// Politeness that may stand in front of a request; tried again and again.
pub(in crate::offline) const LEAD_INS: &[&str] = &[
    "please",
    "hey",
    "hi",
    "hello",
    "ok",
    "okay",
    "so",
    "and",
    "also",
    "now",
    "just",
    "kindly",
    "bitte",
    "und",
    "por favor",
    "s'il te plaît",
    "venligst",
    "og",
    "och",
    "и",
    "per favore",
    "alsjeblieft",
    "snälla",
    "vær så snill",
    "proszę",
    "пожалуйста",
    "请",
];
/// The same of words so short that they mean something else elsewhere.
pub(in crate::offline) const LEAD_INS_OF: &[(Tongue, &[&str])] = &[
    (Tongue::French, &["et"]),
    (Tongue::Spanish, &["y"]),
    (Tongue::Italian, &["e"]),
    (Tongue::Portuguese, &["e"]),
    (Tongue::Dutch, &["en"]),
    (Tongue::Polish, &["i", "a"]),
    (Tongue::Russian, &["а"]),
];
/// Politeness that may stand behind the verb of a request.
pub(in crate::offline) const PLEASE: &[&str] = &[
    "please",
    "kindly",
    "bitte",
    "doch",
    "mal",
    "s'il te plaît",
    "s'il vous plaît",
    "por favor",
    "per favore",
    "alsjeblieft",
    "alstublieft",
    "venligst",
    "snälla",
    "vær så snill",
    "proszę",
    "пожалуйста",
];
/// What then begins the clause.
pub(in crate::offline) const THAT: &[&str] =
    &["that", "dass", "daß", "que", "che", "dat", "at", "att", "że", "что"];
/// Forms that make a request of a question.
pub(in crate::offline) const POLITE_QUESTIONS: &[&str] = &[
    "can you",
    "could you",
    "would you",
    "will you",
    "kannst du",
    "puedes",
    "peux-tu",
    "kan du",
    "vil du",
    "puoi",
    "podes",
    "pode",
    "kun je",
    "kan je",
    "możesz",
    "можешь",
];

/// How a question that goes on begins, and what stands in it for something said before. Articles are not among these, nor
/// what points at the word behind it: "das Auto", "that book".
pub(in crate::offline) struct Leaning {
    pub(in crate::offline) tongue: Tongue,
    pub(in crate::offline) connectives: &'static [&'static str],
    pub(in crate::offline) pronouns: &'static [&'static str],
}

const fn leaning(
    tongue: Tongue,
    connectives: &'static [&'static str],
    pronouns: &'static [&'static str],
) -> Leaning {
    Leaning { tongue, connectives, pronouns }
}

pub(in crate::offline) const LEANINGS: &[Leaning] = &[
    leaning(Tongue::English, &["and", "but", "also"], &["it", "he", "she", "they", "him", "them"]),
    leaning(Tongue::German, &["und", "aber"], &["er", "ihn", "ihm"]),
    leaning(Tongue::French, &["et", "mais"], &["elle", "ils", "elles"]),
    leaning(Tongue::Spanish, &["y", "pero"], &["él", "ella", "ellos", "ellas"]),
    leaning(Tongue::Italian, &["e", "ma"], &["lui", "lei", "loro"]),
    leaning(Tongue::Portuguese, &["e", "mas"], &["ele", "ela", "eles", "elas"]),
    leaning(Tongue::Dutch, &["en", "maar"], &["hij", "zij", "hem"]),
    leaning(Tongue::Danish, &["og", "men"], &["han", "hun", "ham", "hende"]),
    leaning(Tongue::Swedish, &["och", "men"], &["han", "hon", "honom", "henne"]),
    leaning(Tongue::Norwegian, &["og", "men"], &["han", "hun", "ham", "henne"]),
    leaning(Tongue::Polish, &["i", "a", "ale"], &["on", "ona", "ono", "oni"]),
    leaning(Tongue::Russian, &["и", "а", "но"], &["он", "она", "оно", "они", "его", "её"]),
    leaning(Tongue::Chinese, &["那", "那么"], &["他", "她", "它"]),
    leaning(Tongue::Japanese, &["それで", "では", "じゃあ"], &["それ"]),
];
