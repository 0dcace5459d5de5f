//! Cases made of seeds by changes that know what a configuration is made of.

/// Changes of one case at most.
const MAX_CHANGES: usize = 6;
/// A stretch that is moved, doubled or taken out.
const MAX_STRETCH: usize = 200;
/// A case stays below this.
const MAX_CASE: usize = 16 * 1024;

/// What is put in anywhere: syntax, what looks like it, and what the loader gives a meaning.
const TOKENS: [&str; 58] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "'",
    "\\",
    "/*",
    "*/",
    "//",
    "// note\n",
    "/* note */",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\u{feff}",
    "\u{2028}",
    "\u{e9}",
    "\0",
    "null",
    "true",
    "1",
    "-0",
    "1.0",
    "0x1F",
    ".5",
    "5.",
    "1e999",
    "Infinity",
    "NaN",
    "18446744073709551616",
    "918273645",
    "'918273645'",
    "a",
    "a: 1,",
    "'a': [],",
    "b: {},",
    "$include: 'a.json5',",
    "$include: ['b.json5', 'c.json5'],",
    "\"$include\": \"../x\",",
    "$include: 1,",
    "'${TOKEN}'",
    "'${EMPTY}'",
    "'$${X}'",
    "'__OPENCLAW_REDACTED__'",
    "gateway: { port: 1 },",
    "agents: { list: [] },",
    "env: { vars: { A: 'x' } },",
    "\\u0061",
    "\\x41",
    "\\\n",
    "\n---\n",
    "\n===\nset #3 = 1",
    "\n===\nremove #5",
    "\n===\nmove #2 to x.y",
];

/// Makes the cases; the same seed makes the same ones.
pub(crate) struct Mutator<'s> {
    state: u64,
    seeds: &'s [Vec<u8>],
}

impl<'s> Mutator<'s> {
    pub(crate) fn new(state: u64, seeds: &'s [Vec<u8>]) -> Self {
        Self { state: state | 1, seeds }
    }

    /// The next case.
    pub(crate) fn case(&mut self) -> Vec<u8> {
        let mut case = self.seed().to_vec();
        for _ in 0..=self.below(MAX_CHANGES) {
            self.change(&mut case);
            case.truncate(MAX_CASE);
        }
        case
    }

    fn seed(&mut self) -> &'s [u8] {
        let seeds = self.seeds;
        seeds.get(self.below(seeds.len())).map_or(&[], Vec::as_slice)
    }

    fn change(&mut self, case: &mut Vec<u8>) {
        let (start, end) = self.stretch(case.len());
        match self.below(12) {
            0 => case.truncate(start),
            1 => drop(case.drain(start..end)),
            2 => {
                let doubled = case[start..end].to_vec();
                self.put(case, &doubled);
            }
            3 => {
                let moved: Vec<u8> = case.drain(start..end).collect();
                self.put(case, &moved);
            }
            4 => {
                let other = self.seed();
                let (start, end) = self.stretch(other.len());
                self.put(case, &other[start..end]);
            }
            5 => {
                let bit = self.below(8);
                if let Some(byte) = case.get_mut(start) {
                    *byte ^= 1 << bit;
                }
            }
            6 => self.nest(case, start, end),
            7 => {
                let long = "long ".repeat(self.below(400));
                self.put(case, long.as_bytes());
            }
            8 => self.replace_token(case, start, end),
            _ => {
                let token = TOKENS[self.below(TOKENS.len())];
                self.put(case, token.as_bytes());
            }
        }
    }

    /// Brackets around a stretch, some of them deeper than the parser goes.
    fn nest(&mut self, case: &mut Vec<u8>, start: usize, end: usize) {
        let depth = if self.below(8) == 0 { 700 } else { 1 + self.below(5) };
        let (open, close) = [("[", "]"), ("{a:", "}"), ("{$include:'a.json5',b:", "}")][self.below(3)];
        let inner: Vec<u8> = case.drain(start..end).collect();
        let around = [open.repeat(depth).as_bytes(), &inner, close.repeat(depth).as_bytes()].concat();
        case.splice(start..start, around);
    }

    fn replace_token(&mut self, case: &mut Vec<u8>, start: usize, end: usize) {
        let is_end = |byte: &u8| b"{}[],:\n\"'".contains(byte);
        let length = case[start..end].iter().position(is_end).unwrap_or(end - start);
        let token = TOKENS[self.below(TOKENS.len())];
        case.splice(start..start + length, token.bytes());
    }

    fn put(&mut self, case: &mut Vec<u8>, bytes: &[u8]) {
        let at = self.below(case.len() + 1);
        case.splice(at..at, bytes.iter().copied());
    }

    fn stretch(&mut self, len: usize) -> (usize, usize) {
        let start = self.below(len + 1);
        (start, (start + self.below(MAX_STRETCH)).min(len))
    }

    /// A number below a bound (xorshift64).
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 16).unwrap_or_default() % bound.max(1)
    }
}
