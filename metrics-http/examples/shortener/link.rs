//! [`Slug`] and [`Target`]: the parts of a short link. Parsing validates them.

use std::{fmt, iter, str::FromStr};

use axum::http::{HeaderValue, Uri};
use metrics_core::Label;

/// The short name of a link: seven letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slug(String);

impl Slug {
    pub(crate) fn random() -> Slug {
        Slug(
            iter::repeat_with(fastrand::alphanumeric)
                .take(SLUG_LENGTH)
                .collect(),
        )
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = NoSlug;

    fn from_str(text: &str) -> Result<Slug, NoSlug> {
        if text.len() == SLUG_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Slug(text.to_owned()))
        } else {
            Err(NoSlug)
        }
    }
}

/// The error for a text that is not a valid slug.
pub(crate) struct NoSlug;

/// The target of a link: an absolute `http` or `https` URL.
#[derive(Debug)]
pub(crate) struct Target {
    url: String,
    host: String,
}

impl Target {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The host of the URL, in lower case.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}

impl FromStr for Target {
    type Err = Rejection;

    fn from_str(url: &str) -> Result<Target, Rejection> {
        if url.len() > MAX_URL_LENGTH {
            return Err(Rejection::Length);
        }
        // `Uri` drops a fragment without validation, but the whole URL becomes a header value.
        if HeaderValue::from_str(url).is_err() {
            return Err(Rejection::Syntax);
        }
        let uri: Uri = url.parse().map_err(|_| Rejection::Syntax)?;
        match uri.scheme_str() {
            Some("http" | "https") => {}
            Some(_) => return Err(Rejection::Scheme),
            None => return Err(Rejection::Syntax),
        }
        match uri.host() {
            Some(host) if !host.is_empty() => Ok(Target {
                url: url.to_owned(),
                host: host.to_ascii_lowercase(),
            }),
            _ => Err(Rejection::Syntax),
        }
    }
}

/// Why a URL is not accepted as a target.
#[derive(Label, Clone, Copy, Debug)]
pub(crate) enum Rejection {
    Length,
    Scheme,
    Syntax,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejection::Length => write!(f, "the target is longer than {MAX_URL_LENGTH} bytes"),
            Rejection::Scheme => f.write_str("the target is neither http nor https"),
            Rejection::Syntax => f.write_str("the target is not an absolute URL"),
        }
    }
}

const SLUG_LENGTH: usize = 7;
const MAX_URL_LENGTH: usize = 2048;
