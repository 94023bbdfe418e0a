//! What a recording costs: ours, the peers', and what the hardware charges.
//!
//! `cargo bench -p tests --features peers --bench recording [-- <part of a row's name>]`
//! prints a table in Markdown, with a verdict where there is a target.

mod peers;
mod support;

use crate::support::Table;

fn main() {
    let mut table = Table::default();
    peers::limit::enter(&mut table);
    peers::ours::enter(&mut table);
    peers::prometheus_client::enter(&mut table);
    peers::prometheus::enter(&mut table);
    print!("{}", table.measure());
}
