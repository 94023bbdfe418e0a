//! Certificates of the server that is attacked.

use std::{fs, path::Path};

use metrics_http::Tls;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// Creates a root certificate and one for `localhost`, and writes them to a folder.
pub(crate) fn create(folder: &Path) -> Tls {
    let mut params = CertificateParams::new([]).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("random bytes");
    let authority = CertifiedIssuer::self_signed(params, key).expect("a certificate");
    let key = KeyPair::generate().expect("random bytes");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a valid name");
    let certificate = params.signed_by(&key, &authority).expect("a certificate");
    for (name, content) in [
        (ROOT, authority.pem()),
        ("tls.crt", certificate.pem()),
        ("tls.key", key.serialize_pem()),
    ] {
        fs::write(folder.join(name), content).expect("the folder is writable");
    }
    Tls::files(folder.join("tls.crt"), folder.join("tls.key"))
}

/// Name of the file of the root certificate.
pub(crate) const ROOT: &str = "ca.crt";
