#![deny(deprecated)]

use std::future::ready;

trait Job<T>: Future<Output = T> {}

impl<T, F: Future<Output = T>> Job<T> for F {}

#[metrics_core::counted]
fn job<T>(value: T) -> impl Job<T> {
    ready(value)
}

fn main() {
    let _ = job(1);
}
