use super::range_in;
use crate::when::Strength;
use jiff::civil::date;
use proptest::prelude::*;

/// From, to and strength (`e`, `r`, `v`) as seen from Wednesday, 15 November 2023.
fn seen(query: &str) -> String {
    let strength = |strength| match strength {
        Strength::Explicit => "e",
        Strength::Relative => "r",
        Strength::Vague => "v",
    };
    match range_in(query, date(2023, 11, 15)) {
        Some(found) => format!("{} {} {}", found.from, found.to, strength(found.strength)),
        None => String::new(),
    }
}

const WEEK: &str = "2023-11-06 2023-11-12 r";
const YESTERDAY: &str = "2023-11-14 2023-11-14 r";
const MARCH: &str = "2023-03-01 2023-03-31 r";
const MAY_8: &str = "2023-05-08 2023-05-08 e";
const TWO_DAYS: &str = "2023-11-13 2023-11-13 r";

#[test]
fn english() {
    let rows = [
        ("What did we do last week?", WEEK),
        ("yesterday", YESTERDAY),
        ("the day before yesterday", TWO_DAYS),
        ("What happened in March?", MARCH),
        ("in march last year", "2022-03-01 2022-03-31 e"),
        ("March 2021", "2021-03-01 2021-03-31 e"),
        ("in December", "2022-12-01 2022-12-31 r"),
        ("on 8 May 2023", MAY_8),
        ("May 8th, 2023", MAY_8),
        ("the 8th of May", MAY_8),
        ("2023-05-08", MAY_8),
        ("05/08/2023", MAY_8),
        ("20/05/2023", "2023-05-20 2023-05-20 e"),
        ("since Monday", "2023-11-13 2023-11-15 r"),
        ("last Wednesday", "2023-11-08 2023-11-08 r"),
        ("on Wednesday", "2023-11-15 2023-11-15 r"),
        ("two days ago", TWO_DAYS),
        ("a week ago", WEEK),
        ("in the last 3 days", "2023-11-12 2023-11-15 r"),
        ("in 2022", "2022-01-01 2022-12-31 e"),
        ("between March and May 2023", "2023-03-01 2023-05-31 r"),
        ("before March 2023", "1900-01-01 2023-02-28 e"),
        ("recently", "2023-11-01 2023-11-15 v"),
        ("What may I eat?", ""),
        ("May I have tea", ""),
        ("may 8 people come", ""),
        ("how far did they march", ""),
        ("What did April say?", ""),
        ("2022 bottles", ""),
        ("version 1.0.21 at 10.0.0.1", ""),
        ("green tea", ""),
    ];
    for (query, expected) in rows {
        assert_eq!(seen(query), expected, "{query}");
    }
}

#[test]
fn other_languages() {
    let rows = [
        ("sidste uge", WEEK),
        ("i marts", MARCH),
        ("i går", YESTERDAY),
        ("for to dage siden", TWO_DAYS),
        ("den 8. maj 2023", MAY_8),
        ("förra veckan", WEEK),
        ("forrige uke", WEEK),
        ("letzte Woche", WEEK),
        ("im März", MARCH),
        ("im Ma\u{308}rz", MARCH),
        ("vor zwei Tagen", TWO_DAYS),
        ("am 8. Mai 2023", MAY_8),
        ("am 8.5.2023 war was?", MAY_8),
        ("seit Montag", "2023-11-13 2023-11-15 r"),
        ("vorige week", WEEK),
        ("twee dagen geleden", TWO_DAYS),
        ("la semaine dernière", WEEK),
        ("il y a deux jours", TWO_DAYS),
        ("en mars", MARCH),
        ("le 8 mai 2023", MAY_8),
        ("hace dos días", TWO_DAYS),
        ("la semana pasada", WEEK),
        ("el 8 de mayo de 2023", MAY_8),
        ("há dois dias", TWO_DAYS),
        ("na semana passada", WEEK),
        ("la settimana scorsa", WEEK),
        ("due giorni fa", TWO_DAYS),
        ("viime viikolla", WEEK),
        ("maaliskuussa", MARCH),
        ("geçen hafta", WEEK),
        ("iki gün önce", TWO_DAYS),
        ("8 Mayıs 2023", MAY_8),
        ("на прошлой неделе", WEEK),
        ("два дня назад", TWO_DAYS),
        ("8 мая 2023", MAY_8),
        ("что было в марте", MARCH),
        ("мартовские расходы", MARCH),
        ("Где записано слово мартовшапёс?", ""),
        ("когда был субботник", ""),
        ("what does Ocakbaşıoğlu cost", ""),
        ("الأسبوع الماضي", WEEK),
        ("قبل يومين", TWO_DAYS),
        ("8 مايو 2023", MAY_8),
        ("בשבוע שעבר", WEEK),
        ("לפני יומיים", TWO_DAYS),
        ("8 במאי 2023", MAY_8),
        ("पिछले हफ्ते", WEEK),
        ("दो दिन पहले", TWO_DAYS),
        ("上周我们吃了什么", WEEK),
        ("去年三月", "2022-03-01 2022-03-31 r"),
        ("上周三", "2023-11-08 2023-11-08 r"),
        ("三月", MARCH),
        ("两天前", TWO_DAYS),
        ("2023年5月8日", MAY_8),
        ("先週", WEEK),
        ("昨日", YESTERDAY),
        ("二日前", TWO_DAYS),
        ("月曜日から", "2023-11-13 2023-11-15 r"),
        ("지난주에", WEEK),
        ("어제", YESTERDAY),
        ("2일 전", TWO_DAYS),
        ("5월 8일", MAY_8),
    ];
    let wrong: Vec<_> = rows.iter().filter(|(query, expected)| seen(query) != *expected).collect();
    let seen: Vec<_> = wrong.iter().map(|(query, _)| seen(query)).collect();
    assert!(wrong.is_empty(), "{wrong:?} {seen:?}");
}

#[test]
fn the_words_of_the_time_are_told() {
    let query = "tea since last Monday, please";
    let found = range_in(query, date(2023, 11, 15)).unwrap();
    assert!(query[found.bytes].contains("Monday"));
}

proptest! {
    #[test]
    fn any_query_is_read(
        words in proptest::collection::vec("\\PC{0,6}|last|week|since|between|may|and|[0-9]{1,5}|ago|days|上周|三|月|前|지난|일|il|y|a|8[-./]|from|to|of|5|March|de|et|bis|til|med|t/m|Mart|arasında|से|तक|sta|до|par|Fridays|1'|到|から|日|まで|之间", 0..9),
        days in 0_i64..60_000,
    ) {
        let today = date(1950, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
        for query in [words.join(" "), words.concat()] {
            if let Some(found) = range_in(&query, today) {
                prop_assert!(found.from <= found.to);
                prop_assert!(found.bytes.start < found.bytes.end);
                prop_assert!(query.get(found.bytes.clone()).is_some());
            }
        }
    }
}

#[test]
fn numbers_that_are_no_days() {
    const MARCH_5: &str = "2023-03-05 2023-03-05 e";
    let rows = [
        ("1-5 mg March", ""),
        ("1 to 5 mg in March", MARCH),
        ("version 1.5 March", ""),
        ("version 1.5 from March", MARCH),
        ("1.5.2 to 1.5.9 March", ""),
        ("v1-5 March", ""),
        ("Telefon 030-1-5 März", MARCH),
        ("pages 1 to 5 in March", MARCH),
        ("Seiten 1 bis 5 im März", MARCH),
        ("between 3 and 5 people in May", "2023-05-01 2023-05-31 r"),
        ("May I have the key", ""),
        ("what May I do from 1 to 5", ""),
        ("5 may enter", ""),
        ("3 to 5 may enter", ""),
        ("from 3 to 5 may be enough", ""),
        ("on 8 may", MAY_8),
        ("8 may 2023", MAY_8),
        ("in March 5 people came", MARCH),
        ("I paid in March. 5 people came", MARCH),
        ("i marts 3 gange", MARCH),
        ("im März 5 Mal", MARCH),
        ("en marzo 5 personas", MARCH),
        ("they won 8-5 March", ""),
        ("the $5 March rebate", ""),
        ("5% March", ""),
        ("2 des clés", ""),
        ("2 and 5 March", MARCH_5),
        ("2 and 3 March", "2023-03-02 2023-03-03 e"),
        ("10:30 5 March", MARCH_5),
        ("5 to 1 March", "2023-03-01 2023-03-01 e"),
        ("March 1 to 5 people", "2023-03-01 2023-03-01 e"),
        ("from March 1 to 5 pm", "2023-03-01 2023-03-01 e"),
        ("30 to 31 February", "2023-02-01 2023-02-28 r"),
        ("June and April went home", ""),
        ("Mart and Nisan went home", ""),
        ("a couple of keys, two weeks", ""),
        ("För måndagen", "2023-11-13 2023-11-13 r"),
        ("For Monday, the plan", "2023-11-13 2023-11-13 r"),
        ("on Monday next to the bank", "2023-11-13 2023-11-13 r"),
        ("我提到周五的事", "2023-11-10 2023-11-10 r"),
    ];
    let wrong: Vec<_> = rows.iter().filter(|(query, expected)| seen(query) != *expected).collect();
    let seen: Vec<_> = wrong.iter().map(|(query, _)| seen(query)).collect();
    assert!(wrong.is_empty(), "{wrong:#?} {seen:#?}");
}

#[test]
fn two_ends() {
    let rows = [
        ("between 1 and 5 March", "2023-03-01 2023-03-05 e"),
        // Of the latest 14 November.
        ("from 14 to 18 November", "2023-11-14 2023-11-18 e"),
        ("from 16 to 18 November", "2022-11-16 2022-11-18 e"),
        ("from 28 December to 3 January 2023", "2022-12-28 2023-01-03 e"),
        ("from 1 March to 5 April 2024", "2024-03-01 2024-04-05 e"),
        ("March to May 2019", "2019-03-01 2019-05-31 r"),
        ("from March to May 2019", "2019-03-01 2019-05-31 r"),
        ("from March 2021 to May", "2021-03-01 2021-05-31 r"),
        ("from December 2021 to February", "2021-12-01 2022-02-28 r"),
        ("from January to February 2024", "2024-01-01 2024-02-29 r"),
        ("from October to December", "2023-10-01 2023-12-31 r"),
        ("from December to February", "2022-12-01 2023-02-28 r"),
        ("from last Monday to last Friday", "2023-11-06 2023-11-10 r"),
        ("12月から2月まで", "2022-12-01 2023-02-28 r"),
        ("2021年12月から2月まで", "2021-12-01 2022-02-28 r"),
        ("2021年3月から2022年5月まで", "2021-03-01 2022-05-31 e"),
    ];
    let wrong: Vec<_> = rows.iter().filter(|(query, expected)| seen(query) != *expected).collect();
    let seen: Vec<_> = wrong.iter().map(|(query, _)| seen(query)).collect();
    assert!(wrong.is_empty(), "{wrong:#?} {seen:#?}");
}

#[test]
fn some_time_ago() {
    const TWO_WEEKS: &str = "2023-10-30 2023-11-05 r";
    let rows = [
        ("two Fridays ago", "2023-11-03 2023-11-03 r"),
        ("one Wednesday ago", "2023-11-08 2023-11-08 r"),
        ("vor zwei Freitagen", "2023-11-03 2023-11-03 r"),
        ("il y a deux vendredis", "2023-11-03 2023-11-03 r"),
        ("för två fredagar sedan", "2023-11-03 2023-11-03 r"),
        ("a couple of weeks ago", TWO_WEEKS),
        ("ett par veckor sedan", TWO_WEEKS),
        ("een paar weken geleden", TWO_WEEKS),
        ("hace un par de semanas", TWO_WEEKS),
        ("un paio di settimane fa", TWO_WEEKS),
        ("пару недель назад", TWO_WEEKS),
        ("för två veckor sedan", TWO_WEEKS),
        ("For to uger siden", TWO_WEEKS),
        ("før mandag", "1900-01-01 2023-11-12 r"),
        ("неделю назад", WEEK),
        ("viikko sitten", WEEK),
        ("לפני שבוע", WEEK),
        ("منذ أسبوع", WEEK),
        ("قبل شهر مارس", "1900-01-01 2023-02-28 r"),
        ("לפני יום שני", "1900-01-01 2023-11-12 r"),
        ("ensi viikolla", "2023-11-20 2023-11-26 r"),
        ("ensi kuussa", "2023-12-01 2023-12-31 r"),
        ("viikonloppuna", "2023-11-11 2023-11-12 r"),
        ("yhdeksän päivää sitten", "2023-11-06 2023-11-06 r"),
        ("Nisan'da", "2023-04-01 2023-04-30 r"),
        ("Ekim ayında", "2023-10-01 2023-10-31 r"),
        ("Mart'tan önce", "1900-01-01 2023-02-28 r"),
        ("pazartesiden sonra", "2023-11-14 2023-11-15 r"),
        ("सोमवार से पहले", "1900-01-01 2023-11-12 r"),
        ("maanantain jälkeen", "2023-11-14 2023-11-15 r"),
        ("ennen maanantaita", "1900-01-01 2023-11-12 r"),
        ("i onsdags", "2023-11-08 2023-11-08 r"),
    ];
    let wrong: Vec<_> = rows.iter().filter(|(query, expected)| seen(query) != *expected).collect();
    let seen: Vec<_> = wrong.iter().map(|(query, _)| seen(query)).collect();
    assert!(wrong.is_empty(), "{wrong:#?} {seen:#?}");
}

fn check(rows: &[(&str, &str)]) {
    let wrong: Vec<_> = rows.iter().filter(|(query, expected)| seen(query) != *expected).collect();
    let seen: Vec<_> = wrong.iter().map(|(query, _)| seen(query)).collect();
    assert!(wrong.is_empty(), "{wrong:#?} {seen:#?}");
}

#[test]
fn words_that_are_no_times() {
    let queries = [
        "Wie viele Notizen haben wir hier über den Garten?",
        "Was steht hier über Öl?",
        "wat staat hier over de tuin",
        "Was gilt am Ende des Vertrags?",
        "Anfang des Jahres",
        "Mitte des Monats",
        "am 2. des Monats",
        "Ende des 2023 gekauften Autos",
        "à la fin des travaux",
        "depuis des années",
        "la liste des 10 restaurants",
        "a loan of 2000 euros",
        "budget for 2000 bricks",
        "Kredit von 2000 Euro",
        "nach 2000 km",
        "the invoice of $2019",
        "an invoice of 2019 €",
        "in 2000 km",
        "the trip from 2000 bottles",
        "où sont les sept clés",
        "le rendez-vous à sept heures",
        "mes sept clés",
        "non ho mai visto le chiavi",
        "non abbiamo mai pagato",
        "la casa del mar",
        "el mar en la casa",
        "vista al mar",
        "they landed on Mars",
        "a rock from Mars",
        "life on Mars",
        "the letter from April",
        "a book written by June",
        "¿qué tomo por la mañana?",
        "a las 8 de la mañana",
        "¿cuántos días son dos semanas?",
        "our first March together",
        "the price is €2019",
        "they took 2000 of them, a sum of 2000.50",
        "les sept dernières clés",
        "il y a sept clés",
        "entre sept et neuf heures",
        "mai più senza chiavi",
        "Wo ist das Bild des Hauses?",
        "Bericht des Vereins nach dem Ende des Streits",
        "nach des Tages Arbeit",
        "una vista del mar y la playa",
        "the mission to Mars since then",
        "an email from June about the boat",
        "levantarse por la mañana temprano",
        "hier ist der Schlüssel für die Tür",
    ];
    let wrong: Vec<_> =
        queries.iter().map(|query| (query, seen(query))).filter(|(_, seen)| !seen.is_empty()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_same_words_as_times() {
    check(&[
        ("qu'avons-nous fait hier", YESTERDAY),
        ("hier", YESTERDAY),
        ("den 5. des 2022", "2022-12-05 2022-12-05 e"),
        ("Des 2022", "2022-12-01 2022-12-31 e"),
        ("in 2000", "2000-01-01 2000-12-31 e"),
        ("before 2019 we lived where", "1900-01-01 2018-12-31 e"),
        ("the winter of 2019", "2019-01-01 2019-12-31 e"),
        ("nach 2019", "2020-01-01 2023-11-15 e"),
        ("en sept 2023", "2023-09-01 2023-09-30 e"),
        ("5 sept 2023", "2023-09-05 2023-09-05 e"),
        ("in Sept", "2023-09-01 2023-09-30 r"),
        ("im Mai", "2023-05-01 2023-05-31 r"),
        ("in Mar", MARCH),
        ("i mars", MARCH),
        ("en mars", MARCH),
        ("till mars", "1900-01-01 2023-03-31 r"),
        ("sedan mars", "2023-03-01 2023-11-15 r"),
        ("in May", "2023-05-01 2023-05-31 r"),
        ("since 2019", "2019-01-01 2023-11-15 e"),
        ("seit 2019 wohnen wir hier", "2019-01-01 2023-11-15 e"),
        ("von 2019", "2019-01-01 2019-12-31 e"),
        ("notes from April", "2023-04-01 2023-04-30 r"),
        ("mañana", "2023-11-16 2023-11-16 r"),
        ("mañana por la mañana", "2023-11-16 2023-11-16 r"),
        ("esta mañana", "2023-11-15 2023-11-15 r"),
        ("pasado mañana", "2023-11-17 2023-11-17 r"),
        ("son iki hafta", "2023-11-01 2023-11-15 r"),
    ]);
}

#[test]
fn days_in_words() {
    const MARCH_1: &str = "2023-03-01 2023-03-01 e";
    const WEEKEND: &str = "2023-11-11 2023-11-12 r";
    check(&[
        ("yesterday evening", "2023-11-14 2023-11-15 r"),
        ("yesterday morning", YESTERDAY),
        ("on the first of March", MARCH_1),
        ("am ersten März", MARCH_1),
        ("le premier mars", MARCH_1),
        ("el primero de marzo", MARCH_1),
        ("on the twenty-first of March 2022", "2022-03-21 2022-03-21 e"),
        ("on the thirty-first of February", "2023-02-01 2023-02-28 r"),
        ("what did we do at the weekend", WEEKEND),
        ("Was haben wir am Wochenende gemacht", WEEKEND),
        ("på måndag", "2023-11-20 2023-11-20 r"),
        ("hvad skal vi på mandag", "2023-11-20 2023-11-20 r"),
        ("på måndagen", "2023-11-13 2023-11-13 r"),
    ]);
}

#[test]
fn a_weekday_in_the_present_may_be_the_next() {
    const EITHER: &str = "2023-11-13 2023-11-20 v";
    const MONDAY: &str = "2023-11-13 2023-11-13 r";
    check(&[
        ("what's on Monday?", EITHER),
        ("what is on Monday", EITHER),
        ("what do I have on Monday", EITHER),
        ("Was ist am Montag?", EITHER),
        ("¿qué hay el lunes?", EITHER),
        ("Was war am Montag?", MONDAY),
        ("hvad er der sket på mandag", MONDAY),
        ("what was on Monday", MONDAY),
        ("what is it that we did on Monday", MONDAY),
        ("Was ist am Montag passiert?", MONDAY),
        ("Wer ist am Montag angekommen?", MONDAY),
        ("wat is er maandag gebeurd", MONDAY),
        ("qu'est-ce que j'ai acheté lundi", MONDAY),
        ("what is from last Monday", MONDAY),
        ("what is new since Monday", "2023-11-13 2023-11-15 r"),
    ]);
}
