//! Runs models and their threads.

use loom::{model::Builder, thread::JoinHandle};

use crate::storage::sync;

/// Runs a model in all orders that loom explores, with at most this number of preemptions.
pub(crate) fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 20_000;
    builder.check(move || {
        sync::start();
        model();
        sync::end_thread();
    });
}

/// Starts a thread, whose storage ends before it is joined.
pub(crate) fn spawn(run: impl FnOnce() + 'static) -> JoinHandle<()> {
    loom::thread::spawn(move || {
        run();
        sync::end_thread();
    })
}

/// Waits for threads.
pub(crate) fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("the thread ends");
    }
}
