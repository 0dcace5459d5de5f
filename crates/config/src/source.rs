//! The texts of a configuration, and how they came in.

use std::path::PathBuf;
use std::rc::Rc;

use crate::key_path::KeyPath;
use crate::problem::{IncludedFrom, Problem, ProblemKind};
use crate::text::{place_of, without_bom};

/// The mark that some editors put first.
const BOM: &str = "\u{feff}";

/// A byte of one of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The position of the text in [`Sources`].
    pub(crate) source: usize,
    pub(crate) offset: usize,
}

/// A text.
#[derive(Debug)]
pub(crate) struct Source {
    /// What problems call it.
    name: String,
    text: Rc<str>,
    /// Whether the file begins with a byte order mark; the text does not have it.
    has_bom: bool,
    /// The file as it was asked for and as it is without symbolic links; `None` for a text that came without a file.
    pub(crate) file: Option<SourceFile>,
    /// Where it was included; `None` for the main file.
    via: Option<Spot>,
}

#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// Absolute and without `..`, links not followed: what files named in it are relative to.
    pub(crate) path: PathBuf,
    /// Without symbolic links: what tells that two names are one file. The main file keeps its own name here; a circle
    /// through another name of it closes one file later.
    pub(crate) real: PathBuf,
}

impl Source {
    /// Another text of the same file: what stands before its first character stays.
    pub(crate) fn with_mark(&self, text: &str) -> String {
        if self.has_bom { format!("{BOM}{text}") } else { text.to_owned() }
    }

    /// The text as the file has it, byte order mark and all.
    pub(crate) fn raw(&self) -> String {
        self.with_mark(&self.text)
    }
}

/// The position of the main text.
pub(crate) const MAIN: usize = 0;

/// The main text and the included ones, in the order of reading.
#[derive(Debug, Default)]
pub(crate) struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text and returns its position.
    pub(crate) fn add(
        &mut self,
        name: String,
        text: &str,
        file: Option<SourceFile>,
        via: Option<Spot>,
    ) -> usize {
        let body = without_bom(text);
        self.0.push(Source { name, has_bom: body.len() < text.len(), text: body.into(), file, via });
        self.0.len() - 1
    }

    pub(crate) fn text(&self, source: usize) -> Rc<str> {
        self.0.get(source).map_or_else(|| "".into(), |source| Rc::clone(&source.text))
    }

    /// The same, borrowed.
    pub(crate) fn body(&self, source: usize) -> &str {
        self.0.get(source).map_or("", |source| &source.text)
    }

    pub(crate) fn get(&self, source: usize) -> Option<&Source> {
        self.0.get(source)
    }

    /// The included texts, in the order of reading.
    pub(crate) fn included(&self) -> impl Iterator<Item = &str> {
        self.0.iter().skip(1).map(|source| &*source.text)
    }

    /// The file of a text.
    pub(crate) fn file(&self, source: usize) -> Option<&SourceFile> {
        self.0.get(source)?.file.as_ref()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// A text, the one that included it, and so on up to the main one.
    pub(crate) fn chain(&self, source: usize) -> impl Iterator<Item = &Source> {
        let above = |below: &&Source| self.0.get(below.via?.source);
        std::iter::successors(self.0.get(source), above)
    }

    pub(crate) fn line(&self, spot: Spot) -> usize {
        place_of(&self.text(spot.source), spot.offset).line
    }

    pub(crate) fn problem(&self, spot: Spot, key: KeyPath, kind: ProblemKind) -> Problem {
        let place = |spot: Spot| place_of(&self.text(spot.source), spot.offset);
        let name = |source: usize| self.0.get(source).map_or_else(String::new, |source| source.name.clone());
        let vias = self.chain(spot.source).filter_map(|source| source.via);
        let included_from =
            vias.map(|via| IncludedFrom { file: name(via.source), place: place(via) }).collect();
        Problem { file: name(spot.source), place: Some(place(spot)), included_from, key, kind }
    }
}
