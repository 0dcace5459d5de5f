//! A process that delivers is killed at random moments, again and again; a fake platform compares (P-02).
//!
//! `OPENCLAW_TORTURE_KILLS=2000` makes it long, `OPENCLAW_TORTURE_SEED=…` repeats the choices of a run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test stops at once, with the place, when something is not as it should be; a child of its own has no \
              secrets to inherit"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Kills of each kind of platform in an ordinary run.
const KILLS: usize = 60;
const RECIPIENTS: u64 = 5;
/// A life lasts up to this long after the worker is up.
const MAX_LIFE_MS: u64 = 40;
/// The last life delivers what is left.
const LAST_LIFE: Duration = Duration::from_secs(60);

/// Numbers that a seed repeats (Marsaglia's xorshift64).
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What came to the platform, in its order: `(recipient, key)`.
type Arrived = Arc<Mutex<Vec<(String, String)>>>;

/// A platform that answers after a moment, and in one of `breaks_in` cases not at all, if it ever does that.
fn platform(mut dice: Dice, breaks_in: Option<u64>) -> (u16, Arrived) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, arrived) = (listener.local_addr().unwrap().port(), Arrived::default());
    let told = Arc::clone(&arrived);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (delay_ms, breaks) = (dice.below(4), breaks_in.is_some_and(|cases| dice.below(cases) == 0));
            let arrived = Arc::clone(&told);
            std::thread::spawn(move || answer(stream.unwrap(), &arrived, (delay_ms, breaks)));
        }
    });
    (port, arrived)
}

fn answer(mut stream: TcpStream, arrived: &Arrived, (delay_ms, breaks): (u64, bool)) {
    let mut line = String::new();
    // A worker that dies while it writes has sent nothing.
    if BufReader::new(&stream).read_line(&mut line).is_err() || !line.ends_with('\n') {
        return;
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (key, to) = (words.next().unwrap(), words.next().unwrap());
    arrived.lock().unwrap().push((to, key.clone()));
    std::thread::sleep(Duration::from_millis(delay_ms));
    if !breaks {
        // The worker may be dead by now.
        stream.write_all(format!("ok id-{key}\n").as_bytes()).ok();
    }
}

/// A life of the worker.
struct Life {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Life {
    fn begin(dir: &Path, port: u16, mode: &str) -> Self {
        let mut child = Command::new(worker())
            .args([dir.to_str().unwrap(), &port.to_string(), mode])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut life = Self { input: child.stdin.take().unwrap(), child, lines };
        assert_eq!(life.next(Duration::from_secs(60)).as_deref(), Some("up"));
        life
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// The next line; `None` when there is none in time, or no more at all.
    fn next(&mut self, within: Duration) -> Option<String> {
        self.lines.recv_timeout(within).ok()
    }

    /// Lives on for a while, dies, and gives the keys that it had said were safe.
    fn kill_after(mut self, life: Duration) -> Vec<String> {
        std::thread::sleep(life);
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let safe = |line: String| line.strip_prefix("ok ").map(str::to_owned);
        self.lines.iter().filter_map(safe).collect()
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Beside this test, where cargo puts examples.
fn worker() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let path = here.ancestors().nth(2).unwrap().join("examples/outbox_worker");
    assert!(path.is_file(), "{} is missing; `cargo test -p openclaw-channels` builds it", path.display());
    path
}

fn number(name: &str, otherwise: impl FnOnce() -> u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or_else(otherwise)
}

/// What was handed over: keys by their number, and which of them the worker called safe.
#[derive(Default)]
struct Handed {
    all: Vec<(String, String)>,
    safe: BTreeSet<String>,
}

impl Handed {
    fn more(&mut self, dice: &mut Dice) {
        for _ in 0..1 + dice.below(6) {
            let number = self.all.len();
            self.all.push((format!("r{}", dice.below(RECIPIENTS)), format!("k{number:06}")));
        }
    }

    /// Hands over again what the last life did not call safe, and what is new.
    fn put(&self, life: &mut Life) {
        for (to, key) in self.all.iter().filter(|(_, key)| !self.safe.contains(key)) {
            life.say(&format!("put {to} {key}"));
        }
    }
}

fn torture(mode: &str) {
    let kills = usize::try_from(number("OPENCLAW_TORTURE_KILLS", || KILLS as u64)).unwrap();
    let clock = || u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos());
    let seed = number("OPENCLAW_TORTURE_SEED", clock);
    eprintln!("{mode}: seed {seed}, {kills} kills");
    let mut dice = Dice(seed | 1);
    // Where it is tried again, the back-off of minutes would be most of the test.
    let breaks_in = (mode == "shown").then_some(100);
    let (port, arrived) = platform(Dice(seed.rotate_left(17) | 1), breaks_in);
    let home = tempfile::tempdir().unwrap();
    let mut handed = Handed::default();
    for _ in 0..kills {
        let mut life = Life::begin(home.path(), port, mode);
        handed.more(&mut dice);
        handed.put(&mut life);
        let safe = life.kill_after(Duration::from_micros(dice.below(MAX_LIFE_MS * 1_000)));
        handed.safe.extend(safe);
    }
    let rows = last_life(home.path(), (port, mode), &handed);
    compare(mode, &handed, &rows, &arrived.lock().unwrap());
}

/// Delivers what is left; how every message stands in the end.
fn last_life(dir: &Path, (port, mode): (u16, &str), handed: &Handed) -> BTreeMap<String, String> {
    let mut life = Life::begin(dir, port, mode);
    handed.put(&mut life);
    let deadline = Instant::now() + LAST_LIFE;
    loop {
        life.say("counts");
        let waiting = loop {
            let line = life.next(LAST_LIFE).unwrap();
            if let Some(waiting) = line.strip_prefix("waiting ") {
                break waiting.to_owned();
            }
        };
        if waiting == "0" {
            break;
        }
        assert!(Instant::now() < deadline, "{waiting} messages still wait");
        std::thread::sleep(Duration::from_millis(20));
    }
    life.say("list");
    let mut rows = BTreeMap::new();
    loop {
        let line = life.next(LAST_LIFE).unwrap_or_else(|| panic!("the list breaks off after {}", rows.len()));
        if line == "end" {
            break;
        }
        if let Some((key, state)) = line.strip_prefix("row ").and_then(|row| row.split_once(' ')) {
            rows.insert(key.to_owned(), state.to_owned());
        }
    }
    rows
}

fn compare(mode: &str, handed: &Handed, rows: &BTreeMap<String, String>, arrived: &[(String, String)]) {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    let mut first: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (to, key) in arrived {
        let count = times.entry(key).or_default();
        *count += 1;
        if *count == 1 {
            first.entry(to).or_default().push(key);
        }
    }
    let mut unknown = 0;
    for (_, key) in &handed.all {
        let (state, came) =
            (rows.get(key).map(String::as_str), times.get(key.as_str()).copied().unwrap_or(0));
        match (mode, state, came) {
            // The platform of this mode knows the key and shows one of them.
            ("harmless", Some("delivered"), 1..) | (_, Some("delivered"), 1) => {}
            ("shown", Some("unknown"), 0 | 1) => unknown += 1,
            found => panic!("{key}: {found:?}"),
        }
    }
    // The bytes of an unknown one may lie on the way while its process is dead and the next one goes on.
    let is_delivered = |key: &&str| rows.get(*key).is_some_and(|state| state == "delivered");
    for keys in first.values() {
        let delivered: Vec<&str> = keys.iter().copied().filter(is_delivered).collect();
        let turned = delivered.windows(2).find(|pair| pair[0] > pair[1]);
        assert!(turned.is_none(), "{turned:?}");
    }
    let repeated: usize = times.values().map(|count| count - 1).sum();
    eprintln!(
        "{mode}: {} messages, 0 lost, {repeated} repeated to the platform, {unknown} flagged unknown",
        handed.all.len()
    );
}

#[test]
fn a_platform_that_knows_our_key_shows_everything_once() {
    torture("harmless");
}

#[test]
fn a_platform_that_shows_what_it_gets_gets_nothing_twice() {
    torture("shown");
}
