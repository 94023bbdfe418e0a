//! The derives `Label` and `Labels`, with their reference documentation.

/// Implements [`Label`](trait@crate::Label) for an enum, whose variants become the label's values.
///
/// A variant's value is its name in `snake_case`. `#[label(rename_all = "...")]` on the enum
/// takes `snake_case`, `kebab-case`, `camelCase`, `PascalCase`, `SCREAMING_SNAKE_CASE`,
/// `SCREAMING-KEBAB-CASE`, `lowercase` or `UPPERCASE`; `#[label(rename = "...")]` on a variant
/// sets its value. `#[label(crate = path)]` is the path of this crate, if it was renamed. Variants
/// may have fields, which the label ignores.
///
/// `#[label(other)]` on one variant with a single field, such as `Other(String)`, makes the label
/// open: the variant's value is that of the field, whose type may be any label. If it equals the
/// value of another variant, both are one series.
///
/// ```
/// use metrics_core::Label;
///
/// #[derive(Label)]
/// #[label(rename_all = "kebab-case")]
/// enum Fault {
///     TimedOut,
///     #[label(rename = "io")]
///     Disk(std::io::Error),
/// }
///
/// assert_eq!(Fault::VALUES, Some(["timed-out", "io"].as_slice()));
/// # let _ = (Fault::TimedOut, |e| Fault::Disk(e));
/// ```
///
/// A metric takes the values of its labels by value. Declare the label as a reference if the enum
/// is not `Copy` and is used again:
///
/// ```
/// use metrics_core::{Label, metrics};
///
/// #[derive(Label)]
/// enum Fault {
///     TimedOut,
///     Disk(std::io::Error),
/// }
///
/// metrics! {
///     /// Requests that failed.
///     static FAILED: Counter<(fault: &Fault)> = "app_failed_total";
/// }
///
/// let fault = Fault::Disk(std::io::Error::other("full"));
/// FAILED.with(&fault).inc();
/// # let _ = Fault::TimedOut;
/// if let Fault::Disk(error) = fault {
///     println!("{error}");
/// }
/// ```
pub use metrics_macros::Label;

/// Implements [`Labels`](trait@crate::Labels) for a struct, whose fields become labels.
///
/// `#[label(rename = "...")]` on a field and `#[label(rename_all = "...")]` on the struct set the
/// label names; `#[label(utf8)]` on the struct allows any characters except control characters in
/// them, for metrics with `#[utf8]`; `#[label(crate = path)]` is the path of this crate, if it was
/// renamed. See [the trait](trait@crate::Labels) for an example.
///
/// `#[label(flatten)]` on a field whose type derives `Labels` itself adds the labels of that type;
/// a name that occurs twice is a compile error. `#[label(skip)]` leaves a field out; its type need
/// not be a label.
///
/// `#[label(display)]` on a field formats the value with [`Display`](std::fmt::Display), for types
/// such as `IpAddr` and `char`, and for an `Option` of them. Such a label is open. Every look-up
/// formats the value, on the stack if it is short, without holding a lock. A panic in
/// `Display` is passed on to the caller; if `Display` returns an error, the label is the text
/// written until then.
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr};
/// use metrics_core::{Labels, metrics};
///
/// #[derive(Labels)]
/// struct Peer {
///     #[label(display)]
///     address: IpAddr,
///     #[label(display)]
///     proxy: Option<IpAddr>,
/// }
///
/// #[derive(Labels)]
/// struct Connection {
///     secure: bool,
///     #[label(flatten)]
///     peer: Peer,
///     #[label(skip)]
///     bytes: Vec<u8>,
/// }
///
/// metrics! {
///     /// Connections.
///     static OPENED: Counter<Connection> = "peer_connections_total";
/// }
///
/// let peer = Peer { address: Ipv4Addr::LOCALHOST.into(), proxy: None };
/// let connection = Connection { secure: true, peer, bytes: Vec::new() };
/// OPENED.with(&connection).inc(); // {secure="true",address="127.0.0.1"} 1
/// # let _ = connection.bytes;
/// ```
pub use metrics_macros::Labels;
