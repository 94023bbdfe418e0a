//! Accepts connections and serves HTTP on them until the server is stopped.
//!
//! [`serve`] serves one connection. Its [`activity`] decides when a client has exceeded a limit, and
//! [`places`] which connection is closed when a listener has too many.

mod activity;
mod config;
mod places;
mod response;
mod serve;
mod stream;

use std::{future, io, sync::Arc, time::Duration};

use tokio::{sync::oneshot, task::JoinSet, time};

use self::{activity::Activity, places::Places};
pub(super) use self::{activity::Timeouts, config::ConnectionConfig};
use super::listener::Listener;
use crate::monitor::EventCause;

/// Serves until `stop` receives a message, and then shuts down gracefully.
pub(super) async fn run(
    listeners: Vec<Listener>,
    config: ConnectionConfig,
    stop: oneshot::Receiver<()>,
) {
    let shutdown_timeout = config.shutdown_timeout;
    let mut accepting = JoinSet::new();
    let mut all_places = Vec::new();
    for listener in listeners {
        let places = Places::new(config.max_connections, config.monitor.clone());
        let places = Arc::new(places);
        all_places.push(Arc::clone(&places));
        accepting.spawn(accept(listener, config.clone(), places));
    }
    stopped(stop).await;
    accepting.shutdown().await;
    for places in &all_places {
        places.retire_all();
    }
    let emptied = async {
        for places in &all_places {
            places.emptied().await;
        }
    };
    // Connections that are still open after the timeout are dropped with the runtime.
    let _ = time::timeout(shutdown_timeout, emptied).await;
}

async fn accept(listener: Listener, config: ConnectionConfig, places: Arc<Places>) {
    let monitor = &config.monitor;
    loop {
        match listener.accept().await {
            Ok((_, Some(peer))) if !config.allow_list.allows(peer) => {
                let message = "the client's network is not in `allow_from`";
                monitor.report(EventCause::NotAllowed, Some(peer), message);
            }
            Ok((stream, peer)) => {
                let activity = Arc::new(Activity::new(peer, config.timeouts));
                let place = places.take(&activity).await;
                let open = monitor.open_connection();
                let connection = serve::serve(stream, activity, config.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop((place, open));
                });
            }
            Err(error) if is_connection_error(&error) => {}
            Err(error) => {
                let message = format!("cannot accept a connection: {error}");
                monitor.report(EventCause::Accept, None, message);
                // Pauses, because the process is probably out of file descriptors, and an immediate
                // retry would fail too.
                time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Completes when a message arrives, but not when the sender is dropped with the `Server` handle.
async fn stopped(stop: oneshot::Receiver<()>) {
    if stop.await.is_err() {
        future::pending::<()>().await;
    }
}

/// Whether an error of `accept` concerns one connection, so that the next one may succeed.
fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
