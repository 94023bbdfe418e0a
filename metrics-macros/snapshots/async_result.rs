#[cfg(doc)]
/// Fetches a page.
pub async fn fetch(url: &str) -> Result<Page, FetchError> {
    get(url).await?.page()
}
#[cfg(not(doc))]
#[allow(clippy::manual_async_fn)]
/// Fetches a page.
pub fn fetch(
    url: &str,
) -> impl ::core::future::Future<Output = Result<Page, FetchError>> {
    #[allow(unused_imports)]
    use ::m::__private::call::ValueProbeFallback as _;
    return ::m::__private::call::TrackedFuture::<
        _,
        ::m::__private::call::Timed<_>,
        _,
    >::new(
        {
            const __SPEC: ::m::__private::call::FunctionSpec = ::m::__private::call::FunctionSpec::new(
                &[
                    (
                        ::m::__private::Cow::Borrowed("function"),
                        ::m::__private::Cow::Borrowed("fetch"),
                    ),
                    (
                        ::m::__private::Cow::Borrowed("module"),
                        ::m::__private::Cow::Borrowed(::core::module_path!()),
                    ),
                ],
                ::core::file!(),
                ::m::__private::line_in(::core::file!(), ::core::line!(), "", 0u32),
                ::core::module_path!(),
                ::m::__private::call::OutcomeLabel::Present {
                    error: ::m::__private::call::Possible::Yes,
                    cancelled: ::m::__private::call::Possible::Yes,
                },
            );
            const __CELLS: usize = __SPEC
                .cell_count(::m::__private::call::FunctionFamily::TIMED);
            static __SHARED: [::m::__private::AtomicU64; __CELLS] = [const {
                ::m::__private::AtomicU64::new(0)
            }; __CELLS];
            static __FAMILY: ::m::__private::Family = {
                ::m::__register! {
                    ::m::__private::Registration::Family(& __FAMILY)
                }
                __SPEC.family(::m::__private::call::FunctionFamily::TIMED, &__SHARED)
            };
            ::m::__private::call::CallSeries::unlabelled(&__FAMILY)
        },
        async move {
            #[allow(clippy::shadow_same)]
            let url = url;
            #[allow(
                unreachable_code,
                clippy::diverging_sub_expression,
                clippy::let_unit_value,
                clippy::empty_loop,
                clippy::needless_return,
                clippy::type_complexity
            )]
            if false {
                let __result: Result<Page, FetchError> = loop {};
                return __result;
            }
            { get(url).await?.page() }
        },
        |__result| ::m::__private::call::ValueProbe(__result).is_error(),
    );
}
