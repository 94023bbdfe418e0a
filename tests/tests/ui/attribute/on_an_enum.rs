use metrics_core::timed;

#[timed]
enum Work {
    Done,
}

fn main() {}
