use metrics_core::metrics;

metrics! {
    /// Things.
    static BUILD: Info = "app_build_info";
}

fn main() {}
