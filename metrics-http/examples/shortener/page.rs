//! Fetches the pages of links, slowly.
//!
//! The network is simulated, because an example must not load real web sites.

use std::{fmt, time::Duration};

use metrics_core::{counted, in_flight, timed};
use tokio::time;

use crate::link::Target;

pub(crate) struct Page {
    pub(crate) bytes: u32,
}

/// Simulates fetching a page: takes 50 to 300 ms, and fails one time in twenty.
#[timed]
#[counted]
#[in_flight]
pub(crate) async fn fetch(target: &Target) -> Result<Page, FetchError> {
    time::sleep(Duration::from_millis(fastrand::u64(50..=300))).await;
    if fastrand::u32(..20) == 0 {
        return Err(FetchError {
            host: target.host().to_owned(),
        });
    }
    // Sizes are distributed about evenly on a logarithmic scale.
    let at_least = 1 << fastrand::u32(8..22);
    Ok(Page {
        bytes: fastrand::u32(at_least..2 * at_least),
    })
}

#[derive(Debug)]
pub(crate) struct FetchError {
    host: String,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not answer", self.host)
    }
}
