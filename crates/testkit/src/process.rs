//! The built program as a process of its own: started in a [`TempHome`], ended with the test.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::home::TempHome;

/// A start takes milliseconds; this is for a machine that compiles something else at the same time.
const START_DEADLINE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);

/// A running `openclaw` that listens on a port. Dropping it kills the process.
///
/// ```no_run
/// # async fn example() {
/// use openclaw_testkit::{home::TempHome, process::GatewayProcess, ws::WsClient};
///
/// let home = TempHome::new().with_env("OPENCLAW_GATEWAY_TOKEN", "secret");
/// let gateway = GatewayProcess::start(env!("CARGO").as_ref(), &home).await;
/// let mut client = WsClient::open(gateway.port()).await;
/// assert!(client.challenge().await["nonce"].is_string());
/// # }
/// ```
pub struct GatewayProcess {
    child: Child,
    port: u16,
    output: TempDir,
}

impl GatewayProcess {
    /// Runs `<binary> gateway run --port <free port>` and waits until the port answers.
    ///
    /// # Panics
    /// When it ends, or does not listen within half a minute; the message holds its output.
    pub async fn start(binary: &Path, home: &TempHome) -> Self {
        let port = free_port();
        Self::start_with(binary, home, port, &["gateway", "run", "--port", &port.to_string()]).await
    }

    /// Runs `<binary> <args>` and waits until `port` answers. The program's standard input is empty.
    ///
    /// # Panics
    /// When it ends, or does not listen within half a minute; the message holds its output.
    pub async fn start_with(binary: &Path, home: &TempHome, port: u16, args: &[&str]) -> Self {
        let mut process = Self::spawn(binary, home, port, args);
        let deadline = Instant::now() + START_DEADLINE;
        while TcpStream::connect(process.address()).await.is_err() {
            let ended = process.child.try_wait().expect("a child that can be asked");
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "{} does not listen on port {port} ({ended:?})\n{}{}",
                binary.display(),
                process.stdout(),
                process.stderr()
            );
            sleep(POLL).await;
        }
        process
    }

    /// Runs `<binary> <args>` and waits for nothing: for programs that are expected to fail.
    ///
    /// # Panics
    /// When there is no such program.
    #[must_use]
    pub fn spawn(binary: &Path, home: &TempHome, port: u16, args: &[&str]) -> Self {
        let output = tempfile::Builder::new().prefix("openclaw-output-").tempdir().expect("a directory");
        let file = |name| File::create(output.path().join(name)).expect("a file");
        #[allow(
            clippy::disallowed_methods,
            reason = "a test tool with a cleared environment; there are no secrets to inherit"
        )]
        let mut command = Command::new(binary);
        command.args(args).env_clear().envs(home.env()).current_dir(home.path());
        command.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr"));
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        Self { child, port, output }
    }

    /// The port it was told to listen on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address on the loopback interface.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.written("stdout")
    }

    /// What it has written to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.written("stderr")
    }

    fn written(&self, name: &str) -> String {
        let bytes = std::fs::read(self.output.path().join(name)).expect("the file of the output");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Asks it to stop, as a service manager does.
    ///
    /// # Panics
    /// When it has ended before.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends it the hard way, as a crash does.
    ///
    /// # Panics
    /// When it has ended before.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Sends `SIGUSR1`, which asks a gateway to start again.
    ///
    /// # Panics
    /// When it has ended before.
    pub fn user_signal(&self) {
        self.signal(Signal::USR1);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("a running process");
    }

    /// Waits until standard output holds a text.
    ///
    /// # Panics
    /// When it does not in time; the message holds its output.
    pub async fn wait_stdout(&self, text: &str, within: Duration) {
        self.wait(text, within, || self.stdout().contains(text)).await;
    }

    /// Waits until standard error holds a text.
    ///
    /// # Panics
    /// When it does not in time; the message holds its output.
    pub async fn wait_stderr(&self, text: &str, within: Duration) {
        self.wait(text, within, || self.stderr().contains(text)).await;
    }

    /// Waits until it has said for the `times`th time where it listens.
    ///
    /// # Panics
    /// When it does not in time; the message holds its output.
    pub async fn wait_announced(&self, times: usize, within: Duration) {
        self.wait("listens at", within, || self.stdout().matches("listens at").count() >= times).await;
    }

    async fn wait(&self, what: &str, within: Duration, is_there: impl Fn() -> bool) {
        let deadline = Instant::now() + within;
        while !is_there() {
            assert!(Instant::now() < deadline, "no {what:?}\n{}{}", self.stdout(), self.stderr());
            sleep(POLL).await;
        }
    }

    /// How it ended, if it has.
    ///
    /// # Panics
    /// When the system does not say.
    pub fn try_exit(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child that can be asked")
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When it has not ended in time; the message holds its output.
    pub async fn wait_exit(&mut self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child that can be asked") {
                return status;
            }
            assert!(Instant::now() < deadline, "still running\n{}{}", self.stdout(), self.stderr());
            sleep(POLL).await;
        }
    }
}

impl Drop for GatewayProcess {
    fn drop(&mut self) {
        // Both fail only for a process that is gone already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A port of the loopback interface that nobody listens on at the moment.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

#[cfg(test)]
mod tests {
    use super::{GatewayProcess, free_port};
    use crate::home::TempHome;
    use std::path::Path;
    use std::time::Duration;

    #[tokio::test]
    async fn runs_in_the_home_and_nowhere_else() {
        let home = TempHome::new().with_env("MARK", "here");
        let script = "pwd; env | cut -d= -f1 | sort | tr '\\n' ' '; echo bad >&2; exit 3";
        let mut process = GatewayProcess::spawn(Path::new("/bin/sh"), &home, free_port(), &["-c", script]);
        assert_eq!(process.wait_exit(Duration::from_secs(10)).await.code(), Some(3));
        let home_path = home.path().canonicalize().unwrap();
        let (first, names) =
            process.stdout().split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        assert_eq!(Path::new(&first).canonicalize().unwrap(), home_path);
        assert!(names.contains("MARK") && !names.contains("CARGO"), "{names}");
        assert_eq!(process.stderr(), "bad\n");
    }

    #[tokio::test]
    async fn a_signal_arrives() {
        let home = TempHome::new();
        let script = "trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done";
        let mut process = GatewayProcess::spawn(Path::new("/bin/sh"), &home, free_port(), &["-c", script]);
        process.wait_stdout("up", Duration::from_secs(10)).await;
        process.terminate();
        assert_eq!(process.wait_exit(Duration::from_secs(10)).await.code(), Some(7));
    }
}
