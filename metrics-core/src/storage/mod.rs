//! Each thread's storage, and how a scrape sums it. The only folder with unsafe code.
//!
//! Each thread records into memory that it alone writes, so that a recording needs no lock and no
//! atomic read-modify-write. A scrape reads the memory of all threads and sums it. When a thread
//! ends, it adds its values to memory that all threads share.
//!
//! # Terms
//!
//! * **Cell**: one `AtomicU64`. A [`Layout`](layout::Layout) says what the cells of a series mean,
//!   and what *values* (plain `u64`s) a scrape makes of them. *Scalar* layouts have one or two
//!   independent cells; a histogram has a [block](histogram_block) of cells that are read together.
//! * **Region**: the storage of one metric, or of some series of one, in all threads.
//! * **Place**: the position of a series in a region. With *closed labels*, whose values are known
//!   at compile time, each series has its place from the start. With *open labels*, a series
//!   *claims* a place, and another one claims it after the series was removed; the two differ by
//!   their [generation].
//! * **Group**: the cells of one outcome of an instrumented call; a series of any other metric has
//!   one group.
//! * **Directory**: a thread's array of **slots**, one for each region, with the address of the
//!   thread's cells. A thread *attaches* its cells, that is, stores their address in the slot, when
//!   it first records into the region.
//! * **Shared cells**: the cells of a region that belong to no thread. They hold what ended threads
//!   have recorded, late recordings, and the values of gauges.
//! * **Late recording**: a recording into the shared cells, because the thread has ended (it comes
//!   from a destructor), or because it comes from a global allocator while the thread attaches.
//!
//! # How a recording finds the thread's cells
//!
//! | metric | path | look-up |
//! |---|---|---|
//! | declared, closed labels, up to 32 cells | [`LocalCells`] | the cells are in static thread-local storage |
//! | declared, closed labels, more cells | [`LocalBlock`] | a thread-local pointer |
//! | declared, open labels | [`SeriesCache`], else [`Regions::ready`] | a hash table of the thread; the index and the directory |
//! | functions with open labels, dynamic metrics, handles | [`Region::record_closed`], [`Region::ready`] | the directory |
//! | gauges | [`Region::shared_cells`] | none: all threads share the cells |
//!
//! # What each flag of a thread excludes
//!
//! | flag | true, or changed | excludes |
//! |---|---|---|
//! | `has_ended` | from the first step of the thread's end | attaching cells that no end would fold; later recordings are late |
//! | `is_on_cold_path` | in code that allocates or takes the lock | that an allocator which records enters such code again: its recording is late |
//! | `holds_lock` | during a late recording | that a native histogram, which takes the lock to merge buckets, takes it twice |
//! | `epoch` | when the thread ends, and when it zeroes cells for a new generation | using [`CachedCells`] of before |
//!
//! # The lock
//!
//! One lock in `global.rs` orders scrapes, the start and the end of threads, claims of used places,
//! and late recordings. Nothing is allocated or freed while it is held, because an allocator may
//! record. A recording takes it only in its thread's first recording into a region.
//!
//! # What this relies on
//!
//! Addresses of static thread-local storage stay valid until the thread has run its destructors.
//! This holds for native thread-local storage (Linux, macOS, Windows, the BSDs, wasm).
//!
//! # Files
//!
//! `cells`, `region`, `directory`, `global` hold the data; `lifecycle` and `thread` create and end
//! regions and threads; `local`, `cached_cells`, `series_cache` find a thread's cells; `record` and
//! `read` are the two interfaces. `histogram_block`, `scalar`, `native` and `layout` define what
//! the cells mean; `model` checks the protocols with loom. The metric types record and read through
//! this module; the registry and the index of series read and claim.

pub(crate) mod atomic;
mod cached_cells;
mod cells;
pub(crate) mod clock;
pub(crate) mod cpu;
mod directory;
pub(crate) mod generation;
mod global;
pub(crate) mod histogram_block;
pub(crate) mod layout;
mod lifecycle;
mod local;
#[cfg(all(test, not(miri)))]
pub(crate) mod model;
pub(crate) mod native;
mod read;
mod record;
mod region;
pub(crate) mod scalar;
mod series_cache;
mod thread;

pub(crate) use cached_cells::{CachedCells, Regions};
pub use local::ConstInit;
pub(crate) use local::{LocalBlock, LocalCells, LocalStorage, attach, local_storage};
pub(crate) use read::Reader;
pub(crate) use record::{record_local, try_record_local};
pub(crate) use region::Region;
pub(crate) use series_cache::{SeriesCache, cache_series};
pub(crate) use thread::{answer_copy_request, lock_out_scrapes, without_reentry};
