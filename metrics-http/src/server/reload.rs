//! [`Reload`]: checks files for changes when a client connects, without blocking the server.

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{self, Instant},
};

use crate::{
    error::{Error, catch_panic},
    monitor::{EventCause, Monitor},
};

/// Checks files on a thread of its own, which waits while no client connects.
///
/// A file system may hang, so the server waits for a check only up to [`MAX_WAIT`], and not at all
/// for a check that has taken longer. Clones share the thread, which ends with the last of them.
#[derive(Clone)]
pub(super) struct Reload {
    /// Starts a check; empty unless the thread is about to start one.
    requests: SyncSender<()>,
    shared: Arc<Shared>,
}

struct Shared {
    monitor: Monitor,
    min_interval: Duration,
    state: Mutex<State>,
    finished: watch::Sender<()>,
}

enum State {
    /// No check runs; the last one ended at this time.
    Idle(Instant),
    /// A check has been running since this time.
    Running(Instant),
    /// A check runs that nothing waits for any more.
    Hanging,
}

impl Reload {
    /// Starts the thread that will call `load`, at most once a second.
    ///
    /// `load` reads the files and compares their content with the content in use, because the
    /// modification time of a file may stay the same when it is replaced. If they differ, `load`
    /// makes use of the new content. An error is reported as [`EventCause::Reload`]; the next call
    /// tries again, because files that belong together are often replaced one after the other.
    pub(super) fn start(
        monitor: Monitor,
        load: impl FnMut() -> Result<(), Error> + Send + 'static,
    ) -> io::Result<Reload> {
        Reload::start_with(MIN_INTERVAL, monitor, load)
    }

    fn start_with(
        min_interval: Duration,
        monitor: Monitor,
        load: impl FnMut() -> Result<(), Error> + Send + 'static,
    ) -> io::Result<Reload> {
        // One place, because a request is sent only if no check runs.
        let (requests, received) = mpsc::sync_channel(1);
        let shared = Arc::new(Shared {
            monitor,
            min_interval,
            state: Mutex::new(State::Idle(Instant::now())),
            finished: watch::Sender::new(()),
        });
        let of_thread = Arc::clone(&shared);
        thread::Builder::new()
            .name("metrics-http-reload".to_owned())
            .spawn(move || of_thread.run(&received, load))?;
        Ok(Reload { requests, shared })
    }

    /// Starts a check if the last one ended more than the minimum interval ago, and waits for the
    /// check that runs.
    ///
    /// Afterwards, the content that the files had at the beginning of the last check is in use,
    /// unless that check failed or takes too long.
    pub(super) async fn check(&self) {
        // Subscribed before the state is read, so that the end of the check is not missed.
        let mut finished = self.shared.finished.subscribe();
        let Some(deadline) = self.begin() else {
            return;
        };
        if time::timeout_at(deadline, finished.changed())
            .await
            .is_err()
        {
            self.shared.stop_waiting();
        }
    }

    /// Starts a check if one is due. Returns how long to wait for the running check, if any.
    fn begin(&self) -> Option<Instant> {
        let mut state = self.shared.state();
        if let State::Idle(since) = *state
            && since.elapsed() >= self.shared.min_interval
        {
            *state = State::Running(Instant::now());
            // There is room, because the thread has taken the previous request.
            let _ = self.requests.try_send(());
        }
        match *state {
            State::Running(since) => Some(since + MAX_WAIT),
            State::Idle(_) | State::Hanging => None,
        }
    }
}

impl Shared {
    fn run(&self, requests: &Receiver<()>, mut load: impl FnMut() -> Result<(), Error>) {
        for () in requests {
            // A panic must not end the thread, because then later changes would be ignored.
            match catch_panic(&mut load) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.report(&error.to_string()),
                Err(_) => self.report("a changed file could not be read because of a panic"),
            }
            *self.state() = State::Idle(Instant::now());
            self.finished.send_replace(());
        }
    }

    /// Makes clients go on without the result of the running check.
    fn stop_waiting(&self) {
        let mut state = self.state();
        // Several clients may have waited; the first of them reports it.
        if let State::Running(since) = *state
            && since.elapsed() >= MAX_WAIT
        {
            *state = State::Hanging;
            drop(state);
            self.report("reading the configuration files takes long; check their file system");
        }
    }

    fn report(&self, message: &str) {
        let message = format!("{message}; the previous content stays in use");
        self.monitor.report(EventCause::Reload, None, message);
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a file of at most [`MAX_FILE_BYTES`].
///
/// # Errors
///
/// A sentence that names the file, what is wrong and what to do.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    let read = File::open(path).and_then(|file| {
        // One more byte than is allowed shows that the file is too large.
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut content)
    });
    let reason = match read {
        Ok(bytes) if bytes as u64 <= MAX_FILE_BYTES => return Ok(content),
        Ok(_) => "it is larger than 1 MiB; check the path".to_owned(),
        Err(error) => match error.kind() {
            ErrorKind::NotFound => "it does not exist; create it or correct the path".to_owned(),
            ErrorKind::PermissionDenied => {
                "permission denied; allow the program's user to read it".to_owned()
            }
            _ => format!("{error}; check the path"),
        },
    };
    Err(Error::setting(format!(
        "cannot read `{}`: {reason}",
        path.display()
    )))
}

/// Bounds the work that clients can cause by connecting.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// Longer than a local file system takes to read some small files on a busy machine.
const MAX_WAIT: Duration = Duration::from_millis(250);
/// Bounds the memory if a path leads to another file than was meant.
const MAX_FILE_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A monitor, and the events that it reports.
    fn monitor() -> (Monitor, Receiver<String>) {
        let (sender, events) = mpsc::sync_channel(8);
        let handler = Arc::new(move |event: &crate::ServerEvent| {
            let _ = sender.send(event.to_string());
        });
        (Monitor::new(None, Some(handler)).unwrap(), events)
    }

    #[tokio::test]
    async fn what_a_check_has_loaded_is_in_use_when_it_returns() {
        let loads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&loads);
        let reload = Reload::start_with(Duration::ZERO, monitor().0, move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        let reload = reload.unwrap();
        for expected in 1..4 {
            reload.check().await;
            assert_eq!(loads.load(Ordering::Relaxed), expected);
        }
    }

    #[tokio::test]
    async fn clients_that_connect_shortly_after_a_check_cause_no_other() {
        let loads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&loads);
        let load = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let reload = Reload::start_with(Duration::MAX, monitor().0, load).unwrap();
        reload.check().await;
        reload.check().await;
        assert_eq!(loads.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_check_that_hangs_delays_clients_once_and_is_reported_once() {
        let (monitor, events) = monitor();
        let (release, blocked) = mpsc::channel::<()>();
        let (sender, loaded) = mpsc::channel();
        let load = move || {
            let _ = blocked.recv();
            let _ = sender.send(());
            Ok(())
        };
        let reload = Reload::start_with(Duration::ZERO, monitor, load).unwrap();
        tokio::join!(reload.check(), reload.check());
        assert!(events.recv().unwrap().contains("takes long"));
        assert!(reload.begin().is_none(), "clients no longer wait");
        release.send(()).unwrap();
        loaded.recv().unwrap();
        drop(release);
        while loaded.try_recv().is_err() {
            reload.check().await;
        }
        assert!(events.try_recv().is_err(), "reported once");
    }

    #[test]
    fn the_thread_ends_with_the_last_clone() {
        let (sender, ended) = mpsc::channel::<()>();
        let load = move || {
            // The closure owns `sender`, which is dropped when the thread ends.
            let _ = &sender;
            Ok(())
        };
        let reload = Reload::start_with(Duration::ZERO, monitor().0, load).unwrap();
        let clone = reload.clone();
        drop(reload);
        assert_eq!(ended.try_recv(), Err(mpsc::TryRecvError::Empty));
        drop(clone);
        assert_eq!(ended.recv(), Err(mpsc::RecvError));
    }

    #[tokio::test]
    async fn a_failure_or_panic_is_reported_and_the_next_check_tries_again() {
        let (monitor, events) = monitor();
        let mut loads = 0;
        let load = move || {
            loads += 1;
            if loads == 1 {
                // A panic without a message, which takes long to print on a busy machine.
                std::panic::resume_unwind(Box::new("on purpose"));
            }
            Err(Error::setting(format!("the load {loads} failed")))
        };
        let reload = Reload::start_with(Duration::ZERO, monitor, load).unwrap();
        for message in [
            "because of a panic",
            "the load 2 failed",
            "the load 3 failed",
        ] {
            // Each check reports one event, which reaches the handler a little later.
            let event = loop {
                reload.check().await;
                match events.try_recv() {
                    Ok(event) if !event.contains("takes long") => break event,
                    _ => tokio::task::yield_now().await,
                }
            };
            let expected = format!("{message}; the previous content stays in use");
            assert!(event.ends_with(&expected), "{event}");
        }
    }

    #[test]
    fn a_file_that_is_not_a_small_readable_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large");
        std::fs::write(&large, vec![b' '; MAX_FILE_BYTES as usize + 1]).unwrap();
        for (path, reason) in [
            (folder.path().join("missing"), "it does not exist"),
            (large, "it is larger than 1 MiB"),
            (folder.path().to_owned(), "check the path"),
        ] {
            let error = read_file(&path).unwrap_err().to_string();
            assert!(error.contains(&*path.to_string_lossy()), "{error}");
            assert!(error.contains(reason), "{error}");
        }
    }
}
