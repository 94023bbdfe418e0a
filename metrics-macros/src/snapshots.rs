//! Compares expansions of the macros with the formatted files in the folder `snapshots`. With
//! `BLESS=1` in the environment, the tests overwrite the files.

use std::{env, fs, path::Path};

use proc_macro2::TokenStream;
use quote::quote;

use crate::{
    model::{COUNTED, IN_FLIGHT, Instrument, Mode, TIMED},
    pipeline,
};

#[test]
fn a_function() {
    compare(
        &COUNTED,
        "function",
        &quote!(),
        &quote! {
            pub fn size(text: &str) -> usize {
                text.len()
            }
        },
    );
}

#[test]
fn a_function_in_progress() {
    compare(
        &IN_FLIGHT,
        "in_flight",
        &quote!(),
        &quote! {
            fn parse(text: &str) -> Result<u32, ParseError> {
                text.parse()
            }
        },
    );
}

#[test]
fn a_result() {
    compare(
        &COUNTED,
        "result",
        &quote!(),
        &quote! {
            fn parse(text: &str) -> Result<u32, ParseError> {
                text.parse()
            }
        },
    );
}

#[test]
fn exemplars_and_native_buckets() {
    compare(
        &TIMED,
        "exemplars",
        &quote!(
            name = "parse_seconds",
            exemplars,
            buckets(native(growth = 1.5), 0.1)
        ),
        &quote! {
            fn parse(text: &str) -> usize {
                text.len()
            }
        },
    );
}

#[test]
fn an_alias_of_what_may_be_a_result() {
    compare(
        &COUNTED,
        "alias",
        &quote!(),
        &quote! {
            fn parse(text: &str) -> Parsed {
                text.parse()
            }
        },
    );
}

#[test]
fn an_async_function() {
    compare(
        &COUNTED,
        "async",
        &quote!(),
        &quote! {
            async fn wait((millis, seconds): (u64, u64), mut times: u32, _: &str) {
                times += 1;
                sleep(millis + seconds * 1000 * times).await;
            }
        },
    );
}

#[test]
fn an_async_result() {
    compare(
        &TIMED,
        "async_result",
        &quote!(),
        &quote! {
            /// Fetches a page.
            pub async fn fetch(url: &str) -> Result<Page, FetchError> {
                get(url).await?.page()
            }
        },
    );
}

#[test]
fn an_async_function_below_another_attribute() {
    compare(
        &COUNTED,
        "async_below_another",
        &quote!(),
        &quote! {
            #[instrument]
            async fn wait(millis: u64) -> u64 {
                sleep(millis).await
            }
        },
    );
}

#[test]
fn labels() {
    compare(
        &COUNTED,
        "labels",
        &quote!(labels(plan, self.region, size: Size = Size::of(page), path = page.path())),
        &quote! {
            fn store(&self, plan: Plan, page: Page) {
                self.pages.push((plan, page));
            }
        },
    );
}

#[test]
fn labels_of_a_result() {
    compare(
        &COUNTED,
        "labels_of_a_result",
        &quote!(labels(plan, on_return(large: bool = |size| *size > 100)), err(fault: Fault)),
        &quote! {
            fn store(plan: Plan, page: Page) -> Result<usize, Fault> {
                plan.take(page)
            }
        },
    );
}

#[test]
fn labels_of_an_async_function() {
    compare(
        &COUNTED,
        "async_labels",
        &quote!(labels(plan), ok_if = Stored::is_whole),
        &quote! {
            async fn store(plan: Plan, page: Page) -> Stored {
                plan.take(page).await
            }
        },
    );
}

#[test]
fn an_impl_block() {
    compare(
        &COUNTED,
        "impl_block",
        &quote!(labels(self.region)),
        &quote! {
            impl<T: Item> Cart<T> {
                const LIMIT: usize = 10;

                pub fn add(&mut self, item: T) {
                    self.items.push(item);
                }

                #[counted(skip)]
                pub fn len(&self) -> usize {
                    self.items.len()
                }

                #[counted(outcome = false)]
                pub async fn clear(&mut self) {
                    self.items.clear();
                }

                pub const fn limit() -> usize {
                    Self::LIMIT
                }
            }
        },
    );
}

#[test]
fn a_future() {
    compare(
        &COUNTED,
        "future",
        &quote!(),
        &quote! {
            fn answer(&self) -> impl Future<Output = Result<u32, Fault>> + Send {
                ready(Ok(self.number))
            }
        },
    );
}

#[test]
fn a_type_that_may_be_a_future() {
    compare(
        &COUNTED,
        "returned",
        &quote!(),
        &quote! {
            fn call(&mut self, number: u8) -> Self::Future {
                self.service.call(number)
            }
        },
    );
}

#[test]
fn a_trait_that_may_be_that_of_futures() {
    compare(
        &COUNTED,
        "returned_impl",
        &quote!(),
        &quote! {
            fn job(number: u8) -> impl Job<Output = u8> + Send {
                ready(number)
            }
        },
    );
}

#[test]
fn a_stream_that_the_attribute_states() {
    compare(
        &TIMED,
        "stated",
        &quote!(stream),
        &quote! {
            fn numbers(&self) -> Numbers<'_> {
                Box::pin(iter(&self.numbers))
            }
        },
    );
}

#[test]
fn a_stream_of_an_async_function() {
    compare(
        &COUNTED,
        "async_stream",
        &quote!(),
        &quote! {
            async fn open(path: &str) -> impl Stream<Item = Line> {
                connect(path).await.lines()
            }
        },
    );
}

#[test]
fn the_box_of_async_trait() {
    compare(
        &COUNTED,
        "async_trait",
        &quote!(),
        &quote! {
            fn find<'life0, 'async_trait>(
                &'life0 self,
            ) -> ::core::pin::Pin<
                Box<dyn ::core::future::Future<Output = Option<u32>> + ::core::marker::Send + 'async_trait>,
            >
            where
                'life0: 'async_trait,
                Self: 'async_trait,
            {
                Box::pin(async move {
                    let __self = self;
                    __self.index.get().await
                })
            }
        },
    );
}

#[test]
fn a_busy_future_in_a_family_of_its_own() {
    compare(
        &TIMED,
        "busy",
        &quote!(
            name = "render_seconds",
            help = "Time to render a page.",
            buckets(exponential(0.001, 2.0, 10)),
            slo(latency = "64ms", objective = 99.0),
            busy,
        ),
        &quote! {
            async fn render(page: Page) -> String {
                page.render().await
            }
        },
    );
}

#[test]
fn a_sample() {
    compare(
        &TIMED,
        "sample",
        &quote!(sample = 1 / 16),
        &quote! {
            fn hash(text: &[u8]) -> u64 {
                text.iter().sum()
            }
        },
    );
}

#[test]
fn a_function_that_says_how_to_query_it() {
    compare(
        &COUNTED,
        "documented",
        &quote!(docs, labels(path)),
        &quote! {
            /// Fetches a page.
            async fn fetch(path: &str) -> Result<Page, FetchError> {
                get(path).await
            }
        },
    );
}

#[test]
fn a_function_whose_next_attribute_does_the_work() {
    compare(
        &COUNTED,
        "left_to_the_next",
        &quote!(labels(path)),
        &quote! {
            #[inline]
            #[timed(busy)]
            async fn fetch(path: &str) -> Result<Page, FetchError> {
                get(path).await
            }
        },
    );
}

#[test]
fn a_function_with_the_work_of_attributes_above() {
    compare(
        &TIMED,
        "from_above",
        &quote!(),
        &quote! {
            #[::m::in_flight(__moved)]
            #[::m::counted(labels(path), __moved)]
            async fn fetch(path: &str) -> Result<Page, FetchError> {
                get(path).await
            }
        },
    );
}

#[test]
fn a_function_where_metrics_are_off() {
    compare_in(
        &COUNTED,
        Mode::Off,
        "off",
        &quote!(name = "pages_total", labels(path)),
        &quote! {
            async fn fetch(path: &str) -> Result<Page, FetchError> {
                get(path).await
            }
        },
    );
}

#[test]
fn a_closure_that_is_measured() {
    measured(
        Mode::On,
        "measured",
        &quote!("parse", counted(labels(text)), in_flight, || text
            .parse::<u32>()),
    );
}

#[test]
fn an_async_block_that_is_measured() {
    measured(
        Mode::On,
        "measured_async",
        &quote!("fetch", timed, async move { get(url).await }),
    );
}

#[test]
fn a_block_that_is_measured_where_metrics_are_off() {
    measured(
        Mode::Off,
        "measured_off",
        &quote!("len", counted(labels(text)), { text.len() }),
    );
}

#[test]
fn declared_metrics() {
    declared(
        Mode::On,
        "declared",
        &quote! {
            prefix = "app";

            /// Requests.
            pub static REQUESTS: Counter = "app_requests_total";

            /// Pages.
            #[cfg(feature = "pages")]
            #[buckets(native(growth = 1.5), linear(1, 2, 3))]
            #[unit("bytes")]
            #[exemplars]
            #[max_series(100)]
            #[expire("1h")]
            static PAGES: Histogram<(
                #[allow_only("GET", "POST", else = "unknown")] method: &str,
                #[normalize(shorten)] #[name("host")] r#type: String,
                cache: Cache,
            )>;
        },
    );
}

#[test]
fn a_metric_whose_labels_have_conditions() {
    declared(
        Mode::Off,
        "declared_cfg",
        &quote! {
            /// Files opened.
            static OPENED: Counter<(#[cfg(unix)] user: &str, path: &str)> = "app_files_total";
        },
    );
}

#[test]
fn declared_metrics_of_other_types() {
    declared(
        Mode::On,
        "declared_types",
        &quote! {
            /// Time to load.
            #[slo(latency = "250ms", objective = 99)]
            static LOAD: Histogram = "app_load_seconds";

            /// Time to render.
            #[quantiles(0.5, 0.99)]
            static RENDER: Summary<Page> = "app_render_seconds";

            /// State of the link.
            static LINK: StateSet<Link, (peer: &str)> = "app_link";

            /// The build.
            static BUILD: Info<(version: &str)> = "app_build_info";

            /// Bytes in use.
            #[computed(bytes_in_use)]
            static BYTES: FloatGauge = "app_bytes";

            /// Café.
            #[utf8]
            static CAFE: UpDownCounter<(größe: &str)> = "app.café";
        },
    );
}

#[test]
fn declared_metrics_where_metrics_are_off() {
    declared(
        Mode::Off,
        "declared_off",
        &quote! {
            /// Requests.
            static REQUESTS: Counter = "app_requests_total";

            /// Pages.
            static PAGES: Gauge<(#[normalize(shorten)] host: &str, cache: Cache)> = "app_pages";

            /// The build.
            static BUILD: Info<(version: &str)> = "app_build_info";

            /// Bytes in use.
            #[computed(bytes_in_use)]
            static BYTES: Gauge = "app_bytes";
        },
    );
}

#[test]
fn a_derived_label() {
    derived_label(
        "derived_label",
        quote! {
            #[label(rename_all = "kebab-case")]
            enum Cache<T> {
                NotFound,
                Hit(u8, T),
                #[label(rename = "MISS")]
                Miss { age: u8 },
            }
        },
    );
}

#[test]
fn derived_labels() {
    derived_set(
        "derived_labels",
        quote! {
            struct Page<'a, T> {
                cache: T,
                #[label(rename = "name")]
                host: &'a str,
                r#type: Cache,
            }
        },
    );
}

#[test]
fn a_derived_label_with_a_variant_for_all_others() {
    derived_label(
        "derived_other",
        quote! {
            enum Method<T> {
                Get,
                #[label(other)]
                Other { text: T },
            }
        },
    );
}

#[test]
fn derived_labels_in_other_forms() {
    derived_set(
        "derived_forms",
        quote! {
            struct Request<'a, T> {
                #[label(flatten)]
                peer: Peer<'a, T>,
                #[label(display)]
                address: IpAddr,
                #[label(display)]
                proxy: Option<T>,
                #[label(skip)]
                started: Instant,
            }
        },
    );
}

#[track_caller]
fn declared(mode: Mode, name: &str, input: &TokenStream) {
    compare_tokens(name, &pipeline::declare(quote!(::m #input), mode));
}

#[track_caller]
fn derived_label(name: &str, input: TokenStream) {
    compare_tokens(name, &pipeline::derive_label(input, "m"));
}

#[track_caller]
fn derived_set(name: &str, input: TokenStream) {
    compare_tokens(name, &pipeline::derive_labels(input, "m"));
}

#[track_caller]
fn measured(mode: Mode, name: &str, input: &TokenStream) {
    let code = pipeline::measure(quote!(::m #input), mode);
    compare_tokens(name, &quote!(fn function() { let value = #code; }));
}

/// Compares the expansion of a function attribute with the snapshot `name`.
#[track_caller]
fn compare(instrument: &'static Instrument, name: &str, args: &TokenStream, item: &TokenStream) {
    compare_in(instrument, Mode::On, name, args, item);
}

#[track_caller]
fn compare_in(
    instrument: &'static Instrument,
    mode: Mode,
    name: &str,
    args: &TokenStream,
    item: &TokenStream,
) {
    // Expands as if a crate `m` re-exported the attribute, because a short name keeps the lines of
    // the snapshots short.
    let expanded = pipeline::instrument(instrument, args, item, "m", mode);
    compare_tokens(name, &expanded);
}

#[track_caller]
fn compare_tokens(name: &str, expanded: &TokenStream) {
    let expanded = match syn::parse2(expanded.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        Err(error) => panic!("{error} in {expanded}"),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let path = folder.join(name).with_extension("rs");
    if env::var_os("BLESS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        fs::write(&path, &expanded).unwrap();
    }
    let snapshot = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        snapshot == expanded,
        "expected {name} to be\n{snapshot}\nbut it is\n{expanded}\nBLESS=1 accepts it"
    );
}
