//! Our dynamic metrics, which a program creates while it runs.

use std::{hint::black_box, sync::LazyLock};

use metrics_core::{Counter, DynamicFamily, Options, Registry};

use super::OURS;
use crate::support::{Row, Table, inputs};

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::new);
static HELD: LazyLock<Counter> = LazyLock::new(|| {
    let options = Options::new("dynamic_events_total", "Events.");
    REGISTRY.create(options).expect("the options are valid")
});
static VISITS: LazyLock<DynamicFamily<Counter>> =
    LazyLock::new(|| family("dynamic_visits_total", ["tenant", "path"]));
static ORDERS: LazyLock<DynamicFamily<Counter>> =
    LazyLock::new(|| family("dynamic_orders_total", ["route", "customer"]));

fn family(name: &str, labels: [&str; 2]) -> DynamicFamily<Counter> {
    let options = Options::new(name, "Events.").labels(labels);
    REGISTRY
        .create_family(options)
        .expect("the options are valid")
}

pub(super) fn enter(table: &mut Table) {
    table.enter(Row::DynamicHeld, OURS, || {
        let events = HELD.clone();
        move |_| events.inc()
    });
    table.enter(Row::DynamicShort, OURS, || {
        let (visits, texts) = (VISITS.clone(), inputs::few_texts());
        move |index| {
            let (tenant, path) = texts.at(index);
            visits.with(&[tenant, path]).inc();
        }
    });
    table.enter(Row::DynamicLong, OURS, || {
        let (orders, texts) = (ORDERS.clone(), inputs::routes_and_ids());
        move |index| {
            let (route, customer) = texts.at(index);
            orders.with(&[route, customer]).inc();
        }
    });
    table.enter(Row::Bind, OURS, || {
        let (visits, texts) = (VISITS.clone(), inputs::few_texts());
        move |index| {
            let (tenant, path) = texts.at(index);
            black_box(visits.bind(&[tenant, path]));
        }
    });
}
