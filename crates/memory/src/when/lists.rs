//! Words of time by language: months, weekdays, units, numbers, and phrases such as "last week". Accents are dropped
//! when [`super::tables`] reads them.

use super::calendar::Span;

/// January to December; an ending `*` stands for an ending of the language, see [`is_ending`].
pub(super) const MONTHS: [&str; 12] = [
    "january jan januar januari janvier enero janeiro gennaio ocak* январ* tammikuu* يناير ינואר जनवरी",
    "february feb februar februari février febrero fevereiro febbraio şubat* феврал* helmikuu* فبراير شباط פברואר फरवरी",
    "march mar marts mars märz maart marzo março mart martta marttan март* maaliskuu* مارس اذار מרץ מרס मार्च",
    "april apr avril abril aprile nisan nisanda nisandan апрел* huhtikuu* ابريل نيسان אפריל अप्रैल",
    "may maj mai mei mayo maio maggio mayıs* май мая мае маем маю toukokuu* مايو ايار מאי मई",
    "june jun juni juin junio junho giugno haziran* июн* kesäkuu* يونيو حزيران יוני जून",
    "july jul juli juillet julio julho luglio temmuz* июл* heinäkuu* يوليو تموز יולי जुलाई",
    "august aug augusti augustus août agosto ağustos* август* elokuu* اغسطس אוגוסט अगस्त",
    "september sep sept septembre septiembre setembro settembre eylül* сентябр* syyskuu* سبتمبر ايلول ספטמבר सितंबर सितम्बर",
    "october oct okt oktober octobre octubre outubro ottobre ekim ekimde ekimden октябр* lokakuu* اكتوبر אוקטובר अक्टूबर",
    "november nov novembre noviembre novembro kasım* ноябр* marraskuu* نوفمبر נובמבר नवंबर",
    "december dec dez des dezember desember décembre diciembre dezembro dicembre aralık* декабр* joulukuu* ديسمبر דצמבר दिसंबर",
];

/// What follows the stem of a month or a weekday in Russian. Other words begin like one: not every "март…" is about March.
pub(super) const RUSSIAN_ENDINGS: &str = "ь я е ю ем ём ям ями ях ей а у ом ы и ам ами ах ов ой";
/// Between the stem and the ending of an adjective: "январские", "мартовский", "августовская".
pub(super) const RUSSIAN_ADJECTIVES: &str = "ск овск";
pub(super) const RUSSIAN_ADJECTIVE_ENDINGS: &str = "ий ая ое ие ого ому им ом ой ую их ими ем";
/// Letters of the endings of Turkish and Finnish, which come one after the other: "tammikuussakaan".
pub(super) const MAX_ENDING: usize = 7;

/// Months that are also verbs, names, sauces or planets: they need a preposition or a number beside them.
pub(super) const DOUBTFUL: &str = "may march mar mars mart april june jun jul july august augustus jan mayo julio nisan ekim des dec dez sep sept nov oct feb apr aug";

/// Monday to Sunday.
pub(super) const WEEKDAYS: [&str; 7] = [
    "monday mondays montag montags mandag måndag montagen mandags mandagen mandager måndags måndagen lundis pazartesiden pazartesiye pazartesinin pazartesileri maandag lundi lunes lunedì pazartesi понедельник* maanantai* الاثنين सोमवार",
    "tuesday tuesdays dienstag dienstags tirsdag tisdag dienstagen tirsdags tirsdagen tirsdager tisdags tisdagen mardis salıdan salıya salının dinsdag mardi martes martedì salı вторник* tiistai* الثلاثاء मंगलवार",
    "wednesday wednesdays mittwoch mittwochs onsdag onsdags onsdagen onsdager mercredis çarşambadan çarşambaya çarşambanın среды среде woensdag mercredi miércoles mercoledì çarşamba сред среда среду keskiviikko* الاربعاء बुधवार",
    "thursday thursdays donnerstag donnerstags torsdag donnerstagen torsdags torsdagen torsdager jeudis perşembeden perşembeye perşembenin donderdag jeudi jueves giovedì perşembe четверг* torstai* الخميس गुरुवार",
    "friday fridays freitag freitags fredag freitage freitagen fredags fredagen fredager fredage fredagar vrijdagen vendredis cumadan cumaya cumanın vrijdag vendredi viernes venerdì cuma пятниц* perjantai* الجمعه शुक्रवार",
    "saturday saturdays samstag samstags sonnabend lørdag lördag samstage samstagen lørdags lørdagen lørdager lördags lördagen samedis sábados cumartesiden cumartesiye cumartesinin zaterdag samedi sábado sabato cumartesi суббот* lauantai* السبت शनिवार",
    "sunday sundays sonntag sonntags søndag söndag sonntage sonntagen søndags søndagen søndager söndags söndagen dimanches domingos zondag dimanche domingo domenica pazar воскресень* sunnuntai* الاحد रविवार",
];
/// Portuguese and Hebrew weekdays are two words.
pub(super) const WEEKDAY_PAIRS: [&str; 7] = [
    "segunda feira|segunda passada|יום שני",
    "terça feira|terça passada|יום שלישי",
    "quarta feira|quarta passada|יום רביעי",
    "quinta feira|quinta passada|יום חמישי",
    "sexta feira|sexta passada|יום שישי",
    "יום שבת",
    "יום ראשון",
];

/// Prepositions that make a doubtful month a month.
pub(super) const ENGLISH_EVIDENCE: &str =
    "in since until till during before after from of last next early late mid around between by on";
pub(super) const EVIDENCE: &str = "in since until till during before after from of last next early late mid around between by on \
im am seit bis vor nach ab ende anfang mitte letzten den til fra før efter siden sidste i om från före sedan förra fra etter siste sinds vanaf tot op eind begin \
en depuis avant après du au fin début de desde hasta antes del el em até no a nel dal di da fino dopo geçen в с до после прошлом في منذ حتى قبل بعد מאז लिए zwischen mellem mellom mellan tussen entre tra fra forrige sist sista vorige afgelopen";

/// Marks of an open range. What follows "since" runs to today.
pub(super) const SINCE: &str = "since seit siden sedan sinds vanaf depuis desde dal dalla с منذ מאז ab";
pub(super) const AFTER: &str = "after nach efter etter après después depois dopo после بعد אחרי";
pub(super) const BEFORE: &str = "before vor før før innan före voor avant antes prima قبل לפני ennen";
pub(super) const UNTIL: &str =
    "until till bis til till tills indtil inntil tot jusqu hasta até fino до حتى עד";
pub(super) const BETWEEN: &str = "between zwischen mellem mellom mellan tussen entre tra между بين בין";
/// Between two ends of a range; the second list only after [`BETWEEN`] or [`FROM`].
pub(super) const LINKS: &str =
    "to until till through thru bis til till tot au al ao jusqu hasta até fino до по الى حتى עד से";
pub(super) const WEAK_LINKS: &str = "and und og och en et y e и و a ja ve ile और ל ו";
pub(super) const FROM: &str = "from von vom vom fra från van de du des dal da desde с со от من dall";
pub(super) const ARTICLES: &str = "the der den dem die das de het le la les l el il lo los os o a du del della dem of um ca i on en em в am im in zum zur al au ao di mois mes mês mese monat día dia días dias giorno ה يوم شهر חודש בחודש";
pub(super) const YEAR_EVIDENCE: &str = "in im i en em nel in since seit siden sedan sinds depuis desde dal after before until vor nach før efter year jahr år jaar année año ano anno в с до год في عام سنه בשנת during of von fra from";

/// "last", for a month or a weekday: "last Monday", "letzten März".
pub(super) const LAST: &str = "last past previous letzten letzter letzte letztem letztes vorigen vorige vergangenen vergangene vergangener sidste forrige siste sist förra förre sista senaste afgelopen laatste dernier dernière passé passée \
passe pasado último última ultimo ultima passado passada pasada scorso scorsa geçen прошлый прошлую прошлом прошлой прошлое прошлого الماضي الماضيه האחרון האחרונה שעבר שעברה पिछले पिछली viime";
pub(super) const NEXT: &str = "next nächsten nächste kommenden næste neste nästa volgende prochain prochaine próximo próxima prossimo prossima gelecek следующий следующем القادم הבא अगले ensi";
/// "last" and "next" behind the weekday or month; before it they belong to what comes then: "Monday, next to the bank".
pub(super) const LAST_AFTER: &str = "dernier dernière passé passée passe pasado pasada passado passada scorso scorsa الماضي الماضيه האחרון האחרונה שעבר שעברה";
pub(super) const NEXT_AFTER: &str = "prochain prochaine próximo próxima prossimo prossima القادم הבא הבאה";
/// "this", which changes no range.
pub(super) const THIS: &str = "this diesen diesem dieser diese denne denna deze ce este esta neste nesta questo questa bu этот этом эту هذا";
/// Units that are one of them with an "ago" and without a number: "viikko sitten", "неделю назад".
pub(super) const SINGLES: &str =
    "päivä viikko kuukausi vuosi день неделю месяц год يوم اسبوع شهر سنه عام יום שבוע חודש שנה";
/// Besides the marks above, what leads up to a time and says nothing without it.
pub(super) const PREPOSITIONS: &str = "at for during für pour para per på om op under fram frem на во за dans خلال durante pendant während tijdens na nas nos nella nello sur por ב ל מ";
/// What ends a time: "in Mart ayında", "5 марта 2026 года", "सोमवार को".
pub(super) const TAILS: &str = "tarihleri tarihinde tarihinden tarihine ayı ayında ayından ayına ayının günü gününden gününe года месяца месяце में को के måned måneds månad";
/// Of these, what proves a month.
pub(super) const MONTH_TAILS: &str =
    "tarihleri tarihinde tarihinden tarihine ayı ayında ayından ayına ayının måned månad месяца месяце";
/// Marks of an open range behind the time.
pub(super) const SINCE_BEHIND: &str = "onward onwards beri itibaren lähtien alkaen से";
pub(super) const AFTER_BEHIND: &str = "sonra jälkeen बाद";
pub(super) const BEFORE_BEHIND: &str = "önce पहले";
pub(super) const UNTIL_BEHIND: &str = "kadar dek asti saakka तक";
pub(super) const BETWEEN_BEHIND: &str = "arasında arası välillä बीच";
/// "last" before a number of units: "the last three days".
pub(super) const PAST: &str = "last past previous letzten vergangenen sidste seneste siste senaste afgelopen laatste derniers dernières últimos últimas ultimi ultime son последние последних اخر पिछले viimeisten";

/// Days, weeks, months, years.
pub(super) const UNITS: [&str; 4] = [
    "day days tag tage tagen dag dage dager dagar dagen jour jours día días dia dias giorno giorni gün день дня дней يوم ايام יום ימים दिन päivää päivä",
    "week weeks woche wochen uge uger uke uker vecka veckor weken semaine semaines semana semanas settimana settimane hafta неделю недели недель اسبوع اسابيع שבוע שבועות हफ्ते हफ़्ते सप्ताह viikkoa viikko",
    "month months monat monate monaten måned måneder månad månader maand maanden mois mes meses mês mese mesi ay месяц месяца месяцев شهر اشهر חודש חודשים महीने kuukautta kuukausi",
    "year years jahr jahre jahren år jaar jaren an ans année années año años ano anos anno anni yıl sene год года лет سنه سنوات שנה שנים साल वर्ष vuotta vuosi",
];
/// Two of them in one word.
pub(super) const TWICE: [&str; 4] = ["يومين יומיים", "اسبوعين שבועיים", "شهرين חודשיים", "سنتين שנתיים"];

/// One to twelve.
pub(super) const NUMBERS: [&str; 12] = [
    "one a an ein eine einem einer einen en et ett een un une uno una um uma bir один одну واحد אחד एक yksi",
    "two couple par paar paio pari пару zwei to två twee deux dos dois duas due iki два две שני שתי दो kaksi",
    "three drei tre drie trois tres três üç три ثلاثه ثلاث שלושה שלוש तीन kolme",
    "four vier fire fyra quatre cuatro quatro quattro dört четыре اربعه اربع ארבעה ארבע चार neljä",
    "five fünf fem vijf cinq cinco cinque beş пять خمسه خمس חמישה חמש पांच viisi",
    "six sechs seks sex zes seis sei altı шесть سته ست שישה שש छह kuusi",
    "seven sieben syv sju zeven sept siete sete sette yedi семь سبعه سبع שבעה שבע सात seitsemän",
    "eight acht otte åtte åtta huit ocho oito otto sekiz восемь ثمانيه שמונה आठ kahdeksan",
    "nine neun ni nio negen neuf nueve nove dokuz девять تسعه תשעה नौ yhdeksän",
    "ten zehn ti tio tien dix diez dez dieci on десять عشره עשרה दस kymmenen",
    "eleven elf elleve elva onze once undici onbir одиннадцать yksitoista",
    "twelve zwölf tolv twaalf douze doce doze dodici oniki двенадцать kaksitoista",
];
/// "ago" after the unit, and before the number.
pub(super) const AGO_AFTER: &str = "ago geleden siden sedan fa atrás atras önce назад पहले sitten earlier";
pub(super) const AGO_BEFORE: &str = "vor a hace há faz قبل منذ לפני";

pub(super) const PHRASES: [(Span, &str); 20] = [
    (
        Span::Day(0),
        "today|tonight|this morning|this afternoon|this evening|esta mañana|heute|i dag|i aften|idag|ikväll|vandaag|aujourd hui|hoy|hoje|oggi|bugün|сегодня|اليوم|היום|आज|tänään",
    ),
    (
        Span::Day(-1),
        "yesterday|yesterday morning|yesterday afternoon|gestern|gestern früh|gestern morgen|gestern vormittag|gestern mittag|gestern nachmittag|i går|igår|gisteren|hier|ayer|ontem|ieri|dün|вчера|امس|אתמול|बीता कल|eilen",
    ),
    (
        Span::Day(-2),
        "day before yesterday|vorgestern|i forgårs|i forgars|eergisteren|avant hier|anteayer|anteontem|l altro ieri|evvelsi gün|позавчера|اول امس|שלשום|परसों",
    ),
    (Span::Day(1), "tomorrow|morgen früh|i morgen|imorgon|demain|mañana|amanhã|domani|yarın|завтра|غدا|מחר"),
    (
        Span::Day(2),
        "day after tomorrow|übermorgen|i overmorgen|i övermorgon|overmorgen|après demain|pasado mañana|depois de amanhã|dopodomani|послезавтра",
    ),
    (
        Span::Night,
        "last night|yesterday evening|yesterday night|letzte nacht|gestern abend|i går aftes|i nat|hier soir|cette nuit|anoche|ontem à noite|ieri sera|stanotte|dün gece|вчера вечером|gisteravond|igår kväll",
    ),
    (
        Span::Week(-1),
        "last week|previous week|past week|letzte woche|letzter woche|letzten woche|vergangene woche|vergangenen woche|vorige woche|vorigen woche|sidste uge|forrige uge|i sidste uge|forrige uke|forrige uken|sist uke|siste uke|siste uken|siste uka|förra veckan|sista veckan|senaste veckan|vorige week|afgelopen week|\
        semaine dernière|semaine passée|semana pasada|última semana|semana passada|settimana scorsa|scorsa settimana|geçen hafta|geçen haftaki|прошлой неделе|прошлую неделю|الاسبوع الماضي|שבוע שעבר|בשבוע שעבר|पिछले हफ्ते|पिछले सप्ताह|पिछले हफ़्ते|viime viikolla|viime viikon",
    ),
    (
        Span::Week(0),
        "this week|diese woche|dieser woche|denne uge|i denne uge|denne uka|denne uken|denna vecka|den här veckan|deze week|cette semaine|esta semana|questa settimana|bu hafta|этой неделе|эту неделю|هذا الاسبوع|השבוע|इस हफ्ते|इस सप्ताह|tällä viikolla",
    ),
    (
        Span::Week(1),
        "next week|nächste woche|nächster woche|næste uge|neste uke|nästa vecka|volgende week|semaine prochaine|próxima semana|semana que viene|prossima settimana|gelecek hafta|следующей неделе|الاسبوع القادم|שבוע הבא|अगले हफ्ते|ensi viikolla",
    ),
    (
        Span::Weekend(-1),
        "last weekend|at the weekend|on the weekend|over the weekend|am wochenende|in het weekend|nel weekend|no fim de semana|letztes wochenende|letzten wochenende|vergangenes wochenende|sidste weekend|i weekenden|forrige helg|förra helgen|afgelopen weekend|week end dernier|weekend dernier|fin de semana pasado|fim de semana passado|scorso weekend|weekend scorso|geçen hafta sonu|прошлые выходные|прошлых выходных|viikonloppuna|viime viikonloppuna",
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
        "next month|nächsten monat|næste måned|neste måned|nästa månad|volgende maand|mois prochain|próximo mes|próximo mês|prossimo mese|gelecek ay|следующем месяце|الشهر القادم|חודש הבא|अगले महीने|ensi kuussa",
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
        "next year|nächstes jahr|nächsten jahr|næste år|neste år|nästa år|volgend jaar|année prochaine|an prochain|próximo año|próximo ano|prossimo anno|gelecek yıl|следующем году|العام القادم|שנה הבאה|अगले साल|ensi vuonna",
    ),
    (
        Span::Weekend(0),
        "this weekend|dieses wochenende|denne weekend|denne helgen|i helgen|dit weekend|ce week end|ce weekend|este fin de semana|questo weekend|bu hafta sonu|эти выходные|tänä viikonloppuna",
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
