use metrics_core::metrics;

metrics! {
    /// Things.
    #[unit("bytes")]
    static BUILD: Info<(version: &str)> = "app_build_info";
}

fn main() {}
