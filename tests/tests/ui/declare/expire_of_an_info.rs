use metrics_core::metrics;

metrics! {
    /// Things.
    #[expire("1h")]
    static BUILD: Info<(version: &str)> = "app_build_info";
}

fn main() {}
