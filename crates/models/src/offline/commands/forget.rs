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

/// Whole messages that agree, in lower case and without punctuation. Only those of the question's language count, and the
/// English ones: what agrees in one language thanks in another.
pub(in crate::offline) const YES: &[(Tongue, &str)] = &[
    (
        Tongue::English,
        "yes|yes please|yes do|yes do it|yes remove them|yes delete them|yep|yeah|sure|do it|go ahead|remove them|delete them",
    ),
    (Tongue::German, "ja|ja bitte|ja mach das|jawohl|mach das"),
    (Tongue::French, "oui|oui s'il te plaît|vas-y"),
    (Tongue::Spanish, "sí|si|sí por favor"),
    (Tongue::Italian, "sì|si|sì grazie"),
    (Tongue::Portuguese, "sim|sim por favor"),
    (Tongue::Dutch, "ja|ja graag|doe maar"),
    (Tongue::Danish, "ja|ja tak"),
    (Tongue::Swedish, "ja|ja tack"),
    (Tongue::Norwegian, "ja|ja takk"),
    (Tongue::Polish, "tak|tak proszę|tak usuń"),
    (Tongue::Russian, "да|да удали|удали"),
    (Tongue::Chinese, "是|是的|好|好的|删除|对"),
    (Tongue::Japanese, "はい|はい お願いします|消して|お願いします"),
];
/// Whole messages that refuse.
pub(in crate::offline) const NO: &str = "no|nope|no thanks|no thank you|don't|do not|stop|cancel|keep them|nein|nein danke|nicht|\
abbrechen|non|non merci|annule|cancela|cancelar|no gracias|annulla|no grazie|não|não obrigado|nee|nee bedankt|nej|nej tak|\
nej tack|nei|nei takk|nie|nie dziękuję|нет|нет спасибо|отмена|不|不要|不是|取消|いいえ|やめて|キャンセル";
