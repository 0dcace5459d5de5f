//! One word written in several ways: what of a query and a note agrees.

use icu_normalizer::DecomposingNormalizerBorrowed;
use proptest::prelude::*;

use super::compose::composed;
use super::language::Language;
use super::note::Analyser;
use super::query::{Concept, analyse};

const NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();

fn terms(text: &str) -> Vec<String> {
    Analyser::default().terms(text, Language::of(text)).0
}

/// Whether a note has every concept of a query.
fn finds(query: &str, note: &str) -> bool {
    let mut indexed = Vec::new();
    Analyser::default().note(note, Language::of(note), |term, _| indexed.push(term.to_owned()));
    let has = |concept: &Concept| concept.forms.iter().any(|form| indexed.contains(&form.term));
    analyse(query).iter().all(has)
}

/// One word as two people write it: each finds what the other wrote.
const SPELLINGS: [(&str, &str); 74] = [
    // Apart, as macOS writes it.
    ("고양이", "\u{1100}\u{1169}\u{110b}\u{1163}\u{11bc}\u{110b}\u{1175}"),
    ("서울", "\u{1109}\u{1165}\u{110b}\u{116e}\u{11af}"),
    ("ガレージ", "カ\u{3099}レーシ\u{3099}"),
    ("がっこう", "か\u{3099}っこう"),
    ("パン", "ハ\u{309a}ン"),
    ("Київ", "Киі\u{308}в"),
    ("Йосиф", "И\u{306}осиф"),
    ("ёлка", "е\u{308}лка"),
    ("Việt", "Vie\u{323}\u{302}t"),
    ("Việt", "Vie\u{302}\u{323}t"),
    ("Đặng", "Đa\u{323}\u{306}ng"),
    ("Αθήνα", "Αθη\u{301}να"),
    ("smørrebrød på å", "smørrebrød pa\u{30a} a\u{30a}"),
    ("İstanbul", "I\u{307}stanbul"),
    ("çağrı", "c\u{327}ag\u{306}rı"),
    ("žluťoučký", "z\u{30c}lut\u{30c}ouc\u{30c}ky\u{301}"),
    ("أحمد", "ا\u{654}حمد"),
    ("مؤتمر", "مو\u{654}تمر"),
    ("क़लम", "क\u{93c}लम"),
    ("लड़का", "लड\u{93c}का"),
    ("ऩाम", "न\u{93c}ाम"),
    ("বাড়ি", "বাড\u{9bc}ি"),
    ("神社", "\u{fa19}社"),
    ("Ärger", "A\u{308}rger"),
    ("Ærø", "Ærø\u{301}"),
    ("hoà", "hòa"),
    // Width, and forms of print.
    ("ガレージ", "ｶﾞﾚｰｼﾞ"),
    ("パソコン", "ﾊﾟｿｺﾝ"),
    ("ABC123", "ＡＢＣ１２３"),
    ("C++", "Ｃ＋＋"),
    ("가나", "ﾡￂﾤￂ"),
    ("日本", "⽇本"),
    ("finance office", "ﬁnance oﬃce"),
    ("محمد", "ﻣﺤﻤﺪ"),
    ("5kg", "5㎏"),
    ("￥500", "¥500"),
    // Marks, letters and digits that not everybody writes.
    ("محمد", "مُحَمَّد"),
    ("محمد", "محـــمد"),
    ("کتاب", "كتاب"),
    ("میخواهم", "می\u{200c}خواهم"),
    ("ہوا", "هوا"),
    ("2026", "٢٠٢٦"),
    ("2026", "۲۰۲۶"),
    ("1000", "١٬٠٠٠"),
    ("שלום", "שָׁלוֹם"),
    ("שלום", "\u{fb2a}לום"),
    ("צה\"ל", "צה״ל"),
    ("צהל", "צה\"ל"),
    ("תל-אביב", "תל־אביב"),
    ("תל אביב", "תל־אביב"),
    ("הגירפה", "הג'ירפה"),
    ("किताब", "किताबें"),
    ("हिन्दी", "हिन्\u{200d}दी"),
    ("2026", "२०२६"),
    ("2026", "๒๕๖๙ 2026"),
    ("ไฟฟ้า", "ค่าไฟฟ้าเดือนนี้"),
    ("น้ำ", "ดื่มน้ำเยอะๆ"),
    ("Οδυσσέας", "ΟΔΥΣΣΕΑΣ"),
    ("Ἀθῆναι", "Αθηναι"),
    ("IŞIK", "ışık"),
    ("комп'ютер", "комп’ютер"),
    ("компютер", "комп'ютер"),
    ("за́мок", "замок"),
    ("Straße", "STRASSE"),
    ("CO2", "CO₂"),
    ("Ærø", "Aeroe"),
    ("Fußball", "FUSSBALL"),
    ("IĞDIR", "ığdır"),
    ("İZMİR", "izmir"),
    ("ґанок", "ганок"),
    ("２０２６年", "2026年"),
    ("Ｔｏｋｙｏ", "tokyo"),
    ("चाँद", "चांद"),
    ("สมชาย", "พบสมชายเมื่อวาน"),
];

#[test]
fn spellings_agree_both_ways() {
    for (one, other) in SPELLINGS {
        assert!(finds(one, other), "{one:?} in {other:?}: {:?} / {:?}", analyse(one), terms(other));
    }
    // What is longer than a spelling agrees one way.
    for (one, other) in SPELLINGS.into_iter().filter(|(one, other)| composed(one) == composed(other)) {
        assert!(finds(other, one), "{other:?} in {one:?}: {:?} / {:?}", analyse(other), terms(one));
    }
}

#[test]
fn what_differs_does_not_agree() {
    let rows = [
        ("C++", "Anna writes C#"),
        ("C#", "Peter writes C++ and C"),
        ("F#", "the note F"),
        ("A+", "blood group A-"),
        ("A-", "blood group A+"),
        ("A−", "blood group A+"),
        (".NET", "the net is down"),
        ("B+", "grade B"),
        ("かき", "か\u{3099}き\u{3099}"),
        ("ハハ", "ハ\u{309a}ハ\u{309a}"),
        ("мій", "мии"),
        ("น้ำ", "ค่าไฟฟ้าเดือนนี้"),
        ("น้ำ", "ไม้ไผ่"),
        ("고양이", "\u{1100}\u{1161}\u{11bc}\u{110b}\u{1161}\u{110c}\u{1175}"),
        ("2⁵", "25"),
    ];
    for (query, note) in rows {
        assert!(!finds(query, note), "{query:?} in {note:?}: {:?} / {:?}", analyse(query), terms(note));
    }
}

#[test]
fn signs_are_part_of_a_name() {
    for (query, note) in [
        ("C++", "learn (C++), then rest"),
        ("c++", "**C++**: templates"),
        ("C#?", "C/C++/C# and Java"),
        ("C++17", "moved to C++17 in May"),
        ("C#-Code", "der C# Code ist alt"),
        (".NET", "a .NET service"),
        ("A−", "blood group A-, as before"),
        ("A-", "blood group A−, as before"),
        ("libstdc++.so.6", "/usr/lib/libstdc++.so.6"),
    ] {
        assert!(finds(query, note), "{query:?} in {note:?}: {:?} / {:?}", analyse(query), terms(note));
    }
}

proptest! {
    #[test]
    fn composed_and_apart_are_one(text in "[a-zäöüéñçğışåøệữάΐёїйがガぱパ가힣각क़ড়أؤ0-9 .,'+#-]{0,40}") {
        let apart = NFD.normalize(&text);
        prop_assert_eq!(terms(&text), terms(&apart));
        prop_assert_eq!(analyse(&text), analyse(&apart));
    }
}
