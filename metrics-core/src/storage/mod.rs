//! The storage of all metric values: cells in each thread, which a scrape sums.
//!
//! This is the only folder of this crate with unsafe code. Except for gauges, late recordings
//! and borrowed stripes (see below), each thread records into cells (64-bit words) that no other
//! thread records into, so that a recording needs no lock and no atomic read-modify-write. A scrape reads the cells of all
//! threads and sums them. When a thread ends, it adds its values to cells that all threads share.
//!
//! # Terms
//!
//! * **Cell**: one `AtomicU64`. A [`Layout`](layout::Layout) says what the cells of a series mean,
//!   and what *values* (plain `u64`s) a scrape makes of them. A group (see below) of a *scalar*
//!   layout has at most two independent cells; that of a histogram is a [block](histogram_block) of
//!   cells that are read together.
//! * **Region**: the storage of one metric, or of some series of one, in all threads.
//! * **Place**: the position of a series in a region. With *closed labels*, whose values are known
//!   at compile time, each series has its place from the start. With *open labels*, a series
//!   *claims* a place, and another one can claim it after the series was removed; the two differ by
//!   their [generation].
//! * **Group**: the cells of one outcome row (a combination of outcome and result labels) of an
//!   instrumented function; a series of any other metric has one group.
//! * **Directory**: a thread's array of **slots**, one for each region, with the address of the
//!   thread's cells. A thread *attaches* its cells, that is, stores their address in the slot, when
//!   it first records into the region.
//! * **Owner**: a thread with heap cells of a region. A region has at most a number of owners that
//!   depends on the number of processors; then it is *crowded*.
//! * **Stripe**: cells of a region which threads that are not owners *borrow* in turn, each for one
//!   recording, while the region is crowded: see [stripes].
//! * **Shared cells**: the cells of a region that belong to no thread. They hold what ended threads
//!   have recorded, late recordings, the values of gauges, and the coarsest resolution of native
//!   buckets.
//! * **Late recording**: a recording into the shared cells, because the thread has ended (it comes
//!   from a destructor), or because it comes from a global allocator that this thread's cold path
//!   has called, for instance to attach cells.
//!
//! # How a recording finds the thread's cells
//!
//! | metric | path | look-up |
//! |---|---|---|
//! | declared, closed labels, up to 32 cells | `LocalCells` | the cells are in static thread-local storage |
//! | declared, closed labels, more cells or a histogram or summary | `LocalBlock` | a thread-local pointer |
//! | declared, open labels | `SeriesCache`, else [`Regions::ready`] | a hash table of the thread; the index and the directory |
//! | functions with closed labels, not `async` | as declared metrics with closed labels | as there |
//! | `async` functions with closed labels | [`Region::record`] | the directory |
//! | functions with open labels | [`Region::ready`] | the directory |
//! | dynamic metrics, open labels | `FamilyCache`, else [`Regions::ready_slice`] | a hash table of the thread; the index and the directory |
//! | handles | [`Region::ready`], of a region in an [`Anchored`] | the directory |
//! | gauges | [`Region::shared_cells`] | none: all threads share the cells |
//!
//! If the second column finds no cells of the thread, a cold path attaches them. Cells that are not
//! in `LocalCells` are on the heap. If the region is crowded, the cold path instead borrows a stripe,
//! which it finds through the region.
//!
//! # Targets without native thread-local storage
//!
//! `LocalCells`, `LocalBlock`, `SeriesCache` and `FamilyCache` rely on this: the address of a thread-local value
//! without a destructor stays valid until the thread has run all of its code. That holds for native
//! thread-local storage. Elsewhere the standard library keeps such values on the heap and frees
//! them in an order that it does not promise. There, and with `--cfg metrics_fallback_storage`, the
//! table above does not apply to declared metrics and functions with closed labels: `DirectoryOnly`
//! replaces the first three types, and all cells are on the heap and found through the directory.
//! `thread_state/fallback.rs` says how the thread's end works then.
//!
//! The build script of this crate decides which targets have native thread-local storage;
//! docs/operating.md lists them for users.
//!
//! # What each flag of a thread excludes
//!
//! | flag | true, or changed | excludes |
//! |---|---|---|
//! | `is_on_cold_path` | in [`without_reentry`]: code of a recording that allocates | that an allocator which records enters this code again: its recording is late |
//! | `holds_lock` | during a late recording | that a native histogram, which takes the lock to merge buckets, takes it twice |
//! | `stripe` | while the thread borrows a stripe | that the thread copies a block of the stripe into its own copy buffer |
//! | `epoch` | when the thread gets its directory, zeroes cells for a new generation, gives its heap cells back, or ends | using [`CachedCells`] from before the change |
//!
//! Once a thread's end has begun, the thread cannot attach cells, which would never be added to the
//! shared cells. The reason is that attaching needs a thread-local value whose drop is the thread's
//! end, and that the standard library denies access to a value that is being dropped.
//! `thread_state/fallback.rs` names an exception.
//!
//! # The lock
//!
//! One lock in `global.rs` orders scrapes, the start and the end of threads, the registration and
//! the drop of regions, claims of used places, merging of native buckets, and late recordings.
//! Nothing is allocated or freed while it is held, because an allocator may record. A recording
//! takes it on cold paths only: the thread's first recording into a region, giving heap cells back, the creation of a
//! series in a used place, the merging and the reset of native buckets, a sum of nanoseconds that
//! would overflow its cell, a new page in the [window](quantiles) of a summary, and late recordings.
//!
//! # Files
//!
//! `cells`, `region`, `region_indices`, `directory`, `global` hold the data; `lifecycle` creates
//! and drops regions; `thread` attaches a thread's cells, and `thread_state` holds a thread's state
//! and, at the thread's end, adds its cells to the shared cells; `stripes` and `borrow` limit the number of
//! threads with heap cells, and lend cells to the others; `local`, `cached_cells`,
//! `series_cache`, `family_cache` find a thread's cells, and `anchored` a handle's region; `record` and `read` are the two interfaces.
//! `histogram_block`, `scalar`, `native`, `quantiles` and `layout` define what the cells mean, and
//! `generation` how series reuse places. `sync` holds the atomics and locks, which the package
//! `tests/models` replaces by those of loom; `atomic` is a trait for the models of
//! `histogram_block`. `clock` is the time source, and `cpu` holds code for specific processors.
//! `word_buffer` is memory for the keys of long labels, which `series/` looks up.
//!
//! Metric types and instrumented calls record and read through this module, the index of series
//! claims places and reads them, and the registry reads.

mod anchored;
pub(crate) mod atomic;
mod borrow;
mod cached_cells;
mod cells;
pub(crate) mod clock;
pub(crate) mod cpu;
mod directory;
#[cfg(not(metrics_fallback_storage))]
mod family_cache;
pub(crate) mod generation;
mod global;
pub(crate) mod histogram_block;
pub(crate) mod layout;
mod lifecycle;
mod local;
pub(crate) mod native;
pub(crate) mod quantiles;
mod read;
mod record;
mod region;
mod region_indices;
pub(crate) mod scalar;
#[cfg(not(metrics_fallback_storage))]
mod series_cache;
mod stripes;
#[cfg_attr(metrics_models, path = "../../../tests/models/src/sync.rs")]
pub(crate) mod sync;
mod thread;
mod thread_state;
mod word_buffer;

pub(crate) use anchored::{Anchored, OwnerRef};
pub(crate) use cached_cells::{CachedCells, Regions};
#[cfg(not(metrics_fallback_storage))]
pub(crate) use family_cache::{CacheOwner, FamilyCache, find_series};
pub use local::ConstInit;
#[cfg(metrics_fallback_storage)]
pub(crate) use local::DirectoryOnly;
#[cfg(not(metrics_fallback_storage))]
pub(crate) use local::{LocalBlock, LocalCells, local_storage};
pub(crate) use local::{LocalStorage, attach};
pub(crate) use read::Reader;
pub(crate) use record::{
    observe, observe_native, observe_twice, record_local, reopen_if_closed, try_record_local,
};
pub(crate) use region::Region;
#[cfg(not(metrics_fallback_storage))]
pub(crate) use series_cache::{SeriesCache, cache_series};
pub use thread::release_thread_storage;
pub(crate) use thread::{lock_out_scrapes, without_reentry};
pub(crate) use word_buffer::WordBuffer;
