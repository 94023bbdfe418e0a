//! [`Places`]: the connections that one listener may have open, and which to close for a new one.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    task,
    time::{Instant, timeout},
};

use super::activity::Activity;
use crate::monitor::{EventCause, Monitor};

/// The open connections of one listener.
///
/// Each listener has its own, so that clients of one cannot shut out those of another.
pub(super) struct Places {
    limit: usize,
    connections: Mutex<Vec<Arc<Activity>>>,
    /// Notified when a connection is closed.
    closed: Notify,
    monitor: Monitor,
}

impl Places {
    pub(super) fn new(limit: usize, monitor: Monitor) -> Places {
        Places {
            limit: limit.max(1),
            connections: Mutex::default(),
            closed: Notify::new(),
            monitor,
        }
    }

    /// Waits for a place for a new connection, and closes another connection if all are taken.
    pub(super) async fn take(self: &Arc<Places>, activity: &Arc<Activity>) -> Place {
        let start = Instant::now();
        let mut has_reported = false;
        while !self.try_add(activity) {
            // The tasks of other connections run first, because a request that has arrived may be
            // unread yet.
            task::yield_now().await;
            if !self.make_room() && !has_reported && start.elapsed() >= STALLED_TIME {
                has_reported = true;
                self.report_full(activity);
            }
            let _ = timeout(RETRY_INTERVAL, self.closed.notified()).await;
        }
        Place {
            places: Arc::clone(self),
            activity: Arc::clone(activity),
        }
    }

    /// Asks all connections to close after their responses in progress.
    pub(super) fn retire_all(&self) {
        self.lock().iter().for_each(|activity| activity.retire());
    }

    /// Completes when all connections are closed. Only one task may wait for it.
    pub(super) async fn emptied(&self) {
        while !self.lock().is_empty() {
            self.closed.notified().await;
        }
    }

    fn report_full(&self, waiting: &Activity) {
        let message = format!(
            "a client has to wait, because all {} connections of the listener answer requests; \
             consider a larger `max_connections`",
            self.limit
        );
        let cause = EventCause::ConnectionLimit;
        self.monitor.report(cause, waiting.peer(), message);
    }

    fn try_add(&self, activity: &Arc<Activity>) -> bool {
        let mut connections = self.lock();
        let has_room = connections.len() < self.limit;
        if has_room {
            connections.push(Arc::clone(activity));
        }
        has_room
    }

    /// Closes a connection, as long as there is one that should make room; false if there is none.
    ///
    /// A connection without a request comes first, then one whose client does not read, and then
    /// one that is answered, after its response. Of each kind, it is the one of longest standing.
    fn make_room(&self) -> bool {
        let connections = self.lock();
        let longest = |since: fn(&Activity) -> Option<Instant>, at_least: Duration| {
            connections
                .iter()
                .filter_map(|it| Some((since(it)?, it)))
                .min_by_key(|(since, _)| *since)
                .filter(|(since, _)| since.elapsed() >= at_least)
        };
        let (what, (since, victim)) = if let Some(idle) = longest(Activity::idle_since, IDLE_TIME) {
            idle.1.evict();
            ("without a request", idle)
        } else if let Some(stalled) = longest(Activity::unread_since, STALLED_TIME) {
            stalled.1.evict();
            ("without reading its response", stalled)
        } else if let Some(active) = longest(Activity::active_since, IDLE_TIME) {
            active.1.retire();
            ("at the end of its response", active)
        } else {
            return false;
        };
        let message = format!(
            "a connection is closed after {:?} {what}, because all {} connections of the listener \
             were in use",
            since.elapsed(),
            self.limit
        );
        let cause = EventCause::ConnectionLimit;
        self.monitor.report(cause, victim.peer(), message);
        true
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Activity>>> {
        let connections = self.connections.lock();
        connections.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one open connection; free again on drop.
pub(super) struct Place {
    places: Arc<Places>,
    activity: Arc<Activity>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut connections = self.places.lock();
        connections.retain(|it| !Arc::ptr_eq(it, &self.activity));
        drop(connections);
        self.places.closed.notify_one();
    }
}

/// How long a connection must have been without a request before it is closed for another one, so
/// that clients whose requests are on their way do not evict each other.
const IDLE_TIME: Duration = Duration::from_millis(250);
/// How long a client must have read nothing before its connection is closed for another one.
const STALLED_TIME: Duration = Duration::from_secs(1);
/// How often a client that waits for a place looks for a connection to close.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);
