//! The HTTP interface of the URL shortener: routes, handlers and error responses.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use metrics_core::{Label, counted, metrics, timed};
use metrics_http::layer::ServerLayer;
use serde::{Deserialize, Serialize};

use crate::{
    cache::Lookup,
    link::{NoSlug, Rejection, Slug, Target},
    links::{Found, Links},
    page::{self, FetchError},
    trace::Trace,
};

metrics! {
    /// Links followed.
    static FOLLOWED: Counter<(cache: Lookup)> = "shortener_links_followed_total";

    /// Targets for which no link was created.
    static REJECTED: Counter<(reason: Rejection)> = "shortener_targets_rejected_total";

    /// Size of the pages linked to.
    #[unit("bytes")]
    #[buckets(native, exponential(256.0, 4.0, 8))]
    static PAGE: Histogram<(cache: Lookup, host: &str)> = "shortener_page_bytes";
}

pub(crate) fn router(links: Arc<Links>) -> Result<Router, metrics_http::Error> {
    let router = Router::new()
        .route("/links", post(create))
        .route("/{slug}", get(follow).delete(remove))
        .route("/{slug}/stats", get(stats))
        .route("/{slug}/preview", get(preview))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        // Last, so that it also measures the layers added before it.
        .layer(ServerLayer::new()?)
        .with_state(links);
    Ok(router)
}

#[timed]
#[counted(labels(form: Form = Form::of(&headers)))]
async fn create(
    State(links): State<Arc<Links>>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Refusal> {
    let target = match Form::of(&headers) {
        Form::Text => body.trim().parse(),
        Form::Json => Json::<NewLink>::from_bytes(body.as_bytes())
            .map_err(|_| Rejection::Syntax)
            .and_then(|Json(link)| link.target.parse()),
    };
    let target: Target = target.inspect_err(|&reason| REJECTED.with(reason).inc())?;
    let slug = links.create(target).await?;
    let location = [(header::LOCATION, format!("/{}", slug.as_str()))];
    Ok((StatusCode::CREATED, location, slug.as_str().to_owned()).into_response())
}

/// Redirects to the target of a link: the main purpose of the shortener, and so the function with
/// objectives (`slo`), which dashboards and rules include.
#[timed(slo(latency = "250ms", objective = 99.9))]
#[counted(slo(success = 90))]
async fn follow(
    State(links): State<Arc<Links>>,
    trace: Trace,
    Path(slug): Path<String>,
) -> Result<Redirect, Refusal> {
    let slug: Slug = slug.parse()?;
    let Found { target, lookup } = links.find(&slug).await?.ok_or(Refusal::NotFound)?;
    FOLLOWED.with(lookup).inc_with_exemplar(&trace.labels());
    links.hit(slug);
    Ok(Redirect::temporary(target.url()))
}

#[timed]
#[counted]
async fn stats(
    State(links): State<Arc<Links>>,
    Path(slug): Path<String>,
) -> Result<Json<Stats>, Refusal> {
    let slug: Slug = slug.parse()?;
    let (target, hits) = links.stats(&slug).await?.ok_or(Refusal::NotFound)?;
    Ok(Json(Stats { target, hits }))
}

/// Fetches the page behind a link; impatient clients disconnect, which drops this future.
#[timed]
#[counted]
async fn preview(
    State(links): State<Arc<Links>>,
    trace: Trace,
    Path(slug): Path<String>,
) -> Result<Json<Preview>, Refusal> {
    let slug: Slug = slug.parse()?;
    let Found { target, lookup } = links.find(&slug).await?.ok_or(Refusal::NotFound)?;
    let page = page::fetch(&target).await?;
    PAGE.with(lookup, target.host())
        .observe_with_exemplar(f64::from(page.bytes), &trace.labels());
    Ok(Json(Preview {
        target: target.url().to_owned(),
        bytes: page.bytes,
    }))
}

#[timed]
#[counted]
async fn remove(
    State(links): State<Arc<Links>>,
    Path(slug): Path<String>,
) -> Result<StatusCode, Refusal> {
    let slug: Slug = slug.parse()?;
    if links.remove(slug).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::NotFound)
    }
}

/// The form in which a client sends a new link.
#[derive(Label, Clone, Copy)]
enum Form {
    Text,
    Json,
}

impl Form {
    fn of(headers: &HeaderMap) -> Form {
        match headers.get(header::CONTENT_TYPE) {
            Some(kind) if kind.as_bytes().starts_with(b"application/json") => Form::Json,
            _ => Form::Text,
        }
    }
}

#[derive(Deserialize)]
struct NewLink {
    target: String,
}

#[derive(Serialize)]
struct Stats {
    target: String,
    hits: u64,
}

#[derive(Serialize)]
struct Preview {
    target: String,
    bytes: u32,
}

/// An error response.
enum Refusal {
    NotFound,
    Rejected(Rejection),
    Fetch(FetchError),
    Store(redb::Error),
}

impl From<NoSlug> for Refusal {
    fn from(_: NoSlug) -> Refusal {
        Refusal::NotFound
    }
}

impl From<Rejection> for Refusal {
    fn from(reason: Rejection) -> Refusal {
        Refusal::Rejected(reason)
    }
}

impl From<FetchError> for Refusal {
    fn from(error: FetchError) -> Refusal {
        Refusal::Fetch(error)
    }
}

impl From<redb::Error> for Refusal {
    fn from(error: redb::Error) -> Refusal {
        Refusal::Store(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Refusal::NotFound => (StatusCode::NOT_FOUND, "no such link".to_owned()),
            Refusal::Rejected(reason) => (StatusCode::BAD_REQUEST, reason.to_string()),
            Refusal::Fetch(error) => (StatusCode::BAD_GATEWAY, error.to_string()),
            Refusal::Store(error) => {
                crate::complain(&error);
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the links cannot be reached".to_owned(),
                )
            }
        };
        (status, message).into_response()
    }
}

const MAX_BODY: usize = 16 * 1024;
