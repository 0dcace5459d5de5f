//! How something is to be removed, and how that is agreed to.

use crate::offline::tongue::Tongue;

/// Beginnings of a wish to remove something; the longest one counts.
pub(in crate::offline) const FORGET: &[(Tongue, &str)] = &[
    (
        Tongue::English,
        "forget what i said about|forget everything about|forget all about|forget about|forget that|forget|\
delete the note about|delete the notes about|delete my note about|delete my notes about|delete the note that|\
remove the note about|remove the notes about|remove my note about|remove my notes about|erase the note about",
    ),
    (
        Tongue::German,
        "vergiss alles über|vergiss, dass|vergiss|lösche die notiz über|lösche die notizen über|lösche die notiz zu|\
lösche die notizen zu|lösch die notiz über|lösch die notizen über",
    ),
    (
        Tongue::French,
        "oublie tout sur|oublie que|oublie|oubliez|supprime la note sur|supprime les notes sur|efface la note sur",
    ),
    (
        Tongue::Spanish,
        "olvida todo sobre|olvida que|olvídate de|olvida|borra la nota sobre|borra las notas sobre",
    ),
    (Tongue::Italian, "dimentica tutto su|dimentica che|dimentica|cancella la nota su|cancella le note su"),
    (
        Tongue::Portuguese,
        "esquece tudo sobre|esqueça tudo sobre|esquece que|esqueça que|esquece|esqueça|apaga a nota sobre|\
apague a nota sobre|apague as notas sobre",
    ),
    (
        Tongue::Dutch,
        "vergeet alles over|vergeet dat|vergeet|verwijder de notitie over|verwijder de notities over",
    ),
    (Tongue::Danish, "glem alt om|glem at|glem|slet noten om|slet noter om|slet noterne om"),
    (Tongue::Norwegian, "glem alt om|glem at|glem|slett notatet om|slett notatene om"),
    (Tongue::Swedish, "glöm allt om|glöm att|glöm|ta bort anteckningen om|ta bort anteckningarna om"),
    (Tongue::Polish, "zapomnij o|zapomnij, że|zapomnij|usuń notatkę o|usuń notatki o"),
    (Tongue::Russian, "забудь всё о|забудь про|забудь о|забудь, что|забудь|удали заметку о|удали заметки о"),
    (Tongue::Chinese, "忘记关于|忘记|忘掉|删除关于"),
];
/// The same at the end, where the verb stands last.
pub(in crate::offline) const FORGET_LAST: &[&str] = &[
    "についてのメモを消して",
    "についてのメモを削除して",
    "のことは忘れて",
    "のことを忘れて",
    "を忘れて",
    "は忘れて",
];
/// What nobody can look up.
pub(in crate::offline) const POINTING: &str = "it|that|this|about it|about that|everything|all|all of it|them|es|das|alles|ça|cela|tout|eso|\
esto|ello|todo|tutto|questo|quello|isso|isto|tudo|het|dat|det|alt|allt|to|wszystko|это|всё|все|这|这个|一切|全部|それ|全部";

/// Words behind such a verb that turn it round, where they stand behind it: "vergiss … nicht" is to be noted.
pub(in crate::offline) const NOT: &[(Tongue, &str)] = &[
    (Tongue::English, "not never"),
    (Tongue::German, "nicht nie niemals"),
    (Tongue::French, "pas jamais"),
    (Tongue::Dutch, "niet nooit"),
    // "Glem" is the same word in both.
    (Tongue::Danish, "ikke aldrig aldri"),
    (Tongue::Swedish, "inte aldrig"),
    (Tongue::Norwegian, "ikke aldrig aldri"),
];
/// What stands behind such a word in front of what is not to be forgotten: "vergiss die Milch nicht zu kaufen".
pub(in crate::offline) const TO: &[&str] = &["to", "zu", "te", "om", "de", "å", "at", "att"];

/// What agrees, in lower case and without punctuation; a message may hold several of them, and nothing else but what is polite.
/// Only those of the question's language count, and the English ones: what agrees in one language thanks in another.
pub(in crate::offline) const YES: &[(Tongue, &str)] = &[
    (
        Tongue::English,
        "yes|y|yep|yeah|yup|sure|ok|okay|alright|all right|fine|do it|do so|do that|yes do|go ahead|please do|of course|\
confirm|confirmed|remove|delete|remove it|delete it|remove them|delete them",
    ),
    (
        Tongue::German,
        "ja|jawohl|klar|gern|gerne|mach das|mach es|tu das|entferne sie|lösche sie|weg damit|in ordnung",
    ),
    (Tongue::French, "oui|ouais|vas-y|d'accord|bien sûr|supprime-les|supprime"),
    (Tongue::Spanish, "sí|si|claro|vale|de acuerdo|adelante|hazlo|bórralas|quítalas"),
    (Tongue::Italian, "sì|si|certo|va bene|d'accordo|fallo|toglile|cancellale"),
    (Tongue::Portuguese, "sim|claro|certo|pode|tudo bem|está bem|remova|apaga|apague"),
    (Tongue::Dutch, "ja|jawel|doe maar|doe het|graag|prima|is goed|goed|verwijder ze"),
    (Tongue::Danish, "ja|jo|gør det|fjern dem|slet dem|gerne|fint|bare gør det"),
    (Tongue::Swedish, "ja|jo|gör det|ta bort dem|gärna|visst|okej"),
    (Tongue::Norwegian, "ja|jo|gjør det|fjern dem|slett dem|gjerne|greit|bare gjør det"),
    (Tongue::Polish, "tak|dobrze|dobra|jasne|usuń|usuń je"),
    (Tongue::Russian, "да|хорошо|ладно|конечно|давай|удали|удали их|удаляй"),
    (Tongue::Chinese, "是|是的|好|好的|好吧|可以|行|删除|删除吧|删吧|对|请"),
    (Tongue::Japanese, "はい|お願いします|消して|消してください|いいです|うん|ええ|了解"),
];
/// What may stand beside such a word and changes nothing.
pub(in crate::offline) const POLITE_REPLY: &[(Tongue, &str)] = &[
    (Tongue::English, "please|thanks|thank you"),
    (Tongue::German, "bitte|danke"),
    (Tongue::French, "merci|s'il te plaît|s'il vous plaît"),
    (Tongue::Spanish, "por favor|gracias"),
    (Tongue::Italian, "grazie|per favore"),
    (Tongue::Portuguese, "por favor|obrigado|obrigada"),
    (Tongue::Dutch, "alsjeblieft|graag|bedankt|dank je"),
    (Tongue::Danish, "tak|mange tak"),
    (Tongue::Swedish, "tack|snälla"),
    (Tongue::Norwegian, "takk|vær så snill"),
    (Tongue::Polish, "proszę|dziękuję|dzięki"),
    (Tongue::Russian, "пожалуйста|спасибо"),
    (Tongue::Chinese, "谢谢"),
    (Tongue::Japanese, "ありがとう|ください"),
];
/// What refuses, in any language.
pub(in crate::offline) const NO: &str = "no|n|nope|nah|don't|dont|do not|stop|cancel|keep|keep it|keep them|leave it|leave them|\
not now|never mind|nein|nicht|nö|abbrechen|non|annule|cancela|cancelar|annulla|não|nee|nej|nei|nie|нет|не надо|отмена|不|不要|不是|\
不用|取消|いいえ|やめて|キャンセル";
