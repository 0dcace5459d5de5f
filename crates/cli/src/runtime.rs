//! Async runtimes, as small as each command can do with, and made only where one is needed.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Runtime};

/// Threads of the gateway: sockets and JSON keep one busy at most, the second answers while the first is in a turn.
const GATEWAY_THREADS: usize = 2;
/// Threads for file work of the gateway. More would only queue at the disk, and each keeps its own share of freed memory:
/// with 32 of them a burst of turns left several megabytes behind (bench/RESULTS.md).
const GATEWAY_BLOCKING_THREADS: usize = 6;

/// Runs a client command on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// The gateway's runtime.
pub(crate) fn for_gateway() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(GATEWAY_THREADS)
        .max_blocking_threads(GATEWAY_BLOCKING_THREADS)
        .thread_name("gateway")
        .enable_all()
        .build()
}
