//! Tests the layers around HTTP servers and clients: which requests they count, and with which
//! labels.

mod bodies;
mod client;
mod grpc;
mod labels;
mod outcomes;
mod settings;
mod support;
