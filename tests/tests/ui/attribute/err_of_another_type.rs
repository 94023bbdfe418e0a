use metrics_core::{Label, counted};

#[derive(Label)]
enum Fault {
    Full,
}

#[derive(Label)]
enum Other {
    Empty,
}

#[counted(err(fault: Fault))]
fn work() -> Result<u32, Other> {
    Err(Other::Empty)
}

fn main() {}
