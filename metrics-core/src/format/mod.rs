//! The exposition formats: each implements [`Sink`](crate::sample::sink::Sink) and imports no
//! metric type.
//!
//! The formats share the [`Buffer`](buffer::Buffer), into which lines and messages are written, and
//! the [`Outlet`](outlet::Outlet), which passes the buffer's content on. The registry creates the
//! sink of the requested format.

mod buffer;
pub(crate) mod number;
mod outlet;
pub(crate) mod protobuf;
pub(crate) mod text;

pub(crate) use self::outlet::Output;
