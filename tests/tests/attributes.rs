//! `#[counted]`, `#[timed]` and `#[in_flight]` on functions that are not `async`.

#![allow(
    clippy::needless_lifetimes,
    clippy::elidable_lifetime_names,
    clippy::double_must_use,
    reason = "signatures are written out in every way that there is"
)]

use std::{
    fmt,
    num::ParseIntError,
    panic::{Location, resume_unwind},
};

use metrics_core::{Label, MetricValue, counted, gather, in_flight, timed};
use tests::{calls, caught, fail, in_progress, series, timings};

#[test]
fn a_result_is_counted_as_ok_or_as_an_error() {
    #[counted]
    fn half(n: u32) -> Result<u32, String> {
        if n.is_multiple_of(2) {
            Ok(n / 2)
        } else {
            Err(format!("{n} is odd"))
        }
    }

    assert_eq!(calls("half"), "ok 0, error 0, panic 0");
    assert_eq!((half(4), half(6)), (Ok(2), Ok(3)));
    assert!(half(3).is_err());
    assert_eq!(calls("half"), "ok 2, error 1, panic 0");
}

#[test]
fn a_function_without_result_has_no_error_series() {
    #[counted]
    fn double(n: u32) -> u32 {
        n * 2
    }

    assert_eq!(double(2), 4);
    assert_eq!(calls("double"), "ok 1, panic 0");
}

#[test]
fn a_function_that_is_never_called_is_exposed_at_zero() {
    #[allow(dead_code)]
    #[counted]
    #[timed]
    #[in_flight]
    fn idle() -> Result<(), ()> {
        Ok(())
    }

    assert_eq!(calls("idle"), "ok 0, error 0, panic 0");
    assert_eq!(timings("idle"), "ok 0");
    assert_eq!(in_progress("idle"), "0");
}

#[test]
fn a_panic_is_counted_as_one_whether_the_result_is_looked_at_or_not() {
    #[counted]
    fn falls() {
        fail()
    }
    #[counted]
    fn falls_instead_of_a_result() -> Result<(), ()> {
        fail()
    }

    caught(falls);
    caught(falls_instead_of_a_result);
    assert_eq!(calls("falls"), "ok 0, panic 1");
    assert_eq!(calls("falls_instead_of_a_result"), "ok 0, error 0, panic 1");
}

#[test]
fn a_call_made_while_a_panic_unwinds_is_not_a_panic_itself() {
    #[counted]
    fn tidy_up() {}
    #[counted]
    fn tidy_up_or_not() -> Result<(), ()> {
        Err(())
    }
    struct Tidy;
    impl Drop for Tidy {
        fn drop(&mut self) {
            tidy_up();
            let _ = tidy_up_or_not();
        }
    }

    caught(|| {
        let _tidy = Tidy;
        fail()
    });
    assert_eq!(calls("tidy_up"), "ok 1, panic 0");
    assert_eq!(calls("tidy_up_or_not"), "ok 0, error 1, panic 0");
}

#[test]
fn a_timing_is_kept_by_outcome_once_that_has_occurred() {
    #[timed]
    fn measured(how: u8) -> Result<(), ()> {
        match how {
            0 => Ok(()),
            1 => Err(()),
            _ => fail(),
        }
    }

    assert_eq!(measured(0), Ok(()));
    assert_eq!(timings("measured"), "ok 1");
    assert_eq!(measured(1), Err(()));
    caught(|| measured(2));
    assert_eq!(timings("measured"), "ok 1, error 1, panic 1");
}

#[test]
fn a_call_is_in_flight_until_it_returns_or_panics() {
    #[in_flight]
    fn flies(then_fail: bool) -> String {
        if then_fail {
            fail()
        }
        in_progress("flies")
    }

    assert_eq!(in_progress("flies"), "0");
    assert_eq!(flies(false), "1");
    caught(|| flies(true));
    assert_eq!(in_progress("flies"), "0");
}

#[test]
fn the_attributes_stack_in_every_order() {
    macro_rules! stacked {
        ($($(#[$attribute:ident])* $name:ident),*) => {$(
            $(#[$attribute])*
            fn $name(n: u8) -> Result<String, ()> {
                if n == 0 { Err(()) } else { Ok(in_progress(stringify!($name))) }
            }

            assert_eq!($name(1).as_deref(), Ok("1"));
            assert_eq!($name(0), Err(()));
            assert_eq!(calls(stringify!($name)), "ok 1, error 1, panic 0");
            assert_eq!(timings(stringify!($name)), "ok 1, error 1");
            assert_eq!(in_progress(stringify!($name)), "0");
        )*};
    }

    stacked! {
        #[counted] #[timed] #[in_flight] stacked_cti,
        #[counted] #[in_flight] #[timed] stacked_cit,
        #[timed] #[counted] #[in_flight] stacked_tci,
        #[timed] #[in_flight] #[counted] stacked_tic,
        #[in_flight] #[counted] #[timed] stacked_ict,
        #[in_flight] #[timed] #[counted] stacked_itc
    }
}

mod aliases {
    use super::{calls, counted};

    type Answer = Result<u8, ()>;
    type AnswerOf<T> = Result<T, ()>;
    type Plain = u8;

    #[counted]
    fn aliased(n: u8) -> Answer {
        n.checked_sub(1).ok_or(())
    }

    #[counted]
    fn aliased_with_a_parameter(n: u8) -> AnswerOf<u8> {
        aliased(n)
    }

    #[counted]
    fn from_the_library() -> std::fmt::Result {
        Err(std::fmt::Error)
    }

    #[counted]
    fn aliased_number() -> Plain {
        1
    }

    #[test]
    fn a_type_alias_of_a_result_is_seen_through() {
        assert_eq!((aliased(1), aliased(0)), (Ok(0), Err(())));
        assert!(aliased_with_a_parameter(0).is_err());
        assert!(from_the_library().is_err());
        assert_eq!(aliased_number(), 1);
        assert_eq!(calls("aliased"), "ok 1, error 2, panic 0");
        assert_eq!(calls("aliased_with_a_parameter"), "ok 0, error 1, panic 0");
        assert_eq!(calls("from_the_library"), "ok 0, error 1, panic 0");
        assert_eq!(calls("aliased_number"), "ok 1, panic 0");
    }
}

#[test]
fn an_argument_says_that_a_function_can_fail_where_its_type_does_not() {
    type AnswerOf<T> = Result<T, ()>;

    #[counted(fallible = true)]
    fn answers<T>(answer: AnswerOf<T>) -> AnswerOf<T> {
        answer
    }

    assert_eq!(answers::<u8>(Err(())), Err(()));
    assert_eq!(calls("answers"), "ok 0, error 1, panic 0");
}

#[test]
fn methods_take_self_in_every_form() {
    #[derive(Default)]
    struct Account {
        sum: u32,
    }

    impl Account {
        #[counted]
        #[timed]
        #[in_flight]
        fn open() -> Self {
            Account::default()
        }

        #[counted]
        fn open_with(sum: u32) -> Result<Self, String> {
            Ok(Account { sum })
        }

        #[counted]
        fn deposit(&mut self, sum: u32) -> Result<&mut Self, String> {
            self.sum += sum;
            Ok(self)
        }

        #[counted]
        fn balance(&self) -> Result<&u32, String> {
            Ok(&self.sum)
        }

        #[counted]
        fn close(self) -> Result<u32, String> {
            Ok(self.sum)
        }

        #[allow(clippy::boxed_local, reason = "the box is what is tested")]
        #[counted]
        fn close_in_a_box(self: Box<Self>) -> u32 {
            self.sum
        }
    }

    let mut account = Account::open();
    account.deposit(2).unwrap().deposit(3).unwrap().sum += 1;
    assert_eq!(account.balance(), Ok(&6));
    assert_eq!(account.close(), Ok(6));
    let account = Account::open_with(4).unwrap();
    assert_eq!(Box::new(account).close_in_a_box(), 4);
    assert_eq!(calls("open"), "ok 1, panic 0");
    assert_eq!(calls("open_with"), "ok 1, error 0, panic 0");
    assert_eq!(calls("deposit"), "ok 2, error 0, panic 0");
    assert_eq!(calls("balance"), "ok 1, error 0, panic 0");
    assert_eq!(calls("close"), "ok 1, error 0, panic 0");
    assert_eq!(calls("close_in_a_box"), "ok 1, panic 0");
}

#[test]
fn all_instances_of_a_generic_function_share_one_series() {
    struct Pair<T>(T, T);

    impl<T: PartialOrd> Pair<T> {
        #[counted]
        fn greater(self) -> Result<T, ()> {
            Ok(if self.0 < self.1 { self.1 } else { self.0 })
        }
    }

    #[counted]
    fn shown<'a, T, const N: usize>(items: &'a [T; N], at: usize) -> Result<&'a T, ()>
    where
        T: fmt::Debug + 'a,
    {
        items.get(at).ok_or(())
    }

    #[counted]
    fn filled<const N: usize>(byte: u8) -> [u8; N] {
        [byte; N]
    }

    assert_eq!(Pair(1, 2).greater(), Ok(2));
    assert_eq!(Pair("a", "b").greater(), Ok("b"));
    assert_eq!(shown(&[1, 2], 1), Ok(&2));
    assert_eq!(shown(&["a"], 1), Err(()));
    assert_eq!((filled::<1>(7), filled::<2>(7)), ([7], [7, 7]));
    assert_eq!(calls("greater"), "ok 2, error 0, panic 0");
    assert_eq!(calls("shown"), "ok 1, error 1, panic 0");
    assert_eq!(calls("filled"), "ok 2, panic 0");
}

#[test]
fn results_of_the_parameters_of_an_impl_block_are_recorded() {
    struct Cell<Item>(Option<Item>);

    impl<Item: Clone> Cell<Item> {
        #[counted]
        fn item(&self) -> Option<&Item> {
            self.0.as_ref()
        }

        #[counted]
        fn item_or_not(&self) -> Result<Item, ()> {
            self.0.clone().ok_or(())
        }
    }

    assert_eq!(Cell(Some(1)).item(), Some(&1));
    assert_eq!(Cell(Some("a")).item_or_not(), Ok("a"));
    assert_eq!(calls("item"), "ok 1, panic 0");
    assert_eq!(calls("item_or_not"), "ok 1, error 0, panic 0");
}

#[test]
fn types_with_lifetimes_of_their_own_are_returned() {
    type Named<'n> = for<'a> fn(&'a str, &'n str) -> &'a str;

    #[counted]
    fn pointer() -> for<'a> fn(&'a str) -> &'a str {
        str::trim
    }

    #[allow(clippy::type_complexity, reason = "as it is written")]
    #[counted]
    fn named<'n>(_: &'n str) -> Result<Named<'n>, Box<dyn for<'a> Fn(&'a str) -> &'a str>> {
        Ok(|text, _| text)
    }

    assert_eq!(pointer()(" a "), "a");
    assert!(named("").is_ok_and(|named| named("a", "") == "a"));
    assert_eq!(calls("named"), "ok 1, error 0, panic 0");
}

#[test]
fn a_function_is_counted_in_two_families() {
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
fn a_label_borrows_what_the_body_moves() {
    #[counted(labels(text = text))]
    fn swallow(text: String) -> String {
        text
    }

    assert_eq!(swallow("a".to_owned()), "a");
    assert_eq!(calls("swallow"), "a ok 1, a panic 0");
}

#[test]
fn borrows_are_returned_as_they_were() {
    #[counted]
    fn first_word<'a>(text: &'a str, _: &str) -> &'a str {
        text.split(' ').next().unwrap_or(text)
    }

    #[counted]
    #[timed]
    fn first_mut<'a, T>(items: &'a mut [T]) -> Option<&'a mut T> {
        items.first_mut()
    }

    #[counted]
    #[timed]
    fn first_mut_or_fail<'a>(items: &'a mut [u8]) -> Result<&'a mut u8, fmt::Error> {
        items.first_mut().ok_or(fmt::Error)
    }

    #[counted]
    fn elided(items: &mut [u8]) -> Result<&mut u8, fmt::Error> {
        items.first_mut().ok_or(fmt::Error)
    }

    #[counted]
    fn words<'a>(text: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        text.split(' ')
    }

    #[counted]
    fn boxed_words<'a>(text: &'a str) -> Result<Box<dyn Iterator<Item = &'a str> + 'a>, ()> {
        Ok(Box::new(text.split(' ')))
    }

    assert_eq!(first_word("a b", ""), "a");
    let mut items = [1, 2];
    *first_mut(&mut items).unwrap() = 3;
    *first_mut_or_fail(&mut items).unwrap() += 1;
    *elided(&mut items).unwrap() += 1;
    assert_eq!(items, [5, 2]);
    assert_eq!(first_mut_or_fail(&mut []), Err(fmt::Error));
    assert_eq!(
        (words("a b").count(), boxed_words("a").unwrap().count()),
        (2, 1)
    );
    assert_eq!(calls("first_mut"), "ok 1, panic 0");
    assert_eq!(calls("first_mut_or_fail"), "ok 1, error 1, panic 0");
    assert_eq!(calls("words"), "ok 1, panic 0");
    assert_eq!(calls("boxed_words"), "ok 1, error 0, panic 0");
}

#[test]
fn types_that_cannot_be_named_are_returned() {
    #[counted]
    fn clones(text: &str) -> Result<Vec<impl Clone + use<>>, ParseIntError> {
        let number: u32 = text.parse()?;
        Ok(vec![number])
    }

    #[counted]
    fn adds(a: u32) -> impl Fn(u32) -> u32 {
        move |b| a + b
    }

    #[counted]
    #[timed]
    fn never(why: &'static str) -> ! {
        resume_unwind(Box::new(why))
    }

    assert_eq!(clones("1").unwrap().len(), 1);
    assert!(clones("one").is_err());
    assert_eq!(adds(1)(2), 3);
    caught(|| never("on purpose"));
    assert_eq!(calls("clones"), "ok 1, error 1, panic 0");
    assert_eq!(calls("adds"), "ok 1, panic 0");
    assert_eq!(calls("never"), "ok 0, panic 1");
}

#[test]
fn every_way_out_of_a_body_is_seen() {
    struct Wrong;
    impl From<ParseIntError> for Wrong {
        fn from(_: ParseIntError) -> Self {
            Wrong
        }
    }

    #[counted]
    fn returns_early(n: u32) -> Result<u32, Wrong> {
        if n == 0 {
            return Err(Wrong);
        }
        for i in 0..n {
            if i == 2 {
                return Ok(i);
            }
        }
        Ok(n)
    }

    #[counted]
    fn converts_the_error(text: &str) -> Result<u32, Wrong> {
        Ok(text.parse::<u32>()? + 1)
    }

    #[counted]
    fn has_no_value(text: &str) -> Option<u32> {
        text.parse::<u32>().ok()?.checked_sub(1)
    }

    #[counted]
    fn breaks_out(items: &[&[u32]]) -> Result<u32, Wrong> {
        let found = 'found: {
            for row in items {
                for item in *row {
                    if *item > 1 {
                        break 'found Some(*item);
                    }
                }
            }
            None
        };
        found.ok_or(Wrong)
    }

    assert!(returns_early(0).is_err());
    assert!(returns_early(1).is_ok_and(|n| n == 1));
    assert!(returns_early(5).is_ok_and(|n| n == 2));
    assert_eq!(calls("returns_early"), "ok 2, error 1, panic 0");
    assert!(converts_the_error("1").is_ok_and(|n| n == 2));
    assert!(converts_the_error("x").is_err());
    assert_eq!(calls("converts_the_error"), "ok 1, error 1, panic 0");
    assert_eq!((has_no_value("x"), has_no_value("1")), (None, Some(0)));
    assert_eq!(calls("has_no_value"), "ok 2, panic 0");
    assert!(breaks_out(&[&[1], &[1, 2]]).is_ok_and(|n| n == 2));
    assert!(breaks_out(&[]).is_err());
    assert_eq!(calls("breaks_out"), "ok 1, error 1, panic 0");
}

#[test]
fn arguments_are_patterns() {
    struct Point {
        x: u32,
        y: u32,
    }

    #[counted]
    fn takes_apart(
        (a, b): (u32, u32),
        Point { x, y }: Point,
        [first, ..]: [u32; 2],
        mut list: Vec<u32>,
        _: u32,
    ) -> Result<Vec<u32>, ()> {
        list.extend([a, b, x, y, first]);
        Ok(list)
    }

    let list = takes_apart((1, 2), Point { x: 3, y: 4 }, [5, 6], vec![0], 7);
    assert_eq!(list, Ok(vec![0, 1, 2, 3, 4, 5]));
    assert_eq!(calls("takes_apart"), "ok 1, error 0, panic 0");
}

#[test]
fn trait_methods_with_a_body_are_recorded_unless_they_are_overridden() {
    trait Greet {
        fn name(&self) -> String;

        #[counted]
        fn greet(&self) -> Result<String, ()> {
            Ok(format!("hello {}", self.name()))
        }
    }
    struct Plain;
    impl Greet for Plain {
        fn name(&self) -> String {
            "plain".to_owned()
        }
    }
    struct Own;
    impl Greet for Own {
        #[counted]
        fn name(&self) -> String {
            "own".to_owned()
        }

        fn greet(&self) -> Result<String, ()> {
            Ok(self.name())
        }
    }

    assert_eq!(Plain.greet().as_deref(), Ok("hello plain"));
    assert_eq!(Own.greet().as_deref(), Ok("own"));
    assert_eq!(calls("greet"), "ok 1, error 0, panic 0");
    assert_eq!(calls("name"), "ok 1, panic 0");
}

#[test]
fn a_recursive_function_counts_every_level() {
    #[counted]
    #[in_flight]
    fn factorial(n: u64) -> Result<u64, String> {
        if n == 0 {
            return Err(in_progress("factorial"));
        }
        factorial(n - 1).map(|below| n * below)
    }

    assert_eq!(factorial(3), Err("4".to_owned()));
    assert_eq!(calls("factorial"), "ok 0, error 4, panic 0");
    assert_eq!(in_progress("factorial"), "0");
}

#[test]
fn other_attributes_keep_their_meaning() {
    #[counted]
    #[timed]
    fn with_inner_attributes() -> u32 {
        #![allow(unused_variables)]
        let unused = 1;
        2
    }

    #[must_use]
    #[counted]
    #[inline]
    fn inlined() -> Result<u32, ()> {
        Ok(1)
    }

    #[counted]
    #[track_caller]
    fn asks_who_calls() -> u32 {
        Location::caller().line()
    }

    #[counted]
    fn r#type() {}

    assert_eq!(with_inner_attributes(), 2);
    assert_eq!(inlined(), Ok(1));
    assert_eq!(asks_who_calls(), line!());
    r#type();
    assert_eq!(calls("with_inner_attributes"), "ok 1, panic 0");
    assert_eq!(calls("inlined"), "ok 1, error 0, panic 0");
    assert_eq!(calls("type"), "ok 1, panic 0");
}

#[test]
#[expect(unsafe_code, reason = "functions may be unsafe, too")]
fn unsafe_and_foreign_functions_are_recorded() {
    /// # Safety
    ///
    /// `byte` is readable.
    #[counted]
    unsafe fn read(byte: *const u8) -> Result<u8, ()> {
        // SAFETY: the caller says so.
        Ok(unsafe { byte.read() })
    }

    #[counted]
    extern "C" fn called_from_c(a: i32) -> i32 {
        a + 1
    }

    let byte = 7;
    // SAFETY: a variable can be read.
    assert_eq!(unsafe { read(&raw const byte) }, Ok(7));
    let pointer: extern "C" fn(i32) -> i32 = called_from_c;
    assert_eq!(pointer(1), 2);
    assert_eq!(calls("read"), "ok 1, error 0, panic 0");
    assert_eq!(calls("called_from_c"), "ok 1, panic 0");
}

#[test]
fn functions_within_functions_are_counted_apart() {
    #[counted]
    fn outer(n: u32) -> Result<u32, ()> {
        #[counted]
        fn inner(n: u32) -> Result<u32, ()> {
            n.checked_sub(1).ok_or(())
        }

        inner(n).or(inner(n + 1))
    }

    assert_eq!(outer(0), Ok(0));
    assert_eq!(calls("outer"), "ok 1, error 0, panic 0");
    assert_eq!(calls("inner"), "ok 1, error 1, panic 0");
}

#[test]
fn functions_made_by_a_macro_are_recorded() {
    macro_rules! getter {
        ($name:ident, $($argument:ident: $type:ty)?, $result:ty, $body:expr) => {
            #[counted]
            #[timed]
            fn $name($($argument: $type)?) -> $result {
                $body
            }
        };
    }
    getter!(made, n: u32, Result<u32, ()>, n.checked_sub(1).ok_or(()));
    getter!(made_without_result, , u32, 1);

    assert_eq!((made(1), made(0)), (Ok(0), Err(())));
    assert_eq!(made_without_result(), 1);
    assert_eq!(calls("made"), "ok 1, error 1, panic 0");
    assert_eq!(calls("made_without_result"), "ok 1, panic 0");
}

#[test]
fn methods_of_one_name_in_one_module_are_one_series() {
    struct A;
    impl A {
        #[counted]
        fn new() -> Self {
            A
        }
    }
    struct B;
    impl B {
        #[counted]
        fn new() -> Self {
            B
        }
    }

    let _ = (A::new(), B::new(), B::new());
    assert_eq!(calls("new"), "ok 3, panic 0");
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
fn a_family_of_its_own_has_its_name_its_help_and_its_buckets() {
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
fn a_label_of_a_closed_type_starts_at_zero_for_every_value() {
    #[counted(labels(size: Size = Size::of(text)))]
    #[timed(labels(size: Size = Size::of(text)))]
    fn store(text: &str) -> Result<usize, ()> {
        Ok(text.len())
    }

    let zero = "small ok 0, small error 0, small panic 0, large ok 0, large error 0, large panic 0";
    assert_eq!(calls("store"), zero);
    assert_eq!(store("long text"), Ok(9));
    assert!(calls("store").contains("large ok 1"));
    assert_eq!(timings("store"), "small ok 0, large ok 1");
}

#[test]
fn a_label_is_computed_from_an_argument_that_the_body_moves() {
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
