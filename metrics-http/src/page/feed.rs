//! The feed: points that the page has not seen yet, and what they are about where that is new.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use super::about::About;

/// How far a page has read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Since {
    /// The program that it has read of.
    run: String,
    /// The edition of what it knows the values to be.
    edition: u64,
    /// The last point.
    point: u64,
}

/// What is answered.
#[derive(Serialize)]
struct Answer<'a> {
    version: u32,
    /// Tells this run of the program from others: counters begin anew.
    run: &'a str,
    edition: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'a About>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<&'a [Link]>,
    points: Vec<&'a RawValue>,
}

/// Another path of the server.
#[derive(Clone, Serialize)]
pub(super) struct Link {
    pub(super) href: String,
    pub(super) text: &'static str,
}

/// What is known at a moment.
pub(super) struct Known<'a> {
    pub(super) run: &'a str,
    pub(super) edition: u64,
    pub(super) about: &'a About,
    pub(super) links: &'a [Link],
}

impl Since {
    pub(super) fn parse(query: &str) -> Since {
        let mut since = Since::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "run" => since.run = value.into_owned(),
                "edition" => since.edition = value.parse().unwrap_or(0),
                "since" => since.point = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        since
    }

    /// The number of the last point that was read of this run.
    pub(super) fn point(&self, run: &str) -> u64 {
        if self.run == run { self.point } else { 0 }
    }

    /// The answer as JSON.
    pub(super) fn answer(&self, known: &Known<'_>, points: Vec<&RawValue>) -> String {
        let is_new = self.run != known.run || self.edition != known.edition;
        let answer = Answer {
            version: VERSION,
            run: known.run,
            edition: known.edition,
            about: is_new.then_some(known.about),
            links: is_new.then_some(known.links),
            points,
        };
        // Numbers that JSON lacks become `null`, and nothing else can go wrong.
        serde_json::to_string(&answer).unwrap_or_default()
    }
}

/// Of the JSON: a page of another version does not read it.
pub(super) const VERSION: u32 = 1;
/// After so long without a question, nobody looks any more.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_knows_another_run_begins_anew() {
        let since = Since::parse("run=a&edition=3&since=12");
        assert_eq!(since.point("a"), 12);
        assert_eq!(since.point("b"), 0);
        let about = About::default();
        let known = |run| Known {
            run,
            edition: 3,
            about: &about,
            links: &[],
        };
        assert!(!since.answer(&known("a"), Vec::new()).contains("\"about\""));
        assert!(since.answer(&known("b"), Vec::new()).contains("\"about\""));
    }
}
