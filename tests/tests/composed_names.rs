//! Tests names, units and help texts that a `macro_rules!` macro composes.

use metrics_core::{counted, gather, measure, metrics};
use tests::calls;

/// The help and the unit of a family, and the names of its labels.
fn described(name: &str) -> (String, String, Vec<String>) {
    let families = gather();
    let family = families.iter().find(|family| family.name == name);
    let family = family.unwrap_or_else(|| panic!("no family {name}"));
    let labels = family.metrics.iter().flat_map(|metric| &metric.labels);
    let labels = labels.map(|(name, _)| name.clone()).collect();
    (
        family.help.clone(),
        family.unit.clone().unwrap_or_default(),
        labels,
    )
}

#[test]
fn a_declaration_takes_literals_and_concat_of_literals() {
    macro_rules! declare {
        ($static:ident, $app:literal, $unit:expr, $label:literal, $help:expr) => {
            metrics! {
                #[doc = $help]
                #[unit($unit)]
                static $static: Counter<(#[name(concat!($label, "_name"))] label: &str)>
                    = concat!($app, "_sent_", $unit, "_total");
            }
        };
    }
    declare!(
        SENT,
        "composed",
        "bytes",
        "peer",
        concat!("Bytes ", "sent.")
    );
    SENT.with("a").inc();
    let (help, unit, labels) = described("composed_sent_bytes_total");
    assert_eq!((help.as_str(), unit.as_str()), ("Bytes sent.", "bytes"));
    assert_eq!(labels, ["peer_name"]);
}

#[test]
fn a_prefix_may_be_a_concat() {
    macro_rules! declare {
        ($app:literal) => {
            metrics! {
                prefix = concat!($app, "_jobs");
                /// Jobs done.
                static DONE: Counter;
            }
            DONE.inc();
        };
    }
    declare!("composed");
    assert_eq!(described("composed_jobs_done_total").0, "Jobs done.");
}

#[test]
fn an_attribute_takes_literals_and_concat_of_literals() {
    macro_rules! function {
        ($function:ident, $name:expr, $what:literal) => {
            #[counted(name = concat!($name, "_total"), help = concat!("Calls of ", $what, "."))]
            fn $function() {}
        };
    }
    function!(composed, "composed_calls", "a function");
    composed();
    assert_eq!(described("composed_calls_total").0, "Calls of a function.");
}

#[test]
fn the_name_of_measured_code_may_be_a_concat() {
    macro_rules! step {
        ($name:literal) => {
            measure!(concat!("composed ", $name), counted, || -> u8 { 1 })
        };
    }
    assert_eq!(step!("step"), 1);
    assert_eq!(calls("composed step"), "ok 1, panic 0");
}
