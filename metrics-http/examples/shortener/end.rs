//! [`End`]: tells the program's tasks when to end: on Ctrl-C, SIGTERM or after a time limit.

use std::{io, time::Duration};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlC, CtrlClose, ctrl_c, ctrl_close};
use tokio::time;

/// Waits for the end of the program; catches signals from its creation on.
pub(crate) struct End {
    #[cfg(unix)]
    signals: (Signal, Signal),
    #[cfg(windows)]
    signals: (CtrlC, CtrlClose),
    run_for: Option<Duration>,
}

impl End {
    /// Starts to catch signals; must be called inside a tokio runtime.
    pub(crate) fn listen(run_for: Option<Duration>) -> io::Result<End> {
        #[cfg(unix)]
        let signals = (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        );
        #[cfg(windows)]
        let signals = (ctrl_c()?, ctrl_close()?);
        Ok(End { signals, run_for })
    }

    pub(crate) async fn reached(self) {
        let (mut interrupt, mut terminate) = self.signals;
        let time_limit = async {
            match self.run_for {
                Some(limit) => time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = time_limit => {}
        }
    }
}
