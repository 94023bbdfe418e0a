//! [`Headers`]: the response headers that the configuration file can set.

use serde::Deserialize;

/// The section `headers`. As in exporter-toolkit, names are written as here, and others are errors.
#[derive(Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Headers {
    #[serde(rename = "Content-Security-Policy")]
    content_security_policy: Option<String>,
    #[serde(rename = "X-Frame-Options")]
    x_frame_options: Option<FrameOptions>,
    #[serde(rename = "X-Content-Type-Options")]
    x_content_type_options: Option<ContentTypeOptions>,
    #[serde(rename = "X-XSS-Protection")]
    x_xss_protection: Option<String>,
    #[serde(rename = "Strict-Transport-Security")]
    strict_transport_security: Option<String>,
}

impl Headers {
    /// Names and values of the headers that are not empty.
    pub(super) fn set(&self) -> Vec<(String, String)> {
        let frame_options = self.x_frame_options.as_ref().map(|options| &options.0);
        let type_options = self.x_content_type_options.as_ref();
        let headers = [
            (
                "Content-Security-Policy",
                self.content_security_policy.as_ref(),
            ),
            ("X-Frame-Options", frame_options),
            (
                "X-Content-Type-Options",
                type_options.map(|options| &options.0),
            ),
            ("X-XSS-Protection", self.x_xss_protection.as_ref()),
            (
                "Strict-Transport-Security",
                self.strict_transport_security.as_ref(),
            ),
        ];
        let set = headers.into_iter().filter_map(|(name, value)| {
            let value = value.filter(|value| !value.is_empty())?;
            Some((name.to_owned(), value.clone()))
        });
        set.collect()
    }
}

#[derive(Deserialize, PartialEq)]
#[serde(try_from = "String")]
struct FrameOptions(String);

impl TryFrom<String> for FrameOptions {
    type Error = String;

    fn try_from(value: String) -> Result<FrameOptions, String> {
        match value.as_str() {
            "" | "deny" | "sameorigin" => Ok(FrameOptions(value)),
            _ => Err(format!(
                "`{value}` is not a value of X-Frame-Options; write deny or sameorigin"
            )),
        }
    }
}

#[derive(Deserialize, PartialEq)]
#[serde(try_from = "String")]
struct ContentTypeOptions(String);

impl TryFrom<String> for ContentTypeOptions {
    type Error = String;

    fn try_from(value: String) -> Result<ContentTypeOptions, String> {
        match value.as_str() {
            "" | "nosniff" => Ok(ContentTypeOptions(value)),
            _ => Err(format!(
                "`{value}` is not a value of X-Content-Type-Options; write nosniff"
            )),
        }
    }
}
