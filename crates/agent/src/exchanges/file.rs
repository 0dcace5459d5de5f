//! The file of one session, as it is written.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use openclaw_guard::{FileError, Redactor, Root};
use openclaw_models::replay::{Exchange, Hidden, Line, Taken, Wire, Writer};
use openclaw_store::SessionId;

use super::folder::Grown;
use super::{NotWritten, file_name, older_name};

/// The file of one session as far as this process wrote it.
pub(super) struct Lines {
    session: SessionId,
    writer: Writer,
    /// Whether the file may end in the middle of a line.
    is_torn: bool,
    /// Bytes of the lines that stand behind each other, which is more than what is remembered of them.
    held: usize,
    /// What hid the secrets of the last request, and what came of that.
    hidden: Option<(Arc<Redactor>, Hidden)>,
}

impl Lines {
    pub(super) fn new(session: &SessionId) -> Self {
        // What an earlier process left of it is not known.
        Self { session: session.clone(), writer: Writer::default(), is_torn: true, held: 0, hidden: None }
    }

    pub(super) fn session(&self) -> &SessionId {
        &self.session
    }

    /// How many bytes of memory it takes, at most.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    fn forget(&mut self) {
        self.writer.forget();
        self.held = 0;
        self.hidden = None;
    }

    /// What was called, without its secrets.
    pub(super) fn exchange(&mut self, taken: Taken, redactor: &Arc<Redactor>) -> Exchange {
        let known = self.hidden.take().filter(|(own, _)| Arc::ptr_eq(own, redactor));
        let (_, hidden) =
            self.hidden.insert(known.unwrap_or_else(|| (Arc::clone(redactor), Hidden::default())));
        taken.exchange_after(hidden, redactor)
    }

    /// Writes a call into the file, which begins anew when it is full.
    pub(super) fn append(
        &mut self,
        root: &Root,
        mut exchange: Exchange,
        max_bytes: u64,
    ) -> Result<Grown, NotWritten> {
        let name = file_name(&self.session);
        let path = root.path().join(&name);
        let failed = |action| {
            let path = &path;
            move |source| NotWritten::File(FileError::new(action, path, source))
        };
        let mut file = root.open_append(&name)?;
        let length = file.metadata().map_err(failed("look at"))?.len();
        if length == 0 {
            // It is new, or somebody has removed it.
            self.forget();
        }
        let line = fitting(&self.writer, &mut exchange, max_bytes)?;
        if length == 0 || length.saturating_add(line.text().len() as u64) <= max_bytes {
            let has_end = length == 0 || !self.is_torn || ends_a_line(root, &name)?;
            let before = if has_end { "" } else { "\n" };
            self.put(&mut file, (before, line), length).map_err(failed("write"))?;
            return Ok(Grown::By(file.metadata().map_err(failed("look at"))?.len().saturating_sub(length)));
        }
        // A file stands for itself. Nothing is put aside for a line that does not fit into any.
        let line = fitting(&Writer::default(), &mut exchange, max_bytes)?;
        std::fs::rename(&path, root.path().join(older_name(&self.session))).map_err(failed("put aside"))?;
        self.forget();
        let mut file = root.open_append(&name)?;
        self.put(&mut file, ("", line), 0).map_err(failed("write"))?;
        Ok(Grown::Anew)
    }

    /// Writes a line, or nothing: what came of it before the disk was full is taken back.
    fn put(
        &mut self,
        file: &mut File,
        (before, line): (&str, Line),
        length: u64,
    ) -> Result<(), std::io::Error> {
        let text = [before, line.text()].concat();
        if let Err(error) = file.write_all(text.as_bytes()) {
            self.is_torn = file.set_len(length).is_err() || self.is_torn;
            self.forget();
            return Err(error);
        }
        self.is_torn = false;
        self.held = self.held.saturating_add(text.len());
        self.writer.wrote(line);
        Ok(())
    }
}

/// The line of a call; without its frames when it would fill a file by itself.
fn fitting(writer: &Writer, exchange: &mut Exchange, max_bytes: u64) -> Result<Line, NotWritten> {
    let fits = |line: &Line| line.text().len() as u64 <= max_bytes;
    let line = writer.line(exchange)?;
    if fits(&line) {
        return Ok(line);
    }
    let Some(wire) = exchange.wire.as_mut().filter(|wire| !wire.frames.is_empty()) else {
        return Err(NotWritten::TooLarge);
    };
    let left_out: usize = wire.frames.iter().map(|(_, frame)| frame.bytes()).sum();
    *wire = Wire { frames: Vec::new(), left_out_bytes: wire.left_out_bytes + left_out, ..*wire };
    let line = writer.line(exchange)?;
    if fits(&line) { Ok(line) } else { Err(NotWritten::TooLarge) }
}

fn ends_a_line(root: &Root, name: &Path) -> Result<bool, NotWritten> {
    let mut file: File = root.open_read(name)?;
    let mut last = [0];
    let read = file.seek(SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last));
    let path = root.path().join(name);
    read.map_err(|source| FileError::new("read", &path, source))?;
    Ok(last == *b"\n")
}
