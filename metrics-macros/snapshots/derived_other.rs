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
    #[automatically_derived]
    impl<T> ::m::Label for Method<T>
    where
        T: ::m::Label,
    {
        const VALUES: ::core::option::Option<&'static [&'static str]> = ::core::option::Option::None;
        #[inline]
        fn with_str<__R>(&self, __with: impl ::core::ops::FnOnce(&str) -> __R) -> __R {
            match self {
                Method::Get => __with("get"),
                Method::Other { text: __value } => ::m::Label::with_str(__value, __with),
            }
        }
    }
};
