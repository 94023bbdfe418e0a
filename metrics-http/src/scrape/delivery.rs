//! Confirms to the registry that a client has received an exposition.
//!
//! A body is delivered when its last byte has been written to the connection; bytes that a client
//! leaves unread in its socket buffer cannot be told from received ones. If the program mounts the
//! endpoint in its own server, the connections are unknown, so a body is delivered when that server
//! has read it to its end.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use hyper::{HeaderMap, Uri, header};
use metrics_core::{Delivery, Recipient};

use super::header::{SCRAPE_TIMEOUT, joined};

/// The delivery of an exposition that several clients may receive; empty until it is encoded.
#[derive(Clone, Default)]
pub(super) struct SharedDelivery(Arc<OnceLock<Delivery>>);

impl SharedDelivery {
    pub(super) fn set(&self, delivery: Delivery) {
        // Fails only if a delivery is set already; an exposition is encoded once.
        let _ = self.0.set(delivery);
    }

    /// The confirmation that `client` has received the exposition.
    pub(super) fn to(&self, client: &Client) -> Confirmation {
        Confirmation {
            delivery: self.clone(),
            client: client.clone(),
        }
    }
}

/// The client of a request.
#[derive(Clone)]
pub(super) struct Client {
    recipient: Recipient,
    connection: Option<Arc<ClientConnection>>,
}

impl Client {
    /// Identifies the client by its address, and by the headers and the query in which scrapers
    /// with different configurations differ.
    pub(super) fn new(
        connection: Option<&Arc<ClientConnection>>,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> Client {
        let address = connection.and_then(|connection| connection.address);
        let sent = [&header::USER_AGENT, &header::ACCEPT, &SCRAPE_TIMEOUT];
        let sent = sent.map(|name| joined(headers, name));
        Client {
            recipient: Recipient::new(("scrape", address, sent, uri.query())),
            connection: connection.cloned(),
        }
    }

    /// The client's address, if it is known.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.connection.as_ref()?.address
    }

    pub(super) fn recipient(&self) -> Recipient {
        self.recipient
    }
}

/// Confirms the delivery of an exposition to one client.
pub(super) struct Confirmation {
    delivery: SharedDelivery,
    client: Client,
}

impl Confirmation {
    /// Called when the whole body was passed to the server that writes it.
    pub(super) fn body_taken(self) {
        match self.client.connection.clone() {
            Some(connection) => connection.lock().push(self),
            None => self.confirm(),
        }
    }

    fn confirm(self) {
        if let Some(delivery) = self.delivery.0.get() {
            delivery.confirm(self.client.recipient);
        }
    }
}

/// A connection of the metrics server, which confirms deliveries when they have been written.
///
/// The extensions of a request contain its connection.
pub(crate) struct ClientConnection {
    /// `None` for a Unix socket.
    address: Option<IpAddr>,
    /// Deliveries whose end is not written yet.
    unwritten: Mutex<Vec<Confirmation>>,
}

impl ClientConnection {
    pub(crate) fn new(address: Option<IpAddr>) -> ClientConnection {
        ClientConnection {
            address,
            unwritten: Mutex::default(),
        }
    }

    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Called when everything so far has been written to the socket.
    pub(crate) fn confirm_written(&self) {
        let written = std::mem::take(&mut *self.lock());
        written.into_iter().for_each(Confirmation::confirm);
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Confirmation>> {
        let unwritten = self.unwritten.lock();
        unwritten.unwrap_or_else(PoisonError::into_inner)
    }
}
