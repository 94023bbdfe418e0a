use metrics_core::counted;

unsafe extern "C" {
    #[counted]
    fn work();
}

fn main() {}
