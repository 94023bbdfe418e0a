//! Serves the catalogue, the dashboards and the rules that are generated from metric declarations.

use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderValue},
};
use metrics_core::{Catalog, Dashboard, Registry};

use crate::scrape::{Body, method_not_allowed, text};

/// Whether this module answers requests for a path.
pub(super) fn has_route(path: &str) -> bool {
    [CATALOG, DASHBOARD, RULES].contains(&path)
}

/// Answers a request for a path that [`has_route`] accepts; the cost grows with the number of
/// families.
pub(super) fn respond(registry: &Registry, request: &Request<()>) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return method_not_allowed();
    }
    let catalog = registry.catalog();
    let query = request.uri().query().unwrap_or_default();
    let parameters: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let (content_type, generated) = match request.uri().path() {
        DASHBOARD => (JSON, dashboard(&catalog, &parameters)),
        RULES => (YAML, rules(&catalog, &parameters)),
        _ => (
            JSON,
            match parameters.first() {
                None => Ok(catalog.to_json()),
                Some(parameter) => Err(unknown_parameter(parameter, "takes none")),
            },
        ),
    };
    match generated {
        Ok(content) => {
            let mut response = Response::new(Body::new(content));
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            response
        }
        Err(message) => text(StatusCode::BAD_REQUEST, message),
    }
}

type Parameter = (String, String);

/// Generates a dashboard; parameters: `?functions&title=Shop&uid=shop&datasource=prometheus`.
fn dashboard(catalog: &Catalog, parameters: &[Parameter]) -> Result<String, String> {
    let mut dashboard = if parameters.iter().any(|(key, _)| key == "functions") {
        Dashboard::functions(catalog)
    } else {
        Dashboard::overview(catalog)
    };
    for parameter in parameters {
        let (key, value) = parameter;
        dashboard = match key.as_str() {
            "functions" => dashboard,
            "title" => dashboard.title(value),
            "uid" => dashboard.uid(value),
            "datasource" => dashboard.datasource(value),
            _ => {
                let known = "takes `functions`, `title`, `uid` and `datasource`";
                return Err(unknown_parameter(parameter, known));
            }
        };
    }
    Ok(dashboard.to_json())
}

/// Generates the recording and alerting rules; parameters: `?job=shop`.
fn rules(catalog: &Catalog, parameters: &[Parameter]) -> Result<String, String> {
    let mut rules = catalog.rules();
    for parameter in parameters {
        let (key, value) = parameter;
        rules = match key.as_str() {
            "job" => rules.job(value),
            _ => return Err(unknown_parameter(parameter, "takes `job`")),
        };
    }
    Ok(rules.to_yaml())
}

/// The error for an unknown parameter, which is not ignored because it may be misspelt.
fn unknown_parameter((key, _): &Parameter, known: &str) -> String {
    format!("unknown parameter `{key}`; this path {known}\n")
}

const CATALOG: &str = "/catalog.json";
const DASHBOARD: &str = "/dashboard.json";
const RULES: &str = "/rules.yml";

const JSON: &str = "application/json";
/// The media type of YAML, from RFC 9512.
const YAML: &str = "application/yaml";
