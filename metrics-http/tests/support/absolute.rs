// Included by its absolute path, which the compiler then records for the declaration, as it does
// for the declarations of dependencies.
metrics_http::metrics! {
    /// Parcels sent.
    static PARCELS: Counter = "parcels_sent_total";
}
