//! The same times in every language with stop words: what range each gives, and that nothing of it is left in what the
//! query is about.

use jiff::civil::date;

use crate::time::{Ageing, Time};

const WEEK: &str = "2023-11-06 2023-11-12";
const MARCH: &str = "2023-03-01 2023-03-31";
const THREE_DAYS: &str = "2023-11-12 2023-11-12";
const MONDAY: &str = "2023-11-13 2023-11-13";
const FIRST_FIVE: &str = "2023-03-01 2023-03-05";
const FIRST_FIVE_2026: &str = "2026-03-01 2026-03-05";
const MARCH_5: &str = "2026-03-05 2026-03-05";
const SINCE: &str = "2023-11-13 2023-11-15";
const UNTIL: &str = "1900-01-01 2023-11-10";
const WORKDAYS: &str = "2023-11-06 2023-11-10";
const SPRING: &str = "2023-03-01 2023-05-31";

/// Ranges in the order of the rows below.
const EXPECTED: [&str; 11] =
    [WEEK, MARCH, THREE_DAYS, MONDAY, FIRST_FIVE, FIRST_FIVE_2026, MARCH_5, SINCE, UNTIL, WORKDAYS, SPRING];

/// A key in a language, and how it says each range.
const ROWS: [(&str, [&str; 11]); 19] = [
    (
        "key",
        [
            "last week|the previous week|during the last week",
            "in March|last March|of March|in march|during March",
            "3 days ago|three days ago",
            "last Monday|on the last Monday|on Monday|i mandags|this past Monday",
            "from 1 to 5 March|between 1 and 5 March|1-5 March|1 - 5 March|1–5 March|from the 1st to the 5th of March|between the 1st and 5th of March|March 1-5|from March 1 to 5|March 1st to 5th|1 to 5 March|between March 1 and March 5|between March 1 and 5",
            "from 1 to 5 March 2026|1-5 March 2026|March 1-5, 2026|March 1 to 5, 2026|from 1 March to 5 March 2026|2026-03-01 to 2026-03-05",
            "on 5 March 2026|on March 5, 2026|on the 5th of March 2026|on 2026-03-05",
            "since Monday|since last Monday|Monday onwards",
            "until Friday|till Friday|until last Friday",
            "from Monday to Friday|between Monday and Friday",
            "between March and May|from March to May|from March through May 2023",
        ],
    ),
    (
        "Schlüssel",
        [
            "letzte Woche|in der letzten Woche|vergangene Woche|in der vorigen Woche",
            "im März|letzten März|im Monat März",
            "vor 3 Tagen|vor drei Tagen",
            "letzten Montag|am letzten Montag|am Montag|am vergangenen Montag|vorigen Montag",
            "vom 1. bis 5. März|zwischen 1. und 5. März|1.-5. März|1.–5. März|1. bis 5. März|vom 1. bis zum 5. März|zwischen dem 1. und dem 5. März|zwischen dem 1. März und dem 5. März",
            "vom 1. bis 5. März 2026|vom 1.-5. März 2026|1.-5.3.2026|vom 1. bis 5.3.2026|vom 1.3.2026 bis 5.3.2026",
            "am 5. März 2026|am 5.3.2026|am 05.03.2026",
            "seit Montag|seit letztem Montag|seit dem letzten Montag",
            "bis Freitag|bis zum Freitag|bis zum letzten Freitag",
            "von Montag bis Freitag|zwischen Montag und Freitag|vom Montag bis zum Freitag",
            "zwischen März und Mai|von März bis Mai|von März bis Mai 2023",
        ],
    ),
    (
        "sleutel",
        [
            "vorige week|afgelopen week|in de afgelopen week",
            "in maart|afgelopen maart",
            "3 dagen geleden|drie dagen geleden",
            "afgelopen maandag|vorige maandag|op maandag",
            "van 1 tot 5 maart|tussen 1 en 5 maart|1-5 maart|van 1 tot en met 5 maart|1 t/m 5 maart",
            "van 1 tot 5 maart 2026|1 t/m 5 maart 2026",
            "op 5 maart 2026|5-3-2026",
            "sinds maandag|sinds afgelopen maandag|vanaf maandag",
            "tot vrijdag|tot en met vrijdag",
            "van maandag tot vrijdag|tussen maandag en vrijdag|van maandag t/m vrijdag",
            "tussen maart en mei|van maart tot mei",
        ],
    ),
    (
        "nøgle",
        [
            "sidste uge|i sidste uge|forrige uge",
            "i marts|i marts måned|sidste marts",
            "for 3 dage siden|for tre dage siden|3 dage siden",
            "sidste mandag|i mandags|forrige mandag",
            "fra 1. til 5. marts|mellem 1. og 5. marts|1.-5. marts|fra den 1. til den 5. marts|mellem den 1. og den 5. marts|fra 1. til og med 5. marts|1. til 5. marts",
            "fra 1. til 5. marts 2026|1.-5. marts 2026",
            "den 5. marts 2026|5. marts 2026",
            "siden mandag|siden i mandags|siden sidste mandag",
            "indtil fredag|til fredag|til og med fredag",
            "fra mandag til fredag|mellem mandag og fredag",
            "mellem marts og maj|fra marts til maj",
        ],
    ),
    (
        "nøkkel",
        [
            "forrige uke|siste uke|i forrige uke",
            "i mars|sist mars",
            "for 3 dager siden|for tre dager siden|3 dager siden",
            "sist mandag|forrige mandag|på mandag|på mandagen",
            "fra 1. til 5. mars|mellom 1. og 5. mars|1.-5. mars|fra 1. til og med 5. mars",
            "fra 1. til 5. mars 2026|1.–5. mars 2026",
            "5. mars 2026|den 5. mars 2026",
            "siden mandag|siden sist mandag",
            "til fredag|inntil fredag",
            "fra mandag til fredag|mellom mandag og fredag",
            "mellom mars og mai|fra mars til mai",
        ],
    ),
    (
        "nyckel",
        [
            "förra veckan|sista veckan|under förra veckan",
            "i mars|i mars månad|förra mars",
            "för 3 dagar sedan|för tre dagar sedan|3 dagar sedan",
            "förra måndagen|i måndags|på måndagen|i måndags",
            "från 1 till 5 mars|mellan 1 och 5 mars|1-5 mars|från den 1 till den 5 mars|mellan den 1 och den 5 mars|1–5 mars|från 1 till och med 5 mars",
            "från 1 till 5 mars 2026|1–5 mars 2026",
            "den 5 mars 2026|5 mars 2026|på den 5 mars 2026",
            "sedan måndag|sedan i måndags|sedan förra måndagen",
            "till fredag|tills fredag|fram till fredag",
            "från måndag till fredag|mellan måndag och fredag",
            "mellan mars och maj|från mars till maj",
        ],
    ),
    (
        "avain",
        [
            "viime viikolla|viime viikon",
            "maaliskuussa|viime maaliskuussa",
            "3 päivää sitten|kolme päivää sitten",
            "viime maanantaina|maanantaina",
            "1.–5. maaliskuuta|1.-5. maaliskuuta|1. ja 5. maaliskuuta välillä|maaliskuun 1.–5. päivä",
            "1.–5. maaliskuuta 2026|1.-5.3.2026",
            "5. maaliskuuta 2026|5.3.2026",
            "maanantaista lähtien|maanantaista asti|viime maanantaista lähtien|maanantaista alkaen",
            "perjantaihin asti|perjantaihin saakka",
            "maanantaista perjantaihin|maanantain ja perjantain välillä",
            "maaliskuusta toukokuuhun|maaliskuun ja toukokuun välillä",
        ],
    ),
    (
        "clé",
        [
            "la semaine dernière|semaine passée|pendant la semaine dernière",
            "en mars|au mois de mars|en mars dernier",
            "il y a 3 jours|il y a trois jours",
            "lundi dernier|lundi|le lundi|le lundi dernier|lundi passé",
            "du 1er au 5 mars|entre le 1er et le 5 mars|1-5 mars|du 1 au 5 mars|du 1er mars au 5 mars|depuis le 1er jusqu'au 5 mars",
            "du 1er au 5 mars 2026|1-5 mars 2026|entre le 1er et le 5 mars 2026",
            "le 5 mars 2026|au 5 mars 2026",
            "depuis lundi|depuis lundi dernier",
            "jusqu'à vendredi|jusqu'au vendredi",
            "de lundi à vendredi|du lundi au vendredi|entre lundi et vendredi",
            "entre mars et mai|de mars à mai",
        ],
    ),
    (
        "llave",
        [
            "la semana pasada|en la última semana|durante la semana pasada",
            "en marzo|en el mes de marzo|el pasado marzo",
            "hace 3 días|hace tres días",
            "el lunes pasado|el pasado lunes|el lunes|este lunes",
            "del 1 al 5 de marzo|entre el 1 y el 5 de marzo|1-5 de marzo|desde el 1 hasta el 5 de marzo|entre 1 y 5 de marzo|1 al 5 de marzo",
            "del 1 al 5 de marzo de 2026|1-5 de marzo de 2026|entre el 1 y el 5 de marzo del 2026",
            "el 5 de marzo de 2026|el día 5 de marzo de 2026|5 de marzo del 2026",
            "desde el lunes|desde el lunes pasado",
            "hasta el viernes|hasta viernes",
            "de lunes a viernes|entre el lunes y el viernes|desde el lunes hasta el viernes",
            "entre marzo y mayo|de marzo a mayo|desde marzo hasta mayo",
        ],
    ),
    (
        "chave",
        [
            "na semana passada|semana passada",
            "em março|no mês de março|em março passado",
            "há 3 dias|há três dias|3 dias atrás|três dias atrás|faz 3 dias",
            "na segunda-feira passada|na última segunda-feira|na segunda passada|segunda-feira",
            "de 1 a 5 de março|entre 1 e 5 de março|1-5 de março|entre os dias 1 e 5 de março|1 a 5 de março",
            "de 1 a 5 de março de 2026|do dia 1 ao dia 5 de março de 2026",
            "em 5 de março de 2026|no dia 5 de março de 2026|a 5 de março de 2026",
            "desde segunda-feira|desde a segunda-feira passada",
            "até sexta-feira|até a sexta-feira|até à sexta-feira",
            "de segunda-feira a sexta-feira|entre segunda-feira e sexta-feira",
            "entre março e maio|de março a maio",
        ],
    ),
    (
        "chiave",
        [
            "la settimana scorsa|la scorsa settimana|nella settimana scorsa",
            "a marzo|in marzo|nel mese di marzo|lo scorso marzo|a marzo scorso",
            "3 giorni fa|tre giorni fa",
            "lunedì scorso|lo scorso lunedì|lunedì",
            "dal 1 al 5 marzo|tra il 1 e il 5 marzo|1-5 marzo|dall'1 al 5 marzo|tra l'1 e il 5 marzo|fra il 1° e il 5 marzo|dal 1º al 5 marzo",
            "dal 1 al 5 marzo 2026|1-5 marzo 2026",
            "il 5 marzo 2026|5 marzo 2026|nel 5 marzo 2026",
            "da lunedì scorso|dal lunedì|da lunedì",
            "fino a venerdì|fino al venerdì",
            "da lunedì a venerdì|tra lunedì e venerdì|dal lunedì al venerdì",
            "tra marzo e maggio|da marzo a maggio",
        ],
    ),
    (
        "anahtar",
        [
            "geçen hafta|geçen haftaki",
            "Mart'ta|mart ayında|Mart ayında|geçen Mart'ta|martta",
            "3 gün önce|üç gün önce",
            "geçen pazartesi|geçen pazartesi günü|pazartesi günü",
            "1-5 Mart|1 ile 5 Mart arasında|1'den 5 Mart'a kadar|1-5 Mart arasında|1 Mart'tan 5 Mart'a kadar|1-5 Mart tarihleri arasında",
            "1-5 Mart 2026|1 ile 5 Mart 2026 arasında",
            "5 Mart 2026|5 Mart 2026'da",
            "pazartesiden beri|pazartesi gününden beri|geçen pazartesiden beri|pazartesiden bu yana|pazartesiden itibaren",
            "cumaya kadar|cuma gününe kadar",
            "pazartesiden cumaya kadar|pazartesi ile cuma arasında",
            "Mart ile Mayıs arasında|Mart'tan Mayıs'a kadar",
        ],
    ),
    (
        "ключ",
        [
            "на прошлой неделе|за прошлую неделю",
            "в марте|в марте месяце|в прошлом марте",
            "3 дня назад|три дня назад",
            "в прошлый понедельник|в понедельник",
            "с 1 по 5 марта|между 1 и 5 марта|1-5 марта|от 1 до 5 марта|с 1-го по 5-е марта|1–5 марта",
            "с 1 по 5 марта 2026|с 1 по 5 марта 2026 года|1-5 марта 2026 года",
            "5 марта 2026|5 марта 2026 года|5-го марта 2026",
            "с понедельника|с прошлого понедельника",
            "до пятницы|до прошлой пятницы",
            "с понедельника по пятницу|между понедельником и пятницей",
            "между мартом и маем|с марта по май",
        ],
    ),
    (
        "مفتاح",
        [
            "الأسبوع الماضي|في الأسبوع الماضي|خلال الأسبوع الماضي",
            "في مارس|في شهر مارس|خلال شهر مارس",
            "قبل 3 أيام|منذ 3 أيام|قبل ثلاثة أيام",
            "الاثنين الماضي|يوم الاثنين الماضي|يوم الاثنين|في يوم الاثنين",
            "من 1 إلى 5 مارس|بين 1 و5 مارس|1-5 مارس|من 1 حتى 5 مارس|بين 1 و 5 مارس",
            "من 1 إلى 5 مارس 2026|بين 1 و5 مارس 2026",
            "في 5 مارس 2026|يوم 5 مارس 2026|5 مارس 2026",
            "منذ الاثنين|منذ يوم الاثنين|منذ يوم الاثنين الماضي",
            "حتى الجمعة|حتى يوم الجمعة",
            "من الاثنين إلى الجمعة|بين الاثنين والجمعة|من يوم الاثنين إلى يوم الجمعة",
            "بين مارس ومايو|من مارس إلى مايو",
        ],
    ),
    (
        "מפתח",
        [
            "בשבוע שעבר|שבוע שעבר",
            "במרץ|בחודש מרץ|במרס",
            "לפני 3 ימים|לפני שלושה ימים",
            "ביום שני שעבר|ביום שני|ביום שני האחרון",
            "בין 1 ל-5 במרץ|בין ה-1 ל-5 במרץ|1-5 במרץ|מ-1 עד 5 במרץ|מה-1 עד ה-5 במרץ",
            "בין 1 ל-5 במרץ 2026|1-5 במרץ 2026",
            "ב-5 במרץ 2026|5 במרץ 2026",
            "מאז יום שני|מאז יום שני שעבר|מיום שני",
            "עד יום שישי",
            "בין יום שני ליום שישי|מיום שני עד יום שישי",
            "בין מרץ למאי|ממרץ עד מאי",
        ],
    ),
    (
        "चाबी",
        [
            "पिछले हफ्ते|पिछले सप्ताह",
            "मार्च में|पिछले मार्च में",
            "3 दिन पहले|तीन दिन पहले",
            "पिछले सोमवार|पिछले सोमवार को|सोमवार को",
            "1 से 5 मार्च तक|1 और 5 मार्च के बीच|1-5 मार्च|1 से 5 मार्च",
            "1 से 5 मार्च 2026 तक|1-5 मार्च 2026",
            "5 मार्च 2026 को|5 मार्च 2026",
            "सोमवार से|पिछले सोमवार से",
            "शुक्रवार तक",
            "सोमवार से शुक्रवार तक|सोमवार और शुक्रवार के बीच",
            "मार्च और मई के बीच|मार्च से मई तक",
        ],
    ),
    (
        "钥匙",
        [
            "上周|在上周|上个星期",
            "三月|在三月|3月",
            "三天前|3天前",
            "周一|在周一|星期一",
            "3月1日到5日|从3月1日到3月5日|3月1日至5日|3月1-5日|在3月1日和5日之间",
            "2026年3月1日到5日|从2026年3月1日至3月5日",
            "2026年3月5日|在2026年3月5日",
            "从周一开始|自周一以来|周一以来",
            "到周五为止|直到周五|截至周五",
            "从周一到周五|周一至周五",
            "三月到五月|从三月到五月|三月至五月",
        ],
    ),
    (
        "鍵",
        [
            "先週|先週の",
            "3月に|三月に|3月の",
            "3日前|三日前に",
            "月曜日に|月曜日の",
            "3月1日から5日まで|3月1日から3月5日まで|3月1日〜5日|3月1日から5日の間",
            "2026年3月1日から5日まで",
            "2026年3月5日に|2026年3月5日の",
            "月曜日から|月曜日以来",
            "金曜日まで|金曜日までの",
            "月曜日から金曜日まで|月曜から金曜まで",
            "3月から5月まで|3月から5月の間",
        ],
    ),
    (
        "열쇠",
        [
            "지난주|지난주에|저번 주에",
            "3월에|3월의",
            "3일 전|3일 전에",
            "월요일에|지난 월요일에",
            "3월 1일부터 5일까지|3월 1일부터 3월 5일까지|3월 1일~5일",
            "2026년 3월 1일부터 5일까지",
            "2026년 3월 5일에|2026년 3월 5일",
            "월요일부터|월요일 이후",
            "금요일까지",
            "월요일부터 금요일까지",
            "3월부터 5월까지",
        ],
    ),
];

#[test]
fn every_language_says_the_same_times() {
    let mut wrong = Vec::new();
    for (key, rows) in ROWS {
        for (phrases, expected) in rows.into_iter().zip(EXPECTED) {
            for phrase in phrases.split('|') {
                for query in [format!("{key} {phrase}"), format!("{phrase} {key}")] {
                    let named = Time::of(&query, date(2023, 11, 15), Ageing::Steady).named();
                    let seen = named.map(|days| (format!("{} {}", days.from, days.to), days.about));
                    if seen != Some((expected.to_owned(), key.to_owned())) {
                        wrong.push(format!("{query}: {seen:?} instead of {expected}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
