//! The live page at `/`: displays the program's metrics in a browser.
//!
//! The page consists of files that are compiled in ([`assets`]). Its scripts poll a JSON feed
//! ([`feed`]) once a second and query the series of single families ([`series`]). [`sampler`]
//! gathers the registry only to answer these requests. [`server`] routes requests to [`Page`].
//!
//! [`server`]: crate::server

mod assets;
mod feed;
mod history;
mod point;
mod response;
mod sampler;
mod schema;
mod series;

use hyper::{Request, Response};
use metrics_core::Registry;

use self::sampler::Sampler;
use crate::{
    monitor::{EventCause, Monitor},
    scrape::{Body, preferred_coding, refused},
    workers::Refusal,
};

/// The live page: answers requests for its files and its data.
pub(crate) struct Page {
    sampler: Sampler,
}

/// The resource at a path of the page.
#[derive(Clone, Copy)]
pub(crate) enum Resource {
    Asset(&'static assets::Asset),
    Feed,
    Series,
}

impl Page {
    /// The page of a registry, with links to these paths of the server and their texts.
    pub(crate) fn new<'a>(
        registry: Registry,
        links: impl IntoIterator<Item = (&'a str, &'static str)>,
    ) -> Page {
        let links = links
            .into_iter()
            .map(|(path, text)| feed::Link::new(path, text));
        Page {
            sampler: Sampler::new(registry, links.collect(), sampler::IDLE_TIMEOUT),
        }
    }

    /// The resource at a path; `None` if the path does not belong to the page.
    pub(crate) fn resource(path: &str) -> Option<Resource> {
        match path {
            "/" => Some(Resource::Asset(&assets::INDEX)),
            "/-/page/feed" => Some(Resource::Feed),
            "/-/page/series" => Some(Resource::Series),
            _ => {
                let name = path.strip_prefix("/-/page/")?;
                assets::find(name).map(Resource::Asset)
            }
        }
    }

    /// Answers a `GET` or `HEAD` request for `resource`.
    pub(crate) async fn respond(
        &self,
        resource: Resource,
        request: &Request<()>,
        monitor: &Monitor,
    ) -> Response<Body> {
        let response = self.try_respond(resource, request).await;
        response::with_security_headers(response.unwrap_or_else(|refusal| {
            let message = format_args!("the live page has no answer: {refusal}");
            monitor.report(EventCause::Route, None, message);
            refused(&refusal)
        }))
    }

    async fn try_respond(
        &self,
        resource: Resource,
        request: &Request<()>,
    ) -> Result<Response<Body>, Refusal> {
        let query = request.uri().query().unwrap_or_default();
        let coding = preferred_coding(request.headers());
        let sampler = &self.sampler;
        let body = match resource {
            Resource::Asset(asset) => return asset.respond(request.headers(), sampler).await,
            Resource::Feed => sampler.feed(feed::FeedQuery::parse(query), coding).await?,
            Resource::Series => {
                let query = series::SeriesQuery::parse(query);
                sampler.series(query, coding).await?
            }
        };
        Ok(body.respond("application/json"))
    }
}
