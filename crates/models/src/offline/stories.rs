//! What is said in each language, for tests.

use super::tongue::Tongue;

/// One story in a language: what is noted, asked, asked further, listed, counted and forgotten.
pub(super) struct Story {
    pub(super) tongue: Tongue,
    pub(super) said: [&'static str; 7],
}

pub(super) const STORIES: &[Story] = &[
    Story {
        tongue: Tongue::English,
        said: [
            "Remember that the boat key hangs in the hall",
            "Where is the boat key?",
            "and where is it?",
            "What did I note about the boat?",
            "How many notes do I have about the boat?",
            "Forget the boat key",
            "yes",
        ],
    },
    Story {
        tongue: Tongue::German,
        said: [
            "Merk dir, dass der Bootsschlüssel im Flur hängt",
            "Wo ist der Bootsschlüssel?",
            "und wo ist er?",
            "Was habe ich über den Bootsschlüssel notiert?",
            "Wie viele Notizen habe ich über den Bootsschlüssel?",
            "Vergiss den Bootsschlüssel",
            "Ja.",
        ],
    },
    Story {
        tongue: Tongue::French,
        said: [
            "Souviens-toi que la clé du bateau est dans le couloir",
            "Où est la clé du bateau ?",
            "et où est-elle ?",
            "Qu'est-ce que j'ai noté sur le bateau ?",
            "Combien de notes ai-je sur le bateau ?",
            "Oublie la clé du bateau",
            "oui",
        ],
    },
    Story {
        tongue: Tongue::Spanish,
        said: [
            "Recuerda que la llave del barco está en el pasillo",
            "¿Dónde está la llave del barco?",
            "¿y dónde está?",
            "¿Qué anoté sobre el barco?",
            "¿Cuántas notas tengo sobre el barco?",
            "Olvida la llave del barco",
            "Sí",
        ],
    },
    Story {
        tongue: Tongue::Italian,
        said: [
            "Ricordati che la chiave della barca è nel corridoio",
            "Dov'è la chiave della barca?",
            "e dov'è?",
            "Che cosa ho annotato sulla barca?",
            "Quante note ho sulla barca?",
            "Dimentica la chiave della barca",
            "Sì, grazie",
        ],
    },
    Story {
        tongue: Tongue::Portuguese,
        said: [
            "Lembre que a chave do barco está no corredor",
            "Onde está a chave do barco?",
            "e onde está?",
            "O que anotei sobre o barco?",
            "Quantas notas tenho sobre o barco?",
            "Esqueça a chave do barco",
            "sim",
        ],
    },
    Story {
        tongue: Tongue::Dutch,
        said: [
            "Onthoud dat de sleutel van de boot in de gang hangt",
            "Waar is de sleutel van de boot?",
            "en waar is hij?",
            "Wat heb ik over de boot genoteerd?",
            "Hoeveel notities heb ik over de boot?",
            "Vergeet de sleutel van de boot",
            "ja graag",
        ],
    },
    Story {
        tongue: Tongue::Danish,
        said: [
            "Husk at nøglen til båden hænger i gangen",
            "Hvor er nøglen til båden?",
            "og hvor er den?",
            "Hvad har jeg noteret om båden?",
            "Hvor mange noter har jeg om båden?",
            "Glem nøglen til båden",
            "ja tak",
        ],
    },
    Story {
        tongue: Tongue::Swedish,
        said: [
            "Kom ihåg att nyckeln till båten hänger i hallen",
            "Var är nyckeln till båten?",
            "och var är den?",
            "Vad har jag antecknat om båten?",
            "Hur många anteckningar har jag om båten?",
            "Glöm nyckeln till båten",
            "ja",
        ],
    },
    Story {
        tongue: Tongue::Norwegian,
        said: [
            "Husk at nøkkelen til båten henger i gangen",
            "Hvor er nøkkelen til båten?",
            "og hvor er den?",
            "Hva har jeg notert om båten?",
            "Hvor mange notater har jeg om båten?",
            "Glem nøkkelen til båten",
            "ja takk",
        ],
    },
    Story {
        tongue: Tongue::Polish,
        said: [
            "Zapamiętaj, że klucz do łodzi wisi w korytarzu",
            "Gdzie jest klucz do łodzi?",
            "a gdzie jest?",
            "Co zanotowałem o łodzi?",
            "Ile notatek mam o łodzi?",
            "Zapomnij o kluczu do łodzi",
            "tak",
        ],
    },
    Story {
        tongue: Tongue::Russian,
        said: [
            "Запомни, что ключ от лодки висит в коридоре",
            "Где ключ от лодки?",
            "а где он?",
            "Что я записал о лодке?",
            "Сколько заметок о лодке?",
            "Забудь про ключ от лодки",
            "да",
        ],
    },
    Story {
        tongue: Tongue::Chinese,
        said: [
            "记住船的钥匙挂在走廊里",
            "船的钥匙在哪里？",
            "那么在哪里？",
            "关于钥匙的笔记",
            "有多少关于钥匙的笔记？",
            "忘记船的钥匙",
            "是的",
        ],
    },
    Story {
        tongue: Tongue::Japanese,
        said: [
            "メモ：船の鍵は廊下にある",
            "船の鍵はどこですか",
            "それで、どこですか",
            "船の鍵について何をメモしましたか",
            "船の鍵のメモは何件ですか",
            "船の鍵を忘れてください",
            "はい",
        ],
    },
];
