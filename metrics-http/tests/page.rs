//! Tests of the live page over HTTP: files, headers, feed and series.

mod support;

use std::{
    io::Read,
    sync::{Arc, Mutex, mpsc},
};

use flate2::read::GzDecoder;
use metrics_http::{Collection, Collector, Desc, Kind, Server};
use serde_json::Value;
use support::{Reply, Shop, ask, get, get_with, serving, shop};

/// The paths of the page and of all files that it refers to.
fn files(server: &Server) -> Vec<String> {
    let index = get(server, "/");
    let mut files = vec!["/".to_owned()];
    let mut found = files.clone();
    while let Some(file) = found.pop() {
        let text = match file.as_str() {
            "/" => index.text().to_owned(),
            _ => get(server, &file).text().to_owned(),
        };
        for name in named_in(&text) {
            if !files.contains(&name) {
                files.push(name.clone());
                found.push(name);
            }
        }
    }
    files
}

/// The files that a file loads: links and scripts of a document, imports of a module.
fn named_in(text: &str) -> Vec<String> {
    let quoted = text.split('"').filter_map(|part| {
        let name = part.strip_prefix("-/page/").or(part.strip_prefix("./"))?;
        let is_file = [".js", ".css"].iter().any(|end| name.ends_with(end));
        is_file.then(|| format!("/-/page/{name}"))
    });
    quoted.collect()
}

fn json(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.head);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    serde_json::from_str(reply.text()).unwrap()
}

#[test]
fn the_page_is_at_the_root() {
    let server = shop();
    let reply = get(&server, "/");
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(reply.text().contains("<main"));
    assert!(files(&server).len() > 10, "{:?}", files(&server));
}

#[test]
fn files_have_content_types_and_security_headers() {
    let server = shop();
    for file in files(&server) {
        let reply = get(&server, &file);
        assert_eq!(reply.status, 200, "{file}");
        let expected = match file.rsplit('.').next() {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(reply.header("content-type"), Some(expected), "{file}");
        assert_eq!(
            reply.header("content-security-policy"),
            Some(
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                 img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
            "{file}"
        );
        assert_eq!(
            reply.header("x-content-type-options"),
            Some("nosniff"),
            "{file}"
        );
        assert_eq!(
            reply.header("referrer-policy"),
            Some("no-referrer"),
            "{file}"
        );
    }
}

#[test]
fn the_document_has_no_inline_script_or_style() {
    let server = shop();
    let index = get(&server, "/");
    for script in index.text().split("<script").skip(1) {
        let (tag, rest) = script.split_once('>').unwrap();
        assert!(tag.contains(" src="), "{tag}");
        assert!(rest.starts_with("</script>"), "{rest}");
    }
    for forbidden in ["<style", " style=", " onclick=", "http://", "https://"] {
        // Ignores the namespace of SVG, because a browser does not load anything from that address.
        let text = index.text().replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn a_cached_file_is_answered_with_304() {
    let server = shop();
    for file in files(&server) {
        let first = get(&server, &file);
        assert_eq!(first.header("cache-control"), Some("no-cache"), "{file}");
        let tag = first.header("etag").unwrap();
        for known in [tag.to_owned(), format!("\"other\", {tag}"), "*".to_owned()] {
            let again = get_with(&server, &file, &format!("If-None-Match: {known}"));
            assert_eq!(again.status, 304, "{file}");
            assert!(again.body.is_empty(), "{file}");
            assert_eq!(again.header("etag"), Some(tag), "{file}");
        }
        let other = get_with(&server, &file, "If-None-Match: W/\"0\"");
        assert_eq!(other.status, 200, "{file}");
    }
}

#[cfg(feature = "gzip")]
#[test]
fn the_compressed_page_is_smaller_than_150_kib() {
    let server = shop();
    let mut bytes = 0;
    for file in files(&server) {
        let reply = get_with(&server, &file, "Accept-Encoding: gzip");
        let plain = get(&server, &file);
        bytes += reply.body.len();
        if reply.header("content-encoding") == Some("gzip") {
            let mut text = String::new();
            GzDecoder::new(&*reply.body)
                .read_to_string(&mut text)
                .unwrap();
            assert_eq!(text, plain.text(), "{file}");
        } else {
            assert!(plain.body.len() < 1500, "{file} is not compressed");
        }
    }
    println!("the page is {bytes} bytes");
    assert!(bytes < 150 * 1024, "{bytes} bytes");
}

#[test]
fn the_licence_of_the_chart_library_is_served() {
    let reply = get(&shop(), "/-/page/uplot-1.6.32/LICENSE");
    assert!(reply.text().contains("MIT License"), "{}", reply.text());
}

#[test]
fn the_feed_contains_the_schema_and_the_values() {
    let server = shop();
    let feed = json(&get(&server, "/-/page/feed"));
    assert_eq!(feed["version"], 1);
    let families = feed["schema"]["families"].as_array().unwrap();
    let at = families.iter().position(|it| it["name"] == "orders_total");
    let at = at.unwrap();
    assert_eq!(families[at]["type"], "counter");
    assert_eq!(families[at]["help"], "Orders taken.");
    assert_eq!(families[at]["labels"][0]["name"], "country");
    assert_eq!(feed["points"][0]["series"][at], 2);
    assert_eq!(feed["points"][0]["totals"][at], 7.0);
    assert_eq!(feed["links"][0]["href"], "./metrics");
}

#[test]
fn the_page_links_only_to_what_is_served() {
    let server = serving(Shop)
        .path("/x:y")
        .dashboards(false)
        .serve("127.0.0.1:0")
        .unwrap();
    let feed = json(&get(&server, "/-/page/feed"));
    let links = feed["links"].as_array().unwrap().iter();
    let links: Vec<_> = links.map(|link| link["href"].as_str().unwrap()).collect();
    assert_eq!(links, ["./x:y", "./catalog.json", "./rules.yml"]);
    for link in links {
        assert_eq!(
            get(&server, link.trim_start_matches('.')).status,
            200,
            "{link}"
        );
    }
}

/// A collector that does not return before the sender is dropped.
struct Stuck(Mutex<mpsc::Receiver<()>>);

impl Collector for Stuck {
    fn descs(&self) -> &[Desc] {
        static DESCS: [Desc; 1] = [Desc::new(Kind::Gauge, "stuck", "Never there.")];
        &DESCS
    }

    fn collect(&self, _: &mut Collection<'_>) {
        let _ = self.0.lock().unwrap().recv();
    }
}

#[test]
fn the_page_shows_the_other_families_if_a_collector_hangs() {
    let (release, blocked) = mpsc::channel();
    let registry = support::registry(Shop);
    registry
        .register(Arc::new(Stuck(Mutex::new(blocked))))
        .unwrap();
    let server = Server::builder()
        .registry(registry)
        .process_metrics(false)
        .serve("127.0.0.1:0")
        .unwrap();
    let feed = json(&get(&server, "/-/page/feed"));
    let families = feed["schema"]["families"].as_array().unwrap();
    let at = families.iter().position(|it| it["name"] == "orders_total");
    assert_eq!(feed["points"][0]["totals"][at.unwrap()], 7.0);
    let series = json(&get(&server, "/-/page/series?family=orders_total"));
    assert_eq!(series["total"], 2);
    let series = json(&get(&server, "/-/page/series?family=stuck"));
    assert_eq!(series["total"], 0);
    drop(release);
}

#[test]
fn an_up_to_date_page_gets_only_new_points() {
    let server = shop();
    let feed = json(&get(&server, "/-/page/feed"));
    let known = format!(
        "/-/page/feed?run={}&revision={}&since={}",
        feed["run"].as_str().unwrap(),
        feed["revision"],
        feed["points"][0]["number"],
    );
    let next = json(&get(&server, &known));
    assert!(next.get("schema").is_none(), "{next}");
    assert!(next["points"].as_array().unwrap().len() <= 1, "{next}");
}

#[test]
fn series_are_paginated_and_searched() {
    let server = shop();
    let all = json(&get(&server, "/-/page/series?family=orders_total"));
    assert_eq!(all["total"], 2);
    assert_eq!(
        all["series"][0]["labels"][0],
        serde_json::json!(["country", "no"])
    );
    let second = json(&get(
        &server,
        "/-/page/series?family=orders_total&offset=1&limit=1",
    ));
    assert_eq!(second["series"][0]["value"], 4.0);
    let found = json(&get(
        &server,
        "/-/page/series?family=orders_total&search=SE",
    ));
    assert_eq!(found["total"], 1);
    let none = json(&get(&server, "/-/page/series?family=nothing"));
    assert_eq!(none["total"], 0);
}

#[test]
fn the_page_answers_only_get_and_head() {
    let server = shop();
    for path in ["/", "/-/page/feed", "/-/page/app.js"] {
        let reply = ask(server.local_addr(), &format!("POST {path} HTTP/1.1\r\n"));
        assert_eq!(reply.status, 405, "{path}");
        let head = ask(server.local_addr(), &format!("HEAD {path} HTTP/1.1\r\n"));
        assert_eq!(head.status, 200, "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
    assert_eq!(get(&server, "/-/page/other.js").status, 404);
}

#[test]
fn without_the_page_the_root_links_to_the_metrics() {
    let server = serving(Shop).page(false).serve("127.0.0.1:0").unwrap();
    let reply = get(&server, "/");
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("The metrics of this program are at"));
    for path in ["/-/page/feed", "/-/page/series", "/-/page/app.js"] {
        assert_eq!(get(&server, path).status, 404, "{path}");
    }
}

#[test]
fn a_custom_route_takes_precedence_over_the_page() {
    let server = serving(Shop)
        .route("/", |_| {
            hyper::Response::new(metrics_http::Body::new("mine"))
        })
        .serve("127.0.0.1:0");
    assert_eq!(get(&server.unwrap(), "/").text(), "mine");
}

#[cfg(feature = "auth")]
#[test]
fn the_page_requires_credentials() {
    let hash = bcrypt::hash("open sesame", 4).unwrap();
    let server = serving(Shop)
        .basic_auth("me", hash)
        .serve("127.0.0.1:0")
        .unwrap();
    for path in ["/", "/-/page/feed", "/-/page/series", "/-/page/app.js"] {
        assert_eq!(get(&server, path).status, 401, "{path}");
        // `printf %s 'me:open sesame' | base64`
        let shown = get_with(&server, path, "Authorization: Basic bWU6b3BlbiBzZXNhbWU=");
        assert_eq!(shown.status, 200, "{path}");
    }
}
