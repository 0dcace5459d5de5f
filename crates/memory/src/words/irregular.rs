//! English words whose forms no stemmer joins: irregular plurals, and irregular verbs from `be` to `write`.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The base, then its other forms.
const FORMS: &str = "child children childrens;man men;woman women;person people persons;foot feet;tooth teeth;goose geese;mouse mice;\
wife wives;knife knives;shelf shelves;half halves;wolf wolves;loaf loaves;thief thieves;\
analysis analyses;crisis crises;basis bases;criterion criteria;phenomenon phenomena;index indices;matrix matrices;\
arise arose arisen;awake awoke awoken;beat beaten;become became;begin began begun;bend bent;bet bets;bite bit bitten;bleed bled;\
blow blew blown;break broke broken;breed bred;bring brought;build built;burn burnt;buy bought;catch caught;choose chose chosen;\
come came;creep crept;deal dealt;dig dug;draw drew drawn;dream dreamt;drink drank drunk;drive drove driven;eat ate eaten;fall fell fallen;\
feed fed;feel felt;fight fought;find found;flee fled;fly flew flown;forbid forbade forbidden;forget forgot forgotten;forgive forgave forgiven;\
freeze froze frozen;get got gotten;give gave given;go went gone goes;grow grew grown;hang hung;hear heard;hide hid hidden;hold held;\
keep kept;kneel knelt;know knew known;lead led;learn learnt;leave left;lend lent;lie lay lain lying;light lit;lose lost;make made;mean meant;\
meet met;mistake mistook mistaken;pay paid;prove proven;ride rode ridden;ring rang rung;rise rose risen;run ran;say said;see saw seen;seek sought;\
sell sold;send sent;sew sewn;shake shook shaken;shine shone;shoot shot;show shown;shrink shrank shrunk;sing sang sung;sink sank sunk;sit sat;\
sleep slept;slide slid;speak spoke spoken;spend spent;spin spun;spring sprang sprung;stand stood;steal stole stolen;stick stuck;sting stung;\
strike struck;swear swore sworn;sweep swept;swell swollen;swim swam swum;swing swung;take took taken;teach taught;tear tore torn;tell told;\
think thought;throw threw thrown;understand understood;undertake undertook undertaken;wake woke woken;wear wore worn;weave wove woven;weep wept;win won;\
withdraw withdrew withdrawn;write wrote written writing;die died dies dying;tie tied ties tying";

static LEMMAS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let families = FORMS.split(';').map(|family| family.trim().split(' '));
    families
        .flat_map(|mut family| {
            let base = family.next().unwrap_or_default();
            family.map(move |form| (form, base))
        })
        .collect()
});

/// The base of an irregular form, or the word itself.
pub(super) fn base(word: &str) -> &str {
    LEMMAS.get(word).copied().unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn table() {
        for (word, expected) in [("went", "go"), ("children", "child"), ("written", "write"), ("tea", "tea")]
        {
            assert_eq!(base(word), expected);
        }
    }
}
