//! Async runtimes, as small as each command can do with, and made only where one is needed.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;

/// Threads of the gateway: sockets and JSON keep one busy at most, the second answers while the first is in a turn.
const GATEWAY_THREADS: usize = 2;
/// Threads for file work of the gateway. More would only queue at the disk, and each keeps its own share of freed memory:
/// with 32 of them a burst of turns left several megabytes behind (bench/RESULTS.md).
const GATEWAY_BLOCKING_THREADS: usize = 6;
/// File work that is not done this long after the gateway's end never will be: the gateway has waited for its own.
const LAST_WORK: Duration = Duration::from_secs(2);

/// Runs a client command on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Runs the gateway. When its work is over, nothing that hangs on a disk keeps the process.
pub(crate) fn for_gateway(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(GATEWAY_THREADS)
        .max_blocking_threads(GATEWAY_BLOCKING_THREADS)
        .thread_name("gateway")
        .enable_all()
        .build()?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(LAST_WORK);
    done
}
