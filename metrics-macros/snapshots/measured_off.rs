fn function() {
    let value = {
        const _: () = ::m::__private::check_label("text", ::m::Kind::Counter);
        let _ = || {
            let _ = &(::m::__private::call::OpenLabel(&(text)),);
        };
        ::m::__private::call::make_future(|| -> _ { text.len() })
    };
}
