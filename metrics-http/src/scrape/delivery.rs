//! Confirms to the registry that a client has received an exposition.
//!
//! A body is delivered when its last byte has been written to the connection; bytes that a client
//! leaves unread in its socket buffer cannot be told from received ones. If the program mounts the
//! endpoint in its own server, the connections are unknown, so a body is delivered when that server
//! has read it to its end.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use hyper::{HeaderMap, Uri, header};
use metrics_core::Recipient;

use super::{
    confirmations::{Confirmations, Receipt, SharedDelivery},
    header::{SCRAPE_TIMEOUT, joined},
};

impl SharedDelivery {
    /// The confirmation that `client` has received the exposition.
    pub(super) fn to(&self, client: &Client, confirmations: &Confirmations) -> Confirmation {
        Confirmation {
            receipt: Receipt::new(self.clone(), client.recipient, confirmations.clone()),
            exchange: client.exchange.clone(),
        }
    }
}

/// The client of a request.
#[derive(Clone)]
pub(super) struct Client {
    recipient: Recipient,
    /// `None` if the program mounts the endpoint in its own server.
    exchange: Option<Arc<Exchange>>,
}

impl Client {
    /// Identifies the client by its address, and by the headers and the query in which scrapers
    /// with different configurations differ.
    pub(super) fn new(exchange: Option<&Arc<Exchange>>, headers: &HeaderMap, uri: &Uri) -> Client {
        let address = exchange.and_then(|exchange| exchange.address);
        let sent = [&header::USER_AGENT, &header::ACCEPT, &SCRAPE_TIMEOUT];
        let sent = sent.map(|name| joined(headers, name));
        Client {
            recipient: Recipient::new(("scrape", address, sent, uri.query())),
            exchange: exchange.cloned(),
        }
    }

    /// The client's address, if it is known.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.exchange.as_ref()?.address
    }

    pub(super) fn recipient(&self) -> Recipient {
        self.recipient
    }
}

/// Confirms the delivery of an exposition to one client.
pub(super) struct Confirmation {
    receipt: Receipt,
    exchange: Option<Arc<Exchange>>,
}

impl Confirmation {
    /// Called when the whole body was passed to the server that writes it.
    pub(super) fn body_taken(self) {
        match self.exchange {
            Some(exchange) => *exchange.lock() = Some(self.receipt),
            None => self.receipt.hand_in(),
        }
    }
}

/// A request to the metrics server, and its response.
///
/// The extensions of a request contain its exchange.
pub(crate) struct Exchange {
    /// `None` for a Unix socket.
    address: Option<IpAddr>,
    /// Present once the whole body was passed to the connection, until the body is written.
    receipt: Mutex<Option<Receipt>>,
    is_client_closed: AtomicBool,
}

impl Exchange {
    pub(crate) fn new(address: Option<IpAddr>) -> Exchange {
        Exchange {
            address,
            receipt: Mutex::default(),
            is_client_closed: AtomicBool::new(false),
        }
    }

    /// Called when the client has closed its side of the connection.
    pub(crate) fn client_closed(&self) {
        self.is_client_closed.store(true, Ordering::Relaxed);
    }

    /// Whether the client has closed its side of the connection.
    ///
    /// It may have hung up, or it may wait for the response and send nothing else.
    #[cfg(feature = "auth")]
    pub(crate) fn is_client_closed(&self) -> bool {
        self.is_client_closed.load(Ordering::Relaxed)
    }

    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Called when the whole response has been written to the socket.
    pub(crate) fn confirm_written(&self) {
        let receipt = self.lock().take();
        if let Some(receipt) = receipt {
            receipt.hand_in();
        }
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, Option<Receipt>> {
        self.receipt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
