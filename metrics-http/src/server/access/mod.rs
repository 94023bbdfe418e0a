//! [`Access`]: which clients may connect, which requests may pass, and the headers of responses.
//!
//! [`allow_list`] applies to connections. A request passes if its host ([`hosts`]), the rate of its
//! client ([`rate_limit`]) and its credentials (`credentials`) allow it, in this order. Passwords
//! are hashed on a thread of their own (`login_thread`).

mod allow_list;
mod client;
#[cfg(feature = "auth")]
mod credentials;
mod headers;
mod hosts;
#[cfg(feature = "auth")]
mod login_cache;
#[cfg(feature = "auth")]
mod login_queue;
#[cfg(feature = "auth")]
mod login_thread;
#[cfg(feature = "auth")]
mod password;
mod rate_limit;
mod refusal;

#[cfg(feature = "auth")]
use std::time::Duration;
use std::{
    net::IpAddr,
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use hyper::{Request, Response, header};

pub(super) use self::{allow_list::AllowList, rate_limit::RateLimit};
use self::{
    client::ClientId, headers::ResponseHeaders, hosts::Hosts, rate_limit::RateLimiter,
    refusal::Refusal,
};
#[cfg(feature = "auth")]
use self::{
    credentials::{Credentials, Login},
    login_thread::LoginThread,
};
use crate::{
    error::Error,
    monitor::{EventCause, Monitor},
    scrape::{Body, Exchange},
};

/// The settings that an [`Access`] is made from.
#[derive(Clone, Default)]
pub(super) struct AccessSettings {
    /// Names and bcrypt hashes of the users of basic authentication.
    #[cfg(feature = "auth")]
    pub(super) users: Vec<(String, String)>,
    /// SHA-256 of the accepted bearer tokens, in hexadecimal.
    #[cfg(feature = "auth")]
    pub(super) token_digests: Vec<String>,
    /// The host names that are served; `None` for the default.
    pub(super) hosts: Option<Vec<String>>,
    /// Names and values of the headers that are added to every response.
    pub(super) headers: Vec<(String, String)>,
    pub(super) rate_limit: Option<RateLimit>,
}

impl AccessSettings {
    /// Whether clients need a password or token.
    #[cfg(feature = "web-config")]
    pub(super) fn has_credentials(&self) -> bool {
        !self.users.is_empty() || !self.token_digests.is_empty()
    }
}

/// The access that a server grants now; clones share it.
///
/// To change users, tokens, hosts, headers or the rate limit of a running server, change a copy of
/// the server's [`AccessSettings`] and pass it to [`replace`](CurrentAccess::replace).
#[derive(Clone)]
pub(super) struct CurrentAccess {
    current: Arc<RwLock<Arc<Access>>>,
    shared: Shared,
}

/// What an [`Access`] has in common with the one that replaces it.
#[derive(Clone)]
struct Shared {
    monitor: Monitor,
    #[cfg(feature = "auth")]
    login_thread: LoginThread,
}

impl CurrentAccess {
    /// # Errors
    ///
    /// If a setting is invalid.
    pub(super) fn new(
        settings: &AccessSettings,
        monitor: &Monitor,
    ) -> Result<CurrentAccess, Error> {
        let shared = Shared {
            monitor: monitor.clone(),
            #[cfg(feature = "auth")]
            login_thread: LoginThread::default(),
        };
        let access = Access::new(settings, &shared)?;
        Ok(CurrentAccess {
            current: Arc::new(RwLock::new(Arc::new(access))),
            shared,
        })
    }

    /// Grants access by other settings, from the next request on.
    ///
    /// Remembered logins and the state of the rate limit belong to the replaced [`Access`]: a user
    /// that is no longer in `settings` is refused at once, and every other one is checked again.
    ///
    /// # Errors
    ///
    /// If a setting is invalid; the previous settings then remain in force.
    #[cfg_attr(
        not(any(test, feature = "web-config")),
        expect(dead_code, reason = "only a configuration file changes access")
    )]
    pub(super) fn replace(&self, settings: &AccessSettings) -> Result<(), Error> {
        let access = Arc::new(Access::new(settings, &self.shared)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = access;
        Ok(())
    }

    /// The access to use for one request, from its admission to its response.
    pub(super) fn current(&self) -> Arc<Access> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }
}

/// Decides which requests may pass, and adds the headers of responses; does not change.
pub(super) struct Access {
    #[cfg(feature = "auth")]
    credentials: Option<Credentials>,
    hosts: Hosts,
    headers: ResponseHeaders,
    rate_limiter: Option<RateLimiter>,
    shared: Shared,
}

impl Access {
    fn new(settings: &AccessSettings, shared: &Shared) -> Result<Access, Error> {
        Ok(Access {
            #[cfg(feature = "auth")]
            credentials: Credentials::new(&settings.users, &settings.token_digests)?,
            hosts: Hosts::new(settings.hosts.as_deref())?,
            headers: ResponseHeaders::new(&settings.headers)?,
            rate_limiter: settings
                .rate_limit
                .map(RateLimiter::new)
                .transpose()?
                .flatten(),
            shared: shared.clone(),
        })
    }

    /// Whether a request may pass.
    pub(super) async fn admit(
        &self,
        request: &Request<()>,
        exchange: &Arc<Exchange>,
        is_health_check: bool,
    ) -> Result<(), Refusal> {
        let peer = exchange.address();
        self.check_host(request, peer)?;
        // A probe without credentials costs little, and other requests from its address must not
        // make it fail. A probe with credentials may cost a hash, like any other request.
        let is_probe = is_health_check && !request.headers().contains_key(header::AUTHORIZATION);
        if !is_probe {
            self.check_rate(peer)?;
        }
        #[cfg(feature = "auth")]
        {
            let patience = if is_health_check {
                HEALTH_CHECK_LOGIN_TIMEOUT
            } else {
                LOGIN_TIMEOUT
            };
            self.check_login(request, exchange, patience).await?;
        }
        Ok(())
    }

    /// Adds the headers that every response has.
    pub(super) fn add_headers(&self, response: &mut Response<Body>) {
        self.headers.add_to(response.headers_mut());
    }

    fn check_host(&self, request: &Request<()>, peer: Option<IpAddr>) -> Result<(), Refusal> {
        self.hosts.check(request, peer).map_err(|host| {
            let message = format_args!(
                "a request for the host `{host}` was refused; if a proxy sends it, add the name \
                 with `ServerBuilder::hosts`"
            );
            self.shared.monitor.report(EventCause::Host, peer, message);
            Refusal::Host
        })
    }

    fn check_rate(&self, peer: Option<IpAddr>) -> Result<(), Refusal> {
        let Some(limiter) = &self.rate_limiter else {
            return Ok(());
        };
        limiter
            .take(ClientId::new(peer), Instant::now())
            .map_err(|wait| {
                let message = "a client exceeded the rate limit";
                self.shared
                    .monitor
                    .report(EventCause::RateLimit, peer, message);
                Refusal::Rate(wait)
            })
    }

    #[cfg(feature = "auth")]
    async fn check_login(
        &self,
        request: &Request<()>,
        exchange: &Arc<Exchange>,
        patience: Duration,
    ) -> Result<(), Refusal> {
        let Some(credentials) = &self.credentials else {
            return Ok(());
        };
        let Shared {
            monitor,
            login_thread,
        } = &self.shared;
        let headers = request.headers();
        match credentials
            .authenticate(headers, exchange, login_thread, patience)
            .await
        {
            Login::Accepted => Ok(()),
            // A browser sends its first request without credentials, so this is not an event.
            Login::Missing => Err(Refusal::Credentials(credentials.schemes())),
            Login::Wrong(reason) => {
                monitor.report(EventCause::Login, exchange.address(), reason);
                Err(Refusal::Credentials(credentials.schemes()))
            }
            Login::Unchecked => {
                let message = "a password was not checked in time, because others are waiting, its \
                               hash is slow, or no thread can be started";
                monitor.report(EventCause::RateLimit, exchange.address(), message);
                Err(Refusal::PasswordUnchecked)
            }
        }
    }
}

/// How long a request waits for its password to be checked.
#[cfg(feature = "auth")]
const LOGIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Shorter than the usual timeout of a probe (1 second), because its status needs no login.
#[cfg(feature = "auth")]
const HEALTH_CHECK_LOGIN_TIMEOUT: Duration = Duration::from_millis(300);

#[cfg(all(test, feature = "auth"))]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    fn settings(users: &[(&str, &str)]) -> AccessSettings {
        let hashed = |(name, password): &(&str, &str)| {
            let hash = bcrypt::hash(password, 4).unwrap();
            ((*name).to_owned(), hash)
        };
        AccessSettings {
            users: users.iter().map(hashed).collect(),
            ..AccessSettings::default()
        }
    }

    fn access(users: &[(&str, &str)]) -> CurrentAccess {
        let monitor = Monitor::new(None, None).unwrap();
        CurrentAccess::new(&settings(users), &monitor).unwrap()
    }

    /// The status of a request; 200 if it may pass.
    async fn status(access: &CurrentAccess, user: &str, password: &str) -> u16 {
        let login = STANDARD.encode(format!("{user}:{password}"));
        let request = Request::builder().header("Authorization", format!("Basic {login}"));
        let request = request.body(()).unwrap();
        let exchange = Arc::new(Exchange::new(None));
        match access.current().admit(&request, &exchange, false).await {
            Ok(()) => 200,
            Err(refusal) => refusal.response().status().as_u16(),
        }
    }

    #[tokio::test]
    async fn a_removed_user_is_refused_at_once() {
        let access = access(&[("ann", "1"), ("bob", "2")]);
        assert_eq!(status(&access, "ann", "1").await, 200);
        access.replace(&settings(&[("bob", "2")])).unwrap();
        assert_eq!(status(&access, "ann", "1").await, 401);
        assert_eq!(status(&access, "bob", "2").await, 200);
    }

    #[tokio::test]
    async fn a_changed_password_takes_the_place_of_the_remembered_one() {
        let access = access(&[("ann", "before")]);
        assert_eq!(status(&access, "ann", "before").await, 200);
        assert_eq!(status(&access, "ann", "after").await, 401);
        access.replace(&settings(&[("ann", "after")])).unwrap();
        assert_eq!(status(&access, "ann", "before").await, 401);
        assert_eq!(status(&access, "ann", "after").await, 200);
    }

    #[tokio::test]
    async fn an_invalid_setting_leaves_the_previous_ones_in_force() {
        let access = access(&[("ann", "1")]);
        let mut invalid = settings(&[]);
        invalid
            .users
            .push(("ann".to_owned(), "not a hash".to_owned()));
        assert!(access.replace(&invalid).is_err());
        assert_eq!(status(&access, "ann", "1").await, 200);
        assert_eq!(status(&access, "ann", "2").await, 401);
    }
}
