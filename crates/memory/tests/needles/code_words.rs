//! Plants one invented word in each of thousands of notes and asks for every one.

use std::collections::{BTreeMap, BTreeSet};

use openclaw_guard::{create_private_dir, write_atomic};
use openclaw_memory::{Engine, MemoryBackend as _, Query};

use crate::random::Random;
use crate::score::{index, normal};
use crate::set::Outcome;

/// Letters of which a kind of word is made, how many, and how notes and questions speak about it.
struct Kind {
    name: &'static str,
    letters: &'static [&'static str],
    pieces: usize,
    note: &'static str,
    question: &'static str,
}

const EN: (&str, &str) = ("The code word for this shipment is {}.", "Which note mentions the code word {}?");

const fn latin(name: &'static str, letters: &'static [&'static str], pieces: usize) -> Kind {
    Kind { name, letters, pieces, note: EN.0, question: EN.1 }
}

const SYLLABLES: [&str; 20] = [
    "bra", "vun", "to", "kel", "mir", "zop", "lad", "ne", "quis", "fer", "gol", "hap", "jun", "re", "sib",
    "tar", "ulm", "wix", "yor", "dre",
];

const KINDS: [Kind; 12] = [
    latin("digits", &["A", "b", "C", "d", "7", "4", "9", "1", "3", "x", "K", "0"], 8),
    latin("plain", &SYLLABLES, 4),
    latin("hyphen", &["kelp-", "rook-", "fern-", "41-", "86-", "moss-", "7-", "dawn-", "295-", "ash-"], 4),
    latin("snake", &["max_", "retry_", "old_", "ttl_", "gate_", "sub_", "v2_", "cold_", "ring_", "x9_"], 4),
    latin("dotted", &["10.", "4.", "128.", "77.", "3.", "250.", "19.", "61.", "90.", "201."], 4),
    Kind {
        name: "cyrillic",
        letters: &["зел", "мар", "ик", "тов", "бру", "ша", "ник", "ро", "вел", "гу", "пёс", "дын"],
        pieces: 4,
        note: "Кодовое слово этой посылки {}.",
        question: "В какой записке есть кодовое слово {}?",
    },
    Kind {
        name: "greek",
        letters: &["κα", "λων", "μετ", "ρό", "σιφ", "τυ", "φαλ", "θη", "ξεν", "ψι", "ωρα", "ζου"],
        pieces: 4,
        note: "Η κωδική λέξη του δέματος είναι {}.",
        question: "Πού αναφέρεται η λέξη {};",
    },
    Kind {
        name: "han",
        letters: &[
            "鶴", "瀾", "琥", "霧", "岑", "麟", "汐", "檀", "朔", "蘅", "嶽", "珀", "笙", "鳶", "澄", "槐",
            "罡", "燧",
        ],
        pieces: 3,
        note: "这批货的暗号是{}，请记住。",
        question: "哪条笔记提到了暗号{}？",
    },
    Kind {
        name: "katakana",
        letters: &[
            "ブラ", "ケル", "ミノ", "ゾポ", "ラド", "ネム", "フェ", "ゴル", "ハプ", "ジュ", "シビ", "タロ",
        ],
        pieces: 4,
        note: "この荷物の合言葉は{}です。",
        question: "合言葉{}はどのメモにありますか？",
    },
    Kind {
        name: "hangul",
        letters: &["벨", "루", "캄", "토", "쥬", "핀", "솔", "갸", "넥", "푸", "딤", "혜"],
        pieces: 4,
        note: "이 소포의 암호는 {}입니다.",
        question: "암호 {}가 적힌 메모는 무엇입니까?",
    },
    Kind {
        name: "arabic",
        letters: &["بر", "كل", "مي", "زب", "لد", "نم", "فر", "غل", "حب", "سي", "طر", "وك"],
        pieces: 4,
        note: "كلمة السر لهذه الشحنة هي {}.",
        question: "في أي ملاحظة وردت كلمة السر {}؟",
    },
    Kind {
        name: "hindi",
        letters: &["बर", "केल", "मी", "जोप", "लाद", "नम", "फेर", "गोल", "हप", "सिब", "तार", "वून"],
        pieces: 4,
        note: "इस खेप का गुप्त शब्द {} है।",
        question: "गुप्त शब्द {} किस नोट में लिखा है?",
    },
];

struct Planted {
    kind: &'static str,
    word: String,
    path: String,
    question: String,
}

/// How a kind went: notes, and of two forms of the question how many in six results and how many in the first.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) notes: usize,
    pub(crate) alone: (usize, usize),
    pub(crate) sentence: (usize, usize),
}

fn plant(workspace: &std::path::Path, count: usize) -> Outcome<Vec<Planted>> {
    create_private_dir(&workspace.join("memory"))?;
    let mut random = Random::new("code words");
    let mut seen = BTreeSet::new();
    let mut planted = Vec::new();
    while planted.len() < count {
        let kind = &KINDS[planted.len() % KINDS.len()];
        let pieces = (0..kind.pieces).filter_map(|_| random.pick(kind.letters).copied());
        let word = pieces.collect::<String>().trim_end_matches(['-', '_', '.']).to_owned();
        // Notes about the same words in another case would be found as well, and rightly.
        if !seen.insert(word.to_lowercase()) {
            continue;
        }
        let path = format!("memory/shipment-{:05}.md", planted.len());
        let crates = 2 + random.below(30);
        let text = format!(
            "# Shipment\n\n- {crates} crates came by lorry, {} of them damp.\n- {}\n- Signed for at the gate.\n",
            random.below(crates),
            kind.note.replace("{}", &word)
        );
        write_atomic(&workspace.join(&path), text.as_bytes())?;
        planted.push(Planted { kind: kind.name, question: kind.question.replace("{}", &word), word, path });
    }
    Ok(planted)
}

/// Rank of the note in six results; 0 when it is not there.
async fn rank(engine: &Engine, question: &str, planted: &Planted) -> Outcome<usize> {
    let answer = engine.search(Query::new(question)).await?;
    let word = normal(&planted.word);
    let holds = |hit: &openclaw_memory::Hit| hit.path == planted.path && normal(&hit.snippet).contains(&word);
    Ok(answer.results.iter().position(holds).map_or(0, |at| at + 1))
}

fn count(into: &mut (usize, usize), rank: usize) {
    into.0 += usize::from(rank > 0);
    into.1 += usize::from(rank == 1);
}

/// Plants `notes` code words and asks for every one, alone and in a sentence; tells how each kind went, and the `whole`.
pub(crate) async fn measure(
    notes: usize,
    mut missed: impl FnMut(String),
) -> Outcome<BTreeMap<&'static str, Tally>> {
    let home = tempfile::tempdir()?;
    let planted = plant(&home.path().join("workspace"), notes)?;
    let engine = index(home.path(), openclaw_memory::Embedders::default()).await?;
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for one in &planted {
        let (alone, sentence) =
            (rank(&engine, &one.word, one).await?, rank(&engine, &one.question, one).await?);
        for kind in [one.kind, "whole"] {
            let tally = tallies.entry(kind).or_default();
            tally.notes += 1;
            count(&mut tally.alone, alone);
            count(&mut tally.sentence, sentence);
        }
        if alone != 1 || sentence != 1 {
            missed(format!(
                "{}: {} alone {alone}, in a sentence {sentence} (0: not in six)",
                one.path, one.word
            ));
        }
    }
    Ok(tallies)
}

/// Plants `notes` code words and prints how many are found, which must be all.
#[allow(clippy::print_stdout, reason = "a measuring tool prints its measurement")]
pub(crate) async fn run(notes: usize, verbose: bool) -> Outcome<()> {
    let say = |missed: String| {
        if verbose {
            println!("{missed}");
        }
    };
    let tallies = measure(notes, say).await?;
    println!("kind       notes   alone: in 6   first   in a sentence: in 6   first");
    for (kind, tally) in &tallies {
        let share = |n: usize| n as f64 * 100.0 / tally.notes.max(1) as f64;
        println!(
            "{kind:10} {:5} {:10.2} % {:6.2} % {:16.2} % {:6.2} %",
            tally.notes,
            share(tally.alone.0),
            share(tally.alone.1),
            share(tally.sentence.0),
            share(tally.sentence.1)
        );
    }
    Ok(())
}
