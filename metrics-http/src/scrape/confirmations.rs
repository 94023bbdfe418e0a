//! [`Confirmations`]: confirms to the registry, on a thread of its own, that clients have received
//! expositions.
//!
//! A confirmation takes time in proportion to the number of series that can expire, and takes locks
//! that collectors and the program's own threads take too. The thread of a server must not wait for
//! either.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
};

use metrics_core::{Delivery, Recipient};

use crate::error::catch_panic;

/// The delivery of an exposition that several clients may receive; empty until it is encoded.
#[derive(Clone, Default)]
pub(super) struct SharedDelivery(Arc<OnceLock<Delivery>>);

impl SharedDelivery {
    pub(super) fn set(&self, delivery: Delivery) {
        // Fails only if a delivery is set already; an exposition is encoded once.
        let _ = self.0.set(delivery);
    }
}

/// The delivery of an exposition to one recipient.
pub(super) struct Receipt {
    delivery: SharedDelivery,
    recipient: Recipient,
    confirmations: Confirmations,
}

impl Receipt {
    pub(super) fn new(
        delivery: SharedDelivery,
        recipient: Recipient,
        confirmations: Confirmations,
    ) -> Receipt {
        Receipt {
            delivery,
            recipient,
            confirmations,
        }
    }

    /// Confirms the delivery soon, on another thread.
    pub(super) fn hand_in(self) {
        let confirmations = self.confirmations.clone();
        confirmations.add(self);
    }

    /// Whether the confirmation has an effect.
    fn can_expire(&self) -> bool {
        self.delivery.0.get().is_some_and(Delivery::can_expire)
    }

    /// Confirms the delivery now, which may take long.
    fn confirm(self) {
        if let Some(delivery) = self.delivery.0.get() {
            delivery.confirm(self.recipient);
        }
    }
}

/// The receipts that are to be confirmed; clones share them.
#[derive(Clone, Default)]
pub(super) struct Confirmations(Arc<Inner>);

#[derive(Default)]
struct Inner {
    queue: Mutex<Queue>,
    /// Held while receipts are confirmed.
    in_progress: Mutex<()>,
}

#[derive(Default)]
struct Queue {
    receipts: VecDeque<Receipt>,
    has_thread: bool,
}

impl Confirmations {
    /// Confirms a receipt soon.
    ///
    /// If too many are waiting, the oldest is left out, so that its series expire later.
    pub(super) fn add(&self, receipt: Receipt) {
        if !receipt.can_expire() {
            return;
        }
        let mut queue = lock(&self.0.queue);
        if queue.receipts.len() >= MAX_RECEIPTS {
            queue.receipts.pop_front();
        }
        queue.receipts.push_back(receipt);
        if !queue.has_thread {
            let this = self.clone();
            let thread = thread::Builder::new().name("metrics-http-expiry".to_owned());
            // Without a thread, the next scrape confirms the receipt.
            queue.has_thread = thread.spawn(move || this.work()).is_ok();
        }
    }

    /// Confirms all receipts that were added before, and waits for those in progress.
    ///
    /// Called before an exposition, which must not have the series that expire by them.
    pub(super) fn finish(&self) {
        let _in_progress = lock(&self.0.in_progress);
        while let Some(receipt) = self.pop() {
            // The panic hook has reported the panic of a collector's code.
            let _ = catch_panic(|| receipt.confirm());
        }
    }

    /// A function of its own, because the lock must not be held during a confirmation.
    fn pop(&self) -> Option<Receipt> {
        lock(&self.0.queue).receipts.pop_front()
    }

    /// Confirms receipts until there are none.
    fn work(&self) {
        loop {
            self.finish();
            let mut queue = lock(&self.0.queue);
            if queue.receipts.is_empty() {
                queue.has_thread = false;
                return;
            }
        }
    }
}

/// Ignores poisoning, because no code that can panic runs under the locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bounds the memory if confirmations are slow.
const MAX_RECEIPTS: usize = 64;
