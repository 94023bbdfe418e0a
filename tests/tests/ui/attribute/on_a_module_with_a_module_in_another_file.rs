use metrics_core::counted;

#[counted]
mod inner {
    mod elsewhere;
}

fn main() {}
