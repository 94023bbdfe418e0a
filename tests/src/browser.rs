//! [`Browser`]: headless Chromium, driven over `WebDriver` (<https://www.w3.org/TR/webdriver2/>).
//!
//! The tests need only a few commands of the protocol. A crate for it would add an async runtime
//! and a second HTTP client.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;

use crate::{address::free_address, judge::installed, wait::wait_until};

/// A running browser with one page, stopped when dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    // Kept open, because the driver fails when it prints to a closed pipe.
    _stdout: BufReader<ChildStdout>,
    agent: Agent,
    /// The URL of the session.
    session: String,
    profile: TempDir,
}

impl Browser {
    /// Starts a browser whose page is 1280 by 900 pixels.
    #[track_caller]
    pub fn start() -> Self {
        let address = free_address();
        let mut driver = Command::new(installed("CHROMEDRIVER", "chromium/usr/bin/chromedriver"))
            .arg(format!("--port={}", address.port()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut stdout = BufReader::new(driver.stdout.take().expect("it was piped"));
        wait_until_ready(&mut stdout);
        let profile = TempDir::new().expect("a folder for the browser");
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .build()
            .into();
        let mut browser = Self {
            driver,
            _stdout: stdout,
            agent,
            session: format!("http://{address}/session"),
            profile,
        };
        let options = browser.capabilities();
        let session = browser.command("", &options);
        let id = session["sessionId"].as_str().expect("a session has an id");
        browser.session = format!("{}/{id}", browser.session);
        browser.resize(1280, 900, false);
        browser
    }

    fn capabilities(&self) -> Value {
        let chromium = installed("CHROMIUM", "chromium/usr/bin/chromium");
        let arguments = [
            "--headless=new".to_owned(),
            // Chromium's sandbox refuses to run as root.
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-gpu".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            format!("--user-data-dir={}", self.profile.path().display()),
        ];
        json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "binary": chromium, "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } })
    }

    /// Opens a page and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.command("/url", &json!({ "url": url }));
    }

    /// Runs a script as the body of a function in the page, and returns its result.
    #[track_caller]
    pub fn run(&self, script: &str) -> Value {
        self.command("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until a JavaScript expression is truthy, and returns its value.
    #[track_caller]
    pub fn until(&self, expression: &str) -> Value {
        let script = format!("return ({expression}) || null;");
        wait_until(TIMEOUT, expression, || {
            let value = self.run(&script);
            (!value.is_null()).then_some(value)
        })
    }

    /// Returns the value of a JavaScript expression, which must be a string.
    #[track_caller]
    pub fn text(&self, expression: &str) -> String {
        let value = self.run(&format!("return {expression};"));
        let text = value.as_str();
        text.unwrap_or_else(|| panic!("{expression} is not a string but {value}"))
            .to_owned()
    }

    /// Presses and releases a key, given by its character, or by its code in `WebDriver`, such as
    /// U+E00C for Escape.
    #[track_caller]
    pub fn press(&self, key: &str) {
        let actions = json!({ "actions": [{ "type": "key", "id": "keys", "actions": [
            { "type": "keyDown", "value": key },
            { "type": "keyUp", "value": key },
        ] }] });
        self.command("/actions", &actions);
    }

    /// Clicks the first element that matches a CSS selector.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let found = json!({ "using": "css selector", "value": selector });
        let element = self.command("/element", &found);
        let id = element.as_object().and_then(|it| it.values().next());
        let id = id.and_then(Value::as_str).expect("an element has an id");
        self.command(&format!("/element/{id}/click"), &json!({}));
    }

    /// Sets the size of the page in pixels, and whether the browser emulates a phone.
    #[track_caller]
    pub fn resize(&self, width: u32, height: u32, is_phone: bool) {
        let metrics = json!({
            "width": width, "height": height, "mobile": is_phone,
            "deviceScaleFactor": if is_phone { 2 } else { 1 },
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Sets a media feature, such as `prefers-color-scheme`.
    #[track_caller]
    pub fn prefer(&self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", &features);
    }

    /// Returns the warnings and errors on the console since the last call.
    #[track_caller]
    pub fn console_errors(&self) -> Vec<String> {
        let log = self.command("/se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().expect("a log is a list").iter();
        let bad = entries.filter(|it| it["level"] == "SEVERE" || it["level"] == "WARNING");
        bad.map(|it| it["message"].to_string()).collect()
    }

    /// Writes a screenshot of the visible part of the page to a PNG file.
    #[track_caller]
    pub fn screenshot(&self, path: &Path) {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("a folder for screenshots");
        }
        let image = self.send("GET", "/screenshot", None);
        let image = STANDARD.decode(image.as_str().expect("an image as text"));
        fs::write(path, image.expect("an image in base64")).expect("a file for it");
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        let command = json!({ "cmd": command, "params": parameters });
        self.command("/goog/cdp/execute", &command);
    }

    #[track_caller]
    fn command(&self, path: &str, body: &Value) -> Value {
        self.send("POST", path, Some(body))
    }

    #[track_caller]
    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let url = format!("{}{path}", self.session);
        let response = match (method, body) {
            ("POST", Some(body)) => self.agent.post(&url).send(body.to_string()),
            ("DELETE", _) => self.agent.delete(&url).call(),
            _ => self.agent.get(&url).call(),
        };
        let mut response = response.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let text = response.body_mut().with_config().limit(u64::MAX);
        let text = text
            .read_to_string()
            .expect("the driver responds with text");
        let mut response: Value =
            serde_json::from_str(&text).expect("the driver responds with JSON");
        let value = response["value"].take();
        assert!(
            value.get("error").is_none(),
            "{method} {path}: {}",
            value["message"]
        );
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the session first: killing the driver alone would leave Chromium running.
        _ = self.agent.delete(&self.session).call();
        _ = self.driver.kill();
        _ = self.driver.wait();
    }
}

/// Reads lines up to `ChromeDriver was started successfully on port 20631.`
#[track_caller]
fn wait_until_ready(stdout: &mut impl BufRead) {
    let mut output = Vec::new();
    for line in stdout.lines().map_while(Result::ok) {
        if line.contains("started successfully") {
            return;
        }
        output.push(line);
    }
    panic!("chromedriver did not start: {}", output.join("\n"));
}

/// The longest wait for a browser, which starts slowly on a machine that compiles at the same time.
const TIMEOUT: Duration = Duration::from_mins(3);
