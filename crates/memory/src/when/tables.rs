//! Words of time by language: months, weekdays, units, numbers, and phrases such as "last week". Accents are dropped
//! when the tables are read.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::calendar::Span;
use crate::words::folded;

/// January to December; an ending `*` stands for an ending of the language, see [`is_ending`].
const MONTHS: [&str; 12] = [
    "january jan januar januari janvier enero janeiro gennaio ocak* январ* tammikuu* يناير ינואר जनवरी",
    "february feb februar februari février febrero fevereiro febbraio şubat* феврал* helmikuu* فبراير פברואר फरवरी",
    "march mar marts mars märz maart marzo março mart март* maaliskuu* مارس מרץ מרס मार्च",
    "april apr avril abril aprile nisan апрел* huhtikuu* ابريل אפריל अप्रैल",
    "may maj mai mei mayo maio maggio mayıs* май мая мае toukokuu* مايو מאי मई",
    "june jun juni juin junio junho giugno haziran* июн* kesäkuu* يونيو יוני जून",
    "july jul juli juillet julio julho luglio temmuz* июл* heinäkuu* يوليو יולי जुलाई",
    "august aug augusti augustus août agosto ağustos* август* elokuu* اغسطس אוגוסט अगस्त",
    "september sep sept septembre septiembre setembro settembre eylül* сентябр* syyskuu* سبتمبر ספטמבר सितंबर सितम्बर",
    "october oct okt oktober octobre octubre outubro ottobre ekim октябр* lokakuu* اكتوبر אוקטובר अक्टूबर",
    "november nov novembre noviembre novembro kasım* ноябр* marraskuu* نوفمبر נובמבר नवंबर",
    "december dec dez des dezember desember décembre diciembre dezembro dicembre aralık* декабр* joulukuu* ديسمبر דצמבר दिसंबर",
];

/// What follows the stem of a month or a weekday in Russian. Other words begin like one: not every "март…" is about March.
const RUSSIAN_ENDINGS: &str = "ь я е ю ем ём ям ями ях ей а у ом ы и ам ами ах ов ой";
/// Between the stem and the ending of an adjective: "январские", "мартовский", "августовская".
const RUSSIAN_ADJECTIVES: &str = "ск овск";
const RUSSIAN_ADJECTIVE_ENDINGS: &str = "ий ая ое ие ого ому им ом ой ую их ими ем";
/// Letters of the endings of Turkish and Finnish, which come one after the other: "tammikuussakaan".
const MAX_ENDING: usize = 7;

/// Months that are also verbs, names, sauces or planets: they need a preposition or a number beside them.
const DOUBTFUL: &str = "may march mar mars mart april june jun jul july august augustus jan mayo julio nisan ekim des dec dez sep nov oct feb apr aug";

/// Monday to Sunday.
const WEEKDAYS: [&str; 7] = [
    "monday mondays montag montags mandag måndag maandag lundi lunes lunedì pazartesi понедельник* maanantai* الاثنين सोमवार",
    "tuesday tuesdays dienstag dienstags tirsdag tisdag dinsdag mardi martes martedì salı вторник* tiistai* الثلاثاء मंगलवार",
    "wednesday wednesdays mittwoch mittwochs onsdag woensdag mercredi miércoles mercoledì çarşamba сред среда среду keskiviikko* الاربعاء बुधवार",
    "thursday thursdays donnerstag donnerstags torsdag donderdag jeudi jueves giovedì perşembe четверг* torstai* الخميس गुरुवार",
    "friday fridays freitag freitags fredag vrijdag vendredi viernes venerdì cuma пятниц* perjantai* الجمعه शुक्रवार",
    "saturday saturdays samstag samstags sonnabend lørdag lördag zaterdag samedi sábado sabato cumartesi суббот* lauantai* السبت शनिवार",
    "sunday sundays sonntag sonntags søndag söndag zondag dimanche domingo domenica pazar воскресень* sunnuntai* الاحد रविवार",
];
/// Portuguese and Hebrew weekdays are two words.
const WEEKDAY_PAIRS: [&str; 7] = [
    "segunda feira|יום שני",
    "terça feira|יום שלישי",
    "quarta feira|יום רביעי",
    "quinta feira|יום חמישי",
    "sexta feira|יום שישי",
    "יום שבת",
    "יום ראשון",
];

/// Prepositions that make a doubtful month a month.
const ENGLISH_EVIDENCE: &str =
    "in since until till during before after from of last next early late mid around between by on";
const EVIDENCE: &str = "in since until till during before after from of last next early late mid around between by on \
im am seit bis vor nach ab ende anfang mitte letzten den til fra før efter siden sidste i om från före sedan förra fra etter siste sinds vanaf tot op eind begin \
en depuis avant après du au fin début de desde hasta antes del el em até no a nel dal di da fino dopo geçen в с до после прошлом في منذ حتى قبل بعد מאז लिए";

/// Marks of an open range. What follows "since" runs to today.
const SINCE: &str = "since seit siden sedan sinds depuis desde dal dalla с منذ מאז ab alkaen";
const AFTER: &str = "after nach efter etter après después depois dopo после بعد אחרי";
const BEFORE: &str = "before vor før før innan före voor avant antes prima до قبل לפני ennen";
const UNTIL: &str = "until till bis til till tot jusqu hasta até fino حتى עד";
const BETWEEN: &str = "between zwischen mellem mellom mellan tussen entre tra между بين בין";
/// Between two ends of a range; the second list only after [`BETWEEN`] or [`FROM`].
const LINKS: &str = "to until till through bis til till tot au al до";
const WEAK_LINKS: &str = "and und og och en et y e и و a";
const FROM: &str = "from von vom fra från van de du des dal da desde с من";
const ARTICLES: &str =
    "the der den dem die das de het le la les el il lo o a du del della dem of um ca i on en em в am im in";
const YEAR_EVIDENCE: &str = "in im i en em nel in since seit siden sedan sinds depuis desde dal after before until vor nach før efter year jahr år jaar année año ano anno в с до год في عام سنه בשנת during of von fra from";

/// "last", for a month or a weekday: "last Monday", "letzten März".
const LAST: &str = "last past previous letzten letzter letzte letztem vorigen sidste forrige siste förra senaste vorige afgelopen laatste dernier dernière passé \
passe pasado último ultimo passado scorso scorsa geçen прошлый прошлую прошлом прошлой الماضي האחרון पिछले viime";
const NEXT: &str = "next nächsten nächste kommenden næste neste nästa volgende prochain prochaine próximo próxima prossimo prossima gelecek следующий следующем القادم הבא अगले ensi";
/// "last" before a number of units: "the last three days".
const PAST: &str = "last past previous letzten vergangenen sidste seneste siste senaste afgelopen laatste derniers dernières últimos últimas ultimi ultime son последние последних اخر पिछले viimeisten";

/// Days, weeks, months, years.
const UNITS: [&str; 4] = [
    "day days tag tage tagen dag dage dager dagar dagen jour jours día días dia dias giorno giorni gün день дня дней يوم ايام יום ימים दिन päivää",
    "week weeks woche wochen uge uger uke uker vecka veckor weken semaine semaines semana semanas settimana settimane hafta неделю недели недель اسبوع اسابيع שבוע שבועות हफ्ते हफ़्ते सप्ताह viikkoa",
    "month months monat monate monaten måned måneder månad månader maand maanden mois mes meses mês mese mesi ay месяц месяца месяцев شهر اشهر חודש חודשים महीने kuukautta",
    "year years jahr jahre jahren år jaar jaren an ans année années año años ano anos anno anni yıl sene год года лет سنه سنوات שנה שנים साल वर्ष vuotta",
];
/// Two of them in one word.
const TWICE: [&str; 4] = ["يومين יומיים", "اسبوعين שבועיים", "شهرين חודשיים", "سنتين שנתיים"];

/// One to twelve.
const NUMBERS: [&str; 12] = [
    "one a an ein eine einem einer einen en et ett een un une uno una um uma bir один одну واحد אחד एक yksi",
    "two couple zwei to två twee deux dos dois duas due iki два две שני שתי दो kaksi",
    "three drei tre drie trois tres três üç три ثلاثه ثلاث שלושה שלוש तीन kolme",
    "four vier fire fyra quatre cuatro quatro quattro dört четыре اربعه اربع ארבעה ארבע चार neljä",
    "five fünf fem vijf cinq cinco cinque beş пять خمسه خمس חמישה חמש पांच viisi",
    "six sechs seks sex zes seis sei altı шесть سته ست שישה שש छह kuusi",
    "seven sieben syv sju zeven sept siete sete sette yedi семь سبعه سبع שבעה שבע सात",
    "eight acht otte åtte åtta huit ocho oito otto sekiz восемь ثمانيه שמונה आठ",
    "nine neun ni nio negen neuf nueve nove dokuz девять تسعه תשעה नौ",
    "ten zehn ti tio tien dix diez dez dieci on десять عشره עשרה दस",
    "eleven elf elleve elva onze once undici onbir одиннадцать",
    "twelve zwölf tolv twaalf douze doce doze dodici oniki двенадцать",
];
/// "ago" after the unit, and before the number.
const AGO_AFTER: &str = "ago geleden siden sedan fa atrás atras önce назад पहले sitten earlier";
const AGO_BEFORE: &str = "vor a hace há قبل לפני";

const PHRASES: [(Span, &str); 19] = [
    (
        Span::Day(0),
        "today|tonight|this morning|this afternoon|this evening|heute|i dag|i aften|idag|ikväll|vandaag|aujourd hui|hoy|hoje|oggi|bugün|сегодня|اليوم|היום|आज|tänään",
    ),
    (
        Span::Day(-1),
        "yesterday|gestern|i går|igår|gisteren|hier|ayer|ontem|ieri|dün|вчера|امس|אתמול|बीता कल|eilen",
    ),
    (
        Span::Day(-2),
        "day before yesterday|vorgestern|i forgårs|i forgars|eergisteren|avant hier|anteayer|anteontem|l altro ieri|evvelsi gün|позавчера|اول امس|שלשום|परसों",
    ),
    (Span::Day(1), "tomorrow|morgen früh|i morgen|imorgon|demain|mañana|amanhã|domani|yarın|завтра|غدا|מחר"),
    (
        Span::Night,
        "last night|letzte nacht|gestern abend|i går aftes|i nat|hier soir|cette nuit|anoche|ontem à noite|ieri sera|stanotte|dün gece|вчера вечером|gisteravond|igår kväll",
    ),
    (
        Span::Week(-1),
        "last week|previous week|past week|letzte woche|letzter woche|vergangene woche|vorige woche|sidste uge|forrige uge|i sidste uge|forrige uke|sist uke|förra veckan|vorige week|afgelopen week|\
        semaine dernière|semaine passée|semana pasada|última semana|semana passada|settimana scorsa|scorsa settimana|geçen hafta|geçen haftaki|прошлой неделе|прошлую неделю|الاسبوع الماضي|שבוע שעבר|בשבוע שעבר|पिछले हफ्ते|पिछले सप्ताह|viime viikolla",
    ),
    (
        Span::Week(0),
        "this week|diese woche|dieser woche|denne uge|i denne uge|denne uka|denne uken|denna vecka|den här veckan|deze week|cette semaine|esta semana|questa settimana|bu hafta|этой неделе|эту неделю|هذا الاسبوع|השבוע|इस हफ्ते|इस सप्ताह|tällä viikolla",
    ),
    (
        Span::Week(1),
        "next week|nächste woche|nächster woche|næste uge|neste uke|nästa vecka|volgende week|semaine prochaine|próxima semana|semana que viene|prossima settimana|gelecek hafta|следующей неделе|الاسبوع القادم|שבוע הבא|अगले हफ्ते",
    ),
    (
        Span::Weekend(-1),
        "last weekend|letztes wochenende|letzten wochenende|vergangenes wochenende|sidste weekend|i weekenden|forrige helg|förra helgen|afgelopen weekend|week end dernier|weekend dernier|fin de semana pasado|fim de semana passado|scorso weekend|weekend scorso|geçen hafta sonu|прошлые выходные|прошлых выходных",
    ),
    (
        Span::Month(-1),
        "last month|previous month|past month|letzten monat|letzter monat|vorigen monat|vergangenen monat|sidste måned|forrige måned|förra månaden|vorige maand|afgelopen maand|mois dernier|mois passé|mes pasado|mês passado|\
        mese scorso|scorso mese|geçen ay|прошлом месяце|прошлый месяц|الشهر الماضي|חודש שעבר|בחודש שעבר|पिछले महीने|viime kuussa",
    ),
    (
        Span::Month(0),
        "this month|diesen monat|diesem monat|denne måned|i denne måned|denne måneden|denna månad|den här månaden|deze maand|ce mois|ce mois ci|este mes|este mês|questo mese|bu ay|этом месяце|هذا الشهر|החודש|इस महीने|tässä kuussa",
    ),
    (
        Span::Month(1),
        "next month|nächsten monat|næste måned|neste måned|nästa månad|volgende maand|mois prochain|próximo mes|próximo mês|prossimo mese|gelecek ay|следующем месяце|الشهر القادم|חודש הבא|अगले महीने",
    ),
    (
        Span::Year(-1),
        "last year|previous year|past year|letztes jahr|letzten jahr|vergangenes jahr|vergangenen jahr|voriges jahr|sidste år|i fjor|ifjor|i fjol|förra året|vorig jaar|afgelopen jaar|année dernière|an dernier|an passé|año pasado|\
        ano passado|anno scorso|scorso anno|geçen yıl|geçen sene|прошлом году|прошлый год|العام الماضي|السنه الماضيه|שנה שעברה|בשנה שעברה|पिछले साल|viime vuonna",
    ),
    (
        Span::Year(0),
        "this year|dieses jahr|diesem jahr|dette år|i år|dette året|det här året|dit jaar|cette année|este año|este ano|quest anno|bu yıl|bu sene|этом году|هذا العام|هذه السنه|השנה|इस साल|tänä vuonna",
    ),
    (
        Span::Year(1),
        "next year|nächstes jahr|nächsten jahr|næste år|neste år|nästa år|volgend jaar|année prochaine|an prochain|próximo año|próximo ano|prossimo anno|gelecek yıl|следующем году|العام القادم|שנה הבאה|अगले साल",
    ),
    (
        Span::Weekend(0),
        "this weekend|dieses wochenende|denne weekend|denne helgen|i helgen|dit weekend|ce week end|ce weekend|este fin de semana|questo weekend|bu hafta sonu|эти выходные",
    ),
    (
        Span::Recent,
        "recently|lately|the other day|kürzlich|neulich|in letzter zeit|letztens|for nylig|fornylig|for nylig|nylig|nyligen|onlangs|récemment|dernièrement|recientemente|últimamente|recentemente|ultimamente|di recente|son zamanlarda|geçenlerde|недавно|مؤخرا|לאחרונה|हाल ही|हाल में|äskettäin",
    ),
    (
        Span::Past(7),
        "past few days|last few days|letzten tage|letzten tagen|de sidste dage|seneste dage|ces derniers jours|últimos días|últimos dias|ultimi giorni|son günlerde|последние дни",
    ),
    (
        Span::Past(31),
        "past few weeks|last few weeks|letzten wochen|seneste uger|de sidste uger|dernières semaines|últimas semanas|ultime settimane|son haftalarda|последние недели",
    ),
];

/// What a word can be.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sense {
    /// 1 to 12.
    pub(super) month: Option<i8>,
    pub(super) doubtful: bool,
    /// 0 is Monday.
    pub(super) weekday: Option<i8>,
    /// 0 to 3: day, week, month, year, and how many in one word.
    pub(super) unit: Option<(usize, i32)>,
    pub(super) number: Option<i32>,
    pub(super) marks: Marks,
}

macro_rules! marks {
    ($($name:ident $list:expr),* $(,)?) => {
        /// What a small word says about the time beside it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Mark { $($name),* }
        const MARKS: &[(Mark, &str)] = &[$((Mark::$name, $list)),*];
    };
}

marks! {
    Evidence EVIDENCE,
    English ENGLISH_EVIDENCE,
    Since SINCE,
    After AFTER,
    Before BEFORE,
    Until UNTIL,
    Between BETWEEN,
    Link LINKS,
    WeakLink WEAK_LINKS,
    From FROM,
    Article ARTICLES,
    Year YEAR_EVIDENCE,
    Last LAST,
    Next NEXT,
    Past PAST,
    AgoAfter AGO_AFTER,
    AgoBefore AGO_BEFORE,
}

/// A set of [`Mark`]s.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks(u32);

impl Marks {
    pub(super) fn has(self, mark: Mark) -> bool {
        self.0 & (1 << mark as u32) != 0
    }
}

struct Tables {
    words: HashMap<String, Sense>,
    /// Words with an ending.
    stems: Vec<(String, Sense)>,
    russian_endings: HashSet<String>,
    phrases: HashMap<String, Vec<(Vec<String>, Span)>>,
    weekday_pairs: Vec<(Vec<String>, i8)>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = Tables {
        words: HashMap::new(),
        stems: Vec::new(),
        russian_endings: russian_endings(),
        phrases: HashMap::new(),
        weekday_pairs: Vec::new(),
    };
    for (list, number) in MONTHS.iter().zip(1..) {
        tables.add(list, |sense| sense.month = Some(number));
    }
    tables.add(DOUBTFUL, |sense| sense.doubtful = true);
    for (list, number) in WEEKDAYS.iter().zip(0..) {
        tables.add(list, |sense| sense.weekday = Some(number));
    }
    for (at, (one, two)) in UNITS.iter().zip(TWICE).enumerate() {
        tables.add(one, |sense| sense.unit = Some((at, 1)));
        tables.add(two, |sense| sense.unit = Some((at, 2)));
    }
    for (list, number) in NUMBERS.iter().zip(1..) {
        tables.add(list, |sense| sense.number = sense.number.or(Some(number)));
    }
    for (mark, list) in MARKS {
        tables.add(list, |sense| sense.marks.0 |= 1 << *mark as u32);
    }
    for (span, list) in PHRASES {
        for phrase in list.split('|').map(split) {
            if let Some(first) = phrase.first().cloned() {
                tables.phrases.entry(first).or_default().push((phrase, span));
            }
        }
    }
    for (list, number) in WEEKDAY_PAIRS.iter().zip(0..) {
        tables.weekday_pairs.extend(list.split('|').map(|pair| (split(pair), number)));
    }
    tables
});

fn russian_endings() -> HashSet<String> {
    let of_adjectives = RUSSIAN_ADJECTIVES.split_whitespace().flat_map(|middle| {
        RUSSIAN_ADJECTIVE_ENDINGS.split_whitespace().map(move |ending| format!("{middle}{ending}"))
    });
    RUSSIAN_ENDINGS
        .split_whitespace()
        .map(str::to_owned)
        .chain(of_adjectives)
        .map(|ending| folded(&ending))
        .collect()
}

fn split(phrase: &str) -> Vec<String> {
    phrase.split_whitespace().map(folded).collect()
}

impl Tables {
    fn add(&mut self, list: &str, set: impl Fn(&mut Sense)) {
        for word in list.split_whitespace() {
            match word.strip_suffix('*') {
                Some(stem) => {
                    let mut sense = Sense::default();
                    set(&mut sense);
                    self.stems.push((folded(stem), sense));
                }
                None => set(self.words.entry(folded(word)).or_default()),
            }
        }
    }
}

/// Whether a stem may go on like this: not every word that begins like a month is one.
fn is_ending(rest: &str) -> bool {
    match rest.chars().next() {
        None => true,
        Some('\u{400}'..='\u{52f}') => TABLES.russian_endings.contains(rest),
        Some(_) => rest.chars().count() <= MAX_ENDING,
    }
}

/// What a folded word can be. Hebrew writes "in" and "the" as part of it.
pub(super) fn sense(word: &str) -> Sense {
    let tables = &*TABLES;
    let direct = tables.words.get(word).copied();
    let goes_on = |(stem, _): &&(String, Sense)| word.strip_prefix(stem.as_str()).is_some_and(is_ending);
    let stemmed = || tables.stems.iter().find(goes_on).map(|(_, sense)| *sense);
    let bare = || word.strip_prefix(['ב', 'ה', 'ל', 'מ']).and_then(|rest| tables.words.get(rest)).copied();
    direct.or_else(stemmed).or_else(bare).unwrap_or_default()
}

/// The longest phrase at the start of some words, and how many words it has.
pub(super) fn phrase<'a>(words: impl Iterator<Item = &'a str> + Clone) -> Option<(Span, usize)> {
    let phrases = TABLES.phrases.get(words.clone().next()?)?;
    let fits = |(phrase, _): &&(Vec<String>, Span)| {
        words.clone().take(phrase.len()).eq(phrase.iter().map(String::as_str))
    };
    phrases
        .iter()
        .filter(fits)
        .max_by_key(|(phrase, _)| phrase.len())
        .map(|(phrase, span)| (*span, phrase.len()))
}

/// A weekday of two words.
pub(super) fn weekday_pair(first: &str, second: &str) -> Option<i8> {
    let fits =
        |(pair, _): &&(Vec<String>, i8)| matches!(pair.as_slice(), [a, b] if a == first && b == second);
    TABLES.weekday_pairs.iter().find(fits).map(|(_, number)| *number)
}
