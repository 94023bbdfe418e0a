//! Tests function attributes on blocks with `where` clauses and generics in every notation, and
//! with fragments of a `macro_rules!`.

#![expect(clippy::unused_self, reason = "the functions are there to be called")]

use std::fmt;

use metrics_core::counted;
use tests::calls;

struct Repo;

#[counted]
#[rustfmt::skip]
impl Repo {
    fn find<K>(&self, key: K) -> String where K: Into<String>, { key.into() }

    fn delete(&self) -> u8 { 1 }
}

#[test]
fn a_function_after_a_clause_that_ends_in_a_comma_is_recorded() {
    assert_eq!(Repo.find("a"), "a");
    assert_eq!(Repo.delete(), 1);
    assert_eq!(calls("Repo::find"), "ok 1, panic 0");
    assert_eq!(calls("Repo::delete"), "ok 1, panic 0");
}

#[counted]
mod shelf {
    pub(crate) struct Shelf<T>
    where
        T: Clone,
    {
        pub(crate) item: T,
    }

    pub(crate) enum Side<T>
    where
        T: Clone,
    {
        Left(T),
    }

    pub(crate) trait Take<T>
    where
        T: Clone,
    {
        fn take(&self) -> T;

        fn take_twice(&self) -> (T, T) {
            (self.take(), self.take())
        }
    }

    impl<T> Take<T> for Shelf<T>
    where
        T: Clone,
    {
        fn take(&self) -> T {
            self.item.clone()
        }
    }

    pub(crate) fn left<T: Clone>(shelf: &Shelf<T>) -> Side<T> {
        Side::Left(shelf.item.clone())
    }
}

#[test]
fn items_with_such_a_clause_hide_no_function_of_their_module() {
    use shelf::Take as _;

    let shelf = shelf::Shelf { item: 1 };
    assert_eq!(shelf.take_twice(), (1, 1));
    let shelf::Side::Left(item) = shelf::left(&shelf);
    assert_eq!(item, 1);
    assert_eq!(calls("Take::take_twice"), "ok 1, panic 0");
    assert_eq!(calls("<Shelf as Take>::take"), "ok 2, panic 0");
    assert_eq!(calls("left"), "ok 1, panic 0");
}

struct Sized2<T>(T);

#[counted]
impl<T> Sized2<T>
where
    T: Clone,
{
    fn get(&self) -> T {
        self.0.clone()
    }
}

#[counted]
trait Named
where
    Self: Sized,
{
    fn name(&self) -> &'static str {
        "named"
    }
}

impl Named for Repo {}

#[test]
fn a_block_may_have_a_clause_that_ends_in_a_comma() {
    assert_eq!(Sized2(1).get(), 1);
    assert_eq!(Repo.name(), "named");
    assert_eq!(calls("Sized2::get"), "ok 1, panic 0");
    assert_eq!(calls("Named::name"), "ok 1, panic 0");
}

struct Fragments;

macro_rules! with_fragments {
    ($body:block, $vis:vis, $item:item $ty:ty, $trait:path) => {
        #[counted]
        impl Fragments {
            fn first(&self) -> u8 $body

            $vis fn second(&self) -> u8 {
                2
            }
        }

        #[counted]
        mod fragments {
            $item

            pub(crate) fn fourth() -> u8 {
                4
            }
        }

        #[counted]
        impl $trait for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("fragments")
            }
        }
    };
}

with_fragments! {
    { 1 },
    pub(crate),
    pub(crate) async fn third() -> Result<u8, ()> { Err(()) }
    Fragments, fmt::Display
}

#[tokio::test]
async fn functions_from_fragments_of_a_macro_are_recorded() {
    assert_eq!((Fragments.first(), Fragments.second()), (1, 2));
    assert_eq!(fragments::third().await, Err(()));
    assert_eq!(fragments::fourth(), 4);
    assert_eq!(Fragments.to_string(), "fragments");
    assert_eq!(calls("Fragments::first"), "ok 1, panic 0");
    assert_eq!(calls("Fragments::second"), "ok 1, panic 0");
    assert_eq!(calls("third"), "ok 0, error 1, panic 0, cancelled 0");
    assert_eq!(calls("fourth"), "ok 1, panic 0");
    let fmt = calls("<Fragments as Display>::fmt");
    assert_eq!(fmt, "ok 1, error 0, panic 0");
}

#[counted]
impl fmt::Display for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("repo")
    }
}

#[counted]
impl fmt::Debug for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Repo")
    }
}

#[counted]
impl From<u8> for Repo {
    fn from(_: u8) -> Self {
        Repo
    }
}

#[counted]
impl<T> From<Vec<T>> for Repo {
    fn from(_: Vec<T>) -> Self {
        Repo
    }
}

#[test]
fn functions_of_two_traits_of_a_type_have_series_of_their_own() {
    assert_eq!(format!("{Repo} {Repo:?} {Repo:?}"), "repo Repo Repo");
    let display = calls("<Repo as Display>::fmt");
    assert_eq!(display, "ok 1, error 0, panic 0");
    let debug = calls("<Repo as Debug>::fmt");
    assert_eq!(debug, "ok 2, error 0, panic 0");
    let _ = (Repo::from(1), Repo::from(2), Repo::from(vec![3]));
    assert_eq!(calls("<Repo as From<u8>>::from"), "ok 2, panic 0");
    assert_eq!(calls("<Repo as From<Vec>>::from"), "ok 1, panic 0");
}
