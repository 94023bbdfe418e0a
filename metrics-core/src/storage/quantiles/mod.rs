//! The observations of the last eight to ten minutes of a summary, from which quantiles are
//! estimated.
//!
//! Each thread counts its observations of a series in a [`Window`](window::Window): counts of narrow ranges of
//! values, kept apart for each *part* of two minutes. Parts are numbered by the system's clock, so
//! that those of all threads begin at the same time. A scrape adds up the counts of all threads in
//! the current part and the four before it.
//!
//! # Counting
//!
//! The ranges of values are chosen so that the range is found by one shift of the observation's
//! bits: each [`Page`](page::Page) counts the values between two consecutive powers of two, in 64 ranges of
//! equal width. The ranges cover all floats, so that no value is clamped.
//!
//! An observation usually finds its page in the window and stores a higher count, which no other
//! thread writes. It compares a clock that is correct to a second and costs two nanoseconds
//! ([`clock::second`](super::clock::second)) with the second of the thread's previous observation, and reads the precise
//! clock only if they differ. So a page never counts observations of a part that began more than a
//! second earlier, however rarely the thread records.
//!
//! # Memory
//!
//! A window keeps its pages until the storage of the series is freed, and uses a page again when
//! its part has left the window. Pages are linked, unlinked and used again under the lock, by the
//! thread that owns the window, so a scrape, which holds the lock, reads pages that do not change
//! except for growing counts.
//!
//! The address of a window is in a cell of its series, at [`WINDOW`](window::WINDOW). That cell belongs to the
//! window: it is not zeroed with the other cells, and the window is freed when the cells are. At
//! the end of a thread its window moves to the shared cells, or is added to the window that is
//! there. Late recordings count in the shared window.

pub(crate) mod page;
pub(crate) mod record;
pub(super) mod window;
