//! Tests of the families of `#[counted]` and `#[timed]`: names, help, buckets and labels.

use metrics_core::{Label, MetricValue, counted, gather, in_flight, timed};
use tests::{calls, in_progress, series, timings};

#[test]
fn one_function_can_record_into_two_families() {
    #[counted]
    #[counted(name = "attributes_twice_total")]
    fn twice() {}

    #[timed]
    #[timed(name = "attributes_twice_seconds")]
    fn twice_or_not<T>(value: Option<T>) -> Result<T, ()> {
        value.ok_or(())
    }

    twice();
    assert_eq!(twice_or_not(Some(1)), Ok(1));
    assert_eq!(calls("twice"), "ok 1, panic 0");
    assert_eq!(series("attributes_twice_total", "twice"), "ok 1, panic 0");
    assert_eq!(timings("twice_or_not"), "ok 1");
    assert_eq!(series("attributes_twice_seconds", "twice_or_not"), "ok 1");
}

#[test]
fn a_label_borrows_an_argument_that_the_body_moves() {
    #[counted(labels(text = text))]
    fn swallow(text: String) -> String {
        text
    }

    assert_eq!(swallow("a".to_owned()), "a");
    assert_eq!(calls("swallow"), "a ok 1, a panic 0");
}

#[test]
fn functions_of_one_path_with_labels_in_another_order_share_their_series() {
    {
        #[counted(labels(from, to))]
        fn twin(from: &str, to: &str) {}
        twin("a", "b");
    }
    {
        #[counted(labels(to, from))]
        fn twin(to: &str, from: &str) {}
        twin("b", "a");
    }
    assert_eq!(calls("twin"), "a ok b 2, a panic b 0");
}

#[derive(Label, Clone, Copy)]
enum Size {
    Small,
    Large,
}

impl Size {
    fn of(text: &str) -> Self {
        if text.len() > 3 {
            Size::Large
        } else {
            Size::Small
        }
    }
}

#[test]
fn a_named_family_has_the_name_help_and_buckets_of_the_attribute() {
    #[timed(
        name = "attributes_fetch_seconds",
        help = "Time to fetch.",
        buckets(0.5, 1)
    )]
    #[counted(name = "attributes_fetched_total", help = "Fetched.")]
    #[in_flight(name = "attributes_fetching")]
    fn fetch() -> Result<(), ()> {
        Ok(())
    }

    assert_eq!(fetch(), Ok(()));
    let families = gather();
    let family = |name: &str| families.iter().find(|family| family.name == name).unwrap();
    assert_eq!(family("attributes_fetched_total").help, "Fetched.");
    assert_eq!(series("attributes_fetching", "fetch"), "0");
    let seconds = family("attributes_fetch_seconds");
    assert_eq!(
        (&*seconds.help, seconds.unit.as_deref()),
        ("Time to fetch.", Some("seconds"))
    );
    let MetricValue::Histogram { buckets, .. } = &seconds.metrics[0].value else {
        panic!("{seconds:?}");
    };
    let bounds: Vec<f64> = buckets.iter().map(|(bound, _)| *bound).collect();
    assert_eq!(bounds, [0.5, 1.0, f64::INFINITY]);
    assert_eq!(calls("fetch"), "");
}

#[test]
fn closed_labels_start_at_zero_for_every_value() {
    #[counted(labels(size: Size = Size::of(text)))]
    #[timed(labels(size: Size = Size::of(text)))]
    fn store(text: &str) -> Result<usize, ()> {
        Ok(text.len())
    }

    let zero = "small ok 0, small error 0, small panic 0, large ok 0, large error 0, large panic 0";
    assert_eq!(calls("store"), zero);
    assert_eq!(store("long text"), Ok(9));
    assert_eq!(calls("store"), zero.replace("large ok 0", "large ok 1"));
    assert_eq!(timings("store"), "small ok 0, large ok 1");
}

#[test]
fn labels_are_computed_from_arguments_that_the_body_moves() {
    struct Shop {
        town: String,
    }

    impl Shop {
        #[counted(labels(town = self.town.as_str(), count = items.len(), gift: bool = gift))]
        #[in_flight(labels(town = &self.town))]
        fn sell(&mut self, items: Vec<String>, gift: bool) -> Result<String, ()> {
            self.town.clear();
            let first = items.into_iter().next().ok_or(())?;
            Ok(if gift { first } else { String::new() })
        }
    }

    let mut shop = Shop {
        town: "Ulm".to_owned(),
    };
    assert_eq!(calls("sell"), "");
    assert!(shop.sell(vec!["a".to_owned()], true).is_ok());
    assert_eq!(
        calls("sell"),
        "Ulm 1 true ok 1, Ulm 1 true error 0, Ulm 1 true panic 0"
    );
    assert_eq!(in_progress("sell"), "Ulm 0");
}
