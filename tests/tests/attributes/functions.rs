//! Tests that functions with signatures of many forms compile with an attribute and are counted.

use std::{
    fmt,
    num::ParseIntError,
    panic::{Location, resume_unwind},
};

use metrics_core::{counted, in_flight, timed};
use tests::{assert_panics, calls};

#[test]
fn methods_with_every_kind_of_self_are_counted() {
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
fn return_types_that_use_parameters_of_the_impl_block_are_recorded() {
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
fn return_types_with_bound_lifetimes_are_recorded() {
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
fn returned_borrows_keep_their_lifetimes() {
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
fn unnameable_return_types_are_recorded() {
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
    assert_panics(|| never("on purpose"));
    assert_eq!(calls("clones"), "ok 1, error 1, panic 0");
    assert_eq!(calls("adds"), "ok 1, panic 0");
    assert_eq!(calls("never"), "ok 0, panic 1");
}

#[test]
fn arguments_can_be_patterns() {
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
fn default_trait_methods_are_recorded_unless_overridden() {
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
fn other_attributes_keep_working() {
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
#[expect(unsafe_code, reason = "the test needs unsafe functions")]
fn unsafe_and_extern_functions_are_recorded() {
    /// # Safety
    ///
    /// `byte` is readable.
    #[counted]
    unsafe fn read(byte: *const u8) -> Result<u8, ()> {
        // SAFETY: the caller guarantees that `byte` is readable.
        Ok(unsafe { byte.read() })
    }

    #[counted]
    extern "C" fn called_from_c(a: i32) -> i32 {
        a + 1
    }

    let byte = 7;
    // SAFETY: the pointer is to a live local variable.
    assert_eq!(unsafe { read(&raw const byte) }, Ok(7));
    let pointer: extern "C" fn(i32) -> i32 = called_from_c;
    assert_eq!(pointer(1), 2);
    assert_eq!(calls("read"), "ok 1, error 0, panic 0");
    assert_eq!(calls("called_from_c"), "ok 1, panic 0");
}

#[test]
fn nested_functions_are_counted_separately() {
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
fn functions_generated_by_a_macro_are_recorded() {
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
fn methods_of_the_same_name_in_one_module_share_a_series() {
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
