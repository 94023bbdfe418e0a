//! [`Credentials`]: the users and tokens that a server accepts, and the login of a request.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{
    HeaderMap,
    header::{self, HeaderValue},
};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::{
    login_cache::{CacheKey, Digest, RefusedLogins},
    login_thread::LoginThread,
    password::{MAX_PASSWORD_BYTES, PasswordHash, check_password},
    refusal::Schemes,
};
use crate::{error::Error, scrape::Exchange};

/// The credentials that grant access; any one of them is enough.
pub(super) struct Credentials(Arc<Inner>);

struct Inner {
    users: Vec<User>,
    /// The highest cost of the users' hashes: every login costs as much.
    highest_cost: u32,
    token_digests: Vec<Digest>,
    cache_key: CacheKey,
    refused: RefusedLogins,
}

/// A user of basic authentication (RFC 7617).
struct User {
    name: String,
    hash: PasswordHash,
    /// The login with the right password, once it was checked.
    ///
    /// It spares a scraper, which sends the same password every time, the check, which is slow by
    /// design. A user has one password, so that this needs no limit, and wrong passwords cannot
    /// displace it.
    accepted: OnceLock<Digest>,
}

/// The result of authenticating a request.
pub(super) enum Login {
    Accepted,
    /// The request has no credentials.
    Missing,
    /// The credentials are wrong, for the reason that is given.
    Wrong(String),
    /// The password was not checked, because too many others are.
    Unchecked,
}

impl Credentials {
    /// Validates users and the digests of tokens; `None` if there are none, so that every request
    /// may pass.
    ///
    /// # Errors
    ///
    /// If a hash or digest is invalid, or a user name is invalid or used twice.
    pub(super) fn new(
        users: &[(String, String)],
        token_digests: &[String],
    ) -> Result<Option<Credentials>, Error> {
        if users.is_empty() && token_digests.is_empty() {
            return Ok(None);
        }
        for (position, (name, _)) in users.iter().enumerate() {
            check_name(name)?;
            if users[..position].iter().any(|(other, _)| other == name) {
                return Err(Error::setting(format!(
                    "the user `{name}` has two passwords; remove one of them"
                )));
            }
        }
        let users = users.iter().map(|(name, hash)| {
            let hash = PasswordHash::parse(hash).ok_or_else(|| {
                Error::setting(format!(
                    "the password of the user `{name}` is not a bcrypt hash; create one with \
                     `htpasswd -nBC 10 {name}`, and never pass the password itself"
                ))
            })?;
            Ok(User {
                name: name.clone(),
                hash,
                accepted: OnceLock::new(),
            })
        });
        let users = users.collect::<Result<Vec<_>, Error>>()?;
        let token_digests = token_digests.iter().map(|digest| {
            parse_sha256(digest).ok_or_else(|| {
                Error::setting(
                    "a bearer token is not a SHA-256 of 64 hexadecimal digits; create one with \
                     `printf %s \"$TOKEN\" | sha256sum`"
                        .to_owned(),
                )
            })
        });
        let costs = users.iter().map(|user| user.hash.cost());
        Ok(Some(Credentials(Arc::new(Inner {
            highest_cost: costs.max().unwrap_or_default(),
            users,
            token_digests: token_digests.collect::<Result<_, _>>()?,
            cache_key: CacheKey::random().map_err(Error::setting)?,
            refused: RefusedLogins::default(),
        }))))
    }

    /// Checks the credentials of a request.
    ///
    /// A password that is not in a cache is hashed on `thread`; if that takes longer than
    /// `patience`, the login is [unchecked](Login::Unchecked).
    pub(super) async fn authenticate(
        &self,
        headers: &HeaderMap,
        exchange: &Arc<Exchange>,
        thread: &LoginThread,
        patience: Duration,
    ) -> Login {
        let Some(authorization) = headers.get(header::AUTHORIZATION) else {
            return Login::Missing;
        };
        let (scheme, value) = split_scheme(authorization);
        if scheme.eq_ignore_ascii_case(b"bearer") {
            return self.check_token(value);
        }
        let basic = scheme.eq_ignore_ascii_case(b"basic");
        let Some(attempt) = basic.then(|| self.attempt(value)).flatten() else {
            return Login::Wrong("the header `Authorization` is not valid".to_owned());
        };
        if attempt.password.len() > MAX_PASSWORD_BYTES {
            return Login::Wrong(format!(
                "the password of the user {} has more than {MAX_PASSWORD_BYTES} bytes, and bcrypt \
                 ignores the others; use a shorter password",
                attempt.shown_name()
            ));
        }
        let is_right = if let Some(is_right) = self.0.remembered(&attempt) {
            Some(is_right)
        } else {
            let (inner, attempt) = (Arc::clone(&self.0), attempt.clone());
            let check = move || inner.check(&attempt);
            thread.run(Arc::clone(exchange), check, patience).await
        };
        match is_right {
            Some(true) => Login::Accepted,
            None => Login::Unchecked,
            Some(false) => Login::Wrong(if attempt.user.is_some() {
                format!("wrong password of the user {}", attempt.shown_name())
            } else {
                format!("there is no user {}", attempt.shown_name())
            }),
        }
    }

    fn check_token(&self, token: &[u8]) -> Login {
        let digest = Sha256::digest(token);
        let known = self.0.token_digests.iter();
        let found = known.fold(Choice::from(0), |found, known| found | known.ct_eq(&digest));
        if found.into() {
            Login::Accepted
        } else {
            Login::Wrong("wrong bearer token".to_owned())
        }
    }

    /// Decodes the value of basic authentication; `None` if it is not valid, or no user can log in.
    fn attempt(&self, encoded: &[u8]) -> Option<Attempt> {
        let decoded = STANDARD.decode(encoded).ok()?;
        // RFC 7617 excludes control characters. bcrypt could confuse a password that contains the
        // character 0 with another one.
        if self.0.users.is_empty() || decoded.iter().any(u8::is_ascii_control) {
            return None;
        }
        let colon = decoded.iter().position(|&byte| byte == b':')?;
        let (name, password) = (&decoded[..colon], &decoded[colon + 1..]);
        let mut users = self.0.users.iter();
        Some(Attempt {
            user: users.position(|user| user.name.as_bytes() == name),
            name: name.to_vec(),
            password: password.to_vec(),
            digest: self.0.cache_key.digest(&decoded),
        })
    }

    /// The schemes that a client can use.
    pub(super) fn schemes(&self) -> Schemes {
        Schemes {
            basic: !self.0.users.is_empty(),
            bearer: !self.0.token_digests.is_empty(),
        }
    }
}

impl Inner {
    /// The result of an earlier check of the same login.
    fn remembered(&self, attempt: &Attempt) -> Option<bool> {
        let accepted = attempt
            .user
            .and_then(|user| self.users[user].accepted.get());
        if accepted.is_some_and(|accepted| accepted == &attempt.digest) {
            return Some(true);
        }
        self.refused.contains(&attempt.digest).then_some(false)
    }

    /// Checks a login by hashing its password, unless that was done while it waited.
    fn check(&self, attempt: &Attempt) -> bool {
        if let Some(is_right) = self.remembered(attempt) {
            return is_right;
        }
        let user = attempt.user.map(|user| &self.users[user]);
        let hash = user.map(|user| &user.hash);
        let is_right = check_password(&attempt.password, hash, self.highest_cost);
        match user {
            // Fails if it is set already, to the same password.
            Some(user) if is_right => drop(user.accepted.set(attempt.digest)),
            _ => self.refused.insert(attempt.digest),
        }
        is_right
    }
}

/// A user name and a password that a client has sent.
#[derive(Clone)]
struct Attempt {
    /// The position of the user among the users of the server; `None` for an unknown user.
    user: Option<usize>,
    name: Vec<u8>,
    password: Vec<u8>,
    digest: Digest,
}

impl Attempt {
    /// The user's name for a message, shortened because the client chooses it.
    fn shown_name(&self) -> String {
        let name = String::from_utf8_lossy(&self.name);
        let start: String = name.chars().take(MAX_SHOWN_NAME).collect();
        format!("`{start}`")
    }
}

/// Splits `Basic dXNlcg==` into scheme and value.
fn split_scheme(authorization: &HeaderValue) -> (&[u8], &[u8]) {
    let bytes = authorization.as_bytes();
    let space = bytes.iter().position(|&byte| byte == b' ');
    let (scheme, value) = bytes.split_at(space.unwrap_or(bytes.len()));
    (scheme, value.trim_ascii())
}

fn check_name(name: &str) -> Result<(), Error> {
    let problem = if name.contains(':') {
        "a colon"
    } else if name.chars().any(|c| c.is_ascii_control()) {
        "a control character"
    } else {
        return Ok(());
    };
    Err(Error::setting(format!(
        "the user name `{}` contains {problem}, which basic authentication does not allow; rename \
         the user",
        name.escape_debug()
    )))
}

fn parse_sha256(hexadecimal: &str) -> Option<Digest> {
    let digits = hexadecimal.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(digest)
}

/// Limit on the characters of a user's name in a message.
const MAX_SHOWN_NAME: usize = 64;
