//! The web configuration file, in the format of Prometheus' exporter-toolkit.
//!
//! [`format`] has its fields, [`tls`] makes TLS settings of one section. [`start`] reads the file
//! and the certificates that it names, and starts the thread that reads them again.

mod duration;
mod format;
mod headers;
mod names;
mod tls;

use std::{
    fmt::Display,
    path::{self, Path, PathBuf},
    str,
    sync::Arc,
};

use serde_saphyr::UserMessageFormatter;
use tokio_rustls::rustls::ServerConfig;

use self::format::WebConfig;
use super::{
    access::{AccessSettings, CurrentAccess, RateLimit},
    reload::{Reload, read_file},
    tls::{ClientAuth, CurrentConfig, Tls, TlsAcceptor, TlsContent},
};
use crate::{error::Error, monitor::Monitor};

/// What a configuration file and the builder determine, now and after each change of the file.
pub(super) struct Configured {
    pub(super) access: CurrentAccess,
    /// `None` without TLS.
    pub(super) tls: Option<TlsAcceptor>,
    /// `None` without a configuration file.
    pub(super) reload: Option<Reload>,
}

/// Reads a configuration file, if there is one, and starts the thread that reads it again.
///
/// `access` and `tls` are the settings of the builder, to which those of the file are added.
pub(super) fn start(
    path: Option<&Path>,
    access: AccessSettings,
    tls: Option<TlsAcceptor>,
    monitor: &Monitor,
) -> Result<Configured, Error> {
    let Some(path) = path else {
        return Ok(Configured {
            access: CurrentAccess::new(&access, monitor)?,
            tls,
            reload: None,
        });
    };
    let file = File::new(path, access)?;
    let used = file.read()?;
    let current = Current {
        access: CurrentAccess::new(&file.access(&used.config)?, monitor)
            .map_err(|error| file.error(&error))?,
        tls: file
            .tls(&used)?
            .map(|config| CurrentConfig::new(Arc::new(config))),
    };
    if tls.is_some() && current.tls.is_some() {
        let message = "`tls_server_config` has no effect, because the program sets up TLS with \
                       `ServerBuilder::tls`; remove one of the two";
        return Err(file.error(&message));
    }
    let (reloaded, mut used) = (current.clone(), used);
    let load = move || {
        let content = file.read()?;
        if content != used {
            reloaded.replace(&file, &content, &used)?;
            used = content;
        }
        Ok(())
    };
    let reload = Reload::start(monitor.clone(), load).map_err(Error::start)?;
    let acceptor = |config| TlsAcceptor::with_config(config, Some(reload.clone()));
    Ok(Configured {
        access: current.access,
        tls: tls.or(current.tls.map(acceptor)),
        reload: Some(reload),
    })
}

/// What the server uses now of a configuration file.
#[derive(Clone)]
struct Current {
    access: CurrentAccess,
    /// `None` if the file does not configure TLS.
    tls: Option<CurrentConfig>,
}

impl Current {
    /// Makes the server use `content` instead of `used`, as a whole or, on an error, not at all.
    fn replace(&self, file: &File, content: &Content, used: &Content) -> Result<(), Error> {
        let config = file.tls(content)?;
        if config.is_some() != self.tls.is_some() {
            let message = "TLS cannot be switched on or off while the server runs; restart the \
                           program, or undo the change";
            return Err(file.error(&message));
        }
        let (before, after) = (file.demands(used)?, file.demands(content)?);
        if let Some(((field, _), _)) = before.iter().zip(after).find(|(old, new)| old.1 && !new.1) {
            let message = format!(
                "without {field}, which it had until now, more clients would have access; restart \
                 the program to allow that, or correct the file, which may be half written"
            );
            return Err(file.error(&message));
        }
        // Replaced only if necessary, because remembered logins are forgotten.
        if content.config != used.config {
            let access = file.access(&content.config)?;
            let replaced = self.access.replace(&access);
            replaced.map_err(|error| file.error(&error))?;
        }
        if let (Some(current), Some(config)) = (&self.tls, config) {
            current.replace(config);
        }
        Ok(())
    }
}

/// A configuration file, and the settings of the builder that it is added to.
struct File {
    path: PathBuf,
    access: AccessSettings,
}

/// The content of a configuration file and of the files that it names.
struct Content {
    config: WebConfig,
    tls: Option<(Tls, TlsContent)>,
}

/// The TLS settings are not compared, because they follow from the configuration.
impl PartialEq for Content {
    fn eq(&self, other: &Content) -> bool {
        let pem = self.tls.as_ref().map(|(_, pem)| pem);
        self.config == other.config && pem == other.tls.as_ref().map(|(_, pem)| pem)
    }
}

impl File {
    fn new(path: &Path, access: AccessSettings) -> Result<File, Error> {
        // Absolute, so that the program can change its working directory.
        let path = path::absolute(path).map_err(|error| {
            Error::setting(format!(
                "`{}` is not the path of a web configuration file: {error}",
                path.display()
            ))
        })?;
        Ok(File { path, access })
    }

    fn read(&self) -> Result<Content, Error> {
        let config = parse(&read_file(&self.path)?).map_err(|error| self.error(&error))?;
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let tls = match &config.tls_server_config {
            None => None,
            Some(section) => section
                .settings(folder)
                .map_err(|error| self.error(&error))?,
        };
        let tls = match tls {
            None => None,
            Some(tls) => {
                let http = config.http_server_config.as_ref();
                let tls = tls.http2(http.and_then(|http| http.http2).unwrap_or(true));
                let content = tls.read().map_err(|error| self.error(&error))?;
                Some((tls, content))
            }
        };
        Ok(Content { config, tls })
    }

    /// The configuration of TLS; `None` if the file does not configure it.
    fn tls(&self, content: &Content) -> Result<Option<ServerConfig>, Error> {
        let config = content.tls.as_ref().map(|(tls, pem)| tls.config(pem));
        config.transpose().map_err(|error| self.error(&error))
    }

    /// The settings of the builder, together with those of the file.
    fn access(&self, config: &WebConfig) -> Result<AccessSettings, Error> {
        let mut access = self.access.clone();
        for (name, hash) in config.basic_auth_users.iter().flatten() {
            if self.access.users.iter().any(|(user, _)| user == name) {
                let message = format!(
                    "the user `{name}` is also set by the program with `basic_auth`; remove one"
                );
                return Err(self.error(&message));
            }
            access.users.push((name.clone(), hash.clone()));
        }
        if let Some(http) = &config.http_server_config
            && let Some(headers) = &http.headers
        {
            access.headers.extend(headers.set());
        }
        if let Some(limit) = &config.rate_limit
            && let Some(interval) = limit.interval
            && !interval.0.is_zero()
        {
            access.rate_limit = Some(RateLimit {
                interval: interval.0,
                burst: limit.burst.unwrap_or(0),
            });
        }
        Ok(access)
    }

    /// Fields by which clients must prove who they are, and whether they do so in `content`.
    ///
    /// A server does not give them up while it runs, because a file whose end is missing is often
    /// valid: one that is being written, or that was written to a full disk.
    fn demands(&self, content: &Content) -> Result<[(&'static str, bool); 3], Error> {
        let access = self.access(&content.config)?;
        let tls = content.tls.as_ref().map(|(tls, _)| tls);
        let verifies = |tls: &Tls| tls.client_auth == ClientAuth::RequiredAndVerified;
        let names = |tls: &Tls| !tls.client_allowed_sans.is_empty();
        Ok([
            ("`basic_auth_users`", access.has_credentials()),
            (
                "`client_auth_type: RequireAndVerifyClientCert`",
                tls.is_some_and(verifies),
            ),
            ("`client_allowed_sans`", tls.is_some_and(names)),
        ])
    }

    fn error(&self, error: &impl Display) -> Error {
        Error::setting(format!("`{}`: {error}", self.path.display()))
    }
}

/// Parses a file; the error names line and column, but quotes no lines, which may contain secrets.
fn parse(content: &[u8]) -> Result<WebConfig, String> {
    let text = str::from_utf8(content)
        .map_err(|error| format!("it is not UTF-8 text: {error}; check the path"))?;
    let options = serde_saphyr::options! { with_snippet: false };
    // An empty file is valid, and contains nothing.
    serde_saphyr::from_str_with_options::<Option<WebConfig>>(text, options)
        .map(Option::unwrap_or_default)
        .map_err(|error| error.render_with_formatter(&UserMessageFormatter))
}
