//! The builder methods that `PushGateway` and `RemoteWrite` have in common.

/// Implements the settings of requests for a type with a field `target` of type `PushTarget`.
///
/// A macro, so that both types document and treat these settings alike.
macro_rules! request_settings {
    ($type:ident) => {
        impl $type {
            /// Adds a header to each request, such as `X-Scope-OrgID`, by which Mimir, Cortex and
            /// Thanos tell tenants apart.
            ///
            /// The methods that push refuse a header that the push sets itself, such as
            /// `Content-Type`, and `Authorization`, which has methods of its own. Errors and
            /// `Debug` omit the value.
            ///
            /// ```
            /// use metrics_http::PushGateway;
            ///
            /// let gateway = PushGateway::new("http://127.0.0.1:9091", "backup");
            /// let gateway = gateway.header("X-Scope-OrgID", "team-a");
            /// let error = gateway.header("Content-Type", "text/plain").push().unwrap_err();
            /// assert!(error.to_string().contains("the header `Content-Type`"));
            /// ```
            pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> $type {
                self.target.headers.push((name.into(), value.into()));
                self
            }

            /// Authenticates with a user name and a password.
            pub fn basic_auth(
                mut self,
                user: impl Into<String>,
                password: impl Into<String>,
            ) -> $type {
                self.target.credentials = $crate::push::credentials::Credentials::Basic {
                    user: user.into(),
                    password: $crate::push::credentials::Secret::Given(password.into()),
                };
                self
            }

            /// Authenticates with a user name, and a password in a file.
            ///
            /// The file is read for each request, without the white space around the password, so
            /// that the password can be changed while the program runs. A missing or unreadable
            /// file is an error of the push, not of this call.
            pub fn basic_auth_file(
                mut self,
                user: impl Into<String>,
                password: impl Into<std::path::PathBuf>,
            ) -> $type {
                self.target.credentials = $crate::push::credentials::Credentials::Basic {
                    user: user.into(),
                    password: $crate::push::credentials::Secret::File(password.into()),
                };
                self
            }

            /// Authenticates with a bearer token.
            pub fn bearer_auth(mut self, token: impl Into<String>) -> $type {
                self.target.credentials = $crate::push::credentials::Credentials::Bearer(
                    $crate::push::credentials::Secret::Given(token.into()),
                );
                self
            }

            /// Authenticates with a bearer token in a file, such as that of a Kubernetes service
            /// account.
            ///
            /// The file is read as that of [`basic_auth_file`](Self::basic_auth_file).
            ///
            /// ```
            /// use metrics_http::PushGateway;
            ///
            /// let gateway = PushGateway::new("http://127.0.0.1:9091", "backup");
            /// let error = gateway.bearer_auth_file("/nowhere/token").push().unwrap_err();
            /// assert!(error.to_string().ends_with("`/nowhere/token`: there is no such file; create it"));
            /// ```
            pub fn bearer_auth_file(mut self, token: impl Into<std::path::PathBuf>) -> $type {
                self.target.credentials = $crate::push::credentials::Credentials::Bearer(
                    $crate::push::credentials::Secret::File(token.into()),
                );
                self
            }

            /// Connects through this proxy, instead of one that the environment names.
            ///
            /// The URL begins with `http://`, or with `socks5://`; it may contain a user and a
            /// password, which errors and `Debug` omit. A proxy with `http://` gets requests
            /// `CONNECT` for `https` servers, and forwards the requests to `http` servers.
            ///
            /// Without this call and [`no_proxy`](Self::no_proxy), the variables of the environment
            /// apply, as in curl and Go: `HTTPS_PROXY` or `HTTP_PROXY`, by the scheme of the server,
            /// then `ALL_PROXY`, except for servers in `NO_PROXY`, which lists domains, addresses
            /// and networks separated by commas. The names may be in lower case. Servers on loopback
            /// are always reached directly, and a program that a web server starts as CGI (with the
            /// variable `REQUEST_METHOD`) ignores `HTTP_PROXY` in upper case.
            ///
            /// ```
            /// use metrics_http::PushGateway;
            ///
            /// let gateway = PushGateway::new("http://gateway.invalid:9091", "backup");
            /// let error = gateway.proxy("http://user:secret@127.0.0.1:1").push().unwrap_err();
            /// assert!(error.to_string().contains("through the proxy http://127.0.0.1:1: "));
            /// ```
            pub fn proxy(mut self, url: impl Into<String>) -> $type {
                self.target.proxy = $crate::push::proxy::ProxySetting::Url(url.into());
                self
            }

            /// Connects directly, even if the environment names a proxy.
            pub fn no_proxy(mut self) -> $type {
                self.target.proxy = $crate::push::proxy::ProxySetting::Direct;
                self
            }

            /// Trusts these root certificates (PEM) instead of those of the system.
            #[cfg(feature = "https")]
            pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> $type {
                self.target.tls.root_certificates = Some(pem.into());
                self
            }

            /// Presents a client certificate to an `https` server that demands one: a certificate
            /// chain and its private key, both in PEM.
            #[cfg(feature = "https")]
            pub fn client_certificate(
                mut self,
                certificate: impl Into<Vec<u8>>,
                key: impl Into<Vec<u8>>,
            ) -> $type {
                self.target.tls.client_certificate = Some(
                    $crate::push::tls::ClientCertificate::Given($crate::push::tls::Pem {
                        certificate: certificate.into(),
                        key: key.into(),
                    }),
                );
                self
            }

            /// Like [`client_certificate`](Self::client_certificate), with the paths of PEM files.
            ///
            /// The files are read for each request, which opens a new connection if they have
            /// changed, so that a certificate can be renewed while the program runs. A missing file
            /// or a key that does not belong to the certificate is an error of the push, not of
            /// this call.
            #[cfg(feature = "https")]
            pub fn client_certificate_files(
                mut self,
                certificate: impl Into<std::path::PathBuf>,
                key: impl Into<std::path::PathBuf>,
            ) -> $type {
                self.target.tls.client_certificate =
                    Some($crate::push::tls::ClientCertificate::Files {
                        certificate: certificate.into(),
                        key: key.into(),
                    });
                self
            }
        }
    };
}

pub(super) use request_settings;
