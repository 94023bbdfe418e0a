//! Tests of `#[counted]`, `#[timed]` and `#[in_flight]` on `impl` blocks, traits and modules.

use metrics_core::{counted, in_flight, timed};
use tests::{calls, in_progress, series, timings};

struct Cart {
    items: Vec<u64>,
}

#[counted]
#[timed]
#[in_flight]
impl Cart {
    const LIMIT: usize = 2;

    /// A `const fn` may run at compile time, so it is not recorded.
    const fn limit() -> usize {
        Self::LIMIT
    }

    fn new() -> Self {
        Cart { items: Vec::new() }
    }

    fn add(&mut self, item: u64) -> Result<(), &'static str> {
        if self.items.len() == Self::limit() {
            return Err("full");
        }
        self.items.push(item);
        Ok(())
    }

    #[timed(skip)]
    fn len(&self) -> usize {
        self.items.len()
    }

    #[counted(skip)]
    #[timed(skip)]
    #[in_flight(skip)]
    fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    #[counted(outcome = false)]
    #[timed(name = "blocks_clear_seconds")]
    fn clear(&mut self) {
        self.items.clear();
    }
}

#[test]
fn every_function_of_an_impl_is_recorded_under_its_type() {
    let mut cart = Cart::new();
    assert_eq!(cart.add(1), Ok(()));
    assert_eq!(cart.add(2), Ok(()));
    assert_eq!(cart.add(3), Err("full"));
    assert_eq!(calls("Cart::new"), "ok 1, panic 0");
    assert_eq!(calls("Cart::add"), "ok 2, error 1, panic 0");
    assert_eq!(timings("Cart::add"), "ok 2, error 1");
    assert_eq!(in_progress("Cart::add"), "0");
}

#[test]
fn skipped_and_const_functions_are_not_recorded() {
    let cart = Cart { items: vec![1] };
    assert_eq!((cart.len(), cart.is_empty(), Cart::limit()), (1, false, 2));
    assert_eq!(calls("Cart::len"), "ok 1, panic 0");
    assert_eq!(timings("Cart::len"), "");
    assert_eq!(in_progress("Cart::len"), "0");
    assert_eq!(calls("Cart::is_empty"), "");
    assert_eq!(timings("Cart::is_empty"), "");
    assert_eq!(in_progress("Cart::is_empty"), "");
    assert_eq!(calls("Cart::limit"), "");
}

#[test]
fn an_attribute_on_a_function_replaces_the_blocks_attribute() {
    Cart { items: vec![1] }.clear();
    assert_eq!(calls("Cart::clear"), "1");
    assert_eq!(timings("Cart::clear"), "");
    assert_eq!(series("blocks_clear_seconds", "Cart::clear"), "ok 1");
}

mod net {
    pub(crate) struct Redis;
}

struct Store<T>(T);

#[counted]
impl<T: Clone> Store<T> {
    fn get(&self) -> Result<T, ()> {
        Ok(self.0.clone())
    }
}

#[counted]
impl Store<net::Redis> {
    fn ping(&self) -> bool {
        let net::Redis = self.0;
        true
    }
}

struct Words<'t, const N: usize>(&'t [&'t str; N]);

#[counted]
impl<'t, const N: usize> Iterator for Words<'t, N> {
    type Item = &'t str;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.first().copied()
    }
}

#[counted]
impl<Item: Copy> Store<Vec<Item>> {
    async fn first(&self) -> Result<Item, ()> {
        self.0.first().copied().ok_or(())
    }

    fn item(&self, at: usize) -> Option<&Item> {
        self.0.get(at)
    }
}

#[tokio::test]
async fn the_type_name_omits_generic_parameters() {
    assert_eq!(Store(1).get(), Ok(1));
    assert_eq!(Store("a").get(), Ok("a"));
    assert!(Store(net::Redis).ping());
    assert_eq!(Words(&["a"]).next(), Some("a"));
    assert_eq!(Store(vec![1]).first().await, Ok(1));
    assert_eq!(Store(vec![1]).item(1), None);
    assert_eq!(calls("Store::get"), "ok 2, error 0, panic 0");
    assert_eq!(calls("Store<Redis>::ping"), "ok 1, panic 0");
    assert_eq!(calls("<Words as Iterator>::next"), "ok 1, panic 0");
    assert_eq!(calls("Store::first"), "ok 1, error 0, panic 0, cancelled 0");
    assert_eq!(calls("Store::item"), "ok 1, panic 0");
}

#[counted]
#[in_flight]
trait Greet {
    const WORD: &'static str = {
        const fn word() -> &'static str {
            "hello"
        }
        word()
    };

    fn name(&self) -> String;

    fn greet(&self) -> Result<String, ()> {
        Ok(format!("{} {}", Self::WORD, self.name()))
    }

    async fn greet_later(&self) -> Result<String, ()> {
        self.greet()
    }

    #[counted(skip)]
    fn wave(&self) -> usize {
        self.name().len()
    }
}

struct Person;

impl Greet for Person {
    fn name(&self) -> String {
        "you".to_owned()
    }
}

#[tokio::test]
async fn default_methods_of_a_trait_are_recorded() {
    assert_eq!(Person.greet_later().await.as_deref(), Ok("hello you"));
    assert_eq!(Person.wave(), 3);
    assert_eq!(calls("Greet::greet"), "ok 1, error 0, panic 0");
    assert_eq!(
        calls("Greet::greet_later"),
        "ok 1, error 0, panic 0, cancelled 0"
    );
    assert_eq!(in_progress("Greet::greet_later"), "0");
    assert_eq!(calls("Greet::name"), "");
    assert_eq!(calls("Greet::wave"), "");
    assert_eq!(in_progress("Greet::wave"), "0");
}

#[counted]
mod shop {
    #![allow(clippy::unnecessary_wraps)]

    pub(crate) static OPEN: bool = true;
    pub(crate) const DOORS: u8 = 1 + 1;

    pub(crate) fn open() -> Result<bool, ()> {
        Ok(OPEN)
    }

    pub(crate) const fn doors() -> u8 {
        DOORS
    }

    #[counted(skip)]
    pub(crate) fn close() {}

    pub(crate) struct Till {
        pub(crate) sum: u64,
    }

    impl Till {
        pub(crate) fn take(&mut self, sum: u64) -> Result<u64, ()> {
            self.sum += sum;
            Ok(self.sum)
        }

        #[counted(skip)]
        pub(crate) fn empty(&mut self) {
            self.sum = 0;
        }
    }

    pub(crate) trait Count {
        fn count(&self) -> u64;

        fn count_twice(&self) -> u64 {
            self.count() * 2
        }
    }

    impl Count for Till {
        fn count(&self) -> u64 {
            self.sum
        }
    }

    pub(crate) mod back {
        pub(crate) async fn load(items: u8) -> Result<u8, ()> {
            items.checked_sub(1).ok_or(())
        }

        pub(crate) mod office {
            pub(crate) fn sign() {}
        }
    }
}

#[tokio::test]
async fn every_function_in_a_module_is_recorded() {
    use shop::Count as _;

    assert_eq!(shop::open(), Ok(true));
    assert_eq!(shop::doors(), 2);
    shop::close();
    let mut till = shop::Till { sum: 1 };
    assert_eq!(till.take(2), Ok(3));
    assert_eq!(till.count_twice(), 6);
    till.empty();
    assert_eq!(shop::back::load(0).await, Err(()));
    shop::back::office::sign();
    assert_eq!(calls("open"), "ok 1, error 0, panic 0");
    assert_eq!(calls("doors"), "");
    assert_eq!(calls("close"), "");
    assert_eq!(calls("Till::take"), "ok 1, error 0, panic 0");
    assert_eq!(calls("Till::empty"), "");
    assert_eq!(calls("<Till as Count>::count"), "ok 1, panic 0");
    assert_eq!(calls("Count::count_twice"), "ok 1, panic 0");
    assert_eq!(calls("load"), "ok 0, error 1, panic 0, cancelled 0");
    assert_eq!(calls("sign"), "ok 1, panic 0");
}

struct Labelled {
    kind: &'static str,
}

#[counted(labels(kind = self.kind), name = "blocks_labelled_total",)]
impl Labelled {
    fn one(&self) -> &'static str {
        self.kind
    }

    async fn two(&self, n: u8) -> Result<u8, ()> {
        n.checked_sub(1).ok_or(())
    }
}

#[tokio::test]
async fn arguments_on_a_block_apply_to_each_function() {
    let of = |function| series("blocks_labelled_total", function);
    assert_eq!(Labelled { kind: "a" }.one(), "a");
    assert_eq!(Labelled { kind: "b" }.two(0).await, Err(()));
    assert_eq!(of("Labelled::one"), "a ok 1, a panic 0");
    assert_eq!(
        of("Labelled::two"),
        "b ok 0, b error 1, b panic 0, b cancelled 0"
    );
}
