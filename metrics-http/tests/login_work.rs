//! Test that logins of all users take the same work.
//!
//! It is in a program of its own, because it measures the processor time of the process.

mod support;

use metrics_http::Server;
use support::{Shop, basic_auth, get_with, serving};

fn processor_time(server: &Server) -> f64 {
    let right = basic_auth("prometheus", "open sesame");
    let reply = get_with(server, "/metrics", &right);
    let line = reply
        .text()
        .lines()
        .find_map(|line| line.strip_prefix("process_cpu_seconds_total "));
    line.expect("the time of the process").parse().unwrap()
}

#[test]
fn users_with_different_costs_and_unknown_users_take_the_same_work() {
    // Takes 16 times as long as the cheap hash.
    let expensive = bcrypt::hash("open sesame", 8).unwrap();
    let cheap = bcrypt::hash("me too", 4).unwrap();
    let server = serving(Shop)
        .basic_auth("prometheus", expensive)
        .basic_auth("replica", cheap)
        .process_metrics(true)
        .serve("127.0.0.1:0")
        .unwrap();
    processor_time(&server);
    let work = ["prometheus", "replica", "nobody"].map(|user| {
        let before = processor_time(&server);
        for number in 0..3 {
            let header = basic_auth(user, &format!("guess {number}"));
            assert_eq!(get_with(&server, "/metrics", &header).status, 401);
        }
        processor_time(&server) - before
    });
    let least = work.into_iter().fold(f64::MAX, f64::min);
    let most = work.into_iter().fold(0.0, f64::max);
    assert!(most < 4.0 * least, "{work:?} s");
}
