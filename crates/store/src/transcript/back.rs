//! Reading a file from its end, line by line: what matters of a long conversation is near there.

use std::fs::File;
use std::io;

/// Bytes read at a time: a few dozen messages.
const BLOCK_BYTES: u64 = 64 * 1024;
/// A line with more than this is a hole that a power cut left, or no line: nobody writes records of that size.
const MAX_LINE_BYTES: usize = 256 * 1024 * 1024;

/// Something that can be read from at any place. A file; in tests one that counts.
pub(super) trait ReadAt {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    fn read_range(&self, from: u64, to: u64) -> io::Result<Vec<u8>> {
        let length = usize::try_from(to.saturating_sub(from)).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        self.read_exact_at(&mut bytes, from)?;
        Ok(bytes)
    }
}

impl ReadAt for File {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buffer, offset)
    }
}

/// The lines of a file before some offset, the last one first, without their ends.
pub(super) struct BackLines<'a, R> {
    source: &'a R,
    /// Read, not yet given out.
    block: Vec<u8>,
    /// Where the block begins: nothing before it has been read.
    block_at: u64,
    /// The part of a line whose beginning is in a block not yet read: its blocks, the last one first. Joining them only
    /// when the line is whole keeps a line of many blocks from being copied over and over.
    pending: Vec<Vec<u8>>,
    pending_bytes: usize,
    finished: bool,
}

impl<'a, R: ReadAt> BackLines<'a, R> {
    pub(super) fn new(source: &'a R, end: u64) -> Self {
        Self {
            source,
            block: Vec::new(),
            block_at: end,
            pending: Vec::new(),
            pending_bytes: 0,
            finished: false,
        }
    }

    /// The next line towards the beginning and its offset; an oversized one is empty. Nothing if more than down to `floor`
    /// would have to be read.
    pub(super) fn next_above(&mut self, floor: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
        while !self.finished {
            if let Some(line_end) = self.block.iter().rposition(|&b| b == b'\n') {
                let piece = self.block.split_off(line_end + 1);
                self.block.truncate(line_end);
                self.keep(piece);
                return Ok(Some((self.block_at + line_end as u64 + 1, self.join())));
            }
            let piece = std::mem::take(&mut self.block);
            self.keep(piece);
            if self.block_at == 0 {
                self.finished = true;
                return Ok(Some((0, self.join())));
            }
            if self.block_at <= floor {
                self.finished = true;
                break;
            }
            let start = self.block_at.saturating_sub(BLOCK_BYTES);
            self.block = self.source.read_range(start, self.block_at)?;
            self.block_at = start;
        }
        Ok(None)
    }

    /// The next line towards the beginning of the file and its offset.
    pub(super) fn next_line(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        self.next_above(0)
    }

    fn keep(&mut self, piece: Vec<u8>) {
        self.pending_bytes += piece.len();
        if self.pending_bytes > MAX_LINE_BYTES {
            self.pending.clear();
        } else {
            self.pending.push(piece);
        }
    }

    fn join(&mut self) -> Vec<u8> {
        self.pending_bytes = 0;
        let mut line = Vec::with_capacity(self.pending.iter().map(Vec::len).sum());
        for piece in self.pending.drain(..).rev() {
            line.extend_from_slice(&piece);
        }
        line
    }
}
