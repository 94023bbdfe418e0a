//! Tests items in an annotated block that have a function attribute themselves: in a `cfg_attr`,
//! imported under another name, or below attributes of other crates.

use metrics_core::{counted, counted as measured, timed as clocked};
use tests::{calls, series, timings};
use tracing::instrument;

struct Conditional;

#[cfg_attr(all(), counted)]
impl Conditional {
    #[cfg_attr(all(), counted(labels(of)))]
    fn labelled(of: &str) -> usize {
        of.len()
    }

    #[cfg_attr(all(), counted(skip))]
    fn skipped() {}

    #[cfg_attr(any(), counted(skip))]
    fn plain() {}
}

#[test]
fn an_own_attribute_in_a_cfg_attr_takes_the_place_of_the_blocks() {
    assert_eq!(Conditional::labelled("a"), 1);
    Conditional::skipped();
    Conditional::plain();
    assert_eq!(calls("Conditional::labelled"), "a ok 1, a panic 0");
    assert_eq!(calls("Conditional::skipped"), "");
    assert_eq!(calls("Conditional::plain"), "ok 1, panic 0");
}

struct Renamed;

#[measured]
#[clocked]
impl Renamed {
    #[measured(skip)]
    fn skipped() {}

    #[instrument]
    #[measured(outcome = false)]
    fn without_outcome() {}

    #[measured]
    #[must_use]
    fn twice() -> u8 {
        2
    }

    #[clocked(skip)]
    #[counted(name = "blocks_own_total", help = "Calls.")]
    async fn own_family() -> Result<u8, ()> {
        Ok(1)
    }

    #[must_use]
    #[measured(skip)]
    const fn constant() -> u8 {
        3
    }
}

#[tokio::test]
async fn an_own_attribute_with_another_name_takes_the_place_of_the_blocks() {
    Renamed::skipped();
    Renamed::without_outcome();
    assert_eq!((Renamed::twice(), Renamed::constant()), (2, 3));
    assert_eq!(Renamed::own_family().await, Ok(1));
    assert_eq!(calls("Renamed::skipped"), "");
    assert_eq!(timings("Renamed::skipped"), "ok 1");
    assert_eq!(calls("Renamed::without_outcome"), "1");
    assert_eq!(timings("Renamed::without_outcome"), "ok 1");
    assert_eq!(calls("Renamed::twice"), "ok 1, panic 0");
    assert_eq!(calls("Renamed::own_family"), "");
    assert_eq!(timings("Renamed::own_family"), "");
    assert_eq!(
        series("blocks_own_total", "Renamed::own_family"),
        "ok 1, error 0, panic 0, cancelled 0"
    );
}

#[counted]
mod nested {
    pub(super) struct Inner;

    #[metrics_core::counted(labels(of))]
    impl Inner {
        pub(super) fn labelled(of: &str) -> usize {
            of.len()
        }
    }

    use metrics_core::counted as measured;

    #[measured(skip)]
    impl Inner {
        pub(super) fn skipped() {}
    }

    #[cfg_attr(all(), measured(outcome = false))]
    pub(super) mod deeper {
        pub(in super::super) fn without_outcome() {}
    }
}

#[test]
fn an_own_attribute_of_a_nested_block_takes_the_place_of_the_outer_ones() {
    assert_eq!(nested::Inner::labelled("a"), 1);
    nested::Inner::skipped();
    nested::deeper::without_outcome();
    assert_eq!(calls("Inner::labelled"), "a ok 1, a panic 0");
    assert_eq!(calls("Inner::skipped"), "");
    assert_eq!(calls("without_outcome"), "1");
}
