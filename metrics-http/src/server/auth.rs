//! Authenticates requests: by basic authentication, with bcrypt hashes as in Prometheus' web
//! configuration, or by bearer tokens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{self, HeaderValue},
};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use tokio::{sync::Semaphore, task};

use crate::{
    error::Error,
    scrape::{Body, text},
};

/// The credentials that grant access; any one of them is enough.
#[derive(Clone)]
pub(super) struct Credentials(Arc<Inner>);

struct Inner {
    /// User names and bcrypt hashes of their passwords.
    users: Vec<(String, String)>,
    token_digests: Vec<[u8; 32]>,
    /// SHA-256 of the `Authorization` header that was accepted last.
    ///
    /// It spares a scraper, which sends the same header every time, the bcrypt check, which is slow
    /// by design (about 0.1 s of processor time at cost 10).
    last_accepted: Mutex<Option<[u8; 32]>>,
    /// One permit, so that requests with wrong passwords keep one processor busy and not all. A
    /// check whose client disconnects runs to its end without the permit.
    bcrypt_permit: Semaphore,
}

impl Credentials {
    /// Validates the password hashes, the user names and the digests.
    pub(super) fn new(
        users: &[(String, String)],
        token_digests: &[String],
    ) -> Result<Credentials, Error> {
        for (name, hash) in users {
            if hash.parse::<bcrypt::HashParts>().is_err() {
                return Err(Error::setting(format!(
                    "the password of the user `{name}` is not a bcrypt hash; create one with \
                     `htpasswd -nBC 10 {name}`, and never pass the password itself"
                )));
            }
            if name.contains(':') {
                return Err(Error::setting(format!(
                    "the user name `{name}` contains a colon, which basic authentication does not \
                     allow; rename the user"
                )));
            }
        }
        let token_digests = token_digests.iter().map(|digest| {
            parse_sha256(digest).ok_or_else(|| {
                Error::setting(
                    "a bearer token is not a SHA-256 of 64 hexadecimal digits; create one with \
                     `printf %s \"$TOKEN\" | sha256sum`"
                        .to_owned(),
                )
            })
        });
        Ok(Credentials(Arc::new(Inner {
            users: users.to_vec(),
            token_digests: token_digests.collect::<Result<_, _>>()?,
            last_accepted: Mutex::new(None),
            bcrypt_permit: Semaphore::new(1),
        })))
    }

    /// Whether a request has valid credentials.
    pub(super) async fn authenticate(&self, headers: &HeaderMap) -> bool {
        let Some(authorization) = headers.get(header::AUTHORIZATION) else {
            return false;
        };
        let digest = Sha256::digest(authorization.as_bytes());
        let last = *self.last_accepted();
        if last.is_some_and(|last| bool::from(last.ct_eq(&digest))) {
            return true;
        }
        let Some((scheme, value)) = authorization
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
        else {
            return false;
        };
        let value = value.trim();
        let is_valid = if scheme.eq_ignore_ascii_case("bearer") {
            self.is_token_valid(value)
        } else if scheme.eq_ignore_ascii_case("basic") {
            self.is_password_valid(value).await
        } else {
            false
        };
        if is_valid {
            *self.last_accepted() = Some(digest.into());
        }
        is_valid
    }

    fn is_token_valid(&self, token: &str) -> bool {
        let digest = Sha256::digest(token.as_bytes());
        let known = self.0.token_digests.iter();
        let found = known.fold(Choice::from(0), |found, known| found | known.ct_eq(&digest));
        found.into()
    }

    async fn is_password_valid(&self, encoded: &str) -> bool {
        let decoded = STANDARD.decode(encoded).ok();
        let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((name, password)) = text.as_deref().and_then(|text| text.split_once(':')) else {
            return false;
        };
        let user = self.0.users.iter().find(|(user, _)| user == name);
        // For an unknown user, the password is checked against the first user's hash, so that the
        // response time does not reveal which users exist.
        let (is_known, hash) = match (user, self.0.users.first()) {
            (Some((_, hash)), _) => (true, hash.clone()),
            (None, Some((_, hash))) => (false, hash.clone()),
            (None, None) => return false,
        };
        let Ok(_permit) = self.0.bcrypt_permit.acquire().await else {
            return false;
        };
        let password = password.to_owned();
        let check = task::spawn_blocking(move || bcrypt::verify(password, &hash));
        is_known && matches!(check.await, Ok(Ok(true)))
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn last_accepted(&self) -> MutexGuard<'_, Option<[u8; 32]>> {
        let last = self.0.last_accepted.lock();
        last.unwrap_or_else(PoisonError::into_inner)
    }

    /// The response to a request without valid credentials.
    pub(super) fn challenge(&self) -> Response<Body> {
        let mut response = text(StatusCode::UNAUTHORIZED, "valid credentials are required\n");
        let headers = response.headers_mut();
        if !self.0.users.is_empty() {
            let basic = HeaderValue::from_static("Basic realm=\"metrics\", charset=\"UTF-8\"");
            headers.append(header::WWW_AUTHENTICATE, basic);
        }
        if !self.0.token_digests.is_empty() {
            let bearer = HeaderValue::from_static("Bearer realm=\"metrics\"");
            headers.append(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

fn parse_sha256(hexadecimal: &str) -> Option<[u8; 32]> {
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
