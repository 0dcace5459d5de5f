//! Whether a query asks for the newest word on something, or for what it was before.

use crate::words::folded;

use super::tokens::tokens;

const LATEST: &str = "latest|newest|most recent|now|currently|current|at the moment|these days|nowadays|up to date|last time|\
aktuell|aktuelle|aktuellen|aktueller|derzeit|zurzeit|jetzt|zuletzt|neueste|neuesten|momentan|nuværende|lige nu|senest|seneste|nyeste|i øjeblikket|nåværende|nå|akkurat nå|nuvarande|\
just nu|senaste|nyaste|huidige|nu|momenteel|laatste|nieuwste|actuel|actuelle|actuellement|maintenant|en ce moment|dernière|dernier|actual|actualmente|ahora|\
último|última|más reciente|atual|atualmente|agora|mais recente|attuale|attualmente|adesso|ora|ultimo|ultima|più recente|şu an|şimdi|şu anda|güncel|son|en son|\
сейчас|теперь|последний|последняя|последнее|текущий|текущая|الان|حاليا|الحالي|احدث|עכשיו|כרגע|הכי חדש|נוכחי|अब|अभी|फिलहाल|नवीनतम|nykyinen|nyt|viimeisin";
const LATEST_EAST: &str = "最新|现在|現在|目前|当前|當前|如今|今の|最近の|지금|현재|최신|요즘";

const PREVIOUS: &str = "before that|used to|what was it before|was it before|previously|previous|formerly|former|originally|original|earlier|old|in the past|before it|back then|no longer|\
früher|frühere|früheren|früherer|vorher|ehemals|ehemalige|davor|ursprünglich|zuvor|tidligere|før i tiden|før det|oprindelig|oprindeligt|oprindelige|forhenværende|opprinnelig|\
tidigare|förut|innan dess|ursprungligen|vroeger|eerder|voorheen|oorspronkelijk|avant cela|auparavant|autrefois|ancien|ancienne|précédent|précédente|\
antes|anterior|anteriormente|previamente|antiguo|antigua|originalmente|antigamente|prima|precedente|precedentemente|originariamente|vecchio|vecchia|eskiden|önceki|önceden|daha önce|eski|\
раньше|прежде|прежний|прежняя|предыдущий|سابقا|من قبل|السابق|לפני כן|בעבר|הקודם|קודם|पहले|पिछला|पुराना|aiemmin|ennen|entinen";
const PREVIOUS_EAST: &str =
    "以前|之前|原来|原來|从前|從前|曾经|曾經|过去|前は|前の|元の|元々|かつて|이전|예전|전에는|원래|과거";

/// Whether the newest of several answers is wanted: "what is my current address", "最新".
pub(crate) fn wants_latest(query: &str) -> bool {
    asks(query, LATEST, LATEST_EAST)
}

/// Whether the answer that holds no more is wanted: "what was it before", "früher".
pub(crate) fn wants_previous(query: &str) -> bool {
    asks(query, PREVIOUS, PREVIOUS_EAST)
}

fn asks(query: &str, phrases: &str, east: &str) -> bool {
    let words: Vec<String> = tokens(query).into_iter().map(|token| token.text).collect();
    let text = format!(" {} ", words.join(" "));
    phrases.split('|').any(|phrase| text.contains(&format!(" {} ", folded_words(phrase))))
        || east.split('|').any(|phrase| query.contains(phrase))
}

fn folded_words(phrase: &str) -> String {
    phrase.split_whitespace().map(folded).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{wants_latest, wants_previous};

    #[test]
    fn table() {
        let rows = [
            ("What is my current address?", true, false),
            ("where does she live now", true, false),
            ("What was the address before that?", false, true),
            ("Where did I live previously?", false, true),
            ("where did she use to live, used to work", false, true),
            ("Wo wohne ich jetzt?", true, false),
            ("Wo habe ich früher gewohnt?", false, true),
            ("Hvad er min nuværende adresse", true, false),
            ("Hvor boede jeg tidligere", false, true),
            ("dirección actual", true, false),
            ("mon ancienne adresse", false, true),
            ("şimdi nerede", true, false),
            ("最新的地址", true, false),
            ("以前的地址", false, true),
            ("現在の住所", true, false),
            ("예전 주소", false, true),
            ("العنوان الحالي", true, false),
            ("अब मेरा पता", true, false),
            ("green tea", false, false),
            ("I know nowhere", false, false),
        ];
        for (query, latest, previous) in rows {
            assert_eq!((wants_latest(query), wants_previous(query)), (latest, previous), "{query}");
        }
    }
}
