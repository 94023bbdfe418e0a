//! [`RemoteWriteVersion`]: the versions of the remote-write protocol.

/// A version of the remote-write protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RemoteWriteVersion {
    /// 1.0, with Prometheus' extensions for metadata, exemplars and native histograms.
    V1,
    /// 2.0, with a fallback to 1.0 if the server does not support it.
    #[default]
    V2,
}
