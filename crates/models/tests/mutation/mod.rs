//! Cases made of seeds by changes that know what an event stream is made of.

/// Changes of one case at most.
const MAX_CHANGES: usize = 5;
/// A stretch that is moved, doubled or taken out.
const MAX_STRETCH: usize = 300;
/// A case stays below this.
const MAX_CASE: usize = 8 * 1024;

/// What is put in anywhere: syntax of events and JSON, and words that the APIs give a meaning.
const TOKENS: &[&str] = &[
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "data: ",
    "data:",
    "event: ping\n",
    ": c\n",
    "data: [DONE]\n\n",
    "data: {}\n\n",
    "data: []\n\n",
    "data: null\n\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud83d",
    "null",
    "true",
    "0",
    "-1",
    "18446744073709551616",
    "1e999",
    "\u{feff}",
    "\u{e9}",
    "\0",
    "\"type\":",
    "\"index\":0,",
    "\"index\":9,",
    "\"output_index\":1,",
    "\"delta\":",
    "\"text\":\"\"",
    "\"error\":{\"message\":\"x\"}",
    "\"finish_reason\":\"stop\"",
    "\"finishReason\":\"STOP\"",
    "\"stop_reason\":\"end_turn\"",
    "\"usage\":null,",
    "\"id\":\"\",",
    "\"name\":null,",
    "response.completed",
    "response.output_item.done",
    "message_stop",
    "content_block_start",
    "tool_use",
    "functionCall",
    "thoughtSignature",
    "redacted_thinking",
    "function_call",
    "reasoning_content",
    "reasoning_details",
    "extra_content",
    "\"done\":true",
    "\"done_reason\":\"length\"",
    "\"arguments\":null",
    "\"content\":[]",
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
        match self.below(10) {
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
            6 => self.event_twice(case),
            7 => drop(case.splice(start..end, self.token().bytes())),
            _ => {
                let token = self.token();
                self.put(case, token.as_bytes());
            }
        }
    }

    /// A whole event moves to another place, as a server's mistake would.
    fn event_twice(&mut self, case: &mut Vec<u8>) {
        let events: Vec<&[u8]> = case.split_inclusive(|byte| *byte == b'\n').collect();
        let line = events.get(self.below(events.len())).map_or(Vec::new(), |line| line.to_vec());
        let at: usize = events.iter().take(self.below(events.len() + 1)).map(|line| line.len()).sum();
        drop(case.splice(at..at, line.into_iter().chain([b'\n'])));
    }

    fn token(&mut self) -> &'static str {
        TOKENS[self.below(TOKENS.len())]
    }

    fn put(&mut self, case: &mut Vec<u8>, bytes: &[u8]) {
        let at = self.below(case.len() + 1);
        drop(case.splice(at..at, bytes.iter().copied()));
    }

    fn stretch(&mut self, len: usize) -> (usize, usize) {
        let start = self.below(len + 1);
        let end = (start + self.below(MAX_STRETCH)).min(len);
        (start, end)
    }

    /// Below `limit`, which is 0 only where nothing can be chosen. xorshift64* (Vigna 2016).
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let number = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).map_or(0, |number| number % limit.max(1))
    }
}
