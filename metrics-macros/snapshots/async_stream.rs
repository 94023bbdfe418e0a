#[allow(clippy::manual_async_fn)]
fn open(path: &str) -> impl ::core::future::Future<Output = impl Stream<Item = Line>> {
    #[allow(unused_imports)]
    use ::m::__private::call::ValueProbeFallback as _;
    #[allow(unused_imports)]
    use ::m::__private::call::output_levels::*;
    return {
        #[allow(clippy::async_yields_async)]
        let __future = async move {
            #[allow(clippy::shadow_same)]
            let path = path;
            #[allow(
                unreachable_code,
                clippy::diverging_sub_expression,
                clippy::let_unit_value,
                clippy::empty_loop,
                clippy::needless_return,
                clippy::type_complexity
            )]
            if false {
                let __result: _ = loop {};
                return __result;
            }
            { connect(path).await.lines() }
        };
        #[allow(clippy::needless_borrow)]
        let __form = (&&&&::m::__private::call::output_of::<
            ::m::__private::call::AnyDeclared,
            _,
        >(&__future))
            .form();
        let __ending = __form
            .ending::<
                ::m::__private::call::Counted<_>,
                _,
                _,
            >(|__result| ::m::__private::call::ValueProbe(__result).is_error());
        ::m::__private::call::TrackedFuture::<
            _,
            ::m::__private::call::Counted<_>,
            _,
        >::with(
            {
                const __SPEC: ::m::__private::call::FunctionSpec = ::m::__private::call::FunctionSpec::new(
                    &[
                        (
                            ::m::__private::Cow::Borrowed("function"),
                            ::m::__private::Cow::Borrowed("open"),
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
                        error: ::m::__private::call::Possible::known({
                            #[allow(unused_imports)]
                            use ::m::__private::call::TypeProbeFallback as _;
                            ::m::__private::call::TypeProbe::<Line>::FALLIBLE
                        }),
                        cancelled: ::m::__private::call::Possible::Yes,
                    },
                );
                const __CELLS: usize = __SPEC
                    .cell_count(::m::__private::call::FunctionFamily::COUNTED);
                static __SHARED: [::m::__private::AtomicU64; __CELLS] = [const {
                    ::m::__private::AtomicU64::new(0)
                }; __CELLS];
                static __FAMILY: ::m::__private::Family = {
                    ::m::__register! {
                        ::m::__private::Registration::Family(& __FAMILY)
                    }
                    __SPEC
                        .family(::m::__private::call::FunctionFamily::COUNTED, &__SHARED)
                };
                ::m::__private::call::CallSeries::unlabelled(&__FAMILY)
            },
            __future,
            __ending,
        )
    };
}
