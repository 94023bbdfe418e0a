//! Pushes the metrics of the URL shortener, where scraping is not possible.

use std::error::Error;

use crate::options::Options;

/// The background pushers; `end` pushes once more.
pub(crate) struct Pushing {
    #[cfg(feature = "push")]
    pushers: Vec<metrics_http::Pusher>,
}

#[cfg(feature = "push")]
impl Pushing {
    pub(crate) fn start(options: &Options) -> Result<Pushing, Box<dyn Error>> {
        let complain = |error: metrics_http::Error| crate::complain(&error);
        let mut pushers = Vec::new();
        if let Some(url) = &options.push {
            let gateway = metrics_http::PushGateway::new(url, JOB);
            pushers.push(gateway.push_every(EVERY, complain)?);
        }
        #[cfg(feature = "remote-write")]
        if let Some(url) = &options.remote_write {
            let write = metrics_http::RemoteWrite::new(url, JOB).instance_from_hostname();
            pushers.push(write.push_every(EVERY, complain)?);
        }
        #[cfg(not(feature = "remote-write"))]
        missing(&[(&options.remote_write, "remote-write")])?;
        Ok(Pushing { pushers })
    }

    pub(crate) fn end(self) {
        for pusher in self.pushers {
            if let Err(error) = pusher.shutdown() {
                crate::complain(&error);
            }
        }
    }
}

#[cfg(not(feature = "push"))]
impl Pushing {
    pub(crate) fn start(options: &Options) -> Result<Pushing, Box<dyn Error>> {
        missing(&[
            (&options.push, "push"),
            (&options.remote_write, "remote-write"),
        ])?;
        Ok(Pushing {})
    }

    pub(crate) fn end(self) {
        let Pushing {} = self;
    }
}

/// The error for an option whose feature is not enabled.
#[cfg(not(feature = "remote-write"))]
fn missing(options: &[(&Option<String>, &str)]) -> Result<(), Box<dyn Error>> {
    match options.iter().find(|(url, _)| url.is_some()) {
        Some((_, feature)) => Err(format!(
            "--{feature} is not built in; `cargo run` it with `--features {feature}`"
        )
        .into()),
        None => Ok(()),
    }
}

#[cfg(feature = "push")]
const JOB: &str = "shortener";
#[cfg(feature = "push")]
const EVERY: std::time::Duration = std::time::Duration::from_secs(5);
