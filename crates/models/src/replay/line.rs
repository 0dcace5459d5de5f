//! The lines of a recording: one call in each.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::exchange::{End, Exchange, RecordedModel, RecordedRequest, Wire, sum};
use crate::ModelEvent;

/// The version that is written, and the only one that is read.
pub const RECORDING_VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Line {
    v: u32,
    turn: String,
    call: u32,
    at: i64,
    by: String,
    model: RecordedModel,
    request: Asked,
    events: Vec<(u64, ModelEvent)>,
    end: End,
    took: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wire: Option<Wire>,
}

/// The request as what is new in it: a conversation is sent again with every call, and would be written as often.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    /// Messages that are those of the line before.
    keep: usize,
    /// Absent: as in the line before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    /// Absent: as in the line before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<Value>>,
    messages: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thinking: Option<String>,
    /// Of all of it, so that a line that does not belong behind the one before is not taken for what it is not.
    sum: String,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

/// Writes the lines of one file.
#[derive(Debug, Default)]
pub struct Writer {
    before: Option<RecordedRequest>,
}

impl Writer {
    /// The line of a call, its end included.
    ///
    /// # Errors
    /// Only if a value cannot be written as JSON, which no recorded call can cause.
    pub fn line(&mut self, exchange: Exchange) -> Result<String, serde_json::Error> {
        let asked = asked(&exchange.request, self.before.as_ref());
        let line = Line {
            v: RECORDING_VERSION,
            turn: exchange.turn,
            call: exchange.call,
            at: exchange.at_ms,
            by: exchange.by,
            model: exchange.model,
            request: asked,
            events: exchange.events,
            end: exchange.end,
            took: exchange.took_ms,
            wire: exchange.wire,
        };
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        self.before = Some(exchange.request);
        Ok(text)
    }

    /// The line before is not, or may not be, in the file: the next one says everything.
    pub fn forget(&mut self) {
        self.before = None;
    }
}

fn asked(request: &RecordedRequest, before: Option<&RecordedRequest>) -> Asked {
    let same = |(one, other): &(&Value, &Value)| one == other;
    let keep =
        before.map_or(0, |before| before.messages.iter().zip(&request.messages).take_while(same).count());
    let system = before.is_none_or(|before| before.system != request.system);
    let tools = before.is_none_or(|before| before.tools != request.tools);
    Asked {
        keep,
        system: system.then(|| request.system.clone()),
        tools: tools.then(|| request.tools.clone()),
        messages: request.messages.iter().skip(keep).cloned().collect(),
        max_tokens: request.max_tokens,
        temperature: request.temperature,
        thinking: request.thinking.clone(),
        sum: sum_of(request),
    }
}

fn sum_of(request: &RecordedRequest) -> String {
    let all = (&request.system, &request.messages, &request.tools);
    // No value of these types fails to become JSON.
    sum(&serde_json::to_vec(&all).unwrap_or_default())
}

impl Asked {
    /// The whole request; nothing if it does not go on from the one before.
    fn whole(self, before: Option<&RecordedRequest>) -> Option<RecordedRequest> {
        let mut messages = match before {
            Some(before) => before.messages.get(..self.keep)?.to_vec(),
            None if self.keep == 0 => Vec::new(),
            None => return None,
        };
        messages.extend(self.messages);
        let request = RecordedRequest {
            system: self.system.or_else(|| before.map(|before| before.system.clone()))?,
            tools: self.tools.or_else(|| before.map(|before| before.tools.clone()))?,
            messages,
            max_tokens: self.max_tokens,
            temperature: self.temperature,
            thinking: self.thinking,
        };
        (sum_of(&request) == self.sum).then_some(request)
    }
}

/// What a recording holds.
#[derive(Debug, Default)]
pub struct Recording {
    /// The calls, in the order in which they ended.
    pub exchanges: Vec<Exchange>,
    /// What could not be read.
    pub remarks: Vec<Remark>,
}

/// Why a line is left out. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The last line ends in the middle.
    Torn {
        /// Which.
        line: usize,
    },
    /// It is not what this program writes.
    Damaged {
        /// Which.
        line: usize,
        /// Why.
        why: String,
    },
    /// Another version of the program wrote it.
    OtherVersion {
        /// Which.
        line: usize,
        /// The version.
        version: u32,
    },
    /// It does not go on from the line before, or was changed.
    DoesNotFit {
        /// Which.
        line: usize,
    },
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Torn { line } => write!(
                f,
                "line {line}, the last one, ends in the middle: the program or the machine stopped while it was written"
            ),
            Self::Damaged { line, why } => write!(f, "line {line} cannot be read: {why}"),
            Self::OtherVersion { line, version } => write!(
                f,
                "line {line} has version {version} of the format; this program reads version {RECORDING_VERSION}"
            ),
            Self::DoesNotFit { line } => write!(
                f,
                "line {line} does not go on from the line before it, or its request was changed after it was written"
            ),
        }
    }
}

/// Reads a recording. What cannot be read is left out and told of.
#[must_use]
pub fn read(text: &[u8]) -> Recording {
    let mut recording = Recording::default();
    let mut before: Option<RecordedRequest> = None;
    let is_torn = !text.ends_with(b"\n");
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let last = lines.len();
    for (number, line) in (1..).zip(lines) {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match read_line(line, number, before.as_ref()) {
            Ok(exchange) => {
                before = Some(exchange.request.clone());
                recording.exchanges.push(exchange);
            }
            Err(Remark::Damaged { .. }) if is_torn && number == last => {
                recording.remarks.push(Remark::Torn { line: number });
            }
            Err(remark) => {
                before = None;
                recording.remarks.push(remark);
            }
        }
    }
    recording
}

fn read_line(line: &[u8], number: usize, before: Option<&RecordedRequest>) -> Result<Exchange, Remark> {
    let damaged = |error: serde_json::Error| Remark::Damaged { line: number, why: error.to_string() };
    let Version { v: version } = serde_json::from_slice(line).map_err(damaged)?;
    if version != RECORDING_VERSION {
        return Err(Remark::OtherVersion { line: number, version });
    }
    let line: Line = serde_json::from_slice(line).map_err(damaged)?;
    let request = line.request.whole(before).ok_or(Remark::DoesNotFit { line: number })?;
    Ok(Exchange {
        turn: line.turn,
        call: line.call,
        at_ms: line.at,
        by: line.by,
        model: line.model,
        request,
        events: line.events,
        end: line.end,
        took_ms: line.took,
        wire: line.wire,
    })
}
