//! The JSON feed of the live page: the data points that the browser does not have yet, and the
//! schema if it has changed.

use serde::Serialize;
use serde_json::value::RawValue;

use super::schema::Schema;

/// The query of a feed request: which data the browser already has.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FeedQuery {
    run: String,
    revision: u64,
    /// Sequence number of the page's newest point.
    since: u64,
}

#[derive(Serialize)]
struct FeedResponse<'a> {
    version: u32,
    run: &'a str,
    revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a Schema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<&'a [Link]>,
    points: Vec<&'a RawValue>,
}

/// A link to another path of the server.
#[derive(Clone, Serialize)]
pub(super) struct Link {
    href: String,
    text: &'static str,
}

impl Link {
    /// A link relative to the page, so that the page may be mounted below another path.
    pub(super) fn new(path: &str, text: &'static str) -> Link {
        Link {
            // Without `./`, a browser would read `a:b` as an address with the scheme `a`.
            href: format!("./{}", path.trim_start_matches('/')),
            text,
        }
    }
}

/// The current run, schema and links, for a feed response.
pub(super) struct Current<'a> {
    /// Identifies this run of the program; in another run, counters start anew.
    pub(super) run: &'a str,
    /// Increases when the schema changes.
    pub(super) revision: u64,
    /// `None` if the page has this revision.
    pub(super) schema: Option<&'a Schema>,
    pub(super) links: &'a [Link],
}

impl FeedQuery {
    /// Parses a query; a missing or malformed parameter is empty or 0, as for a page without data.
    pub(super) fn parse(query: &str) -> FeedQuery {
        let mut parsed = FeedQuery::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "run" => parsed.run = value.into_owned(),
                "revision" => parsed.revision = value.parse().unwrap_or(0),
                "since" => parsed.since = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        parsed
    }

    /// The number of the newest point of `run` that the page has; 0 if it has none.
    pub(super) fn last_point(&self, run: &str) -> u64 {
        if self.run == run { self.since } else { 0 }
    }

    /// Whether the page lacks the schema of this run and revision.
    pub(super) fn is_outdated(&self, run: &str, revision: u64) -> bool {
        self.run != run || self.revision != revision
    }
}

impl Current<'_> {
    /// A response with these points, as JSON.
    pub(super) fn to_json(&self, points: Vec<&RawValue>) -> String {
        let response = FeedResponse {
            version: VERSION,
            run: self.run,
            revision: self.revision,
            schema: self.schema,
            links: self.schema.map(|_| self.links),
            points,
        };
        // Does not fail, because non-finite numbers become `null`, and all map keys are strings.
        serde_json::to_string(&response).unwrap_or_default()
    }
}

/// Version of the JSON format; a page that expects another version asks the user to reload it.
pub(super) const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_another_run_gets_the_schema_and_all_points() {
        let query = FeedQuery::parse("run=a&revision=3&since=12");
        assert_eq!(query.last_point("a"), 12);
        assert_eq!(query.last_point("b"), 0);
        assert!(!query.is_outdated("a", 3));
        assert!(query.is_outdated("a", 4));
        assert!(query.is_outdated("b", 3));
    }

    #[test]
    fn a_response_has_links_if_it_has_the_schema() {
        let schema = Schema::default();
        for schema in [None, Some(&schema)] {
            let current = Current {
                run: "a",
                revision: 3,
                schema,
                links: &[Link::new("/metrics", "Exposition")],
            };
            let json = current.to_json(Vec::new());
            for key in ["\"schema\":", "\"links\":[{\"href\":\"./metrics\""] {
                assert_eq!(json.contains(key), schema.is_some(), "{json}");
            }
        }
    }
}
