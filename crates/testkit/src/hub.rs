//! A hub of models with one file, and the storage that it sends people to, on two loopback ports.
//!
//! Wire format: Hugging Face answers `GET` and `HEAD` of `/<owner>/<repository>/resolve/<revision>/<file>` for a file of
//! git-lfs with 302, `X-Linked-Etag` (the SHA-256 in quotes), `X-Linked-Size`, `X-Repo-Commit`, and a `Location` on
//! another host, which knows `Range` (`huggingface_hub` 2.4.0, `file_download.py`). A renamed repository is a 307 with a
//! relative `Location`; what does not exist is a 404 with `X-Error-Code: EntryNotFound`.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a `wait_…` lasts before the test fails.
const WAIT_LIMIT: Duration = Duration::from_secs(10);

/// What goes wrong with one transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing: to let some transfers through before the next trouble.
    None,
    /// The connection closes after this many bytes.
    CutAfter(usize),
    /// After this many bytes nothing comes until [`FakeHub::release`].
    HoldAfter(usize),
    /// One byte is another.
    WrongByte,
    /// This status and no content.
    Status(u16),
    /// The whole file with 200, whatever was asked for.
    IgnoreRange,
    /// This many bytes that belong to no file come behind it.
    TooMuch(usize),
}

/// Which of the two was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// The hub.
    Hub,
    /// The storage.
    Storage,
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct HubRequest {
    /// Who was asked.
    pub host: Host,
    /// `HEAD` or `GET`.
    pub method: String,
    /// The path.
    pub path: String,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
}

impl HubRequest {
    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A running hub.
pub struct FakeHub {
    shared: Arc<Shared>,
    addresses: [SocketAddr; 2],
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    path: String,
    bytes: Vec<u8>,
    storage: SocketAddr,
    board: Mutex<Board>,
    changed: Condvar,
}

#[derive(Default)]
struct Board {
    troubles: VecDeque<Trouble>,
    hub_status: Option<u16>,
    claims: Claims,
    requests: Vec<HubRequest>,
    held: usize,
    released: usize,
    is_over: bool,
    /// Every connection, to be closed at the end: a client under test may be asleep and never close its own.
    sockets: Vec<TcpStream>,
}

/// What the hub says about the file, where it is not the truth.
#[derive(Debug, Default, Clone)]
pub struct Claims {
    /// The checksum; an empty one is left out.
    pub sha256: Option<String>,
    /// The size.
    pub size: Option<u64>,
    /// Where everything leads.
    pub location: Option<String>,
}

impl FakeHub {
    /// A hub whose only file is `owner/repository/file`.
    #[must_use]
    pub fn start(file: &str, bytes: Vec<u8>) -> Self {
        let listeners =
            [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port"));
        let addresses = [0, 1].map(|index: usize| listeners[index].local_addr().unwrap());
        let mut parts = file.splitn(3, '/');
        let [owner, repository, name] = [(); 3].map(|()| parts.next().expect("owner/repository/file"));
        let shared = Arc::new(Shared {
            path: format!("/{owner}/{repository}/resolve/main/{name}"),
            bytes,
            storage: addresses[1],
            board: Mutex::default(),
            changed: Condvar::new(),
        });
        let hosts = [Host::Hub, Host::Storage];
        let threads = listeners.into_iter().zip(hosts).map(|(listener, host)| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || accept(&listener, host, &shared))
        });
        Self { threads: threads.collect(), addresses, shared }
    }

    /// Its address.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/", self.addresses[0])
    }

    /// The address of its storage.
    #[must_use]
    pub fn storage_url(&self) -> String {
        format!("http://{}/", self.addresses[1])
    }

    /// What the next transfer from the storage suffers from; each push is for one.
    pub fn push(&self, trouble: Trouble) {
        self.shared.board.lock().unwrap().troubles.push_back(trouble);
    }

    /// From now on the hub answers everything with this status.
    pub fn answer_with(&self, status: Option<u16>) {
        self.shared.board.lock().unwrap().hub_status = status;
    }

    /// From now on the hub says this about its file.
    pub fn claim(&self, claims: Claims) {
        self.shared.board.lock().unwrap().claims = claims;
    }

    /// Lets everything go that is held.
    pub fn release(&self) {
        let mut board = self.shared.board.lock().unwrap();
        board.released = board.held;
        self.shared.changed.notify_all();
    }

    /// Waits until this many transfers have been held.
    ///
    /// # Panics
    /// They are not within ten seconds.
    pub fn wait_held(&self, count: usize) {
        let board = self.shared.board.lock().unwrap();
        let (board, waited) =
            self.shared.changed.wait_timeout_while(board, WAIT_LIMIT, |board| board.held < count).unwrap();
        assert!(!waited.timed_out(), "{} transfers are held", board.held);
    }

    /// The requests so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<HubRequest> {
        self.shared.board.lock().unwrap().requests.clone()
    }

    /// The `Range` headers of the transfers so far; an empty text where there was none.
    #[must_use]
    pub fn ranges(&self) -> Vec<String> {
        let requests = self.requests();
        let transfers =
            requests.iter().filter(|request| request.host == Host::Storage && request.method == "GET");
        transfers.map(|request| request.header("range").unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for FakeHub {
    fn drop(&mut self) {
        let mut board = self.shared.board.lock().unwrap();
        board.is_over = true;
        for socket in board.sockets.drain(..) {
            // It may be closed already.
            socket.shutdown(std::net::Shutdown::Both).ok();
        }
        drop(board);
        self.shared.changed.notify_all();
        for address in self.addresses {
            // Wakes the thread that accepts.
            drop(TcpStream::connect(address));
        }
        for thread in self.threads.drain(..) {
            // A panic of the thread has already been printed; a second one while dropping would abort.
            drop(thread.join());
        }
    }
}

fn accept(listener: &TcpListener, host: Host, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    for socket in listener.incoming() {
        let socket = socket.unwrap();
        let mut board = shared.board.lock().unwrap();
        if board.is_over {
            break;
        }
        board.sockets.push(socket.try_clone().unwrap());
        drop(board);
        let shared = Arc::clone(shared);
        // A client that goes away is part of the test.
        threads.push(std::thread::spawn(move || answer(socket, host, &shared).unwrap_or_default()));
    }
    for thread in threads {
        drop(thread.join());
    }
}

fn answer(socket: TcpStream, host: Host, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(socket.try_clone()?);
    let mut socket = socket;
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(()) };
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let request = HubRequest { host, method, path, headers };
    shared.board.lock().unwrap().requests.push(request.clone());
    match host {
        Host::Hub => socket.write_all(direct(&request, shared).as_bytes()),
        Host::Storage => transfer(&mut socket, &request, shared),
    }?;
    // Closed without this, what the client has not read yet might be thrown away.
    socket.shutdown(std::net::Shutdown::Write)?;
    reader.read_to_end(&mut Vec::new()).map(drop)
}

/// What the hub answers: where the file is.
fn direct(request: &HubRequest, shared: &Shared) -> String {
    let board = shared.board.lock().unwrap();
    let end = "content-length: 0\r\nconnection: close\r\n\r\n";
    if let Some(status) = board.hub_status {
        return format!("HTTP/1.1 {status} As told\r\n{end}");
    }
    if let Some(rest) = request.path.strip_prefix("/renamed") {
        return format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {rest}\r\n{end}");
    }
    if request.path != shared.path {
        return format!("HTTP/1.1 404 Not Found\r\nx-error-code: EntryNotFound\r\n{end}");
    }
    let sha256 = board.claims.sha256.clone().unwrap_or_else(|| sha256(&shared.bytes));
    let etag = if sha256.is_empty() { String::new() } else { format!("x-linked-etag: \"{sha256}\"\r\n") };
    let size = board.claims.size.unwrap_or(shared.bytes.len() as u64);
    let storage = format!("http://{}/blob?signature=secret", shared.storage);
    let location = board.claims.location.as_ref().unwrap_or(&storage);
    format!(
        "HTTP/1.1 302 Found\r\n{etag}x-linked-size: {size}\r\nx-repo-commit: 0123abcd\r\nlocation: {location}\r\n{end}"
    )
}

fn transfer(socket: &mut TcpStream, request: &HubRequest, shared: &Shared) -> std::io::Result<()> {
    let trouble = if request.method == "GET" {
        shared.board.lock().unwrap().troubles.pop_front().unwrap_or(Trouble::None)
    } else {
        Trouble::None
    };
    let close = "connection: close\r\n\r\n";
    if let Trouble::Status(status) = trouble {
        return write!(socket, "HTTP/1.1 {status} As told\r\ncontent-length: 0\r\n{close}");
    }
    let size = shared.bytes.len();
    let range = request.header("range").filter(|_| trouble != Trouble::IgnoreRange);
    let from = range.map(|text| text.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap());
    let (status, from, line) = match from {
        Some(from) if from >= size => {
            let line = format!("content-range: bytes */{size}\r\ncontent-length: 0\r\n");
            return write!(socket, "HTTP/1.1 416 Range Not Satisfiable\r\n{line}{close}");
        }
        Some(from) => {
            ("206 Partial Content", from, format!("content-range: bytes {from}-{}/{size}\r\n", size - 1))
        }
        None => ("200 OK", 0, String::new()),
    };
    let mut body = shared.bytes[from..].to_vec();
    match trouble {
        Trouble::WrongByte => {
            let middle = body.len() / 2;
            body[middle] ^= 1;
        }
        Trouble::TooMuch(count) => body.resize(body.len() + count, 0),
        Trouble::None
        | Trouble::CutAfter(_)
        | Trouble::HoldAfter(_)
        | Trouble::Status(_)
        | Trouble::IgnoreRange => {}
    }
    write!(socket, "HTTP/1.1 {status}\r\n{line}content-length: {}\r\n{close}", body.len())?;
    if request.method == "HEAD" {
        return Ok(());
    }
    match trouble {
        Trouble::CutAfter(count) => socket.write_all(&body[..count.min(body.len())]),
        Trouble::HoldAfter(count) => {
            let (first, rest) = body.split_at(count.min(body.len()));
            socket.write_all(first)?;
            hold(shared);
            socket.write_all(rest)
        }
        Trouble::None
        | Trouble::WrongByte
        | Trouble::Status(_)
        | Trouble::IgnoreRange
        | Trouble::TooMuch(_) => socket.write_all(&body),
    }
}

fn hold(shared: &Shared) {
    let mut board = shared.board.lock().unwrap();
    board.held += 1;
    let number = board.held;
    shared.changed.notify_all();
    let is_held = |board: &mut Board| board.released < number && !board.is_over;
    drop(shared.changed.wait_while(board, is_held).unwrap());
}

/// In small hex digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{FakeHub, Trouble, sha256};
    use std::io::{Read as _, Write as _};

    fn ask(base: &str, request: &str) -> String {
        let address = base.trim_start_matches("http://").trim_end_matches('/');
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        socket.write_all(format!("{request}\r\n\r\n").as_bytes()).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        // A transfer that is cut is part of the test.
        socket.read_to_end(&mut answer).ok();
        String::from_utf8(answer).unwrap()
    }

    #[test]
    fn the_hub_sends_to_the_storage_and_the_storage_knows_ranges() {
        let hub = FakeHub::start("a/b/c.gguf", b"0123456789".to_vec());
        let path = "/a/b/resolve/main/c.gguf HTTP/1.1";
        let answer = ask(&hub.base_url(), &format!("HEAD {path}\r\nAuthorization: Bearer t"));
        assert!(answer.contains(&format!("x-linked-etag: \"{}\"", sha256(b"0123456789"))), "{answer}");
        assert!(answer.contains(&format!("location: {}blob", hub.storage_url())), "{answer}");
        assert!(ask(&hub.base_url(), "HEAD /a/b/resolve/main/d.gguf HTTP/1.1").starts_with("HTTP/1.1 404"));
        let get = |headers: &str| ask(&hub.storage_url(), &format!("GET /blob HTTP/1.1{headers}"));
        assert!(get("").ends_with("\r\n\r\n0123456789"));
        let answer = get("\r\nRange: bytes=7-");
        assert!(answer.starts_with("HTTP/1.1 206") && answer.ends_with("\r\n\r\n789"), "{answer}");
        assert!(get("\r\nRange: bytes=10-").starts_with("HTTP/1.1 416"));
        hub.push(Trouble::CutAfter(4));
        hub.push(Trouble::IgnoreRange);
        assert!(get("").ends_with("\r\n\r\n0123"));
        assert!(get("\r\nRange: bytes=7-").ends_with("\r\n\r\n0123456789"));
        assert_eq!(hub.ranges(), ["", "bytes=7-", "bytes=10-", "", "bytes=7-"]);
        assert_eq!(hub.requests()[0].header("authorization"), Some("Bearer t"));
    }
}
