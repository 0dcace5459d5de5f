//! The lines of a recording: one call in each.

use std::borrow::Cow;
use std::sync::Arc;

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::exchange::{End, Exchange, RecordedModel, RecordedRequest, Wire, hex};
use crate::ModelEvent;

/// The version that is written, and the only one that is read.
pub const RECORDING_VERSION: u32 = 1;

/// A line, as written and as read.
#[derive(Serialize, Deserialize)]
struct Row<'a> {
    v: u32,
    turn: Cow<'a, str>,
    call: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    lost: u32,
    at: i64,
    by: Cow<'a, str>,
    model: Cow<'a, RecordedModel>,
    request: Asked<'a>,
    events: Cow<'a, [(u64, ModelEvent)]>,
    end: Cow<'a, End>,
    took: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wire: Option<Cow<'a, Wire>>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(lost: &u32) -> bool {
    *lost == 0
}

/// The request as what is new in it: a conversation is sent again with every call, and would be written as often.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    /// Messages that are those of the line before.
    keep: usize,
    /// Absent: as in the line before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    system: Option<Cow<'a, str>>,
    /// Absent: as in the line before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tools: Option<Cow<'a, [Value]>>,
    messages: Cow<'a, [Arc<Value>]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thinking: Option<Cow<'a, str>>,
    /// Of all of it, so that a line that does not belong behind the one before is not taken for what it is not.
    sum: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

/// What a line goes on from.
#[derive(Clone)]
struct Before {
    request: RecordedRequest,
    sums: Sums,
}

/// The sum of system prompt and messages, as it is after each message: a conversation that became longer is not summed
/// from its beginning again.
#[derive(Clone)]
struct Sums(Vec<Context>);

impl Sums {
    fn of(system: &str) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(b"[");
        context.update(&text_of(system));
        context.update(b",[");
        Self(vec![context])
    }

    /// Those of the first so many messages.
    fn first(&self, messages: usize) -> Self {
        Self(self.0.iter().take(messages.saturating_add(1)).cloned().collect())
    }

    fn push(&mut self, message: &Value) {
        let Some(mut context) = self.0.last().cloned() else { return };
        if self.0.len() > 1 {
            context.update(b",");
        }
        context.update(&text_of(message));
        self.0.push(context);
    }

    /// The sum of `[system, messages, tools]` as JSON.
    fn with(&self, tools: &[Value]) -> String {
        let mut context = self.0.last().cloned().unwrap_or_else(|| Context::new(&SHA256));
        context.update(b"],");
        context.update(&text_of(tools));
        context.update(b"]");
        hex(context.finish().as_ref())
    }
}

fn text_of(value: &(impl Serialize + ?Sized)) -> Vec<u8> {
    // No value of these types fails to become JSON.
    serde_json::to_vec(value).unwrap_or_default()
}

/// A line that may be written, its end included.
pub struct Line {
    text: String,
    after: Before,
}

impl Line {
    /// What is to be written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Makes the lines of one file.
#[derive(Default)]
pub struct Writer {
    before: Option<Before>,
}

impl Writer {
    /// The line of a call behind those that were written.
    ///
    /// # Errors
    /// Only if a value cannot be written as JSON, which no recorded call can cause.
    pub fn line(&self, exchange: &Exchange) -> Result<Line, serde_json::Error> {
        let request = &exchange.request;
        let before = self.before.as_ref();
        let same = |(one, other): &(&Arc<Value>, &Arc<Value>)| one == other;
        let keep = before.map_or(0, |before| {
            before.request.messages.iter().zip(&request.messages).take_while(same).count()
        });
        let is_new = |differs: fn(&RecordedRequest, &RecordedRequest) -> bool| {
            before.is_none_or(|before| differs(&before.request, request))
        };
        let system = is_new(|before, request| before.system != request.system);
        let tools = is_new(|before, request| before.tools != request.tools);
        let mut sums = match before {
            Some(before) if !system => before.sums.first(keep),
            Some(_) | None => Sums::of(&request.system),
        };
        request.messages.iter().skip(sums.0.len() - 1).for_each(|message| sums.push(message));
        let asked = Asked {
            keep,
            system: system.then_some(Cow::Borrowed(&*request.system)),
            tools: tools.then_some(Cow::Borrowed(&*request.tools)),
            messages: Cow::Borrowed(request.messages.get(keep..).unwrap_or_default()),
            max_tokens: request.max_tokens,
            temperature: request.temperature,
            thinking: request.thinking.as_deref().map(Cow::Borrowed),
            sum: Cow::Owned(sums.with(&request.tools)),
        };
        let row = Row {
            v: RECORDING_VERSION,
            turn: Cow::Borrowed(&exchange.turn),
            call: exchange.call,
            lost: exchange.lost,
            at: exchange.at_ms,
            by: Cow::Borrowed(&exchange.by),
            model: Cow::Borrowed(&exchange.model),
            request: asked,
            events: Cow::Borrowed(&exchange.events),
            end: Cow::Borrowed(&exchange.end),
            took: exchange.took_ms,
            wire: exchange.wire.as_ref().map(Cow::Borrowed),
        };
        let mut text = serde_json::to_string(&row)?;
        text.push('\n');
        Ok(Line { text, after: Before { request: request.clone(), sums } })
    }

    /// The line is in the file: the next one goes on from it.
    pub fn wrote(&mut self, line: Line) {
        self.before = Some(line.after);
    }

    /// The line before is not, or may not be, in the file: the next one says everything.
    pub fn forget(&mut self) {
        self.before = None;
    }
}

impl Asked<'_> {
    /// The whole request; nothing if it does not go on from the one before.
    fn whole(self, before: Option<&Before>) -> Option<Before> {
        let mut messages = match before {
            Some(before) => before.request.messages.get(..self.keep)?.to_vec(),
            None if self.keep == 0 => Vec::new(),
            None => return None,
        };
        let mut sums = match (&self.system, before) {
            (None, Some(before)) => before.sums.first(self.keep),
            (Some(system), _) => Sums::of(system),
            (None, None) => return None,
        };
        messages.extend(self.messages.into_owned());
        messages.iter().skip(sums.0.len() - 1).for_each(|message| sums.push(message));
        let before = before.map(|before| &before.request);
        let request = RecordedRequest {
            system: self.system.map(Arc::from).or_else(|| before.map(|before| Arc::clone(&before.system)))?,
            tools: match self.tools {
                Some(tools) => Arc::from(tools.into_owned()),
                None => Arc::clone(&before?.tools),
            },
            messages,
            max_tokens: self.max_tokens,
            temperature: self.temperature,
            thinking: self.thinking.map(Cow::into_owned),
        };
        (sums.with(&request.tools) == self.sum).then_some(Before { request, sums })
    }
}

/// What a recording holds.
#[derive(Debug, Default)]
pub struct Recording {
    /// The calls, in the order in which they ended. Lines that cannot be read count as lost before the next one.
    pub exchanges: Vec<Exchange>,
    /// What could not be read.
    pub remarks: Vec<Remark>,
    /// Lines behind the last call that could not be read.
    pub lost_after: u32,
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
    let mut before: Option<Before> = None;
    let is_torn = !text.ends_with(b"\n");
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let last = lines.len();
    for (number, line) in (1..).zip(lines) {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match read_line(line, number, before.as_ref()) {
            Ok((mut exchange, after)) => {
                before = Some(after);
                exchange.lost = exchange.lost.saturating_add(std::mem::take(&mut recording.lost_after));
                recording.exchanges.push(exchange);
            }
            Err(remark) => {
                let is_last = is_torn && number == last;
                recording.remarks.push(match &remark {
                    Remark::Damaged { .. } if is_last => Remark::Torn { line: number },
                    Remark::Torn { .. }
                    | Remark::Damaged { .. }
                    | Remark::OtherVersion { .. }
                    | Remark::DoesNotFit { .. } => remark,
                });
                recording.lost_after = recording.lost_after.saturating_add(1);
                before = None;
            }
        }
    }
    recording
}

fn read_line(line: &[u8], number: usize, before: Option<&Before>) -> Result<(Exchange, Before), Remark> {
    let damaged = |error: serde_json::Error| Remark::Damaged { line: number, why: error.to_string() };
    let Version { v: version } = serde_json::from_slice(line).map_err(damaged)?;
    if version != RECORDING_VERSION {
        return Err(Remark::OtherVersion { line: number, version });
    }
    let row: Row<'_> = serde_json::from_slice(line).map_err(damaged)?;
    let after = row.request.whole(before).ok_or(Remark::DoesNotFit { line: number })?;
    let exchange = Exchange {
        turn: row.turn.into_owned(),
        call: row.call,
        lost: row.lost,
        at_ms: row.at,
        by: row.by.into_owned(),
        model: row.model.into_owned(),
        request: after.request.clone(),
        events: row.events.into_owned(),
        end: row.end.into_owned(),
        took_ms: row.took,
        wire: row.wire.map(Cow::into_owned),
    };
    Ok((exchange, after))
}
