//! Serves the documents that are generated from metric declarations: the catalogue, dashboards and
//! rules.
//!
//! Generating one takes up to seconds if there are many families, so a thread of its own generates
//! one at a time, and keeps the latest ones until the registry's families change.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderValue},
};
use metrics_core::{Dashboard, Registry};

use crate::{
    monitor::{EventCause, Monitor},
    scrape::{
        Body, CodedBody, ContentCoding, compress, has_current_copy, method_not_allowed,
        not_modified, preferred_coding, refused, text,
    },
    workers::{Budget, Limits, Refusal, Workers},
};

/// Answers requests for generated documents.
pub(super) struct Documents {
    registry: Registry,
    kinds: Vec<DocumentKind>,
    workers: Workers,
    cache: Arc<Mutex<Cache>>,
}

/// The path of a generated document.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum DocumentKind {
    Catalog,
    Dashboard,
    Rules,
}

/// A document with its parameters.
#[derive(Clone, PartialEq, Debug)]
enum Document {
    Catalog,
    /// Parameters: `?functions&title=Shop&uid=shop&datasource=prometheus`.
    Dashboard {
        is_of_functions: bool,
        title: Option<String>,
        uid: Option<String>,
        datasource: Option<String>,
    },
    /// Parameters: `?job=shop`.
    Rules {
        job: Option<String>,
    },
}

/// The latest documents of one state of the registry.
struct Cache {
    /// [`Registry::catalog_revision`] of all entries.
    revision: u64,
    /// The least recently used one first.
    entries: VecDeque<Entry>,
    budget: Budget,
}

struct Entry {
    document: Document,
    /// The coding that was asked for; `body` may be uncompressed nevertheless.
    coding: ContentCoding,
    body: CodedBody,
    tag: HeaderValue,
}

impl Documents {
    /// Creates the documents of these kinds; generates none yet.
    pub(super) fn new(registry: Registry, kinds: Vec<DocumentKind>) -> Documents {
        let cache = Arc::new(Mutex::new(Cache {
            revision: 0,
            entries: VecDeque::new(),
            budget: Budget::new(MAX_KIBIBYTES),
        }));
        let idle = Arc::clone(&cache);
        let clear = move || lock(&idle).entries.clear();
        Documents {
            registry,
            kinds,
            workers: Workers::with_idle_hook("metrics-http-docs", LIMITS, IDLE_TIMEOUT, clear),
            cache,
        }
    }

    /// The document at a path, if it is switched on.
    pub(super) fn find(&self, path: &str) -> Option<DocumentKind> {
        let mut kinds = self.kinds.iter().copied();
        kinds.find(|kind| kind.path() == path)
    }

    pub(super) async fn respond(
        &self,
        kind: DocumentKind,
        request: &Request<()>,
        monitor: &Monitor,
    ) -> Response<Body> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return method_not_allowed();
        }
        let query = request.uri().query().unwrap_or_default();
        let document = match Document::parse(kind, query) {
            Ok(document) => document,
            Err(message) => return text(StatusCode::BAD_REQUEST, message),
        };
        let coding = preferred_coding(request.headers());
        let (registry, cache) = (self.registry.clone(), Arc::clone(&self.cache));
        let found = self.workers.run(move || {
            // Only this thread and, while it is idle, the hook lock the cache.
            lock(&cache).find(&registry, document, coding)
        });
        let refusal = match found.await {
            Ok(Some((body, tag))) => {
                let mut response = if has_current_copy(request.headers(), &tag) {
                    not_modified()
                } else {
                    body.respond(kind.content_type())
                };
                response.headers_mut().insert(header::ETAG, tag);
                return response;
            }
            Ok(None) => Refusal::Full,
            Err(refusal) => refusal,
        };
        let message = format_args!("`{}` was refused: {refusal}", kind.path());
        monitor.report(EventCause::Route, None, message);
        refused(&refusal)
    }
}

impl DocumentKind {
    pub(super) fn path(self) -> &'static str {
        match self {
            DocumentKind::Catalog => "/catalog.json",
            DocumentKind::Dashboard => "/dashboard.json",
            DocumentKind::Rules => "/rules.yml",
        }
    }

    /// The value of the label `route` of requests.
    pub(super) fn name(self) -> &'static str {
        match self {
            DocumentKind::Catalog => "catalog",
            DocumentKind::Dashboard => "dashboard",
            DocumentKind::Rules => "rules",
        }
    }

    /// The text of the link on the page.
    #[cfg(feature = "page")]
    pub(super) fn title(self) -> &'static str {
        match self {
            DocumentKind::Catalog => "Catalogue",
            DocumentKind::Dashboard => "Dashboard",
            DocumentKind::Rules => "Rules",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            DocumentKind::Catalog | DocumentKind::Dashboard => "application/json",
            // The media type of YAML, from RFC 9512.
            DocumentKind::Rules => "application/yaml",
        }
    }
}

impl Document {
    /// Parses the parameters. An unknown one is an error, because it may be misspelt, and so is a
    /// long one, because parameters are keys of the cache.
    fn parse(kind: DocumentKind, query: &str) -> Result<Document, String> {
        let mut is_of_functions = false;
        let [mut title, mut uid, mut datasource, mut job] = [const { None }; 4];
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            if value.len() > MAX_PARAMETER_BYTES {
                return Err(format!(
                    "the parameter `{key}` is longer than {MAX_PARAMETER_BYTES} bytes\n"
                ));
            }
            match (kind, &*key) {
                (DocumentKind::Dashboard, "functions") => is_of_functions = true,
                (DocumentKind::Dashboard, "title") => title = Some(value),
                (DocumentKind::Dashboard, "uid") => uid = Some(value),
                (DocumentKind::Dashboard, "datasource") => datasource = Some(value),
                (DocumentKind::Rules, "job") => job = Some(value),
                _ => {
                    let known = match kind {
                        DocumentKind::Catalog => "none",
                        DocumentKind::Dashboard => "`functions`, `title`, `uid` and `datasource`",
                        DocumentKind::Rules => "`job`",
                    };
                    return Err(format!(
                        "unknown parameter `{key}`; this path takes {known}\n"
                    ));
                }
            }
        }
        Ok(match kind {
            DocumentKind::Catalog => Document::Catalog,
            DocumentKind::Dashboard => Document::Dashboard {
                is_of_functions,
                title,
                uid,
                datasource,
            },
            DocumentKind::Rules => Document::Rules { job },
        })
    }

    /// Generates the document, in a time that grows with the number of families.
    fn generate(&self, registry: &Registry) -> String {
        let catalog = registry.catalog();
        match self {
            Document::Catalog => catalog.to_json(),
            Document::Dashboard {
                is_of_functions,
                title,
                uid,
                datasource,
            } => {
                let mut dashboard = if *is_of_functions {
                    Dashboard::functions(&catalog)
                } else {
                    Dashboard::overview(&catalog)
                };
                if let Some(title) = title {
                    dashboard = dashboard.title(title);
                }
                if let Some(uid) = uid {
                    dashboard = dashboard.uid(uid);
                }
                if let Some(datasource) = datasource {
                    dashboard = dashboard.datasource(datasource);
                }
                dashboard.to_json()
            }
            Document::Rules { job: Some(job) } => catalog.rules().job(job).to_yaml(),
            Document::Rules { job: None } => catalog.rules().to_yaml(),
        }
    }
}

impl Cache {
    /// The document and its entity tag, generated unless it is cached.
    ///
    /// `None` if the documents that clients are still reading occupy all memory for documents.
    fn find(
        &mut self,
        registry: &Registry,
        document: Document,
        coding: ContentCoding,
    ) -> Option<(CodedBody, HeaderValue)> {
        let revision = registry.catalog_revision();
        if self.revision != revision {
            self.entries.clear();
            self.revision = revision;
        }
        let mut entries = self.entries.iter();
        let at = entries.position(|entry| entry.document == document && entry.coding == coding);
        let entry = match at.and_then(|at| self.entries.remove(at)) {
            Some(entry) => entry,
            None => self.generate(registry, document, coding)?,
        };
        let found = (entry.body.clone(), entry.tag.clone());
        self.entries.push_back(entry);
        Some(found)
    }

    fn generate(
        &mut self,
        registry: &Registry,
        document: Document,
        coding: ContentCoding,
    ) -> Option<Entry> {
        let content = document.generate(registry).into_bytes();
        let (used, mut content) = compress(content, coding);
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        // A strong tag, because it is that of the compressed bytes.
        let tag = HeaderValue::from_str(&format!("\"{:016x}\"", hasher.finish())).ok()?;
        if self.entries.len() >= MAX_ENTRIES {
            self.entries.pop_front();
        }
        let bytes = loop {
            match self.budget.hold(content) {
                Ok(bytes) => break bytes,
                Err(refused) => {
                    content = refused;
                    self.entries.pop_front()?;
                }
            }
        };
        Some(Entry {
            document,
            coding,
            body: CodedBody {
                coding: used,
                bytes,
            },
            tag,
        })
    }
}

/// Ignores poisoning, because a panic leaves no entry half done.
fn lock(cache: &Mutex<Cache>) -> MutexGuard<'_, Cache> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One document at a time, so that generating keeps one processor busy at most.
const LIMITS: Limits = Limits {
    threads: 1,
    queued: 64,
    time: Duration::from_secs(30),
};
/// Without a request for this long, the cached documents are dropped.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
const MAX_ENTRIES: usize = 16;
/// Limit on the documents in memory: those in the cache and those that clients have not read yet.
const MAX_KIBIBYTES: u32 = 32 * 1024;
const MAX_PARAMETER_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> Cache {
        Cache {
            revision: 0,
            entries: VecDeque::new(),
            budget: Budget::new(MAX_KIBIBYTES),
        }
    }

    fn dashboard(title: &str) -> Document {
        let query = format!("title={title}");
        Document::parse(DocumentKind::Dashboard, &query).unwrap()
    }

    #[test]
    fn a_document_is_generated_once_for_a_state_of_the_registry() {
        let (registry, mut cache) = (Registry::new(), cache());
        let mut find = |registry| {
            let found = cache.find(registry, dashboard("a"), ContentCoding::Identity);
            found.unwrap().0.bytes
        };
        let first = find(&registry);
        assert_eq!(find(&registry).as_ptr(), first.as_ptr());
        let part = Registry::new();
        registry.include(&part).unwrap();
        assert_ne!(find(&registry).as_ptr(), first.as_ptr());
    }

    #[test]
    fn the_cache_is_bounded_whatever_parameters_clients_choose() {
        let (registry, mut cache) = (Registry::new(), cache());
        for n in 0..100 {
            let document = dashboard(&n.to_string());
            let found = cache.find(&registry, document, ContentCoding::Identity);
            assert!(found.is_some());
            assert!(cache.entries.len() <= MAX_ENTRIES);
        }
    }

    #[test]
    fn documents_that_clients_read_occupy_a_bounded_memory() {
        let (registry, mut cache) = (Registry::new(), cache());
        cache.budget = Budget::new(100);
        let mut read = Vec::new();
        let refused = (0..100).find(|n| {
            let document = dashboard(&n.to_string());
            let found = cache.find(&registry, document, ContentCoding::Identity);
            let is_refused = found.is_none();
            read.extend(found);
            is_refused
        });
        assert!(refused.is_some());
        read.clear();
        let found = cache.find(&registry, dashboard("a"), ContentCoding::Identity);
        assert!(found.is_some());
    }
}
