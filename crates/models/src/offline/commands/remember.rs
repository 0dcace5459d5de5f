//! How something is to be noted.

use crate::offline::tongue::Tongue;

/// How much of the text is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::offline) enum Keep {
    /// What follows the words.
    Rest,
    /// The words too: "remember to call" is a task, and "to call" is not.
    Whole,
    /// The same of what asks to be reminded, which nobody here can do.
    Reminder,
}

/// Beginnings of a wish to note something; the longest one counts.
pub(in crate::offline) const REMEMBER: &[(Tongue, Keep, &str)] = &[
    (
        Tongue::English,
        Keep::Rest,
        "remember the following:|remember this:|remember that|remember:|remember,|remember|make a note of this:|\
make a note that|make a note to|make a note:|take a note:|take note that|add a note:|note to self:|\
note down that|note down:|note that|note:|don't forget that|don't forget:|don't forget|dont forget that|\
dont forget|do not forget that|do not forget|never forget that|keep in mind that|keep in mind:|\
keep in mind|save this:|save to memory:|add to memory:|write this down:|write down that|write down:|\
for the record:|for the record,|don't let me forget that|dont let me forget that|do not let me forget that|\
i want you to remember that|i want you to remember:|i want you to remember|i need you to remember that|\
i need you to remember|i'd like you to remember that|i would like you to remember that|jot down that|jot down:|jot down|\
jot this down:|jot that down:|add to my notes that|add to my notes:|add to my notes,|add to my notes|add to notes:|\
add to the notes:|add this to my notes:|put in my notes that|put this in my notes:|put in my notes:|memo:|memo to self:|\
new note:|note this down:|note this:|make a note,|make a note",
    ),
    (
        Tongue::English,
        Keep::Whole,
        "remember to|don't forget to|dont forget to|do not forget to|never forget to|never forget|don't let me forget to|\
don't let me forget|dont let me forget to|dont let me forget|do not let me forget to|do not let me forget|todo:|to do:|to-do:",
    ),
    (
        Tongue::English,
        Keep::Reminder,
        "remind me to|remind me that|remind me on|remind me at|remind me in|remind me by|remind me today|remind me tomorrow|\
remind me tonight|remind me every|remind me next|remind me this|set a reminder|set me a reminder|add a reminder",
    ),
    (
        Tongue::German,
        Keep::Rest,
        "merke dir, dass|merk dir, dass|merk dir dass|merke dir:|merk dir:|merke dir|merk dir|\
merken sie sich, dass|merken sie sich|notiere, dass|notiere dir, dass|notiere dir|notiere:|notiere|\
notier dir|notier|schreib auf, dass|schreib dir auf, dass|schreib auf:|vergiss nicht, dass|\
vergiss nicht:|denk daran, dass|denke daran, dass|denk daran:|merken:|merken, dass|merken dass|dir merken:|dir merken, dass|\
dir merken dass|dir bitte merken, dass|dir bitte merken dass|dir bitte merken:|dir das merken:|dir bitte das merken:|notieren:|\
notieren, dass|dir notieren, dass|dir bitte notieren, dass|aufschreiben:|aufschreiben, dass|dir aufschreiben, dass|sich merken, dass|\
sich bitte merken, dass|notiz:|notiz an mich:|neue notiz:",
    ),
    (
        Tongue::German,
        Keep::Whole,
        "vergiss nicht|vergessen sie nicht|denk daran|denke daran|denk dran|denk an|denke an",
    ),
    (
        Tongue::German,
        Keep::Reminder,
        "erinnere mich daran|erinner mich daran|erinnere mich dran|erinner mich dran|erinnere mich an|erinner mich an|\
erinnere mich morgen|erinner mich morgen|erinnere mich am|erinner mich am|erinnere mich um|erinner mich um",
    ),
    (
        Tongue::French,
        Keep::Rest,
        "souviens-toi que|souviens-toi qu'|souviens-toi :|rappelle-toi que|rappelle-toi qu'|souvenez-vous que|\
retiens que|retiens qu'|retiens :|retiens|n'oublie pas que|n'oublie pas qu'|n'oubliez pas que|note que|\
note qu'|note :|notez que|notez :|à noter :|à retenir :|noter que|noter qu'|retenir que|retenir qu'|te souvenir que|te souvenir qu'|\
te rappeler que|te rappeler qu'",
    ),
    (
        Tongue::French,
        Keep::Whole,
        "souviens-toi|rappelle-toi|n'oublie pas|n'oublie surtout pas|n'oublie jamais|n'oubliez pas",
    ),
    (Tongue::French, Keep::Reminder, "rappelle-moi de|rappelle-moi d'|rappelle-moi que|rappelle-moi demain"),
    (
        Tongue::Spanish,
        Keep::Rest,
        "recuerda que|recuerda:|recuerda|recuerde que|anota que|anota:|anota|apunta que|apunta:|apunta|\
no olvides que|no te olvides de que|no olvides:|ten en cuenta que|nota:|recordar que|anotar que|apuntar que",
    ),
    (Tongue::Spanish, Keep::Whole, "no olvides|no olvide|no te olvides|no te olvides de"),
    (Tongue::Spanish, Keep::Reminder, "recuérdame que|recuérdame|recuerdame que|recuerdame"),
    (
        Tongue::Italian,
        Keep::Rest,
        "ricordati che|ricorda che|ricorda:|ricorda|annota che|annota:|annota|segna che|segnati che|\
prendi nota che|non dimenticare che|ricordare che|ricordarti che|annotare che|segnare che",
    ),
    (
        Tongue::Italian,
        Keep::Whole,
        "non dimenticare|non dimenticare di|non ti dimenticare|non dimenticarti|ricordati|ricordati di|ricorda di",
    ),
    (Tongue::Italian, Keep::Reminder, "ricordami di|ricordami che|ricordami domani"),
    (
        Tongue::Portuguese,
        Keep::Rest,
        "lembra que|lembre que|lembra:|lembre:|lembra|lembre|lembra-te de que|lembre-se de que|lembra-te que|\
lembre-se que|anota que|anota:|anota|anote que|anote:|anote|não esqueças que|não esqueça que|\
não te esqueças de que|não se esqueça de que|lembrar que|lembrar-te que|lembrar-se de que|anotar que",
    ),
    (
        Tongue::Portuguese,
        Keep::Whole,
        "não esqueças|não esqueça|não te esqueças|não se esqueça|lembra-te|lembre-se",
    ),
    (
        Tongue::Portuguese,
        Keep::Reminder,
        "lembra-me de|lembre-me de|lembra-me que|lembre-me que|me lembre de|me lembra de",
    ),
    (
        Tongue::Dutch,
        Keep::Rest,
        "onthoud dat|onthoud:|onthoud|noteer dat|noteer:|noteer|vergeet niet dat|schrijf op dat|schrijf op:|onthouden dat|\
onthouden:|noteren dat|noteren:|opschrijven dat|notitie:",
    ),
    (Tongue::Dutch, Keep::Whole, "vergeet niet|vergeet niet om|denk eraan"),
    (
        Tongue::Dutch,
        Keep::Reminder,
        "herinner me eraan|herinner mij eraan|herinner me aan|herinner mij aan|herinner me om|herinner me morgen",
    ),
    (
        Tongue::Danish,
        Keep::Rest,
        "husk, at|husk at|husk:|husk|noter, at|noter at|noter:|notér, at|notér at|notér:|notér|glem ikke, at|glem ikke at|glem ikke:|skriv ned:|\
skriv ned at|skriv op:|skriv op at|notere at|notere, at|skrive ned at|skrive op at|notat:",
    ),
    (Tongue::Danish, Keep::Whole, "glem ikke|glem aldrig"),
    (Tongue::Danish, Keep::Reminder, "mind mig om|påmind mig om|husk mig på"),
    (Tongue::Norwegian, Keep::Rest, "noter deg at|skriv ned at"),
    (Tongue::Norwegian, Keep::Whole, "glem aldri"),
    (Tongue::Norwegian, Keep::Reminder, "minn meg på|påminn meg om"),
    (
        Tongue::Swedish,
        Keep::Rest,
        "kom ihåg att|kom ihåg:|kom ihåg|anteckna att|anteckna:|anteckna|skriv upp att|skriv upp:|glöm inte att|\
glöm inte:|komma ihåg att|anteckna att|skriva upp att|anteckning:",
    ),
    (Tongue::Swedish, Keep::Whole, "glöm inte|glöm aldrig"),
    (Tongue::Swedish, Keep::Reminder, "påminn mig om|påminn mig att"),
    (
        Tongue::Polish,
        Keep::Rest,
        "zapamiętaj, że|zapamiętaj że|zapamiętaj:|zapamiętaj|zanotuj, że|zanotuj że|zanotuj:|zanotuj|zapisz, że|\
zapisz że|zapisz:|pamiętaj, że|pamiętaj że|nie zapomnij, że|nie zapomnij że|zapamiętać, że|zapamiętać że|zanotować, że|\
zanotować że|zapisać, że|zapisać że|notatka:",
    ),
    (Tongue::Polish, Keep::Whole, "nie zapomnij|nie zapominaj|pamiętaj o"),
    (
        Tongue::Polish,
        Keep::Reminder,
        "przypomnij mi, żebym|przypomnij mi żebym|przypomnij mi, że|przypomnij mi o|przypomnij mi",
    ),
    (
        Tongue::Russian,
        Keep::Rest,
        "запомни, что|запомни что|запомни:|запомни|запиши, что|запиши что|запиши:|запиши|помни, что|помни что|\
не забудь, что|не забудь что|запомнить, что|запомнить что|записать, что|записать что|заметка:",
    ),
    (Tongue::Russian, Keep::Whole, "не забудь|не забывай"),
    (Tongue::Russian, Keep::Reminder, "напомни мне|напомни"),
    (
        Tongue::Chinese,
        Keep::Rest,
        "记住：|记住:|记住|记下：|记下:|记下|帮我记住|帮我记下|别忘了|别忘记|不要忘了|不要忘记|笔记：|笔记:|备忘：|备忘:",
    ),
    (Tongue::Chinese, Keep::Reminder, "提醒我"),
    (Tongue::Japanese, Keep::Rest, "メモ：|メモ:|覚えておいて：|覚えておいて:"),
];
/// The same at the end, where the verb stands last.
pub(in crate::offline) const REMEMBER_LAST: &[(Keep, &str)] = &[
    (Keep::Rest, "と覚えておいて|を覚えておいて|とメモして|をメモして"),
    (Keep::Whole, "を忘れないで|は忘れないで"),
    (Keep::Reminder, "をリマインドして|とリマインドして|を思い出させて"),
];
/// What may follow such a verb.
pub(in crate::offline) const POLITE_END: &str = "ください";
/// What is nothing to be noted, though it stands behind such a verb: "remember me".
pub(in crate::offline) const SOMEBODY: &str = "me|us|you|him|her|mich|mir|uns|ihn|moi|nous|lui|me|nos|mi|noi|mim|mij|ons|hem|haar|mig|os|\
ham|hende|oss|honom|henne|meg|mnie|nas|меня|нас|его|её|我|我们|私";
