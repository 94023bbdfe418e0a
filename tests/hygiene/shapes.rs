//! Uses all macros, with absolute paths for names of the standard library.
//!
//! Most hygiene crates include this module. Each of these crates imports the macros and the items
//! of `metrics-core` that this module uses, and decides what else is in scope.

use super::*;

#[::core::prelude::v1::derive(
    Label,
    ::core::prelude::v1::Clone,
    ::core::marker::Copy,
    ::core::prelude::v1::Debug
)]
pub enum Plan {
    Free,
    #[label(rename = "bought")]
    Paid,
}

#[::core::prelude::v1::derive(Label, ::core::prelude::v1::Debug)]
#[label(rename_all = "kebab-case")]
pub enum Fault {
    TooLarge,
    OfDisk(u8),
}

/// Variants with names from the prelude.
#[::core::prelude::v1::derive(Label)]
pub enum Kept {
    Some,
    None,
}

#[::core::prelude::v1::derive(Labels)]
pub struct Request<'a, L: Label> {
    pub plan: L,
    #[label(rename = "path")]
    pub route: &'a str,
}

metrics! {
    prefix = "shapes";

    /// A counter.
    pub static CALLS: Counter<(plan: Plan)>;
    /// A histogram.
    #[unit("seconds")]
    #[buckets(exponential(0.1, 2.0, 5))]
    #[max_series(10)]
    pub static TOOK: Histogram<Request<'_, bool>>;
    /// A summary.
    #[quantiles(0.5)]
    pub static SIZE: Summary;
    /// A state.
    pub static STATE: StateSet<Plan>;
    /// Facts.
    pub static FACTS: Info<(version: &str)>;
    /// A computed gauge.
    #[computed(|| 1.0)]
    pub static COMPUTED: Gauge;
}

#[counted]
#[timed]
#[in_flight]
pub fn sync(n: u32) -> u32 {
    n
}

#[counted]
#[timed]
#[in_flight]
pub fn unit() {}

#[counted]
#[timed]
#[in_flight]
pub fn result(n: u8) -> ::core::result::Result<u8, Fault> {
    if n > 1 {
        return ::core::result::Result::Err(Fault::OfDisk(n));
    }
    ::core::result::Result::Ok(n)
}

#[counted]
#[timed(busy)]
#[in_flight]
pub async fn asynchronous(n: u32) -> u32 {
    n
}

#[counted]
#[timed]
#[in_flight]
pub async fn asynchronous_unit() {}

#[counted]
#[timed]
#[in_flight]
pub async fn asynchronous_result(n: u8) -> ::core::result::Result<u8, Fault> {
    result(n)?;
    ::core::result::Result::Ok(n)
}

#[counted]
#[timed]
#[in_flight]
pub async fn patterns((a, b): (u32, u32), mut c: u32, _: u32, _unused: u32) -> u32 {
    c += 1;
    a + b + c
}

#[counted]
#[timed]
#[in_flight]
pub async fn patterns_by_reference(ref a: u32, ref mut b: u32, c @ (d, _): (u32, u32)) -> u32 {
    *b += *a;
    *b + c.1 + d
}

#[counted]
#[timed]
#[in_flight]
pub async fn attributes(
    #[cfg(any())] a: u32,
    #[cfg(not(any()))] a: (u32, u32),
    #[expect(unused_variables, reason = "nobody needs it")] b: u32,
) -> u32 {
    a.0
}

#[counted]
#[timed]
#[in_flight]
pub fn future(n: u32) -> impl ::core::future::Future<Output = u32> {
    async move { n }
}

#[counted(future)]
pub fn stated_future(n: u32) -> Boxed<u32> {
    ::std::boxed::Box::pin(::core::future::ready(n))
}

/// A trait of which the macro cannot tell whether futures implement it.
pub trait Shown {}

impl Shown for u32 {}

#[counted]
#[timed]
pub fn shown(n: u32) -> impl Shown {
    n
}

#[counted]
pub async fn shown_later(n: u32) -> impl Shown {
    ::core::future::ready(n).await
}

#[counted]
#[timed]
#[in_flight]
pub fn boxed(n: u32) -> Boxed<u32> {
    ::std::boxed::Box::pin(async move { n })
}

/// An alias of a boxed future, which the macros do not recognise by its name, so the compiler has to.
pub type Boxed<T> = BoxFuture<T>;
/// An alias with the name that the crate `futures` uses, which the macros recognise.
pub type BoxFuture<T> = ::core::pin::Pin<
    ::std::boxed::Box<dyn ::core::future::Future<Output = T> + ::core::marker::Send>,
>;

#[counted]
#[timed]
#[in_flight]
pub fn known_as_boxed(n: u32) -> BoxFuture<u32> {
    ::std::boxed::Box::pin(async move { n })
}

#[counted(labels(plan, route, length = route.len(), on_return(large: bool = |n| n.is_ok())), err(fault: Fault))]
#[timed(labels(plan), err(fault))]
#[in_flight(labels(plan))]
pub fn labelled(plan: Plan, route: &str) -> ::core::result::Result<usize, Fault> {
    match plan {
        Plan::Free => ::core::result::Result::Err(Fault::TooLarge),
        Plan::Paid => ::core::result::Result::Ok(route.len()),
    }
}

#[counted(labels(plan, route), err(fault: Fault))]
#[timed(labels(plan, on_return(large: bool = is_large)))]
#[in_flight(labels(plan))]
pub async fn labelled_later(
    plan: Plan,
    route: ::std::string::String,
) -> ::core::result::Result<usize, Fault> {
    labelled(plan, &route)
}

fn is_large(result: &::core::result::Result<usize, Fault>) -> bool {
    result.is_ok()
}

#[counted(labels(kept: Kept = Kept::Some), ok_if = |n| *n > 1, slo(success = 99.5))]
#[timed(
    name = "shapes_judged_seconds",
    help = "A family of its own.",
    buckets(0.1, 1),
    error_if = |n| *n < 2,
    slo(latency = "100ms", objective = 99.9),
)]
#[in_flight(name = "shapes_judged", help = "In progress.")]
pub fn judged(n: u32) -> u32 {
    n
}

#[counted(outcome = false)]
#[timed(sample = 1/1)]
pub fn sampled() {}

pub struct Cart {
    pub items: u32,
}

impl Cart {
    #[counted(labels(self.items))]
    #[timed]
    #[in_flight]
    pub fn method(&self) -> u32 {
        self.items
    }

    #[counted]
    #[timed]
    #[in_flight]
    pub async fn method_later(&mut self, n: u32) -> ::core::result::Result<u32, Fault> {
        self.items += n;
        ::core::result::Result::Ok(self.items)
    }
}

#[counted]
#[timed]
#[in_flight]
impl Cart {
    pub fn taken(self) -> u32 {
        self.items
    }

    pub async fn emptied(mut self) -> u32 {
        self.items = 0;
        self.items
    }

    pub async fn found(&self, name: &str) -> ::core::option::Option<usize> {
        ::core::option::Option::Some(name.len())
    }

    #[counted(skip)]
    #[timed(labels(n))]
    pub fn given(&mut self, n: u32) -> ::core::result::Result<(), Fault> {
        self.items = n;
        ::core::result::Result::Ok(())
    }
}

/// Returns the output of a future that never waits.
pub fn output<F: ::core::future::Future>(future: F) -> F::Output {
    let mut context = ::core::task::Context::from_waker(::core::task::Waker::noop());
    match ::core::future::Future::poll(::core::pin::pin!(future), &mut context) {
        ::core::task::Poll::Ready(output) => output,
        ::core::task::Poll::Pending => ::core::panic!("the future is not ready"),
    }
}

/// Calls all functions, records all metrics, and returns the exposition.
pub fn exposition() -> ::std::string::String {
    CALLS.with(Plan::Paid).inc();
    TOOK.with(&Request {
        plan: true,
        route: "/",
    })
    .observe(1.0);
    SIZE.observe(1.0);
    STATE.set(Plan::Free);
    FACTS.set("1");
    let _ = &COMPUTED;
    sync(1);
    unit();
    let _ = result(2);
    output(asynchronous(1));
    output(asynchronous_unit());
    let _ = output(asynchronous_result(1));
    output(patterns((1, 2), 3, 4, 5));
    output(patterns_by_reference(1, 2, (3, 4)));
    output(attributes((1, 2), 3));
    output(future(1));
    output(boxed(1));
    output(known_as_boxed(1));
    let _ = labelled(Plan::Free, "/");
    let _ = output(labelled_later(
        Plan::Paid,
        ::std::borrow::ToOwned::to_owned("/"),
    ));
    judged(1);
    sampled();
    let mut cart = Cart { items: 1 };
    cart.method();
    let _ = output(cart.method_later(1));
    output(cart.found("pen"));
    let _ = cart.given(1);
    cart.taken();
    output(Cart { items: 1 }.emptied());
    encode_to_string(Format::Text)
}

#[::core::prelude::v1::test]
fn calls_are_recorded() {
    let text = exposition();
    for (line, end) in [
        ("shapes_calls_total{plan=\"bought\"", "} 1"),
        ("shapes_took_seconds_count{plan=\"true\"", ",path=\"/\"} 1"),
        ("shapes_computed", " 1"),
        (
            "function_calls_total{function=\"sync\"",
            "outcome=\"ok\"} 1",
        ),
        (
            "function_calls_total{function=\"result\"",
            "outcome=\"error\"} 1",
        ),
        (
            "function_calls_total{function=\"labelled\"",
            "plan=\"free\",route=\"/\",length=\"1\",large=\"false\",fault=\"too-large\",outcome=\"error\"} 1",
        ),
        (
            "function_calls_total{function=\"known_as_boxed\"",
            "outcome=\"cancelled\"} 0",
        ),
        (
            "function_calls_total{function=\"judged\"",
            "kept=\"some\",outcome=\"error\"} 1",
        ),
        (
            "function_duration_seconds_count{function=\"Cart::found\"",
            "outcome=\"ok\"} 1",
        ),
        ("function_calls_in_flight{function=\"method_later\"", "} 0"),
    ] {
        let found = |shown: &str| shown.starts_with(line) && shown.ends_with(end);
        ::core::assert!(
            ::core::iter::Iterator::any(&mut text.lines(), found),
            "{line} ... {end}\n{text}"
        );
    }
}
