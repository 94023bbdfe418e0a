//! Tests of the text of expositions: golden documents, numbers, created timestamps, line order.

mod created;
mod document;
mod extremes;
mod golden;
mod lines;
mod support;
