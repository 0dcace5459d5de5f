//! Days that a question names in words, and the lines that name them too: "the dentist is on Monday" is about Monday on
//! whatever day it was noted.

const WEEKDAYS: &str = "monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag \
samstag sonnabend sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado \
domingo lunedì martedì mercoledì giovedì venerdì sabato domenica maandag dinsdag woensdag donderdag vrijdag zaterdag zondag \
mandag tirsdag onsdag torsdag fredag lørdag søndag måndag tisdag lördag söndag poniedziałek wtorek środa środę czwartek \
piątek sobota sobotę niedziela niedzielę понедельник вторник среда среду четверг пятница пятницу суббота субботу воскресенье";
const MONTHS: &str = "january february march april may june july august september october november december januar februar märz \
mai juni juli oktober dezember janvier février mars avril juin juillet août septembre octobre novembre décembre enero febrero \
marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre gennaio febbraio aprile maggio giugno luglio \
settembre ottobre dicembre janeiro fevereiro março maio junho julho setembro outubro novembro dezembro januari februari maart \
mei augustus marts maj december augusti stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października \
listopada grudnia января февраля марта апреля мая июня июля августа сентября октября ноября декабря";
/// What stands behind the number of a day in English.
const ORDINALS: [&str; 4] = ["st", "nd", "rd", "th"];
/// The last day of a month, at most.
const LAST_DAY: u8 = 31;

/// The words that name days in a question.
pub(super) struct NamedDays {
    words: Vec<String>,
    /// Whether such a day comes again every week.
    pub(super) weekly: bool,
}

impl NamedDays {
    pub(super) fn in_question(text: &str) -> Option<Self> {
        let asked = plain(text);
        let of = |list: &str| -> Vec<String> {
            let is_named = |word: &&String| list.split_whitespace().any(|known| known == *word);
            asked.iter().filter(is_named).cloned().collect()
        };
        let is_day = |word: &&String| word.parse::<u8>().is_ok_and(|day| (1..=LAST_DAY).contains(&day));
        let numbers: Vec<String> = asked.iter().filter(is_day).cloned().collect();
        let mut words = of(MONTHS);
        // "What may happen?"
        words.retain(|month| month != "may" || !numbers.is_empty());
        let weekly = words.is_empty();
        if weekly {
            words = of(WEEKDAYS);
        } else {
            words.extend(numbers);
        }
        (!words.is_empty()).then_some(Self { words, weekly })
    }

    /// Whether a line names them in the same words.
    pub(super) fn are_in(&self, line: &str) -> bool {
        let there = plain(line);
        self.words.iter().all(|word| there.contains(word))
    }
}

/// The words in lower case, "5th" as "5".
fn plain(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let without_end = |word: &str| {
        let number = ORDINALS.iter().find_map(|end| word.strip_suffix(end));
        number.filter(|number| number.chars().all(|c| c.is_ascii_digit())).unwrap_or(word).to_owned()
    };
    words.map(without_end).collect()
}

#[cfg(test)]
mod tests {
    use super::NamedDays;

    #[test]
    fn lines_name_the_days_of_a_question() {
        let rows = [
            ("What is on Monday?", "the dentist is on Monday at 10:30", Some(true)),
            ("What is on Monday?", "the dentist is on Tuesday", Some(false)),
            ("What happens on 5 December?", "Peter comes on December 5th", Some(true)),
            ("What happens on 5 December?", "Peter comes on 6 December", Some(false)),
            ("Was ist am 5. Dezember?", "Peter kommt am 5. Dezember", Some(true)),
            ("What may happen tomorrow?", "it may rain", None),
            ("What happened yesterday?", "yesterday", None),
        ];
        for (question, line, expected) in rows {
            let found = NamedDays::in_question(question).map(|named| named.are_in(line));
            assert_eq!(found, expected, "{question} {line}");
        }
    }
}
