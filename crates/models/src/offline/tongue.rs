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
remember that it a an to in on for with have has which why there this these not don't me you can from at",
    ),
    (
        Tongue::German,
        "der das und ist nicht ich mein meine meinem über wann wer wie wo viel viele habe dir bitte vergiss merke merk \
notiere notiz notizen welche warum letzte letzten ein eine hilfe danke hallo die den dem was denk denke daran \
dass zu zum zur auf im mit nach hat sind wurde merken sich sie er es von vom für kannst",
    ),
    (
        Tongue::French,
        "le les des est et je mon ma mes où quand qui quel quelle combien ce que qu'est-ce ai noté notes sur oublie du \
une souviens-toi s'il combien bonjour merci aide la l d il elle pas ne dans avec pour oubliez retiens \
rappelle-toi as a-t-il se trouve",
    ),
    (
        Tongue::Spanish,
        "el los las es y qué cuándo dónde quién cuánto cuántas cuántos mi mis del sobre anoté olvida recuerda está \
apunté una hola gracias ayuda la no olvides que en con para por se un cuál tiene hay",
    ),
    (
        Tongue::Italian,
        "il gli è e che cosa quando dove chi quanto quante mio mia miei della del sulla sul ho annotato dimentica \
ricorda ricordati una di ciao grazie aiuto la dov le lo i nella nel non un per con scade parte c",
    ),
    (
        Tongue::Portuguese,
        "o os é e que quando onde quem quanto quantas meu minha do da sobre anotei esquece esqueça lembra lembre anote \
não uma olá obrigado obrigada ajuda a as está um na no em com para qual tenho tem foi",
    ),
    (
        Tongue::Dutch,
        "het een is en wat wanneer waar wie hoe hoeveel mijn ik heb van over vergeet onthoud niet dat genoteerd \
notities de hallo dankjewel bedankt op in te ligt zijn mij voor met aan heeft",
    ),
    (
        Tongue::Danish,
        "er og hvad hvornår hvor hvem hvordan mange meget min mit mine jeg har om husk glem noter noterede noteret \
ikke det i hej tak på til af den fra nøglen nøgle mig dig sig nu ud op efter kode uge bog blev noget hvilken \
båden gangen slet",
    ),
    (
        Tongue::Swedish,
        "är och vad när var vem hur många mycket min mitt mina jag har om kom ihåg glöm inte det i anteckningar \
antecknade hej tack på till av den från nyckeln ligger finns mig dig",
    ),
    (
        Tongue::Norwegian,
        "er og hva når hvor hvem hvordan mange mye min mitt mine jeg har om husk glem notater notere noterte ikke det \
i hei takk på til av den fra nøkkelen nøkkel meg deg seg nå ut opp etter uke bok ble noe hvilken båten gangen \
slett",
    ),
    (
        Tongue::Polish,
        "jest i co kiedy gdzie kto ile mój moja moje mam o zapamiętaj zapomnij notatek notatki zanotowałem zanotowałam \
nie że się cześć dziękuję pomoc ma do na w z jak czy są to kod klucz",
    ),
];

/// Letters that only one of the languages has; each counts as one more word.
const LETTERS: &[(Tongue, &str)] = &[
    (Tongue::German, "ß"),
    (Tongue::Spanish, "ñ¿¡"),
    (Tongue::Portuguese, "ãõ"),
    (Tongue::Polish, "ąęłńśźż"),
];

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
    /// the last first.
    pub(super) fn in_talk(text: &str, earlier: &[String]) -> Self {
        let likely = Self::likely(text);
        let decided = |before: &String| match Self::likely(before)[..] {
            [only] => likely.contains(&only).then_some(only),
            _ => None,
        };
        match likely.len() {
            0 | 1 => Self::of(text),
            _ => earlier.iter().find_map(decided).unwrap_or_else(|| Self::of(text)),
        }
    }

    /// The languages that fit a message best, all equally; none when nothing tells.
    fn likely(text: &str) -> Vec<Self> {
        if text.contains(|c| KANA.contains(&c)) {
            return vec![Self::Japanese];
        }
        if text.contains(|c| HAN.contains(&c)) {
            return vec![Self::Chinese];
        }
        if text.contains(|c| CYRILLIC.contains(&c)) {
            return vec![Self::Russian];
        }
        let lower = text.to_lowercase().replace('’', "'");
        let words = lower.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '-')));
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let telling = |tongue: Self| {
            let own = TELLING.iter().find(|(of, _)| *of == tongue).map_or("", |(_, own)| own);
            let knows = |word: &str| own.split(' ').any(|known| known == word);
            // "dov'è": the whole, or else its parts.
            let told = |word: &&str| match word.split_once('\'') {
                Some((head, tail)) if !knows(word) => usize::from(knows(head)) + usize::from(knows(tail)),
                _ => usize::from(knows(word)),
            };
            let letters =
                LETTERS.iter().filter(|(of, own)| *of == tongue && lower.contains(|c| own.contains(c)));
            words.iter().map(told).sum::<usize>() + letters.count()
        };
        let counts: Vec<(Self, usize)> =
            Self::ALL.into_iter().map(|tongue| (tongue, telling(tongue))).collect();
        let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let likely = counts.into_iter().filter(|(_, count)| *count == most && most > 0);
        likely.map(|(tongue, _)| tongue).collect()
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
            ("Где ключ?", Tongue::Russian),
            ("钥匙在哪里？", Tongue::Chinese),
            ("鍵はどこですか", Tongue::Japanese),
        ];
        for (text, tongue) in rows {
            assert_eq!(Tongue::of(text), tongue, "{text}");
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
