//! Who may ask: basic authentication with bcrypt hashes, as Prometheus' own web configuration has
//! it, and bearer tokens by their SHA-256.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{self, HeaderValue},
};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use tokio::{sync::Semaphore, task};

use crate::{body::Body, endpoint::text, error::Error};

/// Whoever shows one of these is let in.
#[derive(Clone)]
pub(crate) struct Credentials(Arc<Known>);

struct Known {
    /// Names and bcrypt hashes.
    users: Vec<(String, String)>,
    /// SHA-256 of tokens.
    tokens: Vec<[u8; 32]>,
    /// SHA-256 of the `Authorization` header that was found right last: to check a password takes
    /// a tenth of a second of a processor, on purpose, and a scraper shows the same each time.
    seen: Mutex<Option<[u8; 32]>>,
    /// Wrong passwords keep one processor busy, not all.
    checking: Semaphore,
}

impl Credentials {
    /// Checks that the hashes are such.
    pub(crate) fn new(users: &[(String, String)], tokens: &[String]) -> Result<Credentials, Error> {
        for (name, hash) in users {
            if hash.parse::<bcrypt::HashParts>().is_err() {
                return Err(Error::setting(format!(
                    "what is given for the user `{name}` is no bcrypt hash; make one with \
                     `htpasswd -nBC 10 {name}`, and never write the password itself"
                )));
            }
            if name.contains(':') {
                return Err(Error::setting(format!(
                    "the user `{name}` has a colon in its name, which HTTP has no room for"
                )));
            }
        }
        let tokens = tokens.iter().map(|token| {
            digest_of(token).ok_or_else(|| {
                Error::setting(
                    "what is given for a bearer token is no SHA-256 in 64 hexadecimal digits; \
                     make one with `printf %s \"$TOKEN\" | sha256sum`"
                        .to_owned(),
                )
            })
        });
        Ok(Credentials(Arc::new(Known {
            users: users.to_vec(),
            tokens: tokens.collect::<Result<_, _>>()?,
            seen: Mutex::new(None),
            checking: Semaphore::new(1),
        })))
    }

    pub(crate) async fn are_shown(&self, headers: &HeaderMap) -> bool {
        let Some(shown) = headers.get(header::AUTHORIZATION) else {
            return false;
        };
        let digest = Sha256::digest(shown.as_bytes());
        if self
            .seen()
            .is_some_and(|seen| bool::from(seen.ct_eq(&digest)))
        {
            return true;
        }
        let Some((scheme, rest)) = shown.to_str().ok().and_then(|shown| shown.split_once(' '))
        else {
            return false;
        };
        let rest = rest.trim();
        let right = if scheme.eq_ignore_ascii_case("bearer") {
            self.has_token(rest)
        } else if scheme.eq_ignore_ascii_case("basic") {
            self.has_password(rest).await
        } else {
            false
        };
        if right {
            *self.seen_mut() = Some(digest.into());
        }
        right
    }

    fn has_token(&self, token: &str) -> bool {
        let digest = Sha256::digest(token.as_bytes());
        let tokens = self.0.tokens.iter();
        let found = tokens.fold(Choice::from(0), |found, known| found | known.ct_eq(&digest));
        found.into()
    }

    async fn has_password(&self, encoded: &str) -> bool {
        let decoded = STANDARD.decode(encoded).ok();
        let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((name, password)) = text.as_deref().and_then(|text| text.split_once(':')) else {
            return false;
        };
        let user = self.0.users.iter().find(|(user, _)| user == name);
        // Who is not known takes as long as who is, so that nobody learns who is.
        let (known, hash) = match (user, self.0.users.first()) {
            (Some((_, hash)), _) => (true, hash.clone()),
            (None, Some((_, hash))) => (false, hash.clone()),
            (None, None) => return false,
        };
        let Ok(_turn) = self.0.checking.acquire().await else {
            return false;
        };
        let password = password.to_owned();
        let check = task::spawn_blocking(move || bcrypt::verify(password, &hash));
        known && matches!(check.await, Ok(Ok(true)))
    }

    fn seen(&self) -> Option<[u8; 32]> {
        *self.seen_mut()
    }

    fn seen_mut(&self) -> std::sync::MutexGuard<'_, Option<[u8; 32]>> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is said to those who show none.
    pub(crate) fn challenge(&self) -> Response<Body> {
        let mut response = text(
            StatusCode::UNAUTHORIZED,
            "who asks has to show credentials\n",
        );
        let headers = response.headers_mut();
        if !self.0.users.is_empty() {
            let basic = HeaderValue::from_static("Basic realm=\"metrics\", charset=\"UTF-8\"");
            headers.append(header::WWW_AUTHENTICATE, basic);
        }
        if !self.0.tokens.is_empty() {
            let bearer = HeaderValue::from_static("Bearer realm=\"metrics\"");
            headers.append(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

fn digest_of(hexadecimal: &str) -> Option<[u8; 32]> {
    let digits = hexadecimal.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, pair) in digest
        .iter_mut()
        .zip(hexadecimal.as_bytes().chunks_exact(2))
    {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(digest)
}
