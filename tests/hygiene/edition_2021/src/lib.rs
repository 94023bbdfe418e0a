//! Tests that expansions compile in edition 2021, where `impl Future` does not capture lifetimes
//! implicitly.

use std::future::Future;

use metrics_core::{counted, encode_to_string, in_flight, metrics, timed, Format, Label, Labels};

#[path = "../../shapes.rs"]
pub mod shapes;

/// A type with a lifetime.
pub struct Page<'a> {
    pub text: &'a str,
    pub visits: u32,
}

#[counted]
#[timed]
#[in_flight]
pub async fn elided(page: &Page<'_>, path: &str) -> usize {
    page.text.len() + path.len()
}

#[counted(labels(path))]
#[timed]
#[in_flight]
pub async fn named<'a, 'b: 'a>(page: &'b Page<'a>, path: &'a str) -> Result<&'a str, ()> {
    if path.is_empty() {
        Err(())
    } else {
        Ok(page.text)
    }
}

#[counted]
#[timed]
#[in_flight]
pub async fn generic<'a, T: AsRef<str> + ?Sized>(text: &'a T, _: &str) -> &'a str {
    text.as_ref()
}

#[counted]
#[timed]
#[in_flight]
pub async fn nested(pages: &mut [Page<'_>]) -> Option<u32> {
    pages.iter().map(|page| page.visits).max()
}

#[counted]
#[timed]
#[in_flight]
pub fn future<'a>(page: &'a Page<'a>) -> impl Future<Output = usize> + 'a {
    async move { page.text.len() }
}

#[counted]
#[timed]
#[in_flight]
pub fn future_of_nothing() -> impl Future<Output = u32> {
    async { 1 }
}

impl<'a> Page<'a> {
    #[counted(labels(self.visits))]
    #[timed]
    #[in_flight]
    pub async fn text(&self) -> &'a str {
        self.text
    }

    #[counted]
    #[timed]
    #[in_flight]
    pub async fn read(&mut self, by: &str) -> Result<&mut u32, String> {
        if by.is_empty() {
            return Err(String::from("nobody"));
        }
        self.visits += 1;
        Ok(&mut self.visits)
    }

    #[counted]
    pub fn length(&self) -> impl Future<Output = usize> + '_ {
        async move { self.text.len() }
    }
}

#[counted]
#[timed]
#[in_flight]
impl Page<'_> {
    pub async fn starts(&self, with: &str) -> bool {
        self.text.starts_with(with)
    }

    pub async fn into_text(self: Box<Self>) -> Result<String, ()> {
        Ok(self.text.to_owned())
    }
}

/// A trait with a default method that returns a future.
#[counted]
#[timed]
pub trait Read {
    fn again(&self) -> impl Future<Output = Result<u32, ()>> + Send {
        async { Ok(1) }
    }
}

#[test]
fn calls_with_borrowed_arguments_are_recorded() {
    use shapes::output;

    let text = String::from("text");
    let mut page = Page {
        text: &text,
        visits: 0,
    };
    assert_eq!(output(elided(&page, "/")), 5);
    assert_eq!(output(named(&page, "/")), Ok("text"));
    assert_eq!(output(generic(&text, "/")), "text");
    assert_eq!(output(future(&page)), 4);
    assert_eq!(output(page.read("me")), Ok(&mut 1));
    assert_eq!(output(page.text()), "text");
    assert!(output(page.starts("te")));
    assert_eq!(output(page.length()), 4);
    assert_eq!(output(nested(&mut [page])), Some(1));
    let exposition = encode_to_string(Format::Text);
    let shows = |part: &str| exposition.lines().any(|line| line.contains(part));
    assert!(shows("path=\"/\",outcome=\"ok\"} 1"));
    assert!(shows("visits=\"1\",outcome=\"ok\"} 1"));
    assert!(shows("function=\"Page::starts\""));
}
