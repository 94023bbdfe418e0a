use metrics_core::{Label, counted};

#[derive(Label)]
enum Fault {
    Full,
}

#[counted(fallible = false, err(fault: Fault))]
fn work() -> Result<u32, Fault> {
    Err(Fault::Full)
}

fn main() {}
