//! The exposition formats: each implements [`Sink`](crate::sample::sink::Sink) and knows no metric.
//!
//! They share the [`Buffer`](buffer::Buffer), into which lines and messages are written, and the
//! [`Outlet`](outlet::Outlet), which passes its content on. The registry chooses a format.

mod buffer;
pub(crate) mod number;
mod outlet;
pub(crate) mod protobuf;
pub(crate) mod text;

pub(crate) use self::outlet::Output;
