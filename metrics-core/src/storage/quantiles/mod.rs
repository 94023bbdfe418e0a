//! The observations of the last eight to ten minutes of a summary, from which quantiles are
//! estimated.
//!
//! Each thread counts its observations of a series in a [`Window`]: counts of narrow ranges of
//! values, kept apart for each *part* of two minutes. Parts are numbered by the system's clock, so
//! that those of all threads begin at the same time. A scrape adds up the counts of all threads in
//! the current part and the four before it.
//!
//! # Counting
//!
//! A [`Page`] counts the observations of one part between two consecutive powers of two, in 64
//! ranges of equal width, so that one shift of the observation's bits finds the range. The ranges
//! cover all floats, so that no value is clamped.
//!
//! An observation usually finds its page in the window and stores a higher count, which no other
//! thread writes. The page has a stamp: the second in which the thread has last compared the page's
//! part with the precise clock. Within that second, the thread reads only [`clock::second`], which
//! costs much less. An observation therefore counts in its own part, or in the one before if its
//! part began less than a second ago, however rarely the thread records and the program is scraped.
//!
//! # Memory
//!
//! A window keeps its pages until the storage of the series is freed, and uses a page again when
//! its part has left the window. Pages are linked, unlinked and used again under the lock, by the
//! thread that owns the window. A scrape holds the lock, so the pages that it reads change in
//! growing counts and in their smallest and largest observations only.
//!
//! The address of a window is in a cell of its series, at [`WINDOW`]. That cell belongs to the
//! window: it is not zeroed with the other cells, and the window is freed when the cells are. At
//! the end of a thread its window moves to the shared cells, or is added to the window that is
//! there. Late recordings count in the shared window.
//!
//! [`Window`]: window::Window
//! [`Page`]: page::Page
//! [`WINDOW`]: window::WINDOW
//! [`clock::second`]: super::clock::second

pub(crate) mod page;
pub(crate) mod record;
pub(super) mod window;
