//! Expositions byte by byte: golden documents, numbers, and the order of lines.

mod created;
mod document;
mod extremes;
mod golden;
mod lines;
mod support;
