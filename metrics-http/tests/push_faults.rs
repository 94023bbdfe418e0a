//! Tests that a pusher survives faults of the program and of servers, and that its errors and labels
//! contain neither secrets nor control characters.

mod support;

use std::{
    panic::{self, AssertUnwindSafe},
    sync::mpsc,
    time::Duration,
};

#[cfg(feature = "remote-write")]
use metrics_http::RemoteWrite;
use metrics_http::{Error, Format, PushGateway, Registry};

use support::{
    Shop,
    receiver::{Answer, Receiver},
    registry,
};

fn exposition(registry: &Registry) -> String {
    registry.encode_to_string(Format::Text)
}

/// The errors of one push and of one background push, in both of their textual forms.
fn shown_errors(gateway: &PushGateway) -> Vec<String> {
    let (told, errors) = mpsc::channel();
    let pusher = gateway
        .clone()
        .push_every(Duration::MAX, move |error| _ = told.send(error))
        .unwrap();
    let of_background = errors.recv().unwrap();
    let of_end = pusher.shutdown().unwrap_err();
    let of_push = gateway.push().unwrap_err();
    [of_background, of_end, of_push]
        .iter()
        .flat_map(|error: &Error| [error.to_string(), format!("{error:?}")])
        .collect()
}

#[test]
fn the_response_of_a_gateway_is_one_bounded_line_of_an_error() {
    let receiver = Receiver::new();
    let body = format!("\u{1b}[31mred\r\nsecond\u{202e}line\0{}", "x".repeat(5_000));
    receiver.answer_all(Answer::with_body(400, &body));
    let gateway = PushGateway::new(receiver.url(), "backup").registry(registry(Shop));
    for shown in shown_errors(&gateway) {
        let expected = "the response is: \\u{1b}[31mred\\r\\nsecond\\u{202e}line\\0xxx";
        assert!(shown.contains(expected), "{shown}");
        assert!(!shown.contains(char::is_control), "{shown}");
        assert!(shown.len() < 1_000, "{}", shown.len());
    }
}

#[test]
fn a_job_name_is_escaped_in_errors() {
    let gateway = PushGateway::new("http://127.0.0.1:1", "back\n\u{1b}up").registry(registry(Shop));
    for shown in shown_errors(&gateway) {
        assert!(shown.contains("`back\\n\\u{1b}up`"), "{shown}");
    }
}

#[test]
fn the_path_of_the_url_is_in_no_error_and_no_label() {
    let receiver = Receiver::new();
    let registry = registry(Shop);
    let url = format!("{}/secret-token/", receiver.url());
    let gateway = PushGateway::new(url, "backup").registry(registry.clone());
    // A refusal, no response, and a timeout.
    for answer in [Answer::status(500), Answer::HangUp, Answer::Hang] {
        receiver.answer_all(answer);
        let gateway = gateway.clone().timeout(Duration::from_millis(50));
        for shown in shown_errors(&gateway) {
            let expected = format!("PUT {}: ", receiver.url());
            assert!(shown.contains(&expected), "{shown}");
            assert!(shown.contains("job `backup`"), "{shown}");
            assert!(!shown.contains("secret-token"), "{shown}");
        }
    }
    assert!(
        receiver.requests()[0]
            .path
            .starts_with("/secret-token/metrics/")
    );
    let text = exposition(&registry);
    assert!(!text.contains("secret-token"), "{text}");
    let failed = format!(
        "metrics_pushes_total{{url=\"{}\",pushed_job=\"backup\",result=\"error\"}} 6\n",
        receiver.url()
    );
    assert!(text.contains(&failed), "{text}");
    let shown = format!("{gateway:?}");
    assert!(!shown.contains("secret-token"), "{shown}");
}

#[test]
fn pushers_of_different_jobs_have_metrics_of_their_own() {
    let receiver = Receiver::new();
    let registry = registry(Shop);
    let push = |job: &str| {
        let gateway = PushGateway::new(receiver.url(), job).registry(registry.clone());
        gateway.push_every(Duration::MAX, drop).unwrap().shutdown()
    };
    push("one").unwrap();
    receiver.answer_all(Answer::status(500));
    push("two").unwrap_err();
    let text = exposition(&registry);
    for (job, result) in [("one", "ok"), ("two", "error")] {
        let line = format!(
            "metrics_pushes_total{{url=\"{}\",pushed_job=\"{job}\",result=\"{result}\"}} 2\n",
            receiver.url()
        );
        assert!(text.contains(&line), "{text}");
    }
}

#[test]
fn a_pusher_survives_an_error_handler_that_panics_and_counts_the_panics() {
    let receiver = Receiver::new();
    receiver.answer_all(Answer::status(500));
    let registry = registry(Shop);
    let pusher = PushGateway::new(receiver.url(), "backup")
        .registry(registry.clone())
        .push_every(Duration::from_millis(1), |_| panic!("the log is full"))
        .unwrap();
    receiver.wait_for(4);
    let text = exposition(&registry);
    let count = format!(
        "metrics_push_handler_panics_total{{url=\"{}\",pushed_job=\"backup\"}} ",
        receiver.url()
    );
    assert!(text.contains(&count), "{text}");
    receiver.answer_all(Answer::status(200));
    pusher.shutdown().unwrap();
}

#[test]
fn a_program_whose_error_handlers_do_not_panic_has_no_sample_about_it() {
    let receiver = Receiver::new();
    let registry = registry(Shop);
    let gateway = PushGateway::new(receiver.url(), "backup").registry(registry.clone());
    let pusher = gateway.push_every(Duration::MAX, drop).unwrap();
    pusher.shutdown().unwrap();
    assert!(!exposition(&registry).contains("panics_total"));
}

#[test]
fn a_guard_whose_error_handler_panics_does_not_panic_itself() {
    let receiver = Receiver::new();
    receiver.answer_all(Answer::status(500));
    let registry = registry(Shop);
    let gateway = PushGateway::new(receiver.url(), "backup").registry(registry.clone());
    // A panic of the destructor during the panic of the job would abort the program.
    let job = AssertUnwindSafe(|| {
        let _pushed = gateway.push_on_drop(|_| panic!("the log is full")).unwrap();
        panic!("the job fails");
    });
    let payload = panic::catch_unwind(job).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"the job fails"));
    let count = format!(
        "metrics_push_handler_panics_total{{url=\"{}\",pushed_job=\"backup\"}} 1\n",
        receiver.url()
    );
    assert!(exposition(&registry).contains(&count));
}

#[cfg(feature = "remote-write")]
mod remote_write {
    use super::*;
    use crate::support::{eventually, written::accept};

    fn to(receiver: &Receiver, registry: &Registry) -> RemoteWrite {
        let url = format!("{}/secret-token/write", receiver.url());
        RemoteWrite::new(url, "shop").registry(registry.clone())
    }

    /// The value of a sample of the pusher's self-metrics, if it exists.
    fn value(registry: &Registry, receiver: &Receiver, name: &str, labels: &str) -> Option<u64> {
        let text = exposition(registry);
        let url = receiver.url();
        let start = format!("{name}{{url=\"{url}\",pushed_job=\"shop\"{labels}}} ");
        let (_, rest) = text.split_once(&start)?;
        rest.split_once('\n')?.0.parse().ok()
    }

    #[test]
    fn the_path_of_the_url_is_in_no_error_and_no_label() {
        let (receiver, registry) = (Receiver::new(), registry(Shop));
        let (told, errors) = mpsc::channel();
        // A temporary failure, a refusal, and samples that the server has not written.
        receiver.answer([Answer::status(503), Answer::status(404)]);
        let pusher = to(&receiver, &registry)
            .push_every(Duration::from_millis(1), move |error: Error| {
                _ = told.send(format!("{error} {error:?}"));
            })
            .unwrap();
        for _ in 0..2 {
            let shown = errors.recv().unwrap();
            let expected = format!("POST {}: ", receiver.url());
            assert!(shown.contains(&expected), "{shown}");
            assert!(!shown.contains("secret-token"), "{shown}");
        }
        receiver.answer_all(accept());
        pusher.shutdown().unwrap();
        assert_eq!(receiver.requests()[0].path, "/secret-token/write");
        let text = exposition(&registry);
        assert!(!text.contains("secret-token"), "{text}");
    }

    #[test]
    fn a_pusher_survives_an_error_handler_that_panics_and_counts_the_panics() {
        let (receiver, registry) = (Receiver::new(), registry(Shop));
        // A temporary failure, and a refusal.
        receiver.answer([Answer::status(503), Answer::status(404)]);
        receiver.answer_all(accept());
        let pusher = to(&receiver, &registry)
            .push_every(Duration::from_millis(1), |_| panic!("the log is full"))
            .unwrap();
        receiver.wait_for(4);
        let panics = value(
            &registry,
            &receiver,
            "metrics_push_handler_panics_total",
            "",
        );
        assert_eq!(panics, Some(2));
        pusher.shutdown().unwrap();
    }

    #[test]
    fn a_gauge_shows_the_samples_that_wait_for_the_server() {
        let (receiver, registry) = (Receiver::new(), registry(Shop));
        let queued = || value(&registry, &receiver, "metrics_push_queued_samples", "");
        let never = "Retry-After: 99999999999";
        receiver.answer_all(Answer::with_header(503, never));
        let pusher = to(&receiver, &registry)
            .max_queued_samples(100)
            .shutdown_timeout(Duration::from_millis(1))
            .push_every(Duration::from_millis(1), drop)
            .unwrap();
        eventually("the queue is full", || queued() == Some(100));
        let lost = || {
            let reason = ",reason=\"queue\"";
            value(
                &registry,
                &receiver,
                "metrics_push_lost_samples_total",
                reason,
            )
        };
        assert!(lost() > Some(0));
        pusher.shutdown().unwrap_err();
        assert_eq!(queued(), Some(0));
    }

    #[test]
    fn the_gauge_of_waiting_samples_returns_to_zero() {
        let (receiver, registry) = (Receiver::new(), registry(Shop));
        receiver.answer_all(accept());
        let pusher = to(&receiver, &registry).push_every(Duration::MAX, drop);
        let queued = || value(&registry, &receiver, "metrics_push_queued_samples", "");
        receiver.wait_for(1);
        eventually("the queue is empty", || queued() == Some(0));
        pusher.unwrap().shutdown().unwrap();
    }
}
