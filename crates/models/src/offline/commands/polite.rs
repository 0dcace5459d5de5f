//! What stands around a request, and what stands for something said before.

use crate::offline::tongue::Tongue;

/// Politeness that may stand in front of a request; tried again and again.
pub(in crate::offline) const LEAD_INS: &[&str] = &[
    "please",
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
/// Thanks that may stand in front of a request, and what for: "thanks for the tip, remember that …".
pub(in crate::offline) const THANKS: &str = "thanks|thank you|many thanks|thx|ty|cheers|danke|danke dir|danke schön|dankeschön|\
vielen dank|besten dank|lieben dank|merci|gracias|muchas gracias|mil gracias|grazie|grazie mille|obrigado|obrigada|muito obrigado|\
muito obrigada|dank je|dank u|dankjewel|bedankt|tak|mange tak|tusind tak|tack|tack så mycket|takk|tusen takk|mange takk|dzięki|\
dziękuję|спасибо|большое спасибо|благодарю|谢谢|谢谢你|多谢|ありがとう|ありがとうございます";
/// Praise, agreement and turns to something else that may stand there too, with a mark behind them.
pub(in crate::offline) const PRAISE: &str = "great|perfect|good|very good|nice|very nice|cool|awesome|excellent|wonderful|fantastic|lovely|\
that's great|that is great|great idea|super|brilliant|amazing|well done|good job|great job|nice work|got it|i see|right|that's right|alright|all right|fine|sure|yes|yeah|yep|\
sounds good|by the way|btw|oh|ah|well|one more thing|another thing|one thing|before i forget|then|finally|\
das ist super|das ist gut|gut|sehr gut|prima|toll|klasse|perfekt|spitze|alles klar|genau|ja|wunderbar|schön|stimmt|passt|in ordnung|übrigens|ach ja|ach|\
noch etwas|noch was|apropos|bevor ich es vergesse|parfait|très bien|bien|génial|excellent|d'accord|oui|au fait|à propos|perfecto|\
genial|muy bien|estupendo|vale|de acuerdo|sí|por cierto|perfetto|ottimo|benissimo|bene|va bene|sì|a proposito|perfeito|ótimo|\
muito bem|está bem|sim|aliás|a propósito|perfect|goed|heel goed|mooi|fijn|trouwens|overigens|perfekt|fint|fedt|dejligt|godt|\
forresten|for resten|i øvrigt|bra|toppen|utmärkt|förresten|för övrigt|flott|supert|kjempebra|świetnie|dobrze|super|przy okazji|\
a propos|отлично|хорошо|супер|прекрасно|да|кстати|好的|好|很好|太好了|对了|顺便说一下|いいね|ところで|了解";
/// Greetings that may stand in front of a request, or be all of a message.
pub(in crate::offline) const GREETINGS: &[(Tongue, &str)] = &[
    (
        Tongue::English,
        "hi|hello|hey|hiya|yo|hello there|hi there|hey there|good morning|good afternoon|good evening|good night|dear openclaw",
    ),
    (
        Tongue::German,
        "hallo|guten tag|guten morgen|guten abend|gute nacht|moin|moin moin|servus|grüß gott|grüezi|na",
    ),
    (Tongue::French, "bonjour|bonsoir|salut|coucou|bonne nuit"),
    (Tongue::Spanish, "hola|buenos días|buenas tardes|buenas noches|buenas|buen día"),
    (Tongue::Italian, "ciao|buongiorno|buonasera|buonanotte|salve"),
    (Tongue::Portuguese, "olá|oi|bom dia|boa tarde|boa noite"),
    (Tongue::Dutch, "hallo|hoi|goedendag|goedemorgen|goedemiddag|goedenavond|dag"),
    (Tongue::Danish, "hej|hejsa|hejs|goddag|godmorgen|godaften|god morgen|god aften"),
    (Tongue::Swedish, "hej|hejsan|hallå|tjena|god morgon|god kväll|god dag"),
    (Tongue::Norwegian, "hei|heisann|hallo|god morgen|god dag|god kveld"),
    (Tongue::Polish, "cześć|dzień dobry|dobry wieczór|witaj|hej|hejka"),
    (Tongue::Russian, "привет|здравствуй|здравствуйте|добрый день|доброе утро|добрый вечер|приветствую"),
    (Tongue::Chinese, "你好|您好|早上好|下午好|晚上好|早安|嗨"),
    (Tongue::Japanese, "こんにちは|おはようございます|おはよう|こんばんは|やあ|もしもし"),
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
    "könntest du",
    "würdest du",
    "können sie",
    "könnten sie",
    "puedes",
    "podrías",
    "peux-tu",
    "pourrais-tu",
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

/// What a question inside a request begins with: "can you remember where I parked?" asks, and tells nothing.
pub(in crate::offline) const ASKING_WORDS: &str = "what|when|where|who|whom|whose|which|why|how|if|whether|was|wann|wo|wohin|wer|wem|wen|\
wie|warum|welche|welcher|welches|ob|ce que|quand|où|qui|quel|quelle|comment|pourquoi|combien|si|qué|cuándo|dónde|quién|cuál|cómo|\
cuánto|cuántos|cuánta|cuántas|che cosa|cosa|quando|dove|chi|quale|come|perché|quanto|quanti|se|o que|onde|quem|qual|como|quantos|quantas|\
wat|wanneer|waar|welke|hoe|waarom|hvad|hvornår|hvor|hvem|hvilken|hvilket|hvordan|hvorfor|om|vad|när|var|vem|vilken|hur|varför|hva|\
når|hvilke|co|kiedy|gdzie|kto|jak|jaki|jaka|jakie|ile|dlaczego|czy|что|когда|где|кто|какой|какая|какие|как|сколько|почему|куда|谁|什么|\
哪里|哪儿|几点|多少|怎么";

/// What points at something said before wherever nothing else is named.
pub(in crate::offline) const POINTING_BACK: &[&str] = &[
    "that",
    "this",
    "darüber",
    "davon",
    "dazu",
    "là-dessus",
    "cela",
    "ça",
    "eso",
    "esto",
    "ello",
    "questo",
    "quello",
    "isso",
    "isto",
    "disso",
    "daarover",
    "ervan",
    "det",
    "den",
    "derom",
    "dette",
    "tym",
    "nim",
    "niej",
    "этом",
    "нём",
    "ней",
    "这个",
    "那个",
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
