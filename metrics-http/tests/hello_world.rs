//! Tests what a program that does nothing special exposes about the library itself.
//!
//! A program of its own, because the global registry has the metrics of all tests of a program.

mod support;

use metrics_http::{Label, Server, counted, metrics, serve, timed};

use support::{get, get_with};

#[derive(Label)]
enum Kind {
    Prime,
    Composite,
}

metrics! {
    /// Numbers checked.
    static NUMBERS: Counter<(kind: Kind)> = "hello_numbers_total";
}

#[timed]
#[counted]
fn is_prime(number: u64) -> bool {
    (2..number)
        .take_while(|n| n * n <= number)
        .all(|n| !number.is_multiple_of(n))
}

/// Runs the first program of the README for some numbers.
fn hello() -> Server {
    let server = serve("127.0.0.1:0").unwrap();
    for number in 2..10 {
        let kind = if is_prime(number) {
            Kind::Prime
        } else {
            Kind::Composite
        };
        NUMBERS.with(kind).inc();
    }
    server
}

#[test]
fn a_fresh_program_has_at_most_eight_samples_about_the_library() {
    let server = hello();
    let accept = "Accept: application/openmetrics-text;version=1.0.0\r\n";
    assert_eq!(get_with(&server, "/metrics", accept).status, 200);
    let reply = get(&server, "/metrics");
    let samples: Vec<&str> = reply
        .text()
        .lines()
        .filter(|line| line.starts_with("metrics_"))
        .collect();
    assert!(
        reply
            .text()
            .contains("hello_numbers_total{kind=\"prime\"} 4\n")
    );
    assert!(samples.len() <= 8, "{}: {samples:#?}", samples.len());
}
