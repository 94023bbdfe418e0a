use metrics_core::timed;

trait Work {
    #[timed]
    fn work(&self);
}

fn main() {}
