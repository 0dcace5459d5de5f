//! The accept loop: bounded connections, one request each, then the HTTP library.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use bytes::{Bytes, BytesMut};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::head::{MAX_HEAD_BYTES, Progress, Refusal, judge};
use super::rewind::Rewind;

/// Connections in their HTTP part at once. An upgraded socket leaves this count and enters that of the handshake.
const MAX_CONNECTIONS: usize = 512;
/// The same for one peer that is no trusted proxy: a page needs a dozen, a stranger gets no more than this.
const MAX_CONNECTIONS_PER_PEER: usize = 64;
/// One request is answered by then, or upgraded; whoever reads or writes slower is cut off.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A head must be complete by then; slow heads are how one peer starves the others.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The loop rests this long when the process is out of descriptors, instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` on `listener` until `stop` is cancelled. The peer's address is added to each request as an
/// extension. A connection beyond the limits is closed at once: a queue would only let strangers fill it.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    places: Arc<Places>,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(place) = Places::enter(&places, peer.ip()) else { continue };
                let router = router.clone();
                tokio::spawn(async move {
                    // Whoever is too slow is cut off; there is nobody to tell.
                    tokio::time::timeout(REQUEST_TIMEOUT, serve_one(stream, peer, router)).await.ok();
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The places of connections in their HTTP part.
pub(crate) struct Places {
    total: Arc<Semaphore>,
    peers: Mutex<HashMap<IpAddr, usize>>,
    proxies: Vec<IpAddr>,
}

/// A place; given back when dropped.
struct Place {
    places: Arc<Places>,
    peer: IpAddr,
    _total: OwnedSemaphorePermit,
}

impl Places {
    /// Places for everybody; trusted proxies speak for many and count only in total.
    pub(crate) fn new(proxies: Vec<IpAddr>) -> Arc<Self> {
        Arc::new(Self { total: Arc::new(Semaphore::new(MAX_CONNECTIONS)), peers: Mutex::default(), proxies })
    }

    fn enter(places: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        let total = Arc::clone(&places.total).try_acquire_owned().ok()?;
        let mut peers = places.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let count = peers.entry(peer).or_insert(0);
        let is_proxy = places.proxies.iter().any(|proxy| proxy.to_canonical() == peer);
        if *count >= MAX_CONNECTIONS_PER_PEER && !is_proxy {
            return None;
        }
        *count += 1;
        Some(Place { places: Arc::clone(places), peer, _total: total })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut peers = self.places.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = peers.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                peers.remove(&self.peer);
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

#[cfg(test)]
mod tests {
    use super::{MAX_CONNECTIONS, MAX_CONNECTIONS_PER_PEER, Places};

    #[test]
    fn one_peer_cannot_take_every_place() {
        let places = Places::new(vec!["10.0.0.1".parse().unwrap()]);
        let enter = |text: &str| Places::enter(&places, text.parse().unwrap());
        let mut held: Vec<_> = (0..MAX_CONNECTIONS_PER_PEER).map(|_| enter("127.0.0.1").unwrap()).collect();
        assert!(enter("127.0.0.1").is_none() && enter("::ffff:127.0.0.1").is_none());
        held.pop();
        held.push(enter("127.0.0.1").unwrap());
        held.extend((0..MAX_CONNECTIONS - MAX_CONNECTIONS_PER_PEER).map(|_| enter("10.0.0.1").unwrap()));
        assert!(enter("10.0.0.2").is_none());
        drop(held);
        assert!(enter("10.0.0.2").is_some());
    }
}
