//! Tests of the server's responses: formats, compression, filters, and built-in metrics.

mod support;

use metrics_http::{Registry, Server};

use support::{Shop, ask, get, get_with, registry, serving, shop};

#[test]
fn text_is_served_by_default() {
    let reply = get(&shop(), "/metrics");
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(reply.text().contains("orders_total{country=\"no\"} 3\n"));
    assert!(reply.text().contains("# TYPE orders_total counter\n"));
    assert!(reply.complete);
}

#[test]
fn openmetrics_is_served_on_request() {
    let reply = get_with(
        &shop(),
        "/metrics",
        "Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n",
    );
    assert_eq!(
        reply.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(reply.text().contains("# TYPE orders counter\n"));
    assert!(reply.text().ends_with("# EOF\n"));
}

#[test]
fn the_accept_header_may_have_several_lines() {
    let reply = get_with(
        &shop(),
        "/metrics",
        "Accept: text/plain;q=0.5\r\nAccept: application/openmetrics-text\r\n",
    );
    assert!(reply.text().ends_with("# EOF\n"));
}

#[test]
fn an_unacceptable_format_falls_back_to_text() {
    let reply = get_with(&shop(), "/metrics", "Accept: image/png\r\n");
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
}

#[test]
fn the_response_varies_by_accept_and_accept_encoding() {
    assert_eq!(
        get(&shop(), "/metrics").header("vary"),
        Some("Accept, Accept-Encoding")
    );
}

#[test]
fn head_returns_the_headers_without_the_body() {
    let server = shop();
    let head = ask(
        server.local_addr(),
        "HEAD /metrics HTTP/1.1\r\nAccept: application/openmetrics-text\r\n",
    );
    let get = get_with(
        &server,
        "/metrics",
        "Accept: application/openmetrics-text\r\n",
    );
    assert_eq!(head.status, 200);
    for name in ["content-type", "vary", "content-encoding", "content-length"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    assert!(head.body.is_empty());
}

#[test]
fn a_404_response_names_the_path_of_the_metrics() {
    let server = shop();
    for path in ["/metric", "/metrics/", "/favicon.ico", "/METRICS"] {
        let reply = get(&server, path);
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.text().contains("/metrics"), "{path}");
    }
}

#[test]
fn the_root_links_to_the_metrics_if_there_is_no_page() {
    let server = serving(Shop);
    #[cfg(feature = "page")]
    let server = server.page(false);
    let reply = get(&server.serve("127.0.0.1:0").unwrap(), "/");
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("<a href=\"./metrics\">"));
}

#[test]
fn other_methods_get_405_with_the_allowed_ones() {
    let server = shop();
    for (method, path) in [
        ("POST", "/metrics"),
        ("DELETE", "/metrics"),
        ("OPTIONS", "/metrics"),
        ("POST", "/"),
    ] {
        let reply = ask(
            server.local_addr(),
            &format!("{method} {path} HTTP/1.1\r\nContent-Length: 0\r\n"),
        );
        assert_eq!(reply.status, 405, "{method} {path}");
        assert_eq!(reply.header("allow"), Some("GET, HEAD"), "{method} {path}");
    }
}

#[test]
fn the_path_can_be_changed() {
    let server = serving(Shop)
        .path("/internal/numbers")
        .serve("127.0.0.1:0")
        .unwrap();
    assert!(get(&server, "/internal/numbers").text().contains("orders"));
    let reply = get(&server, "/metrics");
    assert_eq!(reply.status, 404);
    assert!(reply.text().contains("/internal/numbers"));
}

#[test]
fn the_path_can_be_the_root() {
    let server = serving(Shop).path("/").serve("127.0.0.1:0").unwrap();
    assert!(get(&server, "/").text().contains("orders_total"));
}

#[test]
fn names_restrict_the_exposition() {
    let server = shop();
    let reply = get(&server, "/metrics?name[]=orders_waiting");
    assert!(reply.text().contains("orders_waiting 2"));
    assert!(!reply.text().contains("orders_total"));
    let both = get(
        &server,
        "/metrics?name[]=orders_waiting&name%5B%5D=orders%5Ftotal",
    );
    assert!(both.text().contains("orders_waiting 2"));
    assert!(both.text().contains("orders_total{country=\"no\"} 3"));
}

#[test]
fn an_unknown_name_gives_an_empty_exposition() {
    let server = shop();
    let reply = get(&server, "/metrics?name[]=nothing");
    assert_eq!((reply.status, reply.text()), (200, ""));
    let reply = get_with(
        &server,
        "/metrics?name[]=nothing",
        "Accept: application/openmetrics-text\r\n",
    );
    assert_eq!(reply.text(), "# EOF\n");
}

#[test]
fn other_parameters_are_ignored() {
    let server = shop();
    let reply = get(&server, "/metrics?format=json&name=orders_waiting");
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("orders_total{country=\"no\"} 3"));
}

#[test]
fn a_connection_serves_many_scrapes() {
    use std::io::{Read, Write};

    let server = shop();
    let mut stream = support::connect(server.local_addr());
    for _ in 0..3 {
        let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
        stream.write_all(request).unwrap();
        let mut raw = Vec::new();
        while !raw.ends_with(b"\r\n0\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            raw.push(byte[0]);
        }
        assert!(support::Reply::parse(&raw).complete);
    }
}

#[cfg(feature = "gzip")]
#[test]
fn a_compressed_body_inflates_to_the_plain_one() {
    use std::io::Read;

    let server = serving(support::Warehouse).serve("127.0.0.1:0").unwrap();
    let path = "/metrics?name[]=stock_pieces";
    let plain = get(&server, path);
    let small = get_with(&server, path, "Accept-Encoding: gzip\r\n");
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(small.header("content-encoding"), Some("gzip"));
    assert!(small.body.len() * 10 < plain.body.len());
    let mut inflated = Vec::new();
    flate2::read::GzDecoder::new(&*small.body)
        .read_to_end(&mut inflated)
        .unwrap();
    assert!(inflated == plain.body);
}

#[test]
fn a_body_is_compressed_only_if_the_client_accepts_it() {
    let server = shop();
    for refusal in ["gzip;q=0", "br", "identity", "gzip;q=0.1, identity"] {
        let reply = get_with(
            &server,
            "/metrics",
            &format!("Accept-Encoding: {refusal}\r\n"),
        );
        assert_eq!(reply.header("content-encoding"), None, "{refusal}");
        assert!(reply.text().contains("orders_total"), "{refusal}");
    }
}

#[test]
fn build_info_and_target_info_are_exposed() {
    let server = Server::builder()
        .registry(Registry::new())
        .process_metrics(false)
        .version("1.2.3")
        .revision("9fceb02")
        .target_info([("service_namespace", "shop")])
        .serve("127.0.0.1:0")
        .unwrap();
    let reply = get(&server, "/metrics");
    let line = |start: &str| {
        let found = reply.text().lines().find(|line| line.starts_with(start));
        found.unwrap().to_owned()
    };
    let build = line("build_info{");
    assert!(build.contains("version=\"1.2.3\""), "{build}");
    assert!(build.contains("revision=\"9fceb02\""), "{build}");
    assert!(build.contains("rustc=\"1."), "{build}");
    assert!(build.contains("target_os=\""), "{build}");
    let target = line("target_info{");
    assert!(target.contains("service_namespace=\"shop\""), "{target}");
    assert!(target.contains("service_name=\"exposition-"), "{target}");
}

#[cfg(target_os = "linux")]
#[test]
fn process_metrics_are_exposed() {
    let server = Server::builder()
        .registry(Registry::new())
        .serve("127.0.0.1:0")
        .unwrap();
    let reply = get(&server, "/metrics");
    let value = |name: &str| -> f64 {
        let line = reply
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("{name} is missing"))
            .parse()
            .unwrap()
    };
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    // No more than all processors can have used since the start of the test.
    let processors = std::thread::available_parallelism().unwrap().get() as f64;
    let lived = now - value("process_start_time_seconds") + 2.0;
    assert!((0.0..=lived * processors).contains(&value("process_cpu_seconds_total")));
    assert!(value("process_open_fds") >= 4.0);
    assert!(value("process_max_fds") >= value("process_open_fds"));
    assert!(value("process_resident_memory_bytes") > 1e6);
    assert!(value("process_virtual_memory_bytes") > value("process_resident_memory_bytes"));
    assert!((now - 3600.0..now + 2.0).contains(&value("process_start_time_seconds")));
    assert!(value("process_heap_bytes") > 0.0);
    assert!(value("process_threads") >= 2.0);
}

#[test]
fn two_servers_can_serve_one_registry() {
    let registry = registry(Shop);
    let builder = || {
        Server::builder()
            .registry(registry.clone())
            .target_info([("a", "b")])
    };
    let first = builder().serve("127.0.0.1:0").unwrap();
    let second = builder().serve("127.0.0.1:0").unwrap();
    assert!(get(&first, "/metrics").text().contains("build_info{"));
    assert_eq!(
        get(&second, "/metrics")
            .text()
            .matches("\nbuild_info{")
            .count(),
        1
    );
}

#[cfg(feature = "zstd")]
#[test]
fn zstd_inflates_to_the_plain_body() {
    let server = shop();
    let plain = get(&server, "/metrics");
    let reply = get_with(&server, "/metrics", "Accept-Encoding: zstd, gzip");
    assert_eq!(reply.header("content-encoding"), Some("zstd"));
    assert_eq!(zstd::decode_all(&*reply.body).unwrap(), plain.body);
}
