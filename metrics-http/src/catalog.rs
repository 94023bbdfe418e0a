//! What is made of the declared metrics: the catalogue, dashboards and rules.

use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderValue},
};
use metrics_core::{Catalog, Dashboard, Registry};

use crate::{
    body::Body,
    endpoint::{method_not_allowed, text},
};

/// Whether something is here at this path.
pub(crate) fn has(path: &str) -> bool {
    [CATALOG, DASHBOARD, RULES].contains(&path)
}

/// Answers at one of the paths. It takes a while, as long as there are many families.
pub(crate) fn answer(registry: &Registry, request: &Request<()>) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return method_not_allowed();
    }
    let catalog = registry.catalog();
    let asked = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    let asked: Vec<_> = asked.into_owned().collect();
    let (kind, made) = match request.uri().path() {
        DASHBOARD => (JSON, dashboard(&catalog, &asked)),
        RULES => (YAML, rules(&catalog, &asked)),
        _ => (
            JSON,
            asked.first().map_or(Ok(catalog.to_json()), unknown("none")),
        ),
    };
    match made {
        Ok(made) => {
            let mut response = Response::new(Body::new(made));
            let kind = HeaderValue::from_static(kind);
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Err(what) => text(StatusCode::BAD_REQUEST, what),
    }
}

type Parameter = (String, String);

/// `?functions&title=Shop&uid=shop&datasource=prometheus`.
fn dashboard(catalog: &Catalog, asked: &[Parameter]) -> Result<String, String> {
    let is_of_functions = asked.iter().any(|(key, _)| key == "functions");
    let mut dashboard = if is_of_functions {
        Dashboard::functions(catalog)
    } else {
        Dashboard::overview(catalog)
    };
    for parameter in asked {
        let (key, value) = parameter;
        dashboard = match key.as_str() {
            "functions" => dashboard,
            "title" => dashboard.title(value),
            "uid" => dashboard.uid(value),
            "datasource" => dashboard.datasource(value),
            _ => return unknown("`functions`, `title`, `uid` and `datasource`")(parameter),
        };
    }
    Ok(dashboard.to_json())
}

/// `?job=shop`.
fn rules(catalog: &Catalog, asked: &[Parameter]) -> Result<String, String> {
    let mut rules = catalog.rules();
    for parameter in asked {
        let (key, value) = parameter;
        rules = match key.as_str() {
            "job" => rules.job(value),
            _ => return unknown("`job`")(parameter),
        };
    }
    Ok(rules.to_yaml())
}

/// One that is misspelt would otherwise change nothing, without a word.
fn unknown(known: &str) -> impl Fn(&Parameter) -> Result<String, String> {
    move |(key, _)| {
        Err(format!(
            "there is no parameter `{key}` here; there are {known}\n"
        ))
    }
}

const CATALOG: &str = "/catalog.json";
const DASHBOARD: &str = "/dashboard.json";
const RULES: &str = "/rules.yml";

const JSON: &str = "application/json";
/// RFC 9512.
const YAML: &str = "application/yaml";
