use metrics_core::metrics;

metrics! {
    /// Things.
    static BUILD: Info<(version: &str)> = "app_build";
}

fn main() {}
