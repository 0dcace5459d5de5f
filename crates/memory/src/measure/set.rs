//! The notes and questions of the test, written for this program.
//!
//! Some questions name a code, some share a word with their note, and half share none or are in another language. They are
//! in the languages that people write notes in, so that a model of one language is not taken for one of all.

/// A note and a question that it alone answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) note: &'static str,
    pub(crate) question: &'static str,
}

const fn pair(note: &'static str, question: &'static str) -> Pair {
    Pair { note, question }
}

/// All of them.
pub(crate) const SET: [Pair; 38] = [
    // A code alone.
    pair(
        "The boiler shows E-4417 when the water pressure is low; press reset twice.",
        "What does E-4417 mean?",
    ),
    pair("Run tools/rotate_keys.sh after every release.", "When is rotate_keys.sh run?"),
    pair("Die Rechnung RE-2025-0381 für die Fenster ist bezahlt.", "Ist RE-2025-0381 bezahlt?"),
    pair("Die Rechnung RE-2025-0318 für die Türen ist noch offen.", "Was ist mit RE-2025-0318?"),
    pair("El contrato del gimnasio es GYM-77120 y se renueva solo.", "¿Qué es GYM-77120?"),
    pair("Le badge du parking porte le numéro P5-0932.", "À quoi sert P5-0932 ?"),
    pair("新路由器的型号是 AX-6630，放在书房。", "AX-6630 是什么？"),
    pair("保険証券の番号は JP-55018 です。", "JP-55018 とは？"),
    // A word that both have.
    pair("Mia's riding lesson moved to the stable in Holte.", "Where does the riding take place?"),
    pair(
        "The landlord wants the rent by bank transfer, not in cash.",
        "How does the landlord get his money?",
    ),
    pair("Tandlægen har flyttet tiden til klokken ti.", "Hvad sagde tandlægen?"),
    pair("Cyklen står i kælderen hos naboen.", "Hvor er cyklen?"),
    pair("Der Ersatzschlüssel liegt unter dem Blumentopf.", "Wo ist der Ersatzschlüssel?"),
    pair("Die Heizung im Büro wird von der Firma Brandt gewartet.", "Wer kümmert sich um die Heizung?"),
    pair("Le code de la porte du jardin a changé, demander à Luc.", "Qui peut ouvrir la porte ?"),
    pair("冰箱里的牛奶过期了。", "牛奶怎么了？"),
    pair("猫の餌は台所の下の棚にある。", "猫の餌はどこ？"),
    pair("Котёл чистили в октябре, мастер Игорь.", "Кто чистил котёл?"),
    // Other words, or another language.
    pair("The boat lies at berth 14 in the north marina.", "Where is our sailing vessel moored?"),
    pair("Peanuts give Tom a rash.", "What food is my son allergic to?"),
    pair("The car failed its inspection because of the brakes.", "Why is my vehicle not roadworthy?"),
    pair("Vi fik valpen vaccineret hos dyrlægen.", "Hvem gav den unge hund en sprøjte?"),
    pair("Børnene kommer hjem fra lejrskolen med færgen.", "Hvordan rejser eleverne tilbage?"),
    pair("Das Auto steht in der Tiefgarage auf Ebene drei.", "Wo habe ich den Wagen geparkt?"),
    pair("Oma verträgt keine Milch.", "Was darf meine Großmutter nicht trinken?"),
    pair("El perro se escapó por un agujero de la valla.", "¿Cómo salió nuestra mascota del jardín?"),
    pair("Le toit fuit au-dessus de la chambre.", "Par où la pluie entre-t-elle dans la maison ?"),
    pair("Kira her ayın beşinde ödenir.", "Ev sahibine parayı ne zaman veriyoruz?"),
    pair("The new kitten hides behind the sofa.", "Wo versteckt sich die kleine Katze?"),
    pair("We fly out of Gatwick with the first plane.", "¿De qué aeropuerto salen?"),
    pair("Sommerhuset i Skagen er lejet ud hele ferien.", "Is the holiday cottage still free for us?"),
    pair("Das Kennwort des WLAN hängt am Kühlschrank.", "Where can guests find the wireless network key?"),
    pair(
        "La llave del trastero está en el cajón de la cocina.",
        "Where do we keep what opens the storeroom?",
    ),
    pair("小李把开会的地点换到了三楼。", "Which floor is the meeting on?"),
    pair("奶奶的药放在柜子最上面。", "Where does grandmother keep her medicine?"),
    pair("息子は医学部に通う。", "What does my son study?"),
    pair("자전거 열쇠는 현관 서랍에 있다.", "Where is the bicycle key?"),
    pair("Запасные лампочки лежат в шкафу на балконе.", "Wo sind die Glühbirnen?"),
];

#[cfg(test)]
mod tests {
    use super::SET;
    use crate::words::matched_words;

    const CODES: usize = 8;
    const WORDS: usize = 10;

    #[test]
    fn half_of_the_questions_share_a_word_with_their_note() {
        for (number, pair) in SET.iter().enumerate() {
            let shared = !matched_words(pair.question, pair.note).is_empty();
            assert_eq!(shared, number < CODES + WORDS, "{pair:?}");
        }
    }

    #[test]
    fn a_code_stands_in_one_note_alone() {
        for pair in &SET[..CODES] {
            let has_digit = |word: &&str| word.chars().any(|c| c.is_ascii_digit()) || word.contains('_');
            let code = pair.question.split_whitespace().find(has_digit).unwrap().trim_matches('?');
            assert_eq!(SET.iter().filter(|pair| pair.note.contains(code)).count(), 1, "{code}");
        }
    }
}
