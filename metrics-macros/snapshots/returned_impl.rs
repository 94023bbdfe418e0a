fn job(number: u8) -> impl Job<Output = u8> + Send {
    #[allow(unused_imports)]
    use ::m::__private::call::ValueProbeFallback as _;
    #[allow(unused_imports)]
    use ::m::__private::call::return_levels::*;
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
    enum __Declared {}
    impl<__T: Job<Output = u8> + Send> ::m::__private::call::Declares<__T>
    for __Declared {}
    return {
        let __series = {
            const __SPEC: ::m::__private::call::FunctionSpec = ::m::__private::call::FunctionSpec::new(
                &[
                    (
                        ::m::__private::Cow::Borrowed("function"),
                        ::m::__private::Cow::Borrowed("job"),
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
                    error: ::m::__private::call::Possible::Unknown,
                    cancelled: ::m::__private::call::Possible::Unknown,
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
                __SPEC.family(::m::__private::call::FunctionFamily::COUNTED, &__SHARED)
            };
            type __Local = <::m::__private::Strategy<
                { __SPEC.strategy(::m::__private::call::FunctionFamily::COUNTED, false) },
            > as ::m::__private::StrategyStorage<
                {
                    __SPEC
                        .local_cells(
                            ::m::__private::call::FunctionFamily::COUNTED,
                            false,
                        )
                },
            >>::Local;
            ::m::__private::thread_local! {
                static __LOCAL : __Local = const { < __Local as ::m::__private::ConstInit
                > ::INIT };
            }
            ::m::__private::call::LocalCallSeries::unlabelled(&__FAMILY, &__LOCAL)
        };
        let __body = ::m::__private::call::body(move || -> _ {
            #[allow(clippy::shadow_same)]
            let number = number;
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
            fn __declared<__T0: Job<Output = u8> + Send>(value: __T0) -> __T0 {
                value
            }
            __declared({ ready(number) })
        });
        #[allow(clippy::needless_borrow)]
        let __form = (&&&&&&&__body.probe::<__Declared>()).form();
        __form
            .run::<
                ::m::__private::call::Counted<_>,
                ::m::__private::call::Counted<_>,
                _,
                _,
                _,
                _,
            >(
                __series,
                __body,
                |__result| ::m::__private::call::ValueProbe(__result).is_error(),
            )
    };
}
