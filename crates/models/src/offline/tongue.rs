//! The languages that the offline model understands and answers in.

/// A language with intents and phrases of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tongue {
    English,
    German,
    French,
    Spanish,
    Italian,
    Portuguese,
    Dutch,
    Danish,
    Swedish,
    Norwegian,
    Polish,
    Russian,
    Chinese,
    Japanese,
}

/// Small words that tell each language in Latin letters from the others; those that several share are left to where
/// they are more telling.
const TELLING: &[(Tongue, &str)] = &[
    (
        Tongue::English,
        "the what when where who how much many is are was were did does do i my about of and please note notes forget \
remember that it a an to in on for with have has which why there this these not don't me you can from at y no hello hi help thanks does will would should could i'm let",
    ),
    (
        Tongue::German,
        "der das und ist nicht ich mein meine meinem über wann wer wie wo viel viele habe dir bitte vergiss merke merk \
notiere notiz notizen welche warum letzte letzten ein eine hilfe danke hallo die den dem was denk denke daran \
dass zu zum zur auf im mit nach hat sind wurde merken sich sie er es von vom für kannst moin servus guten schreib \
erinnere erinner mich daran",
    ),
    (
        Tongue::French,
        "le les des est et je mon ma mes où quand qui quel quelle combien ce que qu'est-ce ai noté notes sur oublie du \
une souviens-toi s'il combien bonjour merci aide la l d il elle pas ne dans avec pour oubliez retiens \
rappelle-toi as a-t-il se trouve bonsoir salut coucou rappelle-moi",
    ),
    (
        Tongue::Spanish,
        "el los las es y qué cuándo dónde quién cuánto cuántas cuántos mi mis del sobre anoté olvida recuerda está \
apunté una hola gracias ayuda la no olvides que en con para por se un cuál tiene hay a buenos buenas recuérdame anota apunta",
    ),
    (
        Tongue::Italian,
        "il gli è e che cosa quando dove chi quanto quante mio mia miei della del sulla sul ho annotato dimentica \
ricorda ricordati una di ciao grazie aiuto la dov le lo i nella nel non un per con scade parte c buongiorno buonasera salve ricordami annota",
    ),
    (
        Tongue::Portuguese,
        "o os é e que quando onde quem quanto quantas meu minha do da sobre anotei esquece esqueça lembra lembre anote \
não uma olá obrigado obrigada ajuda a as está um na no em com para qual tenho tem foi bom boa oi lembra-me lembre-me",
    ),
    (
        Tongue::Dutch,
        "het een is en wat wanneer waar wie hoe hoeveel mijn ik heb van over vergeet onthoud niet dat genoteerd \
notities de hallo dankjewel bedankt op in te ligt zijn mij voor met aan heeft hoi goedendag goedemorgen herinner noteer",
    ),
    (
        Tongue::Danish,
        "er og hvad hvornår hvor hvem hvordan mange meget min mit mine jeg har om husk glem noter noterede noteret \
ikke det i hej tak på til af den fra nøglen nøgle mig dig sig nu ud op efter kode uge bog blev noget hvilken \
båden gangen slet hjælp at notér goddag hejsa påmind",
    ),
    (
        Tongue::Swedish,
        "är och vad när var vem hur många mycket min mitt mina jag har om kom ihåg glöm inte det i anteckningar \
antecknade hej tack på till av den från nyckeln ligger finns mig dig hjälp hallå tjena påminn anteckna",
    ),
    (
        Tongue::Norwegian,
        "er og hva når hvor hvem hvordan mange mye min mitt mine jeg har om husk glem notater notere noterte ikke det \
i hei takk på til av den fra nøkkelen nøkkel meg deg seg nå ut opp etter uke bok ble noe hvilken båten gangen \
slett hjelp at notér heisann tusen",
    ),
    (
        Tongue::Polish,
        "jest i co kiedy gdzie kto ile mój moja moje mam o zapamiętaj zapomnij notatek notatki zanotowałem zanotowałam \
nie że się cześć dziękuję pomoc ma do na w z jak czy są to kod klucz dzień witaj dzięki przypomnij zanotuj zapisz",
    ),
];

/// Letters that only one of the languages has; each counts as one more word.
const LETTERS: &[(Tongue, &str)] = &[
    (Tongue::German, "ß"),
    (Tongue::Spanish, "ñ¿¡"),
    (Tongue::Portuguese, "ãõ"),
    (Tongue::Polish, "ąęłńśźż"),
];

/// Messages with at least so many words may be in a language that nobody here knows.
const MIN_FOREIGN_WORDS: usize = 4;
/// In a message of so few words one short word tells little: "no", "y", "ok la".
const MAX_WEAK_WORDS: usize = 3;
/// Longest such word.
const MAX_WEAK_CHARS: usize = 3;

/// Cyrillic letters.
const CYRILLIC: std::ops::RangeInclusive<char> = '\u{400}'..='\u{4FF}';
/// Japanese letters; characters that are Chinese otherwise stand beside them.
const KANA: std::ops::RangeInclusive<char> = '\u{3040}'..='\u{30FF}';
/// The usual Chinese characters.
const HAN: std::ops::RangeInclusive<char> = '\u{4E00}'..='\u{9FFF}';

impl Tongue {
    /// All of them.
    pub(super) const ALL: [Self; 14] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Italian,
        Self::Portuguese,
        Self::Dutch,
        Self::Danish,
        Self::Swedish,
        Self::Norwegian,
        Self::Polish,
        Self::Russian,
        Self::Chinese,
        Self::Japanese,
    ];

    /// Whether articles and prepositions lose their vowel and are written together with the word.
    pub(super) fn elides(self) -> bool {
        matches!(self, Self::French | Self::Italian)
    }

    /// Whether several nouns become one word.
    pub(super) fn compounds(self) -> bool {
        matches!(self, Self::German | Self::Dutch | Self::Danish | Self::Swedish | Self::Norwegian)
    }

    /// The language of a message; English when nothing tells.
    pub(super) fn of(text: &str) -> Self {
        // The first of equals, so English wins a tie.
        Self::likely(text).first().copied().unwrap_or(Self::English)
    }

    /// The same in a conversation: where a message fits several languages, as short ones do, what was said before decides,
    /// the last first. A word that says little, such as "no", and none at all leave the language as it was.
    pub(super) fn in_talk(text: &str, earlier: &[String]) -> Self {
        let told = Told::by(text);
        let decided = |before: &String| match Told::by(before).likely[..] {
            [only] => told.likely.contains(&only).then_some(only),
            _ => None,
        };
        let spoken = |before: &String| (!Told::by(before).is_weak()).then(|| Self::of(before));
        let before = if told.is_weak() { earlier.iter().find_map(spoken) } else { None };
        match (before, told.likely.len()) {
            (Some(before), _) => before,
            (None, 0 | 1) => Self::of(text),
            (None, _) => earlier.iter().find_map(decided).unwrap_or_else(|| Self::of(text)),
        }
    }

    /// Whether hardly a word of a message is one that this model knows of any language: it may be in another.
    pub(super) fn is_foreign(text: &str) -> bool {
        let told = Told::by(text);
        let is_latin = |c: char| u32::from(c) < 0x250 || (0x1E00..0x1F00).contains(&u32::from(c));
        let known = |c: char| is_latin(c) || CYRILLIC.contains(&c) || KANA.contains(&c) || HAN.contains(&c);
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        let others = text.chars().filter(|c| c.is_alphabetic() && !known(*c)).count();
        others * 2 > letters || (told.words >= MIN_FOREIGN_WORDS && told.most * 4 < told.words)
    }

    /// The languages that fit a message best, all equally; none when nothing tells.
    fn likely(text: &str) -> Vec<Self> {
        Told::by(text).likely
    }
}

/// What the words of a message tell of its language.
struct Told {
    /// The languages that fit it best, all equally; none when nothing tells.
    likely: Vec<Tongue>,
    /// How many words tell each of those.
    most: usize,
    words: usize,
    /// Whether a word with more than a few letters is among them.
    by_long: bool,
}

impl Told {
    /// What a script tells.
    fn by_script(tongue: Tongue) -> Self {
        Self { likely: vec![tongue], most: usize::MAX, words: 0, by_long: true }
    }

    /// Whether this is too little to change the language of a conversation.
    fn is_weak(&self) -> bool {
        self.most == 0 || (self.most == 1 && !self.by_long && self.words <= MAX_WEAK_WORDS)
    }

    fn by(text: &str) -> Self {
        if text.contains(|c| KANA.contains(&c)) {
            return Self::by_script(Tongue::Japanese);
        }
        if text.contains(|c| HAN.contains(&c)) {
            return Self::by_script(Tongue::Chinese);
        }
        if text.contains(|c| CYRILLIC.contains(&c)) {
            return Self::by_script(Tongue::Russian);
        }
        let lower = text.to_lowercase().replace('’', "'");
        let words = lower.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '-')));
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let own = |tongue: Tongue| TELLING.iter().find(|(of, _)| *of == tongue).map_or("", |(_, own)| own);
        // "dov'è": the whole, or else its parts.
        let told = |tongue: Tongue, word: &str| {
            let knows = |word: &str| own(tongue).split(' ').any(|known| known == word);
            match word.split_once('\'') {
                Some((head, tail)) if !knows(word) => usize::from(knows(head)) + usize::from(knows(tail)),
                _ => usize::from(knows(word)),
            }
        };
        let letters = |tongue: Tongue| {
            LETTERS.iter().filter(|(of, own)| *of == tongue && lower.contains(|c| own.contains(c))).count()
        };
        let count =
            |tongue: Tongue| words.iter().map(|word| told(tongue, word)).sum::<usize>() + letters(tongue);
        let counts: Vec<(Tongue, usize)> =
            Tongue::ALL.into_iter().map(|tongue| (tongue, count(tongue))).collect();
        let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let likely: Vec<Tongue> = counts
            .into_iter()
            .filter(|(_, count)| *count == most && most > 0)
            .map(|(tongue, _)| tongue)
            .collect();
        let is_long = |word: &&str| word.chars().count() > MAX_WEAK_CHARS;
        let by_long = likely.iter().any(|tongue| {
            letters(*tongue) > 0
                || words.iter().filter(|word| is_long(word)).any(|word| told(*tongue, word) > 0)
        });
        Self { likely, most, words: words.len(), by_long }
    }
}

#[cfg(test)]
mod tests {
    use super::Tongue;

    #[test]
    fn a_message_tells_its_language() {
        let rows = [
            ("Where is the key?", Tongue::English),
            ("xyzzy 42", Tongue::English),
            ("»…!", Tongue::English),
            ("Wo ist der Schlüssel?", Tongue::German),
            ("Où est la clé du garage ?", Tongue::French),
            ("¿Dónde está la llave?", Tongue::Spanish),
            ("Dove ho annotato il codice?", Tongue::Italian),
            ("Onde está o meu passaporte e quando expira?", Tongue::Portuguese),
            ("Wanneer heb ik de auto gekocht?", Tongue::Dutch),
            ("Hvornår er mødet, og hvad har jeg noteret?", Tongue::Danish),
            ("Vad är koden och när är mötet?", Tongue::Swedish),
            ("Hva er koden og når er møtet?", Tongue::Norwegian),
            ("Gdzie jest klucz i kiedy jest spotkanie?", Tongue::Polish),
            ("Zapomnij o kluczu do łodzi", Tongue::Polish),
            ("Where does Michał live?", Tongue::English),
            ("Glem nøglen i gangen", Tongue::Danish),
            ("Onde está a chave?", Tongue::Portuguese),
            ("Dov'è la chiave?", Tongue::Italian),
            ("Dov’è il passaporto?", Tongue::Italian),
            ("Kto ma klucz?", Tongue::Polish),
            ("Was kostet das Boot?", Tongue::German),
            ("Denk daran, die Milch zu holen", Tongue::German),
            ("No olvides la leche", Tongue::Spanish),
            ("Dónde está la llave", Tongue::Spanish),
            ("Où est la clé ?", Tongue::French),
            ("Qui a la clé ?", Tongue::French),
            ("What was the price?", Tongue::English),
            ("A key for the boat?", Tongue::English),
            ("Hvor er nøkkelen til båten?", Tongue::Norwegian),
            ("Hvor er nøglen til båden?", Tongue::Danish),
            ("Var är nyckeln?", Tongue::Swedish),
            ("Waar ligt de sleutel?", Tongue::Dutch),
            ("I forget where I parked the car", Tongue::English),
            ("Où est mon parapluie ?", Tongue::French),
            ("¿Dónde está mi paraguas?", Tongue::Spanish),
            ("Glem ikke mælken", Tongue::Danish),
            ("Glöm inte mjölken", Tongue::Swedish),
            ("Vergeet de melk niet", Tongue::Dutch),
            ("Vergiss die Milch nicht!", Tongue::German),
            ("Oublie pas le lait", Tongue::French),
            ("notér at skraldet hentes mandag", Tongue::Danish),
            ("hej, husk at skraldet hentes mandag", Tongue::Danish),
            ("Hjelp", Tongue::Norwegian),
            ("Hjälp", Tongue::Swedish),
            ("Где ключ?", Tongue::Russian),
            ("钥匙在哪里？", Tongue::Chinese),
            ("鍵はどこですか", Tongue::Japanese),
        ];
        for (text, tongue) in rows {
            assert_eq!(Tongue::of(text), tongue, "{text}");
        }
    }

    #[test]
    fn what_tells_little_leaves_the_language_as_it_was() {
        let said = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let rows = [
            ("no", "Where is the key?", Tongue::English),
            ("y", "forget the garage code", Tongue::English),
            ("no", "Wo ist der Schlüssel?", Tongue::German),
            ("Falcon 42", "Hvor er nøglen til båden?", Tongue::Danish),
            ("hmm", "Где ключ?", Tongue::Russian),
            ("¿y cuándo?", "Where is the key?", Tongue::Spanish),
            ("Wo ist er?", "Where is the key?", Tongue::German),
            ("danke", "Where is the key?", Tongue::German),
            ("Hjælp", "Where is the key?", Tongue::Danish),
        ];
        for (text, before, tongue) in rows {
            assert_eq!(Tongue::in_talk(text, &said(&[before])), tongue, "{text} after {before}");
        }
        for text in ["no", "y", "ok", "Falcon"] {
            assert_eq!(Tongue::in_talk(text, &[]), Tongue::English, "{text}");
            // What says nothing itself is looked past.
            let before = said(&["no", "ok", "Wo ist der Schlüssel?"]);
            assert_eq!(Tongue::in_talk(text, &before), Tongue::German, "{text}");
        }
    }

    #[test]
    fn a_message_in_a_language_that_nobody_here_knows() {
        let foreign = [
            "تذكر أن المفتاح عند أحمد",
            "열쇠는 안나에게 있다는 것을 기억해",
            "Muista että auto on tallissa",
            "Anahtarın annede olduğunu unutma lütfen",
            "θυμήσου ότι το κλειδί",
        ];
        for text in foreign {
            assert!(Tongue::is_foreign(text), "{text}");
        }
        let known = [
            "Where is the key?",
            "When does Project Falcon ship?",
            "garage code",
            "Husk at bilen står i garagen",
            "Где ключ?",
            "鍵はどこ",
            "钥匙在哪里",
            "Hvor er nøglen til båden?",
            "Wann kommt der Klempner?",
            "",
        ];
        for text in known {
            assert!(!Tongue::is_foreign(text), "{text}");
        }
    }

    #[test]
    fn what_was_said_before_decides_between_equals() {
        let said = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let question = "Hvor er koden?";
        assert_eq!(Tongue::in_talk(question, &[]), Tongue::Danish);
        assert_eq!(Tongue::in_talk(question, &said(&["Hva er nøkkelen til?"])), Tongue::Norwegian);
        let both = said(&["Hvor er han?", "Hva er nøkkelen til?"]);
        assert_eq!(Tongue::in_talk(question, &both), Tongue::Norwegian);
        // Another language does not.
        assert_eq!(Tongue::in_talk(question, &said(&["Wo ist der Schlüssel?"])), Tongue::Danish);
        assert_eq!(Tongue::in_talk("Where is the key?", &said(&["Hva er nøkkelen til?"])), Tongue::English);
    }
}
