//! The exposition formats. Each implements [`Sink`](crate::sample::sink::Sink) and knows no metric.

mod buffer;
pub(crate) mod number;
mod outlet;
pub(crate) mod protobuf;
pub(crate) mod text;

pub(crate) use self::outlet::Out;
