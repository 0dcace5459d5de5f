//! The languages that the offline model understands and answers in.

/// A language with intents and phrases of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        "the what when where who how much many is are was were did does do i my about of and please note notes forget remember that it",
    ),
    (
        Tongue::German,
        "der das und ist nicht ich mein meine meinem über wann wer wie wo viel viele habe dir bitte vergiss merke merk notiere notiz notizen welche warum letzte letzten ein eine hilfe danke hallo",
    ),
    (
        Tongue::French,
        "le les des est et je mon ma mes où quand qui quel quelle combien ce que qu'est-ce ai noté notes sur oublie du une souviens-toi s'il combien bonjour merci aide",
    ),
    (
        Tongue::Spanish,
        "el los las es y qué cuándo dónde quién cuánto cuántas cuántos mi mis del sobre anoté olvida recuerda está apunté una hola gracias ayuda",
    ),
    (
        Tongue::Italian,
        "il gli è e che cosa quando dove chi quanto quante mio mia miei della del sulla sul ho annotato dimentica ricorda ricordati una di ciao grazie aiuto",
    ),
    (
        Tongue::Portuguese,
        "o os é e que quando onde quem quanto quantas meu minha do da sobre anotei esquece esqueça lembra lembre anote não uma olá obrigado obrigada ajuda",
    ),
    (
        Tongue::Dutch,
        "het een is en wat wanneer waar wie hoe hoeveel mijn ik heb van over vergeet onthoud niet dat genoteerd notities de hallo dankjewel bedankt",
    ),
    (
        Tongue::Danish,
        "er og hvad hvornår hvor hvem hvordan mange meget min mit mine jeg har om husk glem noter noterede noteret ikke det i hej tak",
    ),
    (
        Tongue::Swedish,
        "är och vad när var vem hur många mycket min mitt mina jag har om kom ihåg glöm inte det i anteckningar antecknade hej tack",
    ),
    (
        Tongue::Norwegian,
        "er og hva når hvor hvem hvordan mange mye min mitt mine jeg har om husk glem notater notere noterte ikke det i hei takk",
    ),
    (
        Tongue::Polish,
        "jest i co kiedy gdzie kto ile mój moja moje mam o zapamiętaj zapomnij notatek notatki zanotowałem zanotowałam nie że się cześć dziękuję pomoc",
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

    /// The language of a message; English when nothing tells.
    pub(super) fn of(text: &str) -> Self {
        if text.contains(|c| KANA.contains(&c)) {
            return Self::Japanese;
        }
        if text.contains(|c| HAN.contains(&c)) {
            return Self::Chinese;
        }
        if text.contains(|c| CYRILLIC.contains(&c)) {
            return Self::Russian;
        }
        let lower = text.to_lowercase().replace('’', "'");
        let words: Vec<&str> =
            lower.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '-'))).collect();
        let mut best = (Self::English, 0);
        for (tongue, telling) in TELLING {
            let count = words.iter().filter(|word| telling.split(' ').any(|known| known == **word)).count();
            let has_letter =
                LETTERS.iter().any(|(of, own)| of == tongue && lower.contains(|c| own.contains(c)));
            let count = count + usize::from(has_letter);
            // The first of equals stays, so English wins a tie.
            if count > best.1 {
                best = (*tongue, count);
            }
        }
        best.0
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
            ("Где ключ?", Tongue::Russian),
            ("钥匙在哪里？", Tongue::Chinese),
            ("鍵はどこですか", Tongue::Japanese),
        ];
        for (text, tongue) in rows {
            assert_eq!(Tongue::of(text), tongue, "{text}");
        }
    }
}
