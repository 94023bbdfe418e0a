//! Expositions byte by byte: golden documents, numbers, created timestamps, and the order of lines.

mod created;
mod document;
mod extremes;
mod golden;
mod lines;
mod support;
