#[allow(
    non_camel_case_types,
    non_snake_case,
    dead_code,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
const _: () = {
    const __VALUES: &[&'static str] = &["not-found", "hit", "MISS"];
    #[automatically_derived]
    impl<T> ::m::Label for Cache<T> {
        const VALUES: ::core::option::Option<&'static [&'static str]> = ::core::option::Option::Some(
            __VALUES,
        );
        #[inline]
        fn index(&self) -> usize {
            match *self {
                Cache::NotFound => 0usize,
                Cache::Hit(..) => 1usize,
                Cache::Miss { .. } => 2usize,
            }
        }
        fn with_str<__R>(&self, __with: impl ::core::ops::FnOnce(&str) -> __R) -> __R {
            __with(__VALUES[::m::Label::index(self)])
        }
    }
};
