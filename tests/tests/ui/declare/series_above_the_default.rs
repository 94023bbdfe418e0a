use metrics_core::{Label, metrics};

#[derive(Label)]
enum Byte { A, B, C, D, E, F, G, H, I, J, K }

metrics! {
    /// Things.
    static DONE: Counter<(a: Byte, b: Byte, c: Byte, d: Byte)> = "app_done_total";
}

fn main() {}
