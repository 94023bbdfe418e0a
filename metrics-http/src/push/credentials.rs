//! [`Credentials`]: the value of the header `Authorization`, given or in a file.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::header::HeaderValue;

use crate::error::{Error, UnusableFile};

/// How a push authenticates.
#[derive(Clone)]
pub(super) enum Credentials {
    None,
    Basic { user: String, password: Secret },
    Bearer(Secret),
}

/// A password or a token.
#[derive(Clone)]
pub(super) enum Secret {
    Given(String),
    /// Read for every request, so that a secret can be replaced while the program runs.
    File(PathBuf),
}

impl Credentials {
    /// Checks what the program has given; files are checked when they are read.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self {
            Credentials::Basic { user, .. } if user.contains(':') => {
                let user = user.escape_debug();
                Err(Error::setting(format!(
                    "the user name `{user}` contains a colon, which basic authentication does not \
                     allow; use another user"
                )))
            }
            Credentials::Bearer(Secret::Given(token)) if HeaderValue::try_from(token).is_err() => {
                Err(Error::setting(
                    "the token contains characters that a header cannot contain, perhaps the \
                     newline at the end of a file; trim it"
                        .to_owned(),
                ))
            }
            _ => Ok(()),
        }
    }

    /// The value of the header; reads the file of the secret, if it is in one.
    pub(super) fn header(&self) -> Result<Option<HeaderValue>, UnusableFile> {
        let (secret, content) = match self {
            Credentials::None => return Ok(None),
            Credentials::Basic { password, .. } => (password, "the password"),
            Credentials::Bearer(token) => (token, "the bearer token"),
        };
        let unusable = |path: &Path, source: io::Error| UnusableFile {
            content,
            path: path.to_owned(),
            source: source.into(),
        };
        let (text, path) = match secret {
            Secret::Given(text) => (text.clone(), None),
            Secret::File(path) => (
                read(path).map_err(|error| unusable(path, error))?,
                Some(path),
            ),
        };
        let text = match self {
            Credentials::Basic { user, .. } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{text}")))
            }
            _ => format!("Bearer {text}"),
        };
        match (HeaderValue::try_from(text), path) {
            (Ok(mut value), _) => {
                value.set_sensitive(true);
                Ok(Some(value))
            }
            (Err(_), Some(path)) => Err(unusable(
                path,
                invalid("it contains characters that a header cannot contain; remove them"),
            )),
            // `check` refuses such a token.
            (Err(_), None) => Ok(None),
        }
    }
}

/// Reads a secret without the white space around it, as Prometheus does.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(invalid("it has more than 16 KiB; use another file"));
    }
    let text = text.trim();
    if text.is_empty() {
        return Err(invalid("it is empty; write the secret into it"));
    }
    Ok(text.to_owned())
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Most servers accept no larger headers.
const MAX_BYTES: u64 = 16 << 10;
