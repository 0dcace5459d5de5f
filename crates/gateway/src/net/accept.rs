//! The accept loop: bounded connections, one request each, then the HTTP library.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bytes::{Bytes, BytesMut};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::head::{MAX_HEAD_BYTES, Progress, Refusal, judge};
use super::rewind::Rewind;

/// Connections open at once, sockets of clients included. Above it new ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 16_384;
/// A head must be complete by then; slow heads are how one peer starves the others.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The loop rests this long when the process is out of descriptors, instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` on `listener` until `stop` is cancelled. The peer's address is added to each request as an
/// extension.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let router = router.clone();
                tokio::spawn(async move {
                    serve_one(stream, peer, router).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve_one(mut stream: TcpStream, peer: SocketAddr, router: Router) {
    // Answers are small and complete; waiting for more bytes only delays them. Failure costs latency, nothing else.
    stream.set_nodelay(true).ok();
    let head = match tokio::time::timeout(HEAD_TIMEOUT, read_head(&mut stream)).await {
        Ok(Ok(Some(head))) => head,
        Ok(Ok(None)) | Err(_) => return,
        Ok(Err(refusal)) => {
            refuse(stream, refusal).await;
            return;
        }
    };
    let router = router.layer(axum::Extension(Peer(peer)));
    let connection = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES + 8 * 1024)
        .serve_connection(TokioIo::new(Rewind::new(head, stream)), TowerToHyperService::new(router))
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, %peer, "connection ended early");
    }
}

/// The peer of a connection, as the kernel knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Reads until the head is complete. `None`: the peer left.
async fn read_head(stream: &mut TcpStream) -> Result<Option<Bytes>, Refusal> {
    let mut buffer = BytesMut::with_capacity(1024);
    loop {
        match stream.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return Ok(None),
            Ok(_) => {}
        }
        if judge(&buffer)? == Progress::Complete {
            return Ok(Some(buffer.freeze()));
        }
    }
}

async fn refuse(mut stream: TcpStream, refusal: Refusal) {
    // The peer may be gone; there is nobody else to tell.
    if stream.write_all(refusal.response().as_bytes()).await.is_ok() {
        stream.shutdown().await.ok();
    }
}
