//! Appending: one write of one whole line, in one step or in two with a commit elsewhere between them.

use std::io::Seek as _;
use std::sync::Arc;

use openclaw_guard::{FileError, Root, iso_millis};
use openclaw_protocol::message::{Content, Message, UserMessage};
use serde::Serialize;
use serde_json::{Value, json};

use super::back::ReadAt as _;
use super::context::{HistoryItem, HistoryOrigin};
use super::open::place_of;
use super::record::{MessageBody, Node, PreparedRecord, RecordId, rehang};
use super::{Display, Tail, Transcript, pairing};
use crate::StoreError;

impl Transcript {
    /// Makes the record of a message and changes nothing: for a caller that first makes the line durable elsewhere.
    ///
    /// # Errors
    /// When the message is no JSON, or the system has no random bytes.
    pub fn prepare_message(&self, message: &Arc<Message>) -> Result<PreparedRecord, StoreError> {
        self.prepare_message_as(&self.new_id()?, message)
    }

    /// Writes a prepared record, not yet synced; the history and the leaf follow.
    ///
    /// If other records came between, it is hung on the last of them: its line differs from the prepared one in
    /// `parentId` only, and nobody falls off the active branch.
    ///
    /// # Errors
    /// When it cannot be written, or its id is taken by now.
    pub fn write(&mut self, record: PreparedRecord) -> Result<RecordId, StoreError> {
        let PreparedRecord { id, mut line, parent, item } = record;
        if self.ids.contains(&id) {
            return Err(StoreError::RecordExists { path: self.path().to_owned(), id });
        }
        if parent != self.leaf {
            let no_record = || StoreError::NotARecord { path: self.path().to_owned() };
            line = rehang(&line, self.leaf.as_ref()).ok_or_else(no_record)?;
        }
        self.write_line(line)?;
        self.ids.insert(id.clone());
        self.leaf = Some(id.clone());
        self.history.extend(item.map(Arc::new));
        Ok(id)
    }

    /// Appends a message; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written; what was written of it is taken back. If only the sync fails, or nothing could be taken
    /// back, the message may be in the file or not: the transcript must be opened again then.
    pub fn append_message(&mut self, message: &Arc<Message>) -> Result<RecordId, StoreError> {
        let id = self.write(self.prepare_message(message)?)?;
        self.sync()?;
        Ok(id)
    }

    /// Appends a message under an id chosen beforehand, not yet synced: see [`Transcript::syncer`]. Ask
    /// [`Transcript::contains`] first where it may have been written before a crash.
    ///
    /// # Errors
    /// When it cannot be written, or the id is taken.
    pub fn append_message_as(&mut self, id: &RecordId, message: &Arc<Message>) -> Result<(), StoreError> {
        self.write(self.prepare_message_as(id, message)?).map(|_| ())
    }

    /// Records which model answers from here on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_model_change(&mut self, provider: &str, model_id: &str) -> Result<RecordId, StoreError> {
        let id = self.append("model_change", json!({"provider": provider, "modelId": model_id}))?;
        self.settings.model = Some((provider.to_owned(), model_id.to_owned()));
        Ok(id)
    }

    /// Records how much the model is asked to think from here on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_thinking_level(&mut self, level: &str) -> Result<RecordId, StoreError> {
        let id = self.append("thinking_level_change", json!({"thinkingLevel": level}))?;
        self.settings.thinking_level = Some(level.to_owned());
        Ok(id)
    }

    /// Appends a record for programs; the model never sees it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_custom(&mut self, custom_type: &str, data: &Value) -> Result<RecordId, StoreError> {
        self.append("custom", json!({"customType": custom_type, "data": data}))
    }

    /// Appends text that a program gives to the model as a user's; people see it only if `display` says so.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_custom_message(
        &mut self,
        custom_type: &str,
        text: &str,
        display: Display,
    ) -> Result<RecordId, StoreError> {
        let body = json!({"customType": custom_type, "content": text, "display": display == Display::Shown});
        let mut record = self.prepare("custom_message", &self.new_id()?, body)?;
        let user = UserMessage { content: Content::Text(text.to_owned()), timestamp: self.clock.now_ms() };
        let message = Arc::new(Message::User(user));
        record.item = Some(HistoryItem::new(Some(record.id.clone()), HistoryOrigin::Injected, message));
        let id = self.write(record)?;
        self.sync()?;
        Ok(id)
    }

    /// Gives every tool call at the end of the history that has no result yet an error result saying `why`; returns how
    /// many. For a turn that ends while tools run.
    ///
    /// # Errors
    /// When a result cannot be written.
    pub fn close_open_calls(&mut self, why: &str) -> Result<usize, StoreError> {
        let open = pairing::open_at_end(&self.history);
        for call in &open {
            self.append_message(&Arc::new(call.result(why, self.clock.now_ms())))?;
        }
        Ok(open.len())
    }

    fn prepare_message_as(
        &self,
        id: &RecordId,
        message: &Arc<Message>,
    ) -> Result<PreparedRecord, StoreError> {
        let mut record = self.prepare("message", id, MessageBody { message })?;
        record.item = Some(HistoryItem::new(Some(id.clone()), HistoryOrigin::Message, Arc::clone(message)));
        Ok(record)
    }

    fn prepare(&self, kind: &str, id: &RecordId, body: impl Serialize) -> Result<PreparedRecord, StoreError> {
        let timestamp = iso_millis(self.clock.now_ms());
        let node = Node { kind, id, parent_id: self.leaf.as_ref(), timestamp, body };
        let line = serde_json::to_vec(&node).map_err(|source| self.encode_error(source))?;
        Ok(PreparedRecord { id: id.clone(), line, parent: self.leaf.clone(), item: None })
    }

    pub(super) fn append(&mut self, kind: &str, body: impl Serialize) -> Result<RecordId, StoreError> {
        self.write(self.prepare(kind, &self.new_id()?, body)?)
    }

    /// Writes a line and its end; after a broken write first the end of that. No line at all only ends the torn one.
    pub(super) fn write_line(&mut self, line: Vec<u8>) -> Result<(), StoreError> {
        let handle = Arc::clone(&self.handle);
        handle.must_be_sound()?;
        let fail = |source| FileError::new("append to", &handle.path, source);
        let mut file = &handle.file;
        let length = line.len();
        let bytes = self.tail.finish(line);
        let before = file.metadata().map_err(fail)?.len();
        if let Err(source) = (handle.disk.write)(file, &bytes) {
            if self.take_back(&bytes, before).is_err() {
                handle.give_up();
            }
            return Err(fail(source).into());
        }
        self.tail = Tail::Clean;
        // The file's position is where this line ended, whatever another program may have appended since.
        if length > 0
            && let Ok(end) = file.stream_position()
        {
            self.sums.note_lines(&bytes, end.saturating_sub(bytes.len() as u64));
        }
        Ok(())
    }

    /// Cuts off a piece of a line that was not written whole: it could be all of it but its end, and the record would be
    /// there twice when the caller tries again. Only what is a piece of that line is cut.
    fn take_back(&self, bytes: &[u8], before: u64) -> Result<(), StoreError> {
        let fail = |source| FileError::new("take back a line of", self.path(), source);
        let (dir, name) = place_of(self.path())?;
        let source = Root::open(dir)?.open_read(name)?;
        let end = source.metadata().map_err(fail)?.len();
        let written = source.read_range(before, end).map_err(fail)?;
        if !bytes.starts_with(&written) {
            return Err(fail(std::io::ErrorKind::InvalidData.into()).into());
        }
        (self.handle.disk.cut)(&self.handle.file, before).map_err(fail)?;
        Ok(())
    }

    fn new_id(&self) -> Result<RecordId, StoreError> {
        if self.read_from == 0 { RecordId::free(&self.ids) } else { RecordId::random() }
    }

    fn encode_error(&self, source: serde_json::Error) -> StoreError {
        StoreError::Encode { path: self.path().to_owned(), source }
    }
}

impl Tail {
    /// What must be written so that `line` is a line of its own; an empty one only ends what is there. The line is not
    /// copied unless it follows a torn one: there may be an image in it.
    pub(super) fn finish(self, mut line: Vec<u8>) -> Vec<u8> {
        if !line.is_empty() {
            line.push(b'\n');
        }
        if self == Self::Torn {
            line.insert(0, b'\n');
        }
        line
    }
}
