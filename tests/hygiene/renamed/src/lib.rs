//! Tests that expansions refer to metrics-core by the path that the user gives.

use measures::{Label, Labels, counted, in_flight, metrics, timed};

/// Re-exports metrics-core, as another crate could.
pub mod reexported {
    pub use measures;
}

#[derive(Label, Clone, Copy, Debug)]
#[label(crate = measures)]
pub enum Cache {
    Hit,
}

#[derive(Labels)]
#[label(crate = crate::reexported::measures, rename_all = "snake_case")]
pub struct Request {
    pub cache_state: Cache,
}

metrics! {
    /// A counter.
    pub static COUNTED: Counter<Request> = "renamed_counted_total";
    /// A computed gauge.
    #[computed(|| 1.0)]
    pub static COMPUTED: Gauge = "renamed_computed";
}

#[counted(crate = measures, labels(cache, on_return(even: bool = |n| n.is_ok())), err(cache_lost: Cache))]
#[timed(
    crate = crate::reexported::measures,
    name = "renamed_sync_seconds",
    buckets(linear(0.1, 0.1, 3)),
    slo(latency = "100ms", objective = 99.0),
)]
#[in_flight(crate = measures)]
pub fn sync(cache: Cache) -> Result<Cache, Cache> {
    Ok(cache)
}

#[counted(crate = measures, labels(cache))]
#[timed(crate = measures, busy)]
#[in_flight(crate = ::measures)]
pub async fn asynchronous(cache: Cache) -> Cache {
    cache
}

#[counted(crate = measures)]
#[timed(crate = measures)]
#[in_flight(crate = measures)]
pub fn future() -> impl Future<Output = ()> {
    std::future::ready(())
}

pub struct Cart;

#[counted(crate = measures)]
#[timed(crate = measures, sample = 1/2)]
#[in_flight(crate = measures)]
impl Cart {
    pub fn size(&self) -> usize {
        0
    }

    #[counted(crate = measures, outcome = false)]
    pub async fn fill(&mut self) -> Result<(), Cache> {
        Ok(())
    }
}

#[test]
fn calls_are_recorded() {
    COUNTED
        .with(&Request {
            cache_state: Cache::Hit,
        })
        .inc();
    let _ = &COMPUTED;
    sync(Cache::Hit).expect("the function returns its argument");
    let text = measures::encode_to_string(measures::Format::Text);
    assert!(text.contains("renamed_counted_total{cache_state=\"hit\"} 1"));
    assert!(text.contains("cache=\"hit\",even=\"true\",outcome=\"ok\"} 1"));
    assert!(text.contains("function=\"Cart::fill\""));
}
