//! Tests the project's Markdown documents: the targets of relative links exist, the README is
//! short, the tests that `docs/promises.md` names exist, and web configuration files are valid.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use metrics_http::{Registry, Server};
use tempfile::TempDir;
use tests::Prometheus;

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    let mut faults = Vec::new();
    for document in documents() {
        let text = read(&document);
        let links = links(&text);
        for link in links.iter().filter(|link| !is_absolute(&link.target)) {
            if let Err(fault) = follow(&document, &link.target) {
                faults.push(format!("{}: {fault}", document.display()));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_readme_is_at_most_ten_kibibytes() {
    let bytes = read(&root().join("README.md")).len();
    assert!(bytes <= 10 * 1024, "{bytes} bytes");
}

#[test]
fn every_test_that_a_promise_names_exists() {
    let promises = root().join("docs/promises.md");
    let text = read(&promises);
    let links = links(&text);
    let named: Vec<_> = links
        .iter()
        .filter_map(|link| Some((code(&link.text)?, &link.target)))
        .collect();
    assert!(!named.is_empty());
    let mut faults = Vec::new();
    for (test, target) in named {
        // A file that does not exist is a fault of the link, which another test reports.
        let source = fs::read_to_string(promises.with_file_name(target)).unwrap_or_default();
        if !source.contains(&format!("fn {test}(")) {
            faults.push(format!("{target}: no `fn {test}`"));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_server_and_prometheus_accept_every_web_configuration_file_in_the_documents() {
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let certified = rcgen::generate_simple_self_signed(["shop-1".to_owned()]);
    let certified = certified.expect("a certificate");
    for name in ["tls.crt", "ca.crt"] {
        fs::write(path(name), certified.cert.pem()).expect("the certificate");
    }
    fs::write(path("tls.key"), certified.signing_key.serialize_pem()).expect("the key");
    let mut found = 0;
    for document in documents() {
        let text = read(&document);
        let blocks = text.split("```yaml\n").skip(1);
        for block in blocks.filter_map(|rest| rest.split("```").next()) {
            if block.starts_with("# web.yml\n") {
                found += 1;
                fs::write(path("web.yml"), block).expect("the configuration");
                let server = Server::builder()
                    .registry(Registry::new())
                    .web_config(path("web.yml"))
                    .serve("127.0.0.1:0");
                server.expect("the server accepts it").shutdown();
                drop(Prometheus::serving_with(&path("web.yml")));
            }
        }
    }
    assert!(found > 0);
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().expect("the workspace")
}

fn documents() -> Vec<PathBuf> {
    let root = root();
    let mut documents: Vec<_> = [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
    ]
    .map(|name| root.join(name))
    .to_vec();
    for entry in fs::read_dir(root.join("docs")).expect("the folder of documents") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            documents.push(path);
        }
    }
    documents
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A link of the form `[text](target)`.
struct Link {
    text: String,
    target: String,
}

/// Returns the text between two backticks, if nothing is outside them.
fn code(text: &str) -> Option<&str> {
    text.strip_prefix('`')?.strip_suffix('`')
}

/// Returns the links of a document, except those in fenced code blocks.
fn links(document: &str) -> Vec<Link> {
    let prose = prose(document);
    let mut links = Vec::new();
    for (at, _) in prose.match_indices("](") {
        let text = prose[..at].rfind('[').map(|start| &prose[start + 1..at]);
        let target = prose[at + 2..].split_once(')');
        if let (Some(text), Some((target, _))) = (text, target) {
            links.push(Link {
                text: text.to_owned(),
                target: target.to_owned(),
            });
        }
    }
    links
}

/// Returns a document without its fenced code blocks.
fn prose(document: &str) -> String {
    let mut is_code = false;
    let mut prose = String::new();
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

fn is_absolute(target: &str) -> bool {
    target.starts_with("https://") || target.starts_with("http://")
}

fn follow(document: &Path, target: &str) -> Result<(), String> {
    let (path, anchor) = match target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target, None),
    };
    let file = match path {
        "" => document.to_owned(),
        path => document.parent().expect("a folder").join(path),
    };
    if !file.exists() {
        return Err(format!("`{target}` leads to no file"));
    }
    match anchor {
        Some(anchor) if !anchors(&read(&file)).contains(anchor) => {
            Err(format!("`{target}` leads to no heading"))
        }
        _ => Ok(()),
    }
}

/// Returns the anchors that GitHub gives the headings of a document.
fn anchors(document: &str) -> BTreeSet<String> {
    let prose = prose(document);
    let headings = prose.lines().filter_map(|line| {
        let title = line.trim_start_matches('#');
        (title.len() < line.len()).then(|| title.trim())
    });
    headings.map(anchor).collect()
}

fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let lower = heading.to_lowercase();
    let kept = lower.chars().filter(kept);
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
